// SPDX-License-Identifier: MIT
// Compiled with NEBULA_YIELD_POINTS, beside the stress test of the wake.
#include "nebula/task/one_shot.hpp"

#include "fake_loop.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using test::FakeLoop;

/// Where the results of a test ended.
struct Tally {
    std::atomic<int> given{0};
    std::atomic<int> taken{0};
    std::atomic<int> thrown_away{0};
};

/// Something that one of many may give and one task waits for.
class Shared {
public:
    explicit Shared(Tally& tally) : tally_(tally) {}

    /// False when somebody was first, or nobody waits any more.
    bool give(int value) {
        if (!meeting.claim()) return false;
        ++tally_.given;
        result_ = std::make_unique<int>(value);  // on the heap, for the sanitizers
        if (!meeting.finish()) throw_away();
        return true;
    }
    int take() {
        ++tally_.taken;
        return *std::exchange(result_, nullptr);
    }
    void leave() {
        if (meeting.leave() == OneShot::Left::Ended && result_) throw_away();
    }

    OneShot meeting;

private:
    void throw_away() {
        ++tally_.thrown_away;
        result_.reset();
    }

    Tally& tally_;
    std::unique_ptr<int> result_;
};

class SharedWait : public Wait {
public:
    explicit SharedWait(std::shared_ptr<Shared> shared)
        : Wait("shared"), shared_(std::move(shared)) {}
    ~SharedWait() { shared_->leave(); }

    bool await_ready() const noexcept { return shared_->meeting.ended(); }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) noexcept {
        return shared_->meeting.listen(suspend(h));
    }
    int await_resume() const { return shared_->take(); }

private:
    std::shared_ptr<Shared> shared_;
};

TEST(OneShot, OfManyClaimsTheFirstCountsAndItsTaskResumesInThePump) {
    Tally tally;
    auto shared = std::make_shared<Shared>(tally);
    FakeLoop loop;
    int got = 0;
    loop.runtime.spawn([&]() -> task<> { got = co_await SharedWait(shared); });
    shared->give(1);
    shared->give(2);
    EXPECT_EQ(got, 0) << "inside finish()";
    loop.runtime.pump();
    EXPECT_EQ(got, 1);
    EXPECT_EQ(tally.given, 1);
}

TEST(OneShot, AResultThatCameBeforeTheAwaitIsTakenWithoutAWait) {
    Tally tally;
    auto shared = std::make_shared<Shared>(tally);
    shared->give(1);
    FakeLoop loop;
    int got = 0;
    loop.runtime.spawn([&]() -> task<> { got = co_await SharedWait(shared); });
    EXPECT_EQ(got, 1);
}

TEST(OneShot, AfterTheAwaiterHasLeftNobodyClaims) {
    Tally tally;
    auto shared = std::make_shared<Shared>(tally);
    FakeLoop loop;
    auto handle = loop.runtime.spawn([&]() -> task<> { (void)co_await SharedWait(shared); });
    handle.cancel();
    shared->give(1);
    EXPECT_EQ(tally.given, 0);
}

TEST(OneShot, WhoeverClaimedBeforeTheAwaiterLeftThrowsTheResultAway) {
    OneShot meeting;
    EXPECT_TRUE(meeting.claim());
    EXPECT_FALSE(meeting.ended());
    EXPECT_EQ(meeting.leave(), OneShot::Left::Claimed);
    EXPECT_FALSE(meeting.finish());
}

TEST(OneShot, AResultNobodyTookIsThrownAwayByTheAwaiter) {
    Tally tally;
    auto shared = std::make_shared<Shared>(tally);
    FakeLoop loop;
    auto handle = loop.runtime.spawn([&]() -> task<> { (void)co_await SharedWait(shared); });
    shared->give(1);
    handle.cancel();
    EXPECT_EQ(tally.thrown_away, 1);
}

/// For an awaiter that stays when its task has gone.
class BorrowedWait : public Wait {
public:
    explicit BorrowedWait(Shared& shared) : Wait("borrowed"), shared_(shared) {}
    ~BorrowedWait() { shared_.meeting.stop_listening(); }

