// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/epoch.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

struct Tracked {
    explicit Tracked(std::atomic<int>& count) : alive(count) { ++alive; }
    ~Tracked() {
        value = 0xDEAD;
        --alive;
    }
    std::atomic<int>& alive;
    std::uint64_t value = 0;
};

TEST(EpochDomain, WhatIsRetiredUnpinnedGoesWithTheNextCollect) {
    std::atomic<int> alive = 0;
    EpochDomain epochs;
    epochs.retire(std::make_unique<Tracked>(alive));
    EXPECT_EQ(epochs.retired(), 1U);
    EXPECT_EQ(epochs.collect(), 1U);
    EXPECT_EQ(alive, 0);
}

// Unloading a view retires thousands of bricks; a frame frees as many as it has time for.
TEST(EpochDomain, CollectFreesAtMostAsManyAsItIsTold) {
    std::atomic<int> alive = 0;
    EpochDomain epochs;
    for (int i = 0; i < 10; ++i) epochs.retire(std::make_unique<Tracked>(alive));
    EXPECT_EQ(epochs.collect(3), 3U);
    EXPECT_EQ(alive, 7);
    EXPECT_EQ(epochs.collect(0), 0U);
    EXPECT_EQ(epochs.collect(100), 7U);
    EXPECT_EQ(alive, 0);
}

TEST(EpochDomain, APinFromBeforeTheRetirementHoldsTheObject) {
    std::atomic<int> alive = 0;
    EpochDomain epochs;
    auto pin = epochs.pin();
    epochs.retire(std::make_unique<Tracked>(alive));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(epochs.collect(), 0U);
    EXPECT_EQ(alive, 1);
    pin.reset();
    EXPECT_EQ(epochs.collect(), 1U);
    EXPECT_EQ(alive, 0);
}

TEST(EpochDomain, APinFromAfterANewEpochDoesNotHoldOlderRetirements) {
    std::atomic<int> alive = 0;
    EpochDomain epochs;
    auto old_pin = epochs.pin();
    epochs.retire(std::make_unique<Tracked>(alive));
    epochs.collect();
    auto young_pin = epochs.pin();
    old_pin.reset();
    EXPECT_EQ(epochs.collect(), 1U) << "the young pin cannot have seen it";
}

TEST(EpochDomain, TheDestructorFreesWhatIsLeft) {
    std::atomic<int> alive = 0;
    {
        EpochDomain epochs;
        auto pin = epochs.pin();
        epochs.retire(std::make_unique<Tracked>(alive));
        epochs.collect();
    }
    EXPECT_EQ(alive, 0);
}

TEST(EpochDomain, MorePinsThanOneBlockHoldsAllCount) {
    std::atomic<int> alive = 0;
    EpochDomain epochs;
    std::vector<EpochDomain::Pin> pins;
    for (int i = 0; i < 100; ++i) pins.push_back(epochs.pin());
    epochs.retire(std::make_unique<Tracked>(alive));
    while (pins.size() > 1) {
        pins.erase(pins.begin());
        ASSERT_EQ(epochs.collect(), 0U) << pins.size() << " pins left";
    }
    pins.clear();
    EXPECT_EQ(epochs.collect(), 1U);
}

TEST(EpochDomain, APinMayEndOnAnotherThread) {
    std::atomic<int> alive = 0;
    EpochDomain epochs;
    auto pin = epochs.pin();
    epochs.retire(std::make_unique<Tracked>(alive));
    std::jthread([moved = std::move(pin)] {}).join();
    EXPECT_EQ(epochs.collect(), 1U);
}

// Readers chase a pointer that the writer keeps replacing. Each object carries its own number twice
// over its life, and the destructor overwrites it: a reader that sees 0xDEAD was handed freed
// memory. Under address and thread sanitizers the read itself is the report.
TEST(EpochDomain, NoReaderEverSeesAFreedObject) {
    std::atomic<int> alive = 0;
    EpochDomain epochs;
    std::atomic<Tracked*> current{new Tracked(alive)};
    std::atomic<bool> torn = false;
    {
        std::vector<std::jthread> readers;
        for (int r = 0; r < 3; ++r)
            readers.emplace_back([&](const std::stop_token& stop) {
                while (!stop.stop_requested()) {
                    const auto pin = epochs.pin();
                    const Tracked* seen = current.load(std::memory_order_acquire);
                    if (seen->value == 0xDEAD) torn = true;
                }
            });
        for (int i = 0; i < 20'000; ++i) {
            auto fresh = std::make_unique<Tracked>(alive);
            fresh->value = static_cast<std::uint64_t>(i);
            epochs.retire(std::unique_ptr<Tracked>(
                current.exchange(fresh.release(), std::memory_order_acq_rel)));
            epochs.collect();
        }
    }
    EXPECT_FALSE(torn);
    epochs.collect();
    EXPECT_EQ(epochs.retired(), 0U);
    EXPECT_EQ(alive, 1);
    delete current.load();
}

}  // namespace
}  // namespace nebula::voxel
