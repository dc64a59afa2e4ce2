// SPDX-License-Identifier: MIT
#include "nebula/task/wait.hpp"

#include "fake_loop.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/next_frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using test::Door;
using test::FakeLoop;

TEST(Wait, ThreeWakesBeforeThePumpResumeOnce) {
    Door door;
    FakeLoop loop;
    int resumed = 0;
    loop.runtime.spawn([&]() -> task<> {
        for (;; ++resumed) co_await door.opens();
    });
    door.open();
    door.open();
    door.open();
    loop.runtime.pump();
    EXPECT_EQ(resumed, 1);
    loop.runtime.pump();
    EXPECT_EQ(resumed, 1);
}

TEST(Wait, AWakerOfAnEarlierWaitDoesNotEndTheNext) {
    FakeLoop loop;
    Door first;
    Door second;
    int step = 0;
    loop.runtime.spawn([&]() -> task<> {
        co_await first.opens();
        step = 1;
        co_await second.opens();
        step = 2;
    });
    first.open();
    loop.runtime.pump();
    EXPECT_EQ(step, 1);
    first.open();
    loop.runtime.pump();
    EXPECT_EQ(step, 1);
    second.open();
    first.open();
    loop.runtime.pump();
    EXPECT_EQ(step, 2);
}

// The story: the second wake of a wait that is over puts the record into the inbox again; the task
// begins its next wait before the inbox is read, and that wait is then woken for real.
TEST(Wait, AStaleWakeInTheInboxNeitherEndsNorSwallowsTheNextWait) {
    FakeLoop loop;
    Door first;
    Door second;
    int step = 0;
    loop.runtime.spawn([&]() -> task<> {
        co_await first.opens();
        first.open();  // stale: this wait is over
        step = 1;
        co_await second.opens();
        step = 2;
    });
    first.open();
    loop.runtime.pump();
    EXPECT_EQ(step, 1);
    loop.runtime.pump();
    EXPECT_EQ(step, 1) << "the stale wake ended the wrong wait";
    first.open();
    second.open();
    loop.runtime.pump();
    EXPECT_EQ(step, 2) << "the real wake was lost";
}

TEST(Wait, AWakeInsideAwaitSuspendIsServedByTheNextPump) {
    class AtOnce : public Wait {
    public:
        AtOnce() : Wait("at once") {}
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<task<>::promise_type> h) { suspend(h).wake(); }
        void await_resume() const noexcept {}
    };
    FakeLoop loop;
    int turns = 0;
    TaskHandle<> handle = loop.runtime.spawn([&]() -> task<> {
        for (;; ++turns) {
            AtOnce wait;
            co_await wait;
        }
    });
    EXPECT_EQ(turns, 0);
    loop.runtime.pump();
    EXPECT_EQ(turns, 1);
    handle.cancel();
}

TEST(Wait, AwaitSuspendMayThrowAndTheTaskGoesOn) {
    class Broken : public Wait {
    public:
        explicit Broken(Waker& kept) : Wait("broken"), kept_(kept) {}
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<task<>::promise_type> h) {
            kept_ = suspend(h);
            throw std::runtime_error("no such door");
        }
        void await_resume() const noexcept {}

    private:
        Waker& kept_;
    };
    Door door;
    FakeLoop loop;
    Waker kept;
    bool caught = false;
    bool ended = false;
    loop.runtime.spawn([&]() -> task<> {
        try {
            Broken wait(kept);
            co_await wait;
        } catch (const std::runtime_error&) {
            caught = true;
        }
        co_await door.opens();
        ended = true;
    });
    EXPECT_TRUE(caught);
    kept.wake();  // of the wait that never was
    loop.runtime.pump();
    EXPECT_FALSE(ended);
    door.open();
    loop.runtime.pump();
    EXPECT_TRUE(ended);
}

TEST(Wait, WakersOutliveTheirRuntimeHarmlessly) {
    Door door;
    {
        FakeLoop loop;
        loop.runtime.spawn([&]() -> task<> { co_await door.opens(); });
        door.open();  // stands in the inbox when the runtime goes
    }
    EXPECT_EQ(door.waiting, 0);
    door.open();
    const std::vector<Waker> copies = door.wakers;
    door.wakers.clear();
    copies[0].wake();
    Waker().wake();
}

