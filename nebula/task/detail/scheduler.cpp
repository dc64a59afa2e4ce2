// SPDX-License-Identifier: MIT
#include "nebula/task/detail/scheduler.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/cache_line.hpp"
#include "nebula/base/exception_text.hpp"
#include "nebula/base/log.hpp"
#include "nebula/base/require.hpp"
#include "nebula/task/detail/promise.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace nebula::task_detail {
namespace {

// The longest time between two looks for stuck tasks: each look walks over all of them.
constexpr double kStuckLookSeconds = 1.0;

UnhandledError describe_error(const TaskRecord& record) {
    const std::exception_ptr error = record.error();
    return {record.id, record.name(), record.site, error, exception_text(error)};
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

/// With a great many tasks every frame is out of the cache when its turn comes: the next one's two
/// first lines are on their way while this one runs.
void fetch_ahead(const TaskRecord& next) noexcept {
    const auto* const promise = reinterpret_cast<const std::byte*>(next.leaf);
    __builtin_prefetch(promise);
    __builtin_prefetch(promise + kCacheLine);
}

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
        gathered_outside_ = true;
    }
}

void Scheduler::enroll(TaskRecord& record) noexcept {
    if (record.id == 0) record.id = next_id_++;
    record.spawned_at = record.waits_since = now_seconds(TaskClock::Real);
    live_.push_back(record);
    ++live_count_;
}

