// SPDX-License-Identifier: MIT
// Tells of tasks on the engine's console.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/task/runtime.hpp"

#include <string>
#include <string_view>

namespace nebula::godot {

/// "waiting", "ready", …
[[nodiscard]] std::string_view state_word(TaskState state) noexcept;
/// "door.cpp:31", or "called by a script" for a task that a script started and that has not waited
/// yet.
[[nodiscard]] std::string site_text(const std::source_location& site);

/// One line per task that has not ended, with the place where it waits; empty if there is none.
[[nodiscard]] std::string waiting_tasks_report(const Runtime& runtime);

/// For Runtime::set_pump_budget(); no budget if `msec` is not a positive number.
[[nodiscard]] Clock::duration budget_of(double msec) noexcept;

/// The project settings `nebula/tasks/…`, or those of another extension under its name: `budget_msec`
/// (0: none), `stuck_warning_seconds` (0: never) and `report_at_exit`.
///
/// Threads:   main thread.
class TaskDiagnostics {
public:
    explicit TaskDiagnostics(Runtime& runtime);
    TaskDiagnostics(const TaskDiagnostics&) = delete;
    TaskDiagnostics& operator=(const TaskDiagnostics&) = delete;

    /// Called before the tasks are ended: prints which ones still wait, if the setting or --verbose
    /// asks for it. Waiting at the end is normal, so no line is an error.
    void report_at_exit() noexcept;

private:
    Runtime& runtime_;
};

}  // namespace nebula::godot
