// SPDX-License-Identifier: MIT
#include "nebula/task/task_handle.hpp"

#include "fake_loop.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/next_frame.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using test::AtExit;
using test::Counted;
using test::Door;
using test::FakeLoop;

task<int> after(Door& door, int value) {
    co_await door.opens();
    co_return value;
}

TEST(TaskHandle, OfNoTaskAnswersAndDoesNothing) {
    TaskHandle<int> none;
    EXPECT_FALSE(none.is_pending());
    EXPECT_FALSE(none.done());
    EXPECT_FALSE(none.cancelled());
    EXPECT_EQ(none.name(), "");
    EXPECT_EQ(none.id(), 0U);
    none.cancel();
    none.request_cancel();
}

TEST(TaskHandle, TellsPendingThenDoneAndKeepsTheResult) {
    Door door;
    FakeLoop loop;
    const TaskHandle<int> handle = loop.runtime.spawn(after(door, 3), {.name = "three"});
    EXPECT_TRUE(handle.is_pending());
    EXPECT_FALSE(handle.done());
    EXPECT_THROW((void)handle.result(), NotReady);
    EXPECT_EQ(handle.name(), "three");
    door.open();
    loop.runtime.pump();
    EXPECT_FALSE(handle.is_pending());
    EXPECT_TRUE(handle.done());
    EXPECT_EQ(handle.result(), 3);
    EXPECT_EQ(handle.result(), 3);
}

TEST(TaskHandle, DroppingItCancelsNothing) {
    Door door;
    FakeLoop loop;
    bool ended = false;
    loop.runtime.spawn([&]() -> task<> {
        co_await door.opens();
        ended = true;
    });
    door.open();
    loop.runtime.pump();
    EXPECT_TRUE(ended);
}

TEST(TaskHandle, CancelDestroysAWaitingTaskAtOnce) {
    Door door;
    FakeLoop loop;
    int live = 0;
    bool reached = false;
    TaskHandle<> handle = loop.runtime.spawn([&]() -> task<> {
        const Counted local(live);
        co_await door.opens();
        reached = true;
    });
    EXPECT_EQ(live, 1);
    handle.cancel();
    EXPECT_EQ(live, 0);
    EXPECT_EQ(door.waiting, 0);
    EXPECT_TRUE(handle.cancelled());
    EXPECT_THROW(handle.result(), TaskCancelled);
    handle.cancel();
    door.open();
    loop.runtime.pump();
    EXPECT_FALSE(reached);
    EXPECT_EQ(loop.runtime.live_count(), 0U);
}

TEST(TaskHandle, ATaskThatCancelsItselfEndsAtItsNextSuspension) {
    FakeLoop loop;
    TaskHandle<> self;
    int steps = 0;
    int live = 0;
    self = loop.runtime.spawn([&]() -> task<> {
        const Counted local(live);
        co_await yield_now();
        self.cancel();
        ++steps;
        EXPECT_TRUE(self.is_pending());
        self.cancel();
        ++steps;
        co_await next_frame();
        ++steps;
    });
    loop.runtime.pump();
    EXPECT_EQ(steps, 2);
    EXPECT_EQ(live, 0);
    EXPECT_TRUE(self.cancelled());
    self.cancel();
    loop.frame();
    EXPECT_EQ(steps, 2);
}

TEST(TaskHandle, ATaskThatCancelsItselfAndNeverWaitsAgainIsDone) {
    FakeLoop loop;
    TaskHandle<int> self;
    self = loop.runtime.spawn([&]() -> task<int> {
        co_await yield_now();
        self.cancel();
        co_return 9;
    });
    loop.runtime.pump();
    EXPECT_TRUE(self.done());
    EXPECT_EQ(self.result(), 9);
}

TEST(TaskHandle, ATaskCancelledByOneThatItSpawnsEndsAtItsNextSuspension) {
    FakeLoop loop;
    TaskHandle<> outer;
    bool after_spawn = false;
    bool after_wait = false;
    outer = loop.runtime.spawn([&]() -> task<> {
        co_await yield_now();
        loop.runtime.spawn([&]() -> task<> {
            outer.cancel();
            co_return;
        });
        after_spawn = true;
        co_await yield_now();
        after_wait = true;
    });
    loop.runtime.pump();
    EXPECT_TRUE(after_spawn);
    EXPECT_TRUE(outer.cancelled());
    loop.runtime.pump();
    EXPECT_FALSE(after_wait);
}

