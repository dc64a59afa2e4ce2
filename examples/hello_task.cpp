// SPDX-License-Identifier: MIT
// Coroutines on a main loop of your own, without an engine. The README shows a part of this file.
#include "nebula/task/next_frame.hpp"
#include "nebula/task/pool_bridge.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <thread>

namespace {

nebula::task<> bake(nebula::WorkerPool& pool) {
    co_await nebula::sleep_for(0.1);  // seconds of the loop's own clock
    auto sum = pool.run([] {
        std::int64_t result = 0;
        for (std::int64_t i = 0; i < 1000; ++i) result += i;
        return result;
    });
    const std::int64_t baked = co_await sum;  // runs on a worker; the main loop is not blocked
    std::printf("baked %lld\n", static_cast<long long>(baked));
}

}  // namespace

int main() {
    nebula::WorkerPool pool({.thread_count_override = 2});
    nebula::Runtime runtime;  // destroyed first: it ends tasks that still wait for the pool
    runtime.spawn(bake(pool), {.name = "bake"});

    for (std::uint64_t frame = 1; runtime.live_count() > 0; ++frame) {
        runtime.begin_frame({.delta_seconds = 0.016, .frame = frame});  // timers and woken tasks
        runtime.end_of_frame();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));  // stands in for the frame
    }
}
