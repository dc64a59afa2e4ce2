// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/editor_view.hpp"

#include "nebula/godot/api/camera_3d.hpp"
#include "nebula/godot/api/canvas_item.hpp"
#include "nebula/godot/api/display_server.hpp"
#include "nebula/godot/api/editor_interface.hpp"
#include "nebula/godot/api/engine.hpp"
#include "nebula/godot/api/viewport.hpp"
#include "nebula/godot/binding/marshal.hpp"

namespace nebula::godot {
namespace {

constexpr std::int32_t kViews = 4;

// The editor moves an orthogonal camera far back from what it looks at, so that all of that is before
// its near plane.
Transform3D focus_of(const Camera3D& camera) {
    Transform3D place = camera.get_global_transform();
    if (camera.get_projection() != Camera3D::PROJECTION_ORTHOGONAL) return place;
    const double back = (camera.get_far() - camera.get_near()) / 2.0;
    place.origin = place.origin + place.basis * Vector3{0, 0, static_cast<float>(-back)};
    return place;
}

}  // namespace

bool is_editor() { return Engine::singleton().is_editor_hint(); }

bool is_editor_without_window() {
    return is_editor() && DisplayServer::singleton().get_name() == "headless";
}

std::vector<EditorCamera> editor_cameras() {
    std::vector<EditorCamera> cameras;
    for (std::int32_t i = 0; i < kViews; ++i) {
        const Viewport view = EditorInterface::singleton().get_editor_viewport_3d(i);
        if (!view) continue;
        const auto frame = cast_to<CanvasItem>(view.get_parent());
        const Camera3D camera = view.get_camera_3d();
        if (!frame || !frame.is_visible_in_tree() || !camera) continue;
        cameras.push_back({focus_of(camera), static_cast<std::uint64_t>(i) + 1});
    }
    return cameras;
}

}  // namespace nebula::godot
