// SPDX-License-Identifier: MIT
// A chunk's mesh in the bytes of the engine's renderer.
#pragma once

#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/voxel/renderer_mesh.hpp"
#include "nebula/voxel/stream/surface.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace nebula::godot {

/// The bytes of vertices and indices, or the renderer's mesh that was made of them.
///
/// Threads:   as voxel::Surface. The engine's arrays and dictionaries belong to no thread.
class ChunkSurface final : public voxel::Surface {
public:
    ChunkSurface(const voxel::ChunkMesh& mesh, bool with_tangents);

    [[nodiscard]] std::size_t bytes() const noexcept override { return bytes_; }
    [[nodiscard]] bool has_tangents() const noexcept { return has_tangents_; }

    /// Makes the mesh on this thread.
    void make_mesh();
    /// Takes the mesh out; makes it, if nobody has.
    [[nodiscard]] RendererMesh take_mesh();

private:
    Dictionary surface_;  // empty once the mesh is made
    RendererMesh mesh_;
    std::size_t bytes_;
    bool has_tangents_;
};

/// Packs meshes on the threads that build them, so that the main thread only hands the bytes to the
/// renderer, or not even that.
///
/// Threads:   any.
/// Cost:      make: about 10 us for 3000 vertices; nearly all of it is the copy. Tangents add about as
///            much again, and 4 bytes for each vertex.
class ChunkSurfaceMaker final : public voxel::SurfaceMaker {
public:
    explicit ChunkSurfaceMaker(bool tangents)
        : makes_meshes_(RendererMesh::may_be_made_on_workers()), tangents_(tangents) {}

    /// Whether meshes get tangents from now on. Surfaces that are under way may be without.
    void set_tangents(bool tangents) noexcept {
        // Nothing else is published with it; a surface says itself which kind it is.
        tangents_.store(tangents, std::memory_order_relaxed);
    }

    [[nodiscard]] std::unique_ptr<voxel::Surface> make(
        const voxel::ChunkMesh& mesh) const override {
        auto surface =
            std::make_unique<ChunkSurface>(mesh, tangents_.load(std::memory_order_relaxed));
        if (makes_meshes_) surface->make_mesh();
        return surface;
    }

private:
    const bool makes_meshes_;
    std::atomic<bool> tangents_;
};

}  // namespace nebula::godot
