// SPDX-License-Identifier: MIT
#include "nebula/task/par_await.hpp"

#include "fake_loop.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/timeout.hpp"
#include "nebula/task/when_all.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using test::FakeLoop;

class ParAwait : public testing::TestWithParam<int> {  // the parameter: workers
protected:
    WorkerPool pool_{{.thread_count_override = GetParam()}};
    FakeLoop loop_;
};

TEST_P(ParAwait, CallsEachIndexOnceAndTheTaskSeesAllOfIt) {
    static constexpr std::size_t kCount = 10'007;
    std::vector<int> calls(kCount);
    bool ended = false;
    loop_.runtime.spawn([&]() -> task<> {
        for (const std::size_t grain : {std::size_t{1}, std::size_t{64}, kCount, 2 * kCount})
            co_await pool_for(pool_, kCount, grain, [&](std::size_t i) { ++calls[i]; });
        auto by_range = pool_for(pool_, kCount, 100, [&](IndexRange range) {
            for (std::size_t i = range.begin; i < range.end; ++i) ++calls[i];
        });
        co_await by_range;
        co_await pool_for(pool_, 0, 1, [&](std::size_t) { ADD_FAILURE(); });
        ended = true;
    });
    loop_.pump_until_all_ended();
    EXPECT_TRUE(ended);
    for (std::size_t i = 0; i < kCount; ++i) ASSERT_EQ(calls[i], 5) << i;
}

TEST_P(ParAwait, AMapGivesItsResultsInOrder) {
    std::vector<std::string> got;
    std::vector<bool> flags;
    loop_.runtime.spawn([&]() -> task<> {
        auto map = pool_map(pool_, 1000, 7, [prefix = std::string("n")](std::size_t i) {
            return prefix + std::to_string(i);
        });
        got = co_await map;
        flags = co_await pool_map(pool_, 100, 1, [](std::size_t i) { return i % 3 == 0; });
    });
    loop_.pump_until_all_ended();
    ASSERT_EQ(got.size(), 1000U);
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i], "n" + std::to_string(i));
    for (std::size_t i = 0; i < flags.size(); ++i) EXPECT_EQ(flags[i], i % 3 == 0);
}

TEST_P(ParAwait, AMapIsToldToStandWhereItIsAwaited) {
    const unsigned line = __LINE__ + 2;
    loop_.runtime.spawn([&]() -> task<> {
        (void)co_await pool_map(pool_, 100, 1, [](std::size_t i) { return i; });
    });
    // A pool without workers may have ended it by now.
    for (const TaskInfo& row : loop_.runtime.live_tasks()) EXPECT_EQ(row.site.line(), line);
    loop_.pump_until_all_ended();
}

TEST_P(ParAwait, TheFirstExceptionIsThrownInTheTaskAndTheRestIsLeftOut) {
    std::atomic<int> calls{0};
    int caught = 0;
    loop_.runtime.spawn([&]() -> task<> {
        try {
            co_await pool_for(pool_, 100'000, 1, [&](std::size_t i) {
                ++calls;
                if (i == 10) throw std::runtime_error("piece ten");
            });
        } catch (const std::runtime_error& error) {
            EXPECT_STREQ(error.what(), "piece ten");
            ++caught;
        }
    });
    loop_.pump_until_all_ended();
    EXPECT_EQ(caught, 1);
    EXPECT_GE(calls.load(), 11);
}

