// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/busy_meter.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <thread>

namespace nebula::detail {
namespace {

constexpr std::uint64_t kMs = 1'000'000;
constexpr std::uint64_t kSecond = 1000 * kMs;
constexpr std::uint64_t kStart = 77 * kSecond;  // a clock has no reason to begin at 0

// Runs for `time` with `busy` of each `period` busy; returns the time at the end.
std::uint64_t load(BusyMeter& meter, std::uint64_t now, std::uint64_t time, std::uint64_t busy,
                   std::uint64_t period) {
    for (const std::uint64_t end = now + time; now < end; now += period) {
        meter.begin(now);
        meter.end(now + busy);
    }
    return now;
}

TEST(BusyMeter, SaysZeroBeforeAnythingHappened) {
    const BusyMeter meter(kStart, kSecond);
    EXPECT_EQ(meter.share(kStart), 0);
    EXPECT_EQ(meter.share(kStart + 1), 0);
    EXPECT_EQ(meter.share(kStart + 5 * kSecond), 0);
}

TEST(BusyMeter, FollowsAKnownLoadWithinTwoPoints) {
    for (const std::uint64_t window : {10 * kMs, 100 * kMs, kSecond, 60 * kSecond})
        for (const std::uint64_t percent : {1U, 25U, 50U, 75U, 99U})
            for (const std::uint64_t period : {window / 1000, window / 100, window / 20}) {
                BusyMeter meter(kStart, window);
                const std::uint64_t now =
                    load(meter, kStart, 3 * window, period * percent / 100, period);
                EXPECT_NEAR(meter.share(now), static_cast<double>(percent) / 100, 0.02)
                    << window << " ns window, " << period << " ns period";
            }
}

TEST(BusyMeter, CountsATaskThatStillRuns) {
    BusyMeter meter(kStart, kSecond);
    meter.begin(kStart + 10 * kSecond);
    EXPECT_EQ(meter.busy_ns(kStart + 10 * kSecond + 5), 5U);
    EXPECT_NEAR(meter.share(kStart + 10 * kSecond + 300 * kMs), 0.3, 0.01);
    EXPECT_NEAR(meter.share(kStart + 12 * kSecond), 1, 0.001);
    EXPECT_NEAR(meter.share(kStart + 100'000 * kSecond), 1, 0.001);
}

TEST(BusyMeter, TheWindowRolls) {
    BusyMeter meter(kStart, kSecond);
    meter.begin(kStart + 10 * kSecond);
    meter.end(kStart + 11 * kSecond);
    EXPECT_NEAR(meter.share(kStart + 11 * kSecond), 1, 0.01);
    EXPECT_NEAR(meter.share(kStart + 11 * kSecond + 250 * kMs), 0.75, 0.02);
    EXPECT_NEAR(meter.share(kStart + 11 * kSecond + 900 * kMs), 0.1, 0.02);
    EXPECT_NEAR(meter.share(kStart + 12 * kSecond + 20 * kMs), 0, 0.01);
    EXPECT_EQ(meter.busy_ns(kStart + 20 * kSecond), kSecond);
}

// Nobody looked for hours: the window is the last second all the same.
TEST(BusyMeter, NeedsNoReaderThatComesRegularly) {
    BusyMeter meter(kStart, kSecond);
    std::uint64_t now = load(meter, kStart, 3 * kSecond, 9 * kMs, 10 * kMs);
    now += 50 * 3600 * kSecond;
    EXPECT_EQ(meter.share(now), 0);
    now = load(meter, now, 500 * kMs, 10 * kMs, 20 * kMs);
    EXPECT_NEAR(meter.share(now), 0.25, 0.02);
    meter.begin(now);
    EXPECT_NEAR(meter.share(now + 18 * 3600 * kSecond), 1, 0.01);
}

TEST(BusyMeter, IsRightWhileTheStartIsLessThanAWindowAgo) {
    BusyMeter meter(kStart, kSecond);
    meter.begin(kStart + 100 * kMs);
    meter.end(kStart + 200 * kMs);
    EXPECT_NEAR(meter.share(kStart + 400 * kMs), 0.25, 0.01);
}

TEST(BusyMeter, AReadersClockMayBeBehind) {
    BusyMeter meter(kStart, kSecond);
    meter.begin(kStart + kSecond);
    EXPECT_EQ(meter.share(kStart + kSecond - 50), 0);
    EXPECT_EQ(meter.busy_ns(kStart + kSecond - 50), 0U);
}

TEST(BusyMeter, AReaderNeverSeesMoreThanOneOrLessThanZero) {
    BusyMeter meter(0, 10 * kMs);
    std::atomic<std::uint64_t> clock{1};
    std::atomic<bool> stop{false};
    std::uint64_t looks = 0;
    std::thread reader([&] {
        do {
            const double share = meter.share(clock.load());
            ASSERT_GE(share, 0);
            ASSERT_LE(share, 1);
            ++looks;
        } while (!stop);
    });
    for (std::uint64_t now = 1; now < 200 * kMs; now += 3001) {
        meter.begin(now);
        clock = now + 2000;
        meter.end(now + 2000);
    }
    stop = true;
    reader.join();
    EXPECT_GT(looks, 0U);
}

}  // namespace
}  // namespace nebula::detail
