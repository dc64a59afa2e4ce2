// SPDX-License-Identifier: MIT
// What a Task and the pool share: task.hpp has the contract, task_state.hpp the protocol.
#pragma once

#include "nebula/base/small_function.hpp"
#include "nebula/threading/band.hpp"
#include "nebula/threading/detail/task_state.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace nebula {

class WorkerPool;

namespace detail {

/// Where every task's one block comes from and goes to.
/// \throws std::bad_alloc
[[nodiscard]] void* allocate_task_block(std::size_t size);
void free_task_block(void* memory, std::size_t size) noexcept;

/// The half of the block that does not know its types.
///
/// Threads:   claim-and-run, request_cancel: any thread. The rest: the owner of the Task.
/// Lifetime:  counted: the Task holds one reference, and whoever will run it another.
class TaskBlock {
public:
    TaskBlock(const TaskBlock&) = delete;
    TaskBlock& operator=(const TaskBlock&) = delete;

    static void* operator new(std::size_t size) { return allocate_task_block(size); }
    static void operator delete(void* memory, std::size_t size) noexcept {
        free_task_block(memory, size);
    }

    void retain() noexcept {
        references_.fetch_add(1, std::memory_order_relaxed);  // the caller holds one already
    }
    void release() noexcept {
        // acq_rel: the last one pairs with the others before it destroys what they wrote.
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

    /// Runs the closure here, unless somebody else was first. What it returns has to be reported.
    [[nodiscard]] std::exception_ptr run_if_queued() noexcept;
    /// Gives the block to the pool; if that cannot take it, runs it here.
    void spawn_or_run() noexcept;

    void request_cancel() noexcept;
    [[nodiscard]] bool asked_to_stop() const noexcept { return state_.asked_to_stop(); }
    [[nodiscard]] TaskStatus status() const noexcept { return state_.status(); }
    [[nodiscard]] bool ended() const noexcept { return state_.ended(); }

    /// Runs it or sleeps until it has run.
    void finish() noexcept;
    /// After the end: throws its error, or TaskWasCancelled, if there is either.
    void rethrow();
    void on_end(SmallFunction<void(), 32> callback) noexcept;
    /// The owner's reference, and its interest.
    void leave() noexcept;

    [[nodiscard]] WorkerPool& pool() const noexcept { return pool_; }

    /// The task that runs on this thread, innermost; null if none does.
    [[nodiscard]] static const TaskBlock* current() noexcept;

protected:
    TaskBlock(WorkerPool& pool, SpawnOptions options) noexcept : pool_(pool), options_(options) {}
    virtual ~TaskBlock() = default;

    virtual void call() = 0;
    virtual void drop_closure() noexcept = 0;

private:
    friend void spawn_block(TaskBlock& block);

    [[nodiscard]] std::exception_ptr run_claimed() noexcept;
    [[nodiscard]] std::exception_ptr end(bool cancelled) noexcept;
    [[nodiscard]] std::exception_ptr take_lost_error() noexcept;

    WorkerPool& pool_;
    const SpawnOptions options_;
    TaskState<> state_;
    std::atomic<std::uint32_t> references_{1};
    std::exception_ptr error_;            // of who claimed until the end, then of the owner
    SmallFunction<void(), 32> callback_;  // of the owner until watched, then of who ends it
};

/// \throws std::bad_alloc, with nothing queued.
void spawn_block(TaskBlock& block);

/// Its run, as the closure that the pool keeps.
class TaskRun {
public:
    explicit TaskRun(TaskBlock& block) noexcept : block_(&block) { block.retain(); }
    TaskRun(TaskRun&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    TaskRun(const TaskRun&) = delete;
    TaskRun& operator=(const TaskRun&) = delete;
    ~TaskRun() {
        if (block_ != nullptr) block_->release();
    }
    /// Throws what is to be reported, as any detached task does.
    void operator()() {
        if (std::exception_ptr error = block_->run_if_queued())
            std::rethrow_exception(std::move(error));
    }
    TaskBlock& block() noexcept { return *block_; }

private:
    TaskBlock* block_;
};

/// With the result.
template <class T>
class TaskResult : public TaskBlock {
    struct Nothing {};
    // A reference is kept as a pointer.
    using Stored = std::conditional_t<
        std::is_void_v<T>, Nothing,
        std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, T>>;

public:
    /// After rethrow(). Once.
    T take() {
        if constexpr (std::is_reference_v<T>) {
            return static_cast<T>(**value_);
        } else if constexpr (!std::is_void_v<T>) {
            return std::move(*value_);
        }
    }

protected:
    using TaskBlock::TaskBlock;

    template <class Call>
    void set_from(Call&& invoke) {
        if constexpr (std::is_void_v<T>) {
            invoke();
        } else if constexpr (std::is_reference_v<T>) {
            value_.emplace(std::addressof(invoke()));
        } else {
            value_.emplace(invoke());
        }
    }

private:
    std::optional<Stored> value_;
};

}  // namespace detail
}  // namespace nebula
