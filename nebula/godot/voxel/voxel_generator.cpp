// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/voxel_generator.hpp"

#include "nebula/base/log.hpp"
#include "nebula/godot/voxel/distances.hpp"
#include "nebula/voxel/gen/generated_heights.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/space/ids.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>

namespace nebula::godot {
namespace {

using voxel::NoiseSettings;

constexpr double kLowestOctaves = 1;
constexpr double kHighestOctaves = 12;
constexpr double kHighestGround = 100'000;
constexpr double kDeepestLayer = 10'000;
constexpr Limits kMaterialNumbers{0, voxel::kMaterials - 1};
constexpr double kNoShore = -200'000;
constexpr std::int64_t kMostColumns = 256;       // of heights(), on each axis
constexpr std::int64_t kMostCorner = 8'000'000;  // as far from the origin they may begin
constexpr std::int64_t kMostSpacing = std::int64_t{1} << (voxel::kLevels - 1);

// As many digits as tell a float from its neighbours.
std::string named(const char* name, float value) {
    char text[80];
    std::snprintf(text, sizeof text, " %s=%.9g", name, static_cast<double>(value));
    return text;
}

}  // namespace

void VoxelGenerator::bind(ClassBuilder<VoxelGenerator>& c) {
    c.abstract().any_thread();
    c.doc(
        "Describes the world of a VoxelTerrain before anyone digs in it.",
        "Use [VoxelNoiseGenerator] or [VoxelFlatGenerator]. A [VoxelTerrain] reads the properties "
        "when it builds its world; after a change, call [method VoxelTerrain.regenerate].");
    using Self = VoxelGenerator;
    c.group("Materials");
    const auto material = [&c]<voxel::Material Layers::*kLayer>(const char* name, const char* doc) {
        c.property(name, &Self::material<kLayer>, &Self::set_material<kLayer>,
                   Hint::range(0, voxel::kMaterials - 1), doc);
    };
    material.operator()<&Layers::surface>(
        "surface_material",
        "What the ground is made of from its surface down to [member surface_depth]: a number of "
        "the terrain's [VoxelMaterialLibrary]. From 0 to 127; any other value is refused with an "
        "error.");
    c.property(
        "surface_depth", &Self::surface_depth, &Self::set_surface_depth,
        Hint::range(0, kDeepestLayer, 0.1, "exp,suffix:voxels"),
        "How deep the uppermost layer reaches, measured from the surface, in voxels. From 0 to "
        "10000. [member soil_depth] grows with it if it would be less.");
    material.operator()<&Layers::soil>(
        "soil_material",
        "What lies below that, down to [member soil_depth]. As [member surface_material].");
    c.property("soil_depth", &Self::soil_depth, &Self::set_soil_depth,
               Hint::range(0, kDeepestLayer, 0.1, "exp,suffix:voxels"),
               "How deep the second layer reaches, measured from the surface, in voxels. From 0 to "
               "10000. [member surface_depth] shrinks with it if it would be more.");
    material.operator()<&Layers::rock>(
        "rock_material", "What everything below is made of. As [member surface_material].");
    c.method("heights", &Self::heights, {"corner", "size", "spacing"})
        .defaults(std::int64_t{1})
        .doc(
            "How high the ground is, in voxels, before anyone digs: for a map, or for a menu in "
            "which players choose a seed. Needs no [VoxelTerrain], and may be called on any "
            "thread. The array has [param size] columns, x first, then z. The first is at [param "
            "corner], rounded down to a multiple of [param spacing], and the others follow at that "
            "distance. [param size] is 1 to 256 on each axis, [param spacing] a power of two up to "
            "2048, [param corner] at most 8000000 from the origin. The wider the spacing, the less "
            "exact: heights are then read from the samples of a coarser level. With overhangs, the "
            "uppermost ground counts; without ground, a height is -INF. With wrong arguments the "
            "array is empty, and an error says why.");
}

voxel::GroundLayers VoxelGenerator::layers() const {
    const MutexLock lock(layers_mutex_);
    return layers_;
}

std::string VoxelGenerator::describe_layers() const {
    const Layers now = layers();
    if (now == Layers()) return {};
    return " surface=" + std::to_string(now.surface) + named("surface_depth", now.surface_depth) +
           " soil=" + std::to_string(now.soil) + named("soil_depth", now.soil_depth) +
           " rock=" + std::to_string(now.rock);
}

std::string VoxelGenerator::named_here(const char* property) const {
    return get_class().utf8() + "." + property;
}

void VoxelGenerator::set_layer(voxel::Material Layers::*layer, std::int64_t number) {
    const char* const name = layer == &Layers::surface ? "surface_material"
                             : layer == &Layers::soil  ? "soil_material"
                                                       : "rock_material";
    if (!accepts(named_here(name), static_cast<double>(number), kMaterialNumbers)) return;
    {
        const MutexLock lock(layers_mutex_);
        layers_.*layer = static_cast<voxel::Material>(number);
    }
    emit_changed();
}

void VoxelGenerator::set_surface_depth(double voxels) {
    if (!accepts(named_here("surface_depth"), voxels, {0, kDeepestLayer})) return;
    {
        const MutexLock lock(layers_mutex_);
        layers_.surface_depth = static_cast<float>(voxels);
        layers_.soil_depth = std::max(layers_.soil_depth, layers_.surface_depth);
    }
    emit_changed();
}

void VoxelGenerator::set_soil_depth(double voxels) {
    if (!accepts(named_here("soil_depth"), voxels, {0, kDeepestLayer})) return;
    {
        const MutexLock lock(layers_mutex_);
        layers_.soil_depth = static_cast<float>(voxels);
        layers_.surface_depth = std::min(layers_.surface_depth, layers_.soil_depth);
    }
    emit_changed();
}

PackedFloat32Array VoxelGenerator::heights(const Vector2i& corner, const Vector2i& size,
                                           std::int64_t spacing) const {
    const std::string where = named_here("heights: ");
    const auto is_within = [&](const char* name, std::int64_t value, std::int64_t least,
                               std::int64_t most) {
        if (value >= least && value <= most) return true;
        log(LogLevel::Error, where + name + " is " + std::to_string(value) + "; it must be from " +
                                 std::to_string(least) + " to " + std::to_string(most) + '.');
        return false;
    };
    if (!is_within("size.x", size.x, 1, kMostColumns) ||
        !is_within("size.y", size.y, 1, kMostColumns) ||
        !is_within("corner.x", corner.x, -kMostCorner, kMostCorner) ||
        !is_within("corner.y", corner.y, -kMostCorner, kMostCorner) ||
        !is_within("spacing", spacing, 1, kMostSpacing))
        return {};
    const auto step = static_cast<std::uint64_t>(spacing);
    if (!std::has_single_bit(step)) {
        log(LogLevel::Error,
            where + "spacing is " + std::to_string(spacing) + "; it must be a power of two.");
        return {};
    }
    const voxel::Level level = std::countr_zero(step);
    PackedFloat32Array heights;
    try {
        const auto found = voxel::generated_heights(
            *build(), {corner.x >> level, corner.y >> level, size.x, size.y, level});
        heights.resize(found.size());
        std::ranges::copy(found, heights.write().begin());
    } catch (const std::exception& error) {
        log(LogLevel::Error, where + error.what());
        return {};
    }
    return heights;
}

std::shared_ptr<const voxel::Generator> VoxelGenerator::build() const {
    throw std::invalid_argument(
        "VoxelGenerator cannot be used itself. Use VoxelNoiseGenerator or VoxelFlatGenerator.");
}

using Noise = VoxelNoiseGenerator;
constexpr Noise::Number Noise::kBaseHeight{"base_height", &NoiseSettings::base_height,
                                           -kHighestGround, kHighestGround};
constexpr Noise::Number Noise::kAmplitude{"amplitude", &NoiseSettings::amplitude, 0, 2000};
constexpr Noise::Number Noise::kPeriod{"period", &NoiseSettings::period, 4, 100'000};
constexpr Noise::Number Noise::kLacunarity{"lacunarity", &NoiseSettings::lacunarity, 1, 4};
constexpr Noise::Number Noise::kGain{"gain", &NoiseSettings::gain, 0, 1};
constexpr Noise::Number Noise::kWarp{"warp", &NoiseSettings::warp, 0, 1000};
constexpr Noise::Number Noise::kWarpPeriod{"warp_period", &NoiseSettings::warp_period, 4, 100'000};
constexpr Noise::Number Noise::kOverhang{"overhang", &NoiseSettings::overhang, 0, 200};
constexpr Noise::Number Noise::kOverhangPeriod{"overhang_period", &NoiseSettings::overhang_period,
                                               4, 100'000};
constexpr Noise::Number Noise::kSteepSlope{"steep_slope", &NoiseSettings::steep_slope, 0, 100};
constexpr Noise::Number Noise::kShoreHeight{"shore_height", &NoiseSettings::shore_height, kNoShore,
                                            -kNoShore};

void VoxelNoiseGenerator::bind(ClassBuilder<VoxelNoiseGenerator>& c) {
    using Self = VoxelNoiseGenerator;
    c.any_thread();
    const auto number = [&c]<const Number & kNumber>(double step, const char* extra,
                                                     const char* doc) {
        c.property(kNumber.name, &Self::number<kNumber>, &Self::set_number<kNumber>,
                   Hint::range(kNumber.lowest, kNumber.highest, step, extra), doc);
    };
    c.doc("Rolling hills made of several octaves of noise, with optional overhangs.",
          "The same settings give the same world on every machine. Heights and lengths are in "
          "voxels, which are metres unless the [VoxelTerrain] is scaled. A value out of range is "
          "refused with an error, and the property keeps its value.");
    c.property("seed", &Self::seed, &Self::set_seed, {},
               "A different number gives a different world. Any whole number; all 64 bits count.");
    c.group("Hills");
    number.operator()<kBaseHeight>(0.1, "suffix:voxels",
                                   "The mean height, in voxels. From -100000 to 100000.");
    number.operator()<kAmplitude>(
        0.1, "suffix:voxels",
        "The ground lies at most this far above and below [member base_height], in voxels. From 0 "
        "to 2000.");
    number.operator()<kPeriod>(0.1, "exp,suffix:voxels",
                               "The width of the largest hills, in voxels. From 4 to 100000.");
    c.property("octaves", &Self::octaves, &Self::set_octaves,
               Hint::range(kLowestOctaves, kHighestOctaves),
               "The number of layers, each with finer detail than the one before. From 1 to 12.");
    number.operator()<kLacunarity>(
        0.01, "", "How many times finer each octave is than the one before. From 1 to 4.");
    number.operator()<kGain>(
        0.01, "",
        "How high each octave is, as a share of the one before: 0 is smooth, 1 is rough. From 0 to "
        "1.");
    c.group("Warp");
    number.operator()<kWarp>(0.1, "suffix:voxels",
                             "Shifts the hills sideways by up to this many voxels, which turns "
                             "round hills into ridges and folds. From 0, which is off, to 1000.");
    number.operator()<kWarpPeriod>(
        0.1, "exp,suffix:voxels",
        "The length of the waves of [member warp], in voxels. From 4 to 100000.");
    c.group("Overhangs");
    number.operator()<kOverhang>(
        0.1, "suffix:voxels",
        "Moves the surface by up to this many voxels with three-dimensional noise, which makes "
        "overhangs and hollows. From 0, which is off, to 200. Overhangs begin to appear when it is "
        "about as large as [member overhang_period]. Generation takes much longer with it.");
    number.operator()<kOverhangPeriod>(0.1, "exp,suffix:voxels",
                                       "The size of the overhangs, in voxels. From 4 to 100000.");
    c.group("Places");
    c.property(
        "steep_material", &Self::place_material<&NoiseSettings::steep>,
        &Self::set_place_material<&NoiseSettings::steep>, Hint::range(0, voxel::kMaterials - 1),
        "In place of [member VoxelGenerator.surface_material] on steep hills, from 0 to 127. "
        "See [member steep_slope].");
    number.operator()<kSteepSlope>(
        0.01, "",
        "Hills are steep where they rise more than this many voxels per voxel: 1 is 45 degrees. "
        "From 0, which is off, to 100.");
    c.property("shore_material", &Self::place_material<&NoiseSettings::shore>,
               &Self::set_place_material<&NoiseSettings::shore>,
               Hint::range(0, voxel::kMaterials - 1),
               "In place of [member VoxelGenerator.surface_material] on low ground that is not "
               "steep, from 0 to 127. See [member shore_height].");
    number.operator()<kShoreHeight>(
        0.1, "suffix:voxels",
        "Up to this height, the ground is that of a lake and its beach. From -200000, which is "
        "off, to 200000.");
}

template <voxel::Material NoiseSettings::*kMaterial>
void VoxelNoiseGenerator::set_place_material(std::int64_t number) {
    constexpr const char* name =
        kMaterial == &NoiseSettings::steep ? "steep_material" : "shore_material";
    if (!accepts(named_here(name), static_cast<double>(number), kMaterialNumbers)) return;
    change(kMaterial, static_cast<voxel::Material>(number));
}

NoiseSettings VoxelNoiseGenerator::settings() const {
    const MutexLock lock(mutex_);
    return settings_;
}

template <class T>
void VoxelNoiseGenerator::change(T NoiseSettings::*field, T value) {
    {
        const MutexLock lock(mutex_);
        settings_.*field = value;
    }
    emit_changed();  // runs scripts
}

void VoxelNoiseGenerator::set(const Number& number, double value) {
    if (!accepts(named_here(number.name), value, {number.lowest, number.highest})) return;
    change(number.field, static_cast<float>(value));
}

void VoxelNoiseGenerator::set_seed(std::int64_t seed) {
    change(&NoiseSettings::seed, static_cast<decltype(NoiseSettings::seed)>(seed));
}

void VoxelNoiseGenerator::set_octaves(std::int64_t octaves) {
    if (!accepts(named_here("octaves"), static_cast<double>(octaves),
                 {kLowestOctaves, kHighestOctaves}))
        return;
    change(&NoiseSettings::octaves, static_cast<int>(octaves));
}

std::shared_ptr<const voxel::Generator> VoxelNoiseGenerator::build() const {
    NoiseSettings with_layers = settings();
    with_layers.layers = layers();
    return std::make_shared<voxel::NoiseGenerator>(with_layers);
}

std::string VoxelNoiseGenerator::describe() const {
    const NoiseSettings s = settings();
    std::string text = "noise seed=" + std::to_string(static_cast<std::int64_t>(s.seed)) +
                       " octaves=" + std::to_string(s.octaves);
    for (const Number& number : {kBaseHeight, kAmplitude, kPeriod, kLacunarity, kGain, kWarp,
                                 kWarpPeriod, kOverhang, kOverhangPeriod})
        text += named(number.name, s.*number.field);
    // Only what is on: worlds from before there were materials stay what they are.
    if (s.steep_slope > 0.0F)
        text += " steep=" + std::to_string(s.steep) + named("steep_slope", s.steep_slope);
    if (s.shore_height > static_cast<float>(kNoShore))
        text += " shore=" + std::to_string(s.shore) + named("shore_height", s.shore_height);
    return text + describe_layers();
}

void VoxelFlatGenerator::bind(ClassBuilder<VoxelFlatGenerator>& c) {
    c.any_thread();
    c.doc("Level ground at one height, air above.",
          "The cheapest world, for tests and for building on.");
    c.property("height", &VoxelFlatGenerator::height, &VoxelFlatGenerator::set_height,
               Hint::range(-kHighestGround, kHighestGround, 0.1, "suffix:voxels"),
               "The height of the ground, in voxels above the terrain's origin. From -100000 to "
               "100000; any other value is refused with an error.");
}

void VoxelFlatGenerator::set_height(double height) {
    if (!accepts(named_here("height"), height, {-kHighestGround, kHighestGround})) return;
    height_.store(height);
    emit_changed();
}

std::shared_ptr<const voxel::Generator> VoxelFlatGenerator::build() const {
    return std::make_shared<voxel::FlatGenerator>(static_cast<float>(height_.load()), layers());
}

std::string VoxelFlatGenerator::describe() const {
    return "flat" + named("height", static_cast<float>(height_.load())) + describe_layers();
}

}  // namespace nebula::godot
