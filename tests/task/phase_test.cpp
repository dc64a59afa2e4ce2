// SPDX-License-Identifier: MIT
#include "nebula/task/phase.hpp"

#include "fake_loop.hpp"
#include "nebula/task/async_mutex.hpp"
#include "nebula/task/async_semaphore.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/resume_in.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/task_channel.hpp"
#include "nebula/task/task_scope.hpp"
#include "nebula/task/worker_channel.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using test::Door;
using test::FakeLoop;

task<> count_physics(int& ticks) {
    for (;; ++ticks) co_await next_physics();
}

TEST(Phase, NextPhysicsHasOneTurnPerTickHoweverManyAFrameHas) {
    FakeLoop loop;
    int ticks = 0;
    loop.runtime.spawn(count_physics(ticks));
    loop.frames_pass(3);
    EXPECT_EQ(ticks, 0) << "a frame is no physics tick";
    for (int i = 0; i < 4; ++i) loop.runtime.begin_physics({.delta_seconds = 0.125});
    EXPECT_EQ(ticks, 4);
}

TEST(Phase, PhysicsFramesResumesOnceAtTheLastTick) {
    FakeLoop loop;
    bool done = false;
    loop.runtime.spawn([&]() -> task<> {
        co_await physics_frames(5);
        done = true;
    });
    const std::uint64_t resumes = loop.runtime.pump_stats().resumes;
    for (int i = 0; i < 4; ++i) loop.runtime.begin_physics({});
    EXPECT_FALSE(done);
    loop.runtime.begin_physics({});
    EXPECT_TRUE(done);
    EXPECT_EQ(loop.runtime.pump_stats().resumes, resumes + 1);
}

TEST(Phase, NoFramesAreNotWaitedFor) {
    FakeLoop loop;
    bool done = false;
    loop.runtime.spawn([&]() -> task<> {
        co_await frames(0);
        done = true;
    });
    EXPECT_TRUE(done);
}

TEST(Phase, TheEndOfThisFrameComesBeforeTheNextFrame) {
    FakeLoop loop;
    std::vector<std::string> order;
    loop.runtime.spawn([&]() -> task<> {
        co_await next_frame();
        order.emplace_back("frame");
        const FrameTime frame = co_await end_of_frame();
        EXPECT_EQ(frame.frame, 1U);
        order.emplace_back("end");
        co_await next_frame();
        order.emplace_back("next");
    });
    for (int i = 0; i < 2; ++i) {
        loop.frame();
        loop.runtime.pump();
        loop.runtime.end_of_frame();
    }
    EXPECT_EQ(order, (std::vector<std::string>{"frame", "end", "next"}));
}

TEST(Phase, EachClockGoesByWhatItCounts) {
    FakeLoop loop;
    std::vector<std::string> order;
    const auto sleep_on = [&](TaskClock clock, const char* name) -> task<> {
        co_await sleep_for(1.0, clock);
        order.emplace_back(name);
    };
    loop.runtime.spawn(sleep_on(TaskClock::Game, "game"));
    loop.runtime.spawn(sleep_on(TaskClock::Pausable, "pausable"));
    loop.runtime.spawn(sleep_on(TaskClock::Real, "real"));
    loop.runtime.spawn(sleep_on(TaskClock::Physics, "physics"));
    loop.runtime.begin_frame({.delta_seconds = 0.5, .real_delta_seconds = 1.0});
    EXPECT_EQ(order, (std::vector<std::string>{"real"}));
    loop.runtime.begin_frame({.delta_seconds = 0.5, .real_delta_seconds = 1.0, .paused = true});
    EXPECT_EQ(order, (std::vector<std::string>{"real", "game"}));
    loop.runtime.begin_physics({.delta_seconds = 1.0});
    EXPECT_EQ(order.back(), "physics");
    loop.runtime.begin_frame({.delta_seconds = 0.5, .real_delta_seconds = 0.0});
    EXPECT_EQ(order.back(), "pausable");
    EXPECT_EQ(loop.runtime.now_seconds(TaskClock::Game), 1.5);
    EXPECT_EQ(loop.runtime.now_seconds(TaskClock::Pausable), 1.0);
    EXPECT_EQ(loop.runtime.now_seconds(TaskClock::Real), 2.0);
    EXPECT_EQ(loop.runtime.now_seconds(TaskClock::Physics), 1.0);
}

