// SPDX-License-Identifier: MIT
#include "brush_oracle.hpp"
#include "world_samples.hpp"

#include "nebula/voxel/edit/operation_log.hpp"
#include "nebula/voxel/edit/undo.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/world/world.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

constexpr std::size_t kPlenty = std::size_t{256} << 20U;

// Of a brick's samples, whoever says what they are.
std::uint64_t content(const Volume& volume, BrickId id) {
    if (const Brick* brick = volume.find(id)) return hash_of(*brick);
    Brick pristine;
    volume.generator().generate(brick_region(id), pristine.samples.data(), kBrickSize,
                                kBrickSize * kBrickSize);
    return hash_of(*make_brick(pristine));
}

using Contents = std::map<BrickId, std::uint64_t>;
Contents contents(const Volume& volume, const std::set<BrickId>& bricks) {
    Contents all;
    for (const BrickId id : bricks) all[id] = content(volume, id);
    return all;
}

Operation any_edit(Dice& dice, std::uint32_t user, std::uint32_t stroke, Vec3f where = {}) {
    Operation o;
    o.mode = static_cast<Mode>(std::array{0, 1, 3, 5}[static_cast<std::size_t>(dice.whole(0, 3))]);
    o.shape = test::any_shape(dice, dice.whole(0, test::kShapeKinds - 1), 10.0F, 9.0F);
    if (auto* sphere = std::get_if<SphereShape>(&o.shape)) sphere->centre = sphere->centre + where;
    o.user = user;
    o.stroke = stroke;
    return o;
}

TEST(Undo, GivesBackTheSameBricksAfterAnySequence) {
    Dice dice(3);
    World world(low_hills());
    world.set_undo_limit(kPlenty);
    std::set<BrickId> bricks;
    std::vector<std::vector<Operation>> strokes;
    for (std::uint32_t stroke = 1; stroke <= 12; ++stroke) {
        auto& edits = strokes.emplace_back();
        for (int i = dice.whole(1, 4); i > 0; --i) edits.push_back(any_edit(dice, 5, stroke));
    }
    // First on another world, to know which bricks to look at.
    World other(low_hills());
    for (const auto& edits : strokes)
        for (const Operation& o : edits) {
            const auto report = other.apply(o);
            ASSERT_TRUE(report) << report.error().message;
            bricks.insert(report->bricks.begin(), report->bricks.end());
        }
    std::vector<Contents> states{contents(world.volume(), bricks)};
    std::vector<GroundVolume> volumes;
    for (const auto& edits : strokes) {
        GroundVolume sum;
        for (const Operation& o : edits) {
            const auto report = world.apply(o);
            ASSERT_TRUE(report);
            sum.removed += report->volume.removed;
            sum.added += report->volume.added;
        }
        volumes.push_back(sum);
        states.push_back(contents(world.volume(), bricks));
    }
    std::size_t at = strokes.size();
    ASSERT_EQ(world.undo_history()->undo_count(5), at);
    const auto walk = [&](std::size_t to) {
        for (; at > to; --at) {
            const auto report = world.undo(5);
            ASSERT_TRUE(report) << report.error().message;
            EXPECT_EQ(report->volume.added, volumes[at - 1].removed);
            ASSERT_EQ(contents(world.volume(), bricks), states[at - 1]) << "undo to " << at - 1;
            EXPECT_EQ(world.undo_history()->stroke_to_redo(5), at);  // numbered from 1
            if (at > 1) {
                EXPECT_EQ(world.undo_history()->stroke_to_undo(5), at - 1);
            } else {
                EXPECT_FALSE(world.undo_history()->stroke_to_undo(5));
            }
        }
        for (; at < to; ++at) {
            const auto report = world.redo(5);
            ASSERT_TRUE(report) << report.error().message;
            EXPECT_EQ(report->volume, volumes[at]);
            ASSERT_EQ(contents(world.volume(), bricks), states[at + 1]) << "redo to " << at + 1;
        }
    };
    ASSERT_NO_FATAL_FAILURE(walk(4));
    ASSERT_NO_FATAL_FAILURE(walk(9));
    ASSERT_NO_FATAL_FAILURE(walk(0));
    EXPECT_EQ(world.volume().edited_count(), 0U) << "what nobody has edited is pristine again";
    EXPECT_EQ(world.volume().brick_count(), 0U);
    ASSERT_NO_FATAL_FAILURE(walk(strokes.size()));
    EXPECT_EQ(world.undo(6).error().kind, VoxelError::Kind::NothingToUndo);
}

