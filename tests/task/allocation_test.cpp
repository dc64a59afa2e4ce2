// SPDX-License-Identifier: MIT
// Counts calls of the global allocator, hence a program of its own.
#include "fake_loop.hpp"
#include "nebula/task/async_mutex.hpp"
#include "nebula/task/async_semaphore.hpp"
#include "nebula/task/cancel_source.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/fallible.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/task_channel.hpp"
#include "nebula/task/task_scope.hpp"
#include "nebula/task/timeout.hpp"
#include "nebula/task/when_all.hpp"
#include "nebula/task/when_any.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<int> allocations{0};
}  // namespace

// noinline: g++ would see malloc's memory in the hands of operator delete and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* const memory = std::malloc(size != 0 ? size : 1)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace nebula {
namespace {

using test::FakeLoop;

task<int> leaf(int value) { co_return value; }
task<int> leaf_later(int value) {
    co_await next_frame();
    co_return value;
}
task<> wait_for_frame() { co_await next_frame(); }
task<> wait_with_over_aligned_local() {
    alignas(64) volatile int local = 1;
    co_await next_frame();
    local = local + 1;
}

/// A channel's two ends, a lock, a permit.
task<> meet(TaskChannel<int>& channel, AsyncMutex& mutex, AsyncSemaphore& semaphore) {
    const AsyncMutex::Guard guard = co_await mutex.lock();
    const AsyncSemaphore::Permit permit = co_await semaphore.acquire();
    co_await when_all(channel.send(1), channel.recv());
}

task<> combine(Event& event) {
    auto [one, two] = co_await when_all(leaf(1), next_frame());
    (void)co_await when_any(event.wait(), sleep_for(99.0), leaf_later(one));
    (void)co_await fallible(timeout(next_frame(), 99.0));  // an exception's text would allocate
}

task<> own_children(const CancelSource& source) {
    TaskScope scope(co_await this_runtime());
    scope.spawn(wait_for_frame());
    scope.spawn(ended_by(source.token(), wait_for_frame()));
    co_await scope.join();
}

task<> combine_in_every_way(Event& event, TaskChannel<int>& channel, int rounds) {
    AsyncMutex mutex;
    AsyncSemaphore semaphore(1);
    const CancelSource source;
    for (int i = 0; i < rounds; ++i) {
        co_await combine(event);
        co_await when_all(meet(channel, mutex, semaphore), meet(channel, mutex, semaphore));
        co_await own_children(source);
    }
}

task<> wait_in_every_way(Event& event, int rounds) {
    Runtime& runtime = co_await this_runtime();
    for (int i = 0; i < rounds; ++i) {
        co_await next_frame();
        co_await yield_now();
        co_await sleep_for(0.5);
        co_await event.wait();
        (void)co_await leaf(i);
        co_await wait_with_over_aligned_local();
        (void)co_await runtime.spawn(leaf(i), {.name = "a child with a name that is long"});
        const TaskHandle<> waits = runtime.spawn([]() -> task<> { co_await next_frame(); });
        co_await waits;
    }
}

// Every kind of wait, a hundred tasks at once, after one round has filled the pools.
TEST(Allocations, ThereAreNoneInSteadyState) {
    FakeLoop loop;
    Event event;
    TaskChannel<int> channel(1);
    static constexpr int kTasks = 100;
    const auto run = [&](int rounds) {
        for (int i = 0; i < kTasks; ++i) {
            loop.runtime.spawn(wait_in_every_way(event, rounds), {.name = "walker"});
            loop.runtime.spawn(combine_in_every_way(event, channel, rounds), {.name = "gatherer"});
        }
        while (loop.runtime.live_count() > 0) {
            loop.frame();
            event.set();
            loop.runtime.pump();
            event.reset();
        }
    };
    run(20);  // as long: the walkers and the gatherers meet in other steps later on
    const int before = allocations.load();
    run(20);
    EXPECT_EQ(allocations.load() - before, 0);
}

}  // namespace
}  // namespace nebula
