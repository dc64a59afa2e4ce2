// SPDX-License-Identifier: MIT
// The world of a NoiseGenerator, one point at a time and without any cleverness. What the
// generator's vector code writes must be equal to this, to the bit.
#pragma once

#include "nebula/voxel/gen/noise_generator.hpp"

#include <cstdint>
#include <vector>

namespace nebula::voxel::test {

class NoiseOracle {
public:
    explicit NoiseOracle(const NoiseSettings& settings);

    [[nodiscard]] float height(std::int32_t x, std::int32_t z) const;
    [[nodiscard]] Sample sample(Vec3i p, Level level) const;
    [[nodiscard]] Material material(Vec3i p, Level level) const;

private:
    struct Octave {
        double frequency;
        float amplitude;
        std::uint32_t seed;
    };
    struct Ground {
        float value, dx, dz;
    };
    static Ground noise2(double x, double z, const Octave& octave);
    static float noise3(Vec3i p, const Octave& octave);
    [[nodiscard]] Ground ground(std::int32_t x, std::int32_t z) const;
    // How many times a vertical distance is longer than one to the surface.
    [[nodiscard]] float steepness(const Ground& g) const;
    // Vertically, to the surface.
    [[nodiscard]] float above(Vec3i at, const Ground& g) const;

    NoiseSettings settings_;
    std::vector<Octave> hills_, warp_, overhang_;
};

}  // namespace nebula::voxel::test
