// SPDX-License-Identifier: MIT
#include "nebula/godot/binding/errors.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/exception_text.hpp"
#include "nebula/base/log.hpp"
#include "nebula/godot/api/builtin_methods.hpp"
#include "nebula/godot/binding/interface.hpp"
#include "nebula/godot/binding/string.hpp"
#include "nebula/godot/binding/variant.hpp"

#include <exception>
#include <string>

namespace nebula::godot {
namespace {

void print_through(GDExtensionInterfacePrintErrorWithMessage print, std::string_view message,
                   const char* function, const char* file, int line) noexcept {
    try {
        const std::string text(message);
        print(text.c_str(), text.c_str(), function, file, line, false);
    } catch (...) {
        print("Nebula: out of memory", "", function, file, line, false);
    }
}

void print_verbose(std::string_view line) noexcept {
    const Variant text{String(line)};
    const GDExtensionConstTypePtr argument = text.data();
    builtin.print_verbose(nullptr, &argument, 1);
}

void log_to_engine(LogLevel level, std::string_view line) noexcept {
    switch (level) {
        case LogLevel::Error:
            return print_through(engine.print_error_with_message, line, "log", "nebula", 0);
        case LogLevel::Warning:
            return print_through(engine.print_warning_with_message, line, "log", "nebula", 0);
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
    print_through(engine.print_error_with_message, message, where.function_name(),
                  where.file_name(), static_cast<int>(where.line()));
}

void print_warning(std::string_view message, std::source_location where) noexcept {
    print_through(engine.print_warning_with_message, message, where.function_name(),
                  where.file_name(), static_cast<int>(where.line()));
}

void report_current_exception(std::string_view context) noexcept {
    try {
        const std::string function(context);
        const std::string text = function + ": " + exception_text(std::current_exception());
        print_through(engine.print_error_with_message, text, function.c_str(), "libnebula", 0);
    } catch (...) {
        print_through(engine.print_error_with_message, "out of memory", "libnebula", "libnebula",
                      0);
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
