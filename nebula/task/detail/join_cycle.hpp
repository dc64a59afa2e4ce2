// SPDX-License-Identifier: MIT
// Tasks that wait for each other's end in a circle would never end: that is told, not waited for.
#pragma once

namespace nebula {

class TaskScope;

namespace task_detail {

class TaskRecord;

/// What is waited for is followed backwards, from the task that is about to wait: to those that
/// wait for its end, those that wait for theirs, and so on. A task waits for another in a join, for
/// its branches in a when_all(), for the children of a scope that it joins. It does not in a
/// when_any() or a timeout(), which something else may end.
///
/// Threads:   owner thread.
/// Cost:      one step per task that waits; nothing allocates unless it throws.
/// Throws:    std::logic_error, whose text names the tasks, if `waits` would wait for itself.
void refuse_cycle(TaskRecord& waits, const TaskRecord& target);
void refuse_cycle(TaskRecord& waits, const TaskScope& target);

}  // namespace task_detail
}  // namespace nebula
