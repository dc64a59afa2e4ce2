// SPDX-License-Identifier: MIT
// The chunks of one terrain on the screen: where the terrain commits to.
#pragma once

#include "nebula/godot/voxel/chunk_instance.hpp"
#include "nebula/voxel/terrain.hpp"

#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace nebula::godot {

/// A chunk that could not be built.
struct ChunkFailure {
    voxel::Vec3i chunk;
    std::string message;
};

/// Turns commits into render instances, and keeps failures until the node reports them: scripts
/// must not run in the middle of a commit.
///
/// Threads:   main thread.
class TerrainView final : public voxel::CommitSink {
public:
    TerrainView(RID scenario, const Transform3D& place, RID material, bool visible)
        : scenario_(scenario), place_(place), material_(material), visible_(visible) {}

    void commit(voxel::Vec3i chunk, const voxel::ChunkMesh& mesh) noexcept override;
    void remove(voxel::Vec3i chunk) noexcept override;
    void failed(voxel::Vec3i chunk, const voxel::VoxelError& error) noexcept override;

    void set_place(const Transform3D& place);
    void set_material(RID material);
    void set_visible(bool visible);

    [[nodiscard]] std::uint64_t triangle_count() const noexcept { return triangles_; }
    [[nodiscard]] std::vector<ChunkFailure> take_failures() noexcept {
        return std::exchange(failures_, {});
    }

private:
    [[nodiscard]] Transform3D place_of(voxel::Vec3i chunk) const;

    RID scenario_;
    Transform3D place_;
    RID material_;
    bool visible_;
    std::unordered_map<voxel::Vec3i, std::unique_ptr<ChunkInstance>, voxel::Vec3iHash> chunks_;
    std::uint64_t triangles_ = 0;
    std::vector<ChunkFailure> failures_;
};

}  // namespace nebula::godot
