// SPDX-License-Identifier: MIT
// A program outside this repository that uses coroutines and the pool.
#include <nebula/task/pool_bridge.hpp>
#include <nebula/task/runtime.hpp>
#include <nebula/threading/worker_pool.hpp>

#include <cstdint>
#include <cstdio>
#include <thread>

namespace {

nebula::task<> ask(nebula::WorkerPool& pool) {
    const int answer = co_await pool.run([] { return 42; });
    std::printf("answer %d\n", answer);
}

}  // namespace

int main() {
    nebula::WorkerPool pool({.thread_count_override = 2});
    nebula::Runtime runtime;
    runtime.spawn(ask(pool), {.name = "ask"});
    for (std::uint64_t frame = 1; runtime.live_count() > 0; ++frame) {
        runtime.begin_frame({.delta_seconds = 0.016, .frame = frame});
        std::this_thread::yield();  // stands in for the frame
    }
}
