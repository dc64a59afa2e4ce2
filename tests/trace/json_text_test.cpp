// SPDX-License-Identifier: MIT
#include "nebula/trace/detail/json_text.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace nebula::detail {
namespace {

std::string there_and_back(std::string_view text) {
    return nlohmann::json::parse(json_text(text)).get<std::string>();
}

TEST(JsonText, KeepsEveryCharacter) {
    for (const std::string_view text :
         {std::string_view("say \"hi\" \\ back"), std::string_view("\n\r\t\b\f\x01\x1f\x7f"),
          std::string_view("a\0b", 3), std::string_view("Höhle 洞窟 🌋"), std::string_view(),
          std::string_view("\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF")})
        EXPECT_EQ(there_and_back(text), text);
}

TEST(JsonText, WhatIsNotUtf8IsMarkedAndHarmless) {
    EXPECT_EQ(there_and_back("a\xff\x62"), "a\uFFFDb");
    EXPECT_EQ(there_and_back("\xC3"), "\uFFFD");                // cut off
    EXPECT_EQ(there_and_back("\xC3\"x"), "\uFFFD\"x");          // a quote is never swallowed
    EXPECT_EQ(there_and_back("\xC0\x80"), "\uFFFD\uFFFD");      // longer than needed
    EXPECT_EQ(there_and_back("\xED\xA0\x80").size(), 9U);       // a surrogate
    EXPECT_EQ(there_and_back("\xF4\x90\x80\x80").size(), 12U);  // past the last character
}

TEST(JsonText, AnyTwoBytesMakeAValidString) {
    for (int a = 0; a < 256; ++a)
        for (int b = 0; b < 256; ++b) {
            const std::string text{static_cast<char>(a), static_cast<char>(b)};
            ASSERT_TRUE(nlohmann::json::accept(json_text(text))) << a << " " << b;
        }
}

}  // namespace
}  // namespace nebula::detail
