// SPDX-License-Identifier: MIT
#include "nebula/task/event.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/runtime.hpp"

#include <gtest/gtest.h>

namespace nebula {
namespace {

task<int> one() { co_return 1; }
task<int> sum(int n) {
    int s = 0;
    for (int i = 0; i < n; ++i) s += co_await one();
    co_return s;
}
task<int> later(int n) {
    for (int i = 0; i < n; ++i) co_await next_frame();
    co_return n;
}

TEST(Task, Smoke) {
    Runtime rt;
    auto h = rt.spawn(sum(1000000));
    EXPECT_EQ(h.result(), 1000000);
    auto l = rt.spawn(later(3));
    auto j = rt.spawn([l]() -> task<int> { co_return co_await l + 1; });
    for (int i = 0; i < 5; ++i) rt.begin_frame({0.1, std::uint64_t(i)});
    EXPECT_EQ(j.result(), 4);
}

}  // namespace
}  // namespace nebula
