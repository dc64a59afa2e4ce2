// SPDX-License-Identifier: MIT
#include "background_work.hpp"
#include "brush_oracle.hpp"
#include "world_samples.hpp"

#include "nebula/base/clock.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/edit/big_edit.hpp"
#include "nebula/voxel/edit/operation_log.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/world/world.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

using State = BigEdit::State;

// Both worlds have the same bricks, of those named.
void expect_equal(const World& a, const World& b, const std::vector<BrickId>& bricks) {
    for (const BrickId id : bricks) {
        const Brick* x = a.volume().find(id);
        const Brick* y = b.volume().find(id);
        ASSERT_TRUE(x != nullptr && y != nullptr) << id.level;
        ASSERT_TRUE(x->samples == y->samples && x->placed == y->placed)
            << "level " << id.level << " at " << id.at.x << ' ' << id.at.y << ' ' << id.at.z;
    }
    EXPECT_EQ(a.volume().edited_count(), b.volume().edited_count());
}

class BigEditOn : public testing::TestWithParam<int> {};  // the parameter: workers
INSTANTIATE_TEST_SUITE_P(Workers, BigEditOn, testing::Values(0, 1, 2));

TEST_P(BigEditOn, LeavesWhatOneCallLeaves) {
    WorkerPool pool(config_of(GetParam()));
    Dice dice(11);
    for (int kind = 0; kind < test::kShapeKinds; ++kind) {
        Operation o{.mode = std::array{Mode::Dig, Mode::Add,
                                       Mode::Paint}[static_cast<std::size_t>(kind) % 3],
                    .shape = test::any_shape(dice, kind, 10.0F, 40.0F),
                    .material = 2};
        if (kind % 2 == 0) o.hardness = {{3, 1.0F}};
        World one_call(layered_hills());
        const auto expected = one_call.apply(o);
        ASSERT_TRUE(expected) << expected.error().message;
        World world(layered_hills());
        const auto edit = world.begin(pool, o);
        ASSERT_TRUE(edit) << edit.error().message;
        ASSERT_EQ(settle(**edit), State::Ready);
        EXPECT_EQ((*edit)->progress(), 1.0F);
        EXPECT_EQ(world.volume().brick_count(), 0U) << "nothing is seen before it is finished";
        const auto report = world.finish(**edit);
        ASSERT_TRUE(report) << report.error().message;
        EXPECT_EQ(world.volume().version(), expected->bricks.empty() ? 0U : 1U);
        EXPECT_EQ(report->volume, expected->volume);
        EXPECT_EQ(report->materials, expected->materials);
        EXPECT_EQ(report->chunks, expected->chunks);
        expect_equal(world, one_call, expected->bricks);
    }
}

// Of every mode, whose bricks look at their neighbours and at finer ones.
std::vector<Operation> soft_operations() {
    const SphereShape ball{{3, 0, -5}, 26.0F};
    std::vector<Operation> all;
    for (const Mode mode : {Mode::Grow, Mode::Shrink, Mode::Smooth, Mode::Flatten}) {
        Operation& o = all.emplace_back(Operation{.mode = mode, .shape = ball, .falloff = 12.0F});
        o.target.point = {0, 3, 0};
    }
    all.push_back({.mode = Mode::Dig, .shape = ball, .strength = 0.5F});
    all.push_back({.mode = Mode::Add, .shape = ball, .falloff = 9.0F, .material = 5});
    // Done at once where nothing is hard.
    all.push_back({.mode = Mode::Dig, .shape = ball, .hardness = {{3, 0.5F}}});
    return all;
}

TEST_P(BigEditOn, LeavesWhatOneCallLeavesWhenItIsSoft) {
    WorkerPool pool(config_of(GetParam()));
    for (const Operation& o : soft_operations()) {
        SCOPED_TRACE(static_cast<int>(o.mode));
        World one_call(layered_hills());
        World world(layered_hills());
        for (World* each : {&one_call, &world})
            ASSERT_TRUE(each->apply(Operation{.shape = SphereShape{{0, 8, 0}, 12.0F}}));
        const auto edit = world.begin(pool, o);
        ASSERT_TRUE(edit) << edit.error().message;
        ASSERT_EQ(settle(**edit), State::Ready);
        const auto report = world.finish(**edit);
        const auto expected = one_call.apply(o);
        ASSERT_TRUE(report && expected);
        EXPECT_FALSE(expected->bricks.empty());
        EXPECT_EQ(report->volume, expected->volume);
        EXPECT_EQ(report->materials, expected->materials);
        EXPECT_EQ(report->chunks, expected->chunks);
        expect_equal(world, one_call, expected->bricks);
    }
}

