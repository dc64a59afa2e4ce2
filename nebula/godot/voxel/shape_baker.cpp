// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/shape_baker.hpp"

#include "nebula/godot/api/physics_server_3d.hpp"
#include "nebula/godot/api/physics_shape_query_parameters_3d.hpp"
#include "nebula/godot/api/project_settings.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/binding/variant.hpp"

namespace nebula::godot {

std::shared_ptr<ShapeBaker> ShapeBaker::share() {
    static std::weak_ptr<ShapeBaker> shared;
    if (auto baker = shared.lock()) return baker;
    const Variant name =
        ProjectSettings::singleton().get_setting_with_override("physics/3d/physics_engine");
    if (name.str() != "Jolt Physics") return nullptr;
    std::shared_ptr<ShapeBaker> baker(new ShapeBaker);
    if (baker->state_.is_null()) return nullptr;
    shared = baker;
    return baker;
}

ShapeBaker::ShapeBaker()
    : space_(PhysicsServer3D::singleton().space_create()),
      state_(PhysicsServer3D::singleton().space_get_direct_state(space_)) {}

ShapeBaker::~ShapeBaker() { PhysicsServer3D::singleton().free_rid(space_); }

// If this fails, the main thread bakes when it shows the shape.
void ShapeBaker::bake(RID shape) const noexcept try {
    const auto query = make_ref<PhysicsShapeQueryParameters3D>();
    query->set_shape_rid(shape);
    (void)state_.intersect_shape(query, 1);
} catch (...) {
}

}  // namespace nebula::godot
