// SPDX-License-Identifier: MIT
#include "nebula/threading/worker_pool.hpp"

#include "nebula/base/log.hpp"
#include "nebula/threading/available_cpus.hpp"
#include "nebula/threading/detail/os_thread.hpp"
#include "nebula/threading/job.hpp"
#include "nebula/threading/par.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <latch>
#include <memory>
#include <mutex>
#include <numeric>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sys/resource.h>
#endif

namespace nebula {
namespace {

using namespace std::chrono_literals;
using test::Blocked;
using test::HangGuard;

// ---- the eight of the specification, by their names

TEST(WorkerPool, thread_count_matches_config) {
    const HangGuard guard("a worker never came to the meeting");
    // Four tasks that wait for each other can only end on four threads. Before the pool, which
    // joins: a worker may still be on its way out of the latch when this thread is.
    std::latch all(5);
    WorkerPool pool({.thread_count_override = 4});
    EXPECT_EQ(pool.thread_count(), 4);
    EXPECT_EQ(pool.utilization_per_worker().size(), 4U);
    EXPECT_EQ(pool.counters().size(), 4U);
    std::mutex mutex;
    std::set<int> indices;
    for (int i = 0; i < 4; ++i)
        pool.spawn([&] {
            {
                const std::lock_guard lock(mutex);
                indices.insert(WorkerPool::current_worker_index());
            }
            all.arrive_and_wait();
        });
    all.arrive_and_wait();
    EXPECT_EQ(indices, (std::set<int>{0, 1, 2, 3}));
}

TEST(WorkerPool, thread_names_are_set) {
    const HangGuard guard("a worker never came to the meeting");
    // Twelve, because from index 10 on the name is one character too long for the kernel; and a
    // meeting, because without it one worker may run all tasks.
    static constexpr int kWorkers = 12;
    std::latch all(kWorkers + 1);
    WorkerPool pool({.thread_count_override = kWorkers});
    std::vector<std::string> ours(kWorkers);
    std::vector<std::string> kernels(kWorkers);
    for (int i = 0; i < kWorkers; ++i)
        pool.spawn([&] {
            const auto index = static_cast<std::size_t>(WorkerPool::current_worker_index());
            ours[index] = WorkerPool::current_worker_name();
            kernels[index] = test::comm_of(detail::this_thread_os_id());
            all.arrive_and_wait();
        });
    all.arrive_and_wait();
    const std::vector<long> ids = pool.worker_os_ids();
    for (std::size_t i = 0; i < kWorkers; ++i) {
        EXPECT_EQ(ours[i], "nebula-worker-" + std::to_string(i));
        EXPECT_EQ(kernels[i], i < 10 ? "nebula-worker-" + std::to_string(i)
                                     : "nebula-worke-" + std::to_string(i));
        EXPECT_EQ(test::comm_of(ids[i]), kernels[i]) << "worker_os_ids names another thread";
    }
    EXPECT_EQ(WorkerPool::current_worker_index(), -1);
    EXPECT_EQ(WorkerPool::current_worker_name(), "");
}

TEST(WorkerPool, scoped_work_completes_within_scope) {
    const HangGuard guard("a scope never ended");
    WorkerPool pool({.thread_count_override = 2});
    std::atomic<int> ran{0};
    for (const int count : {0, 1, 10, 100'000}) {
        ran = 0;
        pool.scope([&](Scope<>& s) {
            for (int i = 0; i < count; ++i) s.spawn([&] { ++ran; });
        });
        EXPECT_EQ(ran, count);
    }
    // From inside tasks, and from a task on a worker.
    ran = 0;
    pool.scope([&](Scope<>& outer) {
        for (int i = 0; i < 10; ++i)
            outer.spawn([&] {
                ++ran;
                outer.spawn([&] { ++ran; });
                pool.scope([&](Scope<>& inner) {
                    for (int k = 0; k < 10; ++k) inner.spawn([&] { ++ran; });
                });
            });
    });
    EXPECT_EQ(ran, 10 * 12);
}

TEST(WorkerPool, utilization_metrics_available) {
    const HangGuard guard("utilization never came to what it should be");
    WorkerPool pool({.thread_count_override = 2, .utilization_window = 100ms});
    EXPECT_EQ(pool.utilization_per_worker(), (std::vector<double>{0, 0}));
    EXPECT_EQ(pool.utilization_average(), 0);

    const auto all = [&](auto&& wanted) {
        std::vector<double> shares(3, -1);
        EXPECT_EQ(pool.utilization_per_worker(std::span(shares)), 2U);
        EXPECT_EQ(shares[2], -1) << "wrote past the workers";
        shares.pop_back();
        for (const double share : shares) {
            EXPECT_GE(share, 0);
            EXPECT_LE(share, 1);
        }
        const double average = pool.utilization_average();
        EXPECT_GE(average, 0);
        EXPECT_LE(average, 1);
        return std::ranges::all_of(shares, wanted);
    };
    const std::vector<long> ids = pool.worker_os_ids();
    const WorkerCounters before = pool.counters(0);
    const test::KernelTimes kernel_before = test::kernel_times_of(ids[0]);
    std::atomic<bool> stop{false};
    pool.scope([&](Scope<>& s) {
        // On the workers, both, while this thread looks: a task is counted while it runs.
        std::latch both(3);
        for (int i = 0; i < 2; ++i)
            s.spawn([&] {
                both.count_down();
                while (!stop) {
                }
            });
        both.arrive_and_wait();
        while (!all([](double share) { return share > 0.95; })) std::this_thread::yield();
        EXPECT_GT(pool.utilization_average(), 0.9);
        stop = true;
    });
    // And it is a window: idle time pushes the busy time out.
    while (!all([](double share) { return share < 0.05; })) std::this_thread::yield();

    // What the kernel says about the same worker. Busy is wall clock, so it includes the time
    // the worker was ready to run and another process had the CPU.
    const test::KernelTimes kernel = test::kernel_times_of(ids[0]);
    if (!kernel.known) GTEST_SKIP() << "no schedstat here";
    const auto busy = static_cast<double>(pool.counters(0).busy_ns - before.busy_ns);
    const auto ran = static_cast<double>(kernel.ran - kernel_before.ran);
    const auto waited = static_cast<double>(kernel.waited - kernel_before.waited);
    EXPECT_GE(busy, 0.9 * ran - 10e6);
    EXPECT_LE(busy, 1.1 * (ran + waited) + 30e6);
}

TEST(WorkerPool, pool_handles_task_panic_gracefully) {
    struct Told {
        std::string message;
        std::string worker;
        std::string task;
        int on_worker;
        bool has_exception;
    };
    std::mutex mutex;
    std::vector<Told> told;
    std::atomic<int> usable{0};
    std::latch both(2);
    {
        WorkerPool pool({.thread_count_override = 2, .on_panic = [&](const PanicInfo& info) {
                             const std::lock_guard lock(mutex);
                             told.push_back(
                                 {std::string(info.message), std::string(info.worker_name),
                                  std::string(info.task_name), WorkerPool::current_worker_index(),
                                  info.exception != nullptr});
                         }});
        pool.spawn([] { throw std::runtime_error("chunk (1, 2, 3) is not there"); }, {.name = "a"});
        pool.spawn([] { throw std::string("a string"); }, {.name = "b"});
        pool.spawn([] { throw "a literal"; }, {.name = "c"});  // NOLINT(misc-throw-by-value*)
        pool.spawn([] { throw 42; });
        for (int i = 0; i < 100; ++i)
            pool.spawn([] { throw std::logic_error("one of a hundred"); }, {.name = "hundred"});
        // Both threads are still there.
        for (int i = 0; i < 2; ++i)
            pool.spawn([&] {
                both.arrive_and_wait();
                ++usable;
            });
    }
    EXPECT_EQ(usable, 2);
    ASSERT_EQ(told.size(), 104U);
    const auto told_of = [&](std::string_view message) {
        return std::ranges::find(told, message, &Told::message);
    };
    for (const auto& [message, task] :
         {std::pair("chunk (1, 2, 3) is not there", "a"), std::pair("a string", "b"),
          std::pair("a literal", "c"), std::pair("an exception of type int", "unnamed")}) {
        ASSERT_NE(told_of(message), told.end()) << message;
        EXPECT_EQ(told_of(message)->task, task);
    }
    EXPECT_EQ(std::ranges::count(told, "hundred", &Told::task), 100);
    for (const Told& one : told) {
        EXPECT_TRUE(one.has_exception);
        EXPECT_EQ(one.worker, "nebula-worker-" + std::to_string(one.on_worker))
            << "the handler runs on the worker it names";
    }
}

TEST(WorkerPool, auto_thread_count_reserves_cores) {
    const WorkerPoolConfig config;
    EXPECT_EQ(config.reserved_cores, 2);
    EXPECT_EQ(config.thread_count(8), 6);
    EXPECT_EQ(config.thread_count(3), 1);
    EXPECT_EQ((WorkerPoolConfig{.reserved_cores = 0}.thread_count(8)), 8);
    EXPECT_EQ(config.thread_count(), std::max(available_cpus() - 2, 1));
    const WorkerPool pool(config);
    EXPECT_EQ(pool.thread_count(), config.thread_count());
}

TEST(WorkerPool, minimum_one_thread) {
    EXPECT_EQ((WorkerPoolConfig{.thread_count_override = 0}.thread_count()), 1);
    EXPECT_EQ((WorkerPoolConfig{.thread_count_override = -3}.thread_count()), 1);
    EXPECT_EQ((WorkerPoolConfig{.reserved_cores = 100}.thread_count(8)), 1);
    EXPECT_EQ((WorkerPoolConfig{.reserved_cores = -5}.thread_count(8)), 8);
    WorkerPool pool({.reserved_cores = 1'000'000});
    EXPECT_EQ(pool.thread_count(), 1);
    std::latch ran(1);
    pool.spawn([&] { ran.count_down(); });
    ran.wait();
}

TEST(WorkerPool, scoped_parallelism_borrows_data) {
    WorkerPool pool({.thread_count_override = 2});
    auto data = std::make_unique<std::vector<int>>(10'000);
    std::iota(data->begin(), data->end(), 0);
    std::vector<int> doubled(data->size());
    const std::vector<long> sums = pool.scope([&](Scope<long>& s) {
        for (std::size_t part = 0; part < 10; ++part)
            s.spawn([&data, &doubled, part] {
                long sum = 0;
                for (std::size_t i = part * 1000; i < (part + 1) * 1000; ++i) {
                    doubled[i] = 2 * (*data)[i];
                    sum += (*data)[i];
                }
                return sum;
            });
    });
    // A task that still ran would now read freed memory; the address sanitizer watches.
    data.reset();
    ASSERT_EQ(sums.size(), 10U);
    for (std::size_t part = 0; part < 10; ++part)
        EXPECT_EQ(sums[part], static_cast<long>(part) * 1'000'000 + 499'500) << "part " << part;
    for (std::size_t i = 0; i < doubled.size(); ++i) ASSERT_EQ(doubled[i], 2 * static_cast<int>(i));
}

// ---- starting and stopping

TEST(WorkerPool, HasStartedEveryThreadWhenTheConstructorReturns) {
    std::atomic<int> started{0};
    std::atomic<int> ended{0};
    for (int round = 0; round < 200; ++round) {
        started = ended = 0;
        {
            const WorkerPool pool(
                {.thread_count_override = 3,
                 .on_start =
                     [&](WorkerInfo info) {
                         EXPECT_EQ(info.name, "nebula-worker-" + std::to_string(info.index));
                         EXPECT_EQ(info.index, WorkerPool::current_worker_index());
                         ++started;
                     },
                 .on_exit = [&](WorkerInfo) { ++ended; }});
            ASSERT_EQ(started, 3);
            for (const long id : pool.worker_os_ids()) ASSERT_NE(test::comm_of(id), "");
        }
        ASSERT_EQ(ended, 3);
    }
}

TEST(WorkerPool, WhatAnExitHandlerSpawnsRunsBeforeTheDestructorReturns) {
    std::atomic<int> ran{0};
    {
        WorkerPool* self = nullptr;
        WorkerPool pool({.thread_count_override = 3, .on_exit = [&](WorkerInfo) {
                             self->spawn([&] {
                                 ++ran;
                                 self->spawn([&] { ++ran; }, {.band = Band::Background});
                             });
                         }});
        self = &pool;
    }
    EXPECT_EQ(ran, 6);
}

TEST(WorkerPool, ItsDestructorRunsWhatIsQueuedAndWhatThatSpawns) {
    std::atomic<int> ran{0};
    {
        WorkerPool pool({.thread_count_override = 2});
        const Blocked first(pool);
        const Blocked second(pool);
        for (int i = 0; i < 1000; ++i)
            pool.spawn(
                [&] {
                    ++ran;
                    pool.spawn([&] { ++ran; }, {.band = Band::Background});
                },
                {.band = static_cast<Band>(i % 3)});
        EXPECT_EQ(ran, 0);
        EXPECT_EQ(pool.queued(), 1000U);
    }
    EXPECT_EQ(ran, 2000);
}

TEST(WorkerPool, GivesWorkersTheStackTheyWereAskedFor) {
    static constexpr std::size_t kStack = std::size_t{3} * 1024 * 1024;
    WorkerPool pool({.thread_count_override = 1, .stack_size_bytes = kStack});
    std::latch done(1);
    std::size_t seen = 0;
    pool.spawn([&] {
        const detail::StackRange stack = detail::this_stack();
        seen = stack.high - stack.low;
        volatile char deep[kStack / 4 * 3];  // NOLINT(modernize-avoid-c-arrays): on the stack
        for (std::size_t i = 0; i < sizeof(deep); i += 4096) deep[i] = 1;
        done.count_down();
    });
    done.wait();
    EXPECT_GE(seen, kStack);
}

TEST(WorkerPool, SaysSoWhenNoThreadCanBeStarted) {
    const LogSink before = set_log_sink([](LogLevel, std::string_view, const auto&) noexcept {});
    const WorkerPoolConfig config{.thread_count_override = 2,
                                  .stack_size_bytes = std::size_t{1} << 60U};
    EXPECT_THROW({ const WorkerPool pool(config); }, std::system_error);
    set_log_sink(before);
}

#if defined(__linux__) && !defined(NEBULA_SANITIZED)  // which need all the address space there is
[[noreturn]] void start_more_threads_than_memory_allows() {
    const rlimit limit{rlim_t{4} << 30U, rlim_t{4} << 30U};
    setrlimit(RLIMIT_AS, &limit);
    std::atomic<int> started{0};
    std::atomic<int> ended{0};
    try {
        const WorkerPool pool({.thread_count_override = 8,
                               .stack_size_bytes = std::size_t{1} << 30U,
                               .on_start = [&](WorkerInfo) { ++started; },
                               .on_exit = [&](WorkerInfo) { ++ended; }});
    } catch (const std::system_error&) {
        std::exit(started > 0 && started < 8 && started == ended ? 7 : 8);
    }
    std::exit(9);
}

TEST(WorkerPoolDeathTest, JoinsTheThreadsItStartedWhenOneMoreIsRefused) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(start_more_threads_than_memory_allows(), testing::ExitedWithCode(7),
                "threads could be started");
}
#endif

[[noreturn]] void let_a_worker_destroy_its_pool() {
    auto pool = std::make_unique<WorkerPool>(WorkerPoolConfig{.thread_count_override = 1});
    pool->spawn([&] { pool.reset(); });
    detail::sleep_forever();
}

TEST(WorkerPoolDeathTest, IsNotDestroyedByItsOwnWorker) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(let_a_worker_destroy_its_pool(),
                 "must not be destroyed by one of its own workers");
}

void destroy_a_pool_inside_its_scope() {
    auto pool = std::make_unique<WorkerPool>(WorkerPoolConfig{.thread_count_override = 1});
    pool->scope([&](Scope<>&) {
        pool.reset();
        std::_Exit(7);  // before anything of the scope is used again
    });
}

TEST(WorkerPoolDeathTest, APoolThatIsDestroyedWhileAScopeOfItIsOpenSaysSo) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(destroy_a_pool_inside_its_scope(), testing::ExitedWithCode(7),
                "scopes or TaskGroups is still open");
}

[[noreturn]] void let_a_start_handler_throw() {
    const WorkerPool pool({.thread_count_override = 1, .on_start = [](WorkerInfo) { throw 1; }});
    detail::sleep_forever();
}

TEST(WorkerPoolDeathTest, AStartHandlerThatThrowsIsNamed) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(let_a_start_handler_throw(), "nebula-worker-0: the on_start handler threw");
}

[[noreturn]] void let_a_panic_handler_throw() {
    WorkerPool pool({.thread_count_override = 1, .on_panic = [](const PanicInfo& info) {
                         throw std::runtime_error(std::string(info.message));
                     }});
    pool.spawn([] { throw 1; });
    detail::sleep_forever();
}

TEST(WorkerPoolDeathTest, APanicHandlerThatThrowsEndsTheProgram) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(let_a_panic_handler_throw(), "");
}

