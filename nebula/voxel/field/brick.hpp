// SPDX-License-Identifier: MIT
// The unit in which the world is stored: 16^3 samples, and their materials, that never change.
#pragma once

#include "nebula/voxel/field/material.hpp"
#include "nebula/voxel/field/placed_materials.hpp"
#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/space/ids.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace nebula::voxel {

/// Immutable once published: an edit changes a clone. x runs fastest, then y, then z. Sample
/// (0, 0, 0) is voxel `at * 16` of its level.
struct Brick {
    Brick() = default;
    /// All samples are this one.
    explicit constexpr Brick(Sample all) { samples.fill(all); }

    static constexpr std::size_t index(int x, int y, int z) noexcept {
        return static_cast<std::size_t>(x + (y + z * kBrickSize) * kBrickSize);
    }
    [[nodiscard]] Sample at(int x, int y, int z) const noexcept { return samples[index(x, y, z)]; }
    /// kNotPlaced: the generator says what the point is made of.
    [[nodiscard]] Material placed_at(std::size_t index) const noexcept {
        return is_inside(samples[index]) ? placed.at(index) : kNotPlaced;
    }

    alignas(64) std::array<Sample, kBrickSamples> samples;
    PlacedMaterials placed;

#if !defined(NEBULA_SANITIZED)  // the sanitizers watch their own heap
    /// From a SlabPool that lasts as long as the process.
    static void* operator new(std::size_t size, std::align_val_t alignment);
    static void operator delete(void* brick, std::align_val_t alignment) noexcept;
#endif
};

// Far from any surface, every brick is one of these, which the whole program shares. They are
// recognized by their address.
extern const Brick kAirBrick;    ///< All kSampleMax.
extern const Brick kSolidBrick;  ///< All kSampleMin, of the generator's materials.

/// All kSampleMin, of one placed material. Made at its first use, and never freed.
[[nodiscard]] const Brick* solid_brick(Material material) noexcept;

namespace detail {
/// Where solid_brick() makes them. The system gives memory to those that are used.
struct SolidBricks {
    alignas(Brick) std::array<std::byte, kMaterials * sizeof(Brick)> bytes;
};
extern SolidBricks solid_bricks;
}  // namespace detail

/// Whether it is one of the shared bricks of ground.
[[nodiscard]] inline bool is_all_solid(const Brick* brick) noexcept {
    const auto offset = reinterpret_cast<std::uintptr_t>(brick) -
                        reinterpret_cast<std::uintptr_t>(detail::solid_bricks.bytes.data());
    return brick == &kSolidBrick || offset < sizeof detail::solid_bricks;
}
/// Whether it is one of the shared bricks.
[[nodiscard]] inline bool is_uniform(const Brick* brick) noexcept {
    return brick == &kAirBrick || is_all_solid(brick);
}
/// Memory that it owns. An array of materials counts, even if a copy shares it.
[[nodiscard]] inline std::size_t bytes_of(const Brick* brick) noexcept {
    return brick == nullptr || is_uniform(brick) ? 0 : sizeof(Brick) + brick->placed.bytes();
}

struct BrickDeleter {
    void operator()(const Brick* brick) const noexcept {
        if (!is_uniform(brick)) delete brick;
    }
};
/// Owns its brick, or points to one of the shared ones.
using BrickPtr = std::unique_ptr<const Brick, BrickDeleter>;

/// A copy, or the shared brick that equals it.
[[nodiscard]] BrickPtr make_brick(const Brick& brick);
/// The brick itself, or the shared brick that equals it.
[[nodiscard]] BrickPtr keep_brick(std::unique_ptr<Brick> brick) noexcept;

/// Equal for equal samples and placed materials, on every machine; never 0.
[[nodiscard]] std::uint64_t hash_of(const Brick& brick) noexcept;

/// The voxels of a brick.
[[nodiscard]] constexpr Region brick_region(BrickId brick) {
    const Vec3i min = brick.at * kBrickSize;
    return {{min, min + Vec3i{kBrickSize, kBrickSize, kBrickSize}}, brick.level};
}

}  // namespace nebula::voxel
