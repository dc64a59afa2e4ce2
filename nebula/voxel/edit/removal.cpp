// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/removal.hpp"

#include "nebula/voxel/edit/distance_grid.hpp"
#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/field/volume.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

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

// Which points have a vertex with other ground, which their distance places: air beside it.
std::vector<bool> beside_other_ground(const DistanceGrid& world, const std::vector<bool>& in_part) {
    const Vec3i size = world.size;
    std::vector<bool> beside(world.distances.size());
    const std::array<std::size_t, 3> steps{1, world.index(0, 1, 0), world.index(0, 0, 1)};
    std::size_t i = 0;
    for (std::int32_t z = 0; z < size.z; ++z)
        for (std::int32_t y = 0; y < size.y; ++y)
            for (std::int32_t x = 0; x < size.x; ++x, ++i) {
                if (world.distances[i] > 0 || in_part[i]) continue;
                const std::array<std::int32_t, 3> at{x, y, z};
                const std::array<std::int32_t, 3> sizes{size.x, size.y, size.z};
                for (std::size_t axis = 0; axis < 3; ++axis) {
                    if (at[axis] > 0) beside[i - steps[axis]] = true;
                    if (at[axis] + 1 < sizes[axis]) beside[i + steps[axis]] = true;
                }
            }
    return beside;
}

}  // namespace

Box3i removal_box(const Box3i& part) noexcept { return grown(part, kMargin); }

tl::expected<Operation, VoxelError> removal_of(const Volume& volume, const GroundPart& part) {
    const Box3i box = removal_box(part.box);
    const Vec3i size = box.max - box.min;
    constexpr auto most = static_cast<std::int32_t>(2.0F * kMaxEditRadius);
    if (size.x > most || size.y > most || size.z > most)
        return tl::unexpected(VoxelError{VoxelError::Kind::OutOfRange,
                                         "the part of the ground is larger than 110 voxels"});
    const auto read = read_region(volume, box);
    if (!read) return tl::unexpected(read.error());
    const DistanceGrid& world = *read;
    try {
        std::vector<bool> in_part;
        in_part.reserve(world.distances.size());
        for_each_point(box, [&](Vec3i p) { in_part.push_back(part.has(p)); });
        const std::vector<bool> beside = beside_other_ground(world, in_part);

        // The distances to other ground. Known are those of its own samples and of the air beside
        // them; the rest, which may be distances to the part, is continued from there.
        DistanceGrid rest = world;
        for (std::size_t i = 0; i < rest.distances.size(); ++i)
            if (in_part[i] || (world.distances[i] > 0 && !beside[i]))
                rest.distances[i] = std::int16_t{kSampleMax};
        continue_distances(rest);

        const Box3i reached = grown(part.box, kReach);
        auto stamp = std::make_shared<DistanceGrid>();
        stamp->size = size;
        stamp->distances.reserve(world.distances.size());
        std::size_t i = 0;
        for_each_point(box, [&](Vec3i p) {
            const int now = world.distances[i];
            const int then = rest.distances[i];
            // Continued distances are a tenth too large at most. So only what grows by more was a
            // distance to the part.
            const bool knew_part = now > 0 && now < kSampleMax && 4 * then > 5 * now &&
                                   !beside[i] && reached.contains(p);
            const bool goes = in_part[i] || knew_part;
            stamp->distances.push_back(goes ? static_cast<std::int16_t>(-then) : kLeaves);
            ++i;
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
