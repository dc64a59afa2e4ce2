// SPDX-License-Identifier: MIT
// A node with coroutines: meteors that dig craters into a VoxelTerrain.
#pragma once

#include <nebula/godot/api/node_3d.hpp>
#include <nebula/godot/async/nebula_task.hpp>
#include <nebula/godot/binding/class_builder.hpp>
#include <nebula/task/task.hpp>

#include <cstdint>

class MeteorShower : public nebula::godot::Extension<nebula::godot::Node3D> {
public:
    static constexpr const char* kClassName = "ExampleMeteorShower";
    using Extension::Extension;
    static void bind(nebula::godot::ClassBuilder<MeteorShower>& c);

    /// In a script: `var craters = await shower.fall(terrain, 5)`.
    nebula::task<std::int64_t> fall(nebula::godot::Node3D terrain, std::int64_t count);
    std::int64_t alarms() const { return alarms_; }

private:
    void ready();
    nebula::task<> answer_alarms();

    std::int64_t alarms_ = 0;
};
