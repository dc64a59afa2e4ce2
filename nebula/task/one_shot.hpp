// SPDX-License-Identifier: MIT
// Where a task that waits once and whoever ends its wait, on any thread, meet.
#pragma once

#include "nebula/base/yield_point.hpp"
#include "nebula/task/waker.hpp"

#include <atomic>
#include <cstdint>
#include <utility>

namespace nebula {

/// Decides who ends a wait and who cleans up after it, without a lock. It lies in a counted object
/// that the awaiter and the source of the event share, beside the result:
///
///     source, any thread                        awaiter, owner thread
///     if (shared.meeting.claim()) {             if (!shared.meeting.listen(suspend(h)))
///         shared.result = ...;                      ...it has ended already: do not suspend
///         if (!shared.meeting.finish())         ... await_resume: ended() holds, read the result
///             shared.result.clear();            destructor: if (shared.meeting.leave() == Ended)
///     }                                             shared.result.clear();
///
/// An awaiter that may be left without its end, and awaited again, calls stop_listening() between.
/// Of many claims the first counts, and none after leave(). Between claim() and finish() the result
/// is the claimer's; after finish() the awaiter's, or, when that has left meanwhile, the claimer's
/// again. So exactly one of them sees each result last.
///
/// Threads:   claim, finish: any thread. The rest: owner thread of the task.
/// Cost:      one atomic operation each; finish() also wakes. Nothing allocates.
/// Lifetime:  whoever claims holds a count of the object until finish() has returned.
class OneShot {
public:
    OneShot() noexcept = default;
    OneShot(const OneShot&) = delete;
    OneShot& operator=(const OneShot&) = delete;

    /// True once: the caller has won, and must call finish().
    [[nodiscard]] bool claim() noexcept {
        // relaxed: nothing is read on the strength of it. What the claimer writes is published by
        // finish(), and the object itself by whatever handed it to the claimer.
        const std::uint32_t before = word_.fetch_or(kClaimed, std::memory_order_relaxed);
        return (before & (kClaimed | kLeft)) == 0;
    }

    enum class Resume : std::uint8_t {
        InPump,  ///< As by Waker::wake().
        Here,    ///< As by Waker::wake_inline(): maybe before finish() has returned.
    };
    /// The result is there: wakes the task. False when nobody will look at it any more.
    bool finish(Resume how = Resume::InPump) noexcept {
        NEBULA_YIELD_POINT();
        // release pairs with the acquire in ended(), listen() and leave(): the result. acquire
        // pairs with the release in listen(): the waker.
        const std::uint32_t before = word_.fetch_or(kDone, std::memory_order_acq_rel);
        NEBULA_YIELD_POINT();
        if ((before & kListening) != 0) {
            const Waker waker = std::move(waker_);
            if ((before & kLeft) != 0) return false;
            how == Resume::Here ? waker.wake_inline() : waker.wake();
        }
        return (before & kLeft) == 0;
    }

    /// Whether the result may be read.
    [[nodiscard]] bool ended() const noexcept {
        return (word_.load(std::memory_order_acquire) & kDone) != 0;  // pairs with finish()
    }

    /// After Wait::suspend(). False when it has ended already; else the waker will be used. Again
    /// only after stop_listening().
    [[nodiscard]] bool listen(Waker waker) noexcept {
        if (ended()) return false;  // then a waker of before may be in its claimer's hands
        waker_ = std::move(waker);
        NEBULA_YIELD_POINT();
        // release pairs with the acquire in finish(): the waker. acquire: see finish().
        const std::uint32_t before = word_.fetch_or(kListening, std::memory_order_acq_rel);
        if ((before & kDone) == 0) return true;
        waker_ = {};
        return false;
    }

    /// The task waits no more, and the awaiter stays: it may listen again. Also without listen().
    void stop_listening() noexcept {
        // acquire, release: as in listen(). Who finishes after this finds no kListening, and leaves
        // the waker alone; who has finished before it has taken it.
        const std::uint32_t before = word_.fetch_and(~kListening, std::memory_order_acq_rel);
        if ((before & (kListening | kDone)) == kListening) waker_ = {};
    }

    enum class Left : std::uint8_t {
        Open,     ///< Nobody had come, and nobody will.
        Claimed,  ///< Somebody is at it: finish() will return false there.
        Ended,    ///< There is a result, now the caller's alone.
    };
    /// Once, from the awaiter's destructor.
    Left leave() noexcept {
        NEBULA_YIELD_POINT();
        // acquire: see finish(). release: so that a claimer that reads kLeft in finish() comes
        // after all that the awaiter did with the object.
        const std::uint32_t before = word_.fetch_or(kLeft, std::memory_order_acq_rel);
        if ((before & kDone) != 0) return Left::Ended;
        if ((before & kClaimed) != 0) return Left::Claimed;  // the waker is the claimer's
        waker_ = {};
        return Left::Open;
    }

private:
    static constexpr std::uint32_t kClaimed = 1;    // somebody came first
    static constexpr std::uint32_t kDone = 2;       // and has written the result
    static constexpr std::uint32_t kListening = 4;  // waker_ is set
    static constexpr std::uint32_t kLeft = 8;       // nobody waits any more

    // Every change is one operation on a bit, and but for kListening each is set once: the bits
    // found tell who comes after.
    std::atomic<std::uint32_t> word_{0};
    Waker waker_;  // the awaiter's until kListening; then of whoever claims, or else of leave()
};

}  // namespace nebula
