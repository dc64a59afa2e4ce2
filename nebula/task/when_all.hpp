// SPDX-License-Identifier: MIT
// Several waits at once, until all have ended.
#pragma once

#include "nebula/task/await_as.hpp"
#include "nebula/task/detail/as_task.hpp"
#include "nebula/task/detail/branches_wait.hpp"
#include "nebula/task/task.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace nebula {

/// The result of a branch: its value, or what it threw (TaskCancelled if it was cancelled).
template <class T>
using Settled = tl::expected<T, std::exception_ptr>;

namespace task_detail {

/// The type of a value in a tuple, where void needs one, too.
template <class T>
using TupleValue = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T>
TupleValue<T> take_from(Branch& branch) {
    if constexpr (std::is_void_v<T>) {
        branch.take<void>();
        return {};
    } else {
        return branch.take<T>();
    }
}

/// tl::expected does not support references.
template <class T>
using SettledValue = std::conditional_t<std::is_reference_v<T>,
                                        std::reference_wrapper<std::remove_reference_t<T>>, T>;

template <class T>
Settled<SettledValue<T>> settle(Branch& branch) {
    if (const std::exception_ptr error = error_of(branch.target())) return tl::unexpected(error);
    if constexpr (std::is_void_v<T>) {
        return {};
    } else {
        return SettledValue<T>(branch.take<T>());
    }
}

}  // namespace task_detail

/// Made by when_all().
template <class... Ts>
class [[nodiscard]] WhenAll : public task_detail::BranchesWait<Ts...> {
    using Base = task_detail::BranchesWait<Ts...>;

public:
    explicit WhenAll(task<Ts>&&... bodies) noexcept
        : Base(Base::Until::FirstError, "when_all", "all", std::move(bodies)...) {}
    WhenAll(WhenAll&& other) noexcept : Base(Base::Until::FirstError, "all", std::move(other)) {}

    std::tuple<task_detail::TupleValue<Ts>...> await_resume() {
        if (task_detail::Branch* const failed = this->set().decisive())
            task_detail::rethrow_end(failed->target());
        return take(std::index_sequence_for<Ts...>());
    }

private:
    template <std::size_t... kIndex>
    std::tuple<task_detail::TupleValue<Ts>...> take(std::index_sequence<kIndex...>) {
        return {task_detail::take_from<Ts>(this->template branch<kIndex>())...};
    }
};

/// Made by when_all() of a vector.
template <class T>
class [[nodiscard]] WhenAllOf : public task_detail::BranchVectorWait<T> {
    using Base = task_detail::BranchVectorWait<T>;

public:
    explicit WhenAllOf(std::vector<task<T>>&& bodies)
        : Base(Base::Until::FirstError, "when_all", "all", std::move(bodies)) {}
    WhenAllOf(WhenAllOf&& other) noexcept
        : Base(Base::Until::FirstError, "all", std::move(other)) {}

    auto await_resume() {
        if (task_detail::Branch* const failed = this->set().decisive())
            task_detail::rethrow_end(failed->target());
        if constexpr (!std::is_void_v<T>) {
            std::vector<T> values;
            values.reserve(this->branches().size());
            for (std::size_t i = 0; i < this->branches().size(); ++i)
                values.push_back(this->branches()[i].template take<T>());
            return values;
        }
    }
};

/// Made by when_all_settled().
template <class... Ts>
class [[nodiscard]] WhenAllSettled : public task_detail::BranchesWait<Ts...> {
    using Base = task_detail::BranchesWait<Ts...>;

public:
    explicit WhenAllSettled(task<Ts>&&... bodies) noexcept
        : Base(Base::Until::All, "when_all", "all", std::move(bodies)...) {}
    WhenAllSettled(WhenAllSettled&& other) noexcept
        : Base(Base::Until::All, "all", std::move(other)) {}

    auto await_resume() { return take(std::index_sequence_for<Ts...>()); }

private:
    template <std::size_t... kIndex>
    auto take(std::index_sequence<kIndex...>) {
        return std::tuple<Settled<task_detail::SettledValue<Ts>>...>(
            task_detail::settle<Ts>(this->template branch<kIndex>())...);
    }
};