std::mutex log_mutex;
std::vector<std::pair<LogLevel, std::string>> log_lines;

TEST(WorkerPool, LogsItsLifeAndUnhandledPanics) {
    log_lines.clear();
    const LogSink before =
        set_log_sink([](LogLevel level, std::string_view line, const auto&) noexcept {
            const std::lock_guard lock(log_mutex);
            log_lines.emplace_back(level, line);
        });
    {
        WorkerPool pool({.thread_count_override = 1, .name_prefix = "mine"});
        pool.spawn([] { throw std::runtime_error("no such brick"); }, {.name = "mesh"});
    }
    set_log_sink(before);
    using testing::Contains;
    using testing::HasSubstr;
    using testing::Pair;
    EXPECT_THAT(log_lines, Contains(Pair(LogLevel::Debug, HasSubstr("mine-0 starts"))));
    EXPECT_THAT(log_lines, Contains(Pair(LogLevel::Info, HasSubstr("1 threads run"))));
    EXPECT_THAT(log_lines,
                Contains(Pair(LogLevel::Error, "mine-0: task \"mesh\" failed: no such brick")));
    EXPECT_THAT(log_lines, Contains(Pair(LogLevel::Debug, HasSubstr("mine-0 ends"))));
    EXPECT_THAT(log_lines, Contains(Pair(LogLevel::Info, HasSubstr("stopped"))));
}

