// SPDX-License-Identifier: MIT
// fork() and exit(): each case runs in a process of its own, which ends within ten seconds.
#include "nebula/threading/detail/asymmetric_fence.hpp"
#include "nebula/threading/detail/os_thread.hpp"
#include "nebula/threading/io_threads.hpp"
#include "nebula/threading/job.hpp"
#include "nebula/threading/ranked_results.hpp"
#include "nebula/threading/ranked_tasks.hpp"
#include "nebula/threading/task_pools.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <sanitizer/lsan_interface.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>

namespace {
const pid_t started_as = getpid();
}

// Asked by the leak checker at exit(). In a child of fork() it does not know the stacks of the
// threads that stayed behind, and takes what they hold for leaked.
extern "C" int __lsan_is_turned_off() { return getpid() != started_as ? 1 : 0; }

namespace nebula {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kCode = 3;

[[noreturn]] void sleep_for_ever() {
    for (;;) std::this_thread::sleep_for(seconds(1));
}

// A pool whose destructor exit() calls.
WorkerPool& static_pool(int threads = 2) {
    static WorkerPool pool({.thread_count_override = threads});
    return pool;
}
IoThreads& static_io() {
    static IoThreads io;
    return io;
}

class ExitTest : public testing::Test {
protected:
    ExitTest() {
        GTEST_FLAG_SET(death_test_style, "threadsafe");
        alarm(20);  // in the child as well: a hang is a failure
    }
    ~ExitTest() override { alarm(0); }
};
using ForkTest = ExitTest;

TEST_F(ExitTest, FromATaskKeepsItsCode) {
    EXPECT_EXIT(
        {
            static_pool().spawn([] { std::exit(kCode); });
            sleep_for_ever();
        },
        testing::ExitedWithCode(kCode), "");
}

TEST_F(ExitTest, FromATaskWhileOthersRunAndMoreAreQueuedKeepsItsCode) {
    EXPECT_EXIT(
        {
            WorkerPool& pool = static_pool();
            static std::atomic<int> running{0};
            for (int i = 0; i < 1000; ++i)
                pool.spawn([i] {
                    if (i == 1) std::exit(kCode);
                    if (++running == 1) std::this_thread::sleep_for(seconds(1));
                });
            sleep_for_ever();
        },
        testing::ExitedWithCode(kCode), "");
}

TEST_F(ExitTest, FromATaskOfAScopeThatMainWaitsForKeepsItsCode) {
    EXPECT_EXIT(static_pool().scope([](Scope<>& s) {
        s.spawn([] { std::exit(kCode); });
        while (true) std::this_thread::sleep_for(seconds(1));
    }),
                testing::ExitedWithCode(kCode), "");
}

TEST_F(ExitTest, FromAnIoJobKeepsItsCode) {
    EXPECT_EXIT(
        {
            static_pool().io().spawn([] { std::exit(kCode); });
            sleep_for_ever();
        },
        testing::ExitedWithCode(kCode), "");
    EXPECT_EXIT(
        {
            static_io().spawn([] { std::exit(kCode); });
            sleep_for_ever();
        },
        testing::ExitedWithCode(kCode), "");
}

TEST_F(ExitTest, FromATaskOfOnePoolThatAnotherPoolWaitsForKeepsItsCode) {
    EXPECT_EXIT(
        {
            static WorkerPool other({.thread_count_override = 1});
            static_pool(1).spawn([] { other.on_worker([] { std::exit(kCode); }); });
            sleep_for_ever();
        },
        testing::ExitedWithCode(kCode), "");
}

TEST_F(ExitTest, FromMainRunsWhatIsQueuedAndKeepsItsCode) {
    EXPECT_EXIT(
        {
            for (int i = 0; i < 100; ++i) static_pool().spawn([] { std::this_thread::yield(); });
            std::exit(kCode);
        },
        testing::ExitedWithCode(kCode), "");
}

TEST_F(ExitTest, WithoutHandlersKeepsItsCode) {
    EXPECT_EXIT(
        {
            static_pool().spawn([] { _exit(kCode); });
            sleep_for_ever();
        },
        testing::ExitedWithCode(kCode), "");
}

// Waits until all other threads are asleep, or a second. A thread that is just beginning may hold a
// lock of the sanitizer's runtime, which nobody would release in the child.
void let_others_come_to_rest() {
    const auto one_runs = [] {
        for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
            const long os_id = std::stol(task.path().filename());
            if (os_id != detail::this_thread_os_id() && test::state_of(os_id) == 'R') return true;
        }
        return false;
    };
    for (int i = 0; i < 1000 && one_runs(); ++i) std::this_thread::sleep_for(milliseconds(1));
}

