// SPDX-License-Identifier: MIT
// Reaches a worker that sleeps in the middle of a task. README.md, "Waits across pools".
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/threading/detail/futex.hpp"

#include <atomic>
#include <cstdint>
#include <utility>

namespace nebula::detail {

/// The word on which a worker sleeps in the middle of a wait, for threads that have a task for this
/// worker alone.
///
/// The sleeper registers its word, then looks into its inbox, then sleeps while the word has not
/// changed. A sender fills the inbox first and rings afterwards. Both take the lock: either the
/// bell finds the word and changes it; or it came before the word was registered, and the sleeper
/// sees what is in the inbox.
///
/// Threads:   Place: the worker itself. ring: any thread.
/// Lifetime:  a word is touched only while its Place lives.
class Nudge {
public:
    /// Registers a word while it lives, and then restores the previous one: a sleeping worker may
    /// run a task that was sent to it, and sleep inside that task.
    class Place {
    public:
        /// \param step  may be added to the word at any time without changing its meaning
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
        // Relaxed: the kernel only compares, and the lock orders what was put into the inbox.
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
