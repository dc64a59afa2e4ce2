// SPDX-License-Identifier: MIT
#include "nebula/task/when_all.hpp"

#include "combination.hpp"
#include "fake_loop.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/fallible.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/pool_bridge.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace nebula {
namespace {

using test::after_frames;
using test::AtExit;
using test::Counted;
using test::fails_after;
using test::FakeLoop;

task<> waits_for(Event& event, int& live) {
    const Counted local(live);
    co_await event.wait();
}

class WhenAllTest : public test::CombinationTest {};

TEST_F(WhenAllTest, GivesTheValuesInTheOrderOfTheArgumentsWhenTheLastHasEnded) {
    std::tuple<int, std::string, std::monostate, FrameTime> got;
    bool ended = false;
    const auto name = []() -> task<std::string> {
        co_await next_frame();
        co_return "door";
    };
    loop_.runtime.spawn([&]() -> task<> {
        got = co_await when_all(after_frames(3, 7), name(), sleep_for(FakeLoop::kDelta),
                                next_frame());
        ended = true;
    });
    loop_.settled_frames(2);
    EXPECT_FALSE(ended);
    loop_.settled_frames(1);
    EXPECT_TRUE(ended);
    EXPECT_EQ(std::get<0>(got), 7);
    EXPECT_EQ(std::get<1>(got), "door");
    EXPECT_EQ(std::get<3>(got).frame, 1U);
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

TEST_F(WhenAllTest, OfWhatIsReadyOrOfNothingDoesNotWait) {
    int ended = 0;
    loop_.runtime.spawn([&]() -> task<> {
        auto [one, two] = co_await when_all(after_frames(0, 1), after_frames(0, 2));
        EXPECT_EQ(one + two, 3);
        co_await when_all();
        const std::vector<int> none = co_await when_all(std::vector<task<int>>());
        EXPECT_TRUE(none.empty());
        ++ended;
    });
    EXPECT_EQ(ended, 1);
}

TEST_F(WhenAllTest, OneBranchIsEnough) {
    int got = 0;
    loop_.runtime.spawn([&]() -> task<> {
        auto [value] = co_await when_all(after_frames(1, 5));
        got = value;
    });
    loop_.settled_frames(1);
    EXPECT_EQ(got, 5);
}

TEST_F(WhenAllTest, AVectorOfAThousandGivesAThousandValuesInOrder) {
    std::vector<int> got;
    loop_.runtime.spawn([&]() -> task<> {
        std::vector<task<int>> bodies;
        for (int i = 0; i < 1000; ++i) bodies.push_back(after_frames(i % 7, i));
        got = co_await when_all(std::move(bodies));
    });
    loop_.settled_frames(7);
    ASSERT_EQ(got.size(), 1000U);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)], i);
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

TEST_F(WhenAllTest, TheFirstErrorDestroysTheOthersAndIsThrownWhenTheyAreGone) {
    int live = 0;
    std::string caught;
    loop_.runtime.spawn([&]() -> task<> {
        try {
            co_await when_all(waits_for(never_, live), fails_after(1, "first"),
                              waits_for(never_, live), fails_after(2, "second"));
        } catch (const std::runtime_error& error) {
            EXPECT_EQ(live, 0);
            caught = error.what();
        }
    });
    EXPECT_EQ(live, 2);
    loop_.settled_frames(3);
    EXPECT_EQ(caught, "first");
    EXPECT_EQ(unhandled_, 0);
}

TEST_F(WhenAllTest, OfSeveralErrorsInOnePumpTheFirstIsThrownAndTheOthersAreNotReported) {
    std::string caught;
    loop_.runtime.spawn([&]() -> task<> {
        try {
            co_await when_all(fails_after(1, "first"), fails_after(1, "second"));
        } catch (const std::runtime_error& error) {
            caught = error.what();
        }
    });
    loop_.settled_frames(1);
    EXPECT_EQ(caught, "first");
    EXPECT_EQ(unhandled_, 0);
}