// ---- spawning

TEST(WorkerPool, RunsEveryTaskOnceFromWhateverThreadItCame) {
    static constexpr std::size_t kPerThread = 2000;
    std::vector<std::atomic<int>> runs(4 * kPerThread);
    {
        const auto run = [&runs](std::size_t thread, std::size_t i) {
            ++runs[thread * kPerThread + i];
        };
        WorkerPool pool({.thread_count_override = 3});
        std::vector<std::jthread> foreign;
        for (std::size_t t = 0; t < 2; ++t)
            foreign.emplace_back([&, t] {
                for (std::size_t i = 0; i < kPerThread; ++i)
                    pool.spawn([run, t, i] { run(t, i); }, {.band = static_cast<Band>(i % 3)});
            });
        // More at once than a deque holds (512), from one worker: the rest overflows.
        for (std::size_t t = 2; t < 4; ++t)
            pool.spawn([&, t] {
                for (std::size_t i = 0; i < kPerThread; ++i) pool.spawn([run, t, i] { run(t, i); });
            });
        foreign.clear();
    }
    for (std::size_t i = 0; i < runs.size(); ++i) ASSERT_EQ(runs[i], 1) << "task " << i;
}

TEST(WorkerPool, LooksAtTheFrameBandFirstAndTheBackgroundLast) {
    WorkerPool pool({.thread_count_override = 1});
    std::vector<Band> order;  // one worker: no two tasks at once
    {
        std::latch done(24);
        Blocked blocked(pool);
        for (const Band band : {Band::Background, Band::Normal, Band::Frame})
            for (int i = 0; i < 8; ++i)
                pool.spawn(
                    [&order, &done, band] {
                        order.push_back(band);
                        done.count_down();
                    },
                    {.band = band});
        blocked.open();
        done.wait();
    }
    std::vector<Band> expected(8, Band::Frame);
    expected.insert(expected.end(), 8, Band::Normal);
    expected.insert(expected.end(), 8, Band::Background);
    EXPECT_EQ(order, expected);
}

