// SPDX-License-Identifier: MIT
#include "nebula/task/worker_hop.hpp"

#include "fake_loop.hpp"
#include "nebula/task/detail/frame_pool.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/pool_bridge.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/wait.hpp"
#include "nebula/task/when_all.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <memory>
#include <optional>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace nebula {
namespace {

using test::Counted;
using test::FakeLoop;

bool on_worker() { return WorkerPool::current_worker_index() >= 0; }

class WorkerHops : public testing::TestWithParam<int> {  // the parameter: workers
protected:
    // Before the pool: what its tasks use outlives them.
    std::binary_semaphore begun_{0};
    std::binary_semaphore go_on_{0};
    std::counting_semaphore<> open_{0};
    std::atomic<int> blocked_ = 0;
    WorkerPool pool_{{.thread_count_override = GetParam()}};
    FakeLoop loop_;
};

#if !defined(NEBULA_FRAMES_FROM_HEAP)
// A thread finds its pool of frames by a thread_local, inline. A compiler that kept the variable's
// address over a hop would hand a worker the home thread's pool.
TEST_P(WorkerHops, FramesComeFromThePoolOfTheThreadThatTheCoroutineIsOn) {
    const auto taken_from_this_threads_pool = [] {
        const task_detail::FramePool::User user;
        const std::size_t before = user.pool().live_blocks();
        void* const frame = task_detail::allocate_frame(100);
        const std::size_t after = user.pool().live_blocks();
        task_detail::free_frame(frame);
        return after - before == 1 && user.pool().live_blocks() == before;
    };
    std::string found;
    loop_.runtime.spawn([&]() -> task<> {
        for (int i = 0; i < 3; ++i) {
            found += taken_from_this_threads_pool() ? "y" : "n";
            co_await worker(pool_);
            found += taken_from_this_threads_pool() ? "y" : "n";
            co_await main_thread();
        }
    });
    loop_.pump_until_all_ended();
    EXPECT_EQ(found, "yyyyyy");
}
#endif

TEST_P(WorkerHops, OneCoroutineRunsOnAWorkerAndComesHome) {
    const std::thread::id home = std::this_thread::get_id();
    std::string path;
    bool is_home = false;
    const TaskHandle<int> handle = loop_.runtime.spawn([&]() -> task<int> {
        co_await worker(pool_, {.name = "hop"});
        path += on_worker() ? "w" : "?";
        co_await main_thread();
        path += std::this_thread::get_id() == home ? "m" : "?";
        co_await main_thread();
        path += "m";
        is_home = true;
        co_await next_frame();
        co_await worker(pool_);
        path += on_worker() ? "w" : "?";
        co_return 5;
    });
    EXPECT_TRUE(handle.is_pending());
    loop_.pump_until([&] { return is_home; });
    EXPECT_EQ(path, "wmm");
    loop_.frame();
    loop_.pump_until_all_ended();
    EXPECT_EQ(path, "wmmw");
    EXPECT_EQ(handle.result(), 5) << "a coroutine may end on the worker";
}

TEST_P(WorkerHops, ManyHopsInBothDirections) {
    static constexpr int kTasks = 16;
    static constexpr int kHops = 50;
    std::atomic<int> there = 0;
    int here = 0;
    for (int i = 0; i < kTasks; ++i)
        loop_.runtime.spawn([&]() -> task<> {
            for (int hop = 0; hop < kHops; ++hop) {
                co_await worker(pool_);
                ++there;
                co_await main_thread();
                ++here;
            }
        });
    loop_.pump_until_all_ended();
    EXPECT_EQ(there, kTasks * kHops);
    EXPECT_EQ(here, kTasks * kHops);
}

TEST_P(WorkerHops, ChildrenRunAndThrowAndHopOnTheWorker) {
    WorkerPool other({.thread_count_override = 1});
    const auto child = [&](WorkerPool& to) -> task<int> {
        EXPECT_TRUE(on_worker());
        co_await worker(to);
        EXPECT_TRUE(on_worker());
        throw std::runtime_error("from afar");
    };
    const auto parent = [&]() -> task<std::string> {
        co_await worker(pool_);
        std::string told;
        try {
            (void)co_await child(other);
        } catch (const std::runtime_error& error) {
            told = error.what();
        }
        EXPECT_TRUE(on_worker());
        co_await main_thread();
        co_return told;
    };
    const TaskHandle<std::string> handle = loop_.runtime.spawn(parent());
    loop_.pump_until_all_ended();
    EXPECT_EQ(handle.result(), "from afar");
}

TEST_P(WorkerHops, AnExceptionThatLeavesATaskOnTheWorkerIsItsResult) {
    const TaskHandle<> handle = loop_.runtime.spawn([&]() -> task<> {
        co_await worker(pool_);
        throw std::runtime_error("on the worker");
    });
    loop_.pump_until_all_ended();
    EXPECT_THROW(handle.result(), std::runtime_error);
}

TEST_P(WorkerHops, AnyOtherWaitOnAWorkerIsRefusedAndTheTaskGoesOn) {
    std::string told;
    loop_.runtime.spawn([&]() -> task<> {
        co_await worker(pool_);
        try {
            co_await next_frame();
        } catch (const WrongThread& error) {
            told = error.what();
        }
        EXPECT_TRUE(on_worker());
        co_await main_thread();
        co_await next_frame();
    });
    while (loop_.runtime.live_count() > 0) {
        loop_.frame();
        std::this_thread::yield();
    }
    EXPECT_NE(told.find("co_await main_thread()"), std::string::npos);
}

TEST_P(WorkerHops, ATaskThatAWorkerRunsIsDestroyedWhenItIsBack) {
    int live = 0;
    bool went_on = false;
    TaskHandle<> handle = loop_.runtime.spawn([&]() -> task<> {
        const Counted local(live);
        co_await worker(pool_);
        begun_.release();
        go_on_.acquire();
        co_await main_thread();
        went_on = true;
    });
    begun_.acquire();
    handle.cancel();
    EXPECT_TRUE(handle.is_pending());
    EXPECT_TRUE(handle.is_away());
    EXPECT_EQ(live, 1);
    ASSERT_EQ(loop_.runtime.live_tasks().size(), 1U);
    EXPECT_EQ(loop_.runtime.live_tasks()[0].reason, "on a worker");
    go_on_.release();
    loop_.pump_until_all_ended();
    EXPECT_TRUE(handle.cancelled());
    EXPECT_FALSE(went_on);
    EXPECT_EQ(live, 0);
}

TEST_P(WorkerHops, CancelAndWaitReturnsWhenNothingOfTheTaskIsLeft) {
    int live = 0;
    TaskHandle<> handle = loop_.runtime.spawn([&]() -> task<> {
        const Counted local(live);
        co_await worker(pool_);
        begun_.release();
        go_on_.acquire();
    });
    begun_.acquire();
    std::jthread later([&] { go_on_.release(); });
    handle.cancel_and_wait();
    EXPECT_EQ(live, 0);
    EXPECT_FALSE(handle.is_pending());
}

TEST_P(WorkerHops, ATaskThatNoWorkerHasBegunIsDestroyedAtOnce) {
    int live = 0;
    for (int i = 0; i < GetParam(); ++i)
        pool_.spawn([this] {
            if (++blocked_ == GetParam()) begun_.release();
            open_.acquire();
        });
    begun_.acquire();
    TaskHandle<> handle = loop_.runtime.spawn([&]() -> task<> {
        const Counted local(live);
        co_await worker(pool_);
        ADD_FAILURE() << "it was cancelled before";
    });
    handle.cancel();
    EXPECT_TRUE(handle.cancelled());
    EXPECT_EQ(live, 0);
    open_.release(GetParam());
}

TEST_P(WorkerHops, ShutdownWaitsForTheWorkerAndDestroysOnItsOwnThread) {
    const std::thread::id home = std::this_thread::get_id();
    std::optional<std::thread::id> destroyed;
    TaskHandle<> handle = loop_.runtime.spawn([&]() -> task<> {
        const test::AtExit note([&] { destroyed = std::this_thread::get_id(); });
        co_await worker(pool_);
        begun_.release();
        go_on_.acquire();
        co_await main_thread();
    });
    begun_.acquire();
    std::jthread later([&] { go_on_.release(); });
    loop_.runtime.shutdown();
    EXPECT_EQ(destroyed, home);
    EXPECT_TRUE(handle.cancelled());
}

TEST_P(WorkerHops, ATaskThatEndsOnTheWorkerWhileShutdownWaitsKeepsItsResult) {
    TaskHandle<int> handle = loop_.runtime.spawn([&]() -> task<int> {
        co_await worker(pool_);
        begun_.release();
        go_on_.acquire();
        co_return 3;
    });
    begun_.acquire();
    std::jthread later([&] { go_on_.release(); });
    loop_.runtime.shutdown();
    EXPECT_EQ(handle.result(), 3);
}

TEST_P(WorkerHops, CancelsFromAnywhereAndHopsAtOnceNeverLoseATask) {
    static constexpr int kTasks = 300;
    int live = 0;
    std::vector<TaskHandle<>> handles;
    for (int i = 0; i < kTasks; ++i) {
        handles.push_back(loop_.runtime.spawn([&]() -> task<> {
            const Counted local(live);
            for (int hop = 0; hop < 4; ++hop) {
                co_await worker(pool_);
                co_await main_thread();
            }
        }));
        if (i % 3 == 0) handles.back().cancel();
        if (i % 3 == 1) pool_.spawn([handle = handles.back()] { handle.request_cancel(); });
        if (i % 8 == 0) loop_.runtime.pump();
    }
    loop_.pump_until_all_ended();
    EXPECT_EQ(live, 0);
    for (const TaskHandle<>& handle : handles) EXPECT_FALSE(handle.is_pending());
}

INSTANTIATE_TEST_SUITE_P(Workers, WorkerHops, testing::Values(1, 2, 8));

TEST(WorkerHop, APoolThatRunsInlineTakesTheTaskAndBringsItBack) {
    WorkerPool pool({.run_inline = true});
    FakeLoop loop;
    int steps = 0;
    loop.runtime.spawn([&]() -> task<> {
        co_await worker(pool);
        ++steps;
        co_await main_thread();
        ++steps;
    });
    EXPECT_EQ(steps, 1);
    loop.runtime.pump();
    EXPECT_EQ(steps, 2);
}

// Without that, cancel_and_wait() and shutdown() would block for ever.
TEST(WorkerHop, OnAWorkerAFurtherHopIsWhereACancelCounts) {
    std::counting_semaphore<> turns{0};
    int live = 0;
    WorkerPool pool({.thread_count_override = 1});
    WorkerPool other({.thread_count_override = 1});
    FakeLoop loop;
    const auto hops_for_ever = [&]() -> task<> {
        const Counted local(live);
        for (;;) {
            co_await worker(pool);
            turns.release();
            co_await worker(other);
        }
    };
    TaskHandle<> handle = loop.runtime.spawn(hops_for_ever());
    for (int i = 0; i < 10; ++i) turns.acquire();
    handle.cancel_and_wait();
    EXPECT_EQ(live, 0);

    handle = loop.runtime.spawn([&]() -> task<> { co_await when_all(hops_for_ever()); });
    for (int i = 0; i < 10; ++i) turns.acquire();
    handle.cancel();
    loop.pump_until([&] { return handle.cancelled(); });
    EXPECT_EQ(live, 0);

    loop.runtime.spawn(hops_for_ever());
    for (int i = 0; i < 10; ++i) turns.acquire();
    loop.runtime.shutdown();
    EXPECT_EQ(live, 0);
}

/// Sends the task onward to a thread of its own, and stays in the sending until it is let go.
class SlowOnward final : public Wait, private task_detail::Departure {
public:
    using AwaitableOnWorker = void;