TEST(Undo, NamesTheChunksThatItChanges) {
    World world(low_hills());
    world.set_undo_limit(kPlenty);
    const auto done = world.apply(Operation{.shape = SphereShape{{31, 0, 31}, 5.0F}});
    ASSERT_TRUE(done);
    bool called = false;
    const auto undone = world.undo(0, [&](const EditReport& report) {
        called = true;
        EXPECT_EQ(report.chunks, done->chunks);
        EXPECT_GT(world.volume().edited_count(), 0U) << "nothing has changed yet";
    });
    ASSERT_TRUE(undone);
    EXPECT_TRUE(called);
    EXPECT_EQ(undone->bricks, done->bricks);
    EXPECT_FALSE(undone->reach[0].empty());
}

// Both dig at the same place. To give back what was there before the first one would take away what the
// second one did.
TEST(Undo, IsRefusedWhileAnotherUsersEditLiesOnTop) {
    World world(low_hills());
    world.set_undo_limit(kPlenty);
    const auto dig = [&](std::uint32_t user, float x, std::uint32_t stroke = 0) {
        const auto report = world.apply(
            Operation{.shape = SphereShape{{x, 0, 0}, 5.0F}, .user = user, .stroke = stroke});
        EXPECT_TRUE(report && !report->bricks.empty());
    };
    dig(1, 0.0F);
    dig(2, 3.0F);
    const std::uint64_t version = world.volume().version();
    EXPECT_EQ(world.undo(1).error().kind, VoxelError::Kind::Conflict);
    EXPECT_EQ(world.volume().version(), version);
    ASSERT_TRUE(world.undo(2));
    ASSERT_TRUE(world.undo(1));
    EXPECT_EQ(world.volume().edited_count(), 0U);
    // What was undone can only be made again on the same ground.
    dig(3, 1.0F);
    EXPECT_EQ(world.redo(2).error().kind, VoxelError::Kind::Conflict);
    ASSERT_TRUE(world.undo(3));
    ASSERT_TRUE(world.redo(1));
    ASSERT_TRUE(world.redo(2));
    // Of the same samples, the materials alone.
    World painted(low_hills());
    painted.set_undo_limit(kPlenty);
    for (const std::uint32_t user : {1U, 2U})
        ASSERT_TRUE(painted.apply(Operation{.mode = Mode::Paint,
                                            .shape = SphereShape{{0, -9, 0}, 5.0F},
                                            .material = static_cast<Material>(user),
                                            .user = user}));
    EXPECT_EQ(painted.undo(1).error().kind, VoxelError::Kind::Conflict);
    ASSERT_TRUE(painted.undo(2));
    ASSERT_TRUE(painted.undo(1));
    // In the middle of a stroke: it is cut in two, and the second part alone can be undone.
    World cut(low_hills());
    cut.set_undo_limit(kPlenty);
    const auto at = [&](std::uint32_t user, float x) {
        ASSERT_TRUE(
            cut.apply(Operation{.shape = SphereShape{{x, 0, 0}, 5.0F}, .user = user, .stroke = 7}));
    };
    at(1, 0.0F);
    at(2, 3.0F);
    at(1, 5.0F);
    EXPECT_EQ(cut.undo_history()->undo_count(1), 2U);
    ASSERT_TRUE(cut.undo(1));
    EXPECT_EQ(cut.undo(1).error().kind, VoxelError::Kind::Conflict);
    ASSERT_TRUE(cut.undo(2));
    ASSERT_TRUE(cut.undo(1));
    EXPECT_EQ(cut.volume().edited_count(), 0U);
}

