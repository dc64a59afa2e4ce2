// SPDX-License-Identifier: MIT
// Tells a running job that its result is not wanted any more.
#pragma once

#include "nebula/threading/detail/now_running.hpp"

#include <atomic>
#include <cstdint>
#include <type_traits>

namespace nebula {

namespace detail {
/// A bit in a word that belongs to the job; the owner of the word uses the other bits.
inline constexpr std::uint32_t kStopRequested = 32;
class CurrentStop;
}  // namespace detail

/// Tells a running job whether it should stop, because its Job was cancelled or dropped, the task
/// that awaits it was cancelled, or the runtime of that task has shut down. A closure may take one:
///
///     Job<Mesh> job = spawn_job(pool, [=](StopToken token) {
///         for (Slab slab : slabs) if (!token.stop_requested()) march(slab);
///         …
///     });
///     auto run = pool.run([=](StopToken token) { … });
///     Mesh mesh = co_await run;
///
/// Nothing interrupts a job that never checks. A pool that is destroyed waits for its jobs, so a
/// quit may take as long as the longest time between two checks.
///
/// Threads:   any thread.
/// Cost:      stop_requested(): one relaxed load.
/// Lifetime:  valid as long as its job runs.
class StopToken {
public:
    StopToken() noexcept = default;  ///< Never says stop.
    /// For code that runs jobs: `word` belongs to the job.
    explicit StopToken(const std::atomic<std::uint32_t>& word) noexcept : word_(&word) {}

    [[nodiscard]] bool stop_requested() const noexcept {
        // Relaxed: it guards nothing; it only saves work.
        return word_ != nullptr &&
               (word_->load(std::memory_order_relaxed) & detail::kStopRequested) != 0;
    }

private:
    const std::atomic<std::uint32_t>* word_ = nullptr;
};

/// The token of the innermost job on this thread: a Job, a pool.run(), a piece of a pool_for(), or
/// a task after `co_await worker(pool)`. Outside of a job, a token that never says stop.
[[nodiscard]] StopToken current_stop_token() noexcept;
/// Whether the innermost job on this thread should stop.
[[nodiscard]] inline bool job_stop_requested() noexcept {
    return current_stop_token().stop_requested();
}

namespace detail {

/// Marks that a job runs on this thread; current_stop_token() is then its token. If a shutdown has
/// to wait for the job, it names it.
///
/// Lifetime:  nested like blocks. `name` must live forever; it may be null.
class CurrentStop {
public:
    CurrentStop(const std::atomic<std::uint32_t>& word, const char* name) noexcept
        : CurrentStop(StopToken(word), name) {}
    /// For a part of a job that another thread runs: `token` is the job's.
    CurrentStop(StopToken token, const char* name) noexcept;
    ~CurrentStop();
    CurrentStop(const CurrentStop&) = delete;
    CurrentStop& operator=(const CurrentStop&) = delete;

private:
    StopToken outer_;
    RunningMark mark_;
};

/// What a closure returns; it is called with a StopToken if it takes one.
template <class F>
struct JobCall {
    static constexpr bool kTakesToken = std::is_invocable_v<F&, StopToken>;
};
template <class F, bool kTakesToken = JobCall<F>::kTakesToken>
struct JobCallResult {
    using type = std::invoke_result_t<F&, StopToken>;
};
template <class F>
struct JobCallResult<F, false> {
    using type = std::invoke_result_t<F&>;
};

/// A closure that a pool can run as a job.
template <class F>
concept JobClosure = std::is_invocable_v<F&> || std::is_invocable_v<F&, StopToken>;

}  // namespace detail
}  // namespace nebula
