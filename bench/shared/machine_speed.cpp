// SPDX-License-Identifier: MIT
// How fast this machine is now: prints the nanoseconds that one pass of a fixed kernel takes.
#include <time.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>

namespace {

/// The calling thread's CPU time: what other processes take in between is not in it.
std::int64_t cpu_ns() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// Work of the kinds that terrain code does, in fixed proportions, with many instructions under way
/// at once: a neighbour on the same core, or in the same caches, slows it down as it slows down that.
struct Kernel {
    static constexpr std::size_t kWords = 4096;    // 16 KB: the first-level cache
    static constexpr std::size_t kFloats = 32768;  // 128 KB: the second level

    Kernel() {
        std::uint32_t x = 1;
        const auto next_random = [&x] { return x = x * 1664525U + 1013904223U; };
        for (std::uint32_t& word : words) word = next_random();
        for (float& value : before) value = static_cast<float>(next_random() >> 8U) * 0x1p-24F;
    }

    /// Lists the words that pass a test, without branches, and changes those by a table.
    void integers() {
        std::size_t count = 0;
        for (std::size_t i = 0; i < kWords; ++i) {
            std::uint32_t hash = words[i] * 0x9E3779B1U;
            hash ^= hash >> 15U;
            listed[count] = static_cast<std::uint16_t>(i);
            count += (hash & 3U) == 0 ? 1 : 0;
            words[i] = hash;
        }
        for (std::size_t i = 0; i < count; ++i) {
            std::uint32_t& word = words[listed[i]];
            word = std::rotl(word, 11) + words[word >> 20U] +
                   static_cast<std::uint32_t>(std::popcount(word));
        }
    }

    /// Smooths a row of the larger array into the other.
    void floats() {
        for (std::size_t i = 1; i + 1 < kFloats; ++i) {
            const float slope = before[i + 1] - before[i - 1];
            const float bend = before[i + 1] - 2.0F * before[i] + before[i - 1];
            const float flat = 1.0F - slope * slope * (1.0F - 0.5F * slope * slope);
            after[i] = before[i] + 0.1F * bend * flat;
        }
        std::memcpy(before.data() + 1, after.data() + 1, (kFloats - 2) * sizeof(float));
    }

    alignas(64) std::array<std::uint32_t, kWords> words{};
    alignas(64) std::array<std::uint16_t, kWords> listed{};
    alignas(64) std::array<float, kFloats> before{};
    alignas(64) std::array<float, kFloats> after{};
};

}  // namespace

int main() {
    constexpr std::size_t kPasses = 120;
    const auto kernel = std::make_unique<Kernel>();
    std::array<std::int64_t, kPasses> took{};
    for (std::int64_t& ns : took) {
        const std::int64_t start = cpu_ns();
        for (int i = 0; i < 4; ++i) kernel->integers();
        kernel->floats();
        ns = cpu_ns() - start;
    }
    // A fixed quantile near the bottom: what other programs do to the caches and the clock only adds.
    const auto quarter = took.begin() + kPasses / 4;
    std::nth_element(took.begin(), quarter, took.end());
    // The results are printed so that none of the work can be left out.
    std::printf("%lld %u %g\n", static_cast<long long>(*quarter), kernel->words[0],
                static_cast<double>(kernel->before[Kernel::kFloats / 2]));
    return 0;
}
