// SPDX-License-Identifier: MIT
// A cancel that nobody has taken up yet, or that waits for a part of the task: what it stops.
#include "fake_loop.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/task_scope.hpp"
#include "nebula/task/timeout.hpp"
#include "nebula/task/when_all.hpp"
#include "nebula/task/worker_hop.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <thread>

namespace nebula {
namespace {

using test::AtExit;
using test::FakeLoop;

/// A task that an owner asks to end as it dies, in the pump in which the task's branch is ready.
class DueCancel : public testing::Test {
protected:
    DueCancel() {
        loop_.runtime.spawn([this]() -> task<> {
            co_await event_.wait();
            owner_lives_ = false;
            owned_.request_cancel();
        });
    }
    task<> touches_the_owner() {
        co_await event_.wait();
        if (!owner_lives_) touched_ = true;
    }
    void the_owner_dies() {
        event_.set();
        loop_.settle();
        EXPECT_FALSE(owner_lives_);
        EXPECT_TRUE(owned_.cancelled());
        EXPECT_FALSE(touched_);
        EXPECT_EQ(loop_.runtime.live_count(), 0U);
    }

    Event event_;
    bool owner_lives_ = true;
    bool touched_ = false;
    TaskHandle<> owned_;
    FakeLoop loop_;
};

TEST_F(DueCancel, ABranchDoesNotRunAnyMore) {
    owned_ =
        loop_.runtime.spawn([this]() -> task<> { co_await timeout(touches_the_owner(), 100.0); });
    the_owner_dies();
}

TEST_F(DueCancel, ABranchOfABranchDoesNotRunAnyMore) {
    owned_ = loop_.runtime.spawn([this]() -> task<> {
        co_await when_all(timeout(touches_the_owner(), 100.0), Event().wait());
    });
    the_owner_dies();
}

TEST_F(DueCancel, AChildOfAScopeDoesNotRunAnyMore) {
    owned_ = loop_.runtime.spawn([this]() -> task<> {
        TaskScope scope(co_await this_runtime());
        scope.spawn(touches_the_owner());
        co_await scope.join();
    });
    the_owner_dies();
}

TEST_F(DueCancel, IsTakenUpBeforeAWakeResumesABranchInline) {
    test::Door door;
    owned_ = loop_.runtime.spawn([&]() -> task<> {
        const auto waits = [&]() -> task<> {
            co_await door.opens();
            touched_ = true;
        };
        co_await timeout(waits(), 100.0);
    });
    owned_.request_cancel();
    door.wakers[0].wake_inline();
    EXPECT_TRUE(owned_.cancelled());
    EXPECT_FALSE(touched_);
    EXPECT_EQ(door.waiting, 0);
}

TEST_F(DueCancel, OfARunningTaskLeavesTheChildUnstartedThatItSpawnsAfterwards) {
    Event own;
    bool started = false;
    owned_ = loop_.runtime.spawn([&]() -> task<> {
        TaskScope scope(co_await this_runtime());
        co_await own.wait();
        owned_.request_cancel();
        scope.spawn([&]() -> task<> {
            started = true;
            co_return;
        });
        co_await scope.join();
        ADD_FAILURE() << "a cancelled task went on";
    });
    own.set();
    loop_.settle();
    EXPECT_TRUE(owned_.cancelled());
    EXPECT_FALSE(started);
}

// For the thread sanitizer: nothing but the cancel itself orders the write before the destructor.
TEST_F(DueCancel, WhatTheCancellerWroteIsSeenByTheDestructors) {
    int written = 0;
    int seen = -1;
    std::atomic<bool> may_cancel = false;
    std::atomic<bool> has_asked = false;
    std::thread other([&] {
        // acquire pairs with the task's store: the handle is there.
        while (!may_cancel.load(std::memory_order_acquire)) std::this_thread::yield();
        written = 5;
        owned_.request_cancel();
        has_asked.store(true, std::memory_order_relaxed);  // on purpose: carries nothing
    });
    loop_.runtime.spawn([&]() -> task<> {
        co_await event_.wait();
        may_cancel.store(true, std::memory_order_release);
        while (!has_asked.load(std::memory_order_relaxed)) std::this_thread::yield();
    });
    owned_ = loop_.runtime.spawn([&]() -> task<> {
        const AtExit look([&] { seen = written; });
        co_await event_.wait();
        ADD_FAILURE() << "a cancelled task went on";
    });
    event_.set();
    loop_.runtime.pump();
    EXPECT_EQ(seen, 5);
    other.join();
}

/// A task with one branch on a worker, which is therefore cancelled only when that is home.
class CancelUnderWay : public testing::Test {
protected:
    task<> works() {
        co_await worker(pool_);
        begun_.release();
        go_on_.acquire();
    }
    void let_it_go_home() {
        go_on_.release();
        loop_.pump_until_all_ended();
        EXPECT_TRUE(parent_.cancelled());
    }

    std::binary_semaphore begun_{0};
    std::binary_semaphore go_on_{0};
    Event event_;
    bool ran_ = false;
    TaskHandle<> parent_;
    WorkerPool pool_{{.thread_count_override = 1}};
    FakeLoop loop_;
};

TEST_F(CancelUnderWay, TheOtherBranchesRunNoMore) {
    parent_ = loop_.runtime.spawn([this]() -> task<> {
        const auto waits = [this]() -> task<> {
            co_await event_.wait();
            ran_ = true;
        };
        co_await when_all(works(), waits());
    });
    begun_.acquire();
    parent_.cancel();
    event_.set();
    loop_.settle();
    EXPECT_FALSE(ran_);
    EXPECT_TRUE(parent_.is_pending());
    let_it_go_home();
}

TEST_F(CancelUnderWay, ABranchThatHasCancelledItsParentIsNotSentToAWorker) {
    std::binary_semaphore held{0};
    parent_ = loop_.runtime.spawn([&]() -> task<> {
        const auto hops = [&]() -> task<> {
            co_await event_.wait();
            parent_.cancel();
            co_await worker(pool_);
            ran_ = true;
        };
        co_await when_all(hops());
    });
    event_.set();
    loop_.settle();
    EXPECT_TRUE(parent_.cancelled());
    pool_.spawn([&] { held.release(); });
    held.acquire();
    EXPECT_FALSE(ran_);
}

}  // namespace
}  // namespace nebula
