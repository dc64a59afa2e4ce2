// SPDX-License-Identifier: MIT
// Tasks that wait for each other's end in a circle: the last to join is told, and nobody hangs.
#include "fake_loop.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/task_scope.hpp"
#include "nebula/task/timeout.hpp"
#include "nebula/task/when_all.hpp"
#include "nebula/task/when_any.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

namespace nebula {
namespace {

using test::FakeLoop;

class JoinCycles : public testing::Test {
public:  // for the coroutines of the tests
    /// Waits a frame, so that the handles are there, and joins one of them.
    task<> join_later(std::size_t which) {
        co_await next_frame();
        co_await tasks_[which];
    }
    task<> join_later_and_catch(std::size_t which) {
        co_await next_frame();
        co_await caught(which);
    }
    task<> caught(std::size_t which) {
        try {
            co_await tasks_[which];
        } catch (const std::logic_error& error) {
            told_.emplace_back(error.what());
        }
    }
    /// `count` tasks, each of which joins the next; the last joins the first.
    void spawn_circle(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i)
            tasks_.push_back(
                loop_.runtime.spawn(join_later_and_catch((i + 1) % count),
                                    {.name = std::string(1, static_cast<char>('a' + i))}));
        loop_.settled_frames(3);
    }

    std::vector<TaskHandle<>> tasks_;
    std::vector<std::string> told_;
    FakeLoop loop_;
};

TEST_F(JoinCycles, ATaskThatJoinsItselfIsTold) {
    spawn_circle(1);
    EXPECT_EQ(told_,
              std::vector<std::string>{"task 'a' (#1) would wait for ever: it joins itself"});
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

TEST_F(JoinCycles, TwoThatJoinEachOtherAreTold) {
    spawn_circle(2);
    EXPECT_EQ(told_, std::vector<std::string>{
                         "task 'b' (#2) would wait for ever: it joins task 'a' (#1), which waits "
                         "for task 'b' (#2)"});
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

TEST_F(JoinCycles, ACircleOfThreeIsToldWithItsPath) {
    spawn_circle(3);
    EXPECT_EQ(told_, std::vector<std::string>{
                         "task 'c' (#3) would wait for ever: it joins task 'a' (#1), which waits "
                         "for task 'b' (#2), which waits for task 'c' (#3)"});
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

TEST_F(JoinCycles, ALongCircleIsToldToo) {
    for (std::size_t i = 0; i < 1000; ++i)
        tasks_.push_back(loop_.runtime.spawn(join_later_and_catch((i + 1) % 1000)));
    loop_.settled_frames(200);
    while (loop_.runtime.live_count() > 0) loop_.settled_frames(1);
    EXPECT_EQ(told_.size(), 1U);
    EXPECT_NE(told_.front().find("and so on"), std::string::npos);
}

TEST_F(JoinCycles, ThroughTheBranchesOfAWhenAll) {
    tasks_.resize(2);
    tasks_[0] = loop_.runtime.spawn([](JoinCycles& test) -> task<> {
        co_await next_frame();
        co_await when_all(next_frame(), test.join_later(1));
    }(*this));
    tasks_[1] = loop_.runtime.spawn([](JoinCycles& test) -> task<> {
        co_await frames(3);
        co_await test.caught(0);
    }(*this));
    loop_.settled_frames(6);
    EXPECT_EQ(told_.size(), 1U);
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

TEST_F(JoinCycles, ABranchThatJoinsItsOwner) {
    tasks_.resize(1);
    tasks_[0] = loop_.runtime.spawn([](JoinCycles& test) -> task<> {
        co_await next_frame();
        co_await when_all(test.caught(0), next_frame());
    }(*this));
    loop_.settled_frames(3);
    EXPECT_EQ(told_.size(), 1U);
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

TEST_F(JoinCycles, AScopeJoinedFromInside) {
    tasks_.resize(1);
    tasks_[0] = loop_.runtime.spawn([](JoinCycles& test) -> task<> {
        TaskScope scope(test.loop_.runtime);
        scope.spawn(
            [](TaskScope& own, std::vector<std::string>& told) -> task<> {
                co_await next_frame();
                try {
                    // Not directly: a branch of the child.
                    co_await when_all(own.join(), next_frame());
                } catch (const std::logic_error& error) {
                    told.emplace_back(error.what());
                }
            }(scope, test.told_),
            {.name = "child"});
        co_await scope.join();
    }(*this));
    loop_.settled_frames(4);
    ASSERT_EQ(told_.size(), 1U);
    EXPECT_NE(told_.front().find("a scope whose child"), std::string::npos) << told_.front();
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

TEST_F(JoinCycles, AChildOfAScopeThatJoinsTheTaskWhichJoinsTheScope) {
    tasks_.resize(1);
    const auto owner = [](JoinCycles& test, bool child_first) -> task<> {
        co_await next_frame();
        TaskScope scope(test.loop_.runtime);
        scope.spawn([](JoinCycles& in, bool at_once) -> task<> {
            if (!at_once) co_await next_frame();
            co_await in.caught(0);
        }(test, child_first));
        try {
            co_await scope.join();
        } catch (const std::logic_error& error) {
            test.told_.emplace_back(error.what());
        }
    };
    for (const bool child_first : {false, true}) {
        told_.clear();
        tasks_[0] = loop_.runtime.spawn(owner(*this, child_first));
        loop_.settled_frames(4);
        EXPECT_EQ(told_.size(), 1U);
        EXPECT_EQ(loop_.runtime.live_count(), 0U);
    }
}

// What something else may end is no circle: the time limit ends it.
TEST_F(JoinCycles, ALimitOrAnotherBranchMayEndACircle) {
    tasks_.resize(3);
    bool timed_out = false;
    tasks_[0] = loop_.runtime.spawn([](JoinCycles& test, bool& done) -> task<> {
        co_await next_frame();
        try {
            co_await timeout(test.tasks_[1], 1.0);
        } catch (const TimedOut&) {
            done = true;
        }
    }(*this, timed_out));
    tasks_[1] = loop_.runtime.spawn(join_later(2));
    tasks_[2] = loop_.runtime.spawn(join_later(0));
    loop_.settled_frames(8);
    EXPECT_TRUE(timed_out);
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

TEST_F(JoinCycles, ManyThatJoinOneAndLongChainsAreNoCircle) {
    constexpr std::size_t count = 20'000;
    tasks_.push_back(loop_.runtime.spawn([]() -> task<> { co_await frames(3); }()));
    for (std::size_t i = 1; i < count; ++i)
        tasks_.push_back(loop_.runtime.spawn(join_later_and_catch(i - 1)));
    while (loop_.runtime.live_count() > 0) loop_.frame();
    EXPECT_TRUE(told_.empty());
}

}  // namespace
}  // namespace nebula