// The largest count. The worker that looked for the next piece after the end counted on, past the
// largest number to 0, and called a function that was gone.
TEST_P(ParAwait, ALoopOfAnyLengthEndsWithItsFirstException) {
    struct State {
        std::atomic<bool> gone{false};
        std::atomic<int> calls{0};
        std::atomic<int> late{0};
    } state;
    class Watch {
    public:
        explicit Watch(State& of) noexcept : of_(&of) {}
        Watch(Watch&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;
        ~Watch() {
            if (of_ != nullptr) of_->gone.store(true);
        }

    private:
        State* of_;
    };
    int caught = 0;
    loop_.runtime.spawn([&]() -> task<> {
        for (const std::size_t count : {SIZE_MAX, SIZE_MAX - 1}) {
            state.gone.store(false);
            auto loop = pool_for(pool_, count, 1, [&state, watch = Watch(state)](std::size_t) {
                if (state.gone.load()) ++state.late;
                ++state.calls;
                throw std::runtime_error("first");
            });
            try {
                co_await loop;
            } catch (const std::runtime_error&) {
                ++caught;
            }
        }
    });
    loop_.pump_until_all_ended();
    // Every worker has left the loop when the next task of each has run.
    std::atomic<int> passed{0};
    for (int i = 0; i < 100; ++i) pool_.spawn([&passed] { ++passed; });
    while (passed.load() < 100) std::this_thread::yield();
    EXPECT_EQ(caught, 2);
    EXPECT_EQ(state.late.load(), 0);
    EXPECT_LE(state.calls.load(), 2 * GetParam());
}

TEST_P(ParAwait, TakesTheRangesThatParForTakesAndRefusesTheOthers) {
    std::vector<int> calls(16);
    long sum = 0;
    loop_.runtime.spawn([&]() -> task<> {
        co_await pool_for(pool_, -8, 8, 3,
                          [&](int i) { ++calls[static_cast<std::size_t>(i + 8)]; });
        co_await pool_for(pool_, std::int8_t{-8}, 8L, 64U, [&](BasicIndexRange<long> range) {
            for (long i = range.begin; i < range.end; ++i) ++calls[static_cast<std::size_t>(i + 8)];
        });
        co_await pool_for(pool_, 3, -3, 1, [&](int) { ADD_FAILURE() << "an empty range"; });
        co_await pool_for(pool_, 0, 1, [&](std::size_t) { ADD_FAILURE() << "an empty range"; });
        const auto square = [](std::size_t i) { return static_cast<long>(i * i); };
        for (const long value : co_await pool_map(pool_, std::int16_t{4}, 2U, square)) sum += value;
        co_await pool_for(pool_, SIZE_MAX - 2, SIZE_MAX, 1,
                          [](std::size_t i) { EXPECT_GE(i, SIZE_MAX - 2); });
    });
    loop_.pump_until_all_ended();
    EXPECT_EQ(calls, std::vector<int>(16, 2));
    EXPECT_EQ(sum, 14);
    const auto ignore = [](std::size_t) {};
    const auto one = [](std::size_t) { return 1; };
    EXPECT_THROW((void)pool_for(pool_, -8, 1, ignore), std::invalid_argument);
    EXPECT_THROW((void)pool_for(pool_, 8, 0, ignore), std::invalid_argument);
    EXPECT_THROW((void)pool_for(pool_, 8, -1, ignore), std::invalid_argument);
    EXPECT_THROW((void)pool_for(pool_, -8, 8, -1, [](int) {}), std::invalid_argument);
    EXPECT_THROW((void)pool_for(pool_, -8, 8U, 1, ignore), std::invalid_argument);
    EXPECT_THROW((void)pool_map(pool_, -8, 1, one), std::invalid_argument);
    EXPECT_THROW((void)pool_map(pool_, 8, -1, one), std::invalid_argument);
}

TEST_P(ParAwait, EveryPieceMayThrow) {
    int caught = 0;
    loop_.runtime.spawn([&]() -> task<> {
        for (int round = 0; round < 50; ++round) {
            try {
                co_await pool_for(pool_, 20, 1,
                                  [&](std::size_t) { throw std::runtime_error("all"); });
            } catch (const std::runtime_error&) {
                ++caught;
            }
        }
    });
    loop_.pump_until_all_ended();
    EXPECT_EQ(caught, 50);
}

TEST_P(ParAwait, TheClosureIsGoneWhenTheTaskGoesOn) {
    auto captured = std::make_shared<int>(1);
    const std::weak_ptr<int> watch = captured;
    bool gone = false;
    loop_.runtime.spawn([&]() -> task<> {
        auto loop = pool_for(pool_, 10, 1, [kept = std::move(captured)](std::size_t) {});
        co_await loop;
        gone = watch.expired();
    });
    loop_.pump_until_all_ended();
    EXPECT_TRUE(gone);
}

// The pieces write to the frame of the task that is cancelled: under the address sanitizer, a piece
// that outlived it would be seen.
TEST_P(ParAwait, CancelledItLeavesOutWhatHasNotBegunAndWaitsForWhatHas) {
    std::atomic<int> begun{0};
    std::atomic<bool> gate{false};
    std::atomic<int> ended{0};
    TaskHandle<> handle = loop_.runtime.spawn([&]() -> task<> {
        std::vector<int> local(1000);
        co_await pool_for(pool_, local.size(), 1, [&](std::size_t i) {
            ++begun;
            while (!gate.load()) std::this_thread::yield();
            local[i] = 1;
            ++ended;
        });
        ADD_FAILURE() << "a cancelled task went on";
    });
    while (begun.load() == 0) std::this_thread::yield();
    std::thread opens([&] { gate.store(true); });
    handle.cancel();
    EXPECT_EQ(begun.load(), ended.load());
    EXPECT_TRUE(handle.cancelled());
    opens.join();
    const int at_cancel = begun.load();
    loop_.runtime.pump();
    EXPECT_EQ(begun.load(), at_cancel);
}

TEST_P(ParAwait, CancelledBeforeAWorkerHadTimeItRunsNothing) {
    std::atomic<bool> gate{false};
    std::atomic<int> held{0};
    for (int i = 0; i < GetParam(); ++i) {
        pool_.spawn([&] {
            ++held;
            while (!gate.load()) std::this_thread::yield();
            --held;
        });
    }
    while (held.load() < GetParam()) std::this_thread::yield();
    std::atomic<int> calls{0};
    TaskHandle<> handle = loop_.runtime.spawn(
        [&]() -> task<> { co_await pool_for(pool_, 100, 1, [&](std::size_t) { ++calls; }); });
    handle.cancel();
    gate.store(true);
    while (held.load() > 0) std::this_thread::yield();
    EXPECT_EQ(calls.load(), 0);
}

TEST_P(ParAwait, ShutdownInTheMiddleLeavesNoPieceBehind) {
    for (int round = 0; round < 20; ++round) {
        std::atomic<int> inside{0};
        FakeLoop loop;
        for (int i = 0; i < 5; ++i) {
            loop.runtime.spawn([&]() -> task<> {
                int local = 0;
                co_await pool_for(pool_, 50, 1, [&](std::size_t) {
                    ++inside;
                    std::this_thread::yield();
                    std::atomic_ref(local).fetch_add(1);
                    --inside;
                });
            });
        }
        loop.runtime.shutdown();
        EXPECT_EQ(inside.load(), 0);
    }
}

TEST_P(ParAwait, StandsInACombination) {
    int sum = 0;
    loop_.runtime.spawn([&]() -> task<> {
        auto squares =
            pool_map(pool_, 10, 1, [](std::size_t i) { return static_cast<int>(i * i); });
        auto [values, limit] =
            co_await when_all(squares, pool_map(pool_, 3, 1, [](std::size_t) { return 1; }));
        for (const int value : values) sum += value;
        for (const int value : limit) sum += value;
    });
    loop_.pump_until_all_ended();
    EXPECT_EQ(sum, 288);
}

INSTANTIATE_TEST_SUITE_P(Workers, ParAwait, testing::Values(1, 2, 8));

}  // namespace
}  // namespace nebula
