// SPDX-License-Identifier: MIT
#include "nebula/task/task_handle.hpp"

#include "nebula/task/detail/join_cycle.hpp"
#include "nebula/task/detail/scheduler.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/remote.hpp"

namespace nebula::task_detail {

void cancel_task(TaskRecord& record) noexcept {
    if (record.ended()) return;
    record.scheduler.cancel(record, AsyncErrorCode::TaskCancelled);
}

void cancel_task_and_wait(TaskRecord& record) noexcept {
    if (record.ended()) return;
    record.scheduler.cancel_and_wait(record);
}

void post(TaskRecord& record) noexcept {
    if (record.post()) return;
    record.forget_start();
    record.end_unstarted(TaskState::Gone, AsyncErrorCode::RuntimeClosed);
}

void throw_joined_elsewhere() {
    throw WrongThread("a task can be joined only on the thread of its runtime");
}

void throw_no_result(const TaskRecord& record) {
    if (record.state == TaskState::Gone) throw_async_error(record.end_code, record.name());
    throw NotReady(record.name());
}

void JoinWait::begin(PromiseBase& leaf) {
    TaskRecord& record = leaf.record();
    if (&record == &target_ || target_.waits_for_tasks) refuse_cycle(record, target_);
    node_.record = &suspend_here(leaf);
    node_.wait_number = record.wait_number();
    record.waits_for_tasks = true;
    target_.joiners.push_back(node_);
}

}  // namespace nebula::task_detail
