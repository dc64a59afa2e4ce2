// SPDX-License-Identifier: MIT
#include "nebula/task/detail/scheduler.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/log.hpp"
#include "nebula/task/detail/promise.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace nebula::task_detail {
namespace {

// The longest time between two looks for stuck tasks: each look walks over all of them.
constexpr double kStuckLookSeconds = 1.0;

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
    enroll(record);
    if (depth_ < Runtime::kEagerDepth) {
        resume(record);
        if (depth_ == 0) ring_for_what_is_left();
    } else {
        ready_.push_back(record);
    }
}

void Scheduler::enroll(TaskRecord& record) noexcept {
    record.id = next_id_++;
    record.spawned_at = record.waits_since = now_seconds(TaskClock::Real);
    live_.push_back(record);
    ++live_count_;
}

void Scheduler::pump() {
    if (pumping_ || depth_ > 0) {
        missed_pump_ = true;
        return;
    }
    pumping_ = true;
    ++stats_.pumps;
    open_inbox();
    const bool limited = budget_ > Clock::duration::zero();
    if (limited) pump_began_ = Clock::now();
    // What becomes ready from here on has its turn in the next pump.
    batch_.append(ready_);
    while (!batch_.empty()) {
        if (limited && budget_is_spent()) {
            cut_in_frame_ = true;
            batch_.append(ready_);  // what was cut stays in front
            ready_.append(batch_);
            break;
        }
        resume(batch_.pop_front());
    }
    if (limited) spent_ += Clock::now() - pump_began_;
    pumping_ = false;
    ring_for_what_is_left();
}

bool Scheduler::budget_is_spent() const noexcept {
    return resumed_in_frame_ && spent_ + (Clock::now() - pump_began_) >= budget_;
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
        if (record.unborn()) {
            if (mail.cancelled) record.cancel_requested = true;
            start_posted(record);
            continue;
        }
        if (mail.cancelled) cancel(record, AsyncErrorCode::TaskCancelled);
        if (!mail.woken) continue;
        if (record.state == TaskState::Pending) {
            make_ready(record);
        } else if (record.state == TaskState::Away) {
            arrive(record);
        }
    }
}

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
    ready_.append(ready_in_[index(phase)]);
    IntrusiveList<FrameWaiter, FrameTag> due;
    due.append(waiters_[index(phase)]);
    while (!due.empty()) {
        FrameWaiter& waiter = due.pop_front();
        if (--waiter.left > 0) {
            waiters_[index(phase)].push_back(waiter);
        } else {
            make_ready(*waiter.record);
        }
    }
}

void Scheduler::advance(TaskClock clock, double seconds) noexcept {
    double& now = now_seconds_[index(clock)];
    now += seconds;
    TimerHeap& timers = timers_[index(clock)];
    while (Timer* const timer = timers.soonest()) {
        if (timer->deadline > now) break;
        TaskRecord& record = *timer->record;
        timers.remove(*timer);
        make_ready(record);
    }
}

void Scheduler::pump_phase(Phase phase) {
    phase_ = phase;
    pump();
    phase_.reset();
}

void Scheduler::wait_for_time(Timer& timer, double seconds, TaskClock clock) {
    // Not a number: now.
    timer.deadline = now_seconds(clock) + (seconds > 0.0 ? seconds : 0.0);
    timers_[index(clock)].add(timer);
}

void Scheduler::make_ready(TaskRecord& record) noexcept {
    NEBULA_ASSERT(record.state == TaskState::Pending, "only a waiting task becomes ready");
    record.state = TaskState::Ready;
    const bool later = record.resume_in && record.resume_in != phase_;
    (later ? ready_in_[index(*record.resume_in)] : ready_).push_back(record);
}

bool Scheduler::resume_here(TaskRecord& record) noexcept {
    if (pumping_ || depth_ > 0 || destroying_ || record.state != TaskState::Pending) return false;
    resume(record);
    ring_for_what_is_left();
    return true;
}

void Scheduler::resume(TaskRecord& record) noexcept {
    // Whoever asked for the cancel may be gone with what the task would touch.
    if (record.cancel_is_due()) return cancel(record, AsyncErrorCode::TaskCancelled);
    ++stats_.resumes;
    resumed_in_frame_ = true;
    record.state = TaskState::Polling;
    record.resume_in.reset();
    ++depth_;
    record.leaf->self().resume();
    --depth_;
    if (has_ended(record)) {
        finish(record);
    } else if (record.cancel_requested) {
        doom(record, record.end_code);
    } else if (record.departing != nullptr) {
        depart(record);
    } else if (std::exchange(record.turn_again, false)) {
        record.state = TaskState::Ready;
        ready_.push_back(record);
    } else {
        record.state = TaskState::Pending;
    }
}

