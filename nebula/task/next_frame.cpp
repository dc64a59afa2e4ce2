// SPDX-License-Identifier: MIT
#include "nebula/task/next_frame.hpp"

#include "nebula/base/require.hpp"
#include "nebula/task/detail/scheduler.hpp"

#include <cmath>
#include <cstddef>

namespace nebula {

void task_detail::PhaseWait::begin(PromiseBase& leaf) noexcept {
    waiter_.record = &suspend_here(leaf);
    waiter_.left = times_;  // set here because the same awaiter may be awaited again
    waiter_.record->scheduler.wait_for_phase(waiter_, phase_);
    // If a budget cuts this phase short, the rest must not run in another phase.
    if (phase_ != Phase::Process) waiter_.record->resume_in = phase_;
}

FrameTime task_detail::PhaseWait::time() const noexcept {
    return waiter_.record->scheduler.frame_time(phase_);
}

namespace task_detail {

double TimeWait::look_at_clock(PromiseBase& leaf) {
    require_argument(static_cast<std::size_t>(clock_) < kTaskClocks,
                     "this is not a valid TaskClock");
    scheduler_ = &leaf.record().scheduler;
    return now();
}

double TimeWait::now() const noexcept { return scheduler_->now_seconds(clock_); }

bool TimeWait::begin_unless_come(PromiseBase& leaf, double time) {
    require_argument(!std::isnan(time), "the time to sleep until is not a number");
    (void)look_at_clock(leaf);
    if (scheduler_->has_come(time, clock_)) return false;
    begin(leaf, time);
    return true;
}

void TimeWait::begin(PromiseBase& leaf, double time) {
    TaskRecord& record = suspend_here(leaf);
    scheduler_->wait_until(timer_, time, clock_);
    record.ends_by_clock = std::isfinite(time);
    timer_.record = &record;  // last, so that there is nothing to undo if adding it throws
}

void TimeWait::stop_waiting() noexcept {
    if (timer_.record != nullptr) scheduler_->stop_waiting(timer_, clock_);
}

}  // namespace task_detail

}  // namespace nebula
