// SPDX-License-Identifier: MIT
// Whatever holds up the end of a pool is named. Jobs of io(), jobs on spares, tasks that were
// spawned with a name and tasks of scopes held it up in silence, or as "a task without a name".
#include "nebula/base/log.hpp"
#include "nebula/threading/blocking_region.hpp"
#include "nebula/threading/job.hpp"
#include "nebula/threading/scope.hpp"
#include "nebula/threading/task_pools.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace nebula {
namespace {

using namespace std::chrono_literals;

std::mutex log_mutex;
std::string logged;

void keep(LogLevel, std::string_view line, const std::source_location&) noexcept {
    const std::lock_guard lock(log_mutex);
    logged.append(line).append("\n");
}
bool is_logged(std::string_view text) {
    const std::lock_guard lock(log_mutex);
    return logged.find(text) != std::string::npos;
}
// Holds up the shutdown until it has been named; ten seconds at most.
void hold_until_logged(std::string_view text) {
    for (int i = 0; i < 1000 && !is_logged(text); ++i) std::this_thread::sleep_for(10ms);
    EXPECT_TRUE(is_logged(text)) << text;
}

TEST(ShutdownNames, WhateverHoldsUpAPoolIsNamed) {
    const test::HangGuard guard("a pool did not end");
    const LogSink before = set_log_sink(keep);
    using Begin = std::function<void(WorkerPool&, std::atomic<bool> & begun)>;
    // All at once, because each takes the second until its line is due.
    const std::vector<Begin> ways{
        [](WorkerPool& pool, std::atomic<bool>& begun) {
            pool.spawn(
                [&begun] {
                    begun = true;
                    hold_until_logged(
                        "waiting for the task 'generate' on quit0-0, for 1 s so far; "
                        "nothing can ask it to stop");
                },
                {.name = "generate"});
        },
        [](WorkerPool& pool, std::atomic<bool>& begun) {
            pool.spawn([&] {
                pool.scope([&](Scope<>& s) {
                    s.spawn(
                        [&] {
                            begun = true;
                            hold_until_logged("waiting for the task 'mesh' on quit1-0, for 1 s");
                        },
                        "mesh");
                });
            });
        },
        [](WorkerPool& pool, std::atomic<bool>& begun) {
            pool.io().spawn(
                [&begun] {
                    begun = true;
                    hold_until_logged("waiting for the task 'save' on nebula-io-0, for 1 s");
                },
                "save");
        },
        [](WorkerPool& pool, std::atomic<bool>& begun) {
            pool.spawn([&begun] {
                const BlockingRegion blocked;
                test::wait_until([&] { return begun.load(); });
            });
            spawn_job(pool,
                      [&begun] {
                          begun = true;
                          hold_until_logged(
                              "waiting for the job 'bake' on quit3-spare-0, for 1 s so "
                              "far; let the job check its StopToken");
                      },
                      {.name = "bake"})
                .detach();
        }};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < ways.size(); ++i)
        threads.emplace_back([&way = ways[i], i] {
            std::atomic<bool> begun{false};
            WorkerPool pool(
                {.thread_count_override = 1, .name_prefix = "quit" + std::to_string(i)});
            way(pool, begun);
            test::wait_until([&] { return begun.load(); });
        });
    for (std::thread& thread : threads) thread.join();
    (void)set_log_sink(before);
}

}  // namespace
}  // namespace nebula
