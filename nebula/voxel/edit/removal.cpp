// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/removal.hpp"

#include "nebula/voxel/edit/detail/extend_distances.hpp"
#include "nebula/voxel/edit/distance_grid.hpp"
#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/field/volume.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

namespace nebula::voxel {

namespace {

// A sample knows of ground that is less than 4 voxels away.
constexpr std::int32_t kReach = 4;
// Of the stamp. Within a reach of the part it changes distances. For that it looks at all that is within
// another reach, and a stamp digs no deeper than its own border is away. The last layer leaves
// everything as it is, and with it all that is outside of the stamp's box.
constexpr std::int32_t kMargin = 2 * kReach + 1;

constexpr std::int16_t kLeaves = std::numeric_limits<std::int16_t>::max();

Box3i grown(const Box3i& box, std::int32_t by) {
    const Vec3i d{by, by, by};
    return {box.min - d, box.max + d};
}

template <class F>
void for_each_point(const Box3i& box, F&& f) {
    for (std::int32_t z = box.min.z; z < box.max.z; ++z)
        for (std::int32_t y = box.min.y; y < box.max.y; ++y)
            for (std::int32_t x = box.min.x; x < box.max.x; ++x) f(Vec3i{x, y, z});
}

// A grid that knows its place.
struct PlacedGrid {
    DistanceGrid grid;
    Box3i box;

    [[nodiscard]] std::int16_t& at(Vec3i p) {
        const Vec3i in = p - box.min;
        return grid.distances[grid.index(in.x, in.y, in.z)];
    }
};

// Whether the air at a point has a vertex with other ground, which its distance places.
bool touches_other_ground(PlacedGrid& world, const GroundPart& part, Vec3i p) {
    constexpr std::array<Vec3i, 6> beside{
        {{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}}};
    for (const Vec3i& step : beside) {
        const Vec3i q = p + step;
        if (world.box.contains(q) && world.at(q) < 0 && !part.has(q)) return true;
    }
    return false;
}

// The distances to other ground. Known are those of its own samples and of the air beside them; the
// rest, which may be distances to the part, is continued from there.
PlacedGrid without_part(PlacedGrid& world, const GroundPart& part) {
    PlacedGrid rest = world;
    for_each_point(world.box, [&](Vec3i p) {
        const bool is_air = world.at(p) > 0;
        if (part.has(p) || (is_air && !touches_other_ground(world, part, p)))
            rest.at(p) = std::int16_t{kSampleMax};
    });
    detail::extend_distances(rest.grid, kSampleMax);
    return rest;
}

}  // namespace

tl::expected<Operation, VoxelError> removal_of(const Volume& volume, const GroundPart& part) {
    const Box3i box = grown(part.box, kMargin);
    const Vec3i size = box.max - box.min;
    constexpr auto most = static_cast<std::int32_t>(2.0F * kMaxEditRadius);
    if (size.x > most || size.y > most || size.z > most)
        return tl::unexpected(VoxelError{VoxelError::Kind::OutOfRange,
                                         "the part of the ground is larger than 110 voxels"});
    auto copied = copy_region(volume, box);
    if (!copied) return tl::unexpected(std::move(copied.error()));
    try {
        PlacedGrid world{std::move(*copied), box};
        PlacedGrid rest = without_part(world, part);
        const Box3i reached = grown(part.box, kReach);
        auto stamp = std::make_shared<DistanceGrid>();
        stamp->size = size;
        stamp->distances.reserve(stamp->index(0, 0, size.z));
        for_each_point(box, [&](Vec3i p) {
            const int now = world.at(p);
            const int then = rest.at(p);
            // Continued distances are a tenth too large at most. So only what grows by more was a
            // distance to the part.
            const bool knew_part = reached.contains(p) && now > 0 && now < kSampleMax &&
                                   4 * then > 5 * now && !touches_other_ground(world, part, p);
            const bool goes = part.has(p) || knew_part;
            stamp->distances.push_back(goes ? static_cast<std::int16_t>(-then) : kLeaves);
        });
        Operation removal;
        removal.mode = Mode::Dig;
        removal.shape = StampShape{std::move(stamp),
                                   {static_cast<float>(box.min.x), static_cast<float>(box.min.y),
                                    static_cast<float>(box.min.z)},
                                   {}};
        return removal;
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

}  // namespace nebula::voxel
