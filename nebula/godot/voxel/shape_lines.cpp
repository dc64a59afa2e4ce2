// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/shape_lines.hpp"

#include "nebula/godot/api/project_settings.hpp"
#include "nebula/godot/api/rendering_server.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/marshal.hpp"

#include <cstddef>
#include <span>
#include <tuple>
#include <vector>

namespace nebula::godot {
namespace {

constexpr Color kUsualColor{0.0F, 0.6F, 0.7F, 0.42F};  // the setting's, if nobody has set it

std::int64_t drawn_shapes = 0;

bool is_before(const Vector3& a, const Vector3& b) {
    return std::tie(a.x, a.y, a.z) < std::tie(b.x, b.y, b.z);
}

}  // namespace

Ref<StandardMaterial3D> shape_line_material() {
    const Variant color =
        ProjectSettings::singleton().get_setting("debug/shapes/collision/shape_color", kUsualColor);
    auto material = make_ref<StandardMaterial3D>();
    material->set_shading_mode(BaseMaterial3D::ShadingMode::SHADING_MODE_UNSHADED);
    material->set_transparency(BaseMaterial3D::Transparency::TRANSPARENCY_ALPHA);
    material->set_flag(BaseMaterial3D::Flags::FLAG_DISABLE_FOG, true);
    material->set_albedo(color.try_to<Color>().value_or(kUsualColor));
    return material;
}

ShapeLines::ShapeLines(const PackedVector3Array& faces, const Ref<Material>& material)
    : mesh_(make_ref<ArrayMesh>()) {
    // Triangles side by side have the edge between them in both directions.
    const std::span<const Vector3> points = faces.view();
    std::vector<Vector3> ends;
    for (std::size_t i = 0; i + 2 < points.size(); i += 3)
        for (std::size_t side = 0; side < 3; ++side) {
            const Vector3& from = points[i + side];
            const Vector3& to = points[i + (side + 1) % 3];
            if (!is_before(from, to)) continue;
            ends.push_back(from);
            ends.push_back(to);
        }
    if (!ends.empty()) {
        Array arrays;
        arrays.resize(static_cast<std::size_t>(Mesh::ArrayType::ARRAY_MAX));
        arrays[static_cast<std::size_t>(Mesh::ArrayType::ARRAY_VERTEX)] =
            Variant(PackedVector3Array(std::span<const Vector3>(ends)));
        mesh_->add_surface_from_arrays(Mesh::PrimitiveType::PRIMITIVE_LINES, arrays);
    }
    const RenderingServer server = RenderingServer::singleton();
    instance_ = server.instance_create();
    server.instance_set_base(instance_, mesh_->get_rid());
    server.instance_geometry_set_material_override(instance_, material->get_rid());
    server.instance_geometry_set_cast_shadows_setting(
        instance_, RenderingServerShadowCastingSetting::SHADOW_CASTING_SETTING_OFF);
    ++drawn_shapes;
}

ShapeLines::~ShapeLines() {
    RenderingServer::singleton().free_rid(instance_);
    --drawn_shapes;
}

void ShapeLines::set_scenario(RID scenario) const {
    RenderingServer::singleton().instance_set_scenario(instance_, scenario);
}

void ShapeLines::set_place(const Transform3D& place) const {
    RenderingServer::singleton().instance_set_transform(instance_, place);
}

std::int64_t ShapeLines::count() noexcept { return drawn_shapes; }

}  // namespace nebula::godot
