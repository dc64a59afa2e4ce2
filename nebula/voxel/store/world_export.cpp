// SPDX-License-Identifier: MIT
// WorldFile::export_to: a part of a world as a file of its own.
#include "nebula/base/utf8_path.hpp"
#include "nebula/voxel/store/detail/file_name.hpp"
#include "nebula/voxel/store/detail/new_file.hpp"
#include "nebula/voxel/store/detail/os_files.hpp"
#include "nebula/voxel/store/world_file.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
#include <unordered_set>
#include <utility>
#include <vector>

namespace nebula::voxel {

namespace {

// Whether the brick has a voxel in this box of level 0.
bool touches(BrickId brick, const Box3i& voxels) {
    const Box3i box = brick_region(brick).box;
    const auto wide = [&](std::int32_t v) { return std::int64_t{v} << brick.level; };
    return wide(box.min.x) < voxels.max.x && wide(box.max.x) > voxels.min.x &&
           wide(box.min.y) < voxels.max.y && wide(box.max.y) > voxels.min.y &&
           wide(box.min.z) < voxels.max.z && wide(box.max.z) > voxels.min.z;
}

// About a millisecond of work.
constexpr std::size_t kBricksBetweenPauses = 32;

// As rows are ordered.
bool comes_before(BrickKey a, BrickKey b) {
    return std::bit_cast<std::int64_t>(a) < std::bit_cast<std::int64_t>(b);
}

}  // namespace

tl::expected<std::size_t, VoxelError> WorldFile::export_to(
    const std::string& path, const Box3i& voxels, bool with_operations, const Unsaved& unsaved,
    const std::function<void()>& pause) noexcept {
    using Failure = tl::unexpected<VoxelError>;
    try {
        if (auto fault = detail::check_file_name(path)) return Failure(std::move(*fault));
        std::error_code ignored;
        if (std::filesystem::exists(path_of(path), ignored))
            return Failure(
                VoxelError{VoxelError::Kind::FileExists,
                           detail::in_quotes(path) + " exists already; choose another name"});
        const detail::UnfinishedFile unfinished(path);
        WorldFileSettings settings;
        // What was saved since it was opened belongs to the generator of whoever opened it.
        settings.generator = is_meta_saved_ ? told_generator_ : generator_;
        settings.units = is_meta_saved_ ? told_units_ : units_;
        settings.vfs = vfs_;
        auto made = make(unfinished.name(), settings);
        if (!made) return Failure(detail::not_made(path, std::move(made.error())));
        WorldFile& out = **made;
        if (auto done = out.begin(); !done) return Failure(std::move(done.error()));
        if (auto done = out.note_region(voxels); !done) return Failure(std::move(done.error()));
        std::size_t count = 0;
        std::unordered_set<BrickKey> newer(unsaved.pristine.begin(), unsaved.pristine.end());
        for (const PackedBrick& brick : unsaved.bricks) {
            newer.insert(brick.key);
            if (!touches(*brick_of(brick.key), voxels)) continue;
            if (auto done = out.write({&brick, 1}); !done) return Failure(std::move(done.error()));
            ++count;
        }
        std::vector<BrickKey> wanted;
        keys_.for_each([&](BrickKey key) {
            if (touches(*brick_of(key), voxels) && !newer.contains(key)) wanted.push_back(key);
        });
        std::ranges::sort(wanted, comes_before);
        PackedBrick packed;
        for (const BrickKey key : wanted) {
            const auto brick = read(key);
            if (!brick) return Failure(brick.error());
            if (*brick == nullptr) continue;
            pack(key, **brick, packed);
            if (auto done = out.write({&packed, 1}); !done) return Failure(std::move(done.error()));
            if (++count % kBricksBetweenPauses == 0 && pause) pause();
        }
        constexpr std::size_t at_once = 16;  // they may be long
        for (std::uint64_t last = 0; with_operations;) {
            const auto operations = read_operations(last, at_once);
            if (!operations) return Failure(operations.error());
            if (operations->empty()) break;
            last = operations->back().sequence;
            if (auto done = out.write(*operations); !done) return Failure(std::move(done.error()));
        }
        if (auto done = out.commit(); !done) return Failure(std::move(done.error()));
        made->reset();
        if (auto done = detail::publish_file(unfinished.name(), path); !done)
            return Failure(std::move(done.error()));
        return count;
    } catch (...) {
        return Failure(error_of_current_exception());
    }
}

}  // namespace nebula::voxel
