// SPDX-License-Identifier: MIT
// A collision shape as lines, which Debug > Visible Collision Shapes asks for.
#pragma once

#include "nebula/godot/api/array_mesh.hpp"
#include "nebula/godot/api/standard_material_3d.hpp"
#include "nebula/godot/binding/math.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/godot/binding/ref.hpp"

#include <cstdint>

namespace nebula::godot {

/// What the engine draws the shapes of its own bodies with: the project setting
/// debug/shapes/collision/shape_color, without light.
[[nodiscard]] Ref<StandardMaterial3D> shape_line_material();

/// The edges of a shape in the RenderingServer.
///
/// Threads:   main thread.
class ShapeLines {
public:
    /// \param faces     three points for each triangle. An edge of two triangles is drawn once; one of a
    ///                  single triangle may be missing: the next tile has it.
    /// \param material  must live as long as this.
    ShapeLines(const PackedVector3Array& faces, const Ref<Material>& material);
    ~ShapeLines();
    ShapeLines(const ShapeLines&) = delete;
    ShapeLines& operator=(const ShapeLines&) = delete;

    /// \param scenario  none: nowhere.
    void set_scenario(RID scenario) const;
    void set_place(const Transform3D& place) const;

    /// Those that exist.
    [[nodiscard]] static std::int64_t count() noexcept;

private:
    Ref<ArrayMesh> mesh_;
    RID instance_;
};

}  // namespace nebula::godot