// Four users dig, build and paint, each at a place of their own. All places lie in the same bricks of a coarse
// level, and touch no sample that another one touches.
class Neighbours {
public:
    explicit Neighbours(std::shared_ptr<const Generator> ground, std::uint32_t seed)
        : world(ground), dice(seed), ground_(std::move(ground)) {
        world.set_undo_limit(kPlenty);
        world.record_to(&log);
    }

    void edit(std::uint32_t user) {
        static constexpr std::array modes{Mode::Dig, Mode::Add, Mode::Paint, Mode::Grow};
        Operation o;
        o.mode = modes[static_cast<std::size_t>(dice.whole(0, 3))];
        // Made on level 3, whose voxels are 8 wide, and with no point of a coarser level in it.
        const Vec3f at{user % 2 == 0 ? 6.0F : 122.0F, -8.0F, user < 2 ? 6.0F : 122.0F};
        o.shape = SphereShape{at + dice.point(2.0F), dice.real(5.0F, 7.0F)};
        o.material = static_cast<Material>(dice.whole(1, 9));
        o.user = user;
        const auto report = world.apply(o);
        ASSERT_TRUE(report) << report.error().message;
        if (report->bricks.empty()) return;
        bricks.insert(report->bricks.begin(), report->bricks.end());
        done[user].push_back(o);
        undone[user].clear();
    }
    void step(std::uint32_t user, bool undo) {
        auto& from = undo ? done[user] : undone[user];
        const auto report = undo ? world.undo(user) : world.redo(user);
        ASSERT_EQ(report.has_value(), !from.empty()) << (report ? "" : report.error().message);
        if (from.empty()) return;
        (undo ? undone : done)[user].push_back(from.back());
        from.pop_back();
    }
    // As if what was undone had never been.
    void expect_what_is_done() {
        World other(ground_);
        for (const auto& edits : done)
            for (const Operation& o : edits) ASSERT_TRUE(other.apply(o));
        ASSERT_EQ(contents(world.volume(), bricks), contents(other.volume(), bricks));
        ASSERT_EQ(world.volume().edited_count(), other.volume().edited_count());
    }

    World world;
    OperationLog log;
    Dice dice;
    std::set<BrickId> bricks;
    std::array<std::vector<Operation>, 4> done, undone;

private:
    std::shared_ptr<const Generator> ground_;
};

TEST(Undo, IsNobodyElsesBusinessWhereNoSampleIsShared) {
    for (const auto& ground : {low_hills(), layered_hills()}) {
        Neighbours all(ground, 12);
        for (int i = 0; i < 120; ++i) {
            const auto user = static_cast<std::uint32_t>(all.dice.whole(0, 3));
            const int what = all.dice.whole(0, 4);
            if (what < 2)
                ASSERT_NO_FATAL_FAILURE(all.edit(user)) << i;
            else
                ASSERT_NO_FATAL_FAILURE(all.step(user, what < 4)) << i;
            ASSERT_NO_FATAL_FAILURE(all.expect_what_is_done()) << i;
        }
        EXPECT_TRUE(all.bricks.contains({{0, -1, 0}, 3}) && !all.bricks.contains({{0, -1, 0}, 4}))
            << "what this test is about";
        // Whoever replays the log finds the same.
        World again(ground);
        again.set_undo_limit(kPlenty);
        for (std::uint64_t i = all.log.first(); i < all.log.size(); ++i)
            ASSERT_TRUE(again.replay(*parse_entry(all.log.record(i))));
        EXPECT_EQ(contents(again.volume(), all.bricks), contents(all.world.volume(), all.bricks));
        for (const std::uint32_t user : {2U, 0U, 3U, 1U})
            while (!all.done[user].empty()) ASSERT_NO_FATAL_FAILURE(all.step(user, true));
        EXPECT_EQ(all.world.volume().edited_count(), 0U) << "pristine again";
        EXPECT_EQ(all.world.volume().brick_count(), 0U);
    }
}

