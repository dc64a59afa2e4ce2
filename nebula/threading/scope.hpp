// SPDX-License-Identifier: MIT
// A block that ends only when all its tasks have ended. Opened with WorkerPool::scope().
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/threading/task_group.hpp"

#include <concepts>
#include <cstddef>
#include <deque>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace nebula {

struct ScopeOptions {
    Band band = Band::Frame;
    /// With CancelRest, tasks that have not begun are also dropped if the body throws.
    OnError on_error = OnError::RunAll;
    Help help = Help::OwnGroup;
};

namespace detail {
/// Out of line: this header is also read by code without exceptions.
[[noreturn]] void throw_job_cancelled();
}  // namespace detail

/// Passed to the body of a scope, which spawns tasks into it.
///
/// Threads:   spawn: any thread, until the tasks of the scope have ended.
/// Lifetime:  lives during the call of WorkerPool::scope(); tasks may borrow it.
template <class T = void>
class Scope {
public:
    Scope(WorkerPool& pool, ScopeOptions options) : group_(pool, options.band, options.on_error) {}

    /// Results are returned in the order of these calls.
    template <class F>
        requires std::is_invocable_r_v<T, std::decay_t<F>&>
    void spawn(F&& f, const char* name = nullptr) {
        group_.spawn([&slot = add_slot(), f = std::forward<F>(f)]() mutable { slot.emplace(f()); },
                     name);
    }

    /// Pinned to the thread that opened the scope: see TaskGroup::spawn_on_owner. In a scope that
    /// the main thread opened, that is the main thread.
    template <class F>
        requires std::is_invocable_r_v<T, std::decay_t<F>&>
    void spawn_on_main(F&& f, const char* name = nullptr) {
        group_.spawn_on_owner(
            [&slot = add_slot(), f = std::forward<F>(f)]() mutable { slot.emplace(f()); }, name);
    }

    /// f(i) for all i < calls, each a task with a result: see TaskGroup::spawn_batch.
    template <IndexType Count, class F>
        requires std::is_invocable_r_v<T, std::decay_t<F>&, std::size_t>
    void spawn_batch(Count calls, F&& f, const char* name = nullptr) {
        const std::size_t count = detail::count_of(calls, 0, detail::kNegativeBatch);
        group_.spawn_batch(
            count,
            [this, first = add_slots(count),
             f = std::decay_t<F>(std::forward<F>(f))](std::size_t i) mutable {
                T result = f(i);
                slot(first + i).emplace(std::move(result));
            },
            name);
    }

    /// Drops tasks that have not begun. If a result is missing then, the scope throws JobCancelled
    /// instead of returning results.
    void cancel() noexcept { group_.cancel(); }
    [[nodiscard]] bool cancelled() const noexcept { return group_.cancelled(); }

    TaskGroup& group() noexcept { return group_; }

    /// Called by scope() itself after the wait.
    /// \throws JobCancelled if a task has neither a result nor a kept error.
    std::vector<T> take_results() NEBULA_EXCLUDES(mutex_) {
        // Taken out first: the move of a result is user code, which may use this scope.
        std::deque<std::optional<T>> slots;
        {
            const MutexLock lock(mutex_);
            slots.swap(slots_);
        }
        for (const std::optional<T>& slot : slots)
            if (!slot) detail::throw_job_cancelled();
        std::vector<T> results;
        results.reserve(slots.size());
        for (std::optional<T>& slot : slots) results.push_back(std::move(*slot));
        return results;
    }

private:
    std::size_t add_slots(std::size_t count) NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        const std::size_t first = slots_.size();
        slots_.resize(first + count);
        return first;
    }
    std::optional<T>& slot(std::size_t i) noexcept NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        return slots_[i];
    }
    std::optional<T>& add_slot() NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        return slots_.emplace_back();
    }

    Mutex mutex_;
    std::deque<std::optional<T>> slots_ NEBULA_GUARDED_BY(mutex_);  // a deque: slots never move
    TaskGroup group_;  // last: its destructor waits for tasks that write to the slots
};

template <>
class Scope<void> {
public:
    Scope(WorkerPool& pool, ScopeOptions options) : group_(pool, options.band, options.on_error) {}