void Scheduler::pump() {
    if (pump_is_refused()) {
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
    gathering_.reset();
    bool phase_had_turn = false;
    while (!batch_.empty()) {
        if (limited && budget_is_spent()) {
            cut_batch(phase_had_turn);
            break;
        }
        TaskRecord& record = batch_.pop_front();
        if (!batch_.empty()) fetch_ahead(batch_.front());
        phase_had_turn = phase_had_turn || record.resume_in.has_value();
        resume(record);
        resumed_in_frame_ = true;
    }
    if (limited) spent_ += Clock::now() - pump_began_;
    pumping_ = false;
    ring_for_what_is_left();
}

void Scheduler::cut_batch(bool phase_had_turn) noexcept {
    // One of those that asked for this phase goes on all the same: the phases before it may use up
    // the budget of every frame.
    TaskRecord* first = nullptr;
    if (!phase_had_turn)
        batch_.for_each([&](TaskRecord& record) {
            if (first == nullptr && record.resume_in) first = &record;
        });
    if (first != nullptr) {
        static_cast<ListHook<ReadyTag>&>(*first).unlink();
        resume(*first);
    }
    if (batch_.empty()) return;
    cut_in_frame_ = true;
    put_back_batch();
}

void Scheduler::put_back_batch() noexcept {
    IntrusiveList<TaskRecord, ReadyTag> rest;
    std::array<IntrusiveList<TaskRecord, ReadyTag>, kPhases> rest_in;
    while (!batch_.empty()) {
        TaskRecord& record = batch_.pop_front();
        (record.resume_in ? rest_in[index(*record.resume_in)] : rest).push_back(record);
    }
    const auto put_in_front = [](auto& cut, auto& list) {
        cut.append(list);
        list.append(cut);
    };
    put_in_front(rest, ready_);
    for (std::size_t i = 0; i < kPhases; ++i) put_in_front(rest_in[i], ready_in_[i]);
}

bool Scheduler::budget_is_spent() const noexcept {
    return resumed_in_frame_ && spent_ + (Clock::now() - pump_began_) >= budget_;
}

void Scheduler::ring_for_what_is_left() noexcept {
    // A pump that was refused has used up the ring it answered.
    const bool missed = std::exchange(missed_pump_, false) && !inbox_->empty();
    const bool gathered = std::exchange(gathered_outside_, false) && !ready_.empty();
    if ((missed || gathered) && !closed_) inbox_->ring();
}

void Scheduler::open_inbox() noexcept {
    // What an open_inbox() below us has taken and not opened yet is opened here: the mail that a
    // destructor waits for may be in there.
    TaskRecord* const taken = inbox_->take();
    if (unopened_ == nullptr) {
        unopened_ = taken;
    } else {
        TaskRecord* last = unopened_;
        while (last->inbox_next() != nullptr) last = last->inbox_next();
        last->set_inbox_next(taken);
    }
    while (unopened_ != nullptr) {
        TaskRecord& record = *unopened_;
        unopened_ = record.inbox_next();  // before the mail is opened: then it may be queued again
        open_mail_of(record);
    }
}

void Scheduler::open_mail_of(TaskRecord& record) noexcept {
    // All that is asked of an ended record is asked before: its last reference may go here.
    const bool unborn = record.unborn();
    const TaskRecord::Mail mail = record.open_mail();
    if (unborn) {
        if (mail.cancelled) record.cancel_requested = true;
        start_posted(record);
        return;
    }
    if (mail.cancelled) {
        const bool stays = mail.woken && record.state == TaskState::Away;
        cancel(record, AsyncErrorCode::TaskCancelled);
        if (!stays) return;  // the cancel may have been its end
    }
    if (!mail.woken) return;
    switch (record.state) {
        case TaskState::Pending:
            make_ready(record);
            break;
        case TaskState::Away:
            arrive(record);
            break;
        case TaskState::Polling:
            // It runs below us, inside the await_suspend whose wait is over already.
            record.woken_early = true;
            break;
        default:
            break;
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
    // Below a task nobody is resumed: whose wait ends here goes on in the next such phase, and not
    // in whatever pump comes next.
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
    // One frame may not spoil the clock for all that follow: a game that sets its time scale to
    // infinity has one such delta.
    constexpr double longest_frame = 1e6;
    double& now = now_seconds_[index(clock)];
    if (seconds > 0.0) now += std::isinf(seconds) ? 0.0 : std::min(seconds, longest_frame);
    TimerHeap& timers = timers_[index(clock)];
    while (Timer* const timer = timers.soonest()) {
        if (timer->deadline > now) break;
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

void Scheduler::wait_for_time(Timer& timer, double seconds, TaskClock clock) {
    require_argument(index(clock) < kTaskClocks, "there is no such TaskClock");
    // Not a number: now.
    timer.deadline = now_seconds(clock) + (seconds > 0.0 ? seconds : 0.0);
    timers_[index(clock)].add(timer);
}

void Scheduler::make_ready(TaskRecord& record) noexcept {
    // A task that is ending leaves its waits one destructor after the other.
    if (record.state != TaskState::Pending) return;
    record.state = TaskState::Ready;
    const bool later = record.resume_in && record.resume_in != gathering_;
    (later ? ready_in_[index(*record.resume_in)] : ready_).push_back(record);
}

bool Scheduler::resume_here(TaskRecord& record) noexcept {
    if (pump_is_refused() || record.state != TaskState::Pending) return false;
    if (record.resume_in && record.resume_in != phase_) return false;
    record.see_wakes();
    resume(record);
    ring_for_what_is_left();
    return true;
}

bool Scheduler::may_run(TaskRecord& record) noexcept {
    TaskRecord* due = nullptr;  // the topmost: its end is that of all below it
    bool asked = false;         // and it waits for a part of it that is on the stack or away
    for (TaskRecord* task = &record; task != nullptr; task = task->parent) {
        if (task->cancel_is_due()) due = task;
        asked = asked || task->is_asked_to_end();
    }
    if (due == nullptr && !asked) [[likely]]
        return true;
    // It keeps its turn, should it outlive that task after all; before the cancel, which may be its
    // end.
    record.state = TaskState::Pending;
    make_ready(record);
    if (due != nullptr) cancel(*due, AsyncErrorCode::TaskCancelled);
    return false;
}

bool Scheduler::is_asked_to_end(const TaskRecord& record) noexcept {
    for (const TaskRecord* task = &record; task != nullptr; task = task->parent)
        if (task->is_asked_to_end()) return true;
    return false;
}

void Scheduler::resume(TaskRecord& record) noexcept {
    // Whoever asked for a cancel may be gone with what the task, or a branch of it, would touch.
    if (!may_run(record)) return;
    ++stats_.resumes;
    record.state = TaskState::Polling;
    record.resume_in.reset();
    record.below = std::exchange(running_, &record);
    ++depth_;
    record.leaf->self().resume();
    --depth_;
    TaskRecord* const below = record.below;  // our own record may be gone below
    TaskRecord* const parent = record.parent;
    if (parent != nullptr) parent->retain();
    if (has_ended(record)) {
        finish(record);
    } else if (record.cancel_requested) {
        doom_when_home(record);
    } else if (record.departing != nullptr) {
        if (ancestors_asked_ && is_asked_to_end(record)) {
            record.departing = nullptr;
            record.trip_lost = true;
            record.state = TaskState::Pending;
            make_ready(record);
        } else {
            depart(record);
        }
    } else {
        record.state = TaskState::Pending;
        if (std::exchange(record.turn_again, false) || record.woken_early) make_ready(record);
    }
    running_ = below;
    if (parent != nullptr) {
        if (ancestors_asked_) end_ancestors(*parent);
        parent->release();
    }
    if (below == nullptr && away_.empty()) ancestors_asked_ = false;
}

void Scheduler::start_posted(TaskRecord& record) noexcept {
    record.id = next_id_++;
    if (record.cancel_requested || closed_) {
        record.forget_start();
        return record.end_unstarted(TaskState::Gone, closed_ ? AsyncErrorCode::RuntimeClosed
                                                             : AsyncErrorCode::TaskCancelled);
    }
    PromiseBase* const chain = record.start();
    if (chain == nullptr) {
        record.failed = true;
        return record.end_unstarted(TaskState::Done, record.end_code);
    }
    chain->enter_as_root(record);
    enroll(record);
    ready_.push_back(record);  // and so begins in this very pump
}

void Scheduler::depart(TaskRecord& record) noexcept {
    Departure& departure = *std::exchange(record.departing, nullptr);
    record.state = TaskState::Away;
    record.away = true;
    away_.push_back(record);
    count_parts_away(&record, 1);
    ++depth_;  // a pool that runs inline runs the task inside this call
    departure.depart(record);
    --depth_;
}

void Scheduler::count_parts_away(TaskRecord* lowest, std::uint32_t change) noexcept {
    for (TaskRecord* task = lowest; task != nullptr; task = task->parent)
        task->parts_away += change;
}

void Scheduler::leave_parent(TaskRecord& record) noexcept {
    if (record.parts_away != 0) count_parts_away(record.parent, 0U - record.parts_away);
    record.parent = nullptr;
}

void Scheduler::arrive(TaskRecord& record) noexcept {
    static_cast<ListHook<ReadyTag>&>(record).unlink();
    count_parts_away(&record, 0U - 1U);
    record.away = false;
    record.state = TaskState::Pending;
    TaskRecord* const parent = record.parent;  // as in resume()
    if (parent != nullptr) parent->retain();
    if (has_ended(record)) {
        finish(record);
    } else if (record.cancel_requested) {
        doom_when_home(record);
    } else {
        make_ready(record);
    }
    if (parent != nullptr) {
        if (ancestors_asked_) end_ancestors(*parent);
        parent->release();
    }
}

void Scheduler::doom_when_home(TaskRecord& record) noexcept {
    record.state = TaskState::Pending;
    take_back(record);
    if (record.parts_away != 0) {
        ancestors_asked_ = true;
    } else {
        doom(record, record.end_code);
    }
}

void Scheduler::take_back(TaskRecord& record) noexcept {
    if (record.parts_away == 0) return;  // so that cancels do not look at what others have away
    if (record.parts_away == 1 && record.state == TaskState::Away) return take_back_one(record);
    IntrusiveList<TaskRecord, ReadyTag> all;
    all.append(away_);
    while (!all.empty()) {
        TaskRecord& traveller = all.pop_front();
        away_.push_back(traveller);
        if (is_part(traveller, record)) take_back_one(traveller);
    }
}

void Scheduler::take_back_one(TaskRecord& traveller) noexcept {
    if (!traveller.revoke_trip()) return traveller.call_home();
    static_cast<ListHook<ReadyTag>&>(traveller).unlink();
    traveller.state = TaskState::Pending;
    count_parts_away(&traveller, 0U - 1U);
}

bool Scheduler::is_part(const TaskRecord& task, const TaskRecord& of) noexcept {
    for (const TaskRecord* above = &task; above != nullptr; above = above->parent)
        if (above == &of) return true;
    return false;
}

void Scheduler::wait_for_parts(const TaskRecord& record) noexcept {
    if (record.parts_away == 0) return;
    gathered_outside_ = true;
    open_inbox();  // it may be home already, in mail that was taken and not opened
    wait_for_travellers([&](const TaskRecord& task) { return is_part(task, record); });
}

template <class Which>
void Scheduler::wait_for_travellers(Which which) noexcept {
    const auto elsewhere = [&] {
        bool found = false;
        away_.for_each(
            [&](const TaskRecord& task) { found = found || (!task.travels_here && which(task)); });
        return found;
    };
    while (elsewhere()) {
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
    record.failed = record.collect(*record.root);
    leave(record, TaskState::Done);
    ++depth_;  // a pump in a destructor of a local or a parameter resumes nobody
    std::exchange(record.root, nullptr)->self().destroy();  // its children have ended before
    leave_parent(record);
    record.wake_joiners();
    record.drop_owner();  // the runtime's share; reports an exception nobody can receive
    --depth_;
}

void Scheduler::cancel(TaskRecord& record, AsyncErrorCode why) noexcept {
    NEBULA_ASSERT(inbox_->on_owner_thread(),
                  "cancel() is for the thread of the runtime; elsewhere use request_cancel()");
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
    record.add_owner();  // its end may take the caller's handle with it
    if (record.unborn()) record.forget_start();
    cancel(record, AsyncErrorCode::TaskCancelled);
    NEBULA_ASSERT(!record.travels_here,
                  "a task that a pool runs on this very thread cannot be waited for");
    wait_for_parts(record);
    // Below a destructor that another cancel runs it is only marked; the caller needs it gone.
    if (record.state == TaskState::Gone && record.leaf != nullptr) destroy(record);
    record.drop_owner();
    if (!pump_is_refused()) ring_for_what_is_left();
}

void Scheduler::cancel_now(TaskRecord& record) noexcept {
    if (record.state == TaskState::Gone) {
        if (record.leaf == nullptr) return;  // gone, or going, below us
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
    // What ends one may end those above it: each is kept while we look at it.
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
    // Destructors that cancel add to the list instead of nesting: any chain of them is flat.
    const Destroying destroying(*this);
}

void Scheduler::destroy(TaskRecord& doomed) noexcept {
    static_cast<ListHook<ReadyTag>&>(doomed).unlink();
    doomed.root = nullptr;
    PromiseBase::destroy_chain(std::exchange(doomed.leaf, nullptr));
    leave_parent(doomed);
    doomed.wake_joiners();
    doomed.drop_owner();
}

void Scheduler::shutdown() noexcept {
    if (std::exchange(closed_, true)) return;
    // Destructors may cancel, so take the newest anew each time. Tasks on the stack below us stay
    // in the list until their resume() ends them, and those with a worker until they are back; put
    // them aside meanwhile.
    IntrusiveList<TaskRecord, LiveTag> not_yet;
    while (!live_.empty()) {
        TaskRecord& newest = live_.back();
        newest.retain();  // the cancel may be its end
        cancel(newest, AsyncErrorCode::RuntimeClosed);
        if (!newest.ended()) {
            if (newest.state != TaskState::Away) newest.seal();  // who is away comes home by a wake
            static_cast<ListHook<LiveTag>&>(newest).unlink();
            not_yet.push_back(newest);
        }
        newest.release();
    }
    live_.append(not_yet);
    NEBULA_ASSERT(travellers_here_ == 0,
                  "a task that a pool runs on this very thread shuts its runtime down");
    wait_for_travellers([](const TaskRecord&) { return true; });
    inbox_->set_on_wake({});
    TaskRecord* next = inbox_->close();
    while (next != nullptr) {
        TaskRecord& record = *next;
        next = record.inbox_next();
        const bool unborn = record.unborn();
        // Who finds the inbox closed gives back a reference that seal() has counted.
        if (unborn) record.seal();
        (void)record.open_mail();  // gives back the inbox's reference
        if (unborn) start_posted(record);
    }
}

void Scheduler::report(TaskRecord& record) noexcept {
    try {
        const UnhandledError told = describe_error(record);
        // A copy: the handler may set another.
        if (const auto handler = on_unhandled_; handler && *handler) {
            (*handler)(told);
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
    // Else its last wait may be over and gone: one that ended in its own await_suspend, say.
    const bool waits = record.state == TaskState::Pending || record.state == TaskState::Ready;
    return {record.id,
            std::string(record.name()),
            record.state,
            record.site,
            reason,
            waits ? record.detail() : std::string(),
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
        if (record.state != TaskState::Pending || record.stuck_told || record.ends_by_clock) return;
        if (now - record.waits_since < stuck_seconds_) return;
        record.stuck_told = true;
        stuck.push_back(describe(record));
    });
    const auto handler = on_stuck_;  // a copy: the handler may set another
    if (!handler || !*handler) return;
    try {
        for (const TaskInfo& info : stuck) (*handler)(info);
    } catch (...) {
        log(LogLevel::Error, "a stuck task could not be told: the handler threw");
    }
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
    record.end_unstarted(TaskState::Gone, AsyncErrorCode::RuntimeClosed);
}

void throw_joined_elsewhere() {
    throw WrongThread("a task is joined on the thread of its runtime");
}

void throw_no_result(const TaskRecord& record) {
    if (record.state == TaskState::Gone) throw_async_error(record.end_code, record.name());
    throw NotReady(record.name());
}

void JoinWait::begin(PromiseBase& leaf) {
    require_state(&leaf.record() != &target_, "a task that waits for itself would never end");
    node_.record = &suspend_here(leaf);
    node_.ticket = node_.record->ticket();
    target_.joiners.push_back(node_);
}

}  // namespace nebula::task_detail
