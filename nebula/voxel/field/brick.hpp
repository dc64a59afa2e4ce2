// SPDX-License-Identifier: MIT
// The unit in which the world is stored: 16^3 samples that never change.
#pragma once

#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/space/ids.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace nebula::voxel {

inline constexpr std::size_t kBrickSamples = std::size_t{kBrickSize} * kBrickSize * kBrickSize;

/// Immutable once published: an edit changes a clone. x runs fastest, then y, then z. Sample
/// (0, 0, 0) is voxel `at * 16` of its level.
struct Brick {
    static constexpr std::size_t index(int x, int y, int z) noexcept {
        return static_cast<std::size_t>(x + (y + z * kBrickSize) * kBrickSize);
    }
    [[nodiscard]] Sample at(int x, int y, int z) const noexcept { return samples[index(x, y, z)]; }

    alignas(64) std::array<Sample, kBrickSamples> samples;

#if !defined(NEBULA_SANITIZED)  // the sanitizers watch their own heap
    /// From a SlabPool that lasts as long as the process.
    static void* operator new(std::size_t size, std::align_val_t alignment);
    static void operator delete(void* brick, std::align_val_t alignment) noexcept;
#endif
};

// Far from any surface, every brick is one of these two, which the whole program shares. They are
// recognized by their address.
extern const Brick kAirBrick;    ///< All kSampleMax.
extern const Brick kSolidBrick;  ///< All kSampleMin.

[[nodiscard]] inline bool is_uniform(const Brick* brick) noexcept {
    return brick == &kAirBrick || brick == &kSolidBrick;
}

struct BrickDeleter {
    void operator()(const Brick* brick) const noexcept {
        if (!is_uniform(brick)) delete brick;
    }
};
/// Owns its brick, or points to one of the two shared ones.
using BrickPtr = std::unique_ptr<const Brick, BrickDeleter>;

/// A copy of `samples`, or the shared brick that equals it.
[[nodiscard]] BrickPtr make_brick(const Brick& samples);
/// The brick itself, or the shared brick that equals it.
[[nodiscard]] BrickPtr keep_brick(std::unique_ptr<Brick> brick) noexcept;

/// Equal for equal samples, on every machine; never 0.
[[nodiscard]] std::uint64_t hash_of(const Brick& brick) noexcept;

/// The voxels of a brick.
[[nodiscard]] constexpr Region brick_region(BrickId brick) {
    const Vec3i min = brick.at * kBrickSize;
    return {{min, min + Vec3i{kBrickSize, kBrickSize, kBrickSize}}, brick.level};
}

}  // namespace nebula::voxel