TEST_F(WhenAllTest, ABranchThatFailsAtOnceLeavesTheLaterOnesUnstarted) {
    int live = 0;
    bool started = false;
    std::string caught;
    const auto starts = [&](Counted) -> task<> {
        started = true;
        co_return;
    };
    loop_.runtime.spawn([&]() -> task<> {
        try {
            co_await when_all(waits_for(never_, live), fails_after(0, "at once"),
                              starts(Counted(live)));
        } catch (const std::runtime_error& error) {
            caught = error.what();
            EXPECT_EQ(live, 0);
        }
    });
    EXPECT_EQ(caught, "at once");
    EXPECT_FALSE(started);
}

TEST_F(WhenAllTest, SettledGivesEveryEndAndDisturbsNobody) {
    int reached = 0;
    loop_.runtime.spawn([&]() -> task<> {
        auto [failed, value, nothing] =
            co_await when_all_settled(fails_after(1, "first"), after_frames(3, 8), next_frame());
        EXPECT_THROW(std::rethrow_exception(failed.error()), std::runtime_error);
        EXPECT_EQ(value.value(), 8);
        EXPECT_TRUE(nothing.has_value());
        std::vector<task<int>> bodies;
        bodies.push_back(after_frames(0, 1));
        bodies.push_back(fails_after(0, "of a vector"));
        const auto ends = co_await when_all_settled(std::move(bodies));
        EXPECT_EQ(ends[0].value(), 1);
        EXPECT_FALSE(ends[1].has_value());
        ++reached;
    });
    loop_.settled_frames(3);
    EXPECT_EQ(reached, 1);
    EXPECT_EQ(unhandled_, 0);
}

TEST_F(WhenAllTest, CancellingTheTaskDestroysTheBranchesBeforeItsOwnFrames) {
    std::vector<std::string> order;
    TaskHandle<> handle = loop_.runtime.spawn([&]() -> task<> {
        const AtExit own([&] { order.emplace_back("own"); });
        const auto branch = [&](const char* name) -> task<> {
            const AtExit note([&order, name] { order.emplace_back(name); });
            co_await never_.wait();
        };
        co_await when_all(branch("first"), branch("second"));
    });
    EXPECT_EQ(loop_.runtime.live_count(), 3U);
    handle.cancel();
    EXPECT_THAT(order, testing::ElementsAre("first", "second", "own"));
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
    never_.set();
    loop_.settle();
}

// The story: a cancel below another destruction waits its turn, and that of a branch came after its
// parent's frame was gone.
TEST_F(WhenAllTest, CancelledByADestructorTheBranchesStillGoBeforeTheFramesTheyReferTo) {
    int live = 0;
    bool seen = false;
    TaskHandle<> inner = loop_.runtime.spawn([&]() -> task<> {
        const auto box = std::make_unique<int>(42);
        const auto branch = [&]() -> task<> {
            const Counted local(live);
            const AtExit look([&] { seen = *box == 42; });
            co_await never_.wait();
        };
        co_await when_all(branch(), branch());
    });
    TaskHandle<> outer = loop_.runtime.spawn([&]() -> task<> {
        const AtExit cancels([&] { inner.cancel(); });
        co_await never_.wait();
    });
    outer.cancel();
    EXPECT_TRUE(inner.cancelled());
    EXPECT_TRUE(seen);
    EXPECT_EQ(live, 0);
}

// A branch is on the stack, and its frame refers to the parent's: that has to stay until then.
TEST_F(WhenAllTest, ABranchMayCancelItsParentAndBothEndWhenItSuspends) {
    int live = 0;
    int steps = 0;
    TaskHandle<> parent;
    parent = loop_.runtime.spawn([&]() -> task<> {
        const Counted local(live);
        int on_frame = 1;
        const auto branch = [&]() -> task<> {
            const Counted own(live);
            co_await next_frame();
            parent.cancel();
            EXPECT_TRUE(parent.is_pending());
            steps += on_frame;
            co_await next_frame();
            steps += 100;
        };
        co_await when_all(branch(), waits_for(never_, live));
    });
    EXPECT_EQ(live, 3);
    loop_.settled_frames(1);
    EXPECT_EQ(steps, 1);
    EXPECT_EQ(live, 0);
    EXPECT_TRUE(parent.cancelled());
    loop_.settled_frames(1);
    EXPECT_EQ(steps, 1);
}

