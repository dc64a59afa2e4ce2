// SPDX-License-Identifier: MIT
// Coroutines alone: a main loop of one's own, no engine. The README's second C++ piece.
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
    co_await nebula::sleep_for(0.1);  // of the loop's own time
    auto sum = pool.run([] {
        std::int64_t result = 0;
        for (std::int64_t i = 0; i < 1000; ++i) result += i;
        return result;
    });
    const std::int64_t baked = co_await sum;  // on a worker; the loop goes on meanwhile
    std::printf("baked %lld\n", static_cast<long long>(baked));
}

}  // namespace

int main() {
    nebula::WorkerPool pool({.thread_count_override = 2});
    nebula::Runtime runtime;  // dies first: it ends what still waits for the pool
    runtime.spawn(bake(pool), {.name = "bake"});

    for (std::uint64_t frame = 1; runtime.live_count() > 0; ++frame) {
        runtime.begin_frame({.delta_seconds = 0.016, .frame = frame});  // timers, and who was woken
        runtime.end_of_frame();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));  // stands for the frame itself
    }
}