// Each task counts what one of four threads sends; a lost wake would leave the loop waiting.
TEST(Wait, WakesFromFourThreadsAreNeitherLostNorDoubled) {
    static constexpr int kThreads = 4;
    static constexpr int kWakes = 2'000;
    struct Line {
        std::atomic<int> sent{0};      // by its thread, before it wakes
        std::atomic<int> asked{0};     // by the task: which wait stands
        std::array<Waker, 2> waker{};  // of the wait that stands, by its parity
        int got = 0;
    };
    class Sent : public Wait {
    public:
        explicit Sent(Line& line) : Wait("sent"), line_(line) {}
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<task<>::promise_type> h) {
            const int wait = line_.asked.load() + 1;
            line_.waker[static_cast<std::size_t>(wait % 2)] = suspend(h);
            line_.asked.store(wait);
        }
        void await_resume() const noexcept {}

    private:
        Line& line_;
    };

    FakeLoop loop;
    std::array<Line, kThreads> lines;
    std::atomic<int> rings{0};
    loop.runtime.set_on_wake([&] { ++rings; });
    for (Line& line : lines) {
        loop.runtime.spawn([&line]() -> task<> {
            while (line.got < kWakes) {
                Sent wait(line);
                co_await wait;
                EXPECT_EQ(line.sent.load(std::memory_order_relaxed), ++line.got);
            }
        });
    }
    std::vector<std::thread> threads;
    threads.reserve(kThreads);
    for (Line& line : lines) {
        threads.emplace_back([&line] {
            for (int wake = 1; wake <= kWakes; ++wake) {
                while (line.asked.load() < wake) std::this_thread::yield();
                const Waker waker = line.waker[static_cast<std::size_t>(wake % 2)];
                line.sent.store(wake, std::memory_order_relaxed);  // the wake publishes it
                waker.wake();
                waker.wake();
            }
        });
    }
    while (loop.runtime.live_count() > 0) {
        loop.runtime.pump();
        std::this_thread::yield();
    }
    for (std::thread& thread : threads) thread.join();
    for (const Line& line : lines) EXPECT_EQ(line.got, kWakes);
    EXPECT_GT(rings.load(), 0);
}

