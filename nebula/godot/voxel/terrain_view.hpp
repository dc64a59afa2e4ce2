// SPDX-License-Identifier: MIT
// The chunks of one terrain on the screen: where the terrain commits to.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/godot/voxel/chunk_instance.hpp"
#include "nebula/godot/voxel/chunk_surface.hpp"
#include "nebula/godot/voxel/terrain_materials.hpp"
#include "nebula/voxel/stream/terrain.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace nebula::godot {

/// Turns commits into render instances, and keeps failures until the node reports them: scripts
/// must not run in the middle of a commit.
///
/// Threads:   main thread.
class TerrainView final : public voxel::CommitSink {
public:
    TerrainView(const ChunkLook& look, const Transform3D& place)
        : look_(look), place_(place), surfaces_(std::make_shared<ChunkSurfaceMaker>()) {}

    /// Makes what stage() takes; for the terrain's settings.
    [[nodiscard]] std::shared_ptr<const voxel::SurfaceMaker> surfaces() const { return surfaces_; }

    void stage(voxel::ChunkId chunk, voxel::Surface& surface) noexcept override;
    void show(voxel::ChunkId chunk) noexcept override;
    void remove(voxel::ChunkId chunk) noexcept override;
    void discard(voxel::ChunkId chunk) noexcept override;
    void failed(voxel::ChunkId chunk, const voxel::VoxelError& error) noexcept override;

    /// Frees what remove() and discard() have put away, until the deadline; at least a few, and one
    /// in 32.
    void free_removed(Clock::time_point deadline);

    void set_scenario(RID scenario);
    /// Costs nothing when the place is the same.
    void set_place(const Transform3D& place);
    void set_visible(bool visible);
    /// Takes over the part of a look that set_geometry of a chunk sets.
    void set_geometry(const ChunkLook& look);

    /// The user's own, which comes before a library's.
    void set_material(RID material);
    /// What chunks are drawn with if the user has no material; null: nothing.
    void set_materials(std::unique_ptr<TerrainMaterials> materials);
    [[nodiscard]] TerrainMaterials* materials() const noexcept { return materials_.get(); }
    /// As ChunkSurfaceMaker::say().
    bool say(VertexMaterials what, const VertexColors& colors) {
        return surfaces_->say(what, colors);
    }

    [[nodiscard]] const ChunkLook& look() const noexcept { return look_; }
    [[nodiscard]] const Transform3D& place() const noexcept { return place_; }
    [[nodiscard]] std::uint64_t triangle_count() const noexcept { return triangles_; }
    /// What show() and remove() have done since the last take_news(), if anybody wants to know.
    struct News {
        voxel::ChunkId chunk;
        bool shown;
    };
    void want_news(bool wanted) noexcept { news_wanted_ = wanted; }
    [[nodiscard]] std::vector<News> take_news() noexcept { return std::exchange(news_, {}); }
    struct Failure {
        voxel::ChunkId chunk;
        std::string message;
    };
    [[nodiscard]] bool has_failures() const noexcept {
        return !failures_.empty() || !trouble_.empty();
    }
    /// Keeps that, too, until the node reports it.
    void no_memory() noexcept;
    /// What went wrong at the last chunk that could not be shown; empty if nothing did.
    [[nodiscard]] std::string take_trouble() noexcept { return std::exchange(trouble_, {}); }
    [[nodiscard]] std::vector<Failure> take_failures() noexcept {
        return std::exchange(failures_, {});
    }

private:
    [[nodiscard]] RID material_for(int material) const;
    void show_materials();
    [[nodiscard]] Transform3D place_of(voxel::ChunkId chunk) const;
    void note_trouble(const char* what) noexcept;
    void note(voxel::ChunkId chunk, bool shown) noexcept;
    void free_later(std::unique_ptr<ChunkInstance> instance) noexcept;

    ChunkLook look_;
    Transform3D place_;
    std::shared_ptr<ChunkSurfaceMaker> surfaces_;
    std::unique_ptr<TerrainMaterials> materials_;  // before the chunks, which have them
    std::unordered_map<voxel::ChunkId, std::unique_ptr<ChunkInstance>, voxel::ChunkIdHash> chunks_;
    std::vector<std::unique_ptr<ChunkInstance>> removed_;  // hidden
    std::uint64_t triangles_ = 0;
    bool news_wanted_ = false;
    std::vector<News> news_;
    std::vector<Failure> failures_;
    std::string trouble_;
};

}  // namespace nebula::godot
