// SPDX-License-Identifier: MIT
// Tasks that wait for each other's end in a circle would never end: reports that as an error.
#pragma once

namespace nebula {

class TaskScope;

namespace task_detail {

class TaskRecord;

/// Follows waits backwards from the task that is about to wait: to the tasks that wait for its end,
/// to those that wait for theirs, and so on. A task waits for another one in a join, for its
/// branches in a when_all(), and for the children of a scope that it joins. A when_any() or a
/// timeout() does not count, because something else may end it.
///
/// Threads:   owner thread.
/// Cost:      one step per task that waits; nothing allocates unless it throws.
/// Throws:    std::logic_error, whose text names the tasks, if `waits` would wait for itself.
void refuse_cycle(TaskRecord& waits, const TaskRecord& target);
void refuse_cycle(TaskRecord& waits, const TaskScope& target);

}  // namespace task_detail
}  // namespace nebula
