// SPDX-License-Identifier: MIT
// One chunk's mesh as the engine's renderer holds it.
#pragma once

#include "nebula/godot/binding/math.hpp"
#include "nebula/voxel/chunk_mesh.hpp"

#include <cstdint>

namespace nebula::godot {

/// A mesh and an instance of it in the RenderingServer: no node, so that a commit is a copy of
/// bytes and four calls.
///
/// Threads:   main thread.
/// Cost:      set_mesh: about 10 us for 3000 vertices; nearly all of it is the copy.
/// Lifetime:  frees both in the destructor.
class ChunkInstance {
public:
    ChunkInstance(RID scenario, const Transform3D& place, RID material, bool visible);
    ~ChunkInstance();
    ChunkInstance(const ChunkInstance&) = delete;
    ChunkInstance& operator=(const ChunkInstance&) = delete;

    /// Shows this mesh from the next draw on, in place of the one before.
    void set_mesh(const voxel::ChunkMesh& mesh);
    void set_place(const Transform3D& place);
    void set_material(RID material);  ///< An invalid RID: the engine's default.
    void set_visible(bool visible);

    [[nodiscard]] std::uint32_t triangle_count() const noexcept { return triangle_count_; }

    /// Meshes and instances of all terrains: 0 when every terrain is gone.
    [[nodiscard]] static std::int64_t live_resources() noexcept;

private:
    RID instance_;
    RID mesh_;
    std::uint32_t triangle_count_ = 0;
};

}  // namespace nebula::godot
