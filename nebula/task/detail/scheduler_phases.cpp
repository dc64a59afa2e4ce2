// SPDX-License-Identifier: MIT
// Phases of a frame, clocks, and the waits that they end.
#include "nebula/task/detail/scheduler.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

namespace nebula::task_detail {

void Scheduler::begin_frame(FrameTime time) {
    if (closed_) return;
    stats_.cut_in_a_row = cut_in_frame_ ? stats_.cut_in_a_row + 1 : 0;
    stats_.longest_cut_row = std::max(stats_.longest_cut_row, stats_.cut_in_a_row);
    stats_.cut_frames += cut_in_frame_ ? 1 : 0;
    cut_in_frame_ = resumed_in_frame_ = false;
    spent_ = {};

    begin(Phase::Process, time);
    advance(TaskClock::Game, time.delta_seconds);
    advance(TaskClock::Pausable, time.paused ? 0.0 : time.delta_seconds);
    advance(TaskClock::Real,
            time.real_delta_seconds < 0.0 ? time.delta_seconds : time.real_delta_seconds);
    if (stuck_seconds_ > 0.0) tell_of_stuck_tasks();
    pump_phase(Phase::Process);
}

void Scheduler::begin_physics(FrameTime time) {
    if (closed_) return;
    begin(Phase::Physics, time);
    advance(TaskClock::Physics, time.delta_seconds);
    pump_phase(Phase::Physics);
}

void Scheduler::end_of_frame() {
    if (closed_) return;
    begin(Phase::FrameEnd, frame_time(Phase::Process));
    pump_phase(Phase::FrameEnd);
}

void Scheduler::begin(Phase phase, FrameTime time) noexcept {
    times_[index(phase)] = time;
    // Inside a task, no task is resumed: one whose wait ends here continues in the next such phase,
    // not in the next pump.
    const bool resumes = !pump_is_refused();
    if (resumes) {
        gathering_ = phase;
        ready_.append(ready_in_[index(phase)]);
    }
    IntrusiveList<FrameWaiter, FrameTag> due;
    due.append(waiters_[index(phase)]);
    while (!due.empty()) {
        FrameWaiter& waiter = due.pop_front();
        if (!due.empty()) __builtin_prefetch(due.front().record);
        if (--waiter.left > 0) {
            waiters_[index(phase)].push_back(waiter);
        } else {
            if (!resumes) waiter.record->resume_in = phase;
            make_ready(*waiter.record);
        }
    }
}

void Scheduler::advance(TaskClock clock, double seconds) noexcept {
    // One frame must not spoil the clock forever: a game that sets its time scale to infinity has
    // one such delta.
    constexpr double longest_frame = 1e6;
    if (seconds > 0.0 && !std::isinf(seconds)) {
        // Kahan summation: the sum of a million frames is exact to the last digits.
        double& now = now_seconds_[index(clock)];
        double& lost = lost_seconds_[index(clock)];
        const double step = std::min(seconds, longest_frame) - lost;
        const double sum = now + step;
        lost = (sum - now) - step;
        now = sum;
    }
    TimerHeap& timers = timers_[index(clock)];
    while (Timer* const timer = timers.soonest()) {
        if (!has_come(timer->deadline, clock)) break;
        TaskRecord& record = *timer->record;
        timers.remove(*timer);
        make_ready(record);
    }
}

void Scheduler::pump_phase(Phase phase) {
    const std::optional<Phase> outer = std::exchange(phase_, phase);
    pump();
    phase_ = outer;
}

void Scheduler::wait_until(Timer& timer, double time, TaskClock clock) {
    timer.deadline = time;
    timers_[index(clock)].add(timer);
}

}  // namespace nebula::task_detail
