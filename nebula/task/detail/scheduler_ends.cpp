// SPDX-License-Identifier: MIT
// How tasks end: finished, cancelled, shut down.
#include "nebula/task/detail/scheduler.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/log.hpp"
#include "nebula/task/detail/promise.hpp"

#include <utility>

namespace nebula::task_detail {

void Scheduler::finish(TaskRecord& record) noexcept {
    if (record.escaped) return finish_escaped(record);
    record.failed = record.collect(*record.root);
    leave(record, TaskState::Done);
    ++depth_;  // a pump in a destructor of a local or a parameter must not resume anything
    try {
        std::exchange(record.root, nullptr)->self().destroy();  // its children have already ended
    } catch (...) {
        tell_of_throwing_destructor(&record);  // from a parameter
    }
    leave_parent(record);
    record.wake_joiners();
    record.drop_owner();  // the runtime's share; reports an exception nobody can receive
    --depth_;
}

void Scheduler::finish_escaped(TaskRecord& record) noexcept {
    log(LogLevel::Error,
        "an exception left a task through code that was built without exceptions: its frames "
        "cannot be destroyed, and their memory is lost. Await fallible(...) in such code");
    record.failed = true;
    leave(record, TaskState::Done);
    record.root = record.leaf = nullptr;
    record.retain();  // forever: branches in the lost frames still refer to it
    leave_parent(record);
    record.wake_joiners();
    record.drop_owner();
}

void Scheduler::cancel(TaskRecord& record, AsyncErrorCode why) noexcept {
    NEBULA_ASSERT(inbox_->on_owner_thread(),
                  "cancel() must be called on the thread of the runtime; on other threads use "
                  "request_cancel()");
    if (record.ended()) return;
    take_back(record);
    if (has_running_part(record) || record.unborn()) {
        if (!std::exchange(record.cancel_requested, true)) record.end_code = why;
        ancestors_asked_ = true;
        return;
    }
    doom(record, why);
}

void Scheduler::cancel_and_wait(TaskRecord& record) noexcept {
    record.add_owner();  // its end may destroy the caller's handle
    if (record.unborn()) record.forget_start();
    cancel(record, AsyncErrorCode::TaskCancelled);
    NEBULA_ASSERT(!record.travels_here,
                  "a task cannot be waited for on the thread on which a pool is running it");
    wait_for_parts(record);
    // Inside a destructor that another cancel runs, it is only marked, but the caller needs it
    // gone.
    if (record.state == TaskState::Gone && record.leaf != nullptr) destroy(record);
    record.drop_owner();
    if (!pump_is_refused()) ring_for_what_is_left();
}

void Scheduler::cancel_now(TaskRecord& record) noexcept {
    if (record.state == TaskState::Gone) {
        if (record.leaf == nullptr) return;  // destroyed, or being destroyed below us
    } else {
        if (record.ended()) return;
        if (has_running_part(record)) return cancel(record, AsyncErrorCode::TaskCancelled);
        record.end_code = AsyncErrorCode::TaskCancelled;
        leave(record, TaskState::Gone);
    }
    const Destroying destroying(*this);
    destroy(record);
}

void Scheduler::end_now(TaskRecord& record) noexcept {
    record.add_owner();
    cancel_now(record);
    wait_for_parts(record);
    cancel_now(record);
    record.drop_owner();
    if (!pump_is_refused()) ring_for_what_is_left();
}

bool Scheduler::has_running_part(const TaskRecord& record) noexcept {
    for (const TaskRecord* task = running_; task != nullptr; task = task->below)
        if (is_part(*task, record)) return true;
    return record.parts_away != 0;
}

void Scheduler::end_ancestors(TaskRecord& parent) noexcept {
    // Ending a task may end those above it, so each is kept alive while we look at it.
    TaskRecord* ancestor = &parent;
    ancestor->retain();
    while (ancestor != nullptr) {
        TaskRecord* const above = ancestor->parent;
        if (above != nullptr) above->retain();
        if (ancestor->cancel_requested && !ancestor->ended() && !has_running_part(*ancestor))
            doom(*ancestor, ancestor->end_code);
        ancestor->release();
        ancestor = above;
    }
}

Scheduler::Destroying::Destroying(Scheduler& scheduler) noexcept
    : scheduler_(scheduler), outermost_(!std::exchange(scheduler.destroying_, true)) {}

Scheduler::Destroying::~Destroying() {
    if (!outermost_) return;
    while (!scheduler_.doomed_.empty()) scheduler_.destroy(scheduler_.doomed_.front());
    scheduler_.destroying_ = false;
    if (scheduler_.depth_ == 0 && !scheduler_.pumping_) scheduler_.ring_for_what_is_left();
}

void Scheduler::doom(TaskRecord& record, AsyncErrorCode why) noexcept {
    record.end_code = why;
    leave(record, TaskState::Gone);
    doomed_.push_back(record);
    // Destructors that cancel add to the list instead of nesting, so any chain of them is flat.
    const Destroying destroying(*this);
}

void Scheduler::destroy(TaskRecord& doomed) noexcept {
    static_cast<ListHook<ReadyTag>&>(doomed).unlink();
    doomed.root = nullptr;
    PromiseBase::destroy_chain(std::exchange(doomed.leaf, nullptr));
    doomed.leaf = nullptr;  // a body that caught what a destructor threw may have set it again
    leave_parent(doomed);
    doomed.wake_joiners();
    doomed.drop_owner();
}

void Scheduler::shutdown() noexcept {
    if (std::exchange(closed_, true)) return;
    // Destructors may cancel, so look up the newest each time. Tasks on the stack below us stay in
    // the list until their resume() ends them, and those with a worker until they are back; put
    // them aside meanwhile.
    IntrusiveList<TaskRecord, LiveTag> not_yet;
    while (!live_.empty()) {
        TaskRecord& newest = live_.back();
        newest.retain();  // the cancel may end it
        cancel(newest, AsyncErrorCode::RuntimeClosed);
        if (!newest.ended()) {
            if (newest.state != TaskState::Away) newest.seal();  // a task that is away needs a wake
            static_cast<ListHook<LiveTag>&>(newest).unlink();
            not_yet.push_back(newest);
        }
        newest.release();
    }
    live_.append(not_yet);
    NEBULA_ASSERT(travellers_here_ == 0,
                  "a task must not shut its runtime down while a pool is running it on this "
                  "thread");
    wait_for_travellers(nullptr);
    inbox_->set_on_wake({});
    TaskRecord* next = inbox_->close();
    while (next != nullptr) {
        TaskRecord& record = *next;
        next = record.inbox_next();
        const bool unborn = record.unborn();
        // A thread that finds the inbox closed gives back a reference that seal() has counted.
        if (unborn) record.seal();
        (void)record.open_mail();  // gives back the inbox's reference
        if (unborn) start_posted(record);
    }
}

}  // namespace nebula::task_detail
