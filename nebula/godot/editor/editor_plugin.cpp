// SPDX-License-Identifier: MIT
#include "nebula/godot/editor/editor_plugin.hpp"

#include "nebula/godot/api/editor_plugin.hpp"
#include "nebula/godot/api/resource_loader.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/godot/voxel/voxel_terrain.hpp"

#include <algorithm>

namespace nebula::godot {
namespace {

constexpr const char* kScript = "res://addons/nebula/editor/nebula_editor.gd";

/// An editor plugin that nobody has to enable. All of what it does is in a script; the class is there
/// because the editor takes plugins from an extension by the name of a class, and for what only C++
/// can tell the script. Its name begins as those of the editor's own nodes, which "Create Node" hides.
///
/// Threads:   main thread.
class EditorNebulaPlugin final : public Extension<EditorPlugin> {
public:
    static constexpr const char* kClassName = "EditorNebulaPlugin";
    using Extension::Extension;

    static void bind(ClassBuilder<EditorNebulaPlugin>& c) {
        using Self = EditorNebulaPlugin;
        c.doc("Nebula's part of the editor.",
              "The add-on makes one. It shows a panel when a [VoxelTerrain] is selected, and saves "
              "the worlds of terrains with their scenes.");
        c.method("save_scene", &Self::save_scene, {"path"})
            .doc("Begins to save the worlds of the terrains in the scene of this file.");
        c.method("unsaved_in_scene", &Self::unsaved_in_scene, {"path"})
            .doc(
                "The names of the terrains in the scene of this file whose worlds have strokes "
                "that are not saved.");
        c.method("finish_edits", &Self::finish_edits)
            .doc("Saves the worlds of all terrains in the editor, and returns when that is done.");
        c.method("problem_of", &Self::problem_of, {"terrain"})
            .doc("Why the file of the terrain's world cannot be used; empty if it can.");
        c.method("make_world", &Self::make_world, {"terrain", "path"})
            .doc(
                "Makes a file for the terrain's world: a copy, if another terrain has the file of "
                "now open. Await it; it gives a sentence if that fails.");
        c.notification<&Self::on_notification>();
    }

private:
    void on_notification(int what) {
        // Before it enters the tree: then the script is told of that, as any plugin is. Not earlier,
        // because the engine makes an object of each class to learn its properties' defaults. A
        // project may have the library alone.
        if (what == Node::NOTIFICATION_PARENTED && get_script().is_nil() &&
            ResourceLoader::singleton().exists(kScript))
            set_script(ResourceLoader::singleton().load(kScript));
    }

    void save_scene(const String& path) { VoxelTerrain::save_scene(path); }
    PackedStringArray unsaved_in_scene(const String& path) {
        const auto terrains = VoxelTerrain::unsaved_in_scene(path);
        PackedStringArray names;
        names.resize(terrains.size());
        std::ranges::transform(terrains, names.write().begin(), [](const VoxelTerrain* terrain) {
            return String(terrain->get_name());
        });
        return names;
    }
    String problem_of(const VoxelTerrain* terrain) {
        return terrain == nullptr ? String() : String(terrain->file_problem());
    }
    Variant make_world(VoxelTerrain* terrain, const String& path) {
        return terrain == nullptr ? String("there is no terrain") : terrain->make_file(path);
    }
    void finish_edits() { VoxelTerrain::finish_all_edits(); }
};

}  // namespace

void register_editor_plugin() {
    if (register_class<EditorNebulaPlugin>()) add_editor_plugin<EditorNebulaPlugin>();
}

}  // namespace nebula::godot
