// SPDX-License-Identifier: MIT
// A chunk's mesh in the bytes of the engine's renderer.
#pragma once

#include "nebula/godot/binding/containers.hpp"
#include "nebula/voxel/stream/surface.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace nebula::godot {

/// What `mesh_add_surface` takes: a dictionary with the bytes of vertices and indices.
///
/// Threads:   as voxel::Surface. The engine's arrays and dictionaries belong to no thread.
class ChunkSurface final : public voxel::Surface {
public:
    ChunkSurface(const voxel::ChunkMesh& mesh, bool with_tangents);

    [[nodiscard]] std::size_t bytes() const noexcept override { return bytes_; }
    [[nodiscard]] const Dictionary& surface() const noexcept { return surface_; }
    [[nodiscard]] bool has_tangents() const noexcept { return has_tangents_; }

private:
    Dictionary surface_;
    std::size_t bytes_;
    bool has_tangents_;
};

/// Packs meshes on the threads that build them, so that the main thread only hands the bytes to the
/// renderer.
///
/// Threads:   any.
/// Cost:      make: about 10 us for 3000 vertices; nearly all of it is the copy. Tangents add about as
///            much again, and 4 bytes for each vertex.
class ChunkSurfaceMaker final : public voxel::SurfaceMaker {
public:
    explicit ChunkSurfaceMaker(bool tangents) : tangents_(tangents) {}

    /// Whether meshes get tangents from now on. Surfaces that are under way may be without.
    void set_tangents(bool tangents) noexcept {
        // Nothing else is published with it; a surface says itself which kind it is.
        tangents_.store(tangents, std::memory_order_relaxed);
    }

    [[nodiscard]] std::unique_ptr<voxel::Surface> make(
        const voxel::ChunkMesh& mesh) const override {
        return std::make_unique<ChunkSurface>(mesh, tangents_.load(std::memory_order_relaxed));
    }

private:
    std::atomic<bool> tangents_;
};

}  // namespace nebula::godot
