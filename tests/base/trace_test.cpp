// SPDX-License-Identifier: MIT
#include "nebula/base/trace.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace nebula {
namespace {

std::vector<std::string> heard;

constexpr TraceHooks kHooks{
    .task_begin = [](const char*, int) noexcept {},
    .task_end = [](const char*, int) noexcept {},
    .park = [](int) noexcept {},
    .unpark = [](int) noexcept {},
    .steal = [](int) noexcept {},
    .wake = [](std::size_t) noexcept {},
    .zone_begin = [](const char* name) noexcept { heard.push_back(std::string("+") + name); },
    .zone_end = [](const char* name) noexcept { heard.push_back(std::string("-") + name); },
};

class Trace : public testing::Test {
protected:
    Trace() { heard.clear(); }
    ~Trace() override { set_trace_hooks(nullptr); }
};

TEST_F(Trace, ZonesNestLikeBlocks) {
    EXPECT_EQ(set_trace_hooks(&kHooks), nullptr);
    {
        NEBULA_TRACE_ZONE("outer");
        NEBULA_TRACE_ZONE("beside");
        { NEBULA_TRACE_ZONE("inner"); }
    }
    EXPECT_EQ(heard, (std::vector<std::string>{"+outer", "+beside", "+inner", "-inner", "-beside",
                                               "-outer"}));
    EXPECT_EQ(set_trace_hooks(nullptr), &kHooks);
}

TEST_F(Trace, NobodyHearsWhenThereIsNoTable) {
    { NEBULA_TRACE_ZONE("unheard"); }
    EXPECT_TRUE(heard.empty());
}

TEST_F(Trace, TheEndOfAZoneIsToldToWhoHeardItsBeginning) {
    {
        NEBULA_TRACE_ZONE("before");
        set_trace_hooks(&kHooks);
    }
    EXPECT_TRUE(heard.empty());
    {
        NEBULA_TRACE_ZONE("across");
        set_trace_hooks(nullptr);
    }
    EXPECT_EQ(heard, (std::vector<std::string>{"+across", "-across"}));
}

}  // namespace
}  // namespace nebula