// The other user's edit is forgotten, so nobody can give back what the first one left.
TEST(Undo, GoesOnWhereOthersEditsCannotBeTakenBack) {
    World world(low_hills());
    world.set_undo_limit(std::size_t{150} << 10U);
    const auto dig = [&](std::uint32_t user, float x, float radius) {
        ASSERT_TRUE(world.apply(Operation{.shape = SphereShape{{x, 0, 0}, radius}, .user = user}));
    };
    dig(1, 300.0F, 4.0F);
    const std::size_t first = world.volume().edited_count();
    dig(1, 0.0F, 4.0F);
    dig(2, 2.0F, 4.0F);
    EXPECT_EQ(world.undo(1).error().kind, VoxelError::Kind::Conflict);
    dig(2, -900.0F, 30.0F);
    // It replaces more than the limit, so user 2 has nothing any more.
    ASSERT_TRUE(world.apply(
        Operation{.mode = Mode::Add, .shape = SphereShape{{-900, 0, 0}, 30.0F}, .user = 2}));
    ASSERT_EQ(world.undo_history()->undo_count(2), 0U);
    ASSERT_EQ(world.undo_history()->undo_count(1), 2U);
    const std::size_t before = world.volume().edited_count();
    ASSERT_TRUE(world.undo(1)) << "of the first edit";
    EXPECT_EQ(world.volume().edited_count(), before - first);
    EXPECT_EQ(world.undo(1).error().kind, VoxelError::Kind::NothingToUndo);
    ASSERT_TRUE(world.redo(1));
    ASSERT_TRUE(world.undo(1));
}

TEST(Undo, KeepsNoMoreBytesThanItMay) {
    World world(low_hills());
    constexpr std::size_t kLimit = std::size_t{400} << 10U;
    world.set_undo_limit(kLimit);
    // Of bricks that exist, or there would be nothing to keep.
    for (int round = 0; round < 3; ++round)
        for (int i = 0; i < 30; ++i) {
            const Mode mode = round % 2 == 0 ? Mode::Dig : Mode::Add;
            ASSERT_TRUE(world.apply(
                Operation{.mode = mode,
                          .shape = SphereShape{{static_cast<float>(i) * 20.0F, 0, 0}, 6.0F},
                          .user = 4}));
            ASSERT_LE(world.undo_history()->bytes(4), kLimit);
        }
    const std::size_t count = world.undo_history()->undo_count(4);
    EXPECT_GT(count, 3U);
    EXPECT_LT(count, 60U);
    for (std::size_t i = 0; i < count; ++i) ASSERT_TRUE(world.undo(4));
    EXPECT_EQ(world.undo(4).error().kind, VoxelError::Kind::NothingToUndo);
    // An edit ends what could be made again.
    ASSERT_TRUE(world.apply(Operation{.shape = SphereShape{{0, 50, 0}, 60.0F}, .user = 4}));
    EXPECT_EQ(world.undo_history()->redo_count(4), 0U);
    EXPECT_LE(world.undo_history()->bytes(4), kLimit);
}

// A reader that pinned before an undo may still look at what the undo replaces, and at what the history
// forgets.
TEST(Undo, FreesNothingThatAReaderMaySee) {
    World world(low_hills());
    world.set_undo_limit(kPlenty);
    ASSERT_TRUE(world.apply(Operation{.shape = SphereShape{{8, 0, 8}, 5.0F}}));
    const auto report = world.apply(Operation{.shape = SphereShape{{9, 0, 8}, 5.0F}});
    ASSERT_TRUE(report);
    std::vector<std::pair<const Brick*, std::uint64_t>> seen;
    {
        const EpochDomain::Pin pin = world.volume().epochs().pin();
        for (const BrickId id : report->bricks)
            seen.emplace_back(world.volume().find(id), hash_of(*world.volume().find(id)));
        ASSERT_TRUE(world.undo(0));
        world.set_undo_limit(0);
        world.volume().collect();
        for (const auto& [brick, hash] : seen) ASSERT_EQ(hash_of(*brick), hash);
    }
    world.volume().collect();
    EXPECT_EQ(world.volume().epochs().retired(), 0U);
}

