// SPDX-License-Identifier: MIT
// The reports of a runtime: lost exceptions, stuck tasks, lists of live tasks.
#include "nebula/task/detail/scheduler.hpp"

#include "nebula/base/exception_text.hpp"
#include "nebula/base/log.hpp"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace nebula::task_detail {
namespace {

// The time between two searches for stuck tasks: each search visits all tasks.
constexpr double kStuckLookSeconds = 1.0;

UnhandledError describe_error(const TaskRecord& record, const std::exception_ptr& error,
                              bool in_destructor) {
    std::string what = exception_text(error);
    if (in_destructor) what = "a destructor threw while the task was being destroyed: " + what;
    return {record.id, record.name(), record.site, error, std::move(what), in_destructor};
}

void log_error(const UnhandledError& told) {
    std::string line = "task '";
    line.append(told.task_name).append("' (#").append(std::to_string(told.task_id));
    line.append(told.in_destructor ? "): " : ") ended with an exception: ").append(told.what);
    line.append("; its last wait was at ").append(told.site.file_name());
    line.append(":").append(std::to_string(told.site.line()));
    log(LogLevel::Error, line);
}

}  // namespace

void Scheduler::report(TaskRecord& record, const std::exception_ptr& error,
                       bool in_destructor) noexcept {
    try {
        const UnhandledError told = describe_error(record, error, in_destructor);
        // A copy, because the handler may set another one.
        if (const auto handler = on_unhandled_; handler && *handler) {
            (*handler)(told);
        } else {
            log_error(told);
        }
    } catch (...) {
        log(LogLevel::Error, "the exception of a task could not be reported: the handler threw");
    }
}

namespace {

void report_anywhere(TaskRecord& record, const std::exception_ptr& error,
                     bool in_destructor) noexcept {
    if (record.inbox().on_owner_thread() && !record.inbox().closed()) {
        record.scheduler.report(record, error, in_destructor);
        return;
    }
    try {
        log_error(describe_error(record, error, in_destructor));
    } catch (...) {
        log(LogLevel::Error, "the exception of a task could not be reported: out of memory");
    }
}

}  // namespace

void report_unhandled(TaskRecord& record) noexcept {
    report_anywhere(record, record.error(), false);
}

void tell_of_throwing_destructor(TaskRecord* record) noexcept {
    const std::exception_ptr error = std::current_exception();
    if (record != nullptr) return report_anywhere(*record, error, true);
    log(LogLevel::Error, "a parameter of a task that never ran threw in its destructor");
}

TaskInfo Scheduler::describe(const TaskRecord& record) const {
    const double now = now_seconds(TaskClock::Real);
    const char* reason = record.reason;
    if (record.state == TaskState::Polling) reason = "running";
    if (record.state == TaskState::Away) reason = "on a worker";
    // Otherwise its last wait may be over and gone, for example one that ended in await_suspend.
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
    std::vector<TaskInfo> stuck;  // reported afterwards: the handler may cancel and spawn
    live_.for_each([&](TaskRecord& record) {
        if (record.state != TaskState::Pending || record.stuck_told || record.ends_by_clock) return;
        if (now - record.waits_since < stuck_seconds_) return;
        record.stuck_told = true;
        stuck.push_back(describe(record));
    });
    const auto handler = on_stuck_;  // a copy, because the handler may set another one
    if (!handler || !*handler) return;
    try {
        for (const TaskInfo& info : stuck) (*handler)(info);
    } catch (...) {
        log(LogLevel::Error, "a stuck task could not be reported: the handler threw");
    }
}

std::string Scheduler::waits_for(const TaskRecord& traveller, std::int64_t seconds) {
    std::string line = "the main thread has been waiting for task '";
    line.append(traveller.name()).append("' (#").append(std::to_string(traveller.id));
    line.append("), which is on a worker, for ").append(std::to_string(seconds));
    line.append(" s; its code there should check job_stop_requested(). It went to the worker ");
    line.append("at ").append(traveller.site.file_name());
    line.append(":").append(std::to_string(traveller.site.line()));
    return line;
}

}  // namespace nebula::task_detail
