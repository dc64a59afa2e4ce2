// SPDX-License-Identifier: MIT
#include "nebula/threading/channel.hpp"

#include "support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <thread>
#include <tuple>
#include <vector>

namespace nebula {
namespace {

using test::HangGuard;

// The parameters: senders, receivers, bound (0: none).
class ChannelBetween : public testing::TestWithParam<std::tuple<int, int, std::size_t>> {};

// A lost wake is a hang; each sender's values stay in order at each receiver.
TEST_P(ChannelBetween, ThreadsEachValueArrivesOnce) {
    const HangGuard guard("a sender or a receiver slept on");
    const auto [senders, receivers, bound] = GetParam();
    static constexpr int kEach = test::kWithYields ? 3'000 : 20'000;
    const auto channel = bound == 0 ? std::make_unique<Channel<int>>()
                                    : std::make_unique<Channel<int>>(SoftLimit{bound});
    std::vector<std::atomic<int>> arrived(static_cast<std::size_t>(senders * kEach));
    {
        std::vector<std::jthread> receiving;
        for (int r = 0; r < receivers; ++r)
            receiving.emplace_back([&, r] {
                std::vector<int> last(static_cast<std::size_t>(senders), -1);
                for (;;) {
                    // Half of them with deadlines that come at bad moments.
                    const auto value =
                        r % 2 == 0
                            ? channel->recv()
                            : channel->recv_until(Clock::now() + std::chrono::microseconds(20));
                    if (!value) {
                        if (channel->closed() && channel->empty()) return;
                        continue;
                    }
                    ++arrived[static_cast<std::size_t>(*value)];
                    int& before = last[static_cast<std::size_t>(*value / kEach)];
                    EXPECT_LT(before, *value % kEach);
                    before = *value % kEach;
                }
            });
        {
            std::vector<std::jthread> sending;
            for (int s = 0; s < senders; ++s)
                sending.emplace_back([&, s] {
                    for (int i = 0; i < kEach; ++i) ASSERT_TRUE(channel->send(s * kEach + i));
                });
        }
        channel->close();
    }
    for (std::size_t i = 0; i < arrived.size(); ++i) ASSERT_EQ(arrived[i], 1) << "value " << i;
}
INSTANTIATE_TEST_SUITE_P(Threads, ChannelBetween,
                         testing::Combine(testing::Values(1, 3), testing::Values(1, 3),
                                          testing::Values(0U, 1U, 5U)));

// A value comes at the moment when the receiver that is woken for it gives up. It must take it all
// the same: nobody else was woken.
TEST(ChannelRace, AWakeIsNotLostAtADeadline) {
    const HangGuard guard("a value lies in the channel, and its receiver sleeps");
    static constexpr int kRounds = test::kWithYields ? 1'000 : 2'500;
    Channel<int> channel;
    std::atomic<int> round{0};
    std::atomic<int> arrived{0};
    std::jthread impatient([&] {  // once in each round; what it leaves, it leaves for good
        for (int mine = 1; mine <= kRounds; ++mine) {
            while (round < mine) std::this_thread::yield();
            if (channel.recv_until(Clock::now() + std::chrono::microseconds(30))) ++arrived;
        }
    });
    std::jthread patient([&] {
        while (channel.recv()) ++arrived;
    });
    for (int i = 1; i <= kRounds; ++i) {
        round = i;
        test::spin_for(std::chrono::microseconds(20 + i % 100));
        channel.post(i);
        while (arrived < i) std::this_thread::yield();
    }
    channel.close();
}

// The receiver of the last value destroys the channel at once; its sender may not be out yet.
TEST(ChannelRace, MayDieWhenTheLastValueIsOut) {
    const HangGuard guard("a receiver slept on");
    for (int round = 0; round < (test::kWithYields ? 500 : 3'000); ++round) {
        auto channel = std::make_unique<Channel<int>>();
        std::jthread sender([&to = *channel] { to.post(1); });
        EXPECT_EQ(channel->recv(), 1);
        channel.reset();
    }
}

}  // namespace
}  // namespace nebula
