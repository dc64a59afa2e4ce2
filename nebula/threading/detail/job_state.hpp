// SPDX-License-Identifier: MIT
// The word that decides the life of a Job.
#pragma once

#include "nebula/base/assert.hpp"
#include "nebula/threading/detail/atomics.hpp"
#include "nebula/threading/stop_token.hpp"

#include <atomic>
#include <cstdint>

namespace nebula {

enum class JobStatus : std::uint8_t {
    Queued,
    Running,    ///< Or about to be dropped by a cancel.
    Done,       ///< It has a value or an error.
    Cancelled,  ///< It never ran, or it ended with JobCancelled.
};

namespace detail {

/// One atomic word with a Job's status: whether a thread sleeps for it, whether it has a callback,
/// and whether its result is still wanted. So each question below has exactly one answer.
///
/// - **Who has the closure?** Worker, waiter and canceller all try to claim it: Queued to Running
/// by
///   compare-exchange. One of them wins, runs or drops the closure, and ends the job.
/// - **Is a waiter always woken?** It sets kWaiting and sleeps on the word it then knows; the end
///   changes the word and sees the bit. Either the bit came first, and the end wakes it; or the end
///   came first, and the waiter sees it, in its exchange or in the kernel's comparison.
/// - **Who calls the callback?** The end, if kWatched was set before it; otherwise the thread that
///   was too late to set it.
/// - **Who reports an error that nobody takes?** The end, if kAlone was set before it; otherwise
/// the
///   thread that set it.
///
/// Threads:   any thread; wait, watch, leave: the owner of the Job; end: the thread that claimed.
template <class Atomics = MachineAtomics>
class JobState {
public:
    /// True for exactly one caller.
    [[nodiscard]] bool claim() noexcept {
        std::uint32_t word = word_.load(std::memory_order_relaxed);  // compared below
        // Relaxed: it decides but publishes nothing; the closure came with the queue or the handle.
        while (status_of(word) == JobStatus::Queued)
            if (word_.compare_exchange_weak(word, word + kRunning, std::memory_order_relaxed))
                return true;
        return false;
    }

    /// Asks the thread that has claimed the job to stop early, if it has not ended.
    void ask_to_stop() noexcept {
        word_.fetch_or(kStopRequested, std::memory_order_relaxed);  // guards nothing
    }
    /// For a StopToken.
    [[nodiscard]] const auto& word() const noexcept { return word_; }

    /// What the thread that ended the job still has to do.
    struct Duties {
        bool call_callback;
        bool report_error;
    };
    /// Called by the claimer when the result is written and the closure is destroyed.
    Duties end(bool cancelled) noexcept {
        // Release pairs with the acquires in status(), wait(), watch() and leave(): the result.
        // Acquire pairs with the release in watch(): the callback.
        const std::uint32_t word = word_.fetch_add(
            cancelled ? kCancelled - kRunning : kDone - kRunning, std::memory_order_acq_rel);
        NEBULA_ASSERT(status_of(word) == JobStatus::Running, "a job ended twice, or unclaimed");
        Atomics::yield_point();
        if ((word & kWaiting) != 0) Atomics::wake_one(word_);
        return {(word & kWatched) != 0, (word & kAlone) != 0};
    }

    /// What the job wrote is visible once this says that it ended.
    [[nodiscard]] JobStatus status() const noexcept {
        return status_of(word_.load(std::memory_order_acquire));  // pairs with end()
    }
    [[nodiscard]] bool ended() const noexcept { return is_end(status()); }

    /// Sleeps until the job has ended. It must have been claimed.
    void wait() noexcept {
        wait([](auto& word, std::uint32_t expected) { Atomics::sleep(word, expected); });
    }
    /// The same with another way to sleep while `word` is `expected`; it may return early.
    template <class Sleep>
    void wait(const Sleep& sleep) noexcept {
        for (;;) {
            std::uint32_t word = word_.load(std::memory_order_acquire);  // pairs with end()
            if (is_end(status_of(word))) return;
            // Relaxed: only the bit is passed on, in the order of this word.
            if ((word & kWaiting) == 0 &&
                !word_.compare_exchange_weak(word, word | kWaiting, std::memory_order_relaxed))
                continue;
            Atomics::yield_point();
            sleep(word_, word | kWaiting);
        }
    }

    /// Call it after writing the callback. False: the job has ended, and the caller must call it.
    [[nodiscard]] bool watch() noexcept {
        std::uint32_t word = word_.load(std::memory_order_acquire);  // pairs with end()
        while (!is_end(status_of(word)))
            // Release pairs with the acquire in end(): the callback. Acquire as above.
            if (word_.compare_exchange_weak(word, word | kWatched, std::memory_order_release,
                                            std::memory_order_acquire))
                return true;
        return false;
    }

    /// Nobody will take the result. True: the job had ended, and its exception belongs to the
    /// caller.
    [[nodiscard]] bool leave() noexcept {
        // Acquire pairs with end().
        return is_end(status_of(word_.fetch_or(kAlone, std::memory_order_acquire)));
    }

    /// May be added to the word at any time: a waiter wakes and checks again.
    static constexpr std::uint32_t kNudge = std::uint32_t{1} << 16U;

private:
    static constexpr std::uint32_t kRunning = 1;
    static constexpr std::uint32_t kDone = 2;
    static constexpr std::uint32_t kCancelled = 3;
    static constexpr std::uint32_t kStatusMask = 3;
    static constexpr std::uint32_t kWaiting = 4;
    static constexpr std::uint32_t kWatched = 8;
    static constexpr std::uint32_t kAlone = 16;
    static_assert((kStopRequested & (kStatusMask | kWaiting | kWatched | kAlone)) == 0);

    static JobStatus status_of(std::uint32_t word) noexcept {
        return static_cast<JobStatus>(word & kStatusMask);
    }
    static bool is_end(JobStatus status) noexcept {
        return status == JobStatus::Done || status == JobStatus::Cancelled;
    }

    typename Atomics::template Atomic<std::uint32_t> word_{0};
};

}  // namespace detail
}  // namespace nebula
