// SPDX-License-Identifier: MIT
// Counts calls of the global allocator, hence a program of its own.
#include "fake_loop.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/runtime.hpp"

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

task<> wait_in_every_way(Event& event, int rounds) {
    Runtime& runtime = co_await this_runtime();
    for (int i = 0; i < rounds; ++i) {
        co_await next_frame();
        co_await yield_now();
        co_await sleep_for(0.5);
        co_await event.wait();
        (void)co_await leaf(i);
        (void)co_await runtime.spawn(leaf(i), {.name = "a child with a name that is long"});
        const TaskHandle<> waits = runtime.spawn([]() -> task<> { co_await next_frame(); });
        co_await waits;
    }
}

// Every kind of wait, a hundred tasks at once, after one round has filled the pools.
TEST(Allocations, ThereAreNoneInSteadyState) {
    FakeLoop loop;
    Event event;
    static constexpr int kTasks = 100;
    const auto run = [&](int rounds) {
        for (int i = 0; i < kTasks; ++i)
            loop.runtime.spawn(wait_in_every_way(event, rounds), {.name = "walker"});
        while (loop.runtime.live_count() > 0) {
            loop.frame();
            event.set();
            loop.runtime.pump();
            event.reset();
        }
    };
    run(2);
    const int before = allocations.load();
    run(20);
    EXPECT_EQ(allocations.load() - before, 0);
}

}  // namespace
}  // namespace nebula
