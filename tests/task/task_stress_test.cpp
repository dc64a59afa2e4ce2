// SPDX-License-Identifier: MIT
// Everything at once, at random: tasks of every shape, sources that end and die, cancels and spawns
// from three other threads, workers. Short here, ten minutes with NEBULA_LONG=1. The seed is told;
// NEBULA_SEED sets it, and repeats what each thread does, if not in which order they meet.
#include "fake_loop.hpp"
#include "nebula/base/mutex.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/resume_in.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/task_scope.hpp"
#include "nebula/task/timeout.hpp"
#include "nebula/task/when_any.hpp"
#include "nebula/task/worker_hop.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using test::FakeLoop;

bool long_run() {
    const char* const asked = std::getenv("NEBULA_LONG");
    return asked != nullptr && *asked == '1';
}

unsigned seed() {
    const char* const asked = std::getenv("NEBULA_SEED");
    return asked != nullptr ? static_cast<unsigned>(std::strtoul(asked, nullptr, 10)) : 20'261U;
}

/// A signal as the engine's are: emitted and freed on any thread, it wakes everybody who waits.
class Source {
public:
    void listen(const Waker& waker) {
        bool over = false;
        {
            const MutexLock lock(mutex_);
            over = freed_;
            if (!over) wakers_.push_back(waker);
        }
        if (over) waker.wake();
    }
    void emit(bool inline_wake) { wake_all(false, inline_wake); }
    void free() { wake_all(true, false); }
    [[nodiscard]] bool freed() {
        const MutexLock lock(mutex_);
        return freed_;
    }

private:
    void wake_all(bool last, bool inline_wake) {
        std::vector<Waker> wakers;
        {
            const MutexLock lock(mutex_);
            wakers.swap(wakers_);
            freed_ = freed_ || last;
        }
        for (const Waker& waker : wakers) {
            if (inline_wake) {
                waker.wake_inline();
            } else {
                waker.wake();
            }
        }
    }

    Mutex mutex_;
    std::vector<Waker> wakers_ NEBULA_GUARDED_BY(mutex_);
    bool freed_ NEBULA_GUARDED_BY(mutex_) = false;
};

class Emission : public Wait {
public:
    explicit Emission(std::shared_ptr<Source> source) noexcept
        : Wait("source"), source_(std::move(source)) {}
    bool await_ready() const { return source_->freed(); }
    template <TaskPromise P>
    void await_suspend(std::coroutine_handle<P> h) {
        source_->listen(suspend(h));
    }
    void await_resume() const {
        if (source_->freed()) throw EmitterFreed("a Source");
    }

private:
    std::shared_ptr<Source> source_;
};

/// The sources that live now; each is replaced when it is freed.
class Sources {
public:
    Sources() {
        for (auto& each : all_) each = std::make_shared<Source>();
    }
    [[nodiscard]] std::shared_ptr<Source> pick(std::mt19937& random) {
        const MutexLock lock(mutex_);
        return all_[random() % all_.size()];
    }
    void free_one(std::mt19937& random) {
        auto fresh = std::make_shared<Source>();
        {
            const MutexLock lock(mutex_);
            std::swap(fresh, all_[random() % all_.size()]);
        }
        fresh->free();
    }
    void free_all() {
        const MutexLock lock(mutex_);
        for (const auto& each : all_) each->free();
    }

private:
    Mutex mutex_;
    std::array<std::shared_ptr<Source>, 8> all_ NEBULA_GUARDED_BY(mutex_);
};

/// test::Counted, for locals that may end on a worker.
class Local {
public:
    explicit Local(std::atomic<int>& live) noexcept : live_(live) { ++live_; }
    Local(const Local&) = delete;
    Local& operator=(const Local&) = delete;
    ~Local() { --live_; }

private:
    std::atomic<int>& live_;
};

/// Counts the tasks that other threads spawned, from the spawn until nothing of them is left.
class Posted {
public:
    explicit Posted(std::atomic<int>& count) noexcept : count_(&count) { ++*count_; }
    Posted(Posted&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
    Posted(const Posted&) = delete;
    Posted& operator=(const Posted&) = delete;
    ~Posted() {
        if (count_ != nullptr) --*count_;
    }

private:
    std::atomic<int>* count_;
};

class TaskStress : public testing::Test {
protected:
    static constexpr std::size_t kMostTasks = 500;

    /// Sources die and time runs out: that is no error here.
    static task<> quietly(task<> body) {
        try {
            co_await std::move(body);
        } catch (const AsyncError&) {
            co_return;
        }
    }

