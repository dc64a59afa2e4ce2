// SPDX-License-Identifier: MIT
// A chunk's mesh in the form in which a sink shows it.
#pragma once

#include "nebula/voxel/mesh/chunk_mesh.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace nebula::voxel {

/// What a sink needs to show a mesh. The thread that meshed the chunk makes it, so that a commit on
/// the owner thread has little left to do.
///
/// Threads:   one at a time; whichever thread destroys it, not always the one that made it.
class Surface {
public:
    explicit Surface(std::uint32_t triangle_count) noexcept : triangle_count_(triangle_count) {}
    Surface(const Surface&) = delete;
    Surface& operator=(const Surface&) = delete;
    virtual ~Surface() = default;

    [[nodiscard]] std::uint32_t triangle_count() const noexcept { return triangle_count_; }
    /// Memory that it takes; see TerrainSettings::most_waiting_bytes.
    [[nodiscard]] virtual std::size_t bytes() const noexcept = 0;

private:
    std::uint32_t triangle_count_;
};

/// Makes the surfaces of one terrain.
///
/// Threads:   make: any thread, and several at once.
class SurfaceMaker {
public:
    SurfaceMaker() = default;
    SurfaceMaker(const SurfaceMaker&) = delete;
    SurfaceMaker& operator=(const SurfaceMaker&) = delete;
    virtual ~SurfaceMaker() = default;

    /// Whether meshes shall say what the ground is made of. If not, nobody finds it out. Any thread; the
    /// answer may change, and counts for chunks whose build begins after that.
    [[nodiscard]] virtual bool wants_materials() const noexcept { return false; }
    /// The mesh is never empty, and is valid only during the call. What it throws becomes the
    /// chunk's VoxelError.
    [[nodiscard]] virtual std::unique_ptr<Surface> make(const ChunkMesh& mesh) const = 0;
};

/// A copy of the mesh: for tests, tools and sinks that want no more.
class MeshSurface final : public Surface {
public:
    explicit MeshSurface(ChunkMesh copy) noexcept
        : Surface(copy.triangle_count()), mesh(std::move(copy)) {}

    [[nodiscard]] std::size_t bytes() const noexcept override {
        return mesh.vertex_data.capacity() + mesh.index_data.capacity() +
               mesh.attribute_data.capacity();
    }

    ChunkMesh mesh;
};

/// The maker that a terrain has unless it is given another one.
class MeshSurfaceMaker final : public SurfaceMaker {
public:
    [[nodiscard]] std::unique_ptr<Surface> make(const ChunkMesh& mesh) const override {
        return std::make_unique<MeshSurface>(mesh);
    }
};

}  // namespace nebula::voxel
