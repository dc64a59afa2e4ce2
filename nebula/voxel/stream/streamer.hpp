// SPDX-License-Identifier: MIT
// Shows a world around viewers: plans steps, has them built, and hands them to a sink.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/threading/frame_budget.hpp"
#include "nebula/voxel/mesh/mesh_scratch.hpp"
#include "nebula/voxel/stream/commit_sink.hpp"
#include "nebula/voxel/stream/detail/chunk_tree.hpp"
#include "nebula/voxel/stream/detail/commit_group.hpp"
#include "nebula/voxel/stream/detail/edit_group.hpp"
#include "nebula/voxel/stream/detail/loader.hpp"
#include "nebula/voxel/stream/detail/nested_boxes.hpp"
#include "nebula/voxel/stream/detail/planner.hpp"
#include "nebula/voxel/stream/reports.hpp"
#include "nebula/voxel/stream/settings.hpp"
#include "nebula/voxel/stream/viewer.hpp"
#include "nebula/voxel/world/world.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace nebula::voxel {

/// The functions of Terrain that have to do with what is shown; see there.
///
/// Threads:   owner thread of the world.
/// Lifetime:  borrows all that it is given. The destructor waits for the chunks that workers are
///            building; it does not call the sink.
class Streamer {
public:
    Streamer(World& world, WorkerPool& pool, const TerrainSettings& settings);
    ~Streamer();
    Streamer(const Streamer&) = delete;
    Streamer& operator=(const Streamer&) = delete;

    void set_viewers(std::span<const Viewer> viewers);

    void update();
    CommitReport commit(CommitSink& sink, Clock::duration budget);

    /// For an edit of the world that is about to be made: finds what it changes. Throws
    /// std::bad_alloc; nothing has changed then.
    void prepare_for(const EditReport& edit);
    /// The edit that was prepared for has been made.
    void note_edit() noexcept;
    [[nodiscard]] bool edits_pending() const noexcept {
        return new_edits_ > 0 || edit_group_ != nullptr || stale_ != nullptr;
    }
    EditCommit commit_edits(CommitSink& sink, Clock::time_point deadline);

    tl::expected<ChunkMesh, VoxelError> build_chunk(ChunkId chunk);
    std::size_t retry_failed();

    [[nodiscard]] bool is_loaded() const noexcept;
    [[nodiscard]] std::string audit() const;
    [[nodiscard]] bool is_area_ready(const Aabb& area, Level level) const noexcept;
    [[nodiscard]] std::string why_late(Vec3f position) const;
    [[nodiscard]] std::vector<ChunkId> shown_chunks() const;
    [[nodiscard]] std::optional<ChunkId> shown_chunk_at(Vec3f position) const noexcept;
    [[nodiscard]] TerrainStats stats() const;
    [[nodiscard]] const detail::LoadMeter& load_meter() const noexcept { return loader_.meter(); }

private:
    using Group = detail::CommitGroup;

    // Planning
    [[nodiscard]] const detail::NestedBoxes* view_of(std::span<const Viewer> viewers,
                                                     std::size_t place) const;
    [[nodiscard]] Level wanted_root_level() const noexcept;
    [[nodiscard]] std::vector<ChunkId> whole_families() const;
    [[nodiscard]] bool may_move_roots();
    void move_roots();
    void drop_steps();
    [[nodiscard]] bool plan_is_sound();
    [[nodiscard]] std::size_t expected_chunks() const noexcept;
    void plan(Clock::time_point start, Clock::time_point deadline);
    void begin_step(std::unique_ptr<Group> group);
    void receive();

    // Commits
    void commit_steps(CommitSink& sink, FrameBudget& frame, CommitReport& report);
    bool stage(Group& group, CommitSink& sink, FrameBudget& frame, CommitReport& report);
    void stage(detail::ChunkItem& item, CommitSink& sink, CommitReport& report) noexcept;
    void publish_bricks(detail::ChunkItem& item);
    void drop_bricks(ChunkId chunk) noexcept;
    [[nodiscard]] bool may_show(const Group& group) const noexcept;
    void show(Group& group, CommitSink& sink, CommitReport& report);
    void retire_first_step() noexcept;
    void hide(detail::ChunkNode& node, CommitSink& sink, CommitReport& report);
    void take_down(detail::ChunkNode& node, CommitSink& sink, CommitReport& report);
    static void unlink(detail::ChunkItem& item) noexcept;
    void leave(detail::ChunkNode& node);
    void discard_abandoned(CommitSink& sink) noexcept;
    void remove_leaving(CommitSink& sink, Clock::time_point deadline,
                        CommitReport& report) noexcept;

