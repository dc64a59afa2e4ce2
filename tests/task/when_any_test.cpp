// SPDX-License-Identifier: MIT
#include "nebula/task/when_any.hpp"

#include "combination.hpp"
#include "fake_loop.hpp"
#include "nebula/task/async_mutex.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/resume_in.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/when_all.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace nebula {
namespace {

using test::after_frames;
using test::AtExit;
using test::Counted;
using test::fails_after;
using test::FakeLoop;

task<int> never(Event& event, int& live) {
    const Counted local(live);
    co_await event.wait();
    co_return 0;
}

class WhenAnyTest : public test::CombinationTest {};

TEST_F(WhenAnyTest, GivesTheFirstAndTheOthersAreDestroyedBeforeTheTaskGoesOn) {
    int live = 0;
    bool ended = false;
    loop_.runtime.spawn([&]() -> task<> {
        const std::variant<int, int, std::monostate> first =
            co_await when_any(never(never_, live), after_frames(2, 7), sleep_for(99.0));
        EXPECT_EQ(live, 0);
        EXPECT_EQ(first.index(), 1U);
        EXPECT_EQ(std::get<1>(first), 7);
        ended = true;
    });
    EXPECT_EQ(live, 1);
    loop_.settled_frames(1);
    EXPECT_EQ(live, 1);
    loop_.frame();
    EXPECT_EQ(live, 0) << "gone in the very pump in which the first ended";
    EXPECT_FALSE(ended);
    loop_.settle();
    EXPECT_TRUE(ended);
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
    never_.set();
    loop_.settled_frames(1);
}

TEST_F(WhenAnyTest, OfTwoThatEndInOnePumpTheFirstInLineWins) {
    std::size_t index = 9;
    loop_.runtime.spawn([&]() -> task<> {
        index = (co_await when_any(after_frames(1, 1), next_frame(), after_frames(1, 2))).index();
    });
    loop_.settled_frames(1);
    EXPECT_EQ(index, 0U);
}

TEST_F(WhenAnyTest, WhatIsReadyWinsAtOnceAndTheLaterOnesNeverRun) {
    int live = 0;
    bool started = false;
    bool ended = false;
    const auto starts = [&](Counted) -> task<> {
        started = true;
        co_return;
    };
    loop_.runtime.spawn([&]() -> task<> {
        const auto first =
            co_await when_any(never(never_, live), after_frames(0, 3), starts(Counted(live)));
        EXPECT_EQ(first.index(), 1U);
        EXPECT_EQ(live, 0);
        ended = true;
    });
    EXPECT_TRUE(ended);
    EXPECT_FALSE(started);
}

TEST_F(WhenAnyTest, AnErrorThatIsFirstIsThrown) {
    int live = 0;
    int caught = 0;
    loop_.runtime.spawn([&]() -> task<> {
        try {
            co_await when_any(never(never_, live), fails_after(1), fails_after(1));
        } catch (const std::runtime_error&) {
            EXPECT_EQ(live, 0);
            ++caught;
        }
    });
    loop_.settled_frames(1);
    EXPECT_EQ(caught, 1);
    EXPECT_EQ(unhandled_, 0);
}

TEST_F(WhenAnyTest, AVectorGivesTheIndexAndTheValue) {
    int live = 0;
    bool ended = false;
    loop_.runtime.spawn([&]() -> task<> {
        std::vector<task<int>> bodies;
        for (int i = 0; i < 999; ++i) bodies.push_back(never(never_, live));
        bodies.push_back(after_frames(1, 5));
        const auto [index, value] = co_await when_any(std::move(bodies));
        EXPECT_EQ(index, 999U);
        EXPECT_EQ(value, 5);
        EXPECT_EQ(live, 0);
        std::vector<task<>> silent;
        silent.push_back([]() -> task<> { co_await next_frame(); }());
        EXPECT_EQ((co_await when_any(std::move(silent))).index, 0U);
        ended = true;
    });
    EXPECT_EQ(live, 999);
    loop_.settled_frames(2);
    EXPECT_TRUE(ended);
    EXPECT_THROW((void)when_any(std::vector<task<>>()), std::invalid_argument);
}

TEST_F(WhenAnyTest, ALosersDestructorMayCancelTheTaskThatWaits) {
    TaskHandle<> parent;
    int live = 0;
    const auto loser = [&]() -> task<> {
        const AtExit cancels([&] { parent.cancel(); });
        co_await never_.wait();
    };
    parent = loop_.runtime.spawn([&]() -> task<> {
        const Counted local(live);
        co_await when_any(loser(), next_frame(), loser());
        ADD_FAILURE() << "a cancelled task went on";
    });
    loop_.settled_frames(1);
    EXPECT_TRUE(parent.cancelled());
    EXPECT_EQ(live, 0);
}

TEST_F(WhenAnyTest, CancellingTheTaskDestroysAllBranches) {
    int live = 0;
    TaskHandle<> parent = loop_.runtime.spawn(
        [&]() -> task<> { co_await when_any(never(never_, live), never(never_, live)); });
    EXPECT_EQ(live, 2);
    parent.cancel();
    EXPECT_EQ(live, 0);
}

TEST_F(WhenAnyTest, LosingWaitsMayBeAwaitedAgain) {
    int done = 0;
    loop_.runtime.spawn([&]() -> task<> {
        auto nap = sleep_for(4 * FakeLoop::kDelta);
        for (int i = 0; i < 3; ++i) {
            const auto first = co_await when_any(nap, next_frame());
            EXPECT_EQ(first.index(), 1U);
        }
        co_await nap;
        ++done;
    });
    loop_.settled_frames(6);
    EXPECT_EQ(done, 0);
    loop_.settled_frames(1);
    EXPECT_EQ(done, 1);
}

// The wait lies in the frame of the task that goes on, and would be left standing for a branch
// whose record is gone.
TEST_F(WhenAnyTest, AWaitThatALosingBranchAwaitsByReferenceEndsWithTheBranch) {
    const auto child = [](auto& wait) -> task<> { (void)co_await wait; };
    const auto in_phase = [](auto& wait) -> task<> {
        (void)co_await resume_in(Phase::Process, wait);
    };
    Event now;
    AsyncMutex mutex;
    auto held = mutex.try_lock();
    const TaskHandle<> other = loop_.runtime.spawn([&]() -> task<> { co_await never_.wait(); });
    bool done = false;
    loop_.runtime.spawn([&]() -> task<> {
        auto sleep = sleep_for(FakeLoop::kDelta * 2);
        auto slow = sleep_for(FakeLoop::kDelta * 2);
        auto frame = frames(2);
        auto phase = enter_phase(Phase::Physics);
        auto join = other.operator co_await();
        auto lock = mutex.lock();
        co_await when_any(child(sleep), in_phase(slow), child(frame), child(phase), child(join),
                          child(lock), now.wait());
        co_await frames(5);
        co_await sleep;
        done = true;
    });
    now.set();
    loop_.settle();
    held.reset();
    EXPECT_FALSE(mutex.locked()) << "nobody waits for it any more";
    loop_.runtime.begin_physics({});
    loop_.settled_frames(7);
    EXPECT_TRUE(done);
    never_.set();
    loop_.settle();
}

TEST_F(WhenAnyTest, NestsWithWhenAll) {
    int live = 0;
    std::size_t index = 9;
    loop_.runtime.spawn([&]() -> task<> {
        const auto first = co_await when_any(when_all(never(never_, live), after_frames(1, 1)),
                                             next_frame(), never_.wait());
        index = first.index();
        EXPECT_EQ(live, 0);
    });
    EXPECT_EQ(live, 1);
    loop_.settled_frames(1);
    EXPECT_EQ(index, 1U);
}

TEST_F(WhenAnyTest, StartedTooDeepItsBranchesBeginInTheNextPump) {
    struct Nest {
        static task<> down(Event& event, int left, int& live, int& won) {
            if (left > 0) {
                Runtime& runtime = co_await this_runtime();
                runtime.spawn(down(event, left - 1, live, won));
                co_return;
            }
            const auto first = co_await when_any(never(event, live), next_frame());
            won = static_cast<int>(first.index());
        }
    };
    int live = 0;
    int won = -1;
    loop_.runtime.spawn(Nest::down(never_, Runtime::kEagerDepth - 1, live, won));
    EXPECT_EQ(live, 0);
    loop_.runtime.pump();
    EXPECT_EQ(live, 1);
    loop_.settled_frames(1);
    EXPECT_EQ(won, 1);
    EXPECT_EQ(live, 0);
}

}  // namespace
}  // namespace nebula
