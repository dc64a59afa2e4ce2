// SPDX-License-Identifier: MIT
// The meeting point of a task that waits once and the source, on any thread, that ends the wait.
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
/// An awaiter whose wait may be abandoned, and which may then be awaited again, calls
/// stop_listening() in between. Only the first claim counts, and none after leave(). Between
/// claim() and finish() the result belongs to the claimer; after finish() to the awaiter, or, if
/// that has left meanwhile, to the claimer again. So exactly one of them handles each result last.
///
/// Threads:   claim, finish: any thread. The rest: owner thread of the task.
/// Cost:      one atomic operation each; finish() also wakes. Nothing allocates.
/// Lifetime:  the claimer must hold a count of the object until finish() has returned.
class OneShot {
public:
    OneShot() noexcept = default;
    OneShot(const OneShot&) = delete;
    OneShot& operator=(const OneShot&) = delete;

    /// True once: the caller has won, and must call finish().
    [[nodiscard]] bool claim() noexcept {
        // relaxed: nothing is read because of it. What the claimer writes is published by finish(),
        // and the object itself by whatever handed it to the claimer.
        const std::uint32_t before = word_.fetch_or(kClaimed, std::memory_order_relaxed);
        return (before & (kClaimed | kLeft)) == 0;
    }

    enum class Resume : std::uint8_t {
        InPump,  ///< As by Waker::wake().
        Here,    ///< As by Waker::wake_inline(): possibly before finish() has returned.
    };
    /// Call it when the result is written: wakes the task. False if nobody will look at the result.
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

    /// Call it after Wait::suspend(). False if it has already ended; otherwise the waker will be
    /// used. May be called again only after stop_listening().
    [[nodiscard]] bool listen(Waker waker) noexcept {
        if (ended()) return false;  // the claimer may still be using an earlier waker
        waker_ = std::move(waker);
        NEBULA_YIELD_POINT();
        // release pairs with the acquire in finish(): the waker. acquire: see finish().
        const std::uint32_t before = word_.fetch_or(kListening, std::memory_order_acq_rel);
        if ((before & kDone) == 0) return true;
        waker_ = {};
        return false;
    }

    /// The task does not wait any more, but the awaiter stays and may listen again. May also be
    /// called without listen().
    void stop_listening() noexcept {
        // acquire, release: as in listen(). A claimer that finishes after this does not find
        // kListening and leaves the waker alone; one that has finished before has taken it.
        const std::uint32_t before = word_.fetch_and(~kListening, std::memory_order_acq_rel);
        if ((before & (kListening | kDone)) == kListening) waker_ = {};
    }

    enum class Left : std::uint8_t {
        Open,     ///< Nobody has claimed it, and nobody will.
        Claimed,  ///< A claimer is at work: its finish() will return false.
        Ended,    ///< There is a result, which now belongs to the caller alone.
    };
    /// Call it once, in the awaiter's destructor.
    Left leave() noexcept {
        NEBULA_YIELD_POINT();
        // acquire: see finish(). release: a claimer that reads kLeft in finish() comes after
        // everything that the awaiter did with the object.
        const std::uint32_t before = word_.fetch_or(kLeft, std::memory_order_acq_rel);
        if ((before & kDone) != 0) return Left::Ended;
        if ((before & kClaimed) != 0) return Left::Claimed;  // the waker is the claimer's
        waker_ = {};
        return Left::Open;
    }

private:
    static constexpr std::uint32_t kClaimed = 1;    // there is a claimer
    static constexpr std::uint32_t kDone = 2;       // and it has written the result
    static constexpr std::uint32_t kListening = 4;  // waker_ is set
    static constexpr std::uint32_t kLeft = 8;       // nobody waits any more

    // Every change is one operation on a bit, and each bit except kListening is set once: the bits
    // that an operation finds tell which side came first.
    std::atomic<std::uint32_t> word_{0};
    Waker waker_;  // the awaiter's until kListening; then the claimer's, or otherwise leave()'s
};

}  // namespace nebula
