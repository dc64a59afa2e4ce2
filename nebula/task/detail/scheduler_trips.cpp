// SPDX-License-Identifier: MIT
// Tasks on workers: README.md, "Hops".
#include "nebula/task/detail/scheduler.hpp"

#include "nebula/threading/detail/slow_wait.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>
#include <utility>

namespace nebula::task_detail {

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
    if (record.parts_away == 0) return;  // so that a cancel does not look at the parts of others
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
    open_inbox();  // it may already be home, in mail that was taken and not opened
    wait_for_travellers(&record);
}

const TaskRecord* Scheduler::find_traveller(const TaskRecord* of) noexcept {
    const TaskRecord* found = nullptr;
    away_.for_each([&](const TaskRecord& task) {
        if (found == nullptr && !task.travels_here && (of == nullptr || is_part(task, *of)))
            found = &task;
    });
    return found;
}

void Scheduler::wait_for_travellers(const TaskRecord* of) noexcept {
    constexpr auto most_nap = std::chrono::microseconds(1000);
    nebula::detail::SlowWait slow;
    auto nap = std::chrono::microseconds(10);
    while (const TaskRecord* const traveller = find_traveller(of)) {
        // Growing naps instead of a sleep until the wake, because delays must be reported.
        if (inbox_->empty()) {
            std::this_thread::sleep_for(nap);
            nap = std::min(2 * nap, most_nap);
        } else {
            open_inbox();
            nap = std::chrono::microseconds(10);
        }
        slow.tell_if_due([&](std::int64_t seconds) { return waits_for(*traveller, seconds); });
    }
}

}  // namespace nebula::task_detail
