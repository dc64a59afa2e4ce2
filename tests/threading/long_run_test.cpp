// SPDX-License-Identifier: MIT
// What only shows once in very many times: short here, long with NEBULA_LONG=1 (./run test --long).
#include "nebula/base/cache_line.hpp"
#include "nebula/threading/detail/futex.hpp"
#include "nebula/threading/detail/work_deque.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <latch>
#include <random>
#include <stop_token>
#include <thread>
#include <vector>

namespace nebula {
namespace {

using test::HangGuard;

bool long_run() {
    const char* const asked = std::getenv("NEBULA_LONG");
    return asked != nullptr && *asked == '1';
}

// A guard and no measure: a loaded machine may be ten times slower than an idle one.
std::chrono::seconds hang_limit() {
    return long_run() ? std::chrono::hours(6) : std::chrono::minutes(2);
}

// The statement keeps clang from removing the loop.
void empty_loop(unsigned turns) {
    for (; turns > 0; --turns) asm volatile("" ::: "memory");
}

class DequeLongRun : public testing::TestWithParam<int> {};  // the parameter: thieves

// Round after round of the same items, each of which must have been taken once more when the round
// ends. The owner pushes and pops in bursts, so the deque is by turns full, empty and in between.
TEST_P(DequeLongRun, EveryItemIsTakenExactlyOnceInEachRound) {
    const HangGuard guard("an item was lost", hang_limit());
    static constexpr unsigned kSeed = 1'000'000'007;
    static constexpr std::size_t kItems = 1U << 14U;
    // Long: three parameters, a billion items together.
    const std::uint32_t rounds = long_run() ? 20'500 : test::kWithYields ? 2 : 64;
    struct Job {
        std::atomic<std::uint32_t> runs{0};
    };
    std::vector<Job> jobs(kItems);
    detail::WorkDeque<Job, 64> deque;
    alignas(2 * kCacheLine) std::atomic<std::uint64_t> stolen{0};
    std::uint64_t popped = 0;
    std::mt19937 random(kSeed);
    {
        std::latch ready(GetParam());
        std::vector<std::jthread> thieves;  // stopped and joined at the end of this scope
        for (int i = 0; i < GetParam(); ++i)
            thieves.emplace_back([&](const std::stop_token& stop) {
                ready.count_down();
                while (!stop.stop_requested())
                    if (Job* const job = deque.steal().item) {
                        // Relaxed: decided by the word; stolen publishes it.
                        job->runs.fetch_add(1, std::memory_order_relaxed);
                        stolen.fetch_add(1, std::memory_order_release);
                    }
            });
        ready.wait();
        for (std::uint32_t round = 1; round <= rounds; ++round) {
            const auto take = [&](Job* job) {
                if (job == nullptr) return false;
                job->runs.fetch_add(1, std::memory_order_relaxed);
                ++popped;
                return true;
            };
            for (std::size_t next = 0; next < kItems;) {
                const auto bits = static_cast<std::uint32_t>(random());
                for (std::uint32_t n = bits % 32; n > 0 && next < kItems; --n) {
                    if (!deque.push(&jobs[next])) break;
                    ++next;
                }
                // Every other burst is left to the thieves.
                for (std::uint32_t n = bits / 32 % 64; n > 32; --n)
                    if (!take(deque.pop())) break;
            }
            while (take(deque.pop())) {
            }
            // What a thief has taken it has also counted by then.
            const std::uint64_t all = std::uint64_t{round} * kItems;
            while (popped + stolen.load(std::memory_order_acquire) < all) std::this_thread::yield();
            ASSERT_EQ(popped + stolen, all) << "round " << round << ", seed " << kSeed;
            for (const Job& job : jobs) ASSERT_EQ(job.runs, round) << "seed " << kSeed;
        }
    }
    std::printf("%llu pushed, %llu stolen, %llu popped\n",
                static_cast<unsigned long long>(std::uint64_t{rounds} * kItems),
                static_cast<unsigned long long>(stolen), static_cast<unsigned long long>(popped));
}
INSTANTIATE_TEST_SUITE_P(Thieves, DequeLongRun, testing::Values(1, 2, 8));

class WakeLongRun : public testing::TestWithParam<int> {};  // the parameter: workers

// A foreign thread and a pool wake each other, one task at a time, at random moments around the
// park. A lost wake on either side is a hang.
TEST_P(WakeLongRun, PingPongOfThreadAndPoolLosesNoWake) {
    const HangGuard guard("a wake was lost", hang_limit());
    static constexpr unsigned kSeed = 1'000'000'009;
    // Counted by the kernel's returns from sleep, not by rounds: a worker that has not gone to
    // sleep yet needs no wake. Long: two parameters, ten million together.
    const std::uint64_t wakes_wanted = long_run() ? 5'000'000 : test::kWithYields ? 1'000 : 5'000;
    std::atomic<std::uint32_t> pong{0};  // outlives the pool: a worker may still be waking
    WorkerPool pool({.thread_count_override = GetParam()});
    const auto wakes = [&pool] {
        std::uint64_t sum = 0;
        for (const WorkerCounters& worker : pool.counters()) sum += worker.wakes;
        return sum;
    };
    std::mt19937 random(kSeed);
    std::uint32_t round = 0;
    // The longest pause, moved until about half of the pauses end after the worker has gone to sleep.
    std::uint32_t longest = 4'096;
    for (std::uint64_t had = 0, now = 0; now < wakes_wanted; had = now) {
        constexpr int kRounds = 256;
        for (int i = 0; i < kRounds; ++i) {
            ++round;
            pool.spawn([&pong] {
                pong.fetch_add(1, std::memory_order_release);
                detail::futex_wake_one(pong);
            });
            for (std::uint32_t seen = 0; (seen = pong.load(std::memory_order_acquire)) != round;)
                detail::futex_wait(pong, seen);
            empty_loop(static_cast<std::uint32_t>(random()) % longest);
        }
        now = wakes();
        if (now - had < kRounds / 4) longest = std::min(longest * 2, 1U << 20);
        if (now - had > kRounds * 3 / 4) longest = std::max(longest / 2, 64U);
    }
    std::printf("%u rounds, %llu wakes of a worker\n", round,
                static_cast<unsigned long long>(wakes()));
}
INSTANTIATE_TEST_SUITE_P(Workers, WakeLongRun, testing::Values(1, 2));

}  // namespace
}  // namespace nebula
