// SPDX-License-Identifier: MIT
// One chunk's mesh as the engine's renderer holds it.
#pragma once

#include "nebula/godot/binding/math.hpp"
#include "nebula/godot/binding/object.hpp"
#include "nebula/godot/voxel/chunk_surface.hpp"
#include "nebula/godot/voxel/renderer_mesh.hpp"

#include <cstdint>

namespace nebula::godot {

/// What all chunks of a terrain have in common.
struct ChunkLook {
    RID scenario;  ///< Invalid: the terrain is outside every world, and nothing is drawn.
    RID material;  ///< Invalid: that of the terrain's library, or the engine's default.
    bool visible = true;
    ObjectId terrain;  ///< What the engine's culling queries return for the chunk.

    // As in GeometryInstance3D.
    std::uint32_t layers = 1;
    std::int64_t cast_shadow = 1;
    std::int64_t gi_mode = 1;
    double visibility_range_begin = 0.0;
    double visibility_range_end = 0.0;
};

/// A mesh and an instance of it in the RenderingServer, without a node, so that a commit is a
/// few calls. Beside what it shows it may hold a staged mesh, which is hidden.
///
/// Threads:   main thread.
/// Cost:      stage: what the renderer takes to copy the bytes.
/// Lifetime:  frees everything in the destructor.
class ChunkInstance {
public:
    ChunkInstance(const ChunkLook& look, const Transform3D& place);
    ~ChunkInstance();
    ChunkInstance(const ChunkInstance&) = delete;
    ChunkInstance& operator=(const ChunkInstance&) = delete;

    /// Makes this mesh, hidden, in place of what was staged before.
    void stage(ChunkSurface& surface);
    /// Shows the staged mesh from the next draw on, in place of the one before.
    void show_staged();
    void discard_staged();
    /// Shows nothing.
    void hide();
    [[nodiscard]] bool shows_mesh() const noexcept { return shown_.mesh.is_valid(); }
    void set_scenario(RID scenario);
    void set_place(const Transform3D& place);
    /// Costs nothing if it has this material.
    void set_material(RID material);
    void set_visible(bool visible);
    /// Layers, shadows, global illumination and visibility range.
    void set_geometry(const ChunkLook& look);

    [[nodiscard]] bool has_staged() const noexcept { return staged_.mesh.is_valid(); }
    /// Of what it shows.
    [[nodiscard]] int material() const noexcept { return shown_.material; }
    /// The same of the mesh that is staged.
    [[nodiscard]] int staged_material() const noexcept { return staged_.material; }
    /// Of what it shows.
    [[nodiscard]] std::uint32_t triangle_count() const noexcept { return shown_.triangle_count; }

    /// Meshes and instances of all terrains: 0 when every terrain is gone.
    [[nodiscard]] static std::int64_t live_resources() noexcept;

private:
    struct Mesh {
        Mesh() = default;
        explicit Mesh(ChunkSurface& surface);

        RendererMesh mesh;
        std::uint32_t triangle_count = 0;
        int material = 0;  // as ChunkSurface::material
    };
    void show(Mesh mesh);

    RID instance_;
    RID material_;
    Mesh shown_;
    Mesh staged_;
};

}  // namespace nebula::godot
