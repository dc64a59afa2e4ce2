// SPDX-License-Identifier: MIT
#include "nebula/voxel/query/detail/brick_cache.hpp"

#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/generator.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace nebula::voxel::detail {

// Coordinates are kept apart from samples, so a search touches a few lines, not a page per brick.
struct BrickCache::Generated {
    std::array<std::optional<Vec3i>, kBricks> at;
    std::array<std::array<Sample, kBrickSamples>, kBricks> samples;
    std::size_t next_victim = 0;
};

// For overwrite: the samples are 256 KiB, and to clear their pages costs 0.8 ms.
BrickCache::BrickCache(const Volume& volume)
    : volume_(volume), generated_(std::make_unique_for_overwrite<Generated>()) {}

BrickCache::~BrickCache() = default;

void BrickCache::forget() noexcept {
    last_ = nullptr;
    if (dropped_ == volume_.dropped()) return;
    dropped_ = volume_.dropped();
    for (auto& at : generated_->at) at.reset();
}

const Sample* BrickCache::other_samples(Vec3i at) {
    const Brick* const brick = volume_.find({at});
    const Sample* found = nullptr;
    if (brick != nullptr) {
        found = brick->samples.data();
    } else {
        Generated& all = *generated_;
        const auto cached = std::find(all.at.begin(), all.at.end(), at);
        if (cached != all.at.end()) {
            found = all.samples[static_cast<std::size_t>(cached - all.at.begin())].data();
        } else {
            const std::size_t victim = all.next_victim;
            all.next_victim = (victim + 1) % kBricks;
            all.at[victim].reset();  // in case the generator throws
            if (last_ == all.samples[victim].data()) last_ = nullptr;
            if (const FoundBrick kept = volume_.read({at}))
                all.samples[victim] = kept->samples;
            else
                volume_.generator().generate(brick_region({at}), all.samples[victim].data(),
                                             kBrickSize, kBrickSize * kBrickSize);
            all.at[victim] = at;
            found = all.samples[victim].data();
        }
    }
    last_ = found;
    last_at_ = at;
    return found;
}

CellCorners BrickCache::corners_at_border(Vec3i cell) {
    constexpr int last = kBrickSize - 1;
    const auto bit = [](int c, unsigned axis) { return (c & last) == last ? 1U << axis : 0U; };
    const unsigned crossed = bit(cell.x, 0) | bit(cell.y, 1) | bit(cell.z, 2);
    CellCorners result;
    // Brick by brick, so that each is looked up once. `brick` says on which axes it is the next one.
    for (unsigned brick = crossed;; brick = (brick - 1) & crossed) {
        const auto one = [](unsigned bits, unsigned axis) {
            return static_cast<int>(bits >> axis & 1U);
        };
        const Sample* from = samples({(cell.x >> 4) + one(brick, 0), (cell.y >> 4) + one(brick, 1),
                                      (cell.z >> 4) + one(brick, 2)});
        for (unsigned i = 0; i < 8; ++i)
            if ((i & crossed) == brick)
                result[i] =
                    from[Brick::index((cell.x + one(i, 0)) & last, (cell.y + one(i, 1)) & last,
                                      (cell.z + one(i, 2)) & last)];
        if (brick == 0) return result;  // the last one, in which the next cell probably lies
    }
}

bool BrickCache::proven_empty(Vec3i brick) const noexcept {
    Region missing;
    for (int i = 0; i < 8; ++i) {
        const Vec3i at = brick + Vec3i{i & 1, i >> 1 & 1, i >> 2 & 1};
        const Brick* found = volume_.find({at});
        if (found == &kAirBrick) continue;
        if (found != nullptr || volume_.is_kept_elsewhere({at})) return false;
        if (missing.box.empty()) {
            missing = brick_region({brick});
            missing.box.max = missing.box.max + Vec3i{1, 1, 1};
        }
    }
    return missing.box.empty() || volume_.generator().bounds(missing).all_air();
}

bool BrickCache::all_proven_empty(const Box3i& bricks) const noexcept {
    const Vec3i one{1, 1, 1};
    if (volume_.has_any({bricks.min, bricks.max + one}, 0)) return false;
    const Region region{{bricks.min * kBrickSize, bricks.max * kBrickSize + one}, 0};
    return volume_.generator().bounds(region).all_air();
}

}  // namespace nebula::voxel::detail
