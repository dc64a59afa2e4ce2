// SPDX-License-Identifier: MIT
// A chunk's mesh in the bytes of the engine's renderer.
#pragma once

#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/math.hpp"
#include "nebula/godot/voxel/renderer_mesh.hpp"
#include "nebula/voxel/stream/surface.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace nebula::godot {

/// The bytes of vertices and indices, or the renderer's mesh that was made of them.
///
/// Threads:   as voxel::Surface. The engine's arrays and dictionaries belong to no thread.
class ChunkSurface final : public voxel::Surface {
public:
    explicit ChunkSurface(const voxel::ChunkMesh& mesh);

    [[nodiscard]] std::size_t bytes() const noexcept override { return bytes_; }

    /// Makes the mesh on this thread.
    void make_mesh();
    /// Takes the mesh out; makes it, if nobody has. Main thread.
    [[nodiscard]] RendererMesh take_mesh();

private:
    Dictionary surface_;  // empty once the mesh is made
    RendererMesh mesh_;
    AABB bounds_;
    std::size_t bytes_;
};

/// Packs meshes on the threads that build them, so that the main thread only hands the bytes to the
/// renderer, or not even that.
///
/// Threads:   any.
/// Cost:      make: about 10 us for 3000 vertices; nearly all of it is the copy.
class ChunkSurfaceMaker final : public voxel::SurfaceMaker {
public:
    ChunkSurfaceMaker() : makes_meshes_(RendererMesh::may_be_made_on_workers()) {}

    [[nodiscard]] std::unique_ptr<voxel::Surface> make(
        const voxel::ChunkMesh& mesh) const override {
        auto surface = std::make_unique<ChunkSurface>(mesh);
        if (makes_meshes_) surface->make_mesh();
        return surface;
    }

private:
    const bool makes_meshes_;
};

}  // namespace nebula::godot
