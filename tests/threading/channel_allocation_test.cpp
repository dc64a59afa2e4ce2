// SPDX-License-Identifier: MIT
#include "nebula/threading/channel.hpp"

#include "counting_allocator.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>

namespace nebula {
namespace {

using test::allocations;

TEST(ChannelAllocations, ThereAreNoneOnceItHasHeldAsManyValues) {
    Channel<int> channel;
    const auto fill_and_empty = [&](int count) {
        for (int i = 0; i < count; ++i) channel.post(i);
        while (channel.try_recv()) {
        }
    };
    fill_and_empty(10'000);
    const std::uint64_t before = allocations();
    for (const int count : {10'000, 1, 257, 9'999}) fill_and_empty(count);
    EXPECT_EQ(allocations() - before, 0U);
}

// A level that never falls to zero walks through the blocks for ever.
TEST(ChannelAllocations, ThereAreNoneAtASteadyLevel) {
    Channel<int> channel;
    for (int i = 0; i < 5'000; ++i) channel.post(i);
    channel.post(0);
    const std::uint64_t before = allocations();
    for (int i = 0; i < 100'000; ++i) {
        ASSERT_TRUE(channel.try_recv());
        channel.post(i);
    }
    EXPECT_LE(allocations() - before, 1U);  // one block more, once: the level straddles it
}

TEST(ChannelAllocations, ABoundedOneAllocatesWhenItIsMade) {
    for (const std::size_t bound : {1U, 3U, 256U, 257U, 1000U}) {
        Channel<int> channel(SoftLimit{bound});
        const std::uint64_t before = allocations();
        for (int shift = 0; shift < 300; ++shift) {
            while (channel.try_send(1) == SendResult::Sent) {
            }
            for (int i = 0; i < shift % 7; ++i) (void)channel.try_recv();
        }
        EXPECT_EQ(allocations() - before, 0U) << "bound " << bound;
    }
}

}  // namespace
}  // namespace nebula