    bool await_ready() const noexcept { return shared_.meeting.ended(); }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) noexcept {
        return shared_.meeting.listen(suspend(h));
    }
    int await_resume() const { return shared_.take(); }

private:
    Shared& shared_;
};

TEST(OneShot, AfterATaskThatListenedNoMoreAnotherMay) {
    Tally tally;
    Shared shared(tally);
    FakeLoop loop;
    int got = 0;
    const auto wait = [&]() -> task<> { got = co_await BorrowedWait(shared); };
    loop.runtime.spawn(wait).cancel();
    loop.runtime.spawn(wait);
    shared.give(1);
    loop.runtime.pump();
    EXPECT_EQ(got, 1);
}

TEST(OneShot, WhatCameForATaskThatIsGoneIsThereForTheNext) {
    Tally tally;
    Shared shared(tally);
    FakeLoop loop;
    int got = 0;
    const auto wait = [&]() -> task<> { got = co_await BorrowedWait(shared); };
    auto first = loop.runtime.spawn(wait);
    shared.give(1);
    first.cancel();  // woken, and has not run
    loop.runtime.spawn(wait);
    EXPECT_EQ(got, 1);
}

// Tasks come and go at one place while a thread gives there: the last of them gets it.
TEST(OneShotStress, TheLastOfManyThatListenedGetsWhatWasGivenMeanwhile) {
    for (int round = 0; round < 200; ++round) {
        Tally tally;
        Shared shared(tally);
        int got = 0;
        FakeLoop loop;
        const auto wait = [&]() -> task<> { got = co_await BorrowedWait(shared); };
        std::thread giver([&] { shared.give(1); });
        for (int i = 0; i < 20 && got == 0; ++i) loop.runtime.spawn(wait).cancel();
        if (got == 0) loop.runtime.spawn(wait);
        giver.join();
        loop.runtime.pump();
        EXPECT_EQ(got, 1);
    }
}

// Two threads give into the same eight places while tasks wait there; those of the first half are
// cancelled and spawned anew. A lost wake stays for the end to see in the other half.
TEST(OneShotStress, EveryResultIsTakenOrThrownAwayOnceAndNoTaskIsLeftWaiting) {
    static constexpr std::size_t kPlaces = 8;
    static constexpr int kGifts = 2'000;  // that somebody claimed
    Tally tally;
    std::mutex mutex;
    std::array<std::shared_ptr<Shared>, kPlaces> places;
    std::array<TaskHandle<>, kPlaces> handles;
    std::atomic<int> giving{2};
    {
        FakeLoop loop;
        const auto place_anew = [&](std::size_t i) {
            auto shared = std::make_shared<Shared>(tally);
            const std::lock_guard lock(mutex);
            places[i] = shared;
            return shared;
        };
        const auto wait_at = [&](std::size_t i) {
            handles[i] = loop.runtime.spawn([&, i]() -> task<> {
                for (;;) (void)co_await SharedWait(place_anew(i));
            });
        };
        for (std::size_t i = 0; i < kPlaces; ++i) wait_at(i);
        std::vector<std::thread> threads;
        threads.reserve(2);
        for (std::uint32_t t = 0; t < 2; ++t) {
            threads.emplace_back([&, t] {
                std::minstd_rand random(t + 1);
                while (tally.given.load() < kGifts) {
                    std::shared_ptr<Shared> shared;
                    {
                        const std::lock_guard lock(mutex);
                        shared = places[random() % kPlaces];
                    }
                    if (!shared->give(1)) std::this_thread::yield();  // the main loop's turn
                }
                --giving;
            });
        }
        std::minstd_rand random(99);
        while (giving.load() > 0) {
            loop.frame();
            const std::size_t i = random() % (kPlaces / 2);
            handles[i].cancel();
            wait_at(i);
        }
        for (std::thread& thread : threads) thread.join();
        loop.frames_pass(2);
        // A task whose result had been given would still wait now, had its wake been lost.
        for (const auto& place : places) EXPECT_FALSE(place->meeting.ended());
        EXPECT_EQ(loop.runtime.live_count(), kPlaces);
    }
    EXPECT_GT(tally.taken, 0);
    EXPECT_EQ(tally.given, tally.taken + tally.thrown_away);
}

}  // namespace
}  // namespace nebula
