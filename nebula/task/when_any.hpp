// SPDX-License-Identifier: MIT
// Several waits at once, until the first has ended.
#pragma once

#include "nebula/base/require.hpp"
#include "nebula/task/await_as.hpp"
#include "nebula/task/detail/as_task.hpp"
#include "nebula/task/detail/branches_wait.hpp"
#include "nebula/task/task.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace nebula {

namespace task_detail {

/// The type of a value in a variant, which can hold neither void nor references.
template <class T>
using VariantValue =
    std::conditional_t<std::is_void_v<T>, std::monostate,
                       std::conditional_t<std::is_reference_v<T>,
                                          std::reference_wrapper<std::remove_reference_t<T>>, T>>;

}  // namespace task_detail

/// The result of when_any() of a vector: which one was first, and its value.
template <class T>
struct FirstOf {
    std::size_t index;
    task_detail::VariantValue<T> value;
};

/// Made by when_any().
template <class... Ts>
class [[nodiscard]] WhenAny : public task_detail::BranchesWait<Ts...> {
    static_assert(sizeof...(Ts) > 0, "when_any without arguments would wait forever");
    using Base = task_detail::BranchesWait<Ts...>;
    using Value = std::variant<task_detail::VariantValue<Ts>...>;

public:
    explicit WhenAny(task<Ts>&&... bodies) noexcept
        : Base(Base::Until::First, "when_any", "any", std::move(bodies)...) {}
    WhenAny(WhenAny&& other) noexcept : Base(Base::Until::First, "any", std::move(other)) {}

    Value await_resume() { return take(std::index_sequence_for<Ts...>()); }

private:
    template <std::size_t kIndex>
    static Value take_from(task_detail::Branch& branch) {
        using T = std::tuple_element_t<kIndex, std::tuple<Ts...>>;
        if constexpr (std::is_void_v<T>) {
            branch.take<void>();
            return Value(std::in_place_index<kIndex>);
        } else {
            return Value(std::in_place_index<kIndex>, branch.take<T>());
        }
    }
    template <std::size_t... kIndex>
    Value take(std::index_sequence<kIndex...>) {
        static constexpr std::array<Value (*)(task_detail::Branch&), sizeof...(Ts)> kTake{
            &take_from<kIndex>...};
        task_detail::Branch& first = *this->set().decisive();
        return kTake[this->set().index_of(first)](first);
    }
};

/// Made by when_any() of a vector.
template <class T>
class [[nodiscard]] WhenAnyOf : public task_detail::BranchVectorWait<T> {
    using Base = task_detail::BranchVectorWait<T>;

public:
    explicit WhenAnyOf(std::vector<task<T>>&& bodies)
        : Base(Base::Until::First, "when_any", "any", std::move(bodies)) {}
    WhenAnyOf(WhenAnyOf&& other) noexcept : Base(Base::Until::First, "any", std::move(other)) {}

    FirstOf<T> await_resume() {
        task_detail::Branch& first = *this->set().decisive();
        const std::size_t index = this->set().index_of(first);
        if constexpr (std::is_void_v<T>) {
            first.take<void>();
            return {index, {}};
        } else {
            return {index, first.template take<T>()};
        }
    }
};

template <class... Ts>
struct AwaitAs<WhenAny<Ts...>> : task_detail::AwaitInPlace<WhenAny<Ts...>> {};
template <class T>
struct AwaitAs<WhenAnyOf<T>> : task_detail::AwaitInPlace<WhenAnyOf<T>> {};

/// Waits for the first of them to end, with a value or an error. Returns a std::variant whose index
/// says which one it was, with std::monostate for void and a std::reference_wrapper for a
/// reference.
///
///     const auto first = co_await when_any(signal<int>(player, "hit"), sleep_for(3.0));
///     if (first.index() == 1) co_return;    // nobody was hit
///     use(std::get<0>(first));
///
/// The others are cancelled before this task continues: they are destroyed, and their connections
/// are gone. They are started in order: if one ends while it is being started, it is the first, and
/// those after it never run. See when_all() for what may be awaited and what becomes of it.
///
/// Threads:   owner thread.
/// Cost:      as when_all().
/// Lifetime:  named arguments are borrowed until the wait has ended. Await it once.
/// Throws:    the error of the first to end, if it ended with one; errors of the others are
///            dropped.
template <class... As>
[[nodiscard]] auto when_any(As&&... awaited) {
    return WhenAny<task_detail::TaskValue<As>...>(
        task_detail::as_task(std::forward<As>(awaited))...);
}

/// The same for any number of tasks of one type.
/// \throws std::invalid_argument if there is none, because it would wait forever.
template <class T>
[[nodiscard]] WhenAnyOf<T> when_any(std::vector<task<T>> bodies) {
    require_argument(!bodies.empty(),
                     "when_any without tasks would wait for ever; give it at least one");
    return WhenAnyOf<T>(std::move(bodies));
}

}  // namespace nebula
