// SPDX-License-Identifier: MIT
#include "nebula/godot/jobs/script_error.hpp"

#include "nebula/godot/api/logger.hpp"
#include "nebula/godot/api/os.hpp"
#include "nebula/godot/api/script_backtrace.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/binding/ref.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace nebula::godot {
namespace {

// One pointer, no destructor: the extension is unloaded while foreign threads are still alive.
constinit thread_local ScriptErrorWatch* innermost = nullptr;

// What is for the main thread only. The engine shows the condition that did not hold, which says more
// reliably than its sentence that it was about threads.
bool is_refusal(std::string_view condition, std::string_view sentence) noexcept {
    const auto has = [](std::string_view text, const char* part) {
        return text.find(part) != std::string_view::npos;
    };
    return has(condition, "_from_caller_thread()") || has(condition, "Thread::is_main_thread()") ||
           has(sentence, "may only be called on the main thread");  // registry.cpp
}

std::string place(const std::string& file, std::int64_t line, const std::string& function) {
    if (file.empty()) return {};
    return " (" + file + ":" + std::to_string(line) + (function.empty() ? "" : ", in " + function) +
           ")";
}

/// Where the script was that called into the engine. The engine keeps no call stack in a release
/// build, unless the project asks for it.
std::string place_in(const Array& backtraces) {
    for (std::size_t i = 0; i < backtraces.size(); ++i) {
        const auto stack = backtraces[i].to<Ref<ScriptBacktrace>>();
        if (stack.is_null() || stack->get_frame_count() == 0) continue;
        return place(stack->get_frame_file(0).utf8(), stack->get_frame_line(0),
                     stack->get_frame_function(0).utf8());
    }
    return {};
}

}  // namespace

/// What the engine tells about every error, on the thread where it happens.
class ScriptErrorListener : public Extension<Logger> {
public:
    static constexpr const char* kClassName = "NebulaErrorListener";
    using Extension::Extension;

    static void bind(ClassBuilder<ScriptErrorListener>& c) {
        c.any_thread();  // it has no state of its own
        c.doc("Internal: notices errors of scripts that run on workers.").internal();
        c.virtual_method(Logger::Virtuals::log_error, &ScriptErrorListener::log_error);
    }

private:
    void log_error(const String& function, const String& file, std::int32_t line,
                   const String& code, const String& rationale, bool /*editor_notify*/,
                   std::int32_t type, const Array& backtraces) {
        ScriptErrorWatch* const watch = innermost;
        if (watch == nullptr || !watch->sentence_.empty()) return;
        const std::string condition = code.utf8();
        std::string text = rationale.utf8();
        if (text.empty()) text = condition;
        if (type == static_cast<std::int32_t>(ERROR_TYPE_SCRIPT)) {
            watch->sentence_ = text + place(file.utf8(), line, function.utf8());
        } else if (is_refusal(condition, text)) {
            watch->sentence_ = "a function on a worker did what is for the main thread: " + text +
                               place_in(backtraces);
        }
    }
};

namespace {

Ref<ScriptErrorListener> listener;

}  // namespace

ScriptErrorWatch::ScriptErrorWatch() noexcept : outer_(std::exchange(innermost, this)) {}
ScriptErrorWatch::~ScriptErrorWatch() { innermost = outer_; }

void ScriptErrorWatch::fail() { throw ScriptError(std::exchange(sentence_, {}), true); }

void listen_to_script_errors() {
    if (!register_class<ScriptErrorListener>()) return;
    listener = make_ref<ScriptErrorListener>();
    OS::singleton().add_logger(listener);
}

void stop_listening_to_script_errors() noexcept {
    if (listener.is_null()) return;
    try {
        OS::singleton().remove_logger(listener);
    } catch (...) {
        report_current_exception("Nebula's end");
    }
    listener = {};
}

}  // namespace nebula::godot