TEST_P(BigEditOn, LosesNoEditThatIsMadeMeanwhileWhenItIsSoft) {
    WorkerPool pool(config_of(GetParam()));
    for (const Operation& o : soft_operations())
        for (const int count : {1, 12}) {
            SCOPED_TRACE(static_cast<int>(o.mode));
            World world(layered_hills());
            World expected(layered_hills());
            Dice dice(static_cast<std::uint32_t>(count));
            std::vector<BrickId> bricks;
            const auto edit = world.begin(pool, o);
            ASSERT_TRUE(edit);
            ASSERT_EQ(settle(**edit), State::Ready);
            for (int i = 0; i < count; ++i) {
                // In it and beside its rim; or so far away that only coarse levels meet.
                const SphereEdit small =
                    count == 1
                        ? SphereEdit{SphereEdit::Kind::Add, {90, 8, 0}, 16.0F}
                        : SphereEdit{i % 2 == 0 ? SphereEdit::Kind::Dig : SphereEdit::Kind::Add,
                                     {dice.real(-30, 30), dice.real(-8, 20), dice.real(-30, 30)},
                                     i == 0 ? 1.5F : dice.real(4, 20)};
                const auto same = expected.apply(small);
                ASSERT_TRUE(world.apply(small) && same);
                bricks.insert(bricks.end(), same->bricks.begin(), same->bricks.end());
            }
            ASSERT_EQ(settle(**edit), State::Ready);
            const auto report = world.finish(**edit);
            const auto last = expected.apply(o);
            ASSERT_TRUE(report && last);
            EXPECT_EQ(report->volume, last->volume);
            bricks.insert(bricks.end(), last->bricks.begin(), last->bricks.end());
            expect_equal(world, expected, bricks);
        }
}

// A player who digs in every frame put it off for ever.
TEST_P(BigEditOn, EndsAlthoughSomebodyEditsThereInEveryFrame) {
    WorkerPool pool(config_of(GetParam()));
    for (const Mode mode : {Mode::Add, Mode::Grow}) {
        World world(layered_hills());
        const auto edit = world.begin(pool, {.mode = mode, .shape = SphereShape{{0, 0, 0}, 30.0F}});
        ASSERT_TRUE(edit);
        ASSERT_EQ(settle(**edit), State::Ready);
        bool done = false;
        for (int frame = 0; frame < 40 && !done; ++frame) {
            for (const float x : {-20.0F, 0.0F, 20.0F})
                ASSERT_TRUE(world.apply(
                    SphereEdit{frame % 2 == 0 ? SphereEdit::Kind::Dig : SphereEdit::Kind::Add,
                               {x, 0, 0},
                               5.0F}));
            const State state = (*edit)->advance(Clock::time_point::min());
            if (state == State::Working) {
                ASSERT_EQ(settle(**edit), State::Ready);
                continue;
            }
            ASSERT_TRUE(world.finish(**edit));
            done = true;
        }
        EXPECT_TRUE(done);
    }
}

// A game goes on while it is worked out. Few edits are worked in when it is finished; many take
// another round of the workers.
TEST_P(BigEditOn, LosesNoEditThatIsMadeMeanwhile) {
    WorkerPool pool(config_of(GetParam()));
    for (const int count : {2, 40}) {
        const Operation big{
            .mode = Mode::Add, .shape = SphereShape{{0, -20, 0}, 50.0F}, .material = 5};
        World world(layered_hills());
        World expected(layered_hills());
        Dice dice(static_cast<std::uint32_t>(count));
        std::vector<BrickId> bricks;
        const auto edit = world.begin(pool, big);
        ASSERT_TRUE(edit);
        for (int i = 0; i < count; ++i) {
            if (i < count / 2) (void)(*edit)->advance(Clock::time_point::min());
            // Around the rim, where it matters which was first; the last ones when it is ready.
            if (i == count / 2) {
                ASSERT_EQ(settle(**edit), State::Ready);
            }
            const SphereEdit small{i % 2 == 0 ? SphereEdit::Kind::Dig : SphereEdit::Kind::Add,
                                   {dice.real(-50, 50), dice.real(-10, 34), dice.real(-20, 20)},
                                   dice.real(4, 9)};
            ASSERT_TRUE(world.apply(small));
            const auto same = expected.apply(small);
            ASSERT_TRUE(same);
            bricks.insert(bricks.end(), same->bricks.begin(), same->bricks.end());
        }
        const State now = (*edit)->advance(Clock::time_point::min());
        if (count > 10) {
            EXPECT_EQ(now, State::Working) << "another round";
        }
        ASSERT_EQ(settle(**edit), State::Ready);
        const auto report = world.finish(**edit);
        ASSERT_TRUE(report) << report.error().message;
        const auto last = expected.apply(big);
        ASSERT_TRUE(last);
        EXPECT_EQ(report->volume, last->volume);
        bricks.insert(bricks.end(), last->bricks.begin(), last->bricks.end());
        expect_equal(world, expected, bricks);
    }
}

