// SPDX-License-Identifier: MIT
#include "nebula/threading/channel.hpp"

#include "nebula/threading/detail/os_thread.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using namespace std::chrono_literals;
using test::HangGuard;

TEST(Channel, GivesValuesInTheOrderTheyCame) {
    Channel<int> channel;
    EXPECT_TRUE(channel.empty());
    EXPECT_EQ(channel.try_recv(), std::nullopt);
    for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(channel.post(i));
    EXPECT_EQ(channel.size(), 10'000U);
    for (int i = 0; i < 10'000; ++i) ASSERT_EQ(channel.try_recv(), i);
    EXPECT_EQ(channel.try_recv(), std::nullopt);
}

TEST(Channel, IsAQueueWhateverIsSentAndReceivedWhen) {
    static constexpr unsigned kSeed = 20240;
    SCOPED_TRACE(testing::Message() << "seed " << kSeed);
    std::mt19937 random(kSeed);
    Channel<std::string> channel;
    std::deque<std::string> oracle;
    for (int step = 0; step < 50'000; ++step) {
        // Long waves of more sending than receiving and back.
        if (random() % 100 < (step / 5'000 % 2 == 0 ? 60U : 40U)) {
            oracle.push_back(std::to_string(step) + " with more than fits in place");
            ASSERT_EQ(channel.try_send(oracle.back()), SendResult::Sent);
        } else if (oracle.empty()) {
            ASSERT_EQ(channel.try_recv(), std::nullopt);
        } else {
            ASSERT_EQ(channel.try_recv(), oracle.front());
            oracle.pop_front();
        }
        ASSERT_EQ(channel.size(), oracle.size());
    }
}

TEST(Channel, ABoundOf0IsRefused) {
    EXPECT_THROW(Channel<int>(SoftLimit{0}), std::invalid_argument);
}

// It allocated until there was no memory left.
TEST(Channel, ABoundThatWasNegativeIsRefused) {
    EXPECT_THROW(Channel<int>(SoftLimit{std::size_t{0} - 1}), std::invalid_argument);
}

TEST(Channel, AFullOneLeavesTheValueToTheCaller) {
    Channel<std::unique_ptr<int>> channel(SoftLimit{2});
    EXPECT_EQ(channel.soft_limit(), 2U);
    auto value = std::make_unique<int>(7);
    EXPECT_EQ(channel.try_send(std::make_unique<int>(1)), SendResult::Sent);
    EXPECT_EQ(channel.try_send(std::make_unique<int>(2)), SendResult::Sent);
    EXPECT_EQ(channel.try_send(std::move(value)), SendResult::Full);
    ASSERT_NE(value, nullptr);
    EXPECT_EQ(**channel.try_recv(), 1);
    EXPECT_EQ(channel.try_send(std::move(value)), SendResult::Sent);
    channel.close();
    value = std::make_unique<int>(8);
    EXPECT_EQ(channel.try_send(std::move(value)), SendResult::Closed);
    EXPECT_NE(value, nullptr);
}

TEST(Channel, APostGoesOverTheBoundAndTheBoundHoldsAgainAfterwards) {
    Channel<int> channel(SoftLimit{2});
    for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(channel.post(i));
    EXPECT_EQ(channel.size(), 1'000U);
    for (int i = 0; i < 999; ++i) {
        ASSERT_EQ(channel.try_send(0), SendResult::Full);
        ASSERT_EQ(channel.try_recv(), i);
    }
    EXPECT_EQ(channel.try_send(5), SendResult::Sent);
}

TEST(Channel, AClosedOneIsDrainedAndThenGivesNothing) {
    Channel<int> channel;
    channel.post(1);
    channel.post(2);
    channel.close();
    channel.close();
    EXPECT_TRUE(channel.closed());
    EXPECT_FALSE(channel.post(3));
    EXPECT_FALSE(channel.send(3));
    EXPECT_EQ(channel.recv(), 1);
    EXPECT_EQ(channel.recv_until(Clock::time_point::min()), 2);
    EXPECT_EQ(channel.recv(), std::nullopt);
    EXPECT_EQ(channel.recv_until(Clock::time_point::max()), std::nullopt);
}

TEST(Channel, DestroysWhatItStillHolds) {
    const auto witness = std::make_shared<int>(0);
    {
        Channel<std::shared_ptr<int>> channel;
        for (int i = 0; i < 1'000; ++i) channel.post(witness);
        for (int i = 0; i < 300; ++i) (void)channel.try_recv();
        EXPECT_EQ(witness.use_count(), 701);
    }
    EXPECT_EQ(witness.use_count(), 1);
}

TEST(Channel, TakesTheOldestOnlyIfItIsWanted) {
    Channel<int> channel;
    channel.post(3);
    EXPECT_EQ(channel.try_recv_if([](int value) { return value > 5; }), std::nullopt);
    EXPECT_EQ(channel.size(), 1U);
    EXPECT_EQ(channel.try_recv_if([](int value) { return value == 3; }), 3);
}

// ---- drain

TEST(Channel, DrainTakesOneInAnyCaseAndStopsWhenTheBudgetIsUsed) {
    Channel<int> channel;
    for (int i = 0; i < 10; ++i) channel.post(i);
    Clock::time_point now{};
    const auto clock = [&] { return now; };
    std::vector<int> got;
    const auto take = [&](int value) {
        got.push_back(value);
        now += 1ms;
    };
    EXPECT_EQ(channel.drain(0ms, take, clock), 1U);
    EXPECT_EQ(channel.drain(-5ms, take, clock), 1U);
    EXPECT_EQ(channel.drain(3ms, take, clock), 3U);
    EXPECT_EQ(channel.drain(2500us, take, clock), 3U);
    EXPECT_EQ(channel.drain(Clock::duration::max(), take, clock), 2U);
    EXPECT_EQ(channel.drain(1s, take, clock), 0U);
    EXPECT_EQ(got, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(Channel, WhatDrainCallsMayThrowAndSend) {
    Channel<int> channel;
    for (int i = 0; i < 4; ++i) channel.post(i);
    int sum = 0;
    EXPECT_THROW(channel.drain(1s,
                               [&](int value) {
                                   if (value == 1) throw std::runtime_error("commit failed");
                                   channel.post(10);
                                   sum += value;
                               }),
                 std::runtime_error);
    EXPECT_EQ(channel.size(), 3U);
    EXPECT_EQ(channel.drain(1s, [&](int value) { sum += value; }), 3U);
    EXPECT_EQ(sum, 15);
}

// ---- moves that throw

struct ThrowsOnMove {
    explicit ThrowsOnMove(int n) : number(n) {}
    ThrowsOnMove(ThrowsOnMove&& other) : number(other.number) {
        if (armed > 0 && --armed == 0) throw std::runtime_error("move");
    }
    ThrowsOnMove(const ThrowsOnMove&) = delete;
    ThrowsOnMove& operator=(const ThrowsOnMove&) = delete;
    ~ThrowsOnMove() = default;

    int number;
    static inline int armed = 0;  // the move that many moves from now throws
};

TEST(Channel, AMoveThatThrowsChangesNothing) {
    Channel<ThrowsOnMove> channel;
    // Over the end of blocks, where one more is let in.
    static constexpr int kCount =
        3 * static_cast<int>(detail::NodeQueue<ThrowsOnMove>::kBlockNodes);
    for (int i = 0; i < kCount; ++i) {
        ThrowsOnMove value(i);
        ThrowsOnMove::armed = 1;
        EXPECT_THROW((void)channel.try_send(std::move(value)), std::runtime_error);
        ASSERT_EQ(channel.size(), static_cast<std::size_t>(i));
        ASSERT_EQ(channel.try_send(std::move(value)), SendResult::Sent);
    }
    for (int i = 0; i < kCount; ++i) {
        ThrowsOnMove::armed = 1;
        EXPECT_THROW((void)channel.try_recv(), std::runtime_error);
        ASSERT_EQ(channel.size(), static_cast<std::size_t>(kCount - i));
        ASSERT_EQ(channel.try_recv()->number, i);
    }
}

// Moving, destroying and looking at a value is the user's code, and it may use the channel. It ran
// under the channel's lock and waited for that for ever.
struct UsesItsChannel {
    UsesItsChannel(Channel<UsesItsChannel>& its_channel, int n) noexcept
        : channel(&its_channel), number(n) {}
    UsesItsChannel(UsesItsChannel&& other) noexcept
        : channel(other.channel), number(std::exchange(other.number, 0)) {
        (void)channel->closed();
    }
    UsesItsChannel& operator=(UsesItsChannel&&) = delete;
    ~UsesItsChannel() {
        if (number == 1) channel->post(UsesItsChannel(*channel, 2));
        (void)channel->closed();
    }

    Channel<UsesItsChannel>* channel;
    int number;
};

TEST(Channel, NoCodeOfAValueRunsUnderItsLock) {
    const HangGuard guard("a value's own code waited for the channel's lock");
    Channel<UsesItsChannel> channel;
    EXPECT_TRUE(channel.post(UsesItsChannel(channel, 1)));
    EXPECT_FALSE(channel.try_recv_if([&](const UsesItsChannel& value) {
        EXPECT_EQ(channel.size(), 0U) << "nobody else sees it meanwhile";
        return channel.closed() || value.number != 1;
    }));
    EXPECT_EQ(channel.size(), 1U);
    EXPECT_EQ(channel.recv()->number, 1);  // and its end sends the next
    EXPECT_EQ(channel.drain(1h, [&](UsesItsChannel value) { EXPECT_EQ(value.number, 2); }), 1U);
}

// A value whose sender is still at it when the channel is closed: a receiver must not think that
// this was the end.
TEST(Channel, AValueOnItsWayInWhenTheChannelIsClosedIsReceived) {
    const HangGuard guard("a receiver slept on");
    struct SlowToMove {
        explicit SlowToMove(std::function<void()>& on_move) : call(&on_move) {}
        SlowToMove(SlowToMove&& other) noexcept : call(other.call) {
            if (*call) std::exchange(*call, nullptr)();
        }
        std::function<void()>* call;
    };
    std::function<void()> on_move;
    Channel<SlowToMove> channel;
    SlowToMove value(on_move);
    std::optional<SlowToMove> got;
    std::jthread receiver;
    on_move = [&] {
        channel.close();
        EXPECT_FALSE(channel.closed());
        EXPECT_FALSE(channel.try_recv());
        std::atomic<long> id{0};
        receiver = std::jthread([&] {
            id = detail::this_thread_os_id();
            if (std::optional<SlowToMove> one = channel.recv()) got.emplace(std::move(*one));
        });
        while (id == 0 || !test::sleeps(id)) std::this_thread::yield();
    };
    EXPECT_EQ(channel.try_send(std::move(value)), SendResult::Sent);
    receiver.join();
    EXPECT_TRUE(got.has_value());
    EXPECT_TRUE(channel.closed());
    EXPECT_FALSE(channel.recv());
}

// Two receivers sleep, one value comes, and the one who was woken for it cannot take it. It must
// not keep the wake to itself.
TEST(Channel, AReceiverWhoseMoveThrowsHandsTheValueOn) {
    const HangGuard guard("the second receiver slept on");
    Channel<ThrowsOnMove> channel;
    std::atomic<int> got{0};
    std::atomic<int> failed{0};
    std::vector<std::jthread> threads;
    std::array<std::atomic<long>, 2> ids{};
    for (std::atomic<long>& id : ids)
        threads.emplace_back([&] {
            id = detail::this_thread_os_id();
            try {
                got = channel.recv()->number;
            } catch (const std::runtime_error&) {
                ++failed;
            }
        });
    for (const std::atomic<long>& id : ids)
        while (id == 0 || !test::sleeps(id)) std::this_thread::yield();
    ThrowsOnMove value(5);
    ThrowsOnMove::armed = 2;  // into the channel; out of it
    EXPECT_EQ(channel.try_send(std::move(value)), SendResult::Sent);
    threads.clear();
    EXPECT_EQ(got, 5);
    EXPECT_EQ(failed, 1);
}

// ---- sleeping

TEST(Channel, AReceiverSleepsUntilThereIsAValue) {
    const HangGuard guard("a receiver slept on");
    Channel<int> channel;
    std::atomic<long> receiver{0};
    std::optional<int> got;
    std::jthread thread([&] {
        receiver = detail::this_thread_os_id();
        got = channel.recv();
    });
    while (receiver == 0 || !test::sleeps(receiver)) std::this_thread::yield();
    channel.post(4);
    thread.join();
    EXPECT_EQ(got, 4);
}

TEST(Channel, AReceiverGivesUpAtItsDeadlineNotBefore) {
    Channel<int> channel;
    const Clock::time_point deadline = Clock::now() + 5ms;
    EXPECT_EQ(channel.recv_until(deadline), std::nullopt);
    EXPECT_GE(Clock::now(), deadline);
    EXPECT_EQ(channel.recv_until(Clock::time_point{}), std::nullopt);
    channel.post(1);
    EXPECT_EQ(channel.recv_until(Clock::time_point{}), 1);
}

TEST(Channel, ASenderSleepsUntilThereIsRoom) {
    const HangGuard guard("a sender slept on");
    Channel<int> channel(SoftLimit{1});
    channel.post(1);
    std::atomic<long> sender{0};
    std::jthread thread([&] {
        sender = detail::this_thread_os_id();
        EXPECT_TRUE(channel.send(2));
    });
    while (sender == 0 || !test::sleeps(sender)) std::this_thread::yield();
    EXPECT_EQ(channel.size(), 1U);
    EXPECT_EQ(channel.recv(), 1);
    EXPECT_EQ(channel.recv(), 2);
}

TEST(Channel, CloseWakesEverybody) {
    const HangGuard guard("close left somebody asleep");
    Channel<int> full(SoftLimit{1});
    full.post(1);
    Channel<int> empty;
    std::atomic<int> ended{0};
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&] {
            EXPECT_FALSE(full.send(2));
            ++ended;
        });
        threads.emplace_back([&] {
            EXPECT_EQ(empty.recv(), std::nullopt);
            ++ended;
        });
    }
    full.close();
    empty.close();
    threads.clear();
    EXPECT_EQ(ended, 6);
}

// The story: workers send finished meshes into a channel of 64, the main thread waits for the
// scope in which they run, and the 65th mesh puts the last worker to sleep for ever.
TEST(Channel, AFullChannelNeverHoldsUpAWorkerThatItsReceiverWaitsFor) {
    const HangGuard guard("a worker waits for its receiver, who waits for the worker");
    Channel<int> finished(SoftLimit{4});
    WorkerPool pool({.thread_count_override = 2});
    std::atomic<int> ran{0};
    TaskGroup group(pool);
    group.spawn([&] {
        TaskGroup inner(pool);
        for (int i = 0; i < 100; ++i)
            inner.spawn([&] {
                finished.send(1);  // on a worker
                ++ran;
            });
        inner.wait();
    });
    while (!group.done()) std::this_thread::yield();  // no help: all of it runs on workers
    EXPECT_EQ(ran, 100);
    EXPECT_EQ(finished.size(), 100U);
}

}  // namespace
}  // namespace nebula
