// SPDX-License-Identifier: MIT
// How busy one worker was over the last second. README.md, "Utilization".
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace nebula::detail {

/// Counts busy time, which can be read while it is counting, and remembers it for a rolling window.
///
/// Times are nanoseconds of one clock and are passed by the caller, so that tests control the
/// clock.
///
/// Threads:   begin and end: owner thread, alternating. The rest: any thread.
/// Cost:      begin, end: one or two stores. share: a scan over 1 KiB. Nothing blocks.
class BusyMeter {
public:
    BusyMeter(std::uint64_t start_ns, std::uint64_t window_ns) noexcept
        : start_(start_ns),
          window_(window_ns),
          // A quantum of 1/4096 to 1/2048 of the window: see pack().
          shift_(static_cast<unsigned>(std::bit_width(window_ns >> 12U))),
          spacing_((window_ns / kPerWindow) >> shift_) {}

    void begin(std::uint64_t now_ns) noexcept {
        const std::uint64_t now = now_ns - start_;
        const std::uint64_t busy = word_.load(std::memory_order_relaxed) >> 1U;  // our own
        // Relaxed, here and below: only the word itself is of interest.
        word_.store(((busy - now) << 1U) | 1U, std::memory_order_relaxed);
        remember(now, busy);
    }

    void end(std::uint64_t now_ns) noexcept {
        const std::uint64_t now = now_ns - start_;
        const std::uint64_t busy = total(word_.load(std::memory_order_relaxed), now);
        word_.store(busy << 1U, std::memory_order_relaxed);
        remember(now, busy);
    }

    /// Nanoseconds spent busy since the start, including the current stretch.
    [[nodiscard]] std::uint64_t busy_ns(std::uint64_t now_ns) const noexcept {
        return total(word_.load(std::memory_order_relaxed), now_ns - start_);
    }

    /// The busy share of the last window (or of the time since the start if shorter), 0 to 1.
    [[nodiscard]] double share(std::uint64_t now_ns) const noexcept {
        const std::uint64_t now = now_ns - start_;
        const std::uint64_t window = std::min(window_, now);
        if (window == 0) return 0;
        const std::uint64_t word = word_.load(std::memory_order_relaxed);
        const std::uint64_t busy = total(word, now);
        // Ages and busy amounts relative to now, in quanta. The boundary is `window` ago.
        const double boundary = quanta(window);
        Point younger{0, 0};
        Point older{quanta(now), quanta(busy)};  // the start: nothing was busy before it
        double newest = older.age;
        for (const std::atomic<std::uint64_t>& entry : snapshots_) {
            const std::uint64_t packed = entry.load(std::memory_order_relaxed);
            if (packed == 0) continue;
            const Point point = seen_from(now, busy, packed);
            if (point.age < 0) continue;  // written after the caller read its clock
            newest = std::min(newest, point.age);
            if (point.age <= boundary && point.age > younger.age) younger = point;
            if (point.age > boundary && point.age < older.age) older = point;
        }
        // The state has not changed for longer than the window, so it gives the answer.
        if (newest > boundary + static_cast<double>(spacing_)) return (word & 1U) != 0 ? 1 : 0;
        // Between two snapshots the worker changed its state within one spacing, or not at all.
        const double span = older.age - younger.age;
        const double part = span > 0 ? (boundary - younger.age) / span : 0;
        const double within = younger.busy + (older.busy - younger.busy) * part;
        return std::clamp(within / boundary, 0.0, 1.0);
    }

private:
    struct Point {
        double age;
        double busy;  // busy time between then and now
    };

    static constexpr std::uint64_t kPerWindow = 64;
    static constexpr std::size_t kSnapshots = 2 * kPerWindow;  // reaches back two windows
    static constexpr unsigned kBusyBits = 28;
    static constexpr std::uint64_t kBusyMask = (std::uint64_t{1} << kBusyBits) - 1;
    static constexpr std::uint64_t kWordMask = ~std::uint64_t{0} >> 1U;

    [[nodiscard]] double quanta(std::uint64_t ns) const noexcept {
        return static_cast<double>(ns) / static_cast<double>(std::uint64_t{1} << shift_);
    }

    /// Idle: the word is the total. Busy: the total minus the time it began, modulo 2^63.
    static std::uint64_t total(std::uint64_t word, std::uint64_t now) noexcept {
        const std::uint64_t value = word >> 1U;
        if ((word & 1U) == 0) return value;
        const std::uint64_t sum = (value + now) & kWordMask;
        // A reader's clock may be slightly behind the worker's: that gives zero, not a century.
        return sum > kWordMask / 2 ? 0 : sum;
    }

    // One snapshot is one word, so it cannot be read half-written: 36 bits of time (208 days of
    // 262 µs quanta, for a window of 1 s), 28 bits of busy time (modulo 19 hours: after a task that
    // ran for more than half of that, one window is misjudged).
    [[nodiscard]] std::uint64_t pack(std::uint64_t now, std::uint64_t busy) const noexcept {
        return ((now >> shift_) << kBusyBits) | ((busy >> shift_) & kBusyMask);
    }
    [[nodiscard]] Point seen_from(std::uint64_t now, std::uint64_t busy,
                                  std::uint64_t packed) const noexcept {
        const auto age = static_cast<std::int64_t>((now >> shift_) - (packed >> kBusyBits));
        const std::uint64_t since = ((busy >> shift_) - packed) & kBusyMask;
        return {static_cast<double>(age), since > kBusyMask / 2 ? 0.0 : static_cast<double>(since)};
    }

    void remember(std::uint64_t now, std::uint64_t busy) noexcept {
        if ((now >> shift_) - last_ < spacing_) return;
        last_ = now >> shift_;
        snapshots_[next_].store(pack(now, busy), std::memory_order_relaxed);
        next_ = (next_ + 1) % kSnapshots;
    }

    const std::uint64_t start_;
    const std::uint64_t window_;
    const unsigned shift_;
    const std::uint64_t spacing_;         // in quanta
    std::atomic<std::uint64_t> word_{0};  // written by the owner
    std::uint64_t last_ = 0;              // owner only, as next_
    std::size_t next_ = 0;
    std::array<std::atomic<std::uint64_t>, kSnapshots> snapshots_{};  // written by the owner
};

}  // namespace nebula::detail
