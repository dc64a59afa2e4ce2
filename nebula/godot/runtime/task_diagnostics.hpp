// SPDX-License-Identifier: MIT
// What the engine's debugger and console say about tasks.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/task/runtime.hpp"

#include <string>
#include <string_view>

namespace nebula::godot {

/// "waiting", "ready", …
[[nodiscard]] std::string_view state_word(TaskState state) noexcept;
/// "door.cpp:31"; of a task that a script has started and that has not waited yet, that.
[[nodiscard]] std::string site_text(const std::source_location& site);

/// One line per task that has not ended, with the place where it waits; empty when there is none.
[[nodiscard]] std::string waiting_tasks_report(const Runtime& runtime);

/// For Runtime::set_pump_budget(); none when it is no positive number.
[[nodiscard]] Clock::duration budget_of(double msec) noexcept;

/// Custom monitors, under "nebula" in the debugger, and the project settings `nebula/tasks/…`:
/// `budget_msec` (0: none), `stuck_warning_seconds` (0: never) and `report_at_exit`.
///
/// Threads:   main thread.
/// Lifetime:  the monitors go with it.
class TaskDiagnostics {
public:
    explicit TaskDiagnostics(Runtime& runtime);
    TaskDiagnostics(const TaskDiagnostics&) = delete;
    TaskDiagnostics& operator=(const TaskDiagnostics&) = delete;
    ~TaskDiagnostics();

    /// Before the tasks are ended: says who still waits, if the setting or --verbose asks for it.
    /// To wait at the end is normal, so no line is an error.
    void report_at_exit() noexcept;

private:
    Runtime& runtime_;
};

}  // namespace nebula::godot
