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

const Sample* BrickCache::samples(Vec3i at) {
    // Neighbouring cells usually lie in the same brick.
    if (last_ != nullptr && last_at_ == at) return last_;
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

CellCorners BrickCache::corners(Vec3i cell) {
    // As floor_mod and floor_div, which cost a ray a third of its time.
    static_assert(kBrickSize == 16);
    const auto within = [](Vec3i v) { return Vec3i{v.x & 15, v.y & 15, v.z & 15}; };
    const auto brick_of = [](Vec3i v) { return Vec3i{v.x >> 4, v.y >> 4, v.z >> 4}; };
    CellCorners result;
    const Vec3i in = within(cell);
    constexpr int last = kBrickSize - 1;
    if (in.x < last && in.y < last && in.z < last) {
        const Sample* low = samples(brick_of(cell)) + Brick::index(in.x, in.y, in.z);
        for (int i = 0; i < 4; ++i)  // two corners at a time
            std::memcpy(result.data() + 2 * i, low + Brick::index(0, i & 1, i >> 1), 2);
        return result;
    }
    for (int i = 0; i < 8; ++i) {
        const Vec3i voxel = cell + Vec3i{i & 1, i >> 1 & 1, i >> 2 & 1};
        const Vec3i at = within(voxel);
        result[static_cast<std::size_t>(i)] =
            samples(brick_of(voxel))[Brick::index(at.x, at.y, at.z)];
    }
    return result;
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

}  // namespace nebula::voxel::detail
