// SPDX-License-Identifier: MIT
// A destructor of a task's locals that throws while the task is cancelled has nobody to throw to:
// the exception is reported, everything else is destroyed all the same, and nobody goes on.
#include "fake_loop.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/pool_bridge.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/task_scope.hpp"
#include "nebula/task/when_all.hpp"
#include "nebula/threading/task_pools.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using test::Counted;
using test::FakeLoop;

class ThrowsAtExit {
public:
    explicit ThrowsAtExit(const char* what) noexcept : what_(what) {}
    ThrowsAtExit(ThrowsAtExit&& other) noexcept : what_(std::exchange(other.what_, nullptr)) {}
    ThrowsAtExit(const ThrowsAtExit&) = delete;
    ThrowsAtExit& operator=(const ThrowsAtExit&) = delete;
    ~ThrowsAtExit() noexcept(false) {
        if (what_ != nullptr) throw std::runtime_error(what_);
    }

private:
    const char* what_;
};

class ThrowingDestructors : public testing::Test {
protected:
    ThrowingDestructors() {
        loop_.runtime.set_on_unhandled([this](const UnhandledError& error) {
            EXPECT_TRUE(error.in_destructor);
            told_.push_back(std::string(error.task_name) + ": " + error.what);
        });
    }
    std::vector<std::string> told_;
    int live_ = 0;
    FakeLoop loop_;
};

constexpr const char* kSentence = "a destructor threw while the task was being destroyed: ";

task<> waits_with_locals(int& live, const char* what) {
    const Counted before(live);
    const ThrowsAtExit throws(what);
    const Counted after(live);
    co_await next_frame();
    ADD_FAILURE() << "nobody goes on";
}

TEST_F(ThrowingDestructors, AreReportedWhenTheTaskIsCancelled) {
    TaskHandle<> task = loop_.runtime.spawn(waits_with_locals(live_, "boom"), {.name = "bad"});
    ASSERT_EQ(live_, 2);
    task.cancel();
    EXPECT_EQ(live_, 0);
    EXPECT_TRUE(task.cancelled());
    EXPECT_EQ(told_, std::vector<std::string>{std::string("bad: ") + kSentence + "boom"});
}

TEST_F(ThrowingDestructors, NobodyGoesOnAboveTheCoroutineWhoseLocalThrew) {
    const auto parent = [](int& live) -> task<> {
        const Counted local(live);
        co_await waits_with_locals(live, "in the child");
        ADD_FAILURE() << "a child that is destroyed does not return";
    };
    const auto root = [](int& live, auto below) -> task<> {
        const ThrowsAtExit throws("in the root");
        const Counted local(live);
        co_await below(live);
        ADD_FAILURE() << "a child that is destroyed does not return";
    };
    TaskHandle<> task = loop_.runtime.spawn(root(live_, parent), {.name = "deep"});
    ASSERT_EQ(live_, 4);
    task.cancel();
    EXPECT_EQ(live_, 0);
    ASSERT_EQ(told_.size(), 2U);
    EXPECT_EQ(told_[0], std::string("deep: ") + kSentence + "in the child");
    EXPECT_EQ(told_[1], std::string("deep: ") + kSentence + "in the root");
}

TEST_F(ThrowingDestructors, ABodyThatCatchesThemIsDestroyedFromItsNextWait) {
    const auto stubborn = [](int& live, int& caught) -> task<> {
        const Counted local(live);
        for (int i = 0; i < 3; ++i) {
            try {
                const ThrowsAtExit throws("caught");
                co_await next_frame();
            } catch (const std::runtime_error&) {
                ++caught;
            }
        }
        const auto child = [](int& count) -> task<> {
            const Counted in_child(count);
            co_await next_frame();
        };
        co_await child(live);
        ADD_FAILURE() << "nobody goes on";
    };
    int caught = 0;
    TaskHandle<> task = loop_.runtime.spawn(stubborn(live_, caught));
    task.cancel();
    EXPECT_EQ(live_, 0);
    EXPECT_EQ(caught, 3);
    EXPECT_TRUE(task.cancelled());
    loop_.settled_frames(3);
    EXPECT_TRUE(told_.empty()) << "it has dealt with them";
}