    // Edits
    void list_strips_beside(ChunkId chunk, const EditReport& edit);
    void mark(detail::ChunkNode& node) noexcept;
    void mark_stale(detail::ChunkItem& item) noexcept;
    void begin_edit_group();
    void commit_edit_group(CommitSink& sink, EditCommit& report);
    void show_as_of(detail::EditGroup& group, CommitSink& sink) noexcept;
    void stage_and_show(detail::ChunkNode& node, Surface* surface, CommitSink& sink);
    void set_failed(detail::ChunkNode& node, bool failed) noexcept;

    [[nodiscard]] bool is_ready(ChunkId chunk, const Aabb& area, Level level) const noexcept;
    [[nodiscard]] std::string why_late(const Group& step, std::size_t place) const;
    [[nodiscard]] std::string audit_now() const;
    [[nodiscard]] std::size_t& leaves(ChunkId of) noexcept {
        ++changes_;
        return shown_leaves_[static_cast<std::size_t>(of.level)];
    }

    World& world_;
    WorkerPool& pool_;
    const TerrainSettings& settings_;
    MeshScratchList scratches_;

    bool viewers_set_ = false;  // somebody has said who looks, if only that nobody does
    std::vector<detail::NestedBoxes> views_;
    std::vector<detail::NestedBoxes> next_views_;
    bool views_changed_ = false;  // and the planner does not know yet
    std::unique_ptr<detail::ChunkTree> tree_;
    std::unique_ptr<detail::Planner> planner_;
    std::deque<std::unique_ptr<Group>> steps_;       // planned and not yet shown, oldest first
    std::vector<std::unique_ptr<Group>> abandoned_;  // of a tree that is no more; workers use them
    // Chunks of roots that are gone from the tree, but not from the sink. No root is shown while there
    // are any.
    struct Leaving {
        ChunkId id;
        bool has_mesh;
    };
    std::vector<Leaving> leaving_;
    std::vector<ChunkId> discards_;  // staged for steps that were abandoned
    std::size_t waiting_bytes_ = 0;
    // The plan must become what is shown before the next step is planned: a viewer has jumped, or
    // planning has stopped halfway because there was no memory.
    bool replan_ = false;
    std::uint64_t may_not_raise_ = ~std::uint64_t{0};  // at this number of changes_

    std::vector<detail::ChunkNode*> marks_;  // what the edit changes that is about to be made
    // For the next edit group: chunks that are shown, and builds that wait in steps.
    std::vector<ChunkId> dirty_;
    detail::ChunkItem* stale_ = nullptr;
    std::size_t stale_count_ = 0;
    std::uint64_t shown_version_ =
        0;                          // the newest edit that is shown wherever it changed something
    std::size_t new_edits_ = 0;     // made since the last edit group began
    bool new_edits_late_ = false;   // some of them have been in a group that was late
    Clock::time_point first_edit_;  // of those

    Clock::duration spent_on_steps_{};                      // by commit(), since commit_edits()
    CostEstimate mesh_cost_;                                // of staging one mesh
    CostEstimate show_cost_{std::chrono::microseconds(1)};  // of one item of a step
    TerrainStats counters_;
    std::array<std::size_t, kLevels> shown_leaves_{};    // per level
    std::uint64_t changes_ = 0;                          // of what is shown
    std::uint64_t plans_ = 0;                            // of what shall be shown; for audit()
    mutable std::uint64_t audited_ = ~std::uint64_t{0};  // the sum of both then
    mutable std::string audit_;
    std::size_t shown_meshes_ = 0;
    std::size_t failed_ = 0;
    std::size_t unbuilt_ = 0;  // items of steps_
    std::size_t built_ = 0;    // items of steps_

    // Last, so that they end first: they wait for work that uses everything above.
    detail::Loader loader_;
    std::unique_ptr<detail::EditGroup> edit_group_;
};

}  // namespace nebula::voxel
