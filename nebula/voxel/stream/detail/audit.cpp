// SPDX-License-Identifier: MIT
#include "nebula/voxel/stream/detail/audit.hpp"

#include "nebula/voxel/space/ids.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <cstddef>
#include <cstdint>
#include <unordered_set>

namespace nebula::voxel::detail {

namespace {

bool is_shown(const ChunkTree& tree, ChunkId id) {
    const ChunkNode* node = tree.find(id);
    return node != nullptr && node->shown;
}

bool root_is_shown(const ChunkTree& tree, ChunkId id) {
    while (id.level < tree.root_level()) id = id.parent();
    return is_shown(tree, id);
}

// Where a chunk is split, every neighbour exists on its level, so none of its children lies beside a
// chunk that is two levels coarser.
void check_split(const ChunkTree& tree, const ChunkNode& node, std::string& wrong) {
    for (std::int32_t z = -1; z <= 1; ++z)
        for (std::int32_t y = -1; y <= 1; ++y)
            for (std::int32_t x = -1; x <= 1; ++x) {
                const ChunkId beside = node.id + Vec3i{x, y, z};
                if (!is_shown(tree, beside) && root_is_shown(tree, beside))
                    wrong += name_of(node.id) + " is split beside a coarser one; ";
            }
}

void check_strips(const ChunkTree& tree, const ChunkNode& node, std::string& wrong) {
    for (unsigned face = 0; face < kFaceNeighbours.size(); ++face) {
        const Vec3i at = node.id.at;
        const std::int32_t place = face < 2 ? at.x : face < 4 ? at.y : at.z;
        const bool is_sibling = floor_mod(place, 2) != static_cast<std::int32_t>(face % 2);
        const ChunkId beside = node.id + kFaceNeighbours[face];
        const bool coarser = !is_sibling && !is_shown(tree, beside) && root_is_shown(tree, beside);
        const bool has_strip = (node.shown_mask >> face & 1U) != 0;
        if (coarser == has_strip) continue;
        if (!coarser && !is_shown(tree, beside)) continue;  // where the world ends
        wrong += name_of(node.id) + (coarser ? " lacks a strip; " : " has a strip too many; ");
    }
}

}  // namespace

std::string audit(const ChunkTree& tree) {
    std::string wrong;
    tree.for_each([&](const ChunkNode& node) {
        if (node.has_mesh && !node.is_shown_leaf()) wrong += name_of(node.id) + " shows too much; ";
        if (!node.shown) return;
        if (node.id.level < tree.root_level()) {
            const ChunkNode* parent = tree.find(node.id.parent());
            if (parent == nullptr || !parent->shown || !parent->shown_split)
                wrong += name_of(node.id) + " is shown twice; ";
        }
        if (!node.shown_split) return check_strips(tree, node, wrong);
        for (int i = 0; i < 8; ++i)
            if (!is_shown(tree, node.id.child(i))) wrong += name_of(node.id) + " has a hole; ";
        check_split(tree, node, wrong);
    });
    return wrong;
}

std::string missing_roots(const ChunkTree& tree, const Planner& planner,
                          const std::deque<std::unique_ptr<CommitGroup>>& steps) {
    std::unordered_set<ChunkId, ChunkIdHash> appear;
    for (const auto& step : steps)
        for (const CommitGroup::Change& change : step->changes)
            if (change.kind == CommitGroup::Change::Kind::Appear) appear.insert(change.id);
    std::string wrong;
    for (const ChunkId root : planner.wanted_roots()) {
        const ChunkNode* node = tree.find(root);
        if (node != nullptr && node->shown) continue;
        const bool is_planned = node != nullptr && node->planned;
        if (is_planned ? appear.contains(root) : planner.may_lack_roots()) continue;
        wrong += name_of(root) + " is missing; ";
    }
    return wrong;
}

}  // namespace nebula::voxel::detail
