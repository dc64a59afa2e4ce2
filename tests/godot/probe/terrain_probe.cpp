// SPDX-License-Identifier: MIT
#include "tests/godot/probe/terrain_probe.hpp"

#include "nebula/godot/api/ref_counted.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/voxel/voxel_terrain.hpp"

#include <stdexcept>

namespace nebula::godot {
namespace {

const TerrainView& view_of(const VoxelTerrain* terrain) {
    if (terrain == nullptr || terrain->view() == nullptr)
        throw std::invalid_argument("the terrain has no world");
    return *terrain->view();
}

class TerrainProbe : public Extension<RefCounted> {
public:
    static constexpr const char* kClassName = "NebulaTerrainProbe";
    using Extension::Extension;

    static void bind(ClassBuilder<TerrainProbe>& c) {
        c.method("place", &TerrainProbe::place, {"terrain"});
        c.method("scenario", &TerrainProbe::scenario, {"terrain"});
        c.method("has_tangents", &TerrainProbe::has_tangents, {"terrain"});
        c.method("warnings", &TerrainProbe::warnings, {"terrain"});
    }

private:
    /// Where its chunks are drawn.
    Transform3D place(VoxelTerrain* terrain) const { return view_of(terrain).place(); }
    RID scenario(VoxelTerrain* terrain) const { return view_of(terrain).look().scenario; }
    /// Whether every chunk that is shown has them.
    bool has_tangents(VoxelTerrain* terrain) const {
        return view_of(terrain).look().tangents && !view_of(terrain).needs_repaint();
    }
    PackedStringArray warnings(VoxelTerrain* terrain) const {
        return terrain->configuration_warnings();
    }
};

}  // namespace

void register_terrain_probe() { register_class<TerrainProbe>(); }

}  // namespace nebula::godot
