// SPDX-License-Identifier: MIT
// Shared by a Job and the pool. job.hpp has the contract, job_state.hpp the protocol.
#pragma once

#include "nebula/base/small_function.hpp"
#include "nebula/threading/band.hpp"
#include "nebula/threading/detail/job_state.hpp"
#include "nebula/threading/detail/process.hpp"
#include "nebula/threading/stop_token.hpp"

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

/// Allocates the one block of a job.
/// \throws std::bad_alloc
[[nodiscard]] void* allocate_job_block(std::size_t size);
void free_job_block(void* memory, std::size_t size) noexcept;

/// The part of the block that does not depend on its types.
///
/// Threads:   claim-and-run, request_cancel: any thread. The rest: the owner of the Job.
/// Lifetime:  counted: the Job, each StopSource, and the queued run hold one reference each.
class JobBlock {
public:
    JobBlock(const JobBlock&) = delete;
    JobBlock& operator=(const JobBlock&) = delete;

    static void* operator new(std::size_t size) { return allocate_job_block(size); }
    static void operator delete(void* memory, std::size_t size) noexcept {
        free_job_block(memory, size);
    }

    void retain() noexcept {
        references_.fetch_add(1, std::memory_order_relaxed);  // the caller holds one already
    }
    void release() noexcept {
        // acq_rel: the last one pairs with the others before it destroys what they wrote.
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

    /// Runs the closure here unless another thread was first. The caller must report the result.
    [[nodiscard]] std::exception_ptr run_if_queued() noexcept;
    /// Queues the job in the pool, or runs it here if that fails.
    void spawn_or_run() noexcept;

    void request_cancel() noexcept;
    [[nodiscard]] StopToken stop_token() const noexcept { return StopToken(state_.word()); }
    [[nodiscard]] JobStatus status() const noexcept {
        const JobStatus status = state_.status();
        if (status == JobStatus::Queued || status == JobStatus::Running)
            home_.require();  // in a child of fork() it would never end
        return status;
    }
    [[nodiscard]] bool ended() const noexcept {
        const bool ended = state_.ended();
        if (!ended) home_.require();
        return ended;
    }

    /// Runs it, or sleeps until it has run.
    void finish() noexcept;
    /// Call it after the end: throws its error or JobCancelled, if any.
    void rethrow();
    void on_end(SmallFunction<void(), 32> callback) noexcept;
    /// Gives up the owner's reference and its interest in the result.
    void leave() noexcept;
    /// Cancels it and leaves. A closure may own the job before it, and so on: of a long chain, the
    /// rest is dropped when the outermost call is done with its own job.
    void drop() noexcept;

    [[nodiscard]] WorkerPool& pool() const noexcept { return pool_; }

protected:
    JobBlock(WorkerPool& pool, SpawnOptions options) noexcept : pool_(pool), options_(options) {}
    virtual ~JobBlock() = default;

    virtual void call() = 0;
    /// Returns what the closure's destructor threw, or null.
    virtual std::exception_ptr drop_closure() noexcept = 0;

private:
    friend void spawn_block(JobBlock& block);

    struct Drops {
        int depth = 0;
        JobBlock* rest = nullptr;
    };
    static constinit thread_local Drops drops;

    [[nodiscard]] std::exception_ptr run_claimed() noexcept;
    [[nodiscard]] std::exception_ptr end(bool cancelled) noexcept;
    [[nodiscard]] std::exception_ptr take_lost_error() noexcept;

    WorkerPool& pool_;
    const SpawnOptions options_;
    const HomeProcess home_;  // not the pool's, because a StopSource may outlive the pool
    JobState<> state_;
    std::atomic<std::uint32_t> references_{1};
    std::exception_ptr error_;            // belongs to the claimer until the end, then to the owner
    JobBlock* next_dropped_ = nullptr;    // belongs to the thread that drops it
    SmallFunction<void(), 32> callback_;  // belongs to the owner until watched, then to the ender
};

/// \throws std::bad_alloc, with nothing queued.
void spawn_block(JobBlock& block);

/// The closure that the pool keeps; it runs the job.
class JobRun {
public:
    explicit JobRun(JobBlock& block) noexcept : block_(&block) { block.retain(); }
    JobRun(JobRun&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    JobRun(const JobRun&) = delete;
    JobRun& operator=(const JobRun&) = delete;
    ~JobRun() {
        if (block_ != nullptr) block_->release();
    }
    /// Throws what must be reported, like any detached job.
    void operator()() {
        if (std::exception_ptr error = block_->run_if_queued())
            std::rethrow_exception(std::move(error));
    }
    JobBlock& block() noexcept { return *block_; }

private:
    JobBlock* block_;
};

/// With the result.
template <class T>
class JobResult : public JobBlock {
    struct Nothing {};
    // A reference is kept as a pointer.
    using Stored = std::conditional_t<
        std::is_void_v<T>, Nothing,
        std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, T>>;

public:
    /// Call it once, after rethrow().
    T take() {
        if constexpr (std::is_reference_v<T>) {
            return static_cast<T>(**value_);
        } else if constexpr (!std::is_void_v<T>) {
            const Clear clear{value_};  // the Job may live much longer than the value it gave away
            return std::move(*value_);
        }
    }

protected:
    using JobBlock::JobBlock;

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
    struct Clear {
        ~Clear() { value.reset(); }
        std::optional<Stored>& value;
    };

    std::optional<Stored> value_;
};

}  // namespace detail
}  // namespace nebula
