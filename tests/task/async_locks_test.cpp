// SPDX-License-Identifier: MIT
// AsyncMutex, AsyncSemaphore and AsyncLatch.
#include "fake_loop.hpp"
#include "nebula/task/async_latch.hpp"
#include "nebula/task/async_mutex.hpp"
#include "nebula/task/async_semaphore.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/timeout.hpp"
#include "nebula/task/worker_hop.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using test::FakeLoop;
using testing::ElementsAre;

/// Takes the mutex for so many frames.
task<> hold(AsyncMutex& mutex, int name, int frames, std::vector<int>& order) {
    const AsyncMutex::Guard guard = co_await mutex.lock();
    order.push_back(name);
    for (int i = 0; i < frames; ++i) co_await next_frame();
}

void pass(FakeLoop& loop, int frames) {
    for (int i = 0; i < frames; ++i) {
        loop.frame();
        loop.settle();
    }
}

TEST(AsyncMutex, ServesInTheOrderOfArrivalOneAtATime) {
    AsyncMutex mutex;
    FakeLoop loop;
    std::vector<int> order;
    for (int i = 0; i < 4; ++i) loop.runtime.spawn(hold(mutex, i, 1, order));
    EXPECT_THAT(order, ElementsAre(0));
    pass(loop, 1);
    EXPECT_THAT(order, ElementsAre(0, 1));
    pass(loop, 3);
    EXPECT_THAT(order, ElementsAre(0, 1, 2, 3));
    EXPECT_FALSE(mutex.locked());
}

TEST(AsyncMutex, NobodyOvertakesWhoHasBeenGivenIt) {
    AsyncMutex mutex;
    FakeLoop loop;
    std::vector<int> order;
    std::optional<AsyncMutex::Guard> mine = mutex.try_lock();
    ASSERT_TRUE(mine);
    EXPECT_FALSE(mutex.try_lock());
    loop.runtime.spawn(hold(mutex, 1, 0, order));
    mine->unlock();
    EXPECT_FALSE(mutex.try_lock()) << "it belongs to the one that waited, though it has not run";
    loop.runtime.spawn(hold(mutex, 2, 0, order));
    loop.settle();
    EXPECT_THAT(order, ElementsAre(1, 2));
}

TEST(AsyncMutex, OneThatIsCancelledWhileItWaitsOrOnceItWasGivenItLeavesItToTheNext) {
    AsyncMutex mutex;
    FakeLoop loop;
    std::vector<int> order;
    AsyncMutex::Guard mine = *mutex.try_lock();
    TaskHandle<> waits = loop.runtime.spawn(hold(mutex, 1, 0, order));
    TaskHandle<> given = loop.runtime.spawn(hold(mutex, 2, 0, order));
    loop.runtime.spawn(hold(mutex, 3, 0, order));
    waits.cancel();
    mine.unlock();
    given.cancel();
    loop.settle();
    EXPECT_THAT(order, ElementsAre(3));
    EXPECT_FALSE(mutex.locked());
}

TEST(AsyncMutex, AHolderThatIsCancelledLetsGo) {
    AsyncMutex mutex;
    FakeLoop loop;
    std::vector<int> order;
    TaskHandle<> holder = loop.runtime.spawn(hold(mutex, 1, 99, order));
    loop.runtime.spawn(hold(mutex, 2, 0, order));
    holder.cancel();
    loop.settle();
    EXPECT_THAT(order, ElementsAre(1, 2));
}

TEST(AsyncMutex, ThatDiesEndsItsWaitsWithAnErrorThatOfTheOneGivenItToo) {
    for (const bool given : {false, true}) {
        FakeLoop loop;
        auto mutex = std::make_unique<AsyncMutex>();
        int errors = 0;
        AsyncMutex::Guard mine = *mutex->try_lock();
        loop.runtime.spawn([&]() -> task<> {
            try {
                const AsyncMutex::Guard guard = co_await mutex->lock();
            } catch (const EmitterFreed&) {
                ++errors;
            }
        });
        mine.unlock();
        if (!given) loop.settle();
        if (!given) continue;
        mutex.reset();
        loop.settle();
        EXPECT_EQ(errors, 1);
    }
}

TEST(AsyncMutex, ALockThatTimesOutLeavesTheQueue) {
    AsyncMutex mutex;
    FakeLoop loop;
    std::vector<int> order;
    int timeouts = 0;
    AsyncMutex::Guard mine = *mutex.try_lock();
    loop.runtime.spawn([&]() -> task<> {
        try {
            const AsyncMutex::Guard guard = co_await timeout(mutex.lock(), FakeLoop::kDelta);
        } catch (const TimedOut&) {
            ++timeouts;
        }
    });
    pass(loop, 2);
    EXPECT_EQ(timeouts, 1);
    mine.unlock();
    EXPECT_FALSE(mutex.locked());
}

