// SPDX-License-Identifier: MIT
// Branches to combine, and the loop that the suites of combinations run them in.
#pragma once

#include "fake_loop.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/runtime.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace nebula::test {

inline task<int> after_frames(int count, int value) {
    for (int i = 0; i < count; ++i) co_await next_frame();
    co_return value;
}
inline task<int> fails_after(int count, std::string what = "failed") {
    for (int i = 0; i < count; ++i) co_await next_frame();
    throw std::runtime_error(what);
}

/// Counts what nobody was told of.
class CombinationTest : public testing::Test {
protected:
    CombinationTest() {
        loop_.runtime.set_on_unhandled([this](const UnhandledError&) { ++unhandled_; });
    }

    Event never_;
    int unhandled_ = 0;
    FakeLoop loop_;
};

}  // namespace nebula::test
