// SPDX-License-Identifier: MIT
// Which chunks exist, on every level: as they are shown, and as they will be once the groups under
// way are shown.
#pragma once

#include "nebula/voxel/space/ids.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace nebula::voxel::detail {

struct ChunkItem;

/// A chunk that is shown, planned, or both. It is *split* if its eight children take its place, and
/// a *leaf* otherwise.
struct ChunkNode {
    ChunkId id;

    // The plan: what the newest group leads to.
    bool planned = false;
    bool planned_split = false;
    bool mask_changed = false;      ///< By the step that is being planned.
    std::uint8_t planned_mask = 0;  ///< Faces that get a strip; of a leaf.

    // What is on the screen.
    bool shown = false;
    bool shown_split = false;
    std::uint8_t shown_mask = 0;
    bool has_mesh = false;  ///< The sink shows a mesh for it.
    bool failed = false;    ///< Its newest build failed.

    // Edits.
    bool dirty = false;                  ///< Edited since the last edit group began.
    bool in_edit_group = false;          ///< Being rebuilt by an edit group.
    std::uint64_t required_version = 0;  ///< Older builds are not shown.

    /// The newest build of this chunk in a group that is not shown yet; null if there is none.
    ChunkItem* newest_item = nullptr;
    std::size_t place_among_split = 0;  ///< In ChunkTree::split(level).

    [[nodiscard]] bool is_planned_leaf() const noexcept { return planned && !planned_split; }
    [[nodiscard]] bool is_shown_leaf() const noexcept { return shown && !shown_split; }
};

/// The neighbours across the six faces, in the order of a strip mask: -x, +x, -y, +y, -z, +z.
inline constexpr std::array<Vec3i, 6> kFaceNeighbours{
    {{-1, 0, 0}, {1, 0, 0}, {0, -1, 0}, {0, 1, 0}, {0, 0, -1}, {0, 0, 1}}};

/// The four chunks of the next finer level that touch this face of a chunk from outside.
[[nodiscard]] std::array<ChunkId, 4> children_beside(ChunkId chunk, unsigned face) noexcept;

/// For messages.
[[nodiscard]] std::string name_of(ChunkId id);

/// Roots are of one level, the coarsest. Neighbours in the plan, diagonals included, differ by at
/// most one level; where there is no root, the world ends.
///
/// Threads:   owner thread.
/// Cost:      a look-up is a hash and a probe. Nodes do not move in memory.
class ChunkTree {
public:
    explicit ChunkTree(Level root_level) : root_level_(root_level) {}

    [[nodiscard]] Level root_level() const noexcept { return root_level_; }
    [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }
    [[nodiscard]] std::size_t planned_leaves() const noexcept { return planned_leaves_; }
    void reserve(std::size_t nodes) { nodes_.reserve(nodes); }
    /// A node that is neither planned nor shown, or the one that is there.
    ChunkNode& add(ChunkId id);
    /// Call plan_what_is_shown() next.
    void set_root_level(Level level) noexcept { root_level_ = level; }

    [[nodiscard]] ChunkNode* find(ChunkId id) noexcept {
        const auto at = nodes_.find(id);
        return at == nodes_.end() ? nullptr : &at->second;
    }
    [[nodiscard]] const ChunkNode* find(ChunkId id) const noexcept {
        const auto at = nodes_.find(id);
        return at == nodes_.end() ? nullptr : &at->second;
    }
    template <class F>  // called with a ChunkNode&
    void for_each(F&& f) {
        for (auto& [id, node] : nodes_) f(node);
    }
    template <class F>
    void for_each(F&& f) const {
        for (const auto& [id, node] : nodes_) f(node);
    }

    // ---- The plan
    /// Adds a leaf to the plan.
    ChunkNode& plan(ChunkId id);
    /// Takes a leaf out of the plan.
    void unplan(ChunkNode& node);
    void split(ChunkNode& node);
    void merge(ChunkNode& node);
    /// The nodes of a level that are split in the plan.
    [[nodiscard]] const std::vector<ChunkNode*>& split_nodes(Level level) const noexcept {
        return split_[static_cast<std::size_t>(level)];
    }

    /// Whether its neighbours are fine enough for its children: each exists on its level.
    [[nodiscard]] bool may_split(ChunkId id) const noexcept;
    /// Whether its neighbours are coarse enough for it to be a leaf: none of the children around it
    /// is split.
    [[nodiscard]] bool may_be_leaf(ChunkId id) const noexcept;
    /// Those children.
    [[nodiscard]] std::vector<ChunkId> too_fine_around(ChunkId id) const;
    /// Across which faces the plan has a leaf of the chunk's own level.
    [[nodiscard]] std::uint8_t leaf_faces(ChunkId id) const noexcept;
    /// Which faces of a leaf get a strip: those across which the plan is coarser. That is where it
    /// lies on a face of its parent, and a leaf beside that.
    [[nodiscard]] std::uint8_t mask_of(ChunkId id) const noexcept {
        return id.level == root_level_ ? std::uint8_t{0} : child_mask(leaf_faces(id.parent()), id);
    }
    /// The same for a chunk whose parent has these leaf_faces.
    [[nodiscard]] static std::uint8_t child_mask(std::uint8_t leaf_faces, ChunkId id) noexcept;

    /// Makes the plan what is shown, and forgets every item; nodes that only a step would have shown
    /// go.
    void plan_what_is_shown();

    /// Forgets the node if neither the plan nor the screen has it.
    void erase_if_unused(ChunkNode& node);

private:
    template <class F>
    bool for_each_too_fine(ChunkId id, F&& f) const;
    [[nodiscard]] bool is_planned(ChunkId id) const noexcept {
        const ChunkNode* node = find(id);
        return node != nullptr && node->planned;
    }
    [[nodiscard]] ChunkId root_of(ChunkId id) const noexcept {
        while (id.level < root_level_) id = id.parent();
        return id;
    }

    Level root_level_;
    std::size_t planned_leaves_ = 0;
    std::unordered_map<ChunkId, ChunkNode, ChunkIdHash> nodes_;
    std::array<std::vector<ChunkNode*>, kLevels> split_;
};

}  // namespace nebula::voxel::detail