TEST(WorkerPool, AWorkersOwnTasksDoNotHideAFrameTaskFromOutside) {
    WorkerPool pool({.thread_count_override = 1});
    std::atomic<int> own_before_frame{0};
    std::atomic<bool> frame_ran{false};
    std::latch spawned(1);
    std::latch go(1);
    std::latch done(31);
    pool.spawn([&] {
        for (int i = 0; i < 30; ++i)
            pool.spawn([&] {
                if (!frame_ran) ++own_before_frame;
                done.count_down();
            });
        spawned.count_down();
        go.wait();
    });
    spawned.wait();
    pool.spawn(
        [&] {
            frame_ran = true;
            done.count_down();
        },
        {.band = Band::Frame});
    go.count_down();
    done.wait();
    EXPECT_EQ(own_before_frame, 0);
}

// A chain of Frame tasks that never ends by itself: only the look from the bottom lets the
// Background task in, which stops it. The same within a band: a worker's own chain, youngest
// first, against an older task in its deque and one in the injector.
TEST(WorkerPool, StarvesNoBandAndNoOlderTask) {
    const HangGuard guard("a task starved");
    for (const auto& [chain_band, other_band] :
         {std::pair(Band::Frame, Band::Background), std::pair(Band::Normal, Band::Normal)}) {
        std::atomic<int> stopped{0};
        WorkerPool pool({.thread_count_override = 1});
        struct Chain {
            WorkerPool& pool;
            std::atomic<int>& stopped;
            Band band;
            void operator()() const {
                if (stopped < 2) pool.spawn(*this, {.band = band});
            }
        };
        Blocked blocked(pool);
        pool.spawn(
            [&, other = other_band, band = chain_band] {
                pool.spawn([&] { ++stopped; }, {.band = other});  // the older one in the deque
                pool.spawn(Chain{pool, stopped, band}, {.band = band});
                pool.spawn(Chain{pool, stopped, band}, {.band = band});
            },
            {.band = Band::Frame});
        pool.spawn([&] { ++stopped; }, {.band = other_band});  // the one in the injector
        blocked.open();
    }
}

