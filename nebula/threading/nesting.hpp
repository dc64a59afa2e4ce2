// SPDX-License-Identifier: MIT
// The exception that a wait throws if too much is nested on this thread's stack.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>

namespace nebula {

/// Thrown by everything that waits for tasks, if the calling thread has nearly used up its stack: a
/// task waited for tasks, one of which waited for tasks, and so on, all on one stack. That is
/// scope(), TaskGroup, the par_ functions, join() and fork() with every ForkContext::join() inside,
/// on_worker(), broadcast(), Job::get(), RankedResults::next(), IoScope, and IoThreads::spawn()
/// where it runs the job itself. It travels like any exception of a task, so the waits further up
/// end in order. Without it, the program would hit the guard page and crash without a message.
///
/// What runs other tasks as a favour (try_tick(), run_until(), Help::Any) throws nothing: it stops
/// helping when little stack is left.
///
/// A stack of 2 MiB holds a few thousand nested waits, or some ten thousand nested joins. For
/// deeper recursion, split the work into levels, keep the nodes to visit in a container of your
/// own, or raise WorkerPoolConfig::stack_size_bytes.
class NestedTooDeep : public std::exception {
public:
    NestedTooDeep(std::size_t depth, std::size_t bytes_left, std::size_t stack_bytes);

    /// Says which task, at which depth, how much stack is left, and what to do.
    [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }
    /// How many waits are nested on this thread.
    [[nodiscard]] std::size_t depth() const noexcept { return depth_; }

    /// For the pool itself: sets the name of the innermost task. The first name stays.
    void name_task(const char* name) noexcept;

private:
    void make_text(const char* name);

    std::size_t depth_;
    std::size_t bytes_left_;
    std::size_t stack_bytes_;
    bool named_ = false;
    std::string text_;
};

namespace detail {

/// \throws NestedTooDeep if little of the calling thread's stack is left.
void require_stack();
/// Whether there is enough for a task that need not run here. More than require_stack() asks for,
/// so that the task can still wait for tasks of its own.
[[nodiscard]] bool has_stack_to_help() noexcept;
/// While the stack pointer is not below this address, require_stack() does not throw on this
/// thread.
[[nodiscard]] std::uintptr_t stack_floor() noexcept;

/// Counts one more wait on this thread's stack while it lives.
class NestedWait {
public:
    NestedWait() noexcept;
    ~NestedWait();
    NestedWait(const NestedWait&) = delete;
    NestedWait& operator=(const NestedWait&) = delete;
};

}  // namespace detail
}  // namespace nebula