    SlowOnward(std::binary_semaphore& arrived, std::binary_semaphore& go_on) noexcept
        : Wait("slow"), arrived_(arrived), go_on_(go_on) {}
    bool await_ready() const noexcept { return false; }
    template <TaskPromise P>
    void await_suspend(std::coroutine_handle<P> h) noexcept {
        h.promise().record().departing = this;
    }
    void await_resume() const noexcept {}

private:
    void depart(task_detail::TaskRecord& record) noexcept override {
        std::binary_semaphore& arrived = arrived_;  // the chain may be home before we return
        std::binary_semaphore& go_on = go_on_;
        record.book_trip(true);
        std::thread([&] { record.travel(); }).join();
        arrived.release();
        go_on.acquire();
    }

    std::binary_semaphore& arrived_;
    std::binary_semaphore& go_on_;
};

// The story: a pool was destroyed once the tasks sent to it were home, while the worker of another
// pool was still inside the spawn by which it had sent one of them there.
TEST(WorkerHop, ATaskIsHomeOnlyWhenTheWorkerThatSentItOnwardHasDoneSo) {
    std::binary_semaphore arrived{0};
    std::binary_semaphore go_on{0};
    WorkerPool pool({.thread_count_override = 1});
    FakeLoop loop;
    TaskHandle<> handle = loop.runtime.spawn([&]() -> task<> {
        co_await worker(pool);
        co_await SlowOnward(arrived, go_on);
    });
    arrived.acquire();  // the chain has ended there
    loop.settle();
    EXPECT_TRUE(handle.is_away());
    go_on.release();
    loop.pump_until([&] { return handle.done(); });
}

TEST(WorkerHop, APoolMayGoOnceTheTasksThatWereSentToItAreHome) {
    WorkerPool pool({.thread_count_override = 1});
    FakeLoop loop;
    for (int i = 0; i < 100; ++i) {
        auto other = std::make_unique<WorkerPool>(WorkerPoolConfig{.thread_count_override = 1});
        loop.runtime.spawn([&]() -> task<> {
            co_await worker(pool);
            co_await worker(*other);
        });
        loop.pump_until_all_ended();
        other.reset();
    }
}

TEST(WorkerHop, ATaskSpawnedOnAWorkerIsRefused) {
    WorkerPool pool({.thread_count_override = 1});
    FakeLoop loop;
    const TaskHandle<> handle = loop.runtime.spawn([&]() -> task<> {
        Runtime& runtime = co_await this_runtime();
        co_await worker(pool);
        EXPECT_EQ(&co_await this_runtime(), &runtime);
        runtime.spawn([]() -> task<> { co_return; });
    });
    while (loop.runtime.live_count() > 0) loop.runtime.pump();
    EXPECT_THROW(handle.result(), WrongThread);
}

}  // namespace
}  // namespace nebula