TEST(WorkerPool, SeveralPoolsLiveSideBySideAndInsideTasks) {
    WorkerPool outer({.thread_count_override = 2});
    const std::vector<int> results = outer.scope([&](Scope<int>& s) {
        for (int i = 0; i < 4; ++i)
            s.spawn([i] {
                WorkerPool inner({.thread_count_override = 1, .name_prefix = "inner"});
                const std::vector<int> one =
                    inner.scope([i](Scope<int>& t) { t.spawn([i] { return i; }); });
                return one.front();
            });
    });
    EXPECT_EQ(results, (std::vector<int>{0, 1, 2, 3}));
}

TEST(WorkerPool, APoolRunIsAValueThatDoesNothingByItself) {
    WorkerPool pool({.thread_count_override = 1});
    bool ran = false;
    {
        PoolRun value(
            pool, [&ran] { return ran = true; }, SpawnOptions{.band = Band::Frame, .name = "job"});
        static_assert(std::is_same_v<decltype(value)::result_type, bool>);
        static_assert(!std::is_aggregate_v<decltype(value)>);
        EXPECT_EQ(&value.pool, &pool);
        EXPECT_EQ(value.options.band, Band::Frame);
        EXPECT_STREQ(value.options.name, "job");
        EXPECT_FALSE(ran);
        EXPECT_TRUE(value.function());
    }
    EXPECT_TRUE(ran);
    EXPECT_EQ(pool.queued(), 0U);
}