TEST_F(WhenAllTest, AGrandchildMayCancelAnyTaskAboveIt) {
    int live = 0;
    TaskHandle<> top;
    const auto leaf = [&]() -> task<> {
        const Counted local(live);
        co_await next_frame();
        top.cancel();
        EXPECT_EQ(live, 3);
    };
    const auto middle = [&]() -> task<> {
        const Counted local(live);
        co_await when_all(leaf(), never_.wait());
    };
    top = loop_.runtime.spawn([&]() -> task<> {
        const Counted local(live);
        co_await when_all(middle(), never_.wait());
    });
    loop_.settled_frames(1);
    EXPECT_TRUE(top.cancelled());
    EXPECT_EQ(live, 0);
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

TEST_F(WhenAllTest, ABranchMayShutTheRuntimeDown) {
    int live = 0;
    const TaskHandle<> parent = loop_.runtime.spawn([&]() -> task<> {
        const Counted local(live);
        const auto branch = [&]() -> task<> {
            const Counted own(live);
            co_await next_frame();
            loop_.runtime.shutdown();
            EXPECT_EQ(live, 2);
        };
        co_await when_all(branch(), waits_for(never_, live));
        ADD_FAILURE() << "the task went on";
    });
    loop_.settled_frames(1);
    EXPECT_EQ(live, 0);
    EXPECT_THROW(parent.result(), RuntimeClosed);
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

TEST_F(WhenAllTest, ABranchThatShutsTheRuntimeDownAsItStartsEndsItsParentThere) {
    int live = 0;
    const TaskHandle<> parent = loop_.runtime.spawn([&]() -> task<> {
        const Counted local(live);
        const auto branch = [&]() -> task<> {
            loop_.runtime.shutdown();
            co_return;
        };
        co_await when_all(waits_for(never_, live), branch(), waits_for(never_, live));
        ADD_FAILURE() << "the task went on";
    });
    EXPECT_EQ(live, 0);
    EXPECT_TRUE(parent.cancelled());
}

TEST_F(WhenAllTest, ShutdownInTheMiddleRunsEachDestructorOnce) {
    int live = 0;
    {
        FakeLoop loop;
        for (int i = 0; i < 100; ++i) {
            loop.runtime.spawn([&]() -> task<> {
                const Counted local(live);
                co_await when_all(waits_for(never_, live), next_frame(), sleep_for(9.0));
            });
        }
        loop.frame();
        EXPECT_EQ(live, 200);
    }
    EXPECT_EQ(live, 0);
}

TEST_F(WhenAllTest, ADestructorOfASiblingMayCancelTheParent) {
    int live = 0;
    TaskHandle<> parent;
    parent = loop_.runtime.spawn([&]() -> task<> {
        const Counted local(live);
        const auto branch = [&]() -> task<> {
            const AtExit cancels([&] { parent.cancel(); });
            co_await never_.wait();
        };
        co_await when_all(branch(), fails_after(1, "fails"), branch());
    });
    loop_.settled_frames(1);
    EXPECT_TRUE(parent.cancelled());
    EXPECT_EQ(live, 0);
    EXPECT_EQ(unhandled_, 0);
}

TEST_F(WhenAllTest, NestsAThousandDeepAndIsCancelledThere) {
    struct Nest {
        static task<> down(Event& event, int left, int& live) {
            const Counted local(live);
            if (left == 0) {
                co_await event.wait();
            } else {
                co_await when_all(down(event, left - 1, live), event.wait());
            }
        }
    };
    static constexpr int kDepth = 1000;
    int live = 0;
    TaskHandle<> top = loop_.runtime.spawn(Nest::down(never_, kDepth, live));
    for (int i = 0; i <= kDepth / Runtime::kEagerDepth; ++i) loop_.runtime.pump();
    EXPECT_EQ(live, kDepth + 1);
    top.cancel();
    EXPECT_EQ(live, 0);
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

TEST_F(WhenAllTest, BranchesAreListedWithTheirParentsNameAndTheSiteOfTheAwait) {
    loop_.runtime.spawn([&]() -> task<> { co_await when_all(never_.wait(), after_frames(9, 0)); },
                        {.name = "loader"});
    loop_.runtime.spawn([&]() -> task<> { co_await when_all(never_.wait()); },
                        {.name = std::string(60, 'x')});
    const std::vector<TaskInfo> rows = loop_.runtime.live_tasks();
    ASSERT_EQ(rows.size(), 5U);
    EXPECT_EQ(rows[0].reason, "when_all");
    EXPECT_EQ(rows[1].name, "loader/all 0");
    EXPECT_EQ(rows[1].reason, "event");
    EXPECT_THAT(rows[1].site.file_name(), testing::EndsWith("when_all_test.cpp"));
    EXPECT_EQ(rows[1].site.line(), rows[0].site.line());
    EXPECT_EQ(rows[2].name, "loader/all 1");
    EXPECT_EQ(rows[4].name, std::string(42, 'x') + "/all 0");
}

TEST_F(WhenAllTest, NamedWaitsHandlesAndPoolJobsAreTaken) {
    WorkerPool pool({.thread_count_override = 1});
    const TaskHandle<int> handle = loop_.runtime.spawn(after_frames(1, 3));
    bool ended = false;
    loop_.runtime.spawn([&]() -> task<> {
        Event event;
        event.set();
        auto opened = event.wait();
        auto nap = sleep_for(FakeLoop::kDelta);
        auto job = pool.run([box = std::make_shared<int>(4)] { return *box; });
        auto [a, b, from_handle, from_pool] = co_await when_all(opened, nap, handle, job);
        EXPECT_EQ(&from_handle, &handle.result());
        EXPECT_EQ(from_handle + from_pool, 7);
        ended = true;
    });
    while (!ended) {
        loop_.settled_frames(1);
        std::this_thread::yield();
    }
}

TEST_F(WhenAllTest, ACancelledBranchStopsWaitingForAHandleAndLeavesItsTaskAlone) {
    const TaskHandle<int> handle = loop_.runtime.spawn(after_frames(3, 3));
    TaskHandle<> joins =
        loop_.runtime.spawn([&]() -> task<> { co_await when_all(handle, never_.wait()); });
    joins.cancel();
    EXPECT_TRUE(handle.is_pending());
    loop_.settled_frames(3);
    EXPECT_EQ(handle.result(), 3);
}

TEST_F(WhenAllTest, IsMovedBeforeItIsAwaitedAndNests) {
    int got = 0;
    loop_.runtime.spawn([&]() -> task<> {
        auto pair = when_all(after_frames(1, 1), after_frames(2, 2));
        auto [inner, three] = co_await when_all(std::move(pair), after_frames(1, 3));
        got = std::get<0>(inner) + std::get<1>(inner) + three;
    });
    loop_.settled_frames(2);
    EXPECT_EQ(got, 6);
}

TEST_F(WhenAllTest, NeverAwaitedRunsNothing) {
    int live = 0;
    bool started = false;
    const auto body = [&](Counted) -> task<> {
        started = true;
        co_return;
    };
    { const auto never = when_all(body(Counted(live)), sleep_for(1.0)); }
    EXPECT_FALSE(started);
    EXPECT_EQ(live, 0);
}

TEST_F(WhenAllTest, MoveOnlyValuesAndReferencesPassThrough) {
    int owned = 5;
    loop_.runtime.spawn([&]() -> task<> {
        const auto unique = []() -> task<std::unique_ptr<int>> {
            co_await next_frame();
            co_return std::make_unique<int>(1);
        };
        const auto reference = [&]() -> task<int&> { co_return owned; };
        auto [box, ref] = co_await when_all(unique(), reference());
        ref += *box;
    });
    loop_.settled_frames(1);
    EXPECT_EQ(owned, 6);
}

}  // namespace
}  // namespace nebula
