// SPDX-License-Identifier: MIT
// Who sleeps, and how to wake exactly one of them. The protocol: README.md, "Parking".
#pragma once

#include "nebula/base/cache_line.hpp"
#include "nebula/base/yield_point.hpp"
#include "nebula/threading/detail/futex.hpp"

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>

namespace nebula::detail {

/// One bit and one futex word per worker.
///
///     parking.announce(me);                         // worker
///     if (anything_visible()) parking.withdraw(me);
///     else parking.sleep(me);
///
///     publish(item);                                // anybody
///     parking.wake(1);
///
/// Threads:   announce, withdraw and sleep: the worker whose number it is. wake: any thread.
/// Cost:      wake with nobody parked: one load per 64 workers. Else one system call per worker.
class Parking {
public:
    explicit Parking(std::size_t workers)
        : masks_(new Mask[(workers + 63) / 64]),
          words_(new Word[workers]),
          mask_count_((workers + 63) / 64) {}

    void announce(std::size_t worker) noexcept {
        mask(worker).fetch_or(bit(worker), std::memory_order_seq_cst);
        NEBULA_YIELD_POINT();
    }

    /// A publisher that claimed us meanwhile leaves a token; our next sleep returns at once.
    void withdraw(std::size_t worker) noexcept {
        mask(worker).fetch_and(~bit(worker), std::memory_order_seq_cst);
        NEBULA_YIELD_POINT();
    }

    /// Returns when a token came, and reports how often the kernel let us run meanwhile.
    std::uint64_t sleep(std::size_t worker) noexcept {
        std::atomic<std::uint32_t>& word = words_[worker].token;
        std::uint64_t wakes = 0;
        // Acquire pairs with the release in claim(): what the publisher published is visible.
        while (word.exchange(0, std::memory_order_acquire) == 0) {
            NEBULA_YIELD_POINT();
            futex_wait(word, 0);
            ++wakes;
        }
        // A left-over token found the bit still set: we are awake, nobody should claim us.
        // Relaxed: only our own claimer clears it, and it did so before it gave the token.
        if ((mask(worker).load(std::memory_order_relaxed) & bit(worker)) != 0) withdraw(worker);
        return wakes;
    }

    /// The same with an end. False when the deadline came first: still announced.
    bool sleep_until(std::size_t worker, Clock::time_point deadline) noexcept {
        std::atomic<std::uint32_t>& word = words_[worker].token;
        while (word.exchange(0, std::memory_order_acquire) == 0) {  // as in sleep()
            if (Clock::now() >= deadline) return false;
            futex_wait(word, 0, deadline);
        }
        // Relaxed: as in sleep().
        if ((mask(worker).load(std::memory_order_relaxed) & bit(worker)) != 0) withdraw(worker);
        return true;
    }

    /// Wakes that worker, if it is parked.
    void wake_worker(std::size_t worker) noexcept {
        if ((mask(worker).load(std::memory_order_seq_cst) & bit(worker)) == 0) return;
        NEBULA_YIELD_POINT();
        if ((mask(worker).fetch_and(~bit(worker), std::memory_order_seq_cst) & bit(worker)) != 0)
            give_token(worker);
    }

    /// Wakes up to `count` parked workers, the lowest numbers first, and tells how many.
    std::size_t wake(std::size_t count) noexcept {
        std::size_t woken = 0;
        for (std::size_t m = 0; m < mask_count_; ++m) {
            NEBULA_YIELD_POINT();
            std::uint64_t parked = masks_[m].bits.load(std::memory_order_seq_cst);
            while (parked != 0 && woken < count) {
                const std::uint64_t lowest = parked & (~parked + 1);
                NEBULA_YIELD_POINT();
                parked = masks_[m].bits.fetch_and(~lowest, std::memory_order_seq_cst);
                if ((parked & lowest) != 0) {
                    give_token(m * 64 + static_cast<std::size_t>(std::countr_zero(lowest)));
                    ++woken;
                }
                parked &= ~lowest;
            }
            if (woken == count) break;
        }
        return woken;
    }

    /// Wakes whoever is parked. Without a limit, because one worker may be claimed twice: a woken
    /// one announces itself again before it sees what it was woken for.
    void wake_all() noexcept { wake(std::numeric_limits<std::size_t>::max()); }

private:
    struct alignas(2 * kCacheLine) Mask {
        std::atomic<std::uint64_t> bits{0};
    };
    struct alignas(2 * kCacheLine) Word {
        std::atomic<std::uint32_t> token{0};
    };

    static std::uint64_t bit(std::size_t worker) noexcept {
        return std::uint64_t{1} << (worker % 64);
    }
    std::atomic<std::uint64_t>& mask(std::size_t worker) noexcept {
        return masks_[worker / 64].bits;
    }

    void give_token(std::size_t worker) noexcept {
        std::atomic<std::uint32_t>& word = words_[worker].token;
        NEBULA_YIELD_POINT();
        // Release pairs with the acquire in sleep().
        word.store(1, std::memory_order_release);
        NEBULA_YIELD_POINT();
        futex_wake_one(word);
    }

    std::unique_ptr<Mask[]> masks_;  // NOLINT(modernize-avoid-c-arrays): not movable elements
    std::unique_ptr<Word[]> words_;  // NOLINT(modernize-avoid-c-arrays)
    std::size_t mask_count_;
};

}  // namespace nebula::detail