TEST_F(ThrowingDestructors, OfParametersAreReportedToo) {
    const auto with_parameter = [](ThrowsAtExit, Counted) -> task<> { co_await next_frame(); };
    TaskHandle<> cancelled =
        loop_.runtime.spawn(with_parameter(ThrowsAtExit("cancelled"), Counted(live_)));
    cancelled.cancel();
    const TaskHandle<> ended =
        loop_.runtime.spawn(with_parameter(ThrowsAtExit("ended"), Counted(live_)));
    const TaskHandle<> with_child = loop_.runtime.spawn([](auto child, int& live) -> task<> {
        co_await child(ThrowsAtExit("child"), Counted(live));
    }(with_parameter, live_));
    loop_.settled_frames(1);
    EXPECT_TRUE(ended.done());
    EXPECT_TRUE(with_child.done());
    EXPECT_EQ(told_.size(), 3U);
#if defined(__clang__)
    EXPECT_EQ(live_, 0);
#else
    // g++ 12 leaves out the other parameters when one has thrown, and loses the frame.
    EXPECT_LE(live_, 3);
#endif
}

TEST_F(ThrowingDestructors, OfBranchesScopesAndAtTheEndOfTheRuntime) {
    const TaskHandle<> owner = loop_.runtime.spawn([](int& live, Runtime& runtime) -> task<> {
        TaskScope scope(runtime);
        scope.spawn(waits_with_locals(live, "child of a scope"));
        co_await when_all(waits_with_locals(live, "branch"), waits_with_locals(live, "sibling"));
    }(live_, loop_.runtime));
    ASSERT_EQ(live_, 6);
    loop_.runtime.shutdown();
    EXPECT_EQ(live_, 0);
    EXPECT_EQ(told_.size(), 3U);
}

TEST_F(ThrowingDestructors, AtTheNormalEndTheyAreTheTasksError) {
    const TaskHandle<> task = loop_.runtime.spawn([]() -> nebula::task<> {
        const ThrowsAtExit throws("at the end");
        co_return;
    }());
    EXPECT_THROW(task.result(), std::runtime_error);
    EXPECT_TRUE(told_.empty());
}

// A capture of a job on the pool has its end on a worker. It ended the program.
TEST_F(ThrowingDestructors, OfAPoolJobsCapturesAreThrownInTheTaskOrReportedWithTheJobsName) {
    std::vector<std::string> panics;
    std::mutex mutex;
    WorkerPoolConfig config{.thread_count_override = 1};
    config.on_panic = [&](const PanicInfo& info) {
        const std::lock_guard lock(mutex);
        panics.push_back(std::string(info.task_name) + ": " + std::string(info.message));
    };
    WorkerPool pool(config);
    std::vector<std::string> caught;
    loop_.runtime.spawn([&]() -> task<> {
        try {
            auto job = pool.run([b = ThrowsAtExit("after its run")] { return 1; }, {.name = "a"});
            (void)co_await job;
        } catch (const std::runtime_error& error) {
            caught.emplace_back(error.what());
        }
        try {
            auto job = pool.io().run([b = ThrowsAtExit("on an io thread")] {}, "b");
            co_await job;
        } catch (const std::runtime_error& error) {
            caught.emplace_back(error.what());
        }
        try {  // the task gets the first error, the handler the second
            auto fails = [b = ThrowsAtExit("second")] { throw std::runtime_error("first"); };
            auto job = pool.run(std::move(fails), {.name = "flush"});
            co_await job;
        } catch (const std::runtime_error& error) {
            caught.emplace_back(error.what());
        }
    });
    loop_.pump_until_all_ended();
    EXPECT_EQ(caught, (std::vector<std::string>{"after its run", "on an io thread", "first"}));
    // The task is gone when the job ends.
    std::binary_semaphore runs{0};
    std::binary_semaphore may_end{0};
    TaskHandle<> saver = loop_.runtime.spawn([&]() -> task<> {
        auto job = pool.run(
            [&runs, &may_end, b = ThrowsAtExit("nobody waits")] {
                runs.release();
                may_end.acquire();
            },
            {.name = "late"});
        co_await job;
    });
    runs.acquire();
    saver.cancel();
    may_end.release();
    loop_.pump_until([&] {
        const std::lock_guard lock(mutex);
        return panics.size() >= 2;
    });
    EXPECT_EQ(panics, (std::vector<std::string>{"flush: second", "late: nobody waits"}));
}

}  // namespace
}  // namespace nebula