TEST_P(BigEditOn, ChangesNothingWhenItIsCancelled) {
    WorkerPool pool(config_of(GetParam()));
    World world(low_hills());
    const Operation o{.shape = SphereShape{{0, 0, 0}, 200.0F}};
    const auto cancelled = world.begin(pool, o);
    ASSERT_TRUE(cancelled);
    EXPECT_EQ((*cancelled)->advance(Clock::time_point::min()), State::Working);
    EXPECT_EQ(world.finish(**cancelled).error().kind, VoxelError::Kind::NotReady);
    EXPECT_LT((*cancelled)->progress(), 1.0F);
    (*cancelled)->cancel();
    EXPECT_EQ(settle(**cancelled), State::Cancelled);
    EXPECT_EQ(world.finish(**cancelled).error().kind, VoxelError::Kind::Cancelled);
    const auto dropped = world.begin(pool, o);
    ASSERT_TRUE(dropped);
    world.drop(**dropped);
    ASSERT_TRUE(world.begin(pool, o));  // ends with the world
    EXPECT_EQ(world.volume().version(), 0U);
    EXPECT_EQ(world.edits(), 0U);
}

// finish() looked twice whether it was ready, and dropped what became so in between.
TEST_P(BigEditOn, IsKeptUntilItIsReady) {
    WorkerPool pool(config_of(GetParam()));
    for (int i = 0; i < 20; ++i) {
        World world(low_hills());
        const auto edit = world.begin(pool, {.shape = SphereShape{{9, 0, 30}, 20.0F}});
        ASSERT_TRUE(edit);
        auto done = world.finish(**edit);
        for (; !done; done = world.finish(**edit)) {
            ASSERT_EQ(done.error().kind, VoxelError::Kind::NotReady);
            std::this_thread::yield();
        }
        EXPECT_EQ(world.volume().edited_count(), done->bricks.size());
        EXPECT_FALSE(done->bricks.empty());
    }
}

TEST(BigEdit, IsPlannedOnAnyThread) {
    WorkerPool pool(config_of(1));
    const Operation o{.shape = SphereShape{{3, -2, 5}, 20.0F}, .user = 7};
    std::optional<BigEdit::Plan> plan;
    std::thread([&] { plan = std::move(*BigEdit::plan(o)); }).join();
    World one_call(layered_hills());
    World world(layered_hills());
    const auto expected = one_call.apply(o);
    world.hold_edits({VoxelError::Kind::NotLoaded, "not yet"});
    EXPECT_FALSE(world.begin(pool, std::move(*BigEdit::plan(o))));
    world.allow_edits();
    const auto edit = world.begin(pool, *std::exchange(plan, std::nullopt));
    ASSERT_TRUE(expected && edit);
    EXPECT_EQ((*edit)->operation().user, 7U);
    ASSERT_EQ(settle(**edit), State::Ready);
    ASSERT_TRUE(world.finish(**edit));
    expect_equal(one_call, world, expected->bricks);
}

