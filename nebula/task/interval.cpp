// SPDX-License-Identifier: MIT
#include "nebula/task/interval.hpp"

#include "nebula/base/require.hpp"
#include "nebula/task/detail/scheduler.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace nebula {

Interval::Interval(double period_seconds, TaskClock clock, MissedTicks missed)
    : period_(period_seconds), clock_(clock), missed_(missed) {
    // Such values come from a division by a rate that is not set.
    require_argument(period_seconds >= 1e-6 && std::isfinite(period_seconds),
                     "an interval needs a finite period of a microsecond or more, in seconds");
}

std::uint64_t Interval::take(double now) noexcept {
    const std::uint64_t before = ticks_++;
    if (missed_ == MissedTicks::Skip) {
        // Never backwards: the division may round down a time that has_come() has accepted.
        const double passed = (now + task_detail::Scheduler::kClockSlack - start_) / period_;
        ticks_ = std::max(ticks_, static_cast<std::uint64_t>(std::max(passed, 0.0)));
    }
    return ticks_ - before;
}

}  // namespace nebula
