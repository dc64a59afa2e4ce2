// SPDX-License-Identifier: MIT
// Generators as resources: what a game maker picks and tunes in the inspector.
#pragma once

#include "nebula/godot/api/resource.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/voxel/noise_generator.hpp"

#include <memory>

namespace nebula::godot {

/// What the world is like before anyone digs in it. A terrain takes a snapshot of the settings when
/// it builds its world; VoxelTerrain.regenerate() takes a new one.
///
/// Threads:   main thread; what build() returns is for any thread.
class VoxelGenerator : public Extension<Resource> {
public:
    static constexpr const char* kClassName = "VoxelGenerator";
    using Extension::Extension;
    virtual ~VoxelGenerator() = default;
    static void bind(ClassBuilder<VoxelGenerator>& c);

    /// \throws std::invalid_argument naming the setting that is out of its range.
    [[nodiscard]] virtual std::shared_ptr<const voxel::Generator> build() const;
};

/// Rolling hills of several octaves of noise.
class VoxelNoiseGenerator final : public Extension<VoxelGenerator> {
public:
    static constexpr const char* kClassName = "VoxelNoiseGenerator";
    using Extension::Extension;
    static void bind(ClassBuilder<VoxelNoiseGenerator>& c);

    [[nodiscard]] std::shared_ptr<const voxel::Generator> build() const override;

private:
    template <float voxel::NoiseSettings::*kField>
    [[nodiscard]] double number() const {
        return static_cast<double>(settings_.*kField);
    }
    template <float voxel::NoiseSettings::*kField>
    void set_number(double value) {
        settings_.*kField = static_cast<float>(value);
        emit_changed();
    }
    [[nodiscard]] std::int64_t seed() const { return static_cast<std::int64_t>(settings_.seed); }
    void set_seed(std::int64_t seed);
    [[nodiscard]] std::int64_t octaves() const { return settings_.octaves; }
    void set_octaves(std::int64_t octaves);

    voxel::NoiseSettings settings_;
};

/// Ground up to one height, air above.
class VoxelFlatGenerator final : public Extension<VoxelGenerator> {
public:
    static constexpr const char* kClassName = "VoxelFlatGenerator";
    using Extension::Extension;
    static void bind(ClassBuilder<VoxelFlatGenerator>& c);

    [[nodiscard]] std::shared_ptr<const voxel::Generator> build() const override;

    [[nodiscard]] double height() const { return height_; }
    void set_height(double height);

private:
    double height_ = 0.0;
};

}  // namespace nebula::godot
