// SPDX-License-Identifier: MIT
// Worlds to mesh: every one a function of the world position alone, so that neighbouring chunks
// can be cut from it.
#pragma once

#include "nebula/voxel/field/material.hpp"
#include "nebula/voxel/field/sample_block.hpp"
#include "nebula/voxel/field/strip_samples.hpp"

#include <cmath>
#include <cstdint>

namespace nebula::voxel::test {

/// A well mixed number from a position and a seed; equal on every platform.
[[nodiscard]] inline std::uint64_t hash_of(Vec3i p, std::uint64_t seed) {
    std::uint64_t h = seed * 0x9E3779B97F4A7C15ULL + 0x632BE59BD9B4E019ULL;
    for (const std::int32_t v : {p.x, p.y, p.z}) {
        h ^= static_cast<std::uint32_t>(v);
        h *= 0xBF58476D1CE4E5B9ULL;
        h ^= h >> 31U;
    }
    h *= 0x94D049BB133111EBULL;
    return h ^ (h >> 29U);
}

/// Fills a block from `field(Vec3i voxel) -> Sample`.
template <class Field>
void fill(SampleBlock& block, Vec3i chunk, Field&& field) {
    block.chunk.at = chunk;
    const Vec3i origin = chunk * kChunkSize;
    for (int z = SampleBlock::kFirst; z <= SampleBlock::kLast; ++z) {
        for (int y = SampleBlock::kFirst; y <= SampleBlock::kLast; ++y) {
            for (int x = SampleBlock::kFirst; x <= SampleBlock::kLast; ++x) {
                block.at(x, y, z) = field(origin + Vec3i{x, y, z});
            }
        }
    }
}

/// Fills the faces in the mask from `field(Vec3i voxel of the coarser level) -> Sample`.
template <class Field>
void fill(StripSamples& strips, std::uint8_t mask, Vec3i chunk, Field&& field) {
    strips.mask = mask;
    const Vec3i origin = chunk * StripSamples::kCells;
    for (int face = 0; face < StripSamples::kFaces; ++face) {
        if (!strips.has(face)) continue;
        const Box3i box = StripSamples::box(face);
        for (int z = box.min.z; z < box.max.z; ++z) {
            for (int y = box.min.y; y < box.max.y; ++y) {
                for (int x = box.min.x; x < box.max.x; ++x) {
                    strips.at(face, x, y, z) = field(origin + Vec3i{x, y, z});
                }
            }
        }
    }
}

/// Fills the corners' materials from `field(Vec3i voxel) -> Material`.
template <class Field>
void fill(MaterialBlock& block, Vec3i chunk, Field&& field) {
    block.is_uniform = false;
    const Vec3i origin = chunk * kChunkSize;
    for (int z = 0; z < MaterialBlock::kEdge; ++z) {
        for (int y = 0; y < MaterialBlock::kEdge; ++y) {
            for (int x = 0; x < MaterialBlock::kEdge; ++x) {
                block.materials[MaterialBlock::index(x, y, z)] = field(origin + Vec3i{x, y, z});
            }
        }
    }
}

/// The next coarser level of a field, whose voxels are twice as large: every second sample.
template <class Field>
[[nodiscard]] auto picked(Field field) {
    return [field](Vec3i p) { return to_coarser_level(field(p * 2)); };
}

/// No two neighbours agree more often than by chance, magnitudes included.
[[nodiscard]] inline auto random_field(std::uint64_t seed) {
    return [seed](Vec3i p) {
        const std::uint64_t h = hash_of(p, seed);
        const int magnitude = 1 + static_cast<int>((h >> 8U) % 127U);
        return static_cast<Sample>((h & 1U) != 0 ? -magnitude : magnitude);
    };
}

/// Any of the first `count` materials, as often as not another one at the next corner. One in `placed`
/// of them is placed, or none.
[[nodiscard]] inline auto random_materials(std::uint64_t seed, unsigned count,
                                           unsigned placed = 0) {
    return [=](Vec3i p) {
        const std::uint64_t h = hash_of(p, seed);
        const bool is_placed = placed != 0 && (h >> 32U) % placed == 0;
        return static_cast<Material>(h % count + (is_placed ? MaterialBlock::kPlaced : 0U));
    };
}

/// Every corner differs from its six neighbours: the most surface a chunk can hold.
[[nodiscard]] inline Sample checkerboard(Vec3i p) {
    return static_cast<Sample>(((p.x + p.y + p.z) & 1) != 0 ? -1 - (p.x & 63) : 1 + (p.y & 63));
}

/// A ground that slopes gently, never along a grid plane.
[[nodiscard]] inline Sample slope(Vec3i p) {
    const auto f = [](std::int32_t v) { return static_cast<float>(v); };
    return quantize((f(p.y) - 14.3F + 0.11F * f(p.x) + 0.07F * f(p.z)) * 0.99F);
}

[[nodiscard]] inline auto sphere(Vec3f centre, float radius) {
    return [=](Vec3i p) {
        const Vec3f d =
            Vec3f{static_cast<float>(p.x), static_cast<float>(p.y), static_cast<float>(p.z)} -
            centre;
        return quantize(std::sqrt(dot(d, d)) - radius);
    };
}

/// Smooth value noise by integer arithmetic: the same samples from every compiler. `cell` is the
/// distance of the lattice points, a power of two.
[[nodiscard]] inline float value_noise(Vec3i p, int cell, std::uint64_t seed) {
    const Vec3i base = floor_div(p, cell);
    const Vec3i in = floor_mod(p, cell);
    std::int64_t sum = 0;
    for (int corner = 0; corner < 8; ++corner) {
        const Vec3i c{corner & 1, corner >> 1 & 1, corner >> 2 & 1};
        const auto value = static_cast<std::int64_t>(hash_of(base + c, seed) & 0xFFFFU) - 0x8000;
        const auto weight = [&](int t, int high) { return std::int64_t{high != 0 ? t : cell - t}; };
        sum += value * weight(in.x, c.x) * weight(in.y, c.y) * weight(in.z, c.z);
    }
    const std::int64_t scale = std::int64_t{cell} * cell * cell;
    return static_cast<float>(sum) / (static_cast<float>(scale) * 32768.0F);
}

/// Patches about `cell` voxels wide, a power of two, of 2 to the power of `bits` materials.
[[nodiscard]] inline auto patches(int cell, unsigned bits) {
    return [=](Vec3i p) {
        unsigned material = 0;
        for (unsigned bit = 0; bit < bits; ++bit) {
            material |= (value_noise(p, cell, 21 + bit) > 0.0F ? 1U : 0U) << bit;
        }
        return static_cast<Material>(material);
    };
}

/// Rolling ground.
[[nodiscard]] inline auto hills(std::uint64_t seed) {
    return [seed](Vec3i p) {
        const float height = 16.0F + 10.0F * value_noise({p.x, 0, p.z}, 32, seed) +
                             3.0F * value_noise({p.x, 0, p.z}, 8, seed + 1);
        return quantize((static_cast<float>(p.y) - height) * 0.8F);
    };
}

/// Tunnels and overhangs everywhere.
[[nodiscard]] inline auto caves(std::uint64_t seed) {
    return [seed](Vec3i p) {
        return quantize(6.0F * value_noise(p, 16, seed) + 3.0F * value_noise(p, 8, seed + 1));
    };
}

}  // namespace nebula::voxel::test
