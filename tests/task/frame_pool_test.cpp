// SPDX-License-Identifier: MIT
#include "nebula/task/detail/frame_pool.hpp"

#include "nebula/base/clock.hpp"
#include "nebula/base/slabs.hpp"
#include "nebula/task/runtime.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace nebula::task_detail {
namespace {

TEST(FramePool, GivesAFreedBlockToTheNextOfItsSize) {
    const FramePool::User user;
    void* const first = user.pool().allocate(100);
    free_frame(first);
    EXPECT_EQ(user.pool().allocate(128), first);
    void* const larger = user.pool().allocate(129);
    EXPECT_NE(larger, first);
    EXPECT_EQ(user.pool().live_blocks(), 2U);
    free_frame(first);
    free_frame(larger);
}

TEST(FramePool, BlocksOfEverySizeAreAlignedAndTheirOwn) {
    const FramePool::User user;
    std::vector<std::pair<unsigned char*, std::size_t>> blocks;
    for (std::size_t size = 0; size <= FramePool::kLargest; size += 37) {
        auto* const block = static_cast<unsigned char*>(user.pool().allocate(size));
        ASSERT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t), 0U);
        std::memset(block, static_cast<int>(size % 251), size);
        blocks.emplace_back(block, size);
    }
    for (const auto& [block, size] : blocks) {
        for (std::size_t i = 0; i < size; ++i) ASSERT_EQ(block[i], size % 251);
        free_frame(block);
    }
    EXPECT_EQ(user.pool().live_blocks(), 0U);
}

TEST(FramePool, BlocksFreedOnAnotherThreadComeHome) {
    const FramePool::User user;
    // As many as one look at the slabs brings, so that none of those is left.
    std::set<void*> blocks;
    for (int i = 0; i < 64; ++i) blocks.insert(user.pool().allocate(64));
    std::thread([&] {
        for (void* const block : blocks) free_frame(block);
    }).join();
    std::set<void*> again;
    for (int i = 0; i < 64; ++i) again.insert(user.pool().allocate(64));
    EXPECT_EQ(again, blocks);
    EXPECT_EQ(user.pool().live_blocks(), 64U);
    for (void* const block : again) free_frame(block);
}

TEST(FramePool, BlocksMayOutliveItAndBeFreedAnywhere) {
    auto user = std::make_unique<FramePool::User>();
    void* const here = user->pool().allocate(64);
    void* const elsewhere = user->pool().allocate(64);
    void* const during = user->pool().allocate(64);
    std::thread([&] { free_frame(during); }).join();
    user.reset();
    free_frame(here);
    const FramePool::User next;  // another pool on the same thread takes no blocks of the old one
    std::thread([&] { free_frame(elsewhere); }).join();
    EXPECT_EQ(next.pool().live_blocks(), 0U);
}

TEST(FramePool, AThreadWithoutOneUsesTheHeap) {
    void* block = nullptr;
    std::thread([&] { block = allocate_frame(64); }).join();
    ASSERT_NE(block, nullptr);
    free_frame(block);
}

// With the time in our hands. A runtime that had nothing to do kept what its last bursts took.
TEST(FramePool, WhatBurstsTookGoesBackWhenItIsNotUsed) {
    using std::chrono::milliseconds;
    const FramePool::User user;
    FramePool& pool = user.pool();
    std::vector<void*> blocks;
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 20'000; ++i) blocks.push_back(pool.allocate(256));
        for (void* const block : blocks) free_frame(block);
        blocks.clear();
    }
    EXPECT_GT(pool.mapped_bytes(), 40 * Slabs::kSlabBytes) << "kept for the next burst";
    EXPECT_TRUE(pool.is_unsettled());
    Clock::time_point now = Clock::now();
    for (int pump = 0; pump < 400; ++pump) pool.settle(now += milliseconds(10));
    EXPECT_FALSE(pool.is_unsettled());
    EXPECT_LE(pool.mapped_bytes(), 5 * Slabs::kSlabBytes);
}

// No task ran in these pumps.
TEST(FramePool, AnIdleRuntimeGivesBackFromItsPump) {
    const FramePool::User user;  // the runtime shares the pool of its thread
    Runtime runtime;
    for (int round = 0; round < 3; ++round) {
        std::vector<void*> blocks;
        for (int i = 0; i < 20'000; ++i) blocks.push_back(user.pool().allocate(256));
        for (void* const block : blocks) free_frame(block);
    }
    for (int i = 0; i < 500 && user.pool().is_unsettled(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        runtime.pump();
    }
    EXPECT_FALSE(user.pool().is_unsettled());
    EXPECT_LE(user.pool().mapped_bytes(), 5 * Slabs::kSlabBytes);
}

}  // namespace
}  // namespace nebula::task_detail
