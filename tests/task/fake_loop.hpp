// SPDX-License-Identifier: MIT
// What the suites of this layer share: a main loop without an engine, a thing to wait for, and a
// local whose destructor is counted.
#pragma once

#include "nebula/task/runtime.hpp"
#include "nebula/task/wait.hpp"

#include <coroutine>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

namespace nebula::test {

/// A runtime and the frames it is told of.
class FakeLoop {
public:
    static constexpr double kDelta = 0.25;  // exact in binary, so sums of it compare equal

    void frame() { runtime.begin_frame({kDelta, ++frames}); }
    void frames_pass(int count) {
        for (int i = 0; i < count; ++i) frame();
    }
    /// As a main loop that answers every ring: until nothing is left to do in this frame.
    void settle() {
        for (int i = 0; i < 10; ++i) runtime.pump();
    }

    void settled_frames(int count) {
        for (int i = 0; i < count; ++i) {
            frame();
            settle();
        }
    }
    /// For what other threads bring about; nothing here limits how long that takes.
    template <class Ended>
    void pump_until(Ended ended) {
        while (!ended()) {
            runtime.pump();
            std::this_thread::yield();
        }
    }
    void pump_until_all_ended() {
        pump_until([this] { return runtime.live_count() == 0; });
    }

    Runtime runtime;
    std::uint64_t frames = 0;
};

/// Counts how many of itself live, and how often each was destroyed by how far it drops.
class Counted {
public:
    explicit Counted(int& live) noexcept : live_(&live) { ++*live_; }
    Counted(Counted&& other) noexcept : live_(other.live_) { ++*live_; }
    Counted(const Counted& other) noexcept : live_(other.live_) { ++*live_; }
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --*live_; }

private:
    int* live_;
};

/// Runs a function when destroyed.
template <class F>
class AtExit {
public:
    explicit AtExit(F f) : f_(std::move(f)) {}
    AtExit(const AtExit&) = delete;
    AtExit& operator=(const AtExit&) = delete;
    ~AtExit() { f_(); }

private:
    F f_;
};

/// Lets waiting tasks through, by hand: it keeps every waker it was ever given.
class Door {
public:
    class Opens : public Wait {
    public:
        explicit Opens(Door& door) noexcept : Wait("door"), door_(door) {}
        ~Opens() { --door_.waiting; }
        bool await_ready() noexcept {
            ++door_.waiting;
            return false;
        }
        template <TaskPromise P>
        void await_suspend(std::coroutine_handle<P> h) {
            door_.wakers.push_back(suspend(h));
        }
        void await_resume() const noexcept {}

    private:
        Door& door_;
    };

    [[nodiscard]] Opens opens() noexcept { return Opens(*this); }
    void open() const {
        for (const Waker& waker : wakers) waker.wake();
    }

    std::vector<Waker> wakers;
    int waiting = 0;  // awaiters that live
};

}  // namespace nebula::test
