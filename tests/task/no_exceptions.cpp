// SPDX-License-Identifier: MIT
// Compiled with -fno-exceptions.
#include "no_exceptions.hpp"

#include "nebula/task/async_mutex.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/fallible.hpp"
#include "nebula/task/interval.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/par_await.hpp"
#include "nebula/task/pool_bridge.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/task_channel.hpp"
#include "nebula/task/task_scope.hpp"
#include "nebula/task/timeout.hpp"
#include "nebula/task/when_all.hpp"
#include "nebula/task/when_any.hpp"
#include "nebula/task/worker_channel.hpp"
#include "nebula/task/worker_hop.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace nebula::test {
namespace {

task<int> add_later(int a, int b) {
    co_await next_frame();
    co_return a + b;
}

task<> walk(Runtime& runtime, WorkerPool& pool, std::string& steps) {
    if (co_await add_later(1, 2) == 3) steps += "child ";
    co_await sleep_for(0.5);
    Interval every = interval(0.25);
    co_await every;
    steps += "time ";
    auto [sum, nothing] = co_await when_all(add_later(3, 4), next_frame());
    (void)nothing;
    if (sum == 7) steps += "all ";
    const auto first = co_await when_any(sleep_for(99.0), add_later(1, 1));
    if (first.index() == 1) steps += "any ";
    if (co_await timeout(add_later(2, 2), 9.0) == 4) steps += "timeout ";
    auto [one, two] = co_await when_all_settled(add_later(1, 0), add_later(2, 0));
    if (one && two) steps += "settled ";

    TaskChannel<int> channel(1);
    co_await when_all(channel.send(5), channel.recv());
    AsyncMutex mutex;
    { const AsyncMutex::Guard guard = co_await mutex.lock(); }
    steps += "channel ";

    TaskScope scope(runtime);
    const TaskHandle<int> child = scope.spawn(add_later(5, 5));
    co_await scope.join();
    if (child.result() == 10) steps += "scope ";

    auto job = pool.run([] { return 6; });
    if (co_await job == 6) steps += "run ";
    std::atomic<int> pieces = 0;
    auto loop = pool_for(pool, 10, 1, [&pieces](std::size_t) { ++pieces; });
    co_await loop;
    if (pieces == 10) steps += "loop ";
    co_await worker(pool);
    const bool there = WorkerPool::current_worker_index() >= 0;
    co_await main_thread();
    if (there && runtime.on_owner_thread()) steps += "hop ";
    const TaskHandle<int> posted = runtime.spawn_from_any_thread([] { return add_later(8, 1); });
    if (co_await posted == 9) steps += "posted ";
    steps += "end";
}

task<> wait_for_ever() { co_await sleep_for(1e9); }

task<> collect_codes(Runtime& runtime, std::string& codes) {
    const auto note = [&codes](const auto& outcome) {
        codes.append(outcome ? "none" : std::string(describe(outcome.error()))).append("; ");
    };
    TaskHandle<> victim = runtime.spawn(wait_for_ever());
    victim.cancel();
    note(co_await fallible(victim));
    note(co_await fallible(timeout(wait_for_ever(), 0.5)));
    auto event = std::make_unique<Event>();
    runtime.spawn([](std::unique_ptr<Event>& owned) -> task<> {
        co_await next_frame();
        owned.reset();
    }(event));
    note(co_await fallible(event->wait()));
    note(co_await fallible(add_later(1, 1)));
}

void run_to_the_end(Runtime& runtime) {
    for (std::uint64_t frame = 0; runtime.live_count() > 0; ++frame) {
        runtime.begin_frame({0.25, frame});
        std::this_thread::yield();
    }
}

}  // namespace

bool tasks_built_without_exceptions() noexcept {
#if defined(__cpp_exceptions)
    return false;
#else
    return true;
#endif
}

std::string walk_through_everything() {
    std::string steps;
    WorkerPool pool({.thread_count_override = 2});
    Runtime runtime;
    runtime.spawn(walk(runtime, pool, steps));
    run_to_the_end(runtime);
    return steps;
}

std::string codes_of_failed_waits() {
    std::string codes;
    Runtime runtime;
    runtime.spawn(collect_codes(runtime, codes));
    run_to_the_end(runtime);
    return codes;
}

TaskHandle<int> spawn_one_that_is_thrown_at(Runtime& runtime, TaskHandle<int> fails) {
    return runtime.spawn(
        [](TaskHandle<int> other) -> task<int> { co_return co_await other; }(std::move(fails)),
        {.name = "unprepared"});
}

}  // namespace nebula::test