/// Made by when_all_settled() of a vector.
template <class T>
class [[nodiscard]] WhenAllSettledOf : public task_detail::BranchVectorWait<T> {
    using Base = task_detail::BranchVectorWait<T>;

public:
    explicit WhenAllSettledOf(std::vector<task<T>>&& bodies)
        : Base(Base::Until::All, "when_all", "all", std::move(bodies)) {}
    WhenAllSettledOf(WhenAllSettledOf&& other) noexcept
        : Base(Base::Until::All, "all", std::move(other)) {}

    std::vector<Settled<task_detail::SettledValue<T>>> await_resume() {
        std::vector<Settled<task_detail::SettledValue<T>>> ends;
        ends.reserve(this->branches().size());
        for (std::size_t i = 0; i < this->branches().size(); ++i)
            ends.push_back(task_detail::settle<T>(this->branches()[i]));
        return ends;
    }
};

template <class... Ts>
struct AwaitAs<WhenAll<Ts...>> : task_detail::AwaitInPlace<WhenAll<Ts...>> {};
template <class T>
struct AwaitAs<WhenAllOf<T>> : task_detail::AwaitInPlace<WhenAllOf<T>> {};
template <class... Ts>
struct AwaitAs<WhenAllSettled<Ts...>> : task_detail::AwaitInPlace<WhenAllSettled<Ts...>> {};
template <class T>
struct AwaitAs<WhenAllSettledOf<T>> : task_detail::AwaitInPlace<WhenAllSettledOf<T>> {};

/// Waits for all of them at once. Returns a tuple, with a std::monostate for each void.
///
///     auto [mesh, texture] = co_await when_all(load_mesh(path), load_texture(path));
///     co_await when_all(door.opened(), sleep_for(2.0));
///
/// Accepts anything that a task can await and that can be moved before it is awaited: tasks,
/// handles, signals, sleeps, pool jobs, combinations. It does not accept hops and enter_phase(),
/// which are for the task itself. Each becomes a branch: a task of its own, started in order inside
/// this co_await, and shown as "name/all 0". A named argument that is not copied stays with its
/// owner: a cancelled branch stops waiting for a handle's task, but does not cancel that task.
///
/// The first branch that fails or is cancelled ends the others, and its error is thrown once all
/// have ended; later errors are dropped. If the task itself is cancelled, its branches are
/// destroyed before its own frames.
///
/// Threads:   owner thread.
/// Cost:      per branch one record, and one frame if it is not a task yet, from the frame pool.
/// Lifetime:  named arguments are borrowed until the wait has ended. Await it once.
/// Throws:    the first error of a branch; std::bad_alloc, and then no branch is left running.
template <class... As>
[[nodiscard]] auto when_all(As&&... awaited) {
    return WhenAll<task_detail::TaskValue<As>...>(
        task_detail::as_task(std::forward<As>(awaited))...);
}

/// The same for any number of tasks of one type, even none. Returns their values in the same order;
/// nothing for task<void>.
///
/// Cost:      in addition, one block for all branches, and the result.
template <class T>
[[nodiscard]] WhenAllOf<T> when_all(std::vector<task<T>> bodies) {
    return WhenAllOf<T>(std::move(bodies));
}

/// Waits until all have ended, in any way; one that fails does not affect the others.
///
///     auto [first, second] = co_await when_all_settled(save(a), save(b));
///     if (!first) std::rethrow_exception(first.error());
///
/// Otherwise like when_all(). A reference is returned as a std::reference_wrapper.
template <class... As>
[[nodiscard]] auto when_all_settled(As&&... awaited) {
    return WhenAllSettled<task_detail::TaskValue<As>...>(
        task_detail::as_task(std::forward<As>(awaited))...);
}
template <class T>
[[nodiscard]] WhenAllSettledOf<T> when_all_settled(std::vector<task<T>> bodies) {
    return WhenAllSettledOf<T>(std::move(bodies));
}

}  // namespace nebula
