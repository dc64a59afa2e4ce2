// SPDX-License-Identifier: MIT
// Generators as resources: what a game maker picks and tunes in the inspector.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/godot/api/resource.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/voxel/gen/ground_layers.hpp"
#include "nebula/voxel/gen/noise_generator.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace nebula::godot {

/// What the world is like before anyone digs in it. A terrain takes a snapshot of the settings when
/// it makes its world; VoxelTerrain.regenerate() takes a new one.
///
/// Setters refuse a value out of range with an error that names the property and its range, and
/// keep the value they had.
///
/// Threads:   any thread, and so is what build() returns. The engine saves, duplicates and loads
///            resources on threads of its own.
class VoxelGenerator : public Extension<Resource> {
public:
    static constexpr const char* kClassName = "VoxelGenerator";
    using Extension::Extension;
    virtual ~VoxelGenerator() = default;
    static void bind(ClassBuilder<VoxelGenerator>& c);

    /// \throws std::invalid_argument naming the setting that is out of its range.
    [[nodiscard]] virtual std::shared_ptr<const voxel::Generator> build() const;
    /// What build() depends on, in words that a world file keeps: equal for equal worlds.
    [[nodiscard]] virtual std::string describe() const { return {}; }
    /// Whether what build() made can do no more, because its code went with another extension's library.
    [[nodiscard]] virtual bool is_lost(const voxel::Generator& /*built*/) const { return false; }
    /// From above; empty, with an error, if an argument cannot be or the generator cannot build.
    [[nodiscard]] PackedFloat32Array heights(const Vector2i& corner, const Vector2i& size,
                                             std::int64_t spacing) const;

protected:
    /// What the ground is made of.
    [[nodiscard]] voxel::GroundLayers layers() const;
    /// The same for describe(): nothing for a world of one material, as before there were layers.
    [[nodiscard]] std::string describe_layers() const;
    /// A property as errors call it.
    [[nodiscard]] std::string named_here(const char* property) const;

private:
    using Layers = voxel::GroundLayers;
    template <voxel::Material Layers::*kLayer>
    [[nodiscard]] std::int64_t material() const {
        return layers().*kLayer;
    }
    template <voxel::Material Layers::*kLayer>
    void set_material(std::int64_t number) {
        set_layer(kLayer, number);
    }
    void set_layer(voxel::Material Layers::*layer, std::int64_t number);
    [[nodiscard]] double surface_depth() const { return layers().surface_depth; }
    void set_surface_depth(double voxels);
    [[nodiscard]] double soil_depth() const { return layers().soil_depth; }
    void set_soil_depth(double voxels);

    mutable Mutex layers_mutex_;
    Layers layers_ NEBULA_GUARDED_BY(layers_mutex_);
};

/// Rolling hills of several octaves of noise.
class VoxelNoiseGenerator final : public Extension<VoxelGenerator> {
public:
    static constexpr const char* kClassName = "VoxelNoiseGenerator";
    using Extension::Extension;
    static void bind(ClassBuilder<VoxelNoiseGenerator>& c);

    [[nodiscard]] std::shared_ptr<const voxel::Generator> build() const override;
    [[nodiscard]] std::string describe() const override;

private:
    /// One setting that is a real number.
    struct Number {
        const char* name;
        float voxel::NoiseSettings::*field;
        double lowest;
        double highest;
    };
    static const Number kBaseHeight, kAmplitude, kPeriod, kLacunarity, kGain, kWarp, kWarpPeriod,
        kOverhang, kOverhangPeriod, kSteepSlope, kShoreHeight;

    template <const Number& kNumber>
    [[nodiscard]] double number() const {
        return static_cast<double>(settings().*kNumber.field);
    }
    template <const Number& kNumber>
    void set_number(double value) {
        set(kNumber, value);
    }
    void set(const Number& number, double value);
    [[nodiscard]] std::int64_t seed() const { return static_cast<std::int64_t>(settings().seed); }
    void set_seed(std::int64_t seed);
    [[nodiscard]] std::int64_t octaves() const { return settings().octaves; }
    void set_octaves(std::int64_t octaves);

    template <voxel::Material voxel::NoiseSettings::*kMaterial>
    [[nodiscard]] std::int64_t place_material() const {
        return settings().*kMaterial;
    }
    template <voxel::Material voxel::NoiseSettings::*kMaterial>
    void set_place_material(std::int64_t number);

    [[nodiscard]] voxel::NoiseSettings settings() const;
    template <class T>
    void change(T voxel::NoiseSettings::*field, T value);

    mutable Mutex mutex_;
    voxel::NoiseSettings settings_ NEBULA_GUARDED_BY(mutex_);
};

/// Ground up to one height, air above.
class VoxelFlatGenerator final : public Extension<VoxelGenerator> {
public:
    static constexpr const char* kClassName = "VoxelFlatGenerator";
    using Extension::Extension;
    static void bind(ClassBuilder<VoxelFlatGenerator>& c);

    [[nodiscard]] std::shared_ptr<const voxel::Generator> build() const override;
    [[nodiscard]] std::string describe() const override;

    [[nodiscard]] double height() const { return height_.load(); }
    void set_height(double height);

private:
    std::atomic<double> height_{0.0};
};

}  // namespace nebula::godot
