// SPDX-License-Identifier: MIT
// What destructors, handlers and other threads may do at the moments when it is least convenient.
// Nobody keeps a handle or a waker here unless it matters: a record that is touched after its end
// is then freed memory, which the address sanitizer sees.
#include "fake_loop.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/resume_in.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/worker_hop.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <coroutine>
#include <functional>
#include <memory>
#include <optional>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using test::AtExit;
using test::Counted;
using test::FakeLoop;

task<> wait_for_ever(int& live) {
    const Counted local(live);
    co_await sleep_for(1e9);
}

TEST(Reentrancy, APumpInADestructorOfAParameterResumesNobody) {
    class Pumps {
    public:
        explicit Pumps(Runtime& runtime) : runtime_(&runtime) {}
        Pumps(Pumps&& other) noexcept : runtime_(std::exchange(other.runtime_, nullptr)) {}
        ~Pumps() {
            if (runtime_ != nullptr) runtime_->pump();
        }

    private:
        Runtime* runtime_;
    };
    FakeLoop loop;
    Event event;
    bool resumed = false;
    loop.runtime.spawn([&]() -> task<> {
        co_await event.wait();
        resumed = true;
    });
    event.set();
    const auto body = [](Pumps) -> task<> { co_return; };
    const TaskHandle<> ended = loop.runtime.spawn(body(Pumps(loop.runtime)));
    EXPECT_TRUE(ended.done());
    EXPECT_FALSE(resumed);
    loop.runtime.pump();
    EXPECT_TRUE(resumed);
}

TEST(Reentrancy, ShutdownOfTasksThatNobodyHolds) {
    int live = 0;
    FakeLoop loop;
    for (int i = 0; i < 100; ++i) loop.runtime.spawn(wait_for_ever(live));
    loop.runtime.shutdown();
    EXPECT_EQ(live, 0);
}

TEST(Reentrancy, MailOfATaskWhoseLastReferenceIsTheInboxes) {
    FakeLoop loop;
    Event event;
    TaskHandle<> handle = loop.runtime.spawn([&]() -> task<> { co_await event.wait(); });
    event.set();
    handle.cancel();
    handle = {};
    loop.runtime.pump();
    EXPECT_EQ(loop.runtime.live_count(), 0U);
}

TEST(Reentrancy, AWakeAndACancelInOneMail) {
    int live = 0;
    FakeLoop loop;
    Event event;
    TaskHandle<> handle = loop.runtime.spawn([&]() -> task<> {
        const Counted local(live);
        co_await event.wait();
    });
    event.set();
    handle.request_cancel();
    handle = {};
    loop.runtime.pump();
    EXPECT_EQ(live, 0);
}

TEST(Reentrancy, CancelsOfAPostedTaskWhileShutdownRefusesIt) {
    FakeLoop loop;
    std::optional<TaskHandle<>> handle;
    handle = loop.runtime.spawn_from_any_thread(
        [guard = std::make_unique<AtExit<std::function<void()>>>([&] {
             std::jthread([copy = *handle] { copy.request_cancel(); });
         })]() -> task<> { co_return; });
    loop.runtime.shutdown();
    EXPECT_TRUE(handle->cancelled());
}

TEST(Reentrancy, APumpInADestructorResumesNobody) {
    FakeLoop loop;
    Event event;
    bool resumed = false;
    loop.runtime.spawn([&]() -> task<> {
        co_await event.wait();
        resumed = true;
    });
    TaskHandle<> pumps = loop.runtime.spawn([&]() -> task<> {
        const AtExit pump([&] { loop.runtime.pump(); });
        co_await sleep_for(1.0);
    });
    event.set();
    pumps.cancel();
    EXPECT_FALSE(resumed);
    loop.runtime.pump();
    EXPECT_TRUE(resumed);
}