// Runs f in a child of fork() and ends as that ends: an abort is an abort.
template <class F>
[[noreturn]] void in_child_at_once(F&& f) {
    const pid_t child = fork();
    if (child == 0) {
        alarm(10);
        f();
        std::exit(kCode);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) {
        // Here too, so that the test sees it.
        std::signal(WTERMSIG(status), SIG_DFL);
        raise(WTERMSIG(status));
    }
    _exit(WEXITSTATUS(status));
}

template <class F>
[[noreturn]] void in_child(F&& f) {
    let_others_come_to_rest();
    in_child_at_once(std::forward<F>(f));
}

constexpr const char* kSentence = "a child of fork\\(\\) used a pool of its parent";

TEST_F(ForkTest, AChildThatUsesThePoolIsToldAtOnce) {
    const auto dies = [](auto&& use) {
        EXPECT_EXIT(
            {
                WorkerPool& pool = static_pool();
                in_child([&] { use(pool); });
            },
            testing::KilledBySignal(SIGABRT), kSentence);
    };
    dies([](WorkerPool& pool) { pool.spawn([] {}); });
    dies([](WorkerPool& pool) { pool.scope([](Scope<>& s) { s.spawn([] {}); }); });
    dies([](WorkerPool& pool) { pool.on_worker([] {}); });
    dies([](WorkerPool& pool) { pool.broadcast([](int) {}); });
    dies([](WorkerPool& pool) { pool.join([] {}, [] {}); });
    dies([](WorkerPool& pool) { (void)pool.try_tick(); });
    dies([](WorkerPool& pool) { pool.io().spawn([] {}); });
    dies([](WorkerPool& pool) { pool.io().scope([](IoScope& s) { s.spawn([] {}); }); });
    dies([](WorkerPool& pool) { spawn_job(pool, [] { return 1; }).get(); });
}

TEST_F(ForkTest, AChildThatWaitsForAJobOfItsParentIsTold) {
    EXPECT_EXIT(
        {
            std::atomic<bool> begun{false};
            Job<void> job = spawn_job(static_pool(), [&] {
                begun = true;
                std::this_thread::sleep_for(seconds(5));
            });
            while (!begun) std::this_thread::yield();
            in_child([&] { job.get(); });
        },
        testing::KilledBySignal(SIGABRT), kSentence);
}