// ---- idleness

std::uint64_t switches_of_all(const WorkerPool& pool) {
    std::uint64_t sum = 0;
    for (const long id : pool.worker_os_ids()) sum += test::context_switches_of(id);
    return sum;
}

std::uint64_t wakes_of_all(const WorkerPool& pool) {
    std::uint64_t sum = 0;
    for (const WorkerCounters& one : pool.counters()) sum += one.wakes;
    return sum;
}

// The claim is about time in which nothing happens, so this test has to let some pass. It cannot
// fail because the machine is slow: a thread that sleeps on a futex is not touched.
TEST(WorkerPool, MakesNoWakeUpsWhenIdle) {
    const HangGuard guard("the pool never came to rest");
    WorkerPool pool({.thread_count_override = 3, .on_panic = [](const PanicInfo&) {}});
    const auto expect_rest = [&](const char* after) {
        std::uint64_t before = 0;
        std::uint64_t now = switches_of_all(pool);
        do {  // on their way to bed
            before = now;
            std::this_thread::sleep_for(20ms);
            now = switches_of_all(pool);
        } while (now != before);
        const std::uint64_t wakes = wakes_of_all(pool);
        std::this_thread::sleep_for(200ms);
        EXPECT_EQ(switches_of_all(pool), before) << after;
        EXPECT_EQ(wakes_of_all(pool), wakes) << after;
    };
    expect_rest("starting");
    pool.scope([](Scope<>& s) {
        for (int i = 0; i < 5000; ++i) s.spawn([] {});
    });
    expect_rest("a scope");
    for (int i = 0; i < 100; ++i) pool.spawn([] { throw 1; });
    expect_rest("a hundred exceptions");
    TaskGroup group(pool);
    for (int i = 0; i < 100; ++i) group.spawn([] {});
    EXPECT_LE(group.pending(), 100U);
    (void)group.wait_until(Clock::now() + 1ms);
    expect_rest("a wait with a deadline");
}