TEST(NextFrame, EndsWithTheNextFrameAndTellsItsTime) {
    FakeLoop loop;
    std::vector<std::uint64_t> seen;
    loop.runtime.spawn([&]() -> task<> {
        for (int i = 0; i < 3; ++i) {
            const FrameTime time = co_await next_frame();
            EXPECT_EQ(time.delta_seconds, FakeLoop::kDelta);
            seen.push_back(time.frame);
        }
    });
    loop.runtime.pump();
    EXPECT_TRUE(seen.empty());
    loop.frames_pass(4);
    EXPECT_EQ(seen, (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST(NextFrame, ACancelledWaitLeavesTheOthersInPlace) {
    FakeLoop loop;
    int ended = 0;
    const auto wait = [&]() -> task<> {
        co_await next_frame();
        ++ended;
    };
    loop.runtime.spawn(wait());
    TaskHandle<> middle = loop.runtime.spawn(wait());
    loop.runtime.spawn(wait());
    middle.cancel();
    loop.frame();
    EXPECT_EQ(ended, 2);
}

TEST(Sleep, EndsWhenTheClockHasReachedItSoonestFirst) {
    FakeLoop loop;
    std::vector<int> order;
    const auto nap = [&](int frames, int name) -> task<> {
        co_await sleep_for(frames * FakeLoop::kDelta);
        order.push_back(name);
    };
    loop.runtime.spawn(nap(3, 31));
    loop.runtime.spawn(nap(1, 11));
    loop.runtime.spawn(nap(3, 32));
    loop.runtime.spawn(nap(2, 21));
    TaskHandle<> cancelled = loop.runtime.spawn(nap(2, 22));
    loop.runtime.spawn(nap(1, 12));
    loop.runtime.pump();
    EXPECT_TRUE(order.empty());
    cancelled.cancel();
    loop.frame();
    EXPECT_EQ(order, (std::vector{11, 12}));
    loop.frame();
    EXPECT_EQ(order, (std::vector{11, 12, 21}));
    loop.frame();
    EXPECT_EQ(order, (std::vector{11, 12, 21, 31, 32}));
}

TEST(Sleep, OfNoTimeWaitsForTheNextFrame) {
    FakeLoop loop;
    int ended = 0;
    for (const double seconds : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
        loop.runtime.spawn([&, seconds]() -> task<> {
            co_await sleep_for(seconds);
            ++ended;
        });
    }
    loop.runtime.pump();
    EXPECT_EQ(ended, 0);
    loop.frame();
    EXPECT_EQ(ended, 3);
}

// 500 sleeps in a scrambled order, every third of them cancelled, against a plain sort.
TEST(Sleep, ManyEndInOrderWithSomeCancelled) {
    FakeLoop loop;
    static constexpr int kSleeps = 500;
    std::vector<int> woken;
    std::vector<TaskHandle<>> handles;
    std::vector<std::pair<int, int>> expected;
    for (int i = 0; i < kSleeps; ++i) {
        const int frames = 1 + i * 7919 % 101;
        handles.push_back(loop.runtime.spawn([&, i, frames]() -> task<> {
            co_await sleep_for(frames * FakeLoop::kDelta);
            woken.push_back(i);
        }));
        if (i % 3 != 0) expected.emplace_back(frames, i);
    }
    for (std::size_t i = 0; i < kSleeps; i += 3) handles[i].cancel();
    loop.frames_pass(102);
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(woken.size(), expected.size());
    for (std::size_t i = 0; i < woken.size(); ++i) EXPECT_EQ(woken[i], expected[i].second);
}

/// Says which one it is, and may find in its await_suspend that it is over.
class Numbered : public Wait {
public:
    Numbered(int number, bool waits) noexcept
        : Wait("number", detail_of), number_(new int(number)), waits_(waits) {}
    bool await_ready() const noexcept { return false; }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) noexcept {
        waker_ = suspend(h);
        return waits_;
    }
    void await_resume() const noexcept {}

private:
    static std::string detail_of(const Wait& wait) {
        return std::to_string(*static_cast<const Numbered&>(wait).number_);
    }
    std::unique_ptr<int> number_;  // on the heap, for the sanitizers
    bool waits_;
    Waker waker_;
};

TEST(Wait, TellsWhichOneItIsWhileTheTaskWaitsAndNotAfterwards) {
    FakeLoop loop;
    std::vector<std::string> rows;
    const auto look = [&] {
        const TaskInfo row = loop.runtime.live_tasks().at(0);
        rows.push_back(std::string(row.reason) + " " + row.detail);
    };
    TaskHandle<> waiting = loop.runtime.spawn([&]() -> task<> {
        co_await Numbered(1, false);
        look();
        co_await Numbered(2, true);
    });
    look();
    EXPECT_EQ(rows, (std::vector<std::string>{"running ", "number 2"}));
    waiting.cancel();
    EXPECT_TRUE(loop.runtime.live_tasks().empty());
}

TEST(Event, WakesAllWhoWaitAndLetsThroughWhileSet) {
    FakeLoop loop;
    Event event;
    int through = 0;
    const auto wait = [&]() -> task<> {
        co_await event.wait();
        ++through;
    };
    loop.runtime.spawn(wait());
    loop.runtime.spawn(wait());
    loop.runtime.pump();
    EXPECT_EQ(through, 0);
    event.set();
    EXPECT_EQ(through, 0);
    loop.runtime.pump();
    EXPECT_EQ(through, 2);
    loop.runtime.spawn(wait());
    EXPECT_EQ(through, 3);
    event.reset();
    loop.runtime.spawn(wait());
    EXPECT_EQ(through, 3);
}

TEST(Event, ThatDiesEndsItsWaitsWithAnError) {
    FakeLoop loop;
    auto event = std::make_unique<Event>();
    AsyncErrorCode code{};
    loop.runtime.spawn([&]() -> task<> {
        try {
            co_await event->wait();
        } catch (const AsyncError& error) {
            code = error.code();
        }
    });
    event.reset();
    loop.runtime.pump();
    EXPECT_EQ(code, AsyncErrorCode::EmitterFreed);
}

}  // namespace
}  // namespace nebula
