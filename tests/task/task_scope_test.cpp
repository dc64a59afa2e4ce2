// SPDX-License-Identifier: MIT
#include "nebula/task/task_scope.hpp"

#include "fake_loop.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/timeout.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace nebula {
namespace {

using test::AtExit;
using test::Counted;
using test::Door;
using test::FakeLoop;

class TaskScopeTest : public testing::Test {
protected:
    TaskScopeTest() {
        loop_.runtime.set_on_unhandled(
            [this](const UnhandledError& told) { unhandled_ += told.what + " "; });
    }
    task<> waits() {
        const Counted local(live_);
        co_await never_.wait();
    }
    task<int> after_frames(int count, int value) {
        const Counted local(live_);
        for (int i = 0; i < count; ++i) co_await next_frame();
        co_return value;
    }
    task<> fails_after(int count, std::string what) {
        const Counted local(live_);
        for (int i = 0; i < count; ++i) co_await next_frame();
        throw std::runtime_error(what);
    }

    int live_ = 0;
    std::string unhandled_;
    Event never_;
    FakeLoop loop_;
};

TEST_F(TaskScopeTest, JoinEndsWhenAllHaveEndedThoseSpawnedMeanwhileToo) {
    bool joined = false;
    loop_.runtime.spawn([&]() -> task<> {
        TaskScope scope(co_await this_runtime());
        const TaskHandle<int> first = scope.spawn(after_frames(1, 5));
        scope.spawn([&]() -> task<> {
            co_await next_frame();
            scope.spawn(after_frames(2, 0));
        });
        co_await scope.join();
        EXPECT_EQ(first.result(), 5);
        co_await scope.join();  // of nothing
        joined = true;
    });
    loop_.settled_frames(2);
    EXPECT_FALSE(joined);
    loop_.settled_frames(1);
    EXPECT_TRUE(joined);
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

TEST_F(TaskScopeTest, TheFirstErrorEndsTheOthersAndIsThrownByJoinAndTheScopeIsAsNew) {
    std::string caught;
    loop_.runtime.spawn([&]() -> task<> {
        TaskScope scope(co_await this_runtime());
        scope.spawn(waits());
        scope.spawn(fails_after(1, "first"));
        scope.spawn(fails_after(1, "second"));
        try {
            co_await scope.join();
        } catch (const std::runtime_error& error) {
            caught = error.what();
            EXPECT_EQ(live_, 0);
        }
        const TaskHandle<int> again = scope.spawn(after_frames(1, 6));
        co_await scope.join();
        EXPECT_EQ(again.result(), 6);
        caught += " again";
    });
    loop_.settled_frames(2);
    EXPECT_EQ(caught, "first again");
    EXPECT_EQ(unhandled_, "");
}

TEST_F(TaskScopeTest, AnErrorThatNobodyJoinsIsToldAsUnhandled) {
    loop_.runtime.spawn([&]() -> task<> {
        TaskScope scope(co_await this_runtime());
        scope.spawn(fails_after(1, "lost"));
        co_await frames(2);
        EXPECT_EQ(unhandled_, "") << "somebody may still join";
    });
    loop_.settled_frames(2);
    EXPECT_EQ(unhandled_, "lost ");
}

TEST_F(TaskScopeTest, OutsideOfTasksAnErrorIsToldWhenItHappensAndTheScopeIsAsNew) {
    TaskScope scope(loop_.runtime);
    const TaskHandle<> other = scope.spawn(waits());
    scope.spawn(fails_after(1, "told"));
    loop_.settled_frames(1);
    EXPECT_EQ(unhandled_, "told ");
    EXPECT_TRUE(other.cancelled());
    EXPECT_TRUE(scope.spawn(waits()).is_pending());
}

struct SpawnsAsItGoes {
    ~SpawnsAsItGoes() {
        scope.spawn([&began = began]() -> task<> {
            ++began;
            co_await next_frame();
        });
    }
    TaskScope& scope;
    int& began;
};

TEST_F(TaskScopeTest, OutsideOfTasksACancelLeavesTheScopeAsNewWhenAllHaveEnded) {
    TaskScope scope(loop_.runtime);
    scope.cancel();  // of nobody
    int began = 0;
    const TaskHandle<> ended = scope.spawn([&]() -> task<> {
        const SpawnsAsItGoes last{scope, began};
        co_await waits();
    });
    EXPECT_TRUE(ended.is_pending());
    scope.cancel();
    EXPECT_TRUE(ended.cancelled());
    EXPECT_EQ(began, 0) << "a scope that is just ending its children refuses";
    EXPECT_TRUE(scope.spawn(waits()).is_pending());
}

TEST_F(TaskScopeTest, OutsideOfTasksACancelEndsAJoinAndWhatIsSpawnedThenIsTheNextRounds) {
    TaskScope scope(loop_.runtime);
    scope.spawn(waits());
    TaskHandle<> next;
    loop_.runtime.spawn([&]() -> task<> {
        co_await scope.join();
        next = scope.spawn(waits());
    });
    scope.cancel();
    loop_.runtime.pump();
    EXPECT_TRUE(next.is_pending());
}

TEST_F(TaskScopeTest, AScopeThatIsBeingDestroyedRefusesToTheLast) {
    struct CancelsAsItGoes {
        ~CancelsAsItGoes() { other.cancel(); }
        TaskHandle<>& other;
    };
    int began = 0;
    TaskHandle<> stranger;
    {
        TaskScope scope(loop_.runtime);
        stranger = loop_.runtime.spawn([&]() -> task<> {
            const SpawnsAsItGoes last{scope, began};
            co_await waits();
        });
        scope.spawn([&]() -> task<> {
            const CancelsAsItGoes last{stranger};
            co_await waits();
        });
    }
    EXPECT_TRUE(stranger.cancelled());
    EXPECT_EQ(began, 0);
}

TEST_F(TaskScopeTest, TwoTasksJoinOneScopeAndBothAreThrownItsError) {
    TaskScope scope(loop_.runtime);
    scope.spawn(fails_after(1, "shared"));
    std::string caught;
    const auto joins = [&]() -> task<> {
        try {
            co_await scope.join();
        } catch (const std::runtime_error& error) {
            caught.append(error.what()).append(" ");
        }
        scope.spawn(waits());
    };
    loop_.runtime.spawn(joins);
    loop_.runtime.spawn(joins);
    loop_.settled_frames(1);
    EXPECT_EQ(caught, "shared shared ");
    EXPECT_EQ(scope.live_count(), 2U) << "the second leaves alone what the first spawned";
    EXPECT_EQ(unhandled_, "");
}

TEST_F(TaskScopeTest, AnErrorWhoseJoinerIsCancelledBeforeItGoesOnIsToldAsUnhandled) {
    TaskScope scope(loop_.runtime);
    Door door;
    scope.spawn([&]() -> task<> {
        co_await door.opens();
        throw std::runtime_error("lost");
    });
    TaskHandle<> joins = loop_.runtime.spawn([&]() -> task<> { co_await scope.join(); });
    door.open();
    loop_.runtime.pump();
    EXPECT_EQ(scope.live_count(), 0U);
    joins.cancel();
    EXPECT_EQ(unhandled_, "lost ");
}

TEST_F(TaskScopeTest, AScopeThatDiesWhileSomebodyJoinsItTellsTheJoiner) {
    auto scope = std::make_unique<TaskScope>(loop_.runtime);
    scope->spawn(waits());
    bool told = false;
    loop_.runtime.spawn([&, joined = scope.get()]() -> task<> {
        try {
            co_await joined->join();
        } catch (const EmitterFreed&) {
            told = true;
        }
    });
    scope.reset();
    loop_.settle();
    EXPECT_TRUE(told);
}

TEST_F(TaskScopeTest, AScopeMayGoOnceItsChildrenHaveAndTheJoinersAreNotYetBack) {
    auto scope = std::make_unique<TaskScope>(loop_.runtime);
    TaskHandle<> child = scope->spawn(waits());
    bool joined = false;
    loop_.runtime.spawn([&, joins = scope.get()]() -> task<> {
        co_await joins->join();
        joined = true;
    });
    child.cancel();
    scope.reset();
    loop_.settle();
    EXPECT_TRUE(joined);
}

TEST_F(TaskScopeTest, AJoinThatHasEndedLeavesTheNextOneAlone) {
    TaskScope scope(loop_.runtime);
    Event leave;
    scope.spawn(after_frames(1, 0));
    loop_.runtime.spawn([&]() -> task<> {
        auto join = scope.join();
        co_await join;
        co_await leave.wait();
    });
    loop_.settled_frames(1);
    scope.spawn(after_frames(1, 0));
    bool second = false;
    loop_.runtime.spawn([&]() -> task<> {
        co_await scope.join();
        second = true;
    });
    leave.set();
    loop_.settle();  // the first join goes
    loop_.settled_frames(1);
    EXPECT_TRUE(second);
}

TEST_F(TaskScopeTest, LeavingItDestroysTheChildrenBeforeWhatStoodBeforeTheScope) {
    bool left = false;
    loop_.runtime.spawn([&]() -> task<> {
        const auto box = std::make_unique<int>(1);
        {
            TaskScope scope(co_await this_runtime());
            for (int i = 0; i < 3; ++i) {
                scope.spawn([&]() -> task<> {
                    const Counted local(live_);
                    const AtExit look([&] { EXPECT_EQ(*box, 1); });
                    co_await never_.wait();
                });
            }
            EXPECT_EQ(live_, 3);
        }
        EXPECT_EQ(live_, 0);
        left = true;
    });
    EXPECT_TRUE(left);
}

TEST_F(TaskScopeTest, CancellingTheTaskItLiesInDestroysTheChildrenToo) {
    TaskHandle<> parent = loop_.runtime.spawn([&]() -> task<> {
        const Counted local(live_);
        TaskScope scope(co_await this_runtime());
        scope.spawn(waits());
        scope.spawn(waits());
        co_await scope.join();
    });
    EXPECT_EQ(live_, 3);
    parent.cancel();
    EXPECT_EQ(live_, 0);
}

TEST_F(TaskScopeTest, AChildMayCancelTheTaskItsScopeLiesIn) {
    TaskHandle<> parent;
    bool seen = false;
    parent = loop_.runtime.spawn([&]() -> task<> {
        const Counted local(live_);
        int on_frame = 3;
        TaskScope scope(co_await this_runtime());
        scope.spawn([&]() -> task<> {
            co_await next_frame();
            parent.cancel();
            seen = on_frame == 3;
        });
        scope.spawn(waits());
        co_await never_.wait();
    });
    loop_.settled_frames(1);
    EXPECT_TRUE(seen);
    EXPECT_TRUE(parent.cancelled());
    EXPECT_EQ(live_, 0);
}

// Started by somebody else, so that the parent waits while the child runs for the first time.
TEST_F(TaskScopeTest, AChildMayCancelThatTaskAsItStarts) {
    TaskHandle<> parent;
    TaskScope* inside = nullptr;
    bool seen = false;
    parent = loop_.runtime.spawn([&]() -> task<> {
        const Counted local(live_);
        int on_frame = 3;
        TaskScope scope(co_await this_runtime());
        inside = &scope;
        co_await never_.wait();
        EXPECT_EQ(on_frame, 3);
    });
    inside->spawn([&]() -> task<> {
        parent.cancel();
        EXPECT_EQ(live_, 1);
        seen = true;
        co_return;
    });
    EXPECT_TRUE(seen);
    EXPECT_TRUE(parent.cancelled());
    EXPECT_EQ(live_, 0);
}

TEST_F(TaskScopeTest, CancelEndsAllAndRefusesUntilItIsJoined) {
    bool done = false;
    loop_.runtime.spawn([&]() -> task<> {
        TaskScope scope(co_await this_runtime());
        const TaskHandle<> child = scope.spawn(waits());
        scope.cancel();
        EXPECT_EQ(live_, 0);
        EXPECT_TRUE(child.cancelled());
        const TaskHandle<> refused = scope.spawn(waits());
        EXPECT_EQ(live_, 0);
        EXPECT_THROW(refused.result(), TaskCancelled);
        co_await scope.join();
        const TaskHandle<> taken = scope.spawn(waits());
        EXPECT_TRUE(taken.is_pending());
        done = true;
    });
    EXPECT_TRUE(done);
}

TEST_F(TaskScopeTest, AChildMayCancelItsOwnScope) {
    int steps = 0;
    TaskScope scope(loop_.runtime);
    scope.spawn([&]() -> task<> {
        co_await next_frame();
        scope.cancel();
        ++steps;
        co_await next_frame();
        ++steps;
    });
    scope.spawn(waits());
    loop_.settled_frames(2);
    EXPECT_EQ(steps, 1);
    EXPECT_EQ(scope.live_count(), 0U);
}

TEST_F(TaskScopeTest, AChildThatIsCancelledAloneIsNoError) {
    bool joined = false;
    TaskScope scope(loop_.runtime);
    TaskHandle<> one = scope.spawn(waits());
    scope.spawn(after_frames(2, 0));
    loop_.runtime.spawn([&]() -> task<> {
        co_await scope.join();
        joined = true;
    });
    one.cancel();
    loop_.settled_frames(1);
    EXPECT_FALSE(joined);
    loop_.settled_frames(1);
    EXPECT_TRUE(joined);
}

TEST_F(TaskScopeTest, AChildOnTheStackOutlivesItsScopeUntilItSuspends) {
    auto scope = std::make_unique<TaskScope>(loop_.runtime);
    int steps = 0;
    const TaskHandle<> child = scope->spawn([&]() -> task<> {
        const Counted local(live_);
        co_await next_frame();
        scope.reset();
        ++steps;
        co_await next_frame();
        ++steps;
    });
    loop_.settled_frames(2);
    EXPECT_EQ(steps, 1);
    EXPECT_EQ(live_, 0);
    EXPECT_TRUE(child.cancelled());
}

TEST_F(TaskScopeTest, AJoinThatGivesUpLeavesTheChildrenAlone) {
    TaskScope scope(loop_.runtime);
    scope.spawn(after_frames(3, 0));
    int timeouts = 0;
    bool joined = false;
    loop_.runtime.spawn([&]() -> task<> {
        try {
            co_await timeout(scope.join(), FakeLoop::kDelta);
        } catch (const TimedOut&) {
            ++timeouts;
        }
        co_await scope.join();
        joined = true;
    });
    loop_.settled_frames(2);
    EXPECT_EQ(timeouts, 1);
    EXPECT_EQ(live_, 1);
    loop_.settled_frames(1);
    EXPECT_TRUE(joined);
}

TEST_F(TaskScopeTest, ADestructorOfAChildMaySpawnAndIsRefused) {
    TaskScope scope(loop_.runtime);
    TaskHandle<> refused;
    scope.spawn([&]() -> task<> {
        const AtExit spawns([&] { refused = scope.spawn(waits()); });
        co_await never_.wait();
    });
    scope.cancel();
    EXPECT_TRUE(refused.cancelled());
    EXPECT_EQ(live_, 0);
}

TEST_F(TaskScopeTest, ShutdownInTheMiddleRunsEachDestructorOnceAndRefusesAfterwards) {
    for (int i = 0; i < 10; ++i) {
        loop_.runtime.spawn([&]() -> task<> {
            TaskScope scope(co_await this_runtime());
            for (int k = 0; k < 10; ++k) scope.spawn(waits());
            co_await scope.join();
        });
    }
    TaskScope outside(loop_.runtime);
    outside.spawn(waits());
    EXPECT_EQ(live_, 101);
    loop_.runtime.shutdown();
    EXPECT_EQ(live_, 0);
    const TaskHandle<> refused = outside.spawn(waits());
    EXPECT_THROW(refused.result(), RuntimeClosed);
}

TEST_F(TaskScopeTest, OnAnotherThreadSpawnThrows) {
    TaskScope scope(loop_.runtime);
    std::thread([&] { EXPECT_THROW(scope.spawn(waits()), WrongThread); }).join();
}

}  // namespace
}  // namespace nebula
