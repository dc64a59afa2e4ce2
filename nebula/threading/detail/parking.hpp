// SPDX-License-Identifier: MIT
// Which workers sleep, and how to wake exactly one of them. The protocol: README.md, "Parking".
#pragma once

#include "nebula/base/cache_line.hpp"
#include "nebula/threading/detail/atomics.hpp"

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>

namespace nebula::detail {

/// What a worker must do after it has announced its park and looked again.
enum class ParkStep : std::uint8_t {
    Search,  ///< Something is visible; the announcement is withdrawn.
    Leave,   ///< The pool is stopping and nothing is left; the announcement is withdrawn.
    Sleep,   ///< Nothing is visible: a thread that publishes from now on wakes us.
};

/// One bit and one futex word per worker.
///
///     // A worker that has searched and found nothing.
///     if (parking.prepare(me, stopping, anything_visible) == ParkStep::Sleep) parking.sleep(me);
///
///     publish(item);  // anybody
///     parking.wake(1);
///
/// Threads:   wake, wake_worker, wake_all: any thread. The rest: the worker whose number it is.
/// Cost:      wake with nobody parked: one load per 64 workers. Otherwise one system call per
///            worker.
template <class Atomics>
class BasicParking {
    template <class V>
    using Atomic = typename Atomics::template Atomic<V>;

public:
    explicit BasicParking(std::size_t workers)
        : masks_(new Mask[(workers + 63) / 64]),
          words_(new Word[workers]),
          mask_count_((workers + 63) / 64) {}

    /// Announces a park. Both conditions are read with seq_cst loads after the announcement, and
    /// the stop flag first: the second one then sees what was published before the flag was raised.
    template <class Stopping, class WorkVisible>
    ParkStep prepare(std::size_t worker, const Stopping& stopping,
                     const WorkVisible& work_visible) {
        announce(worker);
        const bool stop = stopping();
        const bool work = work_visible();
        if (!work && !stop) return ParkStep::Sleep;
        withdraw(worker);
        return work ? ParkStep::Search : ParkStep::Leave;
    }

    void announce(std::size_t worker) noexcept {
        mask(worker).fetch_or(bit(worker), std::memory_order_seq_cst);
        Atomics::yield_point();
    }

    /// If a publisher has claimed us meanwhile, it leaves a token; our next sleep returns at once.
    void withdraw(std::size_t worker) noexcept {
        mask(worker).fetch_and(~bit(worker), std::memory_order_seq_cst);
        Atomics::yield_point();
    }

    /// Returns when a token has come; the result is how often the kernel let us run meanwhile.
    std::uint64_t sleep(std::size_t worker) noexcept {
        Atomic<std::uint32_t>& word = words_[worker].token;
        std::uint64_t wakes = 0;
        // Acquire pairs with the release in give_token(): what the publisher published is visible.
        while (word.exchange(0, std::memory_order_acquire) == 0) {
            Atomics::yield_point();
            Atomics::sleep(word, 0);
            ++wakes;
        }
        // If this was a left-over token, the bit is still set; we are awake, so nobody should claim
        // us. Relaxed: only our claimer clears it, and did so before it gave the token.
        if ((mask(worker).load(std::memory_order_relaxed) & bit(worker)) != 0) withdraw(worker);
        return wakes;
    }

    /// The same with a deadline. False if it came first; the park is then still announced.
    bool sleep_until(std::size_t worker, Clock::time_point deadline) noexcept {
        Atomic<std::uint32_t>& word = words_[worker].token;
        while (word.exchange(0, std::memory_order_acquire) == 0)  // as in sleep()
            if (!Atomics::sleep_until(word, 0, deadline)) return false;
        // Relaxed: as in sleep().
        if ((mask(worker).load(std::memory_order_relaxed) & bit(worker)) != 0) withdraw(worker);
        return true;
    }

    /// Wakes that worker, if it is parked.
    void wake_worker(std::size_t worker) noexcept {
        if ((mask(worker).load(std::memory_order_seq_cst) & bit(worker)) == 0) return;
        Atomics::yield_point();
        if ((mask(worker).fetch_and(~bit(worker), std::memory_order_seq_cst) & bit(worker)) != 0)
            give_token(worker);
    }

    /// Wakes up to `count` parked workers, the lowest numbers first, and returns how many.
    std::size_t wake(std::size_t count) noexcept {
        std::size_t woken = 0;
        for (std::size_t m = 0; m < mask_count_; ++m) {
            Atomics::yield_point();
            std::uint64_t parked = masks_[m].bits.load(std::memory_order_seq_cst);
            while (parked != 0 && woken < count) {
                const std::uint64_t lowest = parked & (~parked + 1);
                Atomics::yield_point();
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

    /// Wakes all parked workers. There is no limit, because a worker may be claimed twice: it may
    /// announce itself again before it sees what it was woken for.
    void wake_all() noexcept { wake(std::numeric_limits<std::size_t>::max()); }

private:
    struct alignas(2 * kCacheLine) Mask {
        Atomic<std::uint64_t> bits{0};
    };
    struct alignas(2 * kCacheLine) Word {
        Atomic<std::uint32_t> token{0};
    };

    static std::uint64_t bit(std::size_t worker) noexcept {
        return std::uint64_t{1} << (worker % 64);
    }
    Atomic<std::uint64_t>& mask(std::size_t worker) noexcept { return masks_[worker / 64].bits; }

    void give_token(std::size_t worker) noexcept {
        Atomic<std::uint32_t>& word = words_[worker].token;
        Atomics::yield_point();
        // Release pairs with the acquire in sleep().
        word.store(1, std::memory_order_release);
        Atomics::yield_point();
        Atomics::wake_one(word);
    }

    std::unique_ptr<Mask[]> masks_;  // NOLINT(modernize-avoid-c-arrays): not movable elements
    std::unique_ptr<Word[]> words_;  // NOLINT(modernize-avoid-c-arrays)
    std::size_t mask_count_;
};

using Parking = BasicParking<MachineAtomics>;

}  // namespace nebula::detail
