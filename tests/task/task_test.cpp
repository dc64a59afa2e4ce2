// SPDX-License-Identifier: MIT
#include "nebula/task/task.hpp"

#include "fake_loop.hpp"
#include "nebula/task/next_frame.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using test::Counted;
using test::Door;
using test::FakeLoop;

task<int> one() { co_return 1; }

task<> set_flag(bool& flag) {
    flag = true;
    co_return;
}

TEST(Task, DoesNotStartUntilSpawned) {
    FakeLoop loop;
    bool ran = false;
    task<> body = set_flag(ran);
    EXPECT_FALSE(ran);
    loop.runtime.spawn(std::move(body));
    EXPECT_TRUE(ran);
    EXPECT_FALSE(body);  // NOLINT(bugprone-use-after-move): moved-from is the empty state
}

task<> keep(Counted, bool& ran) {
    ran = true;
    co_return;
}

TEST(Task, OneNeverStartedDestroysItsArgumentsAndNothingRuns) {
    int live = 0;
    bool ran = false;
    {
        const task<> never = keep(Counted(live), ran);
        EXPECT_EQ(live, 1);
    }
    EXPECT_EQ(live, 0);
    EXPECT_FALSE(ran);
}

task<std::unique_ptr<int>> boxed(int value) { co_return std::make_unique<int>(value); }
task<int&> reference_to(int& value) { co_return value; }

TEST(Task, GivesMoveOnlyValuesReferencesAndNothing) {
    FakeLoop loop;
    int counter = 0;
    loop.runtime.spawn([&counter]() -> task<> {
        const std::unique_ptr<int> box = co_await boxed(7);
        int& same = co_await reference_to(counter);
        same = *box;
        bool ran = false;
        co_await set_flag(ran);
        EXPECT_TRUE(ran);
    });
    EXPECT_EQ(counter, 7);
}

task<int> fails() {
    throw std::runtime_error("no luck");
    co_return 0;
}

TEST(Task, AChildsExceptionIsThrownWhereItIsAwaited) {
    FakeLoop loop;
    std::string caught;
    loop.runtime.spawn([&caught]() -> task<> {
        try {
            co_await fails();
        } catch (const std::runtime_error& error) {
            caught = error.what();
        }
    });
    EXPECT_EQ(caught, "no luck");
}

task<int> sum(int count) {
    int total = 0;
    for (int i = 0; i < count; ++i) total += co_await one();
    co_return total;
}

TEST(Task, AMillionAwaitsThatNeverWaitLeaveTheStackFlat) {
    FakeLoop loop;
    EXPECT_EQ(loop.runtime.spawn(sum(1'000'000)).result(), 1'000'000);
}

task<int> depth(int levels, Door& door) {
    if (levels > 0) co_return 1 + co_await depth(levels - 1, door);
    co_await door.opens();
    co_return 0;
}

constexpr int kDeep = 100'000;

TEST(Task, AHundredThousandNestedChildrenReturnThroughAFlatStack) {
    Door door;
    FakeLoop loop;
    const TaskHandle<int> handle = loop.runtime.spawn(depth(kDeep, door));
    door.open();
    loop.runtime.pump();
    EXPECT_EQ(handle.result(), kDeep);
}

TEST(Task, AHundredThousandNestedChildrenAreCancelledThroughAFlatStack) {
    Door door;
    FakeLoop loop;
    TaskHandle<int> handle = loop.runtime.spawn(depth(kDeep, door));
    EXPECT_EQ(door.waiting, 1);
    handle.cancel();
    EXPECT_TRUE(handle.cancelled());
    EXPECT_EQ(door.waiting, 0);
}

task<> level(std::vector<int>& order, int number, int last, Door& door) {
    const test::AtExit note([&order, number] { order.push_back(number); });
    if (number < last) {
        co_await level(order, number + 1, last, door);
    } else {
        co_await door.opens();
    }
}

TEST(Task, ACancelledChainIsDestroyedInnermostFirst) {
    Door door;
    FakeLoop loop;
    std::vector<int> order;
    TaskHandle<> handle = loop.runtime.spawn(level(order, 1, 4, door));
    handle.cancel();
    EXPECT_EQ(order, (std::vector{4, 3, 2, 1}));
}

TEST(Task, ChildrenThatWaitGoOnWhereTheyWere) {
    Door door;
    FakeLoop loop;
    std::vector<int> order;
    const TaskHandle<> handle = loop.runtime.spawn(level(order, 1, 3, door));
    EXPECT_TRUE(order.empty());
    door.open();
    loop.runtime.pump();
    EXPECT_EQ(order, (std::vector{3, 2, 1}));
    EXPECT_TRUE(handle.done());
}

TEST(Task, ItsLocalsAndArgumentsAreDestroyedOnce) {
    FakeLoop loop;
    int live = 0;
    Door door;
    const auto body = [](Counted argument, int& count, Door& wait) -> task<Counted> {
        const Counted local(count);
        co_await wait.opens();
        co_return argument;
    };
    {
        const TaskHandle<Counted> handle = loop.runtime.spawn(body(Counted(live), live, door));
        EXPECT_EQ(live, 2);
        door.open();
        loop.runtime.pump();
        ASSERT_TRUE(handle.done());
        EXPECT_EQ(live, 1) << "the result alone";
    }
    EXPECT_EQ(live, 0) << "the last handle takes the result with it";
}

// The captures of a lambda coroutine belong to the closure, not to the frame: a temporary closure
// would be gone after the first wait.
TEST(Task, ALambdasCapturesLiveAsLongAsTheTaskSpawnedFromIt) {
    FakeLoop loop;
    int live = 0;
    int seen = 0;
    loop.runtime.spawn(
        [counted = Counted(live), box = std::make_unique<int>(5), &seen]() -> task<> {
            for (int i = 0; i < 3; ++i) co_await yield_now();
            seen = *box;
        });
    EXPECT_EQ(live, 1);
    for (int i = 0; i < 3; ++i) loop.runtime.pump();
    EXPECT_EQ(seen, 5);
    EXPECT_EQ(live, 0);
}

}  // namespace
}  // namespace nebula
