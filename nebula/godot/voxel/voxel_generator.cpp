// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/voxel_generator.hpp"

#include "nebula/voxel/shape_generators.hpp"

#include <algorithm>
#include <stdexcept>

namespace nebula::godot {

using voxel::NoiseSettings;

void VoxelGenerator::bind(ClassBuilder<VoxelGenerator>& c) {
    c.abstract();
    c.doc("What a VoxelTerrain is like before anyone digs in it.",
          "Use [VoxelNoiseGenerator] or [VoxelFlatGenerator].");
}

std::shared_ptr<const voxel::Generator> VoxelGenerator::build() const {
    throw std::invalid_argument(
        "VoxelGenerator makes no world; use VoxelNoiseGenerator or VoxelFlatGenerator");
}

void VoxelNoiseGenerator::bind(ClassBuilder<VoxelNoiseGenerator>& c) {
    using Self = VoxelNoiseGenerator;
    const auto number = [&c]<float NoiseSettings::*kField>(const char* name, Hint hint) {
        c.property(name, &Self::number<kField>, &Self::set_number<kField>, std::move(hint));
    };
    c.doc("Rolling hills of several octaves of noise, with overhangs on request.",
          "The same settings make the same world on every machine.");
    c.property("seed", &Self::seed, &Self::set_seed, Hint::range(0, 4294967295.0));
    c.group("Hills");
    number.operator()<&NoiseSettings::base_height>("base_height",
                                                   Hint::range(-1000, 1000, 0.1, "suffix:m"));
    number.operator()<&NoiseSettings::amplitude>("amplitude",
                                                 Hint::range(0, 2000, 0.1, "suffix:m"));
    number.operator()<&NoiseSettings::period>("period",
                                              Hint::range(4, 100000, 0.1, "exp,suffix:m"));
    c.property("octaves", &Self::octaves, &Self::set_octaves, Hint::range(1, 12));
    number.operator()<&NoiseSettings::lacunarity>("lacunarity", Hint::range(1, 4, 0.01));
    number.operator()<&NoiseSettings::gain>("gain", Hint::range(0, 1, 0.01));
    c.group("Warp");
    number.operator()<&NoiseSettings::warp>("warp", Hint::range(0, 1000, 0.1, "suffix:m"));
    number.operator()<&NoiseSettings::warp_period>("warp_period",
                                                   Hint::range(4, 100000, 0.1, "exp,suffix:m"));
    c.group("Overhangs");
    number.operator()<&NoiseSettings::overhang>("overhang", Hint::range(0, 200, 0.1, "suffix:m"));
    number.operator()<&NoiseSettings::overhang_period>("overhang_period",
                                                       Hint::range(4, 100000, 0.1, "exp,suffix:m"));
}

void VoxelNoiseGenerator::set_seed(std::int64_t seed) {
    settings_.seed = static_cast<std::uint64_t>(seed);
    emit_changed();
}

void VoxelNoiseGenerator::set_octaves(std::int64_t octaves) {
    settings_.octaves =
        static_cast<int>(std::clamp<std::int64_t>(octaves, 0, 1000));  // build() says the range
    emit_changed();
}

std::shared_ptr<const voxel::Generator> VoxelNoiseGenerator::build() const {
    return std::make_shared<voxel::NoiseGenerator>(settings_);
}

void VoxelFlatGenerator::bind(ClassBuilder<VoxelFlatGenerator>& c) {
    c.doc("Level ground at one height, air above.");
    c.property("height", &VoxelFlatGenerator::height, &VoxelFlatGenerator::set_height,
               Hint::range(-1000, 1000, 0.1, "suffix:m"));
}

void VoxelFlatGenerator::set_height(double height) {
    height_ = height;
    emit_changed();
}

std::shared_ptr<const voxel::Generator> VoxelFlatGenerator::build() const {
    return std::make_shared<voxel::FlatGenerator>(static_cast<float>(height_));
}

}  // namespace nebula::godot
