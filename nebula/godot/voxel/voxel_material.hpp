// SPDX-License-Identifier: MIT
// One thing that ground can be made of, as a resource.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/godot/api/physics_material.hpp"
#include "nebula/godot/api/resource.hpp"
#include "nebula/godot/api/texture_2d.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/math.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/binding/string.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace nebula::godot {

/// What a shader reads of a material.
struct MaterialLook {
    enum Map : std::size_t { Albedo, Normal, Orm };
    static constexpr std::size_t kMaps = 3;
    using Textures = std::array<Ref<Texture2D>, kMaps>;
    /// Of ground whose number no material has: a mistake that is seen.
    static constexpr Color kMissing{1, 0, 1, 1};

    Color color{1, 1, 1, 1};
    double roughness = 1.0;
    double metallic = 0.0;
    double scale = 0.25;  ///< Repetitions of the textures per voxel.
    Textures textures;    ///< Null: the numbers above alone.
};

/// How a material looks, and what games and physics ask about it.
///
/// Threads:   any thread. The engine saves, duplicates and loads resources on threads of its own.
class VoxelMaterial final : public Extension<Resource> {
public:
    static constexpr const char* kClassName = "VoxelMaterial";
    using Extension::Extension;
    static void bind(ClassBuilder<VoxelMaterial>& c);

    [[nodiscard]] MaterialLook look() const;
    /// Another number after every change of the look; it only grows.
    [[nodiscard]] std::uint32_t revision() const noexcept { return revision_.load(); }
    /// The same for changes of physics_material; not for what changes within that one.
    [[nodiscard]] std::uint32_t physics_revision() const noexcept {
        return physics_revision_.load();
    }

    [[nodiscard]] Color albedo_color() const { return look().color; }
    void set_albedo_color(const Color& color);
    template <MaterialLook::Map kMap>
    [[nodiscard]] Ref<Texture2D> texture() const {
        return look().textures[kMap];
    }
    template <MaterialLook::Map kMap>
    void set_texture(const Ref<Texture2D>& texture) {
        change([&](MaterialLook& look) { look.textures[kMap] = texture; });
    }
    [[nodiscard]] double texture_scale() const { return look().scale; }
    void set_texture_scale(double per_voxel);
    [[nodiscard]] double roughness() const { return look().roughness; }
    void set_roughness(double roughness);
    [[nodiscard]] double metallic() const { return look().metallic; }
    void set_metallic(double metallic);

    [[nodiscard]] double hardness() const { return hardness_.load(); }
    void set_hardness(double hardness);
    [[nodiscard]] double density() const { return density_.load(); }
    void set_density(double kg_per_m3);
    [[nodiscard]] Ref<PhysicsMaterial> physics_material() const;
    void set_physics_material(const Ref<PhysicsMaterial>& material);
    [[nodiscard]] StringName tag() const;
    void set_tag(const StringName& tag);

private:
    template <class F>
    void change(F&& f);
    void set_number(double MaterialLook::*number, const char* name, double value, double lowest,
                    double highest);

    mutable Mutex mutex_;
    MaterialLook look_ NEBULA_GUARDED_BY(mutex_);
    Ref<PhysicsMaterial> physics_material_ NEBULA_GUARDED_BY(mutex_);
    StringName tag_ NEBULA_GUARDED_BY(mutex_);
    std::atomic<std::uint32_t> revision_{0};
    std::atomic<std::uint32_t> physics_revision_{0};
    std::atomic<double> hardness_{0.0};
    std::atomic<double> density_{2000.0};
};

}  // namespace nebula::godot
