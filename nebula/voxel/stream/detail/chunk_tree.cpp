// SPDX-License-Identifier: MIT
#include "nebula/voxel/stream/detail/chunk_tree.hpp"

#include "nebula/base/assert.hpp"

namespace nebula::voxel::detail {

std::array<ChunkId, 4> children_beside(ChunkId chunk, unsigned face) noexcept {
    const ChunkId neighbour = chunk + kFaceNeighbours[face];
    const auto axis = static_cast<int>(face / 2);
    // On the face's axis, the neighbour's half that is nearer.
    const int near = face % 2 == 0 ? 1 << axis : 0;
    const int along = 1 << ((axis + 1) % 3);
    const int across = 1 << ((axis + 2) % 3);
    return {neighbour.child(near), neighbour.child(near | along), neighbour.child(near | across),
            neighbour.child(near | along | across)};
}

std::string name_of(ChunkId id) {
    return "chunk (" + std::to_string(id.at.x) + ", " + std::to_string(id.at.y) + ", " +
           std::to_string(id.at.z) + ") of level " + std::to_string(id.level);
}

ChunkNode& ChunkTree::add(ChunkId id) {
    ChunkNode& node = nodes_.try_emplace(id).first->second;
    node.id = id;
    return node;
}

ChunkNode& ChunkTree::plan(ChunkId id) {
    ChunkNode& node = add(id);
    NEBULA_ASSERT(!node.planned, "a chunk was planned twice");
    node.planned = true;
    ++planned_leaves_;
    return node;
}

void ChunkTree::unplan(ChunkNode& node) {
    NEBULA_ASSERT(node.is_planned_leaf(), "only a leaf can leave the plan");
    node.planned = false;
    --planned_leaves_;
}

void ChunkTree::split(ChunkNode& node) {
    NEBULA_ASSERT(node.is_planned_leaf() && node.id.level > 0, "this chunk cannot be split");
    node.planned_split = true;
    --planned_leaves_;
    std::vector<ChunkNode*>& split = split_[static_cast<std::size_t>(node.id.level)];
    node.place_among_split = split.size();
    split.push_back(&node);
    for (int i = 0; i < 8; ++i) plan(node.id.child(i));
}

void ChunkTree::merge(ChunkNode& node) {
    NEBULA_ASSERT(node.planned && node.planned_split, "this chunk is not split");
    for (int i = 0; i < 8; ++i) unplan(*find(node.id.child(i)));
    node.planned_split = false;
    ++planned_leaves_;
    std::vector<ChunkNode*>& split = split_[static_cast<std::size_t>(node.id.level)];
    split.back()->place_among_split = node.place_among_split;
    split[node.place_among_split] = split.back();
    split.pop_back();
}

bool ChunkTree::may_split(ChunkId id) const noexcept {
    for (std::int32_t z = -1; z <= 1; ++z)
        for (std::int32_t y = -1; y <= 1; ++y)
            for (std::int32_t x = -1; x <= 1; ++x) {
                const ChunkId neighbour = id + Vec3i{x, y, z};
                if (!is_planned(neighbour) && is_planned(root_of(neighbour))) return false;
            }
    return true;
}

// Calls f(child) for the children around a chunk, and in it, that are split in the plan, until it
// returns false.
template <class F>
bool ChunkTree::for_each_too_fine(ChunkId id, F&& f) const {
    // A child that is split is a split node of the next level: while a world loads, there is none.
    if (id.level == 0 || split_nodes(id.level - 1).empty()) return true;
    // On an axis, a neighbour's children that touch the chunk: both, or the half that faces it.
    const auto touches = [](std::int32_t side, int half) {
        return side == 0 || half == (side < 0 ? 1 : 0);
    };
    for (std::int32_t z = -1; z <= 1; ++z)
        for (std::int32_t y = -1; y <= 1; ++y)
            for (std::int32_t x = -1; x <= 1; ++x) {
                const ChunkNode* node = find(id + Vec3i{x, y, z});
                if (node == nullptr || !node->planned || !node->planned_split) continue;
                for (int i = 0; i < 8; ++i) {
                    if (!touches(x, i & 1) || !touches(y, (i >> 1) & 1) ||
                        !touches(z, (i >> 2) & 1))
                        continue;
                    const ChunkId child = node->id.child(i);
                    if (find(child)->planned_split && !f(child)) return false;
                }
            }
    return true;
}

bool ChunkTree::may_be_leaf(ChunkId id) const noexcept {
    return for_each_too_fine(id, [](ChunkId) { return false; });
}

std::vector<ChunkId> ChunkTree::too_fine_around(ChunkId id) const {
    std::vector<ChunkId> found;
    for_each_too_fine(id, [&](ChunkId child) {
        found.push_back(child);
        return true;
    });
    return found;
}

std::uint8_t ChunkTree::leaf_faces(ChunkId id) const noexcept {
    unsigned faces = 0;
    for (unsigned face = 0; face < kFaceNeighbours.size(); ++face) {
        const ChunkNode* neighbour = find(id + kFaceNeighbours[face]);
        if (neighbour != nullptr && neighbour->is_planned_leaf()) faces |= 1U << face;
    }
    return static_cast<std::uint8_t>(faces);
}

std::uint8_t ChunkTree::child_mask(std::uint8_t leaf_faces, ChunkId id) noexcept {
    const auto side = [](std::int32_t c) { return 1U << floor_mod(c, 2); };
    const unsigned outer = side(id.at.x) | side(id.at.y) << 2U | side(id.at.z) << 4U;
    return static_cast<std::uint8_t>(leaf_faces & outer);
}

void ChunkTree::plan_what_is_shown() {
    std::erase_if(nodes_, [](const auto& entry) { return !entry.second.shown; });
    planned_leaves_ = 0;
    for (std::vector<ChunkNode*>& split : split_) split.clear();
    // First what cannot fail: no node may name an item that is gone.
    for (auto& [id, node] : nodes_) {
        node.planned = true;
        node.planned_split = node.shown_split;
        node.planned_mask = node.shown_mask;
        node.mask_changed = false;
        node.newest_item = nullptr;
        planned_leaves_ += node.shown_split ? 0 : 1;
    }
    for (auto& [id, node] : nodes_) {
        if (!node.shown_split) continue;
        std::vector<ChunkNode*>& split = split_[static_cast<std::size_t>(id.level)];
        node.place_among_split = split.size();
        split.push_back(&node);
    }
}

void ChunkTree::erase_if_unused(ChunkNode& node) {
    if (!node.planned && !node.shown && node.newest_item == nullptr) nodes_.erase(node.id);
}

}  // namespace nebula::voxel::detail
