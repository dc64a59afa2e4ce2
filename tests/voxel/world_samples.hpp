// SPDX-License-Identifier: MIT
// What the tests of the store share: oracles that read samples one by one, and seeded positions.
#pragma once

#include "nebula/voxel/field/generator.hpp"
#include "nebula/voxel/field/sample_block.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/gen/noise_generator.hpp"

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

namespace nebula::voxel {

inline Sample sample_of(const Generator& generator, Vec3i p, Level level = 0) {
    Sample out = 0;
    generator.generate({{p, p + Vec3i{1, 1, 1}}, level}, &out, 1, 1);
    return out;
}

/// The newest sample at a voxel, by the longest way.
inline Sample sample_of(const Volume& volume, Vec3i p, Level level = 0) {
    const Brick* brick = volume.find({floor_div(p, kBrickSize), level});
    if (brick == nullptr) return sample_of(volume.generator(), p, level);
    const Vec3i in = floor_mod(p, kBrickSize);
    return brick->at(in.x, in.y, in.z);
}

inline Material material_of(const Generator& generator, Vec3i p, Level level) {
    Material out = kNotPlaced;
    generator.generate_materials({{p, p + Vec3i{1, 1, 1}}, level}, &out, 1, 1);
    return out;
}

/// The newest material at a point, by the longest way.
inline Material material_of(const Volume& volume, Vec3i p, Level level) {
    if (const Brick* brick = volume.find({floor_div(p, kBrickSize), level})) {
        const Vec3i in = floor_mod(p, kBrickSize);
        const Material placed = brick->placed_at(Brick::index(in.x, in.y, in.z));
        if (placed != kNotPlaced) return placed;
    }
    return material_of(volume.generator(), p, level);
}

/// The positions of those bricks or chunks that are of one level.
template <class Id>
std::vector<Vec3i> on_level(Level level, const std::vector<Id>& ids) {
    std::vector<Vec3i> found;
    for (const Id& id : ids)
        if (id.level == level) found.push_back(id.at);
    return found;
}

/// Gentle ground around y = 0.
inline std::shared_ptr<const Generator> low_hills() {
    NoiseSettings settings;
    settings.amplitude = 12.0F;
    settings.period = 64.0F;
    return std::make_shared<NoiseGenerator>(settings);
}

inline constexpr GroundLayers kLayers{
    .surface = 1, .surface_depth = 2.5F, .soil = 2, .soil_depth = 7.0F, .rock = 3};

/// The same, of three materials.
inline std::shared_ptr<const Generator> layered_hills() {
    NoiseSettings settings;
    settings.amplitude = 12.0F;
    settings.period = 64.0F;
    settings.layers = kLayers;
    return std::make_shared<NoiseGenerator>(settings);
}

template <class F>  // called with the coordinates within a block
void for_each_in_block(F&& f) {
    for (int z = SampleBlock::kFirst; z <= SampleBlock::kLast; ++z)
        for (int y = SampleBlock::kFirst; y <= SampleBlock::kLast; ++y)
            for (int x = SampleBlock::kFirst; x <= SampleBlock::kLast; ++x) f(Vec3i{x, y, z});
}

class Dice {
public:
    explicit Dice(std::uint32_t seed) : engine_(seed) {}
    std::int32_t whole(std::int32_t low, std::int32_t high) {
        return std::uniform_int_distribution<std::int32_t>(low, high)(engine_);
    }
    float real(float low, float high) {
        // Not uniform_real_distribution: its results differ between standard libraries.
        return low + (high - low) * static_cast<float>(whole(0, 1 << 20)) / (1 << 20);
    }
    Vec3f point(float reach) {
        return {real(-reach, reach), real(-reach, reach), real(-reach, reach)};
    }

private:
    std::mt19937 engine_;
};

}  // namespace nebula::voxel
