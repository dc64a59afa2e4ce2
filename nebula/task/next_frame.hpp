// SPDX-License-Identifier: MIT
// Waits that the main loop itself ends: the next frame, the next turn, a time.
#pragma once

#include "nebula/task/detail/intrusive_list.hpp"
#include "nebula/task/detail/timer_heap.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/wait.hpp"

#include <coroutine>

namespace nebula {

namespace task_detail {

struct FrameTag {};

/// A place in the runtime's list of waits for a frame.
class FrameWaiter : public ListHook<FrameTag> {
public:
    TaskRecord* record = nullptr;
};

}  // namespace task_detail

/// Made by next_frame().
class NextFrame : public Wait {
public:
    NextFrame() noexcept : Wait("next frame") {}
    bool await_ready() const noexcept { return false; }
    template <TaskPromise P>
    void await_suspend(std::coroutine_handle<P> h) noexcept {
        begin(h.promise());
    }
    FrameTime await_resume() const noexcept;

private:
    void begin(task_detail::PromiseBase& leaf) noexcept;
    task_detail::FrameWaiter waiter_;
};

/// `const FrameTime frame = co_await next_frame();` waits for the next begin_frame().
///
/// Cost:      two links of a list; nothing allocates.
[[nodiscard]] inline NextFrame next_frame() noexcept { return {}; }

/// Made by yield_now().
class YieldNow : public Wait {
public:
    YieldNow() noexcept : Wait("yield") {}
    bool await_ready() const noexcept { return false; }
    template <TaskPromise P>
    void await_suspend(std::coroutine_handle<P> h) noexcept {
        suspend_here(h.promise()).turn_again = true;
    }
    void await_resume() const noexcept {}
};

/// Lets others run: the task goes on in the next pump, at the latest in the next frame. It does
/// not ask for that pump, so a task that yields for ever has one turn per pump and no frame waits.
[[nodiscard]] inline YieldNow yield_now() noexcept { return {}; }

/// Made by sleep_for().
class Sleep : public Wait {
public:
    explicit Sleep(double seconds) noexcept : Wait("sleep"), seconds_(seconds) {}
    ~Sleep();
    bool await_ready() const noexcept { return false; }
    template <TaskPromise P>
    void await_suspend(std::coroutine_handle<P> h) {
        begin(h.promise());
    }
    void await_resume() const noexcept {}

private:
    void begin(task_detail::PromiseBase& leaf);
    double seconds_;
    task_detail::Timer timer_;
};

/// Waits until the runtime's clock has advanced by so much; ends in the first begin_frame() that
/// reaches it. Sleeps of equal end wake in the order they began. Zero, less, and not-a-number wait
/// for the next frame.
///
/// Cost:      O(log n) in the number of sleepers.
[[nodiscard]] inline Sleep sleep_for(double seconds) noexcept { return Sleep(seconds); }

}  // namespace nebula
