// SPDX-License-Identifier: MIT
// Nobody waits for five seconds: what runs on a worker learns that its task has been cancelled or
// that the game quits, and what does not look is named.
#include "nebula/threading/stop_token.hpp"

#include "fake_loop.hpp"
#include "nebula/base/clock.hpp"
#include "nebula/base/log.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/par_await.hpp"
#include "nebula/task/pool_bridge.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/worker_hop.hpp"
#include "nebula/threading/job.hpp"
#include "nebula/threading/task_pools.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <semaphore>
#include <source_location>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace nebula {
namespace {

using namespace std::chrono_literals;
using test::FakeLoop;

class StopTokens : public testing::Test {
protected:
    /// Runs for 20 s, or until it is asked to stop.
    bool run_until_stopped(StopToken token) {
        begun_.release();
        for (const auto end = Clock::now() + 20s; Clock::now() < end;) {
            if (token.stop_requested()) {
                stopped_ = true;
                return true;
            }
            std::this_thread::sleep_for(1ms);
        }
        return false;
    }
    /// Starts the task that `make` gives, and ends it once it has a worker: by a cancel, then by a
    /// shutdown.
    void expect_stopped(const std::function<task<>(WorkerPool&)>& make) {
        for (const bool quit : {false, true}) {
            stopped_ = false;
            std::optional<FakeLoop> loop(std::in_place);
            std::optional<WorkerPool> pool(std::in_place,
                                           WorkerPoolConfig{.thread_count_override = 2});
            TaskHandle<> task = loop->runtime.spawn(make(*pool));
            begun_.acquire();
            const auto asked = Clock::now();
            if (quit) {
                loop->runtime.shutdown();
            } else {
                task.cancel();
                loop->pump_until_all_ended();
            }
            pool.reset();
            EXPECT_LT(Clock::now() - asked, 5s);
            EXPECT_TRUE(stopped_) << (quit ? "by the quit" : "by the cancel");
            while (begun_.try_acquire()) {
            }
        }
    }

    std::counting_semaphore<> begun_{0};
    std::atomic<bool> stopped_ = false;
};

TEST_F(StopTokens, APoolRunIsAskedToStop) {
    expect_stopped([&](WorkerPool& pool) -> task<> {
        auto job = pool.run([this](StopToken token) { return run_until_stopped(token); });
        (void)co_await job;
    });
}

TEST_F(StopTokens, APoolRunThatTakesNoTokenFindsTheCurrentOne) {
    expect_stopped([&](WorkerPool& pool) -> task<> {
        auto job = pool.run([this] { run_until_stopped(current_stop_token()); });
        co_await job;
    });
}

TEST_F(StopTokens, ABlockingRunIsAskedToStop) {
    expect_stopped([&](WorkerPool& pool) -> task<> {
        auto job = pool.io().run([this](StopToken token) { run_until_stopped(token); });
        co_await job;
    });
}

TEST_F(StopTokens, AJobThatIsAwaitedIsAskedToStop) {
    expect_stopped([&](WorkerPool& pool) -> task<> {
        auto job = spawn_job(pool, [this](StopToken token) { run_until_stopped(token); });
        co_await job;
    });
}

TEST_F(StopTokens, ThePiecesOfALoopAreAskedToStop) {
    expect_stopped([&](WorkerPool& pool) -> task<> {
        auto loop =
            pool_for(pool, 8, 1, [this](std::size_t) { run_until_stopped(current_stop_token()); });
        co_await loop;
    });
}

TEST_F(StopTokens, ATaskOnAWorkerIsAskedToStop) {
    expect_stopped([&](WorkerPool& pool) -> task<> {
        co_await worker(pool);
        run_until_stopped(current_stop_token());
    });
}

TEST_F(StopTokens, OutsideOfJobsNobodyIsAsked) {
    EXPECT_FALSE(job_stop_requested());
    WorkerPool pool({.thread_count_override = 1});
    Job<bool> job = spawn_job(pool, [] { return job_stop_requested(); });
    EXPECT_FALSE(job.get());
    EXPECT_FALSE(job_stop_requested());
}

std::mutex log_mutex;
std::string log_text;
void keep(LogLevel, std::string_view line, const std::source_location&) noexcept {
    const std::lock_guard lock(log_mutex);
    log_text.append(line).append("\n");
}

TEST_F(StopTokens, WhatHoldsUpAQuitIsNamed) {
    const LogSink before = set_log_sink(keep);
    {
        std::optional<FakeLoop> loop(std::in_place);
        std::optional<WorkerPool> pool(std::in_place, WorkerPoolConfig{.thread_count_override = 2});
        const auto deaf = [this] {
            begun_.release();
            std::this_thread::sleep_for(1300ms);
        };
        loop->runtime.spawn([](WorkerPool& on, auto work) -> task<> {
            auto job = on.run(work, {.name = "deaf run"});
            co_await job;
        }(*pool, deaf));
        begun_.acquire();
        loop.reset();
        pool.reset();
        EXPECT_NE(log_text.find("the shutdown is waiting for the job 'deaf run' on nebula-worker-"),
                  std::string::npos)
            << log_text;

        log_text.clear();
        loop.emplace();
        pool.emplace(WorkerPoolConfig{.thread_count_override = 2});
        loop->runtime.spawn(
            [](WorkerPool& on, auto work) -> task<> {
                co_await worker(on, {.name = "deaf hop"});
                work();
            }(*pool, deaf),
            {.name = "traveller"});
        begun_.acquire();
        loop.reset();
        EXPECT_NE(log_text.find("waiting for task 'traveller' (#1), which is on a worker"),
                  std::string::npos)
            << log_text;
        pool.reset();

        log_text.clear();
        loop.emplace();
        pool.emplace(WorkerPoolConfig{.thread_count_override = 1});
        loop->runtime.spawn([](WorkerPool& on, auto work) -> task<> {
            auto pieces = pool_for(on, 1, 1, [&work](std::size_t) { work(); }, {.name = "bake"});
            co_await pieces;
        }(*pool, deaf));
        begun_.acquire();
        loop.reset();
        EXPECT_NE(log_text.find("waiting for the pieces of 'bake' that run on workers, for 1 s"),
                  std::string::npos)
            << log_text;
    }
    set_log_sink(before);
}

}  // namespace
}  // namespace nebula
