// SPDX-License-Identifier: MIT
// The part of a TaskGroup that its helpers share. The protocol: README.md, "Groups".
#pragma once

#include "nebula/base/cache_line.hpp"
#include "nebula/base/clock.hpp"
#include "nebula/base/mutex.hpp"
#include "nebula/threading/band.hpp"
#include "nebula/threading/detail/latch.hpp"
#include "nebula/threading/detail/process.hpp"
#include "nebula/threading/detail/task_chunk.hpp"
#include "nebula/threading/detail/ticket_count.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace nebula::detail {

class PoolCore;

/// An exception of a task, and where it came from.
struct TaskError {
    std::exception_ptr exception;
    std::string worker_name;
    const char* task_name = nullptr;
};

/// One turn of a thread at a group: the chunk it claims from, and how many tasks it has run.
struct GroupTurn {
    TaskChunk* chunk = nullptr;
    std::uint32_t ran = 0;
    std::uint32_t dropped = 0;  // of those, because the group was cancelled
};

/// Chunks, counts and latch of one group.
///
/// Threads:   any thread; spawn_here() and the waiting side: the group's owner.
/// Lifetime:  counted: the TaskGroup and each ticket hold one reference. Made and kept by the pool,
///            which reuses it when the last reference is gone.
class GroupState {
public:
    explicit GroupState(PoolCore& pool) : pool_(pool) {}
    GroupState(const GroupState&) = delete;
    GroupState& operator=(const GroupState&) = delete;
    ~GroupState();

    /// Begins a new life with one reference. The owner is the calling thread.
    /// `owner_helps`: it is one of the helpers, although it has no ticket.
    void open(Band band, std::uint32_t max_helpers, bool owner_helps) noexcept;
    /// Call it after the last wait: the owner does not help any more.
    void owner_leaves() noexcept {
        if (owner_helps_) tickets_.drop();
    }

    [[nodiscard]] PoolCore& pool() const noexcept { return pool_; }
    [[nodiscard]] Band band() const noexcept { return band_; }

    void retain() noexcept;
    void release() noexcept;

    // ---- spawning

    [[nodiscard]] bool is_owner_thread() const noexcept;

    /// On the owner thread.
    template <class F>
    void spawn_here(F&& f, const char* name) {
        home_.require();
        if (open_tasks_ == kChunkTasks) [[unlikely]]
            open_chunk();
        open_->slots[open_tasks_].emplace(std::forward<F>(f), name);
        // Before the task is visible, so that finished never exceeds spawned. Relaxed: see
        // pending().
        spawned_here_.store(spawned_here_.load(std::memory_order_relaxed) + 1,
                            std::memory_order_relaxed);
        open_->range.publish(++open_tasks_);
        if (tickets_.wanted()) [[unlikely]]
            call_helper();
    }
    /// On any other thread. Takes the closure out of `task`. `for_owner`: only the owner may run
    /// it.
    void spawn_elsewhere(TaskSlot& task, bool for_owner) NEBULA_EXCLUDES(mutex_);
    /// Queues `count` calls of the closure, which the group then owns, as one chunk.
    void spawn_batch(TaskSlot& closure, TaskChunk::BatchCall call, std::size_t begin,
                     std::uint32_t count) NEBULA_EXCLUDES(mutex_);

    [[nodiscard]] bool has_tickets() const noexcept { return tickets_.any(); }
    /// Takes back a ticket that no helper has used; it does not exist any more.
    void return_ticket() noexcept;

    // ---- running: helpers and the owner

    /// Ends one turn and begins the next. If the result has no chunk, there is no task to run.
    [[nodiscard]] GroupTurn next_turn(GroupTurn last) noexcept NEBULA_EXCLUDES(mutex_);
    /// Ends a turn and lets the helper go. True if there are tasks left without a helper, so the
    /// caller must stay.
    [[nodiscard]] bool leave(GroupTurn last) noexcept NEBULA_EXCLUDES(mutex_);
    /// Ends a turn. True if tasks are left: the caller keeps its ticket for later.
    [[nodiscard]] bool pause(GroupTurn last) noexcept NEBULA_EXCLUDES(mutex_);

    /// Runs, or drops if the group was cancelled, task `number` of the turn's chunk.
    void run_task(GroupTurn& turn, std::uint32_t number) noexcept;

    /// Whether a task is waiting that only the owner may run; the owner leaves other work for it.
    /// Relaxed: a hint; next_step() looks under the lock.
    [[nodiscard]] bool owner_is_wanted() const noexcept {
        return owner_is_wanted_.load(std::memory_order_relaxed);
    }

    /// A helper is about to block: another one may come for the tasks of this group, and for those
    /// that are spawned meanwhile.
    void step_aside() noexcept NEBULA_EXCLUDES(mutex_);
    void step_back() noexcept { tickets_.add(); }

    // ---- waiting: the owner

    enum class Wait : std::uint8_t { AllEnded, Run, Sleep };
    struct Step {
        Wait what;
        std::uint32_t epoch;  // to sleep on
    };
    /// Like next_turn, but for the owner; `turn` is the last one and becomes the next.
    [[nodiscard]] Step next_step(GroupTurn& turn, bool may_start, bool may_sleep) noexcept
        NEBULA_EXCLUDES(mutex_);
    /// The owner sleeps on this word while it is at the step's epoch. If kLatchStep is added for
    /// another reason, the owner wakes early and asks again.
    [[nodiscard]] std::atomic<std::uint32_t>& latch_word() noexcept { return latch_.word(); }
    static constexpr std::uint32_t kLatchStep = 1;
    void stop_waiting() noexcept NEBULA_EXCLUDES(mutex_);