void Scheduler::start_posted(TaskRecord& record) noexcept {
    if (record.cancel_requested || closed_) {
        record.forget_start();
        record.state = TaskState::Gone;
        if (closed_) record.end_code = AsyncErrorCode::RuntimeClosed;
        record.seal();
        record.wake_joiners();
        record.drop_owner();
        return;
    }
    PromiseBase* const chain = record.start();
    if (chain == nullptr) {
        record.state = TaskState::Done;
        record.seal();
        record.wake_joiners();
        record.drop_owner();
        return;
    }
    chain->enter_as_root(record);
    enroll(record);
    ready_.push_back(record);  // and so begins in this very pump
}

void Scheduler::depart(TaskRecord& record) noexcept {
    Departure& departure = *std::exchange(record.departing, nullptr);
    record.state = TaskState::Away;
    record.away = true;
    ++away_count_;
    ++depth_;  // a pool without threads may run the task inside this call
    departure.depart(record);
    --depth_;
}

void Scheduler::arrive(TaskRecord& record) noexcept {
    --away_count_;
    record.away = false;
    record.state = TaskState::Pending;
    if (has_ended(record)) {
        finish(record);
    } else if (record.cancel_requested) {
        doom(record, record.end_code);
    } else {
        make_ready(record);
    }
}

void Scheduler::wait_for_travellers() noexcept {
    while (away_count_ > 0) {
        inbox_->wait_until_not_empty();
        open_inbox();
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
    if (record.state == TaskState::Away && record.revoke_trip()) {
        --away_count_;
        record.state = TaskState::Pending;
    }
    if (record.state == TaskState::Polling || record.state == TaskState::Away || record.unborn()) {
        if (!std::exchange(record.cancel_requested, true)) record.end_code = why;
        return;
    }
    doom(record, why);
}

void Scheduler::cancel_and_wait(TaskRecord& record) noexcept {
    record.add_owner();  // its end may take the caller's handle with it
    cancel(record, AsyncErrorCode::TaskCancelled);
    while (record.state == TaskState::Away) {
        inbox_->wait_until_not_empty();
        open_inbox();
    }
    record.drop_owner();
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
    // in the list until their resume() ends them, and those with a worker until they are back; put
    // them aside meanwhile.
    IntrusiveList<TaskRecord, LiveTag> not_yet;
    while (!live_.empty()) {
        TaskRecord& newest = live_.back();
        cancel(newest, AsyncErrorCode::RuntimeClosed);
        if (newest.state == TaskState::Polling) newest.seal();
        if (newest.ended()) continue;
        static_cast<ListHook<LiveTag>&>(newest).unlink();
        not_yet.push_back(newest);
    }
    live_.append(not_yet);
    wait_for_travellers();
    inbox_->set_on_wake({});
    TaskRecord* next = inbox_->close();
    while (next != nullptr) {
        TaskRecord& record = *next;
        next = record.inbox_next();
        (void)record.open_mail();  // gives back the inbox's reference
        if (record.unborn()) start_posted(record);
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

TaskInfo Scheduler::describe(const TaskRecord& record) const {
    const double now = now_seconds(TaskClock::Real);
    const char* reason = record.reason;
    if (record.state == TaskState::Polling) reason = "running";
    if (record.state == TaskState::Away) reason = "on a worker";
    return {record.id,
            std::string(record.name()),
            record.state,
            record.site,
            reason,
            now - record.spawned_at,
            now - record.waits_since};
}

std::vector<TaskInfo> Scheduler::live_tasks() {
    std::vector<TaskInfo> rows;
    rows.reserve(live_count_);
    live_.for_each([&](const TaskRecord& record) { rows.push_back(describe(record)); });
    return rows;
}

void Scheduler::tell_of_stuck_tasks() {
    const double now = now_seconds(TaskClock::Real);
    if (now - looked_for_stuck_ < std::min(stuck_seconds_, kStuckLookSeconds)) return;
    looked_for_stuck_ = now;
    std::vector<TaskInfo> stuck;  // told afterwards: the handler may cancel and spawn
    live_.for_each([&](TaskRecord& record) {
        if (record.state != TaskState::Pending || record.stuck_told) return;
        if (now - record.waits_since < stuck_seconds_) return;
        record.stuck_told = true;
        stuck.push_back(describe(record));
    });
    for (const TaskInfo& info : stuck)
        if (on_stuck_) on_stuck_(info);
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

void cancel_task_and_wait(TaskRecord& record) noexcept {
    if (record.ended()) return;
    record.scheduler.cancel_and_wait(record);
}

void post(TaskRecord& record) noexcept {
    if (record.post()) return;
    record.forget_start();
    record.state = TaskState::Gone;
    record.end_code = AsyncErrorCode::RuntimeClosed;
    record.drop_owner();
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
