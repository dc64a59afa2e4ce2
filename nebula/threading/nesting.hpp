// SPDX-License-Identifier: MIT
// What opening a group throws when the tasks on this stack are nested too deeply.
#pragma once

#include <cstddef>
#include <exception>
#include <string>

namespace nebula {

/// Thrown by WorkerPool::scope(), TaskGroup, the par_ functions and Job::get() when the calling
/// thread has nearly used up its stack: a task waited for tasks, one of which waited for tasks, and
/// so on, all on one stack. It comes out like any exception of a task, so the scopes further up end
/// in order; without it the program would run into the guard page and end without a word.
///
/// With 2 MiB of stack some thousands of scopes fit into each other. For deeper recursion use
/// WorkerPool::fork(), split the work into levels, or raise WorkerPoolConfig::stack_size_bytes.
class NestedTooDeep : public std::exception {
public:
    NestedTooDeep(std::size_t depth, std::size_t bytes_left, std::size_t stack_bytes);

    /// Says which task, at which depth, how much stack is left, and what to do.
    [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }
    /// How many waits are inside each other on this thread.
    [[nodiscard]] std::size_t depth() const noexcept { return depth_; }

    /// For the pool itself: names the innermost task. The first name stays.
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

/// One more wait on this thread's stack, for a block.
class NestedWait {
public:
    NestedWait() noexcept;
    ~NestedWait();
    NestedWait(const NestedWait&) = delete;
    NestedWait& operator=(const NestedWait&) = delete;
};

}  // namespace detail
}  // namespace nebula
