// SPDX-License-Identifier: MIT
#include "nebula/task/resume_in.hpp"

#include "nebula/task/detail/scheduler.hpp"

namespace nebula {

bool EnterPhase::begin(task_detail::PromiseBase& leaf) noexcept {
    task_detail::TaskRecord& record = suspend_here(leaf);
    if (record.scheduler.phase() == phase_) return false;
    waiter_.record = &record;
    waiter_.left = 1;
    record.scheduler.wait_for_phase(waiter_, phase_);
    record.resume_in = phase_;
    return true;
}

}  // namespace nebula