// Each of these once polled or slept for ever: the work is the parent's, and its threads too.
TEST_F(ForkTest, AChildThatAsksForTheEndOfWorkThatItsParentBeganIsTold) {
    const auto dies = [](auto&& make, auto&& use) {
        EXPECT_EXIT(
            {
                auto& made = make(static_pool());
                in_child([&] { use(made); });
            },
            testing::KilledBySignal(SIGABRT), kSentence);
    };
    // Lives until the process ends, so that no destructor is what speaks.
    const auto group = [](WorkerPool& pool) -> TaskGroup& { return *new TaskGroup(pool); };
    const auto poll = [](auto&& ended) {
        while (!ended()) std::this_thread::yield();
    };
    dies(group, [&](TaskGroup& g) {
        g.spawn([] {});
        poll([&] { return g.done(); });
    });
    dies(group, [](TaskGroup& g) { std::thread([&g] { g.spawn([] {}); }).join(); });
    dies(group, [](TaskGroup& g) { g.spawn_batch(3, [](std::size_t) {}); });
    dies(
        [&](WorkerPool& pool) -> TaskGroup& {
            TaskGroup& g = group(pool);
            g.spawn([] { sleep_for_ever(); });
            return g;
        },
        [&](TaskGroup& g) { poll([&] { return g.pending() == 0; }); });
    const auto job = [](WorkerPool& pool) -> Job<int>& {
        return *new Job<int>(spawn_job(pool, []() -> int { sleep_for_ever(); }));
    };
    dies(job, [&](Job<int>& j) { poll([&] { return j.done(); }); });
    dies(job, [&](Job<int>& j) { poll([&] { return j.status() == JobStatus::Done; }); });
    dies(job, [&](Job<int>& j) { poll([&] { return j.try_get().has_value(); }); });
    dies(job, [&](Job<int>& j) { poll([stop = j.stop_source()] { return stop.done(); }); });
    const auto ranked = [](WorkerPool& pool) -> RankedTasks& { return *new RankedTasks(pool); };
    dies(ranked, [&](RankedTasks& r) {
        r.spawn(1, [] {});
        poll([&] { return r.queued() == 0; });
    });
    dies(ranked, [](RankedTasks& r) { r.cancel_all(); });
    const auto results = [](WorkerPool& pool) -> RankedResults<int>& {
        auto& made = *new RankedResults<int>(pool);
        made.spawn(1, []() -> int { sleep_for_ever(); });
        return made;
    };
    dies(results, [&](RankedResults<int>& r) { poll([&] { return r.finished() != 0; }); });
    dies(results, [](RankedResults<int>& r) { (void)r.next(); });
    const auto io = [](WorkerPool& pool) -> IoThreads& {
        auto& made = *new IoThreads();
        made.spawn([] { sleep_for_ever(); });
        (void)pool;
        return made;
    };
    dies(io, [&](IoThreads& threads) { poll([&] { return threads.queued() == 1; }); });
    dies([](WorkerPool& pool) -> WorkerPool& { return pool; },
         [&](WorkerPool& pool) { poll([&] { return pool.queued() == 1; }); });
}

// The flag "under way" came along, and the thread that would have changed it did not: no branch of
// a join was ever stolen in the child.
TEST_F(ForkTest, AChildThatIsMadeWhileItsParentRegistersForMembarrierRegistersItself) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
    GTEST_SKIP() << "see let_others_come_to_rest(): here, the others must not come to rest";
#endif
#endif
    EXPECT_EXIT(
        {
            std::jthread other([] { sleep_for_ever(); });  // registering now takes milliseconds
            const detail::FenceRegistration parent(true);
            in_child_at_once([] {
                WorkerPool own({.thread_count_override = 1});
                while (!detail::asymmetric_fences_ready()) std::this_thread::yield();
            });
        },
        testing::ExitedWithCode(kCode), "");
}

TEST_F(ForkTest, AChildThatOnlyExitsKeepsItsCode) {
    EXPECT_EXIT(
        {
            static_pool().spawn([] {});
            static_io().spawn([] {});
            in_child([] {});
        },
        testing::ExitedWithCode(kCode), "");
}

TEST_F(ForkTest, AChildMayMakeAPoolOfItsOwn) {
    EXPECT_EXIT(
        {
            static_pool().spawn([] {});
            in_child([] {
                WorkerPool own({.thread_count_override = 2});
                std::exit(own.on_worker([] { return kCode; }));
            });
        },
        testing::ExitedWithCode(kCode), "");
}

TEST_F(ForkTest, ATaskMayForkAChildThatExitsAndNotOneThatComesBack) {
    EXPECT_EXIT(static_pool().on_worker([] { in_child([] {}); }), testing::ExitedWithCode(kCode),
                "");
    EXPECT_EXIT(
        {
            static std::atomic<pid_t> child{0};
            static_pool().spawn([] { child = fork(); });
            while (child == 0) std::this_thread::yield();
            int status = 0;
            waitpid(child, &status, 0);
            if (WIFSIGNALED(status)) raise(WTERMSIG(status));
            _exit(0);
        },
        testing::KilledBySignal(SIGABRT), kSentence);
}

// In a process with several threads the kernel takes milliseconds to register it.
TEST_F(ExitTest, StartingAPoolDoesNotRegisterForMembarrierOnTheCallingThread) {
    EXPECT_EXIT(
        {
            std::jthread other([] { sleep_for_ever(); });
            WorkerPool pool({.thread_count_override = 1});
            while (detail::asymmetric_fence_registrar() == 0) std::this_thread::yield();
            const bool by_us = detail::asymmetric_fence_registrar() == detail::this_thread_os_id();
            _exit(by_us ? 1 : kCode);
        },
        testing::ExitedWithCode(kCode), "");
}

}  // namespace
}  // namespace nebula
