// SPDX-License-Identifier: MIT
// The pump, and the resume of one task.
#include "nebula/task/detail/scheduler.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/cache_line.hpp"
#include "nebula/task/detail/promise.hpp"

#include <cstddef>
#include <utility>

namespace nebula::task_detail {
namespace {

/// With very many tasks, every frame is out of the cache when its turn comes. So the first two
/// cache lines of the next one are fetched while this one runs.
void fetch_ahead(const TaskRecord& next) noexcept {
    const auto* const promise = reinterpret_cast<const std::byte*>(next.leaf);
    __builtin_prefetch(promise);
    __builtin_prefetch(promise + kCacheLine);
}

}  // namespace

Scheduler::Scheduler(Runtime& runtime) : runtime_(runtime), inbox_(new Inbox) {}

Scheduler::~Scheduler() {
    NEBULA_ASSERT(depth_ == 0 && !destroying_, "a runtime must not be destroyed by its own tasks");
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
    // Tasks that become ready from here on run in the next pump.
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
    if (frame_pool_.pool().is_unsettled()) frame_pool_.pool().settle(Clock::now());
    pumping_ = false;
    ring_for_what_is_left();
}

void Scheduler::cut_batch(bool phase_had_turn) noexcept {
    // One of the tasks that asked for this phase runs nevertheless: earlier phases may use up the
    // budget of every frame.
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
    // A refused pump has consumed the ring that asked for it.
    const bool missed = std::exchange(missed_pump_, false) && !inbox_->empty();
    const bool gathered = std::exchange(gathered_outside_, false) && !ready_.empty();
    if ((missed || gathered) && !closed_) inbox_->ring();
}

void Scheduler::open_inbox() noexcept {
    // Mail that an open_inbox() below us has taken and not opened yet is opened here: it may be
    // what a destructor is waiting for.
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
        unopened_ = record.inbox_next();  // before opening the mail: then it may be queued again
        open_mail_of(record);
    }
}

void Scheduler::open_mail_of(TaskRecord& record) noexcept {
    // An ended record is read only before open_mail(), which may drop the last reference.
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
        if (!stays) return;  // the cancel may have ended it
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
            // It runs below us, inside the await_suspend of a wait that is already over.
            record.woken_early = true;
            break;
        default:
            break;
    }
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
    TaskRecord* due = nullptr;  // the topmost: its end is the end of all below it
    bool asked = false;         // it is waiting for a part of it that is on the stack or away
    for (TaskRecord* task = &record; task != nullptr; task = task->parent) {
        if (task->cancel_is_due()) due = task;
        asked = asked || task->is_asked_to_end();
    }
    if (due == nullptr && !asked) [[likely]]
        return true;
    // It keeps its turn in case it outlives that task; before the cancel, which may end it.
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

bool Scheduler::has_ended(const TaskRecord& record) noexcept {
    return record.escaped || record.root->self().done();
}

void Scheduler::resume(TaskRecord& record) noexcept {
    // The code that requested a cancel may have destroyed what the task or its branches would use.
    if (!may_run(record)) return;
    ++stats_.resumes;
    record.state = TaskState::Polling;
    record.resume_in.reset();
    record.below = std::exchange(running_, &record);
    ++depth_;
    record.resume_leaf();
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
    ready_.push_back(record);  // so it begins in this pump
}

}  // namespace nebula::task_detail
