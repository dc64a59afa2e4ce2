// SPDX-License-Identifier: MIT
#include "nebula/voxel/gen/noise_generator.hpp"

#include "nebula/voxel/gen/detail/noise_lattice.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

namespace nebula::voxel {

namespace {

using detail::mix;
using detail::NoiseField;
using detail::NoiseOctave;

void require(bool ok, const char* what) {
    if (!ok) throw std::invalid_argument(std::string("noise generator: ") + what);
}

bool in_range(float value, float low, float high) { return value >= low && value <= high; }

constexpr float kNoShore = -200000.0F;

// What the seed's upper half adds to the seed of an octave. Nothing if the half is 0, so that seeds
// below 2^32 still give the same world as in earlier versions.
std::uint32_t upper_half(std::uint64_t seed, std::uint32_t salt) {
    const auto upper = static_cast<std::uint32_t>(seed >> 32U);
    return upper == 0 ? 0 : mix(upper * 0xC2B2AE3DU + salt);
}

}  // namespace

NoiseGenerator::NoiseGenerator(const NoiseSettings& settings) : settings_(settings) {
    // `in_range` is false for NaN.
    require(in_range(settings.base_height, -100000, 100000),
            "base_height must lie in [-100000, 100000]");
    require(in_range(settings.amplitude, 0, 2000), "amplitude must lie in [0, 2000]");
    require(in_range(settings.period, 4, 100000), "period must lie in [4, 100000]");
    require(settings.octaves >= 1 && settings.octaves <= NoiseField::kMaxOctaves,
            "octaves must lie in [1, 12]");
    require(in_range(settings.lacunarity, 1, 4), "lacunarity must lie in [1, 4]");
    require(in_range(settings.gain, 0, 1), "gain must lie in [0, 1]");
    require(in_range(settings.warp, 0, 1000), "warp must lie in [0, 1000]");
    require(in_range(settings.warp_period, 4, 100000), "warp_period must lie in [4, 100000]");
    require(in_range(settings.overhang, 0, 200), "overhang must lie in [0, 200]");
    require(in_range(settings.overhang_period, 4, 100000),
            "overhang_period must lie in [4, 100000]");
    require_layers(settings.layers, "noise generator");
    require(settings.steep < kMaterials && settings.shore < kMaterials,
            "materials must lie in [0, 127]");
    require(in_range(settings.steep_slope, 0, 100), "steep_slope must lie in [0, 100]");
    require(in_range(settings.shore_height, kNoShore, -kNoShore),
            "shore_height must lie in [-200000, 200000]");

    const auto seed = static_cast<std::uint32_t>(settings.seed);
    // Repeated multiplication instead of std::pow, so that all machines round alike.
    double frequency = 1.0 / static_cast<double>(settings.period);
    float weight = 1.0F;
    float sum = 0.0F;
    const auto octaves = static_cast<std::size_t>(settings.octaves);
    // Octaves with waves shorter than two voxels would only be noise of the lattice.
    for (; field_.octaves < octaves && frequency <= 0.5; ++field_.octaves) {
        const auto salt = static_cast<std::uint32_t>(field_.octaves);
        field_.hills[field_.octaves] = {
            frequency, weight, mix(seed * 0x9E3779B9U + salt) ^ upper_half(settings.seed, salt)};
        sum += weight;
        frequency *= static_cast<double>(settings.lacunarity);
        weight *= settings.gain;
    }
    for (NoiseOctave& octave : field_.hills)
        octave.amplitude = octave.amplitude / sum * settings.amplitude;
    for (std::size_t i = 0; i < 2; ++i) {
        const auto salt = static_cast<std::uint32_t>(i);
        field_.warp[i] = {1.0 / static_cast<double>(settings.warp_period), settings.warp,
                          mix(seed ^ (0x51ED270BU + salt)) ^ upper_half(settings.seed, 100 + salt)};
        // Two octaves: two thirds and one third of the height.
        field_.overhang[i] = {
            (i == 0 ? 1.0 : 2.0) / static_cast<double>(settings.overhang_period),
            settings.overhang * (i == 0 ? 2.0F : 1.0F) / 3.0F,
            mix(seed ^ (0x2545F491U + salt)) ^ upper_half(settings.seed, 200 + salt)};
    }
    field_.base_height = settings.base_height;
    field_.amplitude = settings.amplitude;
    field_.warp_reach = settings.warp;
    field_.overhang_reach = settings.overhang;
    // A typical value, not the extreme: it only scales the samples.
    field_.overhang_slope = settings.overhang * 2.0F / settings.overhang_period;
    // What is off is made equal to what it would replace.
    const GroundLayers& layers = settings.layers;
    const bool has_steep = settings.steep_slope > 0.0F;
    const bool has_shore = settings.shore_height > kNoShore;
    materials_ = {layers, has_steep ? settings.steep : layers.surface,
                  has_steep ? settings.steep_slope * settings.steep_slope
                            : std::numeric_limits<float>::infinity(),
                  has_shore ? settings.shore : layers.surface, settings.shore_height};
    has_one_material_ = materials_.steep == layers.surface && materials_.shore == layers.surface &&
                        layers.soil == layers.surface && layers.rock == layers.surface;
}

void NoiseGenerator::generate(const Region& region, Sample* out, std::ptrdiff_t stride_y,
                              std::ptrdiff_t stride_z) const {
    detail::generate_noise(field_, region, out, stride_y, stride_z);
}

float NoiseGenerator::height(std::int32_t x, std::int32_t z) const {
    return detail::noise_height(field_, x, z);
}

void NoiseGenerator::generate_materials(const Region& region, Material* out,
                                        std::ptrdiff_t stride_y, std::ptrdiff_t stride_z) const {
    detail::generate_noise_materials(field_, materials_, region, out, stride_y, stride_z);
}

std::optional<Material> NoiseGenerator::uniform_material(const Region& region) const noexcept {
    const GroundLayers& layers = settings_.layers;
    if (has_one_material_) return layers.surface;
    if (region.box.empty()) return {};
    const auto low_y = static_cast<float>(to_level_0(region.box.min, region.level).y);
    const auto high_y =
        static_cast<float>(to_level_0(region.box.max - Vec3i{1, 1, 1}, region.level).y);
    const float flattest = 1.0F + field_.overhang_slope;
    const float steepest = std::sqrt(flattest * flattest + detail::kMaxSlope * detail::kMaxSlope);
    // From vertical distances to depths.
    const auto least = [&](float below) { return below / (below > 0.0F ? steepest : flattest); };
    const auto most = [&](float below) { return below / (below > 0.0F ? flattest : steepest); };
    const auto proven = [&](float min, float max) -> std::optional<Material> {
        const float deep = most(max - low_y);
        const float shallow = least(min - high_y);
        const bool has_top = shallow <= layers.surface_depth;
        if (has_top && materials_.steep != layers.surface) return {};
        if (has_top && materials_.shore != layers.surface && min <= materials_.shore_height)
            return {};
        return layers.uniform(shallow, deep);
    };
    const float strays = settings_.overhang + slack();
    if (const auto all = proven(settings_.base_height - settings_.amplitude - strays,
                                settings_.base_height + settings_.amplitude + strays))
        return all;
    const Heights over = heights(region);
    return proven(over.min - strays, over.max + strays);
}

float NoiseGenerator::slack() const noexcept {
    // More than all rounding errors of generate together.
    return 0.01F + 1e-4F * settings_.amplitude + 1e-6F * std::abs(settings_.base_height);
}

NoiseGenerator::Heights NoiseGenerator::heights(const Region& region) const noexcept {
    const Vec3i min = to_level_0(region.box.min, region.level);
    const Vec3i max = to_level_0(region.box.max - Vec3i{1, 1, 1}, region.level);  // inclusive
    const detail::HillRange hill =
        detail::noise_hill_range(field_, {static_cast<double>(min.x), static_cast<double>(max.x),
                                          static_cast<double>(min.z), static_cast<double>(max.z)});
    return {settings_.base_height + hill.min, settings_.base_height + hill.max};
}

Range NoiseGenerator::bounds(const Region& region) const noexcept {
    if (region.box.empty()) return {};
    const auto low_y = static_cast<float>(to_level_0(region.box.min, region.level).y);
    const auto high_y =
        static_cast<float>(to_level_0(region.box.max - Vec3i{1, 1, 1}, region.level).y);

    // The whole range of heights first: this decides most boxes high above or deep below the
    // surface without computing a hash.
    Heights over{settings_.base_height - settings_.amplitude,
                 settings_.base_height + settings_.amplitude};
    const auto clear = [&] {
        return std::max(low_y - over.max, over.min - high_y) - settings_.overhang - slack();
    };
    if (clear() <= 0.0F) over = heights(region);
    const float distance = clear();
    if (distance <= 0.0F) return {};
    // The steepest slope makes the smallest sample.
    const float steep = (1.0F + field_.overhang_slope) * (1.0F + field_.overhang_slope);
    const Sample nearest =
        quantize(distance / std::sqrt(steep + detail::kMaxSlope * detail::kMaxSlope) /
                 voxel_size(region.level));
    const bool air = low_y > over.max;
    return air ? Range{nearest, kSampleMax} : Range{kSampleMin, static_cast<Sample>(-nearest)};
}

}  // namespace nebula::voxel