TEST(OperationLog, ReplayedElsewhereLeavesTheSameBricks) {
    Dice dice(9);
    OperationLog log;
    World world(low_hills());
    world.set_undo_limit(kPlenty);
    world.record_to(&log);
    std::set<BrickId> bricks;
    const auto note = [&](const auto& report) {
        if (report) bricks.insert(report->bricks.begin(), report->bricks.end());
    };
    for (int i = 0; i < 60; ++i) {
        const auto user = static_cast<std::uint32_t>(dice.whole(1, 2));
        switch (dice.whole(0, 4)) {
            case 0:
                note(world.undo(user));
                break;
            case 1:
                note(world.redo(user));
                break;
            default:
                note(world.apply(any_edit(dice, user, static_cast<std::uint32_t>(i / 4))));
                break;
        }
    }
    EXPECT_GT(bricks.size(), 50U);
    // As another process has it: bytes alone. Its terrain was in part loaded.
    World again(low_hills());
    again.set_undo_limit(kPlenty);
    for (std::int32_t x = -2; x < 2; ++x) {
        Brick brick;
        const BrickId id{{x, 0, 0}};
        again.volume().generator().generate(brick_region(id), brick.samples.data(), kBrickSize,
                                            kBrickSize * kBrickSize);
        again.volume().publish_generated(id, make_brick(brick));
    }
    for (std::uint64_t i = log.first(); i < log.size(); ++i) {
        const auto entry = parse_entry(log.record(i));
        ASSERT_TRUE(entry) << entry.error().message;
        const auto report = again.replay(*entry);
        ASSERT_TRUE(report) << report.error().message;
    }
    EXPECT_EQ(contents(again.volume(), bricks), contents(world.volume(), bricks));
    EXPECT_EQ(again.edits(), world.edits());
    EXPECT_EQ(log.size(), world.edits());
}

TEST(OperationLog, ForgetsFromTheFront) {
    OperationLog log;
    for (std::uint32_t i = 0; i < 5; ++i) log.append(UndoStep{.user = i});
    log.forget_before(3);
    EXPECT_EQ(log.first(), 3U);
    EXPECT_EQ(log.size(), 5U);
    EXPECT_EQ(*parse_entry(log.record(3)), LogEntry(UndoStep{.user = 3}));
    log.append(Operation{.shape = SphereShape{}});
    log.drop_last();
    EXPECT_EQ(*parse_entry(log.record(4)), LogEntry(UndoStep{.user = 4}));
    log.forget_before(100);
    EXPECT_EQ(log.bytes(), 0U);
    EXPECT_EQ(log.size(), 5U);
    for (const auto& bytes :
         {std::vector<std::byte>{}, {std::byte{3}}, {std::byte{1}, std::byte{0}}})
        EXPECT_EQ(parse_entry(bytes).error().kind, VoxelError::Kind::BadData);
}

// Redo keeps edited bricks, where undo kept pristine ones, which need no memory.
TEST(UndoLimit, HoldsAfterStepsBack) {
    World world(low_hills());
    constexpr std::size_t limit = std::size_t{200} << 10U;
    world.set_undo_limit(limit);
    for (int i = 0; i < 30; ++i)
        ASSERT_TRUE(world.apply(
            Operation{.shape = SphereShape{{static_cast<float>(i) * 40.0F, 0, 0}, 6.0F}}));
    const std::size_t kept = world.undo_history()->undo_count(0);
    std::size_t steps = 0;
    for (; world.undo(0); ++steps) ASSERT_LE(world.undo_history()->bytes(0), limit);
    EXPECT_EQ(steps, kept);
    EXPECT_GT(kept, 3U);
    while (world.redo(0)) ASSERT_LE(world.undo_history()->bytes(0), limit);
}

}  // namespace
}  // namespace nebula::voxel
