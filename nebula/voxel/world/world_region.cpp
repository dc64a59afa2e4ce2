// SPDX-License-Identifier: MIT
#include "nebula/voxel/world/world_region.hpp"

#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/generated_brick.hpp"
#include "nebula/voxel/store/world_file.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace nebula::voxel {

namespace {

constexpr std::int32_t kLeastGridEdge = 2;  // of a DistanceGrid

using Kind = VoxelError::Kind;

Box3i box_of_changes(const BrickKeys& keys) {
    Box3i box;
    keys.for_each([&](BrickKey key) {
        const BrickId id = *brick_of(key);
        if (id.level == 0) box = box_around(box, brick_region(id).box);
    });
    return box;
}

}  // namespace

tl::expected<WorldRegion, VoxelError> read_world_region(const std::string& path,
                                                        const Generator& generator,
                                                        const std::string& words) {
    try {
        auto opened = WorldFile::open(
            path, {.generator = words, .units = {}, .create = false, .read_only = true, .vfs = {}});
        if (!opened) return tl::unexpected(std::move(opened.error()));
        WorldFile& file = **opened;
        const Box3i box = file.report().region.value_or(box_of_changes(file.keys()));
        const auto fail = [&](Kind kind, const std::string& what) {
            return tl::unexpected(VoxelError{kind, '"' + path + "\" " + what});
        };
        if (box.empty() && !file.report().warning.empty())
            return fail(Kind::FileDamaged, "is damaged, and nothing of its ground is left");
        if (box.empty())
            return fail(Kind::BadData, "has no changed ground, so nothing can be read");
        const Vec3i size = box.max - box.min;
        const std::string region_of_this_size = "is a region of " + std::to_string(size.x) + " x " +
                                                std::to_string(size.y) + " x " +
                                                std::to_string(size.z) + " voxels, and at ";
        for (const std::int32_t edge : {size.x, size.y, size.z}) {
            if (edge > kMostGridEdge)
                return fail(Kind::OutOfRange,
                            region_of_this_size +
                                "most 256 along each axis can be read at once; export it in parts");
            if (edge < kLeastGridEdge)
                return fail(Kind::OutOfRange,
                            region_of_this_size +
                                "least 2 along each axis are needed; export a larger area");
        }
        WorldRegion region;
        region.at = box.min;
        std::optional<VoxelError> failed;
        const auto read = [&](BrickId id, Brick& out) {
            const BrickKey key = *key_of(id);  // the box is inside the world
            if (!failed && file.keys().contains(key)) {
                auto stored = file.read(key);
                if (!stored) {
                    failed = std::move(stored.error());
                } else if (*stored != nullptr) {
                    out = **stored;
                    return;
                } else {
                    ++region.damaged;
                }
            }
            fill_brick(generator, id, out);
        };
        auto grid = read_region(box, read, &generator);
        if (failed) return tl::unexpected(std::move(*failed));
        if (!grid) return tl::unexpected(std::move(grid.error()));
        region.grid = std::move(*grid);
        region.other_generator = file.report().other_generator;
        // A file that is torn may have lost bricks without a trace: nobody can count those.
        if (!file.report().warning.empty() || region.damaged > 0)
            region.loss = '"' + path + "\" is damaged: what is intact was imported, and the " +
                          "generator's ground is in place of " +
                          (file.report().warning.empty()
                               ? "bricks that could not be read: " + std::to_string(region.damaged)
                               : "what was lost");
        return region;
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

tl::expected<Operation, VoxelError> paste_of(WorldRegion region, Vec3i moved_by) {
    // However far, it stays outside.
    const auto sum = [](std::int32_t a, std::int32_t b) {
        return static_cast<std::int32_t>(
            std::clamp<std::int64_t>(std::int64_t{a} + b, INT32_MIN, INT32_MAX));
    };
    const Vec3i to{sum(region.at.x, moved_by.x), sum(region.at.y, moved_by.y),
                   sum(region.at.z, moved_by.z)};
    if (auto fault = check_box(to, region.grid.size, "the place of the region"))
        return tl::unexpected(std::move(*fault));
    try {
        continue_distances(region.grid);
        return Operation{
            .mode = Mode::Paste,
            .shape = StampShape{.grid = std::make_shared<DistanceGrid>(std::move(region.grid)),
                                .at = {static_cast<float>(to.x), static_cast<float>(to.y),
                                       static_cast<float>(to.z)}}};
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

}  // namespace nebula::voxel
