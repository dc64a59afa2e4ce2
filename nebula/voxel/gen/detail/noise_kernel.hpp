// SPDX-License-Identifier: MIT
// The inner loops of NoiseGenerator, in registers. README, "Noise".
#pragma once

#include "nebula/voxel/field/material.hpp"
#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/gen/ground_layers.hpp"
#include "nebula/voxel/space/ids.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace nebula::voxel::detail {

struct NoiseOctave {
    double frequency = 0.0;  ///< Cells per unit; at most 0.5, so every cell's number fits 32 bits.
    float amplitude = 0.0F;
    std::uint32_t seed = 0;
};

/// The numbers that a generator's settings come down to.
struct NoiseField {
    static constexpr int kMaxOctaves = 12;

    std::array<NoiseOctave, kMaxOctaves> hills{};
    std::size_t octaves = 0;
    std::array<NoiseOctave, 2> warp{};  ///< Sideways in x and in z; equal frequencies.
    std::array<NoiseOctave, 2> overhang{};
    float base_height = 0.0F;
    float amplitude = 0.0F;       ///< Of all hills together.
    float warp_reach = 0.0F;      ///< 0 is off.
    float overhang_reach = 0.0F;  ///< 0 is off.
    float overhang_slope = 0.0F;  ///< Roughly how fast the overhang term changes.
};

/// Generator::generate for this field.
void generate_noise(const NoiseField& field, const Region& region, Sample* out,
                    std::ptrdiff_t stride_y, std::ptrdiff_t stride_z);

/// What the settings say about materials.
struct NoiseMaterials {
    GroundLayers layers;
    Material steep = 0;
    float steep_slope2 = 0.0F;  ///< Squared; steeper columns have `steep` on top.
    Material shore = 0;
    float shore_height = 0.0F;  ///< Up to here, columns have `shore` on top.
};

/// Generator::generate_materials for this field.
void generate_noise_materials(const NoiseField& field, const NoiseMaterials& materials,
                              const Region& region, Material* out, std::ptrdiff_t stride_y,
                              std::ptrdiff_t stride_z);

/// NoiseGenerator::height for this field.
[[nodiscard]] float noise_height(const NoiseField& field, std::int32_t x, std::int32_t z);

/// Columns, in units; both ends inclusive.
struct Footprint {
    double min_x = 0.0, max_x = 0.0;
    double min_z = 0.0, max_z = 0.0;
};

struct HillRange {
    float min = 0.0F;
    float max = 0.0F;
};

/// The hills over a footprint, without base height and overhangs, lie in this range. Rounding
/// errors are not in it.
[[nodiscard]] HillRange noise_hill_range(const NoiseField& field, const Footprint& over) noexcept;

}  // namespace nebula::voxel::detail
