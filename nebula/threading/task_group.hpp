// SPDX-License-Identifier: MIT
// Tasks that you wait for together, with a deadline if you like.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/threading/band.hpp"
#include "nebula/threading/detail/caught.hpp"
#include "nebula/threading/detail/group_state.hpp"
#include "nebula/threading/index_range.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <type_traits>
#include <utility>

namespace nebula {

class WorkerPool;

/// What happens to the other tasks when a task throws.
enum class OnError : std::uint8_t {
    RunAll,      ///< The others still run.
    CancelRest,  ///< Those that have not begun are dropped.
};

/// A set of tasks on a pool that all end before it does.
///
/// Workers take its tasks by themselves, oldest first. A thread that waits helps, but only with
/// tasks of this group: no unrelated task runs on its stack unless it asks for that. A task may
/// spawn more tasks into its own group, but must not wait for the group. On a pool without workers
/// a task runs in spawn(), see WorkerPoolConfig::run_inline. Use a TaskGroup if a wait
/// has a deadline; otherwise WorkerPool's scope() is shorter.
///
///     TaskGroup remesh(pool, Band::Frame);
///     for (Chunk& chunk : dirty) remesh.spawn([&chunk] { mesh(chunk); }, "remesh");
///     if (!remesh.wait_until(frame_end)) commit_next_frame();
///
/// Threads:   spawn, spawn_batch, cancel, done, pending: any thread, while the group lives. wait,
///            wait_until, take_exception, rethrow_first and the destructor: the thread that created
///            it.
/// Cost:      spawn: about ten nanoseconds on the thread that created the group, a short lock on
///            others. Running a task: about ten nanoseconds more. Once the pool has held as many
///            tasks before, only closures of more than 48 bytes allocate, and on other threads
///            closures that are not trivially copyable: these are moved under the lock, where no
///            user code may run.
/// Lifetime:  the destructor waits for all tasks, so they may borrow anything that outlives the
///            group. The pool must outlive it.
/// Throws:    the constructor: std::bad_alloc; NestedTooDeep (nesting.hpp) if nested waits have
///            nearly used up this thread's stack. spawn: std::bad_alloc, with nothing queued, and
///            what copying the closure throws. spawn_batch: the same, but some of the calls may
///            already be queued; the group runs them, or cancel() drops them; and
///            std::invalid_argument for a negative number of calls. A task's exception is
///            never rethrown by itself: the first one is kept for take_exception() or
///            rethrow_first(), and the others are dropped. If nobody takes it, it goes to the panic
///            handler when the group is destroyed.
class TaskGroup {
public:
    explicit TaskGroup(WorkerPool& pool, Band band = Band::Frame,
                       OnError on_error = OnError::RunAll);
    ~TaskGroup();
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    /// \param name  for the panic handler and for traces; a literal.
    template <class F>
        requires std::is_invocable_v<std::decay_t<F>&>
    void spawn(F&& f, const char* name = nullptr) {
        if (state_->is_owner_thread()) [[likely]] {
            state_->spawn_here(std::forward<F>(f), name);
        } else {
            detail::TaskSlot task;
            task.emplace_to_move_locked(std::forward<F>(f), name);
            spawn_elsewhere(task, false);
        }
    }

    /// The same, but only the thread that created the group runs f, when it waits. For work that
    /// must run on the main thread but is spawned by tasks on other threads.
    ///
    /// Order: the owner runs these in spawn order, after the task that it is running and before any
    /// other task of the group.
    template <class F>
        requires std::is_invocable_v<std::decay_t<F>&>
    void spawn_on_owner(F&& f, const char* name = nullptr) {
        detail::TaskSlot task;
        task.emplace_to_move_locked(std::forward<F>(f), name);
        spawn_elsewhere(task, true);
    }

    /// Calls f(i) for all i < calls, each as a task of its own, for a fraction of the cost of that
    /// many spawns. f is copied once for each thread that may help. With more than 2^41 calls, each
    /// task makes many of them, and pending() counts the tasks.
    template <IndexType Count, class F>
        requires std::is_invocable_v<std::decay_t<F>&, std::size_t>
    void spawn_batch(Count calls, F&& f, const char* name = nullptr) {
        using Closure = std::decay_t<F>;
        static_assert(std::is_copy_constructible_v<Closure>, "one copy for each thread");
        const std::size_t count = detail::count_of(calls, 0, detail::kNegativeBatch);
        if (count > kMostRuns * kLongestRun) {
            spawn_huge_batch(count, Closure(std::forward<F>(f)), name);
            return;
        }
        spawn_runs(count, Closure(std::forward<F>(f)), name);
    }

