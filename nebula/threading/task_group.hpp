// SPDX-License-Identifier: MIT
// Tasks that one waits for together, until a deadline if need be.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/threading/band.hpp"
#include "nebula/threading/detail/task_node.hpp"

#include <cstddef>
#include <exception>
#include <functional>
#include <type_traits>
#include <utility>

namespace nebula {

class WorkerPool;

namespace detail {
class GroupState;
}

/// A set of tasks on a pool that all end before it does.
///
/// Workers take its tasks, oldest first, by themselves; whoever waits helps, with tasks of this
/// group only: no unrelated task ever runs on the stack of a waiter. A task may spawn more into
/// its own group; it must not wait for it. Use it where a wait has a deadline; else WorkerPool's
/// scope() is shorter.
///
///     TaskGroup remesh(pool, Band::Frame);
///     for (Chunk& chunk : dirty) remesh.spawn([&chunk] { mesh(chunk); }, "remesh");
///     if (!remesh.wait_until(frame_end)) commit_next_frame();
///
/// Threads:   spawn, done, pending: any thread, while the group lives. wait, wait_until,
///            take_exception, rethrow_first and the destructor: owner thread (one at a time).
/// Cost:      one allocation per group and one per task (two if the closure has more than 48
///            bytes); a short lock to spawn and one to end a task.
/// Lifetime:  the destructor waits for all tasks, so they may borrow what outlives the group. The
///            pool must outlive it.
/// Throws:    spawn: std::bad_alloc, with nothing queued, and what copying the closure throws. An
///            exception of a task never comes out by itself: the first one is kept for
///            take_exception() or rethrow_first(), the others are dropped and all other tasks
///            still run. One that nobody took goes to the panic handler when the group dies.
class TaskGroup {
public:
    explicit TaskGroup(WorkerPool& pool, Band band = Band::Frame);
    ~TaskGroup();
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    /// \param name  for the panic handler; a literal.
    template <class F>
        requires std::is_invocable_v<std::decay_t<F>&>
    void spawn(F&& f, const char* name = nullptr) {
        spawn_task(new detail::TaskNode(std::forward<F>(f), band_, name));
    }

    /// Runs tasks of this group until all have ended. Starts none after the deadline; sleeps when
    /// there is none to start. A task that runs when the deadline comes is not interrupted, so it
    /// may return that much later.
    /// \returns true when all have ended.
    [[nodiscard]] bool wait_until(Clock::time_point deadline) noexcept;
    void wait() noexcept;

    /// Whether all tasks spawned so far have ended; what they wrote is then visible.
    [[nodiscard]] bool done() const noexcept { return pending() == 0; }
    /// Tasks spawned and not ended.
    [[nodiscard]] std::size_t pending() const noexcept;

    /// The first exception, which is then no longer the group's; null if there was none.
    [[nodiscard]] std::exception_ptr take_exception() noexcept;
    /// Throws the first exception, if there was one.
    void rethrow_first();

private:
    void spawn_task(detail::TaskNode* task) noexcept;

    detail::GroupState* state_;  // one counted reference; tickets hold the others
    const Band band_;
};

}  // namespace nebula
