// SPDX-License-Identifier: MIT
// Where colliders go: the physics engine's side.
#pragma once

#include "nebula/voxel/mesh/collider_mesh.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <memory>

namespace nebula::voxel {

/// A tile's shape in the physics engine, not yet part of the world.
///
/// Threads:   bake: a worker. The rest: owner thread.
class ColliderShape {
public:
    ColliderShape() = default;
    ColliderShape(const ColliderShape&) = delete;
    ColliderShape& operator=(const ColliderShape&) = delete;
    virtual ~ColliderShape() = default;

    /// Whether bake() has something to do.
    [[nodiscard]] virtual bool bakes_on_worker() const noexcept = 0;
    /// Does the expensive part, so that showing the shape is cheap. Nothing else uses the shape
    /// meanwhile.
    virtual void bake() noexcept = 0;
};

/// Called by Colliders on the owner thread, inside update() and clear() only. Tiles are tiles of
/// TileBlock: 16^3 cells of level 0.
class ColliderSink {
public:
    ColliderSink() = default;
    ColliderSink(const ColliderSink&) = delete;
    ColliderSink& operator=(const ColliderSink&) = delete;
    virtual ~ColliderSink() = default;

    /// Makes a shape for a tile of triangles, of which there is at least one.
    /// \throws std::bad_alloc, or what else is derived from std::exception.
    [[nodiscard]] virtual std::unique_ptr<ColliderShape> make(Vec3i tile,
                                                              const ColliderMesh& mesh) = 0;
    /// Bodies collide with the shape from the next physics tick on, and no more with the one that the
    /// tile had before.
    virtual void show(Vec3i tile, std::unique_ptr<ColliderShape> shape) noexcept = 0;
    /// The tile has no shape any more. Called only for one that shows a shape.
    virtual void remove(Vec3i tile) noexcept = 0;
    /// The tile could not be built. It keeps the shape that it has, if any.
    virtual void failed(Vec3i tile, const VoxelError& error) noexcept = 0;
};

}  // namespace nebula::voxel