TEST(WorkerPool, AWorkerAsleepInAWaitIsNotBusy) {
    const HangGuard guard("a sleeping waiter counts as busy");
    std::latch asleep(1);  // before the pool: a worker waits on it
    std::atomic<int> waiter{-1};
    WorkerPool pool({.thread_count_override = 2, .utilization_window = 50ms});
    pool.spawn([&] {
        std::latch begun(1);
        TaskGroup group(pool);
        group.spawn([&] {
            begun.count_down();
            asleep.wait();
        });
        begun.wait();  // the other worker has it
        waiter = WorkerPool::current_worker_index();
    });
    while (waiter < 0) std::this_thread::yield();
    const auto index = static_cast<std::size_t>(waiter.load());
    while (pool.utilization_per_worker()[index] > 0.05) std::this_thread::yield();
    while (pool.utilization_per_worker()[1 - index] < 0.95) std::this_thread::yield();
    asleep.count_down();
}

TEST(WorkerPool, AWorkerAsleepInATasksGetIsIdle) {
    const HangGuard guard("a worker asleep in get() counts as busy");
    std::latch asleep(1);  // before the pool: a worker waits on it
    std::atomic<int> waiter{-1};
    WorkerPool pool({.thread_count_override = 2, .utilization_window = 50ms});
    pool.spawn([&] {
        std::latch begun(1);
        Job<void> task = spawn_job(pool, [&] {
            begun.count_down();
            asleep.wait();
        });
        begun.wait();  // the other worker has it
        waiter = WorkerPool::current_worker_index();
        task.get();
    });
    while (waiter < 0) std::this_thread::yield();
    const auto index = static_cast<std::size_t>(waiter.load());
    while (pool.utilization_per_worker()[index] > 0.05) std::this_thread::yield();
    asleep.count_down();
}

TEST(WorkerPool, QueuedAndCountersTellWhatHappened) {
    WorkerPool pool({.thread_count_override = 1});
    std::latch done(10);
    {
        Blocked blocked(pool);
        for (int i = 0; i < 10; ++i) pool.spawn([&] { done.count_down(); });
        EXPECT_EQ(pool.queued(), 10U);
        blocked.open();
        done.wait();
    }
    EXPECT_EQ(pool.queued(), 0U);
    EXPECT_EQ(pool.counters(0).tasks, 11U);
    EXPECT_GT(pool.counters(0).busy_ns, 0U);
}

}  // namespace
}  // namespace nebula
