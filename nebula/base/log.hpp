// SPDX-License-Identifier: MIT
// Log lines. They go to stderr by default, and to the engine's console in Godot.
#pragma once

#include <source_location>
#include <string_view>

namespace nebula {

enum class LogLevel { Debug, Info, Warning, Error };

/// Receives one line without its newline, and the place that logs it.
///
/// Threads:   called on the thread that logs, so on any thread, several at once.
using LogSink = void (*)(LogLevel level, std::string_view line,
                         const std::source_location& where) noexcept;

/// Replaces the sink and returns the one before it; null restores the default, which writes
/// warnings and errors to stderr and drops the rest.
LogSink set_log_sink(LogSink sink) noexcept;

/// Threads:   any thread.
void log(LogLevel level, std::string_view line,
         const std::source_location& where = std::source_location::current()) noexcept;

}  // namespace nebula
