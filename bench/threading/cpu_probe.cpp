// SPDX-License-Identifier: MIT
// What the driver asks about the machine itself: how far apart two CPUs are, and how fast one is.
#include "bench/threading/workload.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <thread>

namespace {

/// Nanoseconds for a cache line to go from one CPU to the other, half of a round trip: the best of
/// a few tries, since another process on one of the two stops both.
double hop_ns() {
    struct alignas(128) Line {
        std::atomic<int> turn{0};
    } line;
    constexpr int kTries = 5, kRounds = 4'000;
    std::thread other([&] {
        for (int i = 0; i < kTries * kRounds; ++i) {
            while (line.turn.load(std::memory_order_acquire) != 1) {
            }
            // Release, as in the loop below: each pairs with the acquire of the other's loop.
            line.turn.store(0, std::memory_order_release);
        }
    });
    bench::pin_threads(1);
    std::int64_t best = INT64_MAX;
    for (int attempt = 0; attempt < kTries; ++attempt)
        best = std::min(best, bench::timed_ns([&] {
                            for (int i = 0; i < kRounds; ++i) {
                                line.turn.store(1, std::memory_order_release);
                                while (line.turn.load(std::memory_order_acquire) != 0) {
                                }
                            }
                        }));
    other.join();
    return static_cast<double>(best) / kRounds / 2;
}

/// Steps of the chain in a microsecond: the best of many, so the clock at its highest.
double steps_per_us() {
    constexpr std::uint64_t kSteps = 1'000'000;
    std::int64_t best = INT64_MAX;
    std::uint64_t x = 1;
    for (int i = 0; i < 30; ++i)
        best = std::min(best, bench::timed_ns([&] { x = bench::chain(x, kSteps); }));
    return static_cast<double>(kSteps) * 1000 / static_cast<double>(best);
}

}  // namespace

int main(int argc, char** argv) {
    const char* what = argc == 2 ? argv[1] : "";
    if (std::strcmp(what, "hop") == 0) {
        std::printf("%.1f\n", hop_ns());
    } else if (std::strcmp(what, "speed") == 0) {
        std::printf("%.3f\n", steps_per_us());
    } else if (std::strcmp(what, "burn") == 0) {
        for (std::uint64_t x = 1;;) x = bench::chain(x, 1'000'000);  // until it is ended
    } else {
        std::fprintf(stderr, "usage: %s hop | speed | burn\n", argv[0]);
        return 2;
    }
    return 0;
}
