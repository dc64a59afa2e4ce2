// SPDX-License-Identifier: MIT
// Counts calls of the global allocator, hence a program of its own.
#include "nebula/threading/channel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {
std::atomic<int> allocations{0};
}  // namespace

// noinline: g++ would see malloc's memory in the hands of operator delete and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* const memory = std::malloc(size != 0 ? size : 1)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace nebula {
namespace {

TEST(ChannelAllocations, ThereAreNoneOnceItHasHeldAsManyValues) {
    Channel<int> channel;
    const auto fill_and_empty = [&](int count) {
        for (int i = 0; i < count; ++i) channel.post(i);
        while (channel.try_recv()) {
        }
    };
    fill_and_empty(10'000);
    const int before = allocations;
    for (const int count : {10'000, 1, 257, 9'999}) fill_and_empty(count);
    EXPECT_EQ(allocations - before, 0);
}

// A level that never falls to zero walks through the blocks for ever.
TEST(ChannelAllocations, ThereAreNoneAtASteadyLevel) {
    Channel<int> channel;
    for (int i = 0; i < 5'000; ++i) channel.post(i);
    channel.post(0);
    const int before = allocations;
    for (int i = 0; i < 100'000; ++i) {
        ASSERT_TRUE(channel.try_recv());
        channel.post(i);
    }
    EXPECT_LE(allocations - before, 1);  // one block more, once: the level straddles it
}

TEST(ChannelAllocations, ABoundedOneAllocatesWhenItIsMade) {
    for (const std::size_t bound : {1U, 3U, 256U, 257U, 1000U}) {
        Channel<int> channel(bound);
        const int before = allocations;
        for (int shift = 0; shift < 300; ++shift) {
            while (channel.try_send(1) == SendResult::Sent) {
            }
            for (int i = 0; i < shift % 7; ++i) (void)channel.try_recv();
        }
        EXPECT_EQ(allocations - before, 0) << "bound " << bound;
    }
}

}  // namespace
}  // namespace nebula
