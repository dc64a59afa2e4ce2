// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/editor_note.hpp"

#include "nebula/godot/api/class_db.hpp"
#include "nebula/godot/binding/marshal.hpp"
#include "nebula/godot/binding/string.hpp"
#include "nebula/godot/binding/variant.hpp"

#include <cstdint>

namespace nebula::godot {

void add_editor_note(const Node& terrain) {
    constexpr const char* name = "VoxelTerrainNote";
    constexpr std::int64_t faces_camera = 1;  // BaseMaterial3D.BILLBOARD_ENABLED
    if (terrain.has_node(NodePath(name))) return;
    // By name: the label is the one thing of its class that we use.
    const Object label(detail::construct("Label3D"));
    if (!label) return;
    label.set("name", name);
    label.set("text",
              "VoxelTerrain\nRun the scene to see the terrain:\nthe editor does not show it yet.");
    label.set("billboard", faces_camera);
    label.set("fixed_size", true);
    label.set("no_depth_test", true);
    label.set("pixel_size", 0.001);
    terrain.add_child(Node(label.ptr()), false, Node::InternalMode::INTERNAL_MODE_FRONT);
}

}  // namespace nebula::godot
