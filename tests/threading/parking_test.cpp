// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/parking.hpp"

#include "support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <stop_token>
#include <thread>
#include <vector>

namespace nebula::detail {
namespace {

TEST(Parking, WakesNobodyWhenNobodyIsParked) {
    Parking parking(70);
    EXPECT_EQ(parking.wake(5), 0U);
    parking.announce(3);
    parking.withdraw(3);
    EXPECT_EQ(parking.wake(5), 0U);
}

TEST(Parking, ClaimsEachParkedWorkerOnceBeyondSixtyFourToo) {
    Parking parking(130);
    for (const std::size_t worker : {0U, 5U, 63U, 64U, 129U}) parking.announce(worker);
    EXPECT_EQ(parking.wake(2), 2U);
    EXPECT_EQ(parking.wake(2), 2U);
    EXPECT_EQ(parking.wake(2), 1U);
    EXPECT_EQ(parking.wake(2), 0U);
    for (const std::size_t worker : {0U, 5U, 63U, 64U, 129U})
        EXPECT_EQ(parking.sleep(worker), 0U) << "the token was there before the sleep";
}

TEST(Parking, ATokenThatCameTooLateEndsTheNextParkAndTheBitIsGone) {
    Parking parking(1);
    parking.announce(0);
    EXPECT_EQ(parking.wake(1), 1U);
    parking.withdraw(0);  // found work by itself; the token stays
    parking.announce(0);
    EXPECT_EQ(parking.sleep(0), 0U);
    EXPECT_EQ(parking.wake(1), 0U) << "an awake worker would have been claimed";
}

// Worker 0 comes and goes and is claimed again and again; a count would be used up by it.
TEST(Parking, WakeAllReachesTheLastOneThoughAnotherIsClaimedTwice) {
    const test::HangGuard guard("wake_all left somebody asleep");
    Parking parking(3);
    std::jthread restless([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            parking.announce(0);
            parking.withdraw(0);
        }
    });
    for (int round = 0; round < (test::kWithYields ? 2'000 : 10'000); ++round) {
        parking.announce(1);
        parking.announce(2);
        parking.wake_all();
        parking.sleep(1);
        parking.sleep(2);
    }
}

// One publisher, one worker, one item at a time: each item is published at a random moment around
// the worker's park, and the publisher waits until it is taken. A lost wake is a hang. (A worker
// that does not look again after announce() hangs here.)
TEST(Parking, LosesNoWakeAroundTheMomentOfSleep) {
    const test::HangGuard guard("a wake was lost");
    static constexpr unsigned kSeed = 4711;
    SCOPED_TRACE(testing::Message() << "seed " << kSeed);
    static constexpr std::uint32_t kRounds = test::kWithYields ? 5'000 : 50'000;
    Parking parking(1);
    std::atomic<std::uint32_t> published{0};
    std::atomic<std::uint32_t> taken{0};
    std::thread worker([&] {
        std::uint32_t mine = 0;
        while (mine < kRounds) {
            if (published.load() > mine) {
                taken.store(++mine);
                futex_wake_one(taken);
                continue;
            }
            parking.announce(0);
            if (published.load() > mine)
                parking.withdraw(0);
            else
                parking.sleep(0);
        }
    });
    std::mt19937 random(kSeed);
    for (std::uint32_t round = 1; round <= kRounds; ++round) {
        published.store(round);
        parking.wake(1);
        for (std::uint32_t seen = 0; (seen = taken.load()) < round;) futex_wait(taken, seen);
        for (unsigned spin = static_cast<unsigned>(random()) % 256; spin > 0; --spin)
            std::atomic_signal_fence(std::memory_order_seq_cst);  // an empty loop that stays
    }
    worker.join();
}

}  // namespace
}  // namespace nebula::detail
