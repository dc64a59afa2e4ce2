// SPDX-License-Identifier: MIT
#include "noise_oracle.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace nebula::voxel::test {

namespace {

std::uint32_t mix(std::uint32_t h) {
    h = (h ^ h >> 16U) * 0x7FEB352DU;
    h = (h ^ h >> 15U) * 0x846CA68BU;
    return h ^ h >> 16U;
}

std::uint32_t hash(std::uint32_t x, std::uint32_t z, std::uint32_t seed) {
    return mix(x * 0x9E3779B1U ^ mix(z * 0x85EBCA77U ^ seed)) >> 28U;
}

struct Place {
    std::uint32_t cell;
    float t, fade, slope;
};

Place place(double at) {
    const double cell = std::floor(at);
    const auto t = static_cast<float>(at - cell);
    return {static_cast<std::uint32_t>(static_cast<std::int64_t>(cell)), t,
            t * t * t * (t * (t * 6.0F - 15.0F) + 10.0F), 30.0F * t * t * (t * (t - 2.0F) + 1.0F)};
}

float lerp(float a, float b, float t) { return a + t * (b - a); }

// Sixteen directions around the circle.
std::array<float, 2> direction(std::uint32_t index) {
    constexpr std::array<float, 4> kSines{0.195090322F, 0.555570233F, 0.831469612F, 0.980785280F};
    const std::uint32_t in_quarter = index % 4;
    const float along = kSines[3 - in_quarter];
    const float across = kSines[in_quarter];
    switch (index / 4) {
        case 0:
            return {along, across};
        case 1:
            return {-across, along};
        case 2:
            return {-along, -across};
        default:
            return {across, -along};
    }
}

// Towards the edges of a cube.
float edge_gradient(std::uint32_t index, float x, float y, float z) {
    const float a = index < 8 ? x : y;
    const float b = index < 4 ? y : (index == 12 || index == 14 ? x : z);
    return (index % 2 != 0 ? -a : a) + (index / 2 % 2 != 0 ? -b : b);
}

std::uint32_t upper_half(std::uint64_t seed, std::uint32_t salt) {
    const auto upper = static_cast<std::uint32_t>(seed >> 32U);
    return upper == 0 ? 0 : mix(upper * 0xC2B2AE3DU + salt);
}

}  // namespace

NoiseOracle::NoiseOracle(const NoiseSettings& settings) : settings_(settings) {
    const auto seed = static_cast<std::uint32_t>(settings.seed);
    double frequency = 1.0 / static_cast<double>(settings.period);
    float weight = 1.0F;
    float sum = 0.0F;
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(settings.octaves); ++i) {
        if (frequency > 0.5) break;
        hills_.push_back(
            {frequency, weight, mix(seed * 0x9E3779B9U + i) ^ upper_half(settings.seed, i)});
        sum += weight;
        frequency *= static_cast<double>(settings.lacunarity);
        weight *= settings.gain;
    }
    for (Octave& o : hills_) o.amplitude = o.amplitude / sum * settings.amplitude;
    for (std::uint32_t i = 0; i < 2; ++i) {
        warp_.push_back({1.0 / static_cast<double>(settings.warp_period), settings.warp,
                         mix(seed ^ (0x51ED270BU + i)) ^ upper_half(settings.seed, 100 + i)});
        overhang_.push_back({(i == 0 ? 1.0 : 2.0) / static_cast<double>(settings.overhang_period),
                             settings.overhang * (i == 0 ? 2.0F : 1.0F) / 3.0F,
                             mix(seed ^ (0x2545F491U + i)) ^ upper_half(settings.seed, 200 + i)});
    }
}

NoiseOracle::Ground NoiseOracle::noise2(double x, double z, const Octave& octave) {
    const Place px = place(x * octave.frequency);
    const Place pz = place(z * octave.frequency);
    std::array<std::array<float, 2>, 4> gradient;
    std::array<float, 4> corner;
    for (std::uint32_t i = 0; i < 4; ++i) {
        gradient[i] = direction(hash(px.cell + i % 2, pz.cell + i / 2, octave.seed));
        corner[i] = gradient[i][0] * (px.t - static_cast<float>(i % 2)) +
                    gradient[i][1] * (pz.t - static_cast<float>(i / 2));
    }
    const float low = lerp(corner[0], corner[1], px.fade);
    const float high = lerp(corner[2], corner[3], px.fade);
    const auto along_x = [&](std::size_t i) {
        return lerp(gradient[i][0], gradient[i + 1][0], px.fade) +
               px.slope * (corner[i + 1] - corner[i]);
    };
    const auto along_z = [&](std::size_t i) {
        return lerp(gradient[i][1], gradient[i + 1][1], px.fade);
    };
    const float gain = octave.amplitude * 1.41421356F;
    const float slope_gain = gain * static_cast<float>(octave.frequency);
    return {lerp(low, high, pz.fade) * gain, lerp(along_x(0), along_x(2), pz.fade) * slope_gain,
            (lerp(along_z(0), along_z(2), pz.fade) + pz.slope * (high - low)) * slope_gain};
}