    template <class F>
        requires std::is_invocable_v<std::decay_t<F>&>
    void spawn(F&& f, const char* name = nullptr) {
        group_.spawn(std::forward<F>(f), name);
    }

    /// Pinned to the thread that opened the scope: see TaskGroup::spawn_on_owner. In a scope that
    /// the main thread opened, that is the main thread.
    template <class F>
        requires std::is_invocable_v<std::decay_t<F>&>
    void spawn_on_main(F&& f, const char* name = nullptr) {
        group_.spawn_on_owner(std::forward<F>(f), name);
    }

    /// f(i) for all i < calls, each a task: see TaskGroup::spawn_batch.
    template <IndexType Count, class F>
        requires std::is_invocable_v<std::decay_t<F>&, std::size_t>
    void spawn_batch(Count calls, F&& f, const char* name = nullptr) {
        group_.spawn_batch(calls, std::forward<F>(f), name);
    }

    void cancel() noexcept { group_.cancel(); }
    [[nodiscard]] bool cancelled() const noexcept { return group_.cancelled(); }

    TaskGroup& group() noexcept { return group_; }

private:
    TaskGroup group_;
};

namespace detail {

// The T of a body's parameter, Scope<T>&.
template <class Call>
struct ScopeParameter;
template <class R, class T>
struct ScopeParameter<R (*)(Scope<T>&)> : std::type_identity<T> {};
template <class R, class T>
struct ScopeParameter<R (*)(Scope<T>&) noexcept> : std::type_identity<T> {};
template <class R, class C, class T>
struct ScopeParameter<R (C::*)(Scope<T>&)> : std::type_identity<T> {};
template <class R, class C, class T>
struct ScopeParameter<R (C::*)(Scope<T>&) const> : std::type_identity<T> {};
template <class R, class C, class T>
struct ScopeParameter<R (C::*)(Scope<T>&) noexcept> : std::type_identity<T> {};
template <class R, class C, class T>
struct ScopeParameter<R (C::*)(Scope<T>&) const noexcept> : std::type_identity<T> {};

template <class Call>
concept NamesItsScope = requires { typename ScopeParameter<Call>::type; };

template <class Body>
constexpr auto scope_type_of() {
    using Pointer = std::add_pointer_t<std::remove_pointer_t<Body>>;  // if it is a function
    if constexpr (NamesItsScope<Pointer>) {
        return std::type_identity<typename ScopeParameter<Pointer>::type>();
    } else if constexpr (requires { requires NamesItsScope<decltype(&Body::operator())>; }) {
        return std::type_identity<typename ScopeParameter<decltype(&Body::operator())>::type>();
    } else {
        static_assert(std::is_invocable_v<Body&, Scope<void>&>,
                      "scope() calls body(scope): let the body take a Scope<>& for tasks without "
                      "results, or a Scope<T>& for tasks that return a T. `auto&` is a Scope<>&; "
                      "for results write scope<T>([](auto& s) { ... })");
        return std::type_identity<void>();
    }
}
template <class Body>
using ScopeTypeOf = typename decltype(scope_type_of<Body>())::type;

/// Cancels the group if the body of the scope throws.
struct CancelUnlessDone {
    ~CancelUnlessDone() {
        if (armed) group.cancel();
    }
    TaskGroup& group;
    bool armed;
};

template <class T, class Body>
auto run_scope(WorkerPool& pool, Body& body, ScopeOptions options) {
    Scope<T> scope(pool, options);
    CancelUnlessDone unless_done{scope.group(), options.on_error == OnError::CancelRest};
    const auto end = [&] {
        unless_done.armed = false;
        scope.group().wait(options.help);
        scope.group().rethrow_first();
    };
    if constexpr (!std::is_void_v<T>) {
        static_assert(std::is_void_v<std::invoke_result_t<Body&, Scope<T>&>>,
                      "a scope whose tasks have results returns those, so its body must return "
                      "nothing: assign to a variable outside, or use a Scope<>&");
        body(scope);
        end();
        return scope.take_results();
    } else if constexpr (std::is_void_v<std::invoke_result_t<Body&, Scope<T>&>>) {
        body(scope);
        end();
    } else {
        auto result = body(scope);
        end();
        return result;
    }
}

}  // namespace detail

}  // namespace nebula