// The story: in a runtime that names tasks by slot alone, or checks the id in some states only, A's
// handle reaches whoever lives in A's slot now.
TEST(TaskHandle, OfAnEndedTaskDoesNothingToTheTaskSpawnedNext) {
    Door door;
    FakeLoop loop;
    TaskHandle<> a = loop.runtime.spawn([]() -> task<> { co_return; });
    bool b_ended = false;
    const TaskHandle<> b = loop.runtime.spawn([&]() -> task<> {
        a.cancel();  // while B runs
        a.request_cancel();
        co_await door.opens();
        b_ended = true;
    });
    a.cancel();  // while B waits
    EXPECT_TRUE(b.is_pending());
    EXPECT_TRUE(a.done());
    door.open();
    loop.runtime.pump();
    EXPECT_TRUE(b_ended);
}

TEST(TaskHandle, ADestructorOfACancelledTaskMayCancelAndSpawn) {
    Door door;
    FakeLoop loop;
    int live = 0;
    bool spawned_ran = false;
    bool spawned_ended = false;
    TaskHandle<> victim = loop.runtime.spawn([&]() -> task<> {
        const Counted local(live);
        co_await door.opens();
    });
    TaskHandle<> first = loop.runtime.spawn([&]() -> task<> {
        const AtExit then([&] {
            victim.cancel();
            EXPECT_TRUE(victim.cancelled());
            loop.runtime.spawn([&]() -> task<> {
                spawned_ran = true;
                co_await yield_now();
                spawned_ended = true;
            });
        });
        co_await door.opens();
    });
    first.cancel();
    EXPECT_EQ(live, 0) << "once the outer cancel has returned";
    EXPECT_TRUE(spawned_ran);
    loop.runtime.pump();
    EXPECT_TRUE(spawned_ended);
    EXPECT_EQ(loop.runtime.live_count(), 0U);
}

TEST(TaskHandle, ACancelThatCancelsTheNextFiftyThousandTimesKeepsTheStackFlat) {
    static constexpr std::size_t kTasks = 50'000;
    Door door;
    FakeLoop loop;
    std::vector<TaskHandle<>> handles(kTasks);
    for (std::size_t i = 0; i < kTasks; ++i) {
        handles[i] = loop.runtime.spawn([&, i]() -> task<> {
            const AtExit then([&, i] {
                [[maybe_unused]] volatile char weight[300] =
                    {};  // what a real destructor has on the stack
                if (i + 1 < kTasks) handles[i + 1].cancel();
                weight[0] = 1;
            });
            co_await door.opens();
        });
    }
    handles[0].cancel();
    EXPECT_EQ(loop.runtime.live_count(), 0U);
    EXPECT_EQ(door.waiting, 0);
}

TEST(TaskHandle, ATaskCancelledWhileReadyIsNotResumed) {
    Door door;
    FakeLoop loop;
    bool resumed = false;
    TaskHandle<> second;
    loop.runtime.spawn([&]() -> task<> {
        co_await door.opens();
        second.cancel();  // it stands behind us in the same pump
    });
    second = loop.runtime.spawn([&]() -> task<> {
        co_await door.opens();
        resumed = true;
    });
    door.open();
    loop.runtime.pump();
    EXPECT_TRUE(second.cancelled());
    EXPECT_FALSE(resumed);
}

TEST(TaskHandle, SeveralTasksJoinOne) {
    Door door;
    FakeLoop loop;
    const TaskHandle<std::string> handle = loop.runtime.spawn([&]() -> task<std::string> {
        co_await door.opens();
        co_return "bread";
    });
    std::vector<std::string> got;
    for (int i = 0; i < 3; ++i) {
        loop.runtime.spawn([&, handle]() -> task<> {
            const std::string& shared = co_await handle;
            got.push_back(shared);
        });
    }
    door.open();
    loop.runtime.pump();
    loop.runtime.pump();
    EXPECT_EQ(got, (std::vector<std::string>{"bread", "bread", "bread"}));
    // One that comes late finds it done and does not wait.
    loop.runtime.spawn([&, handle]() -> task<> { got.push_back(co_await handle); });
    EXPECT_EQ(got.size(), 4U);
}

TEST(TaskHandle, AnRvalueHandleGivesTheValueAway) {
    FakeLoop loop;
    std::unique_ptr<int> got;
    loop.runtime.spawn([&]() -> task<> {
        got = co_await loop.runtime.spawn([]() -> task<std::unique_ptr<int>> {
            co_await yield_now();
            co_return std::make_unique<int>(11);
        });
    });
    loop.runtime.pump();
    loop.runtime.pump();
    ASSERT_NE(got, nullptr);
    EXPECT_EQ(*got, 11);
}

