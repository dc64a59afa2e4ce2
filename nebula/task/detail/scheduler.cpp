// SPDX-License-Identifier: MIT
#include "nebula/task/detail/scheduler.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/log.hpp"
#include "nebula/task/detail/promise.hpp"

#include <string>
#include <utility>

namespace nebula::task_detail {
namespace {

UnhandledError describe_error(const TaskRecord& record) {
    UnhandledError told{record.id, record.name(), record.site, record.error(), {}};
    try {
        std::rethrow_exception(told.error);
    } catch (const std::exception& error) {
        told.what = error.what();
    } catch (...) {
        told.what = "an exception that is not a std::exception";
    }
    return told;
}

void log_error(const UnhandledError& told) {
    std::string line = "task '";
    line.append(told.task_name).append("' (#").append(std::to_string(told.task_id));
    line.append(") ended with an exception: ").append(told.what);
    line.append("; its last wait was at ").append(told.site.file_name());
    line.append(":").append(std::to_string(told.site.line()));
    log(LogLevel::Error, line);
}

/// The innermost suspended coroutine has returned to us; is it the root's end?
bool has_ended(const TaskRecord& record) noexcept { return record.root->self().done(); }

}  // namespace

Scheduler::Scheduler(Runtime& runtime) : runtime_(runtime), inbox_(new Inbox) {}

Scheduler::~Scheduler() {
    NEBULA_ASSERT(depth_ == 0 && !destroying_, "a runtime may not be destroyed by its own tasks");
    shutdown();
    inbox_->release();
}

void Scheduler::admit(TaskRecord& record, PromiseBase& root) {
    root.enter_as_root(record);
    record.id = next_id_++;
    record.spawned_at = record.waits_since = now_seconds_;
    live_.push_back(record);
    ++live_count_;
    if (depth_ < Runtime::kEagerDepth) {
        resume(record);
        if (depth_ == 0) ring_for_what_is_left();
    } else {
        ready_.push_back(record);
    }
}

void Scheduler::pump() {
    if (pumping_ || depth_ > 0) {
        missed_pump_ = true;
        return;
    }
    pumping_ = true;
    open_inbox();
    // What becomes ready from here on has its turn in the next pump.
    batch_.take_all(ready_);
    while (!batch_.empty()) resume(batch_.pop_front());
    pumping_ = false;
    ring_for_what_is_left();
}

void Scheduler::ring_for_what_is_left() noexcept {
    // A pump that was refused has used up the ring it answered.
    if (std::exchange(missed_pump_, false) && !closed_ && !inbox_->empty()) inbox_->ring();
}

void Scheduler::open_inbox() noexcept {
    TaskRecord* next = inbox_->take();
    while (next != nullptr) {
        TaskRecord& record = *next;
        next = record.inbox_next();  // before the mail is opened: then it may be queued again
        const TaskRecord::Mail mail = record.open_mail();
        if (mail.cancelled) {
            cancel(record, AsyncErrorCode::TaskCancelled);
        } else if (mail.woken && record.state == TaskState::Pending) {
            make_ready(record);
        }
    }
}

void Scheduler::begin_frame(FrameTime time) {
    if (closed_) return;
    frame_time_ = time;
    now_seconds_ += time.delta_seconds;
    while (!frame_waiters_.empty()) make_ready(*frame_waiters_.pop_front().record);
    while (Timer* const timer = timers_.soonest()) {
        if (timer->deadline > now_seconds_) break;
        TaskRecord& record = *timer->record;
        timers_.remove(*timer);
        make_ready(record);
    }
    pump();
}

void Scheduler::wait_for_time(Timer& timer, double seconds) {
    timer.deadline = now_seconds_ + (seconds > 0.0 ? seconds : 0.0);  // not a number: now
    timers_.add(timer);
}

void Scheduler::make_ready(TaskRecord& record) noexcept {
    NEBULA_ASSERT(record.state == TaskState::Pending, "only a waiting task becomes ready");
    record.state = TaskState::Ready;
    ready_.push_back(record);
}

void Scheduler::resume(TaskRecord& record) noexcept {
    record.state = TaskState::Polling;
    ++depth_;
    record.leaf->self().resume();
    --depth_;
    if (has_ended(record)) {
        finish(record);
    } else if (record.cancel_requested) {
        doom(record, record.end_code);
    } else if (std::exchange(record.turn_again, false)) {
        record.state = TaskState::Ready;
        ready_.push_back(record);
    } else {
        record.state = TaskState::Pending;
    }
}

void Scheduler::leave(TaskRecord& record, TaskState state) noexcept {
    record.state = state;
    record.seal();
    static_cast<ListHook<LiveTag>&>(record).unlink();
    static_cast<ListHook<ReadyTag>&>(record).unlink();
    --live_count_;
}

void Scheduler::finish(TaskRecord& record) noexcept {
    record.collect(*record.root);
    leave(record, TaskState::Done);
    PromiseBase::destroy_chain(std::exchange(record.root, nullptr));
    record.wake_joiners();
    record.drop_owner();  // the runtime's share; reports an exception nobody can receive
}

void Scheduler::cancel(TaskRecord& record, AsyncErrorCode why) noexcept {
    if (record.ended()) return;
    if (record.state == TaskState::Polling) {
        if (!std::exchange(record.cancel_requested, true)) record.end_code = why;
        return;
    }
    doom(record, why);
}

void Scheduler::doom(TaskRecord& record, AsyncErrorCode why) noexcept {
    record.end_code = why;
    leave(record, TaskState::Gone);
    doomed_.push_back(record);
    // Destructors that cancel add to the list instead of nesting: any chain of them is flat.
    if (std::exchange(destroying_, true)) return;
    while (!doomed_.empty()) {
        TaskRecord& next = doomed_.pop_front();
        next.root = nullptr;
        PromiseBase::destroy_chain(std::exchange(next.leaf, nullptr));
        next.wake_joiners();
        next.drop_owner();
    }
    destroying_ = false;
}

void Scheduler::shutdown() noexcept {
    if (std::exchange(closed_, true)) return;
    // Destructors may cancel, so take the newest anew each time. Tasks on the stack below us stay
    // in the list until their resume() ends them; put them aside meanwhile.
    IntrusiveList<TaskRecord, LiveTag> on_stack;
    while (!live_.empty()) {
        TaskRecord& newest = live_.back();
        if (newest.state != TaskState::Polling) {
            doom(newest, AsyncErrorCode::RuntimeClosed);
        } else {
            cancel(newest, AsyncErrorCode::RuntimeClosed);
            newest.seal();
            static_cast<ListHook<LiveTag>&>(newest).unlink();
            on_stack.push_back(newest);
        }
    }
    live_.take_all(on_stack);
    inbox_->set_on_wake({});
    TaskRecord* next = inbox_->close();
    while (next != nullptr) {
        TaskRecord& record = *next;
        next = record.inbox_next();
        (void)record.open_mail();  // gives back the inbox's reference
    }
}

void Scheduler::report(TaskRecord& record) noexcept {
    try {
        const UnhandledError told = describe_error(record);
        if (on_unhandled) {
            on_unhandled(told);
        } else {
            log_error(told);
        }
    } catch (...) {
        log(LogLevel::Error, "a task's exception could not be told: the handler threw");
    }
}

std::vector<TaskInfo> Scheduler::live_tasks() {
    std::vector<TaskInfo> rows;
    rows.reserve(live_count_);
    live_.for_each([&](TaskRecord& record) {
        const char* const reason = record.state == TaskState::Polling ? "running" : record.reason;
        rows.push_back({record.id, std::string(record.name()), record.state, record.site, reason,
                        now_seconds_ - record.spawned_at, now_seconds_ - record.waits_since});
    });
    return rows;
}

void report_unhandled(TaskRecord& record) noexcept {
    if (record.inbox().on_owner_thread() && !record.inbox().closed()) {
        record.scheduler.report(record);
        return;
    }
    try {
        log_error(describe_error(record));
    } catch (...) {
        log(LogLevel::Error, "a task's exception could not be told: out of memory");
    }
}

void cancel_task(TaskRecord& record) noexcept {
    if (record.ended()) return;
    record.scheduler.cancel(record, AsyncErrorCode::TaskCancelled);
}

void check_joinable(const TaskRecord& record) {
    if (!record.inbox().on_owner_thread())
        throw WrongThread("a task is joined on the thread of its runtime");
}

void require_result(TaskRecord& record) {
    if (record.state == TaskState::Gone) throw_async_error(record.end_code, record.name());
    if (record.state != TaskState::Done) throw NotReady(record.name());
    record.error_observed = true;
}

void JoinWait::begin(PromiseBase& leaf) noexcept {
    NEBULA_ASSERT(&leaf.record() != &target_, "a task cannot wait for itself");
    node_.record = &suspend_here(leaf);
    node_.ticket = node_.record->ticket();
    target_.joiners.push_back(node_);
}

}  // namespace nebula::task_detail
