// SPDX-License-Identifier: MIT
#include "nebula/godot/binding/errors.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/exception_text.hpp"
#include "nebula/base/log.hpp"
#include "nebula/godot/api/builtin_methods.hpp"
#include "nebula/godot/api/engine.hpp"
#include "nebula/godot/api/script_backtrace.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/extension_name.hpp"
#include "nebula/godot/binding/interface.hpp"
#include "nebula/godot/binding/marshal.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/binding/string.hpp"
#include "nebula/godot/binding/variant.hpp"

#include <cstddef>
#include <exception>
#include <optional>
#include <string>

namespace nebula::godot {
namespace {

void print_through(GDExtensionInterfacePrintErrorWithMessage print, std::string_view message,
                   const char* function, const char* file, int line) noexcept {
    try {
        const std::string text(message);
        print(text.c_str(), text.c_str(), function, file, line, false);
    } catch (...) {
        print("out of memory", "", function, file, line, false);
    }
}

struct Place {
    std::string function, file;
    int line;
};

/// Where the script that runs on this thread is. Nothing for C++ alone, and where the engine keeps no
/// call stack: in release builds it does so only on request.
std::optional<Place> script_place() {
    const Array stacks = Engine::singleton().capture_script_backtraces(false);
    for (std::size_t i = 0; i < stacks.size(); ++i) {
        const auto stack = stacks[i].to<Ref<ScriptBacktrace>>();
        if (stack.is_null() || stack->get_frame_count() == 0) continue;
        return Place{stack->get_frame_function(0).utf8(), stack->get_frame_file(0).utf8(),
                     static_cast<int>(stack->get_frame_line(0))};
    }
    return std::nullopt;
}

/// The place in our own source: without the folders of the machine that built it.
Place our_place(const std::source_location& where) {
    const std::string_view file = where.file_name();
    const std::size_t root = file.rfind("nebula/");
    return {where.function_name(),
            std::string(root == std::string_view::npos ? file : file.substr(root)),
            static_cast<int>(where.line())};
}

void print_at(GDExtensionInterfacePrintErrorWithMessage print, std::string_view message,
              const Place& place) noexcept {
    print_through(print, message, place.function.c_str(), place.file.c_str(), place.line);
}

void print_in_our_source(GDExtensionInterfacePrintErrorWithMessage print, std::string_view message,
                         const std::source_location& where) noexcept {
    try {
        print_at(print, message, our_place(where));
    } catch (...) {
        print_through(print, message, extension_name(), extension_name(), 0);
    }
}

void print_verbose(std::string_view line) noexcept {
    const Variant text{String(line)};
    const GDExtensionConstTypePtr argument = text.data();
    builtin.print_verbose(nullptr, &argument, 1);
}

// The place of a line is that of the script that called us, or ours when no script did.
void print_logged(GDExtensionInterfacePrintErrorWithMessage print, std::string_view line,
                  const std::source_location& where) noexcept {
    try {
        print_at(print, line, script_place().value_or(our_place(where)));
    } catch (...) {
        print_through(print, line, extension_name(), extension_name(), 0);
    }
}

void log_to_engine(LogLevel level, std::string_view line,
                   const std::source_location& where) noexcept {
    switch (level) {
        case LogLevel::Error:
            return print_logged(engine.print_error_with_message, line, where);
        case LogLevel::Warning:
            return print_logged(engine.print_warning_with_message, line, where);
        case LogLevel::Info:  // a game's console is the game's: the rest is for `--verbose`
        case LogLevel::Debug:
            return print_verbose(line);
    }
}

void tell_assertion(const char* condition, const char* why, std::source_location where) {
    const std::string text = std::string("Assertion failed: ") + why + " (" + condition + ")";
    print_error(text, where);
}

LogSink sink_before = nullptr;
AssertHandler handler_before = nullptr;

}  // namespace

void print_error(std::string_view message, std::source_location where) noexcept {
    print_in_our_source(engine.print_error_with_message, message, where);
}

void print_warning(std::string_view message, std::source_location where) noexcept {
    print_in_our_source(engine.print_warning_with_message, message, where);
}

void print_error_at_caller(std::string_view message, std::string_view context) noexcept {
    try {
        print_at(engine.print_error_with_message, message,
                 script_place().value_or(Place{std::string(context), extension_name(), 0}));
    } catch (...) {
        print_through(engine.print_error_with_message, message, extension_name(), extension_name(),
                      0);
    }
}

void report_current_exception(std::string_view context) noexcept {
    try {
        print_error_at_caller(
            std::string(context) + ": " + exception_text(std::current_exception()), context);
    } catch (...) {
        print_through(engine.print_error_with_message, "out of memory", extension_name(),
                      extension_name(), 0);
    }
}

void install_sinks() noexcept {
    sink_before = set_log_sink(log_to_engine);
    handler_before = set_assert_handler(tell_assertion);
}

void restore_sinks() noexcept {
    set_log_sink(sink_before);
    set_assert_handler(handler_before);
}

}  // namespace nebula::godot
