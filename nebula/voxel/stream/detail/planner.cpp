// SPDX-License-Identifier: MIT
#include "nebula/voxel/stream/detail/planner.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/voxel/field/sample.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <unordered_map>
#include <utility>

namespace nebula::voxel::detail {

namespace {

// Of one group. Large enough that few chunks get strips for a neighbour that is about to be split,
// and small enough that it is soon built, and shown within a frame.
constexpr std::size_t kMostChanges = 32;
// The same while a whole level is to be split, as when a world loads. Each step meshes the chunks along
// its edge with strips that the next one makes superfluous, and larger steps have less edge.
constexpr std::size_t kManySplits = 64;
constexpr std::size_t kMostOfManySplits = 128;
// Of roots that appear. Most of them are air or rock.
constexpr std::size_t kMostRoots = 512;

// A chunk behind a viewer ranks as if it were this many times as far away.
constexpr double kBehind = 2.0;

}  // namespace

void Planner::set_views(const std::vector<NestedBoxes>& views) {
    const auto box_changed = [&](Level level) {
        if (views.size() != views_.size()) return true;
        for (std::size_t i = 0; i < views.size(); ++i)
            if (views[i].box(level) != views_[i].box(level)) return true;
        return false;
    };
    for (Level level = 1; level <= tree_.root_level(); ++level)
        lists_stale_[static_cast<std::size_t>(level)] |= box_changed(level - 1);
    roots_stale_ |= box_changed(tree_.root_level());
    views_ = views;
    done_ = false;
}

void Planner::start_over() {
    roots_.clear();
    tree_.for_each([this](const ChunkNode& node) {
        if (node.id.level == tree_.root_level()) roots_.push_back(node.id);
    });
    for (std::vector<Ranked>& list : to_split_) list.clear();
    lists_stale_.fill(true);
    roots_stale_ = true;
    strips_stale_ = true;
    done_ = false;
}

bool Planner::wants_split(ChunkId chunk) const noexcept {
    return chunk.level > 0 &&
           std::any_of(views_.begin(), views_.end(),
                       [&](const NestedBoxes& view) { return view.covers(chunk.child(0)); });
}

bool Planner::wants_root(ChunkId chunk) const noexcept {
    return std::any_of(views_.begin(), views_.end(),
                       [&](const NestedBoxes& view) { return view.covers(chunk); });
}

std::vector<ChunkId> Planner::wanted_roots() const {
    const Level level = tree_.root_level();
    std::vector<ChunkId> roots;
    for (const NestedBoxes& view : views_) {
        const Box3i& box = view.box(level);
        for (std::int32_t z = box.min.z; z < box.max.z; ++z)
            for (std::int32_t y = box.min.y; y < box.max.y; ++y)
                for (std::int32_t x = box.min.x; x < box.max.x; ++x)
                    roots.push_back({{x, y, z}, level});
    }
    if (views_.size() < 2) return roots;
    std::sort(roots.begin(), roots.end());
    roots.erase(std::unique(roots.begin(), roots.end()), roots.end());
    return roots;
}

double Planner::rank(ChunkId chunk) const noexcept {
    const double size = static_cast<double>(voxel_size(chunk.level)) * kChunkSize;
    double best = std::numeric_limits<double>::infinity();
    for (const NestedBoxes& view : views_) {
        const Viewer& viewer = view.viewer();
        const auto away = [size](std::int32_t c, float at) {
            return (c + 0.5) * size - static_cast<double>(at);
        };
        const double x = away(chunk.at.x, viewer.position.x);
        const double y = away(chunk.at.y, viewer.position.y);
        const double z = away(chunk.at.z, viewer.position.z);
        const bool behind = x * static_cast<double>(viewer.forward.x) +
                                y * static_cast<double>(viewer.forward.y) +
                                z * static_cast<double>(viewer.forward.z) <
                            0.0;
        const double distance2 = x * x + y * y + z * z;
        best = std::min(best, behind ? distance2 * kBehind * kBehind : distance2);
    }
    return best;
}

std::unique_ptr<CommitGroup> Planner::next() {
    if (retry_) {
        auto group = std::make_unique<CommitGroup>();
        tree_.for_each([&](ChunkNode& node) {
            if (node.failed && node.is_planned_leaf())
                group->items.emplace_back(node.id, node.planned_mask).node = &node;
        });
        retry_ = false;
        if (!group->items.empty()) return group;
    }
    if (done_) return nullptr;
    if (auto group = take_back_strips()) return group;
    std::vector<Change> changes;
    append_unwanted_roots(changes);
    if (changes.empty()) append_missing_roots(changes);
    if (changes.empty()) append_unblocking(changes);
    if (changes.empty()) append_splits(changes);
    if (changes.empty()) append_merges(changes);
    if (!changes.empty()) return form(std::move(changes));
    // Not done otherwise, in a release: nobody must be told that all is loaded.
    done_ = !roots_stale_ && std::all_of(to_split_.begin(), to_split_.end(),
                                         [](const auto& list) { return list.empty(); });
    NEBULA_ASSERT(done_, "the plan cannot become what the viewers ask for");
    return nullptr;
}

// Roots that were children a while ago may have strips towards coarser chunks that are gone.
std::unique_ptr<CommitGroup> Planner::take_back_strips() {
    if (!strips_stale_) return nullptr;
    auto group = std::make_unique<CommitGroup>();
    for (const ChunkId root : roots_) {
        ChunkNode* const node = tree_.find(root);
        if (node == nullptr || !node->is_planned_leaf() || node->planned_mask == 0) continue;
        if (group->items.size() == kMostRoots) return group;
        node->planned_mask = 0;
        group->items.emplace_back(root).node = node;
    }
    strips_stale_ = false;
    return group->items.empty() ? nullptr : std::move(group);
}

void Planner::append_unwanted_roots(std::vector<Change>& changes) {
    if (!roots_stale_) return;
    for (const ChunkId root : roots_)
        if (!wants_root(root)) changes.push_back({Change::Kind::Vanish, root});
}

// The nearest first.
void Planner::append_missing_roots(std::vector<Change>& changes) {
    if (!roots_stale_) return;
    // Only whole families stay when another level becomes the roots'.
    const bool rises = std::any_of(views_.begin(), views_.end(), [this](const NestedBoxes& view) {
        return view.coarsest() > tree_.root_level();
    });
    std::vector<Ranked> missing;
    blocked_roots_.clear();
    for (const ChunkId id : wanted_roots()) {
        const ChunkNode* node = tree_.find(id);
        if (node != nullptr && node->planned) continue;
        if (tree_.may_be_leaf(id))
            missing.push_back({rank(rises ? id.parent() : id), id});
        else
            blocked_roots_.push_back(id);  // what is too fine beside it must be merged
    }
    std::sort(missing.begin(), missing.end(), [](const Ranked& a, const Ranked& b) {
        if (a.rank != b.rank) return a.rank < b.rank;
        const ChunkId family_a = a.id.parent();
        const ChunkId family_b = b.id.parent();
        return family_a != family_b ? family_a < family_b : a.id < b.id;
    });
    const bool all = missing.size() <= kMostRoots;
    if (!all) {
        std::size_t count = kMostRoots;
        while (rises && missing[count].id.parent() == missing[count - 1].id.parent()) --count;
        missing.resize(count);
    }
    for (const Ranked& root : missing) changes.push_back({Change::Kind::Appear, root.id});
    roots_stale_ = !all || !blocked_roots_.empty();
}

// Beside a missing root, nothing that is too fine is asked for, unless somebody has turned round on the
// way and asks for it again. Then it is merged all the same, and split again when the root is there.
// Before any split, which would undo that.
void Planner::append_unblocking(std::vector<Change>& changes) {
    for (const ChunkId root : blocked_roots_) append_merges_around(root, changes);
}

// Merges the finest of what keeps the chunk from being a leaf.
void Planner::append_merges_around(ChunkId chunk, std::vector<Change>& changes) {
    if (changes.size() >= kMostChanges) return;
    for (const ChunkId child : tree_.too_fine_around(chunk)) {
        if (!tree_.may_be_leaf(child)) {
            append_merges_around(child, changes);
        } else if (std::none_of(changes.begin(), changes.end(),
                                [child](const Change& change) { return change.id == child; })) {
            changes.push_back({Change::Kind::Merge, child});
            lists_stale_[static_cast<std::size_t>(child.level)] = true;
        }
    }
}

void Planner::list_splits(Level level) {
    std::vector<Ranked>& list = to_split_[static_cast<std::size_t>(level)];
    list.clear();
    for (const NestedBoxes& view : views_) {
        const Box3i& children = view.box(level - 1);
        for (std::int32_t z = children.min.z / 2; z < children.max.z / 2; ++z)
            for (std::int32_t y = children.min.y / 2; y < children.max.y / 2; ++y)
                for (std::int32_t x = children.min.x / 2; x < children.max.x / 2; ++x) {
                    const ChunkId id{{x, y, z}, level};
                    const ChunkNode* node = tree_.find(id);
                    if (node != nullptr && node->planned && node->planned_split) continue;
                    list.push_back({rank(id), id});
                }
    }
    std::sort(list.begin(), list.end(), [](const Ranked& a, const Ranked& b) {
        return a.rank != b.rank ? a.rank > b.rank : b.id < a.id;
    });
    // Several viewers may ask for the same.
    list.erase(std::unique(list.begin(), list.end(),
                           [](const Ranked& a, const Ranked& b) { return a.id == b.id; }),
               list.end());
}

void Planner::append_splits(std::vector<Change>& changes) {
    for (Level level = tree_.root_level(); level > 0 && changes.empty(); --level) {
        const auto i = static_cast<std::size_t>(level);
        if (std::exchange(lists_stale_[i], false)) list_splits(level);
        std::vector<Ranked>& list = to_split_[i];
        std::vector<Ranked> blocked;
        const std::size_t most = list.size() >= kManySplits ? kMostOfManySplits : kMostChanges;
        while (!list.empty() && changes.size() < most) {
            const Ranked best = list.back();
            list.pop_back();
            const ChunkNode* node = tree_.find(best.id);
            if (node == nullptr || !node->planned || !tree_.may_split(best.id)) {
                blocked.push_back(best);
                continue;
            }
            changes.push_back({Change::Kind::Split, best.id});
        }
        list.insert(list.end(), blocked.rbegin(), blocked.rend());
    }
}

void Planner::append_merges(std::vector<Change>& changes) {
    for (Level level = 1; level <= tree_.root_level() && changes.empty(); ++level)
        for (const ChunkNode* node : tree_.split_nodes(level)) {
            if (wants_split(node->id) || !tree_.may_be_leaf(node->id)) continue;
            changes.push_back({Change::Kind::Merge, node->id});
            if (changes.size() == kMostChanges) break;
        }
}

void Planner::unplan_below(ChunkNode& node) {
    if (!node.planned_split) return;
    for (int i = 0; i < 8; ++i) unplan_below(*tree_.find(node.id.child(i)));
    tree_.merge(node);
}

// Applies the changes to the plan, then lists every leaf that is new or whose strips differ.
std::unique_ptr<CommitGroup> Planner::form(std::vector<Change> changes) {
    auto group = std::make_unique<CommitGroup>();
    for (const Change& change : changes) {
        ChunkNode* const node = tree_.find(change.id);
        switch (change.kind) {
            case Change::Kind::Appear:
                tree_.plan(change.id);
                roots_.push_back(change.id);
                break;
            case Change::Kind::Vanish:
                unplan_below(*node);
                tree_.unplan(*node);
                std::erase(roots_, change.id);
                break;
            case Change::Kind::Split:
                tree_.split(*node);
                break;
            case Change::Kind::Merge:
                tree_.merge(*node);
                break;
        }
    }
    std::vector<ChunkNode*> listed;
    const auto list_fresh = [&](ChunkId id, std::uint8_t mask) {
        ChunkNode& node = *tree_.find(id);
        node.planned_mask = mask;
        listed.push_back(&node);
    };
    for (const Change& change : changes) {
        if (change.kind == Change::Kind::Vanish) continue;
        if (change.kind != Change::Kind::Split) {
            list_fresh(change.id, tree_.mask_of(change.id));
            continue;
        }
        const std::uint8_t leaf_faces = tree_.leaf_faces(change.id);
        for (int i = 0; i < 8; ++i) {
            const ChunkId child = change.id.child(i);
            list_fresh(child, ChunkTree::child_mask(leaf_faces, child));
        }
    }
    // The finer chunks beside a change have a strip towards it if it is a leaf now.
    const std::size_t fresh = listed.size();
    for (const Change& change : changes) {
        if (change.kind == Change::Kind::Vanish || change.id.level == 0) continue;
        for (unsigned face = 0; face < kFaceNeighbours.size(); ++face) {
            const ChunkNode* neighbour = tree_.find(change.id + kFaceNeighbours[face]);
            if (neighbour == nullptr || !neighbour->planned_split) continue;
            const unsigned facing = 1U << (face ^ 1U);
            const unsigned strip = change.kind == Change::Kind::Split ? 0U : facing;
            for (const ChunkId child : children_beside(change.id, face)) {
                ChunkNode& finer = *tree_.find(child);
                if (!finer.is_planned_leaf() || (finer.planned_mask & facing) == strip) continue;
                finer.planned_mask = static_cast<std::uint8_t>(finer.planned_mask ^ facing);
                if (!std::exchange(finer.mask_changed, true)) listed.push_back(&finer);
            }
        }
    }
    for (std::size_t i = fresh; i < listed.size(); ++i) listed[i]->mask_changed = false;
    group->items.reserve(listed.size());
    for (ChunkNode* const node : listed)
        group->items.emplace_back(node->id, node->planned_mask).node = node;
    group->changes = std::move(changes);
    return group;
}

}  // namespace nebula::voxel::detail
