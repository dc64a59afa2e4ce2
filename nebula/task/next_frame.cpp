// SPDX-License-Identifier: MIT
#include "nebula/task/next_frame.hpp"

#include "nebula/task/detail/scheduler.hpp"

#include <cmath>

namespace nebula {

void task_detail::PhaseWait::begin(PromiseBase& leaf) noexcept {
    waiter_.record = &suspend_here(leaf);
    waiter_.left = times_;  // here: the same awaiter may be awaited again
    waiter_.record->scheduler.wait_for_phase(waiter_, phase_);
    // A budget that cuts this phase short must not let the rest run in another.
    if (phase_ != Phase::Process) waiter_.record->resume_in = phase_;
}

FrameTime task_detail::PhaseWait::time() const noexcept {
    return waiter_.record->scheduler.frame_time(phase_);
}

void Sleep::begin(task_detail::PromiseBase& leaf) {
    task_detail::TaskRecord& record = suspend_here(leaf);
    record.scheduler.wait_for_time(timer_, seconds_, clock_);
    record.ends_by_clock = std::isfinite(seconds_);
    timer_.record = &record;  // last: a timer that could not be added has nothing to undo
}

void Sleep::stop_waiting() noexcept {
    if (timer_.record != nullptr) timer_.record->scheduler.stop_waiting(timer_, clock_);
}

}  // namespace nebula
