// SPDX-License-Identifier: MIT
#include "nebula/godot/runtime/task_diagnostics.hpp"

#include "nebula/base/log.hpp"
#include "nebula/godot/api/builtin_methods.hpp"
#include "nebula/godot/api/os.hpp"
#include "nebula/godot/api/project_settings.hpp"
#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/binding/extension_name.hpp"
#include "nebula/godot/binding/marshal.hpp"
#include "nebula/godot/binding/string.hpp"
#include "nebula/godot/binding/variant.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

namespace nebula::godot {
namespace {

constexpr const char* kBudgetMsec = "budget_msec";
constexpr const char* kStuckSeconds = "stuck_warning_seconds";
constexpr const char* kReportAtExit = "report_at_exit";

// A larger number does not limit a frame, and might not fit the clock's counter.
constexpr double kMostMsec = 1e6;

// Each extension has its own: "nebula/tasks/budget_msec" is the add-on's.
std::string setting(const char* name) {
    std::string full = extension_name();
    std::ranges::transform(full, full.begin(), [](char c) {
        return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return full + "/tasks/" + name;
}

void define(const char* name, const Variant& standard) {
    ProjectSettings settings = ProjectSettings::singleton();
    const String full(setting(name));
    if (!settings.has_setting(full)) settings.set_setting(full, standard);
    settings.set_initial_value(full, standard);
}

/// Zero, after a warning, if the setting is not a number of at least 0.
double number_setting(const char* name) {
    const Variant value = ProjectSettings::singleton().get_setting(setting(name));
    const auto number = value.try_to<double>();
    if (number && *number >= 0.0) return *number;
    print_warning(std::string("the project setting ") + setting(name) + " is '" + value.str() +
                  "', which is not a number of at least 0; using 0, which turns it off");
    return 0.0;
}

std::string seconds_text(double seconds) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f s", seconds);
    return text;
}

std::string task_line(const TaskInfo& task) {
    return "task '" + task.name + "' (#" + std::to_string(task.id) + ") has been " +
           std::string(state_word(task.state)) + " for " + seconds_text(task.waited_seconds) +
           ": " + std::string(task.reason) + (task.detail.empty() ? "" : " " + task.detail) + ", " +
           site_text(task.site);
}

void tell_stuck(const TaskInfo& task) { print_warning(task_line(task), task.site); }

void print_line(const std::string& line) {
    const Variant text{String(line)};
    const GDExtensionConstTypePtr argument = text.data();
    builtin.print(nullptr, &argument, 1);
}

}  // namespace

std::string_view state_word(TaskState state) noexcept {
    switch (state) {
        case TaskState::Pending:
            return "waiting";
        case TaskState::Ready:
            return "ready";
        case TaskState::Polling:
            return "running";
        case TaskState::Away:
            return "on a worker";
        case TaskState::Done:
            return "done";
        case TaskState::Gone:
            return "gone";
    }
    return "unknown";
}

std::string site_text(const std::source_location& site) {
    if (site.line() == 0) return "called by a script";
    const std::string_view path = site.file_name();
    return std::string(path.substr(path.find_last_of('/') + 1)) + ":" + std::to_string(site.line());
}

std::string waiting_tasks_report(const Runtime& runtime) {
    std::string report;
    for (const TaskInfo& task : runtime.live_tasks()) report += task_line(task) + "\n";
    return report;
}

Clock::duration budget_of(double msec) noexcept {
    if (!(msec > 0.0)) return {};  // also NaN
    return std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double, std::milli>(std::min(msec, kMostMsec)));
}

TaskDiagnostics::TaskDiagnostics(Runtime& runtime) : runtime_(runtime) {
    define(kBudgetMsec, 0.0);
    define(kStuckSeconds, 0.0);
    define(kReportAtExit, false);
    runtime.set_pump_budget(budget_of(number_setting(kBudgetMsec)));
    const double seconds = number_setting(kStuckSeconds);
    if (seconds > 0.0) runtime.set_on_stuck(seconds, tell_stuck);
}

void TaskDiagnostics::report_at_exit() noexcept {
    try {
        const bool wanted = ProjectSettings::singleton()
                                .get_setting(setting(kReportAtExit))
                                .try_to<bool>()
                                .value_or(false);
        if (!wanted && !OS::singleton().is_stdout_verbose()) return;
        for (const TaskInfo& task : runtime_.live_tasks())
            print_line(extension_name() + (": at exit, " + task_line(task)));
    } catch (...) {
        report_current_exception("the report at exit");
    }
}

}  // namespace nebula::godot
