// SPDX-License-Identifier: MIT
#include "nebula/task/worker_channel.hpp"

#include "fake_loop.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/when_any.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using test::FakeLoop;
using testing::ElementsAre;

TEST(WorkerChannel, FromFourThreadsEveryValueArrivesOnceAndEachThreadsInOrder) {
    static constexpr int kThreads = 4;
    static constexpr int kValues = 5000;
    WorkerChannel<std::pair<int, int>> channel;
    FakeLoop loop;
    std::array<int, kThreads> next{};
    bool closed = false;
    loop.runtime.spawn([&]() -> task<> {
        while (const auto got = co_await channel.recv()) {
            EXPECT_EQ(got->second, next[static_cast<std::size_t>(got->first)]++);
        }
        closed = true;
    });
    std::vector<std::thread> threads;
    threads.reserve(kThreads);
    for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&channel, thread] {
            for (int i = 0; i < kValues; ++i)
                EXPECT_EQ(channel.send(std::pair(thread, i)), SendResult::Sent);
        });
    }
    std::thread closes([&] {
        for (std::thread& thread : threads) thread.join();
        channel.close();
    });
    while (!closed) {
        loop.runtime.pump();
        std::this_thread::yield();
    }
    closes.join();
    for (const int count : next) EXPECT_EQ(count, kValues);
    EXPECT_EQ(channel.dropped(), 0U);
    EXPECT_EQ(channel.send(std::pair(0, 0)), SendResult::Closed);
}

TEST(WorkerChannel, ABoundOf0IsRefused) {
    EXPECT_THROW(WorkerChannel<int>(0), std::invalid_argument);
}

TEST(WorkerChannel, AFullOneRefusesOrDropsTheOldestAndCountsBoth) {
    WorkerChannel<std::unique_ptr<int>> refuses(2);
    for (int i = 0; i < 2; ++i) (void)refuses.send(std::make_unique<int>(i));
    auto kept = std::make_unique<int>(9);
    EXPECT_EQ(refuses.send(std::move(kept)), SendResult::Full);
    EXPECT_EQ(*kept, 9) << "the value is still the caller's";
    EXPECT_EQ(refuses.dropped(), 1U);
    EXPECT_EQ(**refuses.try_recv(), 0);

    WorkerChannel<int> drops(2, WhenFull::DropOldest);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(drops.send(i), SendResult::Sent);
    EXPECT_EQ(drops.dropped(), 3U);
    EXPECT_EQ(drops.size(), 2U);
    FakeLoop loop;
    std::vector<int> got;
    loop.runtime.spawn([&]() -> task<> {
        while (const std::optional<int> value = co_await drops.recv()) got.push_back(*value);
    });
    EXPECT_THAT(got, ElementsAre(3, 4));
}

TEST(WorkerChannel, AReceiverThatIsCancelledTakesNothingWithIt) {
    WorkerChannel<int> channel;
    FakeLoop loop;
    std::vector<int> got;
    const auto receive = [&]() -> task<> {
        while (const std::optional<int> value = co_await channel.recv()) got.push_back(*value);
    };
    TaskHandle<> waits = loop.runtime.spawn(receive());
    waits.cancel();
    TaskHandle<> woken = loop.runtime.spawn(receive());
    std::thread([&] { (void)channel.send(1); }).join();
    woken.cancel();
    loop.runtime.spawn(receive());
    EXPECT_THAT(got, ElementsAre(1));
    loop.runtime.spawn([&]() -> task<> {
        co_await next_frame();
        (void)channel.send(2);
    });
    loop.frame();
    loop.settle();
    EXPECT_THAT(got, ElementsAre(1, 2));
}

TEST(WorkerChannel, AValueForATaskThatWasWokenIsNotTakenBySomebodyElse) {
    WorkerChannel<int> channel;
    FakeLoop loop;
    std::optional<int> got;
    loop.runtime.spawn([&]() -> task<> { got = co_await channel.recv(); });
    channel.send(1);
    EXPECT_EQ(channel.try_recv(), std::nullopt);
    EXPECT_EQ(channel.size(), 0U);
    channel.send(2);
    EXPECT_EQ(channel.try_recv(), 1) << "of values, not of a certain one: the oldest goes first";
    loop.settle();
    EXPECT_EQ(got, 2);
}

TEST(WorkerChannel, AFullOneThatDropsTheOldestKeepsItsPromise) {
    WorkerChannel<int> channel(1, WhenFull::DropOldest);
    FakeLoop loop;
    std::optional<int> got;
    loop.runtime.spawn([&]() -> task<> { got = co_await channel.recv(); });
    channel.send(1);
    channel.send(2);
    loop.settle();
    EXPECT_EQ(got, 2);
}

TEST(WorkerChannel, AValueForAReceiverThatIsCancelledGoesToTheNext) {
    WorkerChannel<int> channel;
    FakeLoop loop;
    std::optional<int> got;
    TaskHandle<> first = loop.runtime.spawn([&]() -> task<> { (void)co_await channel.recv(); });
    channel.send(1);
    loop.runtime.spawn([&]() -> task<> { got = co_await channel.recv(); });
    first.cancel();
    loop.settle();
    EXPECT_EQ(got, 1);
}

TEST(WorkerChannel, ALosingReceiveTakesNothing) {
    WorkerChannel<int> channel;
    FakeLoop loop;
    int got = 0;
    loop.runtime.spawn([&]() -> task<> {
        EXPECT_EQ((co_await when_any(next_frame(), channel.recv())).index(), 0U);
        got = *co_await channel.recv();
    });
    loop.frame();
    std::thread([&] { (void)channel.send(5); }).join();
    loop.settle();
    EXPECT_EQ(got, 5);
}

}  // namespace
}  // namespace nebula