TEST(BigEdit, ThatIsCancelledWhileItIsPreparedChangesNothing) {
    WorkerPool pool(config_of(0));
    BigEdit* cancelled = nullptr;  // by the generator
    World world(std::make_shared<FunctionGenerator>([&cancelled](Vec3f p) {
        if (cancelled != nullptr) cancelled->cancel();
        return p.y;
    }));
    world.set_undo_limit(std::size_t{1} << 24U);
    const auto edit = world.begin(pool, {.shape = SphereShape{{0, 0, 0}, 30.0F}});
    ASSERT_TRUE(edit);
    ASSERT_EQ(settle(**edit), State::Ready);
    // Bricks that prepare() works out again, from the generator.
    ASSERT_TRUE(world.apply(Operation{.shape = SphereShape{{16, -1, 8}, 2.0F}}));
    ASSERT_TRUE(world.undo(0));
    cancelled = *edit;
    const auto done = world.finish(**edit);
    cancelled = nullptr;
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, VoxelError::Kind::Cancelled);
    EXPECT_EQ(world.volume().edited_count(), 0U);
}

TEST_P(BigEditOn, FailsWithTheGeneratorsMessage) {
    WorkerPool pool(config_of(GetParam()));
    World world(std::make_shared<FunctionGenerator>([](Vec3f p) -> float {
        if (p.x > 20.0F) throw std::runtime_error("no data east of 20");
        return p.y;
    }));
    const auto edit = world.begin(pool, {.shape = SphereShape{{0, 0, 0}, 40.0F}});
    ASSERT_TRUE(edit);
    ASSERT_EQ(settle(**edit), State::Failed);
    const auto report = world.finish(**edit);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().message, "no data east of 20");
    EXPECT_EQ(world.volume().version(), 0U);
}

TEST(BigEdit, RefusesWhatItCannotMake) {
    WorkerPool pool(config_of(0));
    World world(low_hills());
    EXPECT_FALSE(world.begin(pool, {.shape = SphereShape{{}, 512.5F}}));
    EXPECT_FALSE(world.begin(pool, {.shape = SphereShape{{}, -1.0F}}));
    EXPECT_FALSE(world.begin(pool, {.mode = Mode::Grow, .shape = SphereShape{{}, 512.5F}}));
    EXPECT_FALSE(world.begin(pool, {.shape = SphereShape{{}, 9.0F}, .strength = 0.0F}));
    EXPECT_FALSE(world.apply(Operation{.shape = SphereShape{{}, 300.0F}}))
        << "too large for one call";
}

TEST(BigEdit, KeepsNothingAliveWhileItWaits) {
    WorkerPool pool(config_of(0));
    World world(low_hills());
    const auto edit = world.begin(pool, {.shape = SphereShape{{0, 0, 0}, 12.0F}});
    ASSERT_TRUE(edit);
    ASSERT_EQ(settle(**edit), State::Ready);
    for (int i = 0; i < 4; ++i)
        ASSERT_TRUE(world.apply(Operation{.mode = i % 2 == 0 ? Mode::Dig : Mode::Add,
                                          .shape = SphereShape{{300, 0, 0}, 4.0F}}));
    world.volume().collect();
    EXPECT_EQ(world.volume().epochs().retired(), 0U);
}

TEST(BigEdit, IsReplayedFromTheLog) {
    WorkerPool pool(config_of(0));
    World world(low_hills());
    OperationLog log;
    world.record_to(&log);
    World again(low_hills());
    for (const Mode mode : {Mode::Dig, Mode::Grow}) {
        const auto edit = world.begin(pool, {.mode = mode, .shape = SphereShape{{0, 0, 0}, 70.0F}});
        ASSERT_TRUE(edit);
        ASSERT_EQ(settle(**edit), State::Ready);
        const auto done = world.finish(**edit);
        ASSERT_TRUE(done);
        const auto entry = parse_entry(log.record(log.size() - 1));
        ASSERT_TRUE(entry);
        const auto replayed = again.replay(*entry);
        ASSERT_TRUE(replayed) << replayed.error().message;
        expect_equal(world, again, done->bricks);
    }
}

TEST(BigEdit, CanBeUndone) {
    WorkerPool pool(config_of(0));
    World world(low_hills());
    world.set_undo_limit(std::size_t{64} << 20U);
    const auto edit = world.begin(pool, {.shape = SphereShape{{0, 0, 0}, 70.0F}, .user = 3});
    ASSERT_TRUE(edit);
    ASSERT_EQ(settle(**edit), State::Ready);
    ASSERT_TRUE(world.finish(**edit));
    EXPECT_GT(world.volume().edited_count(), 100U);
    ASSERT_TRUE(world.undo(3));
    EXPECT_EQ(world.volume().edited_count(), 0U);
}

}  // namespace
}  // namespace nebula::voxel
