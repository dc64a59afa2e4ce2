// SPDX-License-Identifier: MIT
// How a job that runs learns that nobody wants its result any more.
#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>

namespace nebula {

namespace detail {
/// Set in a word that belongs to the job; the word's other bits are its owner's.
inline constexpr std::uint32_t kStopRequested = 32;
class CurrentStop;
}  // namespace detail

/// Tells a job that runs whether it should stop: its Job was cancelled or dropped, the task that
/// awaits it was cancelled, or the runtime of that task has shut down. For closures that take one:
///
///     Job<Mesh> job = spawn_job(pool, [=](StopToken token) {
///         for (Slab slab : slabs) if (!token.stop_requested()) march(slab);
///         …
///     });
///     auto run = pool.run([=](StopToken token) { … });
///     Mesh mesh = co_await run;
///
/// Nothing interrupts a job that does not look. A pool that is destroyed waits for it, so a quit
/// takes as long as the longest stretch between two looks.
///
/// Threads:   any thread.
/// Cost:      stop_requested(): one relaxed load.
/// Lifetime:  borrows its job: for as long as that runs.
class StopToken {
public:
    StopToken() noexcept = default;  ///< Never stopped.
    /// For those who run jobs: `word` is the job's.
    explicit StopToken(const std::atomic<std::uint32_t>& word) noexcept : word_(&word) {}

    [[nodiscard]] bool stop_requested() const noexcept {
        // Relaxed: it guards nothing, and only saves work.
        return word_ != nullptr &&
               (word_->load(std::memory_order_relaxed) & detail::kStopRequested) != 0;
    }

private:
    const std::atomic<std::uint32_t>* word_ = nullptr;
};

/// Of the job that runs on this thread, innermost: a Job, a pool.run(), a piece of a pool_for(), or
/// a task after `co_await worker(pool)`. Outside of one, a token that never says stop.
[[nodiscard]] StopToken current_stop_token() noexcept;
/// Whether the job that runs on this thread should stop.
[[nodiscard]] inline bool job_stop_requested() noexcept {
    return current_stop_token().stop_requested();
}

namespace detail {

/// While one lives, a job runs on this thread, and current_stop_token() is its token. The pool
/// names the job if it has to wait for it at its end.
///
/// Lifetime:  one inside the other, as blocks. `name` must live for ever; it may be null.
class CurrentStop {
public:
    CurrentStop(const std::atomic<std::uint32_t>& word, const char* name) noexcept;
    ~CurrentStop();
    CurrentStop(const CurrentStop&) = delete;
    CurrentStop& operator=(const CurrentStop&) = delete;

private:
    StopToken outer_;
    const char* outer_name_;
};

/// What a closure gives, called with a StopToken if it takes one.
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
