// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/detail/slab_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <set>
#include <thread>
#include <vector>

namespace nebula::voxel::detail {
namespace {

TEST(SlabPool, BlocksAreWholeCacheLinesOfTheirOwn) {
    SlabPool pool;
    std::set<std::byte*> blocks;
    for (std::size_t i = 0; i < 3 * SlabPool::kBlocks; ++i) {
        auto* const block = static_cast<std::byte*>(pool.take());
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 64, 0U);
        std::memset(block, static_cast<int>(i & 0xFFU), SlabPool::kBlockBytes);
        EXPECT_TRUE(blocks.insert(block).second);
    }
    EXPECT_EQ(pool.slab_count(), 3U) << "every block of a slab is used";
    for (std::byte* const block : blocks) pool.give(block);
}

TEST(SlabPool, WhatComesBackIsUsedAgainAndEmptySlabsGo) {
    SlabPool pool;
    std::vector<void*> blocks;
    for (int turn = 0; turn < 3; ++turn) {
        for (std::size_t i = 0; i < 10 * SlabPool::kBlocks; ++i) blocks.push_back(pool.take());
        EXPECT_EQ(pool.slab_count(), 10U) << "in turn " << turn;
        std::shuffle(blocks.begin(), blocks.end(), std::mt19937(static_cast<unsigned>(turn)));
        for (void* const block : blocks) pool.give(block);
        blocks.clear();
        EXPECT_EQ(pool.slab_count(), 1U) << "one is kept";
    }
    void* const a = pool.take();
    pool.give(a);
    EXPECT_EQ(pool.take(), a);
    pool.give(a);
}

TEST(SlabPool, ABlockIsNobodyElsesOnManyThreads) {
    SlabPool pool;
    const auto work = [&pool](unsigned seed) {
        std::mt19937 random(seed);
        std::array<unsigned*, 100> mine{};
        for (int i = 0; i < 20'000; ++i) {
            unsigned*& block = mine[random() % mine.size()];
            if (block == nullptr) {
                block = static_cast<unsigned*>(pool.take());
                *block = seed;
            } else {
                ASSERT_EQ(*block, seed);
                pool.give(block);
                block = nullptr;
            }
        }
        for (unsigned* const block : mine)
            if (block != nullptr) pool.give(block);
    };
    {
        std::vector<std::jthread> threads;
        for (unsigned seed = 1; seed <= 4; ++seed) threads.emplace_back(work, seed);
    }
    EXPECT_LE(pool.slab_count(), 1U);
}

}  // namespace
}  // namespace nebula::voxel::detail