    /// How many tasks have been spawned and are not known to have ended: a thread reports the tasks
    /// it has run at the end of a chunk. Zero is exact.
    [[nodiscard]] std::uint64_t pending() const noexcept {
        // In this order, because spawned can only have grown since. Acquire pairs with the release
        // in count(): a thread that sees that all have ended also sees what they wrote.
        const std::uint64_t finished = finished_.load(std::memory_order_acquire);
        // Relaxed: only the number matters; a thread that asks has spawned the tasks, or knows of
        // them by other means.
        const std::uint64_t pending = spawned_here_.load(std::memory_order_relaxed) +
                                      spawned_elsewhere_.load(std::memory_order_relaxed) - finished;
        if (pending != 0) home_.require();  // in a child of fork() they would never end
        return pending;
    }

    void cancel() noexcept { cancelled_.store(true, std::memory_order_release); }
    /// Acquire pairs with the release in cancel(): a task that sees it also sees what led to it.
    [[nodiscard]] bool cancelled() const noexcept {
        return cancelled_.load(std::memory_order_acquire);
    }
    void cancel_on_error(bool on) noexcept { cancel_on_error_ = on; }
    [[nodiscard]] bool cancels_on_error() const noexcept { return cancel_on_error_; }

    [[nodiscard]] TaskError take_error() noexcept NEBULA_EXCLUDES(mutex_);

    GroupState* next_free = nullptr;  // under the lock of the pool's store
    GroupState* next_made = nullptr;  // the same: the list of all groups
    GroupState* before_made = nullptr;

private:
    void open_chunk() NEBULA_EXCLUDES(mutex_);
    void call_helper() noexcept;
    void fail(TaskError&& error) noexcept NEBULA_EXCLUDES(mutex_);
    void end_batch(GroupTurn& last) noexcept NEBULA_EXCLUDES(mutex_);
    // Where threads other than the owner spawn: a chunk and the number of tasks in it.
    struct SharedChunk {
        TaskChunk* chunk = nullptr;
        std::uint32_t tasks = 0;
    };

    void append(TaskChunk& chunk) noexcept NEBULA_REQUIRES(mutex_);
    void unlink(TaskChunk& chunk) noexcept NEBULA_REQUIRES(mutex_);
    [[nodiscard]] TaskChunk* pick(bool owner) noexcept NEBULA_REQUIRES(mutex_);
    [[nodiscard]] bool has_tasks() const noexcept NEBULA_REQUIRES(mutex_);
    // If it returns a chunk, the caller must recycle() it after unlocking.
    [[nodiscard]] TaskChunk* count(GroupTurn turn) noexcept NEBULA_REQUIRES(mutex_);
    void recycle(TaskChunk* chunk) noexcept;
    // What is left to do after unlocking for a turn that has ended.
    struct Ended {
        TaskChunk* empty = nullptr;
        bool wake = false;
    };
    [[nodiscard]] Ended end_turn(GroupTurn last) noexcept NEBULA_REQUIRES(mutex_);
    void settle(Ended ended) noexcept NEBULA_EXCLUDES(mutex_);
    template <class Next>
    void end_turn_and(GroupTurn& last, Next&& next) noexcept NEBULA_EXCLUDES(mutex_);
    // Both return true if the caller must wake the latch after unlocking.
    [[nodiscard]] bool stir_owner() noexcept NEBULA_REQUIRES(mutex_);
    [[nodiscard]] bool publish_elsewhere(TaskChunk& chunk, std::uint32_t end,
                                         std::uint32_t added) noexcept NEBULA_REQUIRES(mutex_);

    PoolCore& pool_;
    const HomeProcess home_;  // as the pool's, but here it costs one load
    Band band_ = Band::Frame;
    bool cancel_on_error_ = false;  // set by the owner before the first spawn
    bool owner_helps_ = false;
    const void* owner_ = nullptr;  // identifies the owner thread
    std::atomic<std::size_t> references_{0};

    // Written by the owner at every spawn.
    alignas(2 * kCacheLine) TaskChunk* open_ = nullptr;  // where the owner spawns
    std::uint32_t open_tasks_ = 0;
    std::atomic<std::uint64_t> spawned_here_{0};

    alignas(2 * kCacheLine) TicketCount<> tickets_;
    std::atomic<bool> cancelled_{false};
    std::atomic<bool> owner_is_wanted_{false};         // written under the lock
    Latch latch_;                                      // moved under the lock
    std::atomic<std::uint64_t> finished_{0};           // written under the lock
    std::atomic<std::uint64_t> spawned_elsewhere_{0};  // the same

    Mutex mutex_;
    TaskChunk* oldest_ NEBULA_GUARDED_BY(mutex_) = nullptr;
    TaskChunk* newest_ NEBULA_GUARDED_BY(mutex_) = nullptr;
    SharedChunk shared_ NEBULA_GUARDED_BY(mutex_);
    SharedChunk for_owner_ NEBULA_GUARDED_BY(mutex_);
    bool waiting_ NEBULA_GUARDED_BY(mutex_) = false;
    TaskError error_ NEBULA_GUARDED_BY(mutex_);
};

}  // namespace nebula::detail
