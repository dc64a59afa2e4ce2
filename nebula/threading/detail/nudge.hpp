// SPDX-License-Identifier: MIT
// How to reach a worker that sleeps in the middle of a task. README.md, "Waits across pools".
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/threading/detail/futex.hpp"

#include <atomic>
#include <cstdint>
#include <utility>

namespace nebula::detail {

/// What one worker sleeps on in the middle of a wait, for those who have something for it alone.
///
/// The sleeper registers its word, then looks into its inbox, then sleeps while the word is as it
/// was. Who fills the inbox does that first and rings after it. Both take the lock: the bell finds
/// the word, and changes it; or it came before the word was registered, and then the sleeper sees
/// what is in the inbox.
///
/// Threads:   Place: the worker itself. ring: any thread.
/// Lifetime:  a word is touched only while its Place lives.
class Nudge {
public:
    /// Registers a word while it lives, and brings back the one before it: a worker that sleeps may
    /// run what was sent to it, and sleep in there.
    class Place {
    public:
        /// \param step  what may be added to the word at any time without changing what it says
        Place(Nudge& nudge, std::atomic<std::uint32_t>& word, std::uint32_t step) noexcept
            : nudge_(nudge), outer_(nudge.set({&word, step})) {}
        ~Place() { nudge_.set(outer_); }
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;

    private:
        friend class Nudge;
        struct Bell {
            std::atomic<std::uint32_t>* word = nullptr;
            std::uint32_t step = 0;
        };
        Nudge& nudge_;
        const Bell outer_;
    };

    /// Wakes the worker if it sleeps in a wait; it then looks into its inbox.
    void ring() noexcept NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        if (bell_.word == nullptr) return;
        // Relaxed: the kernel compares, and the lock orders what was put into the inbox.
        bell_.word->fetch_add(bell_.step, std::memory_order_relaxed);
        futex_wake_one(*bell_.word);
    }

private:
    Place::Bell set(Place::Bell bell) noexcept NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        return std::exchange(bell_, bell);
    }

    Mutex mutex_;
    Place::Bell bell_ NEBULA_GUARDED_BY(mutex_);
};

}  // namespace nebula::detail
