// SPDX-License-Identifier: MIT
// Decides whether the next piece of work still fits into this frame.
#pragma once

#include "nebula/base/assert.hpp"
#include "nebula/base/clock.hpp"
#include "nebula/threading/channel.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

namespace nebula {

/// Learns what tasks of one class cost from those that have run: a moving mean and the deviation
/// from it.
///
/// Threads:   owner thread.
class CostEstimate {
public:
    using Duration = std::chrono::nanoseconds;

    /// \param guess  the assumed cost until the first task has run.
    constexpr explicit CostEstimate(Duration guess = std::chrono::microseconds(200)) noexcept
        : mean_ns_(static_cast<double>(guess.count())), guess_(guess) {}

    void add(Duration cost) noexcept {
        const auto cost_ns = static_cast<double>(std::max(cost, Duration::zero()).count());
        // The first samples count as in a plain average, so that the guess is soon forgotten.
        if (count_ < kMemory) ++count_;
        const double weight = 1.0 / static_cast<double>(count_);
        const double off = cost_ns - mean_ns_;
        if (count_ == 1) {
            // One sample says nothing about the spread: assume a deviation of half the cost.
            mean_ns_ = cost_ns;
            variance_ = cost_ns * cost_ns / 4;
            return;
        }
        mean_ns_ += weight * off;
        variance_ = (1 - weight) * (variance_ + weight * off * off);
    }
    /// The same for tasks that cost much alike: one that took many times what is expected was interrupted
    /// by the kernel, and counts as kMostTimes of that. Counted in full, one such time would let only
    /// one task start in each of the next twenty frames.
    void add_clipped(Duration cost) noexcept {
        const Duration usual = std::max(expected(), kShortest);
        add(usual < Duration::max() / kMostTimes ? std::min(cost, usual * kMostTimes) : cost);
    }
    static constexpr int kMostTimes = 4;

    [[nodiscard]] Duration expected() const noexcept { return to_duration(mean_ns_); }
    [[nodiscard]] Duration deviation() const noexcept { return to_duration(std::sqrt(variance_)); }
    /// The expected cost plus that many deviations.
    [[nodiscard]] Duration likely_most(double deviations) const noexcept {
        if (count_ == 0) return guess_;
        return to_duration(mean_ns_ + deviations * std::sqrt(variance_));
    }
    /// How many costs are remembered.
    [[nodiscard]] unsigned samples() const noexcept { return count_; }

private:
    // Half of the weight is in the last 11 samples, so a burst of edits is learned within a frame.
    static constexpr unsigned kMemory = 16;
    // A cost of nothing, once learned, can be unlearned.
    static constexpr Duration kShortest = std::chrono::microseconds(1);

    // NaN, and what a Duration cannot hold, becomes the largest Duration.
    static Duration to_duration(double ns) noexcept {
        constexpr auto most = static_cast<double>(Duration::max().count());  // 2^63: rounded up
        if (!(ns < most)) return Duration::max();
        return Duration(static_cast<Duration::rep>(std::max(ns, 0.0) + 0.5));
    }

    double mean_ns_;
    double variance_ = 0;
    Duration guess_;
    unsigned count_ = 0;
};

struct FrameBudgetOptions {
    /// The first task of the frame starts even if there is no time left. So work advances by one
    /// task a frame even if every frame is late. If false, nothing starts after the deadline.
    bool at_least_one = true;
    /// A task must fit even if it costs this many deviations more than expected.
    double margin_deviations = 2;
};

/// Decides whether to start a task: only if its likely cost fits before the deadline. The caller
/// passes the time, so a decision depends only on the arguments.
///
///     FrameBudget budget(frame_start + 4ms);
///     while (Job* job = next_job()) {
///         if (!budget.try_start(Clock::now(), costs[job->kind])) break;
///         …
///     }
///
/// Threads:   owner thread.
class FrameBudget {
public:
    explicit FrameBudget(Clock::time_point deadline, FrameBudgetOptions options = {}) noexcept
        : deadline_(deadline), options_(options) {}

    /// Whether a task that may cost `likely_most` ends before the deadline if it starts now.
    [[nodiscard]] static bool fits(Clock::time_point now, Clock::time_point deadline,
                                   CostEstimate::Duration likely_most) noexcept {
        // `now + likely_most` could overflow. Even a task that costs nothing needs some time.
        return now < deadline && likely_most <= deadline - now;
    }

    [[nodiscard]] bool may_start(Clock::time_point now, const CostEstimate& cost) const noexcept {
        if (options_.at_least_one && started_ == 0) return true;
        return fits(now, deadline_, cost.likely_most(options_.margin_deviations));
    }
    /// The same, but counts the task as started if it may start.
    [[nodiscard]] bool try_start(Clock::time_point now, const CostEstimate& cost) noexcept {
        const bool may = may_start(now, cost);
        started_ += may ? 1 : 0;
        return may;
    }

    [[nodiscard]] Clock::time_point deadline() const noexcept { return deadline_; }
    [[nodiscard]] std::size_t started() const noexcept { return started_; }

private:
    Clock::time_point deadline_;
    FrameBudgetOptions options_;
    std::size_t started_ = 0;
};

template <class F>
concept TimeSource = std::is_invocable_r_v<Clock::time_point, F&>;

/// Calls fn(value) for values of the channel, oldest first, while they fit, and learns what each
/// call cost; class_of(value) is the index into `costs`. Stops at the first value that does not
/// fit, which stays in the channel. If fn throws, the exception leaves run_until and the value is
/// lost.
/// \returns how many values were taken.
///
/// Threads:   any thread. No lock is held while class_of, fn or now run; no other thread sees the
///            value that class_of looks at.
template <class T, class ClassOf, class F, TimeSource Now = Clock::time_point (*)()>
    requires std::is_invocable_r_v<std::size_t, ClassOf&, const T&> && std::is_invocable_v<F&, T&&>
std::size_t run_until(Channel<T>& channel, FrameBudget& budget, std::span<CostEstimate> costs,
                      ClassOf class_of, F&& fn, Now now = Clock::now) {
    for (std::size_t count = 0;; ++count) {
        CostEstimate* cost = nullptr;
        Clock::time_point start;
        std::optional<T> value = channel.try_recv_if([&](const T& next) {
            const auto cost_class = static_cast<std::size_t>(class_of(next));
            NEBULA_ASSERT(cost_class < costs.size(), "this class of work has no estimate");
            cost = &costs[cost_class];
            start = now();
            return budget.try_start(start, *cost);
        });
        if (!value) return count;
        fn(std::move(*value));
        cost->add(now() - start);
    }
}

}  // namespace nebula