TEST(Reentrancy, ShutdownDoesNotResumeWhatADestructorPumps) {
    FakeLoop loop;
    Event event;
    bool resumed = false;
    loop.runtime.spawn([&]() -> task<> {
        co_await event.wait();
        resumed = true;
    });
    loop.runtime.spawn([&]() -> task<> {
        const AtExit pump([&] { loop.runtime.pump(); });
        co_await sleep_for(1.0);
    });
    event.set();
    loop.runtime.shutdown();
    EXPECT_FALSE(resumed);
}

class AwayFromHome : public testing::Test {
protected:
    task<> travel(int& live) {
        const Counted local(live);
        co_await worker(pool_);
        begun_.release();
        go_on_.acquire();
        co_await main_thread();
    }
    /// What is left of `other` when cancel_and_wait() returns in the destructor of a local.
    int live_after_a_destructor_waits_for(TaskHandle<> other, const int& live) {
        int live_after = -1;
        loop_.runtime
            .spawn([&]() -> task<> {
                const AtExit wait([&] {
                    other.cancel_and_wait();
                    live_after = live;
                });
                co_await sleep_for(1.0);
            })
            .cancel();
        return live_after;
    }

    std::binary_semaphore begun_{0};
    std::binary_semaphore go_on_{0};
    WorkerPool pool_{{.thread_count_override = 1}};
    FakeLoop loop_;
};

TEST_F(AwayFromHome, ADestructorMayWaitForATaskWhoseHomecomingThePumpHasTakenAlready) {
    int live = 0;
    TaskHandle<> traveller = loop_.runtime.spawn(travel(live));
    TaskHandle<> waits = loop_.runtime.spawn([&]() -> task<> {
        const AtExit wait([&] { traveller.cancel_and_wait(); });
        co_await sleep_for(1.0);
    });
    begun_.acquire();
    waits.request_cancel();
    go_on_.release();
    // The one worker runs this when it has sent the traveller home: both mails lie in the inbox.
    pool_.spawn([this] { begun_.release(); });
    begun_.acquire();
    loop_.runtime.pump();
    EXPECT_TRUE(waits.cancelled());
    EXPECT_EQ(live, 0);
}

TEST_F(AwayFromHome, CancelAndWaitFromADestructorLeavesNothingOfTheTask) {
    int live = 0;
    const TaskHandle<> traveller = loop_.runtime.spawn(travel(live));
    begun_.acquire();
    std::jthread later([&] { go_on_.release(); });
    EXPECT_EQ(live_after_a_destructor_waits_for(traveller, live), 0);
}

TEST_F(AwayFromHome, CancelAndWaitEndsAWaitingTaskFromADestructorToo) {
    int live = 0;
    const TaskHandle<> waiting = loop_.runtime.spawn(wait_for_ever(live));
    EXPECT_EQ(live_after_a_destructor_waits_for(waiting, live), 0);
}

/// Is over before it has suspended, and waits for another task in between.
class OverTooSoon : public Wait {
public:
    explicit OverTooSoon(TaskHandle<>& other) noexcept : Wait("too soon"), other_(other) {}
    bool await_ready() const noexcept { return false; }
    template <TaskPromise P>
    void await_suspend(std::coroutine_handle<P> h) {
        suspend(h).wake();
        other_.cancel_and_wait();
    }
    void await_resume() const noexcept {}

private:
    TaskHandle<>& other_;
};

TEST_F(AwayFromHome, AWakeWhoseMailIsOpenedBeforeTheTaskHasSuspendedIsKept) {
    int live = 0;
    bool resumed = false;
    TaskHandle<> traveller = loop_.runtime.spawn(travel(live));
    begun_.acquire();
    std::jthread later([&] { go_on_.release(); });
    loop_.runtime.spawn([&]() -> task<> {
        co_await OverTooSoon(traveller);
        resumed = true;
    });
    loop_.runtime.pump();
    EXPECT_TRUE(resumed);
    EXPECT_EQ(live, 0);
}