TEST(Phase, WithATimeScaleOfZeroGameSleepsWaitAndRealOnesEnd) {
    FakeLoop loop;
    bool game = false;
    bool real = false;
    loop.runtime.spawn([&]() -> task<> {
        co_await sleep_for(0.1);
        game = true;
    });
    loop.runtime.spawn([&]() -> task<> {
        co_await sleep_for(0.1, TaskClock::Real);
        real = true;
    });
    for (int i = 0; i < 10; ++i)
        loop.runtime.begin_frame({.delta_seconds = 0.0, .real_delta_seconds = 0.1});
    EXPECT_FALSE(game);
    EXPECT_TRUE(real);
}

TEST(Phase, ACancelledPhaseWaitLeavesNothingBehind) {
    FakeLoop loop;
    TaskHandle<> physics = loop.runtime.spawn([]() -> task<> { co_await physics_frames(3); });
    TaskHandle<> sleep =
        loop.runtime.spawn([]() -> task<> { co_await sleep_for(1.0, TaskClock::Physics); });
    physics.cancel();
    sleep.cancel();
    for (int i = 0; i < 4; ++i) loop.runtime.begin_physics({.delta_seconds = 1.0});
    EXPECT_EQ(loop.runtime.live_count(), 0U);
}

TEST(ResumeIn, AWaitThatEndsAnywhereGoesOnInThePhaseThatWasChosen) {
    FakeLoop loop;
    Door door;
    bool done = false;
    loop.runtime.spawn([&]() -> task<> {
        co_await resume_in(Phase::Physics, door.opens());
        done = true;
    });
    door.open();
    loop.runtime.pump();
    loop.frame();
    loop.runtime.end_of_frame();
    EXPECT_FALSE(done);
    loop.runtime.begin_physics({});
    EXPECT_TRUE(done);
}

TEST(ResumeIn, AWakeThatThePhasesOwnPumpFindsResumesInThatPhase) {
    FakeLoop loop;
    Door door;
    bool done = false;
    loop.runtime.spawn([&]() -> task<> {
        co_await resume_in(Phase::Physics, door.opens());
        done = true;
    });
    door.open();  // nobody pumps before the tick
    loop.runtime.begin_physics({});
    EXPECT_TRUE(done);
}

TEST(ResumeIn, WhatIsThereAlreadyWaitsForThePhaseToo) {
    FakeLoop loop;
    Event event;
    event.set();
    int steps = 0;
    loop.runtime.spawn([&]() -> task<> {
        co_await resume_in(Phase::FrameEnd, event.wait());
        ++steps;
        co_await resume_in(Phase::FrameEnd, event.wait());  // it is in the phase: at once
        ++steps;
    });
    EXPECT_EQ(steps, 0);
    loop.frame();
    EXPECT_EQ(steps, 0);
    loop.runtime.end_of_frame();
    EXPECT_EQ(steps, 2);
}

TEST(ResumeIn, ItGivesAndThrowsWhatTheWaitDoes) {
    FakeLoop loop;
    auto event = std::make_unique<Event>();
    bool freed = false;
    const TaskHandle<double> frame = loop.runtime.spawn([]() -> task<double> {
        const FrameTime time = co_await resume_in(Phase::FrameEnd, next_frame());
        co_return time.delta_seconds;
    });
    loop.runtime.spawn([&]() -> task<> {
        try {
            co_await resume_in(Phase::FrameEnd, event->wait());
        } catch (const EmitterFreed&) {
            freed = true;
        }
    });
    event.reset();
    loop.frame();
    EXPECT_FALSE(frame.done());
    loop.runtime.end_of_frame();
    EXPECT_EQ(frame.result(), FakeLoop::kDelta);
    EXPECT_TRUE(freed);
}

TEST(ResumeIn, ATaskThatWaitsForItsPhaseCanBeCancelled) {
    FakeLoop loop;
    Door door;
    TaskHandle<> waiting =
        loop.runtime.spawn([&]() -> task<> { co_await resume_in(Phase::Physics, door.opens()); });
    door.open();
    loop.runtime.pump();
    waiting.cancel();
    EXPECT_EQ(door.waiting, 0);
    loop.runtime.begin_physics({});
    EXPECT_TRUE(waiting.cancelled());
}

// Waits for the phase with what `source` gave it at once, and is cancelled there.
template <class Source>
void take_and_be_cancelled(FakeLoop& loop, Source source) {
    TaskHandle<> waits = loop.runtime.spawn([&]() -> task<> {
        [[maybe_unused]] const auto taken = co_await resume_in(Phase::Physics, source());
        ADD_FAILURE() << "it went on";
    });
    EXPECT_TRUE(waits.is_pending());
    waits.cancel();
}

