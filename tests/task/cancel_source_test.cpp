// SPDX-License-Identifier: MIT
#include "nebula/task/cancel_source.hpp"

#include "fake_loop.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/when_all.hpp"
#include "nebula/task/when_any.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

namespace nebula {
namespace {

using test::AtExit;
using test::Counted;
using test::FakeLoop;

class CancelSourceTest : public testing::Test {
protected:
    task<> bound(CancelToken token) {
        const Counted local(live_);
        const CancelGuard guard = co_await token.bind();
        co_await never_.wait();
        ADD_FAILURE() << "a cancelled task went on";
    }

    int live_ = 0;
    Event never_;
    FakeLoop loop_;
    CancelSource source_;
};

TEST_F(CancelSourceTest, EndsEveryBoundTaskBeforeItReturnsAndNoOther) {
    for (int i = 0; i < 5; ++i) loop_.runtime.spawn(bound(source_.token()));
    CancelSource other;
    loop_.runtime.spawn(bound(other.token()));
    loop_.runtime.spawn(bound({}));
    EXPECT_EQ(live_, 7);
    source_.cancel();
    EXPECT_EQ(live_, 2);
    EXPECT_TRUE(source_.cancelled());
    EXPECT_FALSE(other.cancelled());
    source_.cancel();
}

TEST_F(CancelSourceTest, ATaskThatBindsItselfAfterwardsEndsThere) {
    source_.cancel();
    const TaskHandle<> late = loop_.runtime.spawn(bound(source_.token()));
    EXPECT_TRUE(late.cancelled());
    EXPECT_EQ(live_, 0);
}

TEST_F(CancelSourceTest, OnceTheGuardIsGoneTheTaskGoesOn) {
    bool ended = false;
    loop_.runtime.spawn([&]() -> task<> {
        {
            const CancelGuard guard = co_await source_.token().bind();
            co_await next_frame();
        }
        co_await next_frame();
        ended = true;
    });
    loop_.frame();
    source_.cancel();
    loop_.frame();
    EXPECT_TRUE(ended);
}

TEST_F(CancelSourceTest, ABoundBodyNeedsNoGuardOfItsOwn) {
    const auto body = [&]() -> task<int> {
        const Counted local(live_);
        co_await next_frame();
        co_return 4;
    };
    const TaskHandle<int> first = loop_.runtime.spawn(ended_by(source_.token(), body()));
    loop_.frame();
    EXPECT_EQ(first.result(), 4);
    const TaskHandle<int> second = loop_.runtime.spawn(ended_by(source_.token(), body()));
    EXPECT_EQ(live_, 1);
    source_.cancel();
    EXPECT_EQ(live_, 0);
    EXPECT_TRUE(second.cancelled());
}

TEST_F(CancelSourceTest, ATokenCanBeWaitedForInsteadOfEndingTheTask) {
    std::size_t first = 9;
    loop_.runtime.spawn([&]() -> task<> {
        first = (co_await when_any(never_.wait(), source_.token().wait())).index();
        co_await source_.token().wait();  // is: does not wait
        first += 10;
    });
    source_.cancel();
    loop_.settle();
    EXPECT_EQ(first, 11U);
}

TEST_F(CancelSourceTest, ATaskMayCancelItsOwnSource) {
    int steps = 0;
    const TaskHandle<> self = loop_.runtime.spawn([&]() -> task<> {
        const CancelGuard guard = co_await source_.token().bind();
        co_await next_frame();
        source_.cancel();
        ++steps;
        co_await next_frame();
        ++steps;
    });
    loop_.frame();
    EXPECT_EQ(steps, 1);
    EXPECT_TRUE(self.cancelled());
}

TEST_F(CancelSourceTest, ABranchMayCancelTheSourceThatItsParentIsBoundTo) {
    const TaskHandle<> parent = loop_.runtime.spawn([&]() -> task<> {
        const Counted local(live_);
        const CancelGuard guard = co_await source_.token().bind();
        const auto branch = [&]() -> task<> {
            const Counted own(live_);
            co_await next_frame();
            source_.cancel();
            EXPECT_EQ(live_, 2);
        };
        co_await when_all(branch(), never_.wait());
    });
    loop_.frame();
    loop_.settle();
    EXPECT_TRUE(parent.cancelled());
    EXPECT_EQ(live_, 0);
}

TEST_F(CancelSourceTest, ADestructorMayCancelAgainAndDestroyTheSource) {
    auto source = std::make_unique<CancelSource>();
    for (int i = 0; i < 3; ++i) {
        loop_.runtime.spawn([&]() -> task<> {
            const CancelGuard guard = co_await source->token().bind();
            const AtExit last([&] {
                if (source) source->cancel();
                source.reset();
            });
            co_await never_.wait();
        });
    }
    CancelSource& cancelled = *source;
    cancelled.cancel();
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

TEST_F(CancelSourceTest, TokensOutliveTheirSource) {
    auto source = std::make_unique<CancelSource>();
    const CancelToken token = source->token();
    loop_.runtime.spawn(bound(token));
    source.reset();
    EXPECT_FALSE(token.cancelled());
    EXPECT_EQ(live_, 1);
}

TEST_F(CancelSourceTest, FromAWorkerTheFramesAreDestroyedOnTheirOwnThreadByTheNextPump) {
    const std::thread::id main = std::this_thread::get_id();
    for (int i = 0; i < 3; ++i) {
        loop_.runtime.spawn([&]() -> task<> {
            const CancelGuard guard = co_await source_.token().bind();
            const Counted local(live_);
            const AtExit where([main] { EXPECT_EQ(std::this_thread::get_id(), main); });
            co_await never_.wait();
        });
    }
    std::thread([source = source_]() mutable { source.cancel(); }).join();
    EXPECT_EQ(live_, 3);
    EXPECT_TRUE(source_.token().cancelled());
    loop_.runtime.pump();
    EXPECT_EQ(live_, 0);
}

// Tasks bind, wait and end while another thread cancels; whoever is bound at the end must be gone.
TEST_F(CancelSourceTest, CancelsThatRaceWithBindingAndUnbindingLoseNobody) {
    for (int round = 0; round < 200; ++round) {
        CancelSource source;
        std::atomic<bool> go{false};
        std::thread canceller([&] {
            while (!go.load()) std::this_thread::yield();
            source.cancel();
        });
        for (int i = 0; i < 8; ++i) {
            if (i == 2) go.store(true);
            loop_.runtime.spawn([&]() -> task<> {
                const Counted local(live_);
                for (int k = 0; k < 3; ++k) {
                    const CancelGuard guard = co_await source.token().bind();
                    co_await next_frame();
                }
                const CancelGuard guard = co_await source.token().bind();
                co_await never_.wait();
            });
            if (i % 3 == 0) loop_.frame();
        }
        canceller.join();
        loop_.frame();
        loop_.frame();
        ASSERT_EQ(live_, 0) << "round " << round;
    }
}

}  // namespace
}  // namespace nebula
