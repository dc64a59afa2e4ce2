// SPDX-License-Identifier: MIT
#include "nebula/voxel/stream/detail/audit.hpp"
#include "nebula/voxel/stream/detail/chunk_tree.hpp"
#include "nebula/voxel/stream/detail/commit_group.hpp"
#include "nebula/voxel/stream/detail/nested_boxes.hpp"
#include "nebula/voxel/stream/detail/planner.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nebula::voxel::detail {
namespace {

/// What a streamer does with the planner's steps, without chunks' builds.
class PlannedWorld {
public:
    explicit PlannedWorld(const Viewer& viewer)
        : tree(NestedBoxes(viewer).coarsest()), planner_(tree) {
        planner_.set_views({NestedBoxes(viewer)});
    }

    [[nodiscard]] bool plan() {
        auto step = planner_.next();
        if (step == nullptr) return false;
        steps.push_back(std::move(step));
        return true;
    }
    /// Shows the oldest step; roots that appear, and splits, are all there is.
    void show() {
        const std::unique_ptr<CommitGroup> step = std::move(steps.front());
        steps.pop_front();
        for (const CommitGroup::Change& change : step->changes) {
            ChunkNode& node = *tree.find(change.id);
            if (change.kind == CommitGroup::Change::Kind::Appear) {
                node.shown = true;
                continue;
            }
            node.shown_split = true;
            for (int i = 0; i < 8; ++i) tree.find(change.id.child(i))->shown = true;
        }
        for (const ChunkItem& item : step->items) item.node->shown_mask = item.mask;
    }
    [[nodiscard]] std::string wrong() const {
        return audit(tree) + missing_roots(tree, planner_, steps);
    }

    ChunkTree tree;
    std::deque<std::unique_ptr<CommitGroup>> steps;

private:
    Planner planner_;
};

// A world without a root looked like a world that ends there.
TEST(Audit, TellsAMissingRootFromTheEndOfTheWorld) {
    PlannedWorld world({{}, 100.0F, 40.0F, {}, 0});
    ASSERT_EQ(world.wrong(), "") << "the planner has yet to look for roots";
    // Two steps are always waiting, as in a game.
    while (world.plan()) {
        ASSERT_EQ(world.wrong(), "") << "the steps promise roots";
        if (world.steps.size() > 2) world.show();
        ASSERT_EQ(world.wrong(), "");
    }
    while (!world.steps.empty()) world.show();
    ASSERT_EQ(world.wrong(), "");

    std::vector<ChunkId> roots;
    world.tree.for_each([&](const ChunkNode& node) {
        // At the world's end, where nothing beside it is split.
        if (node.id.level == world.tree.root_level() && node.is_shown_leaf() &&
            world.tree.may_split(node.id))
            roots.push_back(node.id);
    });
    ASSERT_FALSE(roots.empty());
    ChunkNode& lost = *world.tree.find(roots.front());
    lost.shown = false;
    const std::string missing = name_of(lost.id) + " is missing; ";
    EXPECT_NE(world.wrong().find(missing), std::string::npos) << "planned, and no step shows it";
    world.tree.unplan(lost);
    EXPECT_NE(world.wrong().find(missing), std::string::npos) << "not even planned";
}

TEST(Audit, ARootIsMissingIfItsStepIsLost) {
    PlannedWorld world({{}, 100.0F, 40.0F, {}, 0});
    ASSERT_TRUE(world.plan());
    const ChunkId root = world.steps.front()->changes.back().id;
    ASSERT_EQ(world.wrong(), "");
    world.steps.clear();
    EXPECT_NE(world.wrong().find(name_of(root) + " is missing; "), std::string::npos);
}

}  // namespace
}  // namespace nebula::voxel::detail