float NoiseOracle::noise3(Vec3i p, const Octave& octave) {
    const Place x = place(p.x * octave.frequency);
    const Place y = place(p.y * octave.frequency);
    const Place z = place(p.z * octave.frequency);
    const auto corner = [&](std::uint32_t i, std::uint32_t j, std::uint32_t k) {
        return edge_gradient(
            hash(x.cell + i, z.cell + k, mix((y.cell + j) * 0xC2B2AE3DU ^ octave.seed)),
            x.t - static_cast<float>(i), y.t - static_cast<float>(j), z.t - static_cast<float>(k));
    };
    const auto plane = [&](std::uint32_t k) {
        return lerp(lerp(corner(0, 0, k), corner(1, 0, k), x.fade),
                    lerp(corner(0, 1, k), corner(1, 1, k), x.fade), y.fade);
    };
    return octave.amplitude * (lerp(plane(0), plane(1), z.fade) * 0.81649658F);
}

NoiseOracle::Ground NoiseOracle::ground(std::int32_t x, std::int32_t z) const {
    double from_x = x;
    double from_z = z;
    Ground shift_x{0, 0, 0};
    Ground shift_z{0, 0, 0};
    if (settings_.warp > 0.0F) {
        shift_x = noise2(x, z, warp_[0]);
        shift_z = noise2(x, z, warp_[1]);
        from_x += static_cast<double>(shift_x.value);
        from_z += static_cast<double>(shift_z.value);
    }
    Ground sum{0, 0, 0};
    for (const Octave& octave : hills_) {
        const Ground n = noise2(from_x, from_z, octave);
        sum = {sum.value + n.value, sum.dx + n.dx, sum.dz + n.dz};
    }
    if (settings_.warp > 0.0F)
        sum = {sum.value, sum.dx * (1.0F + shift_x.dx) + sum.dz * shift_z.dx,
               sum.dx * shift_x.dz + sum.dz * (1.0F + shift_z.dz)};
    sum.value = settings_.base_height +
                std::min(std::max(sum.value, -settings_.amplitude), settings_.amplitude);
    return sum;
}

float NoiseOracle::height(std::int32_t x, std::int32_t z) const { return ground(x, z).value; }

float NoiseOracle::steepness(const Ground& g) const {
    const float overhang_slope = settings_.overhang * 2.0F / settings_.overhang_period;
    const float steep = (1.0F + overhang_slope) * (1.0F + overhang_slope);
    return std::sqrt(steep + std::min(g.dx * g.dx + g.dz * g.dz, 16.0F));
}

float NoiseOracle::above(Vec3i at, const Ground& g) const {
    const float above = static_cast<float>(at.y) - g.value;
    if (settings_.overhang <= 0.0F) return above;
    const float moved = noise3(at, overhang_[0]) + noise3(at, overhang_[1]);
    return above - std::min(std::max(moved, -settings_.overhang), settings_.overhang);
}

Sample NoiseOracle::sample(Vec3i p, Level level) const {
    const Vec3i at = to_level_0(p, level);
    const Ground g = ground(at.x, at.z);
    const float scale = 32.0F / steepness(g) / voxel_size(level);
    return quantize(above(at, g) * scale / 32.0F);  // to voxels and back: a power of two
}

Material NoiseOracle::material(Vec3i p, Level level) const {
    const Vec3i at = to_level_0(p, level);
    const Ground g = ground(at.x, at.z);
    const float depth = -above(at, g) * (1.0F / steepness(g));
    if (depth > settings_.layers.soil_depth) return settings_.layers.rock;
    if (depth > settings_.layers.surface_depth) return settings_.layers.soil;
    const float slope2 = g.dx * g.dx + g.dz * g.dz;
    if (settings_.steep_slope > 0.0F && slope2 > settings_.steep_slope * settings_.steep_slope)
        return settings_.steep;
    return g.value <= settings_.shore_height ? settings_.shore : settings_.layers.surface;
}

}  // namespace nebula::voxel::test