#if !defined(NDEBUG)
// The second task would be handed the mutex by a worker, in the middle of what its own thread does.
void leave_a_guard_on_a_worker() {
    FakeLoop loop;
    AsyncMutex mutex;
    WorkerPool pool({.thread_count_override = 1});
    for (int i = 0; i < 2; ++i) {
        loop.runtime.spawn([&]() -> task<> {
            const auto guard = co_await mutex.lock();
            co_await worker(pool);
        });
    }
    loop.pump_until_all_ended();
}

TEST(AsyncMutexDeathTest, AGuardThatIsLeftOnAWorkerIsCaught) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(leave_a_guard_on_a_worker(),
                 "an AsyncMutex guard must be released on the thread of the runtime");
}
#endif

TEST(AsyncSemaphore, LetsSoManyInAndTheRestAsTheyLeave) {
    AsyncSemaphore semaphore(2);
    FakeLoop loop;
    int inside = 0;
    int most = 0;
    int ended = 0;
    for (int i = 0; i < 7; ++i) {
        loop.runtime.spawn([&]() -> task<> {
            const AsyncSemaphore::Permit permit = co_await semaphore.acquire();
            most = std::max(most, ++inside);
            co_await next_frame();
            --inside;
            ++ended;
        });
    }
    pass(loop, 4);
    EXPECT_EQ(most, 2);
    EXPECT_EQ(ended, 7);
    EXPECT_EQ(semaphore.available(), 2U);
}

TEST(AsyncSemaphore, WhoWantsManyIsNotOvertakenAndItsCancelLetsTheOthersGo) {
    AsyncSemaphore semaphore(3);
    FakeLoop loop;
    std::vector<int> order;
    const auto take = [&](std::size_t count, int name) -> task<> {
        AsyncSemaphore::Permit permit = co_await semaphore.acquire(count);
        order.push_back(name);
        permit.keep();
    };
    AsyncSemaphore::Permit one = *semaphore.try_acquire();
    loop.runtime.spawn(take(3, 1));
    TaskHandle<> many = loop.runtime.spawn(take(99, 2));
    loop.runtime.spawn(take(1, 3));
    EXPECT_FALSE(semaphore.try_acquire()) << "two are there, but somebody waits already";
    one.give_back();
    loop.settle();
    EXPECT_THAT(order, ElementsAre(1));
    semaphore.add(1);
    loop.settle();
    EXPECT_THAT(order, ElementsAre(1));
    many.cancel();
    loop.settle();
    EXPECT_THAT(order, ElementsAre(1, 3));
}

TEST(AsyncSemaphore, APermitGrantedToATaskThatIsCancelledComesBack) {
    AsyncSemaphore semaphore(0);
    FakeLoop loop;
    TaskHandle<> handle = loop.runtime.spawn(
        [&]() -> task<> { const AsyncSemaphore::Permit permit = co_await semaphore.acquire(2); });
    semaphore.add(2);
    EXPECT_EQ(semaphore.available(), 0U);
    handle.cancel();
    EXPECT_EQ(semaphore.available(), 2U);
}

TEST(AsyncLatch, LetsAllGoAtZeroAndNobodyWaitsAfterwards) {
    AsyncLatch latch(3);
    FakeLoop loop;
    int through = 0;
    const auto wait = [&]() -> task<> {
        co_await latch.wait();
        ++through;
    };
    loop.runtime.spawn(wait());
    loop.runtime.spawn([&]() -> task<> {
        co_await latch.arrive_and_wait();
        ++through;
    });
    EXPECT_EQ(latch.left(), 2U);
    latch.count_down();
    loop.settle();
    EXPECT_EQ(through, 0);
    latch.count_down();
    loop.settle();
    EXPECT_EQ(through, 2);
    loop.runtime.spawn(wait());
    EXPECT_EQ(through, 3);
}

TEST(AsyncLatch, ThatDiesEndsItsWaitsWithAnError) {
    FakeLoop loop;
    auto latch = std::make_unique<AsyncLatch>(1);
    int errors = 0;
    loop.runtime.spawn([&]() -> task<> {
        try {
            co_await latch->wait();
        } catch (const EmitterFreed&) {
            ++errors;
        }
    });
    latch.reset();
    loop.settle();
    EXPECT_EQ(errors, 1);
}

}  // namespace
}  // namespace nebula
