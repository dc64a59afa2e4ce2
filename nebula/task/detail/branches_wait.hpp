// SPDX-License-Identifier: MIT
// The common part of the awaiters of when_all, when_any and timeout.
#pragma once

#include "nebula/task/detail/branch_set.hpp"
#include "nebula/task/task.hpp"
#include "nebula/task/wait.hpp"

#include <array>
#include <coroutine>
#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace nebula::task_detail {

/// Starts its branches in order, inside the task that awaits it, and waits until all have ended.
/// Movable until it is awaited.
template <class... Ts>
class BranchesWait : public Wait {
public:
    bool await_ready() const noexcept { return false; }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) {
        const Waker waker = suspend(h);
        set_.begin(h.promise().record(), waker, branches_.data(), branches_.size());
        start_all(std::index_sequence_for<Ts...>());
        return set_.must_wait();
    }

protected:
    using Until = BranchSet::Until;

    BranchesWait(Until until, const char* reason, const char* kind, task<Ts>&&... bodies) noexcept
        : Wait(reason), bodies_(std::move(bodies)...), set_(until, kind) {}
    BranchesWait(Until until, const char* kind, BranchesWait&& other) noexcept
        : Wait(other.reason()), bodies_(std::move(other.bodies_)), set_(until, kind) {}
    ~BranchesWait() = default;

    [[nodiscard]] const BranchSet& set() const noexcept { return set_; }
    template <std::size_t kIndex>
    [[nodiscard]] Branch& branch() noexcept {
        return std::get<kIndex>(branches_);
    }

private:
    template <std::size_t... kIndex>
    void start_all(std::index_sequence<kIndex...>) {
        // By value, so that a body that is not wanted any more is gone before the task continues.
        (set_.start(std::move(std::get<kIndex>(bodies_))), ...);
    }

    std::tuple<task<Ts>...> bodies_;  // until they have been started
    std::array<Branch, sizeof...(Ts)> branches_;
    BranchSet set_;  // last: its destructor needs the branches
};

/// The same for any number of branches of one type.
template <class T>
class BranchVectorWait : public Wait {
public:
    bool await_ready() const noexcept { return false; }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) {
        const Waker waker = suspend(h);
        BranchArray& all = branches_.emplace(bodies_.size());
        set_.begin(h.promise().record(), waker, all.data(), all.size());
        for (task<T>& body : bodies_) set_.start(std::move(body));
        return set_.must_wait();
    }

protected:
    using Until = BranchSet::Until;

    BranchVectorWait(Until until, const char* reason, const char* kind,
                     std::vector<task<T>>&& bodies) noexcept
        : Wait(reason), bodies_(std::move(bodies)), set_(until, kind) {}
    BranchVectorWait(Until until, const char* kind, BranchVectorWait&& other) noexcept
        : BranchVectorWait(until, other.reason(), kind, std::move(other.bodies_)) {}
    ~BranchVectorWait() = default;

    [[nodiscard]] const BranchSet& set() const noexcept { return set_; }
    [[nodiscard]] BranchArray& branches() noexcept { return *branches_; }

private:
    std::vector<task<T>> bodies_;
    std::optional<BranchArray> branches_;  // made when it is awaited; until then it can be moved
    BranchSet set_;
};

/// For AwaitAs: the task that awaits such a wait takes it over.
template <class W>
class AwaitInPlace {
public:
    static W make(W&& wait) noexcept(std::is_nothrow_move_constructible_v<W>) {
        return W(std::move(wait));
    }
    template <class Lvalue>
    static W make(Lvalue& wait) {
        static_assert(!std::is_same_v<Lvalue, Lvalue>,
                      "a combination can be awaited only once: write `co_await std::move(wait)`, "
                      "or create it in the co_await expression");
        return W(std::move(wait));
    }
};

}  // namespace nebula::task_detail