    task<> wait_for(std::shared_ptr<Source> source) {
        const Local local(live_);
        co_await Emission(std::move(source));
    }
    task<int> child(std::shared_ptr<Source> source) {
        const Local local(live_);
        co_await Emission(std::move(source));
        co_return 1;
    }
    task<> hop_and_wait(std::shared_ptr<Source> source) {
        const Local local(live_);
        co_await worker(pool_);
        co_await main_thread();
        co_await Emission(source);
        co_await worker(pool_);
    }
    task<> race(std::shared_ptr<Source> a, std::shared_ptr<Source> b) {
        const Local local(live_);
        (void)co_await when_any(child(std::move(a)), child(std::move(b)));
    }
    task<> hurry(std::shared_ptr<Source> source) {
        const Local local(live_);
        co_await timeout(wait_for(std::move(source)), 1.0);
    }
    task<> parent(std::shared_ptr<Source> a, std::shared_ptr<Source> b) {
        const Local local(live_);
        TaskScope scope(co_await this_runtime());
        scope.spawn(quietly(wait_for(a)));  // else told, when the parent itself throws
        scope.spawn(quietly(hop_and_wait(b)));
        co_await Emission(a);
        co_await scope.join();
    }
    task<> in_phases(std::shared_ptr<Source> source) {
        const Local local(live_);
        co_await resume_in(Phase::Physics, Emission(std::move(source)));
        co_await sleep_for(0.5, TaskClock::Physics);
        co_await end_of_frame();
        co_await yield_now();
    }
    /// Cancels another as it goes, in whatever way it goes.
    task<> take_along(std::shared_ptr<Source> source, TaskHandle<> other) {
        const Local local(live_);
        const test::AtExit cancel([other]() mutable { other.cancel(); });
        co_await Emission(std::move(source));
    }

    task<> anything(std::mt19937& random) {
        switch (random() % 7) {
            case 0:
                return hop_and_wait(sources_.pick(random));
            case 1:
                return race(sources_.pick(random), sources_.pick(random));
            case 2:
                return hurry(sources_.pick(random));
            case 3:
                return parent(sources_.pick(random), sources_.pick(random));
            case 4:
                return in_phases(sources_.pick(random));
            case 5:
                return take_along(sources_.pick(random), handle(random));
            default:
                return wait_for(sources_.pick(random));
        }
    }

    [[nodiscard]] TaskHandle<> handle(std::mt19937& random) {
        const MutexLock lock(mutex_);
        return handles_[random() % handles_.size()];
    }
    void keep(TaskHandle<> handle, std::mt19937& random) {
        const MutexLock lock(mutex_);
        std::swap(handles_[random() % handles_.size()], handle);
    }

    /// What other threads do: emit, free, cancel, spawn.
    void disturb(unsigned number, const RuntimeRemote& remote) {
        std::mt19937 random(seed() + number);
        while (!quiet_.load(std::memory_order_relaxed)) {
            switch (random() % 16) {
                case 0:
                    sources_.free_one(random);
                    break;
                case 1:
                case 2:
                    handle(random).request_cancel();
                    break;
                case 3:
                    if (posted_.load(std::memory_order_relaxed) < 100) {
                        keep(remote.spawn([this, posted = Posted(posted_),
                                           source = sources_.pick(random)]() -> task<> {
                            return quietly(wait_for(source));
                        }),
                             random);
                    }
                    break;
                default:
                    sources_.pick(random)->emit(false);
                    break;
            }
            if (random() % 64 == 0) std::this_thread::yield();
        }
    }

    std::atomic<int> live_{0};  // locals of tasks
    std::atomic<bool> quiet_{false};
    std::atomic<int> posted_{0};
    Sources sources_;
    Mutex mutex_;
    std::array<TaskHandle<>, 64> handles_ NEBULA_GUARDED_BY(mutex_);
    WorkerPool pool_{{.thread_count_override = 2}};
    FakeLoop loop_;
};

TEST_F(TaskStress, NoWakeIsLostAndEveryFrameIsDestroyedOnce) {
    std::printf("seed %u\n", seed());
    Runtime& runtime = loop_.runtime;
    runtime.set_on_unhandled([](const UnhandledError& told) { ADD_FAILURE() << told.what; });
    std::mt19937 random(seed());
    const auto until =
        std::chrono::steady_clock::now() +
        (long_run() ? std::chrono::milliseconds(600'000) : std::chrono::milliseconds(1'500));
    std::uint64_t spawned = 0;
    {
        std::vector<std::jthread> others;
        others.reserve(3);
        for (unsigned i = 1; i <= 3; ++i)
            others.emplace_back([this, i, remote = runtime.remote()] { disturb(i, remote); });
        while (std::chrono::steady_clock::now() < until) {
            for (int i = 0; i < 20 && runtime.live_count() < kMostTasks; ++i, ++spawned)
                keep(runtime.spawn(quietly(anything(random))), random);
            handle(random).cancel();
            sources_.pick(random)->emit(true);
            runtime.begin_physics({.delta_seconds = 0.25});
            loop_.frame();
            runtime.pump();
            runtime.end_of_frame();
        }
        quiet_ = true;
    }
    // Whatever waits now has been woken, or will be by a time or a phase: nothing may stay.
    sources_.free_all();
    for (int frames = 0; runtime.live_count() > 0 || posted_ > 0; ++frames) {
        runtime.begin_physics({.delta_seconds = 1.0});
        loop_.frame();
        runtime.end_of_frame();
        sources_.free_all();
        std::this_thread::yield();  // workers end what they have
        if (frames == 1'000'000) {
            for (const TaskInfo& info : runtime.live_tasks())
                ADD_FAILURE() << info.name << " waits for " << info.reason << " at "
                              << info.site.file_name() << ":" << info.site.line();
            break;
        }
    }
    EXPECT_EQ(live_, 0);
    std::printf("%llu tasks\n", static_cast<unsigned long long>(spawned));
}

}  // namespace
}  // namespace nebula
