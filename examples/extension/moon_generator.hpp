// SPDX-License-Identifier: MIT
// A world in C++: a plain full of craters, for a VoxelTerrain. In the scene, this resource is the
// `source` of the terrain's VoxelNativeGenerator.
#pragma once

#include <nebula/godot/api/resource.hpp>
#include <nebula/godot/binding/class_builder.hpp>

#include <atomic>
#include <cstdint>
#include <string>

class MoonGenerator : public nebula::godot::Extension<nebula::godot::Resource> {
public:
    static constexpr const char* kClassName = "ExampleMoonGenerator";
    using Extension::Extension;
    static void bind(nebula::godot::ClassBuilder<MoonGenerator>& c);

    double depth() const { return depth_; }
    void set_depth(double depth);

private:
    std::int64_t make() const;
    std::string describe() const;

    // The engine loads and copies resources on threads of its own.
    std::atomic<double> depth_{6.0};
};
