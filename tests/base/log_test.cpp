// SPDX-License-Identifier: MIT
#include "nebula/base/log.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nebula {
namespace {

std::vector<std::pair<LogLevel, std::string>> lines;

TEST(Log, TheSinkGetsEachLineWithItsLevel) {
    lines.clear();
    const LogSink before =
        set_log_sink([](LogLevel level, std::string_view line, const auto&) noexcept {
            lines.emplace_back(level, line);
        });
    log(LogLevel::Info, "pool started");
    log(LogLevel::Error, "pool lost");
    set_log_sink(before);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0], std::pair(LogLevel::Info, std::string("pool started")));
    EXPECT_EQ(lines[1], std::pair(LogLevel::Error, std::string("pool lost")));
}

TEST(Log, TheDefaultSinkKeepsQuietBelowWarnings) {
    set_log_sink(nullptr);
    testing::internal::CaptureStderr();
    log(LogLevel::Info, "unheard");
    log(LogLevel::Warning, "heard");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "nebula: warning: heard\n");
}

}  // namespace
}  // namespace nebula