TEST_F(AwayFromHome, ATaskThatWasSentOnByAWorkerIsWaitedFor) {
    WorkerPool other({.thread_count_override = 1});
    int live = 0;
    for (int i = 0; i < 200; ++i) {
        TaskHandle<> handle = loop_.runtime.spawn([&]() -> task<> {
            const Counted local(live);
            co_await worker(pool_);
            co_await worker(other);
            co_await worker(pool_);
        });
        handle.cancel_and_wait();
        EXPECT_EQ(live, 0);
    }
}

TEST(Reentrancy, AnAwaiterThatIsAwaitedAgainWaitsAgain) {
    FakeLoop loop;
    int turns = 0;
    loop.runtime.spawn([&]() -> task<> {
        auto frame = next_frame();
        auto physics = enter_phase(Phase::Physics);
        for (; turns < 3; ++turns) {
            co_await frame;
            co_await physics;
        }
    });
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(turns, i);
        loop.frame();
        loop.runtime.begin_physics({});
    }
    EXPECT_EQ(turns, 3);
}

TEST(Reentrancy, WhatABudgetCutsOffAPhaseRunsInTheNextSuchPhaseAndInNoOther) {
    FakeLoop loop;
    loop.runtime.set_pump_budget(std::chrono::nanoseconds(1));
    Event event;
    int physics = 0;
    for (int i = 0; i < 2; ++i)
        loop.runtime.spawn([&]() -> task<> {
            co_await next_physics();
            ++physics;
        });
    loop.runtime.begin_physics({});
    EXPECT_EQ(physics, 1);
    loop.runtime.set_pump_budget({});
    loop.frame();
    loop.runtime.pump();
    EXPECT_EQ(physics, 1);
    loop.runtime.begin_physics({});
    EXPECT_EQ(physics, 2);
}

TEST(Reentrancy, APhaseThatBeginsBelowATaskResumesItsWaitersInTheNextSuchPhaseAndInNoOther) {
    FakeLoop loop;
    int physics = 0;
    int frames = 0;
    loop.runtime.spawn([&]() -> task<> {
        co_await next_physics();
        ++physics;
    });
    Event begin;
    loop.runtime.spawn([&]() -> task<> {
        co_await begin.wait();
        loop.runtime.begin_physics({});  // a nested main loop
        loop.frame();
    });
    loop.runtime.spawn([&]() -> task<> {
        co_await next_frame();
        ++frames;
    });
    begin.set();
    loop.runtime.end_of_frame();
    loop.settle();
    loop.runtime.end_of_frame();
    EXPECT_EQ(frames, 0);
    EXPECT_EQ(physics, 0);
    loop.frame();
    EXPECT_EQ(frames, 1);
    EXPECT_EQ(physics, 0) << "resumed in a frame";
    loop.runtime.begin_physics({});
    EXPECT_EQ(physics, 1);
}

TEST(Reentrancy, ATaskThatAskedForAPhaseIsNotResumedInsideAWake) {
    FakeLoop loop;
    test::Door door;
    bool resumed = false;
    loop.runtime.spawn([&]() -> task<> {
        co_await resume_in(Phase::Physics, door.opens());
        resumed = true;
    });
    door.wakers[0].wake_inline();
    EXPECT_FALSE(resumed);
    loop.runtime.begin_physics({});
    EXPECT_TRUE(resumed);
}

TEST(Reentrancy, AHandlerMayReplaceItself) {
    FakeLoop loop;
    int told = 0;
    loop.runtime.set_on_unhandled([&, kept = std::string(100, 'x')](const UnhandledError&) {
        loop.runtime.set_on_unhandled({});
        told += static_cast<int>(kept.size());
        loop.runtime.set_on_unhandled([](const UnhandledError&) {});
    });
    loop.runtime.spawn([]() -> task<> {
        co_await yield_now();
        throw std::runtime_error("told");
    });
    loop.runtime.pump();
    EXPECT_EQ(told, 100);
}

}  // namespace
}  // namespace nebula