    /// Runs tasks of this group until all have ended. Starts none after the deadline, and sleeps if
    /// there is none to start. A task that is running at the deadline is not interrupted, so this
    /// may return that much later.
    /// \returns whether all have ended.
    /// \param help  what else the caller runs meanwhile; by default nothing.
    [[nodiscard]] bool wait_until(Clock::time_point deadline, Help help = Help::OwnGroup) noexcept;
    void wait(Help help = Help::OwnGroup) noexcept;

    /// Drops tasks that have not begun: their closures are destroyed uncalled. Tasks that are
    /// running can check cancelled().
    void cancel() noexcept { state_->cancel(); }
    [[nodiscard]] bool cancelled() const noexcept { return state_->cancelled(); }

    /// Whether all tasks spawned so far have ended; what they wrote is then visible.
    [[nodiscard]] bool done() const noexcept { return pending() == 0; }
    /// How many tasks have been spawned and are not known to have ended. A thread reports the tasks
    /// it has run in groups of up to 32.
    [[nodiscard]] std::size_t pending() const noexcept {
        return static_cast<std::size_t>(state_->pending());
    }

    /// Takes the first exception from the group; null if there was none.
    [[nodiscard]] std::exception_ptr take_exception() noexcept;
    /// Throws the first exception, if there was one.
    void rethrow_first();

private:
    static constexpr std::size_t kLongestRun = std::size_t{1} << 31U;  // a chunk counts in 32 bits
    static constexpr std::size_t kMostRuns = 1024;

    template <class Closure>
    void spawn_runs(std::size_t count, const Closure& f, const char* name) {
        // One run for each thread, so that threads meet only at the ends.
        const std::size_t runs = std::min(count, helper_count() + 1);
        for (std::size_t run = 0; run < runs; ++run) {
            const std::size_t begin = count / runs * run + std::min(run, count % runs);
            const std::size_t size = count / runs + (run < count % runs ? 1 : 0);
            for (std::size_t done = 0; done < size; done += kLongestRun)
                spawn_run(Closure(f), begin + done, std::min(size - done, kLongestRun), name);
        }
    }

    // A run for each 2^31 of 2^64 calls would mean 2^33 runs before the first call. So from 2^41
    // calls on, each task makes many of them.
    template <class Closure>
    void spawn_huge_batch(std::size_t count, Closure closure, const char* name) {
        const std::size_t calls = count / kLongestRun + 1;
        spawn_runs((count - 1) / calls + 1,
                   [this, calls, count, closure = std::move(closure)](std::size_t task) mutable {
                       const std::size_t begin = task * calls;
                       std::exception_ptr first;
                       for (std::size_t i = 0; i < std::min(calls, count - begin) && !cancelled();
                            ++i) {
                           auto call = [&] { std::invoke(closure, begin + i); };
                           std::exception_ptr error = detail::caught(call);
                           if (error != nullptr && first == nullptr) first = std::move(error);
                           if (first != nullptr && state_->cancels_on_error()) break;
                       }
                       if (first != nullptr) std::rethrow_exception(std::move(first));
                   },
                   name);
    }

    // What a batch keeps in a slot: a closure that is always called with an index, never without.
    template <class Closure>
    struct Indexed {
        void operator()() noexcept {}
        Closure closure;
    };
    template <class Closure>
    void spawn_run(Closure&& closure, std::size_t begin, std::size_t size, const char* name) {
        using Kept = Indexed<std::decay_t<Closure>>;
        detail::TaskSlot slot;
        slot.emplace(Kept{std::forward<Closure>(closure)}, name);
        spawn_run(
            slot,
            [](detail::TaskSlot& kept, std::size_t i) {
                std::invoke(kept.closure<Kept>().closure, i);
            },
            begin, static_cast<std::uint32_t>(size));
    }
    void spawn_run(detail::TaskSlot& closure, detail::TaskChunk::BatchCall call, std::size_t begin,
                   std::uint32_t size);
    void spawn_elsewhere(detail::TaskSlot& task, bool for_owner);
    [[nodiscard]] std::size_t helper_count() const noexcept;

    detail::GroupState* state_;  // one counted reference; tickets hold the others
};

}  // namespace nebula