TEST(ResumeIn, WhatACancelledTaskWasGivenAtOnceGoesBack) {
    FakeLoop loop;
    AsyncMutex mutex;
    take_and_be_cancelled(loop, [&] { return mutex.lock(); });
    EXPECT_FALSE(mutex.locked());

    AsyncSemaphore semaphore(2);
    take_and_be_cancelled(loop, [&] { return semaphore.acquire(2); });
    EXPECT_EQ(semaphore.available(), 2U);

    TaskChannel<int> channel;
    EXPECT_EQ(channel.try_send(5), SendResult::Sent);
    take_and_be_cancelled(loop, [&] { return channel.recv(); });
    EXPECT_EQ(channel.try_recv(), 5);

    WorkerChannel<int> from_workers;
    from_workers.send(6);
    take_and_be_cancelled(loop, [&] { return from_workers.recv(); });
    EXPECT_EQ(from_workers.try_recv(), 6);
}

TEST(ResumeIn, WhatANamedWaitWasGivenGoesBackWithTheTaskThatAwaitedIt) {
    FakeLoop loop;
    AsyncMutex mutex;
    auto lock = mutex.lock();
    TaskHandle<> waits =
        loop.runtime.spawn([&]() -> task<> { (void)co_await resume_in(Phase::Physics, lock); });
    EXPECT_TRUE(mutex.locked());
    waits.cancel();
    EXPECT_FALSE(mutex.locked());
}

TEST(ResumeIn, AValueThatWaitsForThePhaseIsNobodyElses) {
    FakeLoop loop;
    TaskChannel<int> channel;
    WorkerChannel<int> from_workers;
    EXPECT_EQ(channel.try_send(1), SendResult::Sent);
    from_workers.send(2);
    std::optional<int> got;
    std::optional<int> from_worker;
    loop.runtime.spawn(
        [&]() -> task<> { got = co_await resume_in(Phase::Physics, channel.recv()); });
    loop.runtime.spawn(
        [&]() -> task<> { from_worker = co_await resume_in(Phase::Physics, from_workers.recv()); });
    EXPECT_EQ(channel.try_recv(), std::nullopt);
    EXPECT_EQ(from_workers.try_recv(), std::nullopt);
    loop.runtime.begin_physics({});
    EXPECT_EQ(got, 1);
    EXPECT_EQ(from_worker, 2);
}

TEST(ResumeIn, TheSourceMayDieBetweenTheEndOfTheWaitAndThePhase) {
    FakeLoop loop;
    std::string told;
    const auto tells = [&](auto wait) -> task<> {
        try {
            (void)co_await resume_in(Phase::Physics, wait);
            told += "ended ";
        } catch (const EmitterFreed&) {
            told += "freed ";
        }
    };
    std::optional<AsyncMutex> mutex(std::in_place);
    loop.runtime.spawn(tells(mutex->lock()));
    mutex.reset();
    std::optional<AsyncSemaphore> semaphore(std::in_place, 1);
    loop.runtime.spawn(tells(semaphore->acquire()));
    semaphore.reset();
    std::optional<TaskChannel<int>> channel(std::in_place);
    EXPECT_EQ(channel->try_send(1), SendResult::Sent);
    loop.runtime.spawn(tells(channel->recv()));
    channel.reset();
    loop.runtime.begin_physics({});
    EXPECT_EQ(told, "freed freed freed ");

    told.clear();
    auto closed = std::make_unique<TaskChannel<int>>();
    closed->close();
    loop.runtime.spawn(tells(closed->recv()));
    closed.reset();
    auto scope = std::make_unique<TaskScope>(loop.runtime);
    loop.runtime.spawn(tells(scope->join()));
    scope.reset();
    loop.runtime.begin_physics({});
    EXPECT_EQ(told, "ended ended ");
}

TEST(EnterPhase, GoesOnAtOnceInsideThePhaseAndWaitsOutsideOfIt) {
    FakeLoop loop;
    int steps = 0;
    loop.runtime.spawn([&]() -> task<> {
        co_await enter_phase(Phase::Physics);
        ++steps;
        co_await enter_phase(Phase::Physics);
        ++steps;
        co_await enter_phase(Phase::Process);
        ++steps;
    });
    EXPECT_EQ(steps, 0);
    loop.runtime.begin_physics({});
    EXPECT_EQ(steps, 2);
    loop.frame();
    EXPECT_EQ(steps, 3);
}

}  // namespace
}  // namespace nebula
