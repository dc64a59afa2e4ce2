// SPDX-License-Identifier: MIT
// A chunk's mesh in the bytes of the engine's renderer.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/math.hpp"
#include "nebula/godot/voxel/renderer_mesh.hpp"
#include "nebula/voxel/field/material.hpp"
#include "nebula/voxel/stream/surface.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace nebula::godot {

/// What vertices tell a shader about their materials, beside where they are.
enum class VertexMaterials : std::uint8_t {
    None,
    OfMany,  ///< CUSTOM0, in meshes of more than one material.
    All,     ///< COLOR and CUSTOM0, in every mesh.
};

/// The colours of materials as vertices have them (vertex_color()), by number.
using VertexColors = std::array<std::uint32_t, voxel::kMaterials>;

/// The bytes of vertices and indices, or the renderer's mesh that was made of them.
///
/// Threads:   as voxel::Surface. The engine's arrays and dictionaries belong to no thread.
class ChunkSurface final : public voxel::Surface {
public:
    /// \param colors  null: vertices have none.
    ChunkSurface(const voxel::ChunkMesh& mesh, const VertexColors* colors);

    [[nodiscard]] std::size_t bytes() const noexcept override { return bytes_; }

    /// That of the whole mesh, or TerrainMaterials::kMany.
    [[nodiscard]] int material() const noexcept { return material_; }

    /// Makes the mesh on this thread.
    void make_mesh();
    /// Takes the mesh out; makes it, if nobody has. Main thread.
    [[nodiscard]] RendererMesh take_mesh();

private:
    Dictionary surface_;  // empty once the mesh is made
    RendererMesh mesh_;
    AABB bounds_;
    std::size_t bytes_;
    int material_;
};

/// Packs meshes on the threads that build them, so that the main thread only hands the bytes to the
/// renderer, or not even that.
///
/// Threads:   any; say() on the main thread.
/// Cost:      make: about 10 us for 3000 vertices; nearly all of it is the copy.
class ChunkSurfaceMaker final : public voxel::SurfaceMaker {
public:
    ChunkSurfaceMaker() : makes_meshes_(RendererMesh::may_be_made_on_workers()) {}

    [[nodiscard]] std::unique_ptr<voxel::Surface> make(const voxel::ChunkMesh& mesh) const override;
    [[nodiscard]] bool wants_materials() const noexcept override {
        return wants_materials_.load(std::memory_order_relaxed);  // publishes nothing
    }

    /// From the next build on. Returns whether meshes that were made before are of another kind.
    /// \param colors  for VertexMaterials::All.
    bool say(VertexMaterials what, const VertexColors& colors);

private:
    const bool makes_meshes_;
    std::atomic<bool> wants_materials_{false};
    VertexMaterials said_ = VertexMaterials::None;  // the main thread's
    mutable Mutex mutex_;
    std::shared_ptr<const VertexColors> colors_ NEBULA_GUARDED_BY(mutex_);  // null: none
};

}  // namespace nebula::godot
