// SPDX-License-Identifier: MIT
// Tasks in code that is built with -fno-exceptions, godot-cpp's default; the library has them.
#include "no_exceptions.hpp"

#include "fake_loop.hpp"
#include "nebula/task/detail/frame_pool.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/runtime.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace nebula::test {
namespace {

TEST(TasksWithoutExceptions, ARuntimeAndAllThatATaskAwaitsWork) {
    ASSERT_TRUE(tasks_built_without_exceptions());
    EXPECT_EQ(walk_through_everything(),
              "child time all any timeout settled channel scope run loop hop posted end");
}

TEST(TasksWithoutExceptions, FallibleGivesWhatAWaitWouldThrow) {
    EXPECT_EQ(codes_of_failed_waits(),
              "the task was cancelled; the time ran out; the object waited for was freed; none; ");
}

// Its frames are lost, and it is the only one: no terminate, and who joins it gets the error. (Under
// the address sanitizer the lost frames would be a leak, as they are.)
#if !defined(NEBULA_FRAMES_FROM_HEAP)
TEST(TasksWithoutExceptions, AnExceptionThatNobodyExpectedEndsTheTaskAlone) {
    FakeLoop loop;
    const TaskHandle<int> fails = loop.runtime.spawn([]() -> task<int> {
        co_await next_frame();
        throw std::runtime_error("not theirs");
    }());
    const TaskHandle<int> unprepared = spawn_one_that_is_thrown_at(loop.runtime, fails);
    bool told = false;
    loop.runtime.spawn([](TaskHandle<int> joined, bool& out) -> task<> {
        try {
            (void)co_await joined;
        } catch (const std::runtime_error& error) {
            out = std::string(error.what()) == "not theirs";
        }
    }(unprepared, told));
    loop.settled_frames(3);
    EXPECT_TRUE(unprepared.done());
    EXPECT_TRUE(told);
    EXPECT_EQ(loop.runtime.live_count(), 0U);
}
#endif

}  // namespace
}  // namespace nebula::test
