// SPDX-License-Identifier: MIT
// Hills: several octaves of gradient noise as a heightmap, with overhangs on request.
#pragma once

#include "nebula/voxel/generator.hpp"

#include <array>
#include <cstdint>

namespace nebula::voxel {

struct NoiseSettings {
    std::uint32_t seed = 1;
    float base_height = 0.0F;  ///< The middle of the heights; within +-100000.
    float amplitude = 48.0F;   ///< Heights lie in base_height +- amplitude; [0, 2000].
    float period = 192.0F;     ///< Width of the largest hills, in voxels; [4, 100000].
    int octaves = 6;           ///< Layers of detail; [1, 12].
    float lacunarity = 2.0F;   ///< How much finer each octave is than the one before; [1, 4].
    float gain = 0.5F;         ///< How much lower; [0, 1].

    /// Shifts each column by up to this much, sideways, before the hills are looked up: ridges and
    /// folds instead of round hills; [0, 1000], 0 is off.
    float warp = 0.0F;
    float warp_period = 256.0F;  ///< [4, 100000].

    /// Moves the surface by up to this much by a three-dimensional noise, so that it can fold over
    /// and leave hollows; [0, 200], 0 is off. It folds once it is about as large as its period.
    /// Costs some 100 ns for each sample that it can reach.
    float overhang = 0.0F;
    float overhang_period = 32.0F;  ///< [4, 100000].
};

/// A heightmap of fractal noise.
///
/// A sample is the vertical distance to the surface, times the cosine of the slope there: the
/// distance to the tangent plane, which is what int8 at 4 voxels' reach needs for smooth normals.
/// The noise is ours: integer hashes choose among 16 directions, and every operation on floats is
/// one that IEEE 754 rounds exactly, so all machines and compilers make the same world.
///
/// Threads:   any thread.
/// Cost:      per box, one noise per column and octave, then about one operation per point; well
///            below a nanosecond per sample of a 35^3 block (README, "Noise").
class NoiseGenerator final : public Generator {
public:
    /// \throws std::invalid_argument naming the setting that is out of its range.
    explicit NoiseGenerator(const NoiseSettings& settings);

    void generate(const Box3i& box, Sample* out, std::ptrdiff_t stride_y,
                  std::ptrdiff_t stride_z) const override;
    [[nodiscard]] Range bounds(const Box3i& box) const noexcept override;

    /// Of the surface without overhangs, above the column's corner.
    [[nodiscard]] float height(std::int32_t x, std::int32_t z) const;
    [[nodiscard]] const NoiseSettings& settings() const noexcept { return settings_; }

    static constexpr int kMaxOctaves = 12;

    struct Octave {
        double frequency = 0.0;
        float amplitude = 0.0F;
        std::uint32_t seed = 0;
    };

private:
    struct Axes;
    struct Columns;
    void fill_axes(std::int32_t x, int width, Axes& axes) const;
    void columns(const Axes& axes, std::int32_t x, std::int32_t z, int width, Columns& out) const;
    static void fill_row(float y, int width, const Columns& at, Sample* row);
    void fill_overhang(Vec3i first, int width, const Columns& at, Sample* row) const;
    [[nodiscard]] float overhang_at(std::int32_t x, std::int32_t y, std::int32_t z) const;

    NoiseSettings settings_;
    int octave_count_;
    std::array<Octave, kMaxOctaves> octaves_{};
    std::array<Octave, 2> warp_{};  // sideways in x and in z
    std::array<Octave, 2> overhang_{};
    float overhang_slope_;  // how fast the overhang term changes, about
};

}  // namespace nebula::voxel
