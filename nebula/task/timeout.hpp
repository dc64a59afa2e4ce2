// SPDX-License-Identifier: MIT
// A wait with a time limit.
#pragma once

#include "nebula/task/await_as.hpp"
#include "nebula/task/detail/as_task.hpp"
#include "nebula/task/detail/branches_wait.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/task.hpp"
#include "nebula/task/wait.hpp"

#include <array>
#include <concepts>
#include <coroutine>
#include <type_traits>
#include <utility>

namespace nebula {

namespace task_detail {

/// Goes to the end of the queue, and requests a pump.
class TurnLater : public Wait {
public:
    TurnLater() noexcept : Wait("time limit") {}
    bool await_ready() const noexcept { return false; }
    template <TaskPromise P>
    void await_suspend(std::coroutine_handle<P> h) noexcept {
        suspend(h).wake();
    }
    void await_resume() const noexcept {}
};

/// Runs when the limit has ended. If the awaited task is about to run, it lets it run once; not
/// more often, or a task that runs in every pump would never time out.
template <class T>
task<> time_limit(task<T> limit, const Branch& awaited) {
    co_await AtCallersSite(std::move(limit));
    co_await AtCallersSite(TurnLater());
    if (awaited.has_turn()) co_await AtCallersSite(TurnLater());
}

}  // namespace task_detail

/// Made by timeout().
template <class T, class Limit>
class [[nodiscard]] Timeout : public Wait {
    using Until = task_detail::BranchSet::Until;

public:
    Timeout(task<T>&& awaited, task<Limit>&& limit) noexcept
        : Wait("timeout"), awaited_(std::move(awaited)), limit_(std::move(limit)) {}
    Timeout(Timeout&& other) noexcept
        : Timeout(std::move(other.awaited_), std::move(other.limit_)) {}

    bool await_ready() const noexcept { return false; }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) {
        const Waker waker = suspend(h);
        set_.begin(h.promise().record(), waker, branches_.data(), branches_.size());
        set_.start(std::move(awaited_));
        set_.start(task_detail::time_limit(std::move(limit_), branches_[0]));
        return set_.must_wait();
    }
    T await_resume() {
        if (set_.decisive() == &branches_[1]) {
            task_detail::rethrow_end(branches_[1].target());  // the limit itself may have failed
            throw_async_error(AsyncErrorCode::TimedOut, set_.parent().name());
        }
        return branches_[0].template take<T>();
    }

private:
    task<T> awaited_;
    task<Limit> limit_;
    std::array<task_detail::Branch, 2> branches_;
    task_detail::BranchSet set_{Until::First, "timeout"};
};

template <class T, class Limit>
struct AwaitAs<Timeout<T, Limit>> : task_detail::AwaitInPlace<Timeout<T, Limit>> {};

/// Waits for `awaited` and returns its result, but gives up when `limit` has ended.
///
///     const int damage = co_await timeout(signal<int>(player, "hit"), 3.0);
///     Outcome<int> damage = co_await fallible(timeout(signal<int>(player, "hit"), 3.0));
///     co_await timeout(load(level), button.wait());        // or anything else that ends
///
/// Both are branches, as in when_any(), and the loser is gone before this task continues. If both
/// end in the same pump, or if the wake of `awaited` comes in the pump in which the limit ends,
/// `awaited` wins. After that pump it is too late. If `awaited` contains combinations, each level
/// needs a pump to notice an end, so an end that came in time may still be too late.
///
/// Threads:   owner thread.
/// Cost:      that of a when_any() of two, and one or two more pumps before it gives up.
/// Lifetime:  named arguments are borrowed until the wait has ended. Await it once.
/// Throws:    TimedOut, with the name of the task; what `awaited` throws.
template <class A, class Limit>
    requires(!std::convertible_to<Limit, double>)
[[nodiscard]] auto timeout(A&& awaited, Limit&& limit) {
    return Timeout<task_detail::TaskValue<A>, task_detail::TaskValue<Limit>>(
        task_detail::as_task(std::forward<A>(awaited)),
        task_detail::as_task(std::forward<Limit>(limit)));
}
/// The same with a limit in seconds of the runtime's clock, as for sleep_for().
template <class A>
[[nodiscard]] auto timeout(A&& awaited, double seconds) {
    return timeout(std::forward<A>(awaited), sleep_for(seconds));
}

}  // namespace nebula
