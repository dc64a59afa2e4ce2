// SPDX-License-Identifier: MIT
#include "nebula/task/task_channel.hpp"

#include "fake_loop.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/when_any.hpp"
#include "nebula/task/worker_channel.hpp"
#include "tests/base/resident_memory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <vector>

namespace nebula {
namespace {

using test::FakeLoop;
using testing::ElementsAre;

using Box = std::unique_ptr<int>;

task<> receive_all(TaskChannel<Box>& channel, std::vector<int>& got) {
    while (std::optional<Box> box = co_await channel.recv()) got.push_back(**box);
    got.push_back(-1);
}

TEST(TaskChannel, GivesTheValuesInOrderAndThenNothingWhenItIsClosed) {
    TaskChannel<Box> channel;
    FakeLoop loop;
    std::vector<int> got;
    loop.runtime.spawn(receive_all(channel, got));
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(channel.try_send(std::make_unique<int>(i)), SendResult::Sent);
    loop.settle();
    EXPECT_THAT(got, ElementsAre(0, 1, 2));
    (void)channel.try_send(std::make_unique<int>(3));
    channel.close();
    auto late = std::make_unique<int>(4);
    EXPECT_EQ(channel.try_send(std::move(late)), SendResult::Closed);
    EXPECT_EQ(*late, 4);
    loop.settle();
    EXPECT_THAT(got, ElementsAre(0, 1, 2, 3, -1));
}

TEST(TaskChannel, ABoundOf0IsRefused) { EXPECT_THROW(TaskChannel<int>(0), std::invalid_argument); }

TEST(TaskChannel, ASenderWaitsWhileItIsFullAndKeepsItsPlace) {
    TaskChannel<Box> channel(2);
    FakeLoop loop;
    int sent = 0;
    loop.runtime.spawn([&]() -> task<> {
        for (int i = 0; i < 5; ++i) {
            EXPECT_TRUE(co_await channel.send(std::make_unique<int>(i)));
            ++sent;
        }
    });
    EXPECT_EQ(sent, 2);
    EXPECT_EQ(channel.try_send(std::make_unique<int>(9)), SendResult::Full);
    EXPECT_EQ(**channel.try_recv(), 0);
    EXPECT_EQ(channel.try_send(std::make_unique<int>(9)), SendResult::Full)
        << "the room went to the one that waited";
    std::vector<int> got;
    loop.runtime.spawn(receive_all(channel, got));
    loop.settle();
    EXPECT_EQ(sent, 5);
    EXPECT_THAT(got, ElementsAre(1, 2, 3, 4));
}

TEST(TaskChannel, CloseEndsTheSendersThatWaitWithFalse) {
    TaskChannel<Box> channel(1);
    FakeLoop loop;
    std::vector<bool> sent;
    loop.runtime.spawn([&]() -> task<> {
        for (int i = 0; i < 3; ++i) sent.push_back(co_await channel.send(std::make_unique<int>(i)));
    });
    channel.close();
    loop.settle();
    EXPECT_THAT(sent, ElementsAre(true, false, false));
    EXPECT_EQ(**channel.try_recv(), 0);
    EXPECT_FALSE(channel.try_recv());
}

TEST(TaskChannel, AValueForAReceiverThatIsCancelledGoesToTheNext) {
    TaskChannel<Box> channel;
    FakeLoop loop;
    std::vector<int> first;
    std::vector<int> second;
    TaskHandle<> cancelled = loop.runtime.spawn(receive_all(channel, first));
    loop.runtime.spawn(receive_all(channel, second));
    (void)channel.try_send(std::make_unique<int>(7));
    EXPECT_FALSE(channel.try_recv()) << "it is promised";
    cancelled.cancel();
    loop.settle();
    EXPECT_TRUE(first.empty());
    EXPECT_THAT(second, ElementsAre(7));
}

TEST(TaskChannel, ALosingReceiveTakesNothing) {
    TaskChannel<Box> channel;
    FakeLoop loop;
    int got = 0;
    loop.runtime.spawn([&]() -> task<> {
        const auto first = co_await when_any(next_frame(), channel.recv());
        EXPECT_EQ(first.index(), 0U);
        got = **co_await channel.recv();
    });
    loop.frame();
    (void)channel.try_send(std::make_unique<int>(5));
    loop.settle();
    EXPECT_EQ(got, 5);
}

TEST(TaskChannel, ThatDiesEndsAllWaitsWithAnErrorThoseThatWereWokenToo) {
    FakeLoop loop;
    auto channel = std::make_unique<TaskChannel<Box>>(1);
    int errors = 0;
    const auto guarded = [&](bool sends) -> task<> {
        try {
            if (sends) {
                (void)co_await channel->send(std::make_unique<int>(1));
            } else {
                (void)co_await channel->recv();
            }
        } catch (const EmitterFreed&) {
            ++errors;
        }
    };
    loop.runtime.spawn(guarded(false));
    loop.runtime.spawn(guarded(true));  // the receiver is woken
    loop.runtime.spawn(guarded(true));  // full
    channel.reset();
    loop.settle();
    EXPECT_EQ(errors, 2);
    EXPECT_EQ(loop.runtime.live_count(), 0U);
}

// Senders and receivers come, go and are cancelled at random; every value is received once, or was
// never sent.
TEST(TaskChannel, LosesAndDoublesNothingWhoeverIsCancelled) {
    for (unsigned seed = 1; seed <= 50; ++seed) {
        SCOPED_TRACE(seed);
        std::minstd_rand random(seed);
        TaskChannel<int> channel(3);
        FakeLoop loop;
        std::vector<int> sent;
        std::vector<int> got;
        std::vector<TaskHandle<>> tasks;
        int next = 0;
        for (int step = 0; step < 300; ++step) {
            switch (random() % 5) {
                case 0:
                case 1:
                    tasks.push_back(loop.runtime.spawn([&, value = next++]() -> task<> {
                        if (co_await channel.send(value)) sent.push_back(value);
                    }));
                    break;
                case 2:
                case 3:
                    tasks.push_back(loop.runtime.spawn([&]() -> task<> {
                        if (const std::optional<int> value = co_await channel.recv())
                            got.push_back(*value);
                    }));
                    break;
                default:
                    if (!tasks.empty()) tasks[random() % tasks.size()].cancel();
            }
            if (random() % 3 == 0) loop.runtime.pump();
        }
        loop.settle();
        while (const std::optional<int> rest = channel.try_recv()) {
            got.push_back(*rest);
            loop.settle();
        }
        // A sender that was cancelled after its value had been taken did not see it.
        for (const int value : sent) EXPECT_EQ(std::count(got.begin(), got.end(), value), 1);
        for (const int value : got) EXPECT_EQ(std::count(got.begin(), got.end(), value), 1);
        EXPECT_EQ(channel.size(), 0U);
    }
}

// Both kept what they had ever held.
TEST(TaskChannel, TheMemoryOfABurstGoesBackHereAndInAWorkerChannel) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
    GTEST_SKIP() << "the address sanitizer keeps what is freed";
#endif
#endif
    using Value = std::array<char, 1000>;
    constexpr int burst = 50'000;
    const double before = test::resident_mb();
    TaskChannel<Value> from_tasks;
    WorkerChannel<Value> from_workers;
    for (int i = 0; i < burst; ++i) {
        ASSERT_EQ(from_tasks.try_send(Value{}), SendResult::Sent);
        ASSERT_EQ(from_workers.send(Value{}), SendResult::Sent);
    }
    EXPECT_GT(test::resident_mb() - before, 2 * burst * 1000e-6);
    // One value stays in each.
    for (int i = 1; i < burst; ++i) {
        ASSERT_TRUE(from_tasks.try_recv());
        ASSERT_TRUE(from_workers.try_recv());
    }
    EXPECT_LT(test::resident_mb() - before, 35);
}

}  // namespace
}  // namespace nebula
