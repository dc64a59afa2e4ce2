// SPDX-License-Identifier: MIT
// Decides what to show next: forms groups that lead from the plan to what the viewers ask for.
#pragma once

#include "nebula/voxel/space/ids.hpp"
#include "nebula/voxel/stream/detail/chunk_tree.hpp"
#include "nebula/voxel/stream/detail/commit_group.hpp"
#include "nebula/voxel/stream/detail/nested_boxes.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace nebula::voxel::detail {

/// Coarse before fine and near before far; what is ahead of a viewer counts as nearer. Roots come
/// first, then splits from the coarsest level down, then merges from the finest level up. A split or
/// a merge that would make neighbours differ by more than one level waits for the others; since what
/// the viewers ask for differs by one level at most, some change is always possible until the plan
/// is what they ask for (README, "Steps").
///
/// Threads:   owner thread.
/// Cost:      next: in proportion to the group, and once per level after a box has moved, to the
///            chunks of that level's box.
/// Lifetime:  borrows the tree.
class Planner {
public:
    explicit Planner(ChunkTree& tree) : tree_(tree) {}

    /// The viewers, or one of their boxes, have changed. There may be none: then nothing is wanted.
    void set_views(const std::vector<NestedBoxes>& views);
    /// The tree's plan has become what is shown.
    void start_over();
    /// Builds every failed chunk of the plan again.
    void retry_failed() { retry_ = true; }

    /// The next step; null when the plan is what the viewers ask for.
    std::unique_ptr<CommitGroup> next();
    [[nodiscard]] bool is_done() const noexcept { return done_ && !retry_; }

    [[nodiscard]] bool wants_split(ChunkId chunk) const noexcept;
    [[nodiscard]] bool wants_root(ChunkId chunk) const noexcept;
    /// Every root that the viewers ask for, each once.
    [[nodiscard]] std::vector<ChunkId> wanted_roots() const;
    /// Whether next() has yet to look for roots that the plan lacks.
    [[nodiscard]] bool may_lack_roots() const noexcept { return roots_stale_; }
    /// Smaller is sooner.
    [[nodiscard]] double rank(ChunkId chunk) const noexcept;

private:
    using Change = CommitGroup::Change;

    struct Ranked {
        double rank;
        ChunkId id;
    };

    [[nodiscard]] std::unique_ptr<CommitGroup> take_back_strips();
    void append_missing_roots(std::vector<Change>& changes);
    void append_unwanted_roots(std::vector<Change>& changes);
    void append_splits(std::vector<Change>& changes);
    void append_merges(std::vector<Change>& changes);
    void append_unblocking(std::vector<Change>& changes);
    void append_merges_around(ChunkId chunk, std::vector<Change>& changes);
    void list_splits(Level level);
    [[nodiscard]] std::unique_ptr<CommitGroup> form(std::vector<Change> changes);
    void unplan_below(ChunkNode& node);

    ChunkTree& tree_;
    std::vector<NestedBoxes> views_;
    std::vector<ChunkId> roots_;  // of the plan
    // Per level: chunks that shall be split, the first one last; and whether the list is out of date.
    std::array<std::vector<Ranked>, kLevels> to_split_;
    std::array<bool, kLevels> lists_stale_{};
    std::vector<ChunkId> blocked_roots_;  // missing, and too much is fine beside them
    bool roots_stale_ = false;
    bool strips_stale_ = false;  // roots may have strips
    bool done_ = true;
    bool retry_ = false;
};

}  // namespace nebula::voxel::detail
