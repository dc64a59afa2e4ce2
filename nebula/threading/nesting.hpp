// SPDX-License-Identifier: MIT
// The exception that a group throws if the waits on this stack are nested too deeply.
#pragma once

#include <cstddef>
#include <exception>
#include <string>

namespace nebula {

/// Thrown by WorkerPool::scope(), TaskGroup, the par_ functions and Job::get() if the calling
/// thread has nearly used up its stack: a task waited for tasks, one of which waited for tasks, and
/// so on, all on one stack. It travels like any exception of a task, so the scopes further up end
/// in order. Without it, the program would hit the guard page and crash without a message.
///
/// A stack of 2 MiB holds a few thousand nested scopes. For deeper recursion use
/// WorkerPool::fork(), split the work into levels, or raise WorkerPoolConfig::stack_size_bytes.
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
