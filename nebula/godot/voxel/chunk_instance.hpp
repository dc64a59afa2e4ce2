// SPDX-License-Identifier: MIT
// One chunk's mesh as the engine's renderer holds it.
#pragma once

#include "nebula/godot/binding/math.hpp"
#include "nebula/godot/binding/object.hpp"
#include "nebula/voxel/mesh/chunk_mesh.hpp"

#include <cstdint>

namespace nebula::godot {

/// What all chunks of a terrain have in common.
struct ChunkLook {
    RID scenario;  ///< Invalid: the terrain is outside every world, and nothing is drawn.
    RID material;  ///< Invalid: the engine's default.
    bool visible = true;
    bool tangents = false;  ///< Meshes get tangents from now on; see may_read_tangents().
    ObjectId terrain;       ///< What the engine's culling queries return for the chunk.
};

/// A mesh and an instance of it in the RenderingServer, without a node, so that a commit is a copy
/// of bytes and four calls.
///
/// Threads:   main thread.
/// Cost:      set_mesh: about 10 us for 3000 vertices; nearly all of it is the copy. Tangents add
///            about as much again, and 4 bytes for each vertex.
/// Lifetime:  frees both in the destructor.
class ChunkInstance {
public:
    ChunkInstance(const ChunkLook& look, const Transform3D& place);
    ~ChunkInstance();
    ChunkInstance(const ChunkInstance&) = delete;
    ChunkInstance& operator=(const ChunkInstance&) = delete;

    /// Shows this mesh from the next draw on, in place of the one before.
    void set_mesh(const voxel::ChunkMesh& mesh, bool with_tangents);
    void set_scenario(RID scenario);
    void set_place(const Transform3D& place);
    void set_material(RID material);
    void set_visible(bool visible);

    [[nodiscard]] std::uint32_t triangle_count() const noexcept { return triangle_count_; }
    [[nodiscard]] bool has_tangents() const noexcept { return has_tangents_; }

    /// Meshes and instances of all terrains: 0 when every terrain is gone.
    [[nodiscard]] static std::int64_t live_resources() noexcept;

private:
    RID instance_;
    RID mesh_;
    std::uint32_t triangle_count_ = 0;
    bool has_tangents_ = false;
};

}  // namespace nebula::godot