TEST(TaskHandle, JoinersOfACancelledTaskGetTaskCancelled) {
    Door door;
    FakeLoop loop;
    TaskHandle<int> handle = loop.runtime.spawn(after(door, 1), {.name = "doomed"});
    std::string told;
    loop.runtime.spawn([&]() -> task<> {
        try {
            co_await handle;
        } catch (const TaskCancelled& error) {
            told = error.what();
        }
    });
    handle.cancel();
    loop.runtime.pump();
    EXPECT_NE(told.find("doomed"), std::string::npos) << told;
}

TEST(TaskHandle, JoinersGetTheExceptionAndItCountsAsHandled) {
    FakeLoop loop;
    int unhandled = 0;
    loop.runtime.set_on_unhandled([&](const UnhandledError&) { ++unhandled; });
    int caught = 0;
    for (int i = 0; i < 2; ++i) {
        loop.runtime.spawn([&]() -> task<> {
            try {
                co_await loop.runtime.spawn([]() -> task<> {
                    co_await yield_now();
                    throw std::runtime_error("no");
                });
            } catch (const std::runtime_error&) {
                ++caught;
            }
        });
    }
    loop.runtime.pump();
    loop.runtime.pump();
    EXPECT_EQ(caught, 2);
    EXPECT_EQ(unhandled, 0);
}

TEST(TaskHandle, ACancelledJoinerLeavesTheOthersWaiting) {
    Door door;
    FakeLoop loop;
    const TaskHandle<int> handle = loop.runtime.spawn(after(door, 5));
    int sum = 0;
    const auto join = [&]() -> task<> { sum += co_await handle; };
    const TaskHandle<> stays = loop.runtime.spawn(join());
    TaskHandle<> leaves = loop.runtime.spawn(join());
    const TaskHandle<> stays_too = loop.runtime.spawn(join());
    leaves.cancel();
    door.open();
    loop.runtime.pump();
    loop.runtime.pump();
    EXPECT_EQ(sum, 10);
}

TEST(TaskHandle, JoiningATaskOfAnotherThreadIsRefused) {
    Door door;
    FakeLoop loop;
    const TaskHandle<int> handle = loop.runtime.spawn(after(door, 5));
    bool refused = false;
    std::thread([&] {
        FakeLoop other;
        other.runtime.spawn([&]() -> task<> {
            try {
                co_await handle;
            } catch (const WrongThread&) {
                refused = true;
            }
        });
    }).join();
    EXPECT_TRUE(refused);
}

TEST(TaskHandle, OutlivesItsRuntimeHarmlessly) {
    Door door;
    TaskHandle<int> ended;
    TaskHandle<int> waiting;
    {
        FakeLoop loop;
        ended = loop.runtime.spawn([]() -> task<int> { co_return 4; });
        waiting = loop.runtime.spawn(after(door, 1), {.name = "late"});
    }
    EXPECT_EQ(ended.result(), 4);
    EXPECT_FALSE(waiting.is_pending());
    EXPECT_TRUE(waiting.cancelled());
    EXPECT_EQ(waiting.name(), "late");
    EXPECT_THROW((void)waiting.result(), RuntimeClosed);
    waiting.cancel();
    waiting.request_cancel();
    door.open();
    const TaskHandle<int> copy = waiting;
    FakeLoop next;
    bool told = false;
    next.runtime.spawn([&]() -> task<> {
        try {
            co_await copy;
        } catch (const RuntimeClosed&) {
            told = true;
        }
    });
    EXPECT_TRUE(told);
}

TEST(TaskHandle, ItsLastCopyMayGoOnAnotherThread) {
    FakeLoop loop;
    int live = 0;
    TaskHandle<Counted> handle =
        loop.runtime.spawn([&]() -> task<Counted> { co_return Counted(live); });
    EXPECT_EQ(live, 1);
    std::thread([gone = std::move(handle)]() mutable { gone = {}; }).join();
    EXPECT_EQ(live, 0);
}

TEST(TaskHandle, ACancelAskedForOnAnotherThreadDestroysTheFrameOnTheMainLoop) {
    Door door;
    FakeLoop loop;
    std::optional<std::thread::id> destroyed_on;
    const TaskHandle<> handle = loop.runtime.spawn([&]() -> task<> {
        const AtExit note([&] { destroyed_on = std::this_thread::get_id(); });
        co_await door.opens();
    });
    int rings = 0;
    loop.runtime.set_on_wake([&] { ++rings; });
    std::thread([&] {
        handle.request_cancel();
        handle.request_cancel();
    }).join();
    EXPECT_EQ(rings, 1);
    EXPECT_FALSE(destroyed_on.has_value());
    EXPECT_TRUE(handle.is_pending());
    loop.runtime.pump();
    EXPECT_EQ(destroyed_on, std::this_thread::get_id());
    EXPECT_TRUE(handle.cancelled());
}

}  // namespace
}  // namespace nebula
