// SPDX-License-Identifier: MIT
// Hills: several octaves of gradient noise as a heightmap, with optional overhangs.
#pragma once

#include "nebula/voxel/field/generator.hpp"
#include "nebula/voxel/gen/detail/noise_kernel.hpp"
#include "nebula/voxel/gen/ground_layers.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace nebula::voxel {

struct NoiseSettings {
    std::uint64_t seed = 1;    ///< All 64 bits count.
    float base_height = 0.0F;  ///< The mean height, in voxels; [-100000, 100000].
    float amplitude = 48.0F;   ///< Heights lie in base_height +- amplitude voxels; [0, 2000].
    float period = 192.0F;     ///< Width of the largest hills, in voxels; [4, 100000].
    int octaves = 6;           ///< Layers of detail; [1, 12].
    float lacunarity = 2.0F;   ///< How many times finer each octave is than the last; [1, 4].
    float gain = 0.5F;         ///< How high each octave is, relative to the last; [0, 1].

    /// Shifts each column sideways by up to this many voxels before its height is looked up, which
    /// turns round hills into ridges and folds; [0, 1000], 0 is off.
    float warp = 0.0F;
    float warp_period = 256.0F;  ///< In voxels; [4, 100000].

    /// Moves the surface by up to this many voxels with three-dimensional noise, which makes
    /// overhangs and hollows; [0, 200], 0 is off. Overhangs begin to appear when this is about as
    /// large as its period. Costs 1 to 4 ns for each sample within its reach.
    float overhang = 0.0F;
    float overhang_period = 32.0F;  ///< In voxels; [4, 100000].

    GroundLayers layers{};  ///< What it is made of.
    /// In place of the surface's material where the hills are steeper than this, rise over run; [0, 100],
    /// 0 is off.
    Material steep = 0;
    float steep_slope = 0.0F;
    /// In place of the surface's material where the hills are at most this high, unless they are steep:
    /// the ground of a lake and its beach. In voxels, [-200000, 200000]; the lowest is off.
    Material shore = 0;
    float shore_height = -200000.0F;
};

/// A heightmap of fractal noise.
///
/// A sample is the vertical distance to the surface times the cosine of the slope, that is, the
/// distance to the tangent plane. So the mesher gets smooth normals although a sample reaches only
/// 4 voxels. Integer hashes choose among 16 gradient directions, and every float operation is one
/// that IEEE 754 rounds exactly, so all machines and compilers make the same world.
///
/// Threads:   any thread.
/// Cost:      generate: for a 35^3 block with six octaves 0.2 ns per sample on level 0, and 0.3 ns
///            on level 6; with warp 0.7 ns, with overhangs of half the hills' height 1.6 ns.
///            generate_materials: as generate, on every level. uniform_material: as bounds.
///            bounds: 10 ns where the amplitude decides, else 0.1 to 0.4 us. height: 0.1 us.
///            With AVX-512; AVX2 takes up to twice as long, SSE4 four times (bench/voxel).
class NoiseGenerator final : public Generator {
public:
    /// \throws std::invalid_argument that names the setting that is out of range.
    explicit NoiseGenerator(const NoiseSettings& settings);

    void generate(const Region& region, Sample* out, std::ptrdiff_t stride_y,
                  std::ptrdiff_t stride_z) const override;
    [[nodiscard]] Range bounds(const Region& region) const noexcept override;
    void generate_materials(const Region& region, Material* out, std::ptrdiff_t stride_y,
                            std::ptrdiff_t stride_z) const override;
    [[nodiscard]] std::optional<Material> uniform_material(
        const Region& region) const noexcept override;

    /// The height of the surface, without overhangs, at this column.
    [[nodiscard]] float height(std::int32_t x, std::int32_t z) const;
    [[nodiscard]] const NoiseSettings& settings() const noexcept { return settings_; }

private:
    /// The heights of the surface over a region, without overhangs and rounding errors.
    struct Heights {
        float min, max;
    };
    [[nodiscard]] Heights heights(const Region& region) const noexcept;
    [[nodiscard]] float slack() const noexcept;

    NoiseSettings settings_;
    detail::NoiseField field_;
    detail::NoiseMaterials materials_;
    bool has_one_material_ = false;
};

}  // namespace nebula::voxel
