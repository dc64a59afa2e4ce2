// SPDX-License-Identifier: MIT
#include "nebula/base/log.hpp"

#include <atomic>
#include <cstdio>

namespace nebula {
namespace {

void write_to_stderr(LogLevel level, std::string_view line,
                     const std::source_location& /*where*/) noexcept {
    if (level < LogLevel::Warning) return;
    const char* const kind = level == LogLevel::Error ? "error" : "warning";
    std::fprintf(stderr, "nebula: %s: %.*s\n", kind, static_cast<int>(line.size()), line.data());
}

std::atomic<LogSink> current_sink{write_to_stderr};

}  // namespace

LogSink set_log_sink(LogSink sink) noexcept {
    return current_sink.exchange(sink != nullptr ? sink : write_to_stderr);
}

void log(LogLevel level, std::string_view line, const std::source_location& where) noexcept {
    current_sink.load()(level, line, where);
}

}  // namespace nebula
