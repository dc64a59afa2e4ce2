// SPDX-License-Identifier: MIT
// Branches and scope children that hop to workers, with frames that refer to their parent's.
#include "fake_loop.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/task_scope.hpp"
#include "nebula/task/when_all.hpp"
#include "nebula/task/when_any.hpp"
#include "nebula/task/worker_hop.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <semaphore>
#include <thread>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using test::Counted;
using test::FakeLoop;

class BranchHops : public testing::Test {
protected:
    /// Writes to its parent's frame from a worker, once it is let go.
    task<> works(std::vector<int>& frame) {
        co_await worker(pool_);
        begun_.release();
        go_on_.acquire();
        frame.at(0) += 1;
        co_await main_thread();
    }

    std::binary_semaphore begun_{0};
    std::binary_semaphore go_on_{0};
    Event never_;
    int live_ = 0;
    WorkerPool pool_{{.thread_count_override = 1}};
    FakeLoop loop_;
};

TEST_F(BranchHops, WorkAtTheSameTimeAsTheirSiblings) {
    int got = 0;
    const auto hops = [&](int value) -> task<int> {
        co_await worker(pool_);
        const int doubled = 2 * value;
        co_await main_thread();
        co_return doubled;
    };
    loop_.runtime.spawn([&]() -> task<> {
        auto [a, b] = co_await when_all(hops(1), hops(2));
        got = a + b;
    });
    loop_.pump_until_all_ended();
    EXPECT_EQ(got, 6);
}

TEST_F(BranchHops, AParentThatIsCancelledEndsWhenItsBranchIsHome) {
    TaskHandle<> parent = loop_.runtime.spawn([&]() -> task<> {
        const Counted local(live_);
        std::vector<int> frame(100);
        co_await when_all(works(frame), never_.wait());
        ADD_FAILURE() << "a cancelled task went on";
    });
    begun_.acquire();
    parent.cancel();
    EXPECT_TRUE(parent.is_pending());
    EXPECT_EQ(live_, 1);
    go_on_.release();
    loop_.pump_until([&] { return parent.cancelled(); });
    EXPECT_EQ(live_, 0);
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

// The other wait of the parent ends while the cancel waits: it must not run any more.
TEST_F(BranchHops, UntilThenTheParentDoesNotRun) {
    TaskHandle<> parent = loop_.runtime.spawn([&]() -> task<> {
        std::vector<int> frame(100);
        TaskScope scope(co_await this_runtime());
        scope.spawn(works(frame));
        co_await next_frame();
        ADD_FAILURE() << "a cancelled task went on";
    });
    begun_.acquire();
    parent.cancel();
    for (int i = 0; i < 3; ++i) loop_.frame();
    EXPECT_TRUE(parent.is_pending());
    go_on_.release();
    loop_.pump_until([&] { return parent.cancelled(); });
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

TEST_F(BranchHops, ATaskThatCancelsItselfEndsWhenItsChildIsHome) {
    TaskHandle<> self;
    self = loop_.runtime.spawn([&]() -> task<> {
        std::vector<int> frame(100);
        TaskScope scope(co_await this_runtime());
        scope.spawn(works(frame));
        begun_.acquire();
        co_await next_frame();
        self.cancel();
        co_await next_frame();
        ADD_FAILURE() << "a cancelled task went on";
    });
    loop_.frame();
    EXPECT_TRUE(self.is_pending());
    loop_.frame();
    go_on_.release();
    loop_.pump_until([&] { return self.cancelled(); });
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

TEST_F(BranchHops, WhatNoWorkerHasBegunIsTakenBackAtOnce) {
    std::binary_semaphore held{0};
    pool_.spawn([&] {
        held.release();
        go_on_.acquire();
    });
    held.acquire();
    TaskHandle<> parent = loop_.runtime.spawn([&]() -> task<> {
        const Counted local(live_);
        std::vector<int> frame(100);
        co_await when_all(works(frame), works(frame));
    });
    parent.cancel();
    EXPECT_TRUE(parent.cancelled());
    EXPECT_EQ(live_, 0);
    go_on_.release();
}

TEST_F(BranchHops, ALoserThatAWorkerHasIsWaitedFor) {
    bool ended = false;
    loop_.runtime.spawn([&]() -> task<> {
        std::vector<int> frame(100);
        const auto first = co_await when_any(works(frame), next_frame());
        EXPECT_EQ(first.index(), 1U);
        EXPECT_EQ(frame.at(0), 1);
        ended = true;
    });
    begun_.acquire();
    loop_.frame();
    loop_.settle();
    EXPECT_FALSE(ended);
    go_on_.release();
    loop_.pump_until([&] { return ended; });
}

TEST_F(BranchHops, LeavingAScopeBlocksForAChildThatAWorkerHas) {
    bool left = false;
    std::thread opens;
    loop_.runtime.spawn([&]() -> task<> {
        std::vector<int> frame(100);
        {
            TaskScope scope(co_await this_runtime());
            scope.spawn(works(frame));
            begun_.acquire();
            opens = std::thread([&] { go_on_.release(); });
        }
        EXPECT_EQ(frame.at(0), 1);
        left = true;
    });
    EXPECT_TRUE(left);
    opens.join();
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

// The story: the child's way home lay in the same batch of mail as the cancel whose destructor
// waited for it, behind that cancel.
TEST_F(BranchHops, ADestructorThatWaitsForAChildOpensTheMailThatWasTakenBefore) {
    std::vector<int> frame(100);
    auto scope = std::make_unique<TaskScope>(loop_.runtime);
    scope->spawn(works(frame));
    const TaskHandle<> owner = loop_.runtime.spawn([&]() -> task<> {
        const std::unique_ptr<TaskScope> owned = std::move(scope);
        co_await never_.wait();
    });
    begun_.acquire();
    owner.request_cancel();
    go_on_.release();
    std::binary_semaphore home{0};
    pool_.spawn([&] { home.release(); });  // the only worker has done with the child
    home.acquire();
    loop_.runtime.pump();
    EXPECT_TRUE(owner.cancelled());
    EXPECT_EQ(frame.at(0), 1);
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

TEST_F(BranchHops, ShutdownWaitsForThemAndThenEndsTheParent) {
    const TaskHandle<> parent = loop_.runtime.spawn([&]() -> task<> {
        const Counted local(live_);
        std::vector<int> frame(100);
        co_await when_all(works(frame), never_.wait());
    });
    begun_.acquire();
    std::thread opens([&] { go_on_.release(); });
    loop_.runtime.shutdown();
    EXPECT_EQ(live_, 0);
    EXPECT_THROW(parent.result(), RuntimeClosed);
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
    opens.join();
}

}  // namespace
}  // namespace nebula
