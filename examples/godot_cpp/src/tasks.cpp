// SPDX-License-Identifier: MIT
// The one file that is built with exceptions: it catches what the system refuses.
#include "tasks.hpp"

#include <godot_cpp/core/error_macros.hpp>
#include <nebula/base/log.hpp>
#include <nebula/task/runtime.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

namespace {

using Clock = std::chrono::steady_clock;

struct Tasks {
    // The name is what a debugger or a profiler shows; the add-on's own workers have another one.
    nebula::WorkerPool pool{{.name_prefix = "door-worker"}};
    nebula::Runtime runtime;  // goes before the pool, for which its coroutines may be waiting
    Clock::time_point last_frame = Clock::now();
    std::uint64_t frame = 0;
};

std::unique_ptr<Tasks> tasks;

// Nebula's warnings and errors, for example of a coroutine that ended with an exception.
void print_in_godot(nebula::LogLevel level, std::string_view line,
                    const std::source_location& where) noexcept {
    if (level < nebula::LogLevel::Warning) return;
    const std::string text(line);
    godot::_err_print_error(where.function_name(), where.file_name(),
                            static_cast<int>(where.line()), text.c_str(), false,
                            level == nebula::LogLevel::Warning);
}

}  // namespace

bool start_tasks() {
    nebula::set_log_sink(print_in_godot);
    try {
        tasks = std::make_unique<Tasks>();
        return true;
    } catch (const std::exception& error) {
        const std::string text = std::string("No doors: ") + error.what();
        ERR_PRINT(text.c_str());
        return false;
    }
}

void run_tasks() {
    if (tasks == nullptr) return;  // between the end of the main loop and the end of the extension
    const Clock::time_point now = Clock::now();
    const std::chrono::duration<double> delta = now - std::exchange(tasks->last_frame, now);
    tasks->runtime.begin_frame({.delta_seconds = delta.count(), .frame = ++tasks->frame});
    tasks->runtime.end_of_frame();
}

void stop_tasks() {
    if (tasks == nullptr) return;
    tasks->runtime.shutdown();
    tasks.reset();
    nebula::set_log_sink(nullptr);  // this file may be unloaded now
}

nebula::TaskHandle<> spawn(nebula::task<> body, const char* name) {
    if (tasks == nullptr) return {};
    return tasks->runtime.spawn(std::move(body), {.name = name});
}

nebula::WorkerPool& pool() { return tasks->pool; }
