// SPDX-License-Identifier: MIT
// make_callable: a Callable from a C++ closure with typed parameters.
#pragma once

#include "nebula/godot/binding/callable.hpp"
#include "nebula/godot/binding/marshal.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace nebula::godot {

namespace detail {

/// Result and parameter types of member functions, functions and closures.
template <class F>
struct Callee : Callee<decltype(&F::operator())> {};
template <class Result_, class... Args>
struct Callee<Result_(Args...)> {
    using Result = Result_;
    using Values = std::tuple<std::remove_cvref_t<Args>...>;
    static constexpr std::size_t kCount = sizeof...(Args);
};
template <class R, class... A>
struct Callee<R (*)(A...)> : Callee<R(A...)> {};
template <class R, class... A>
struct Callee<R (*)(A...) noexcept> : Callee<R(A...)> {};
template <class R, class C, class... A>
struct Callee<R (C::*)(A...)> : Callee<R(A...)> {};
template <class R, class C, class... A>
struct Callee<R (C::*)(A...) const> : Callee<R(A...)> {};
template <class R, class C, class... A>
struct Callee<R (C::*)(A...) noexcept> : Callee<R(A...)> {};
template <class R, class C, class... A>
struct Callee<R (C::*)(A...) const noexcept> : Callee<R(A...)> {};

/// A result as a Variant; pointers to our own instances as their objects.
template <class T>
Variant result_variant(T&& value) {
    if constexpr (std::is_pointer_v<std::remove_cvref_t<T>> &&
                  !std::is_convertible_v<T, const char*>) {
        return Variant(value == nullptr ? ObjectHandle() : ObjectHandle(value->ptr()));
    } else {
        return Variant(std::forward<T>(value));
    }
}

/// Converts the values one by one and calls `f` with them. When one does not convert, `error` says
/// which, and the result is null. The caller has checked the count.
template <class Values, class F, std::size_t... kIndex>
Variant call_converted(std::span<const Variant* const> values, GDExtensionCallError& error, F&& f,
                       std::index_sequence<kIndex...>) {
    std::tuple<std::optional<std::tuple_element_t<kIndex, Values>>...> converted;
    const bool all = ([&] {
        using Value = std::tuple_element_t<kIndex, Values>;
        std::get<kIndex>(converted) = Marshal<Value>::from_variant(*values[kIndex]);
        if (std::get<kIndex>(converted)) return true;
        error = {GDEXTENSION_CALL_ERROR_INVALID_ARGUMENT, static_cast<std::int32_t>(kIndex),
                 static_cast<std::int32_t>(Marshal<Value>::kType)};
        return false;
    }() && ...);
    if (!all) return {};
    using Result = std::invoke_result_t<F, std::tuple_element_t<kIndex, Values>...>;
    if constexpr (std::is_void_v<Result>) {
        std::invoke(std::forward<F>(f), *std::move(std::get<kIndex>(converted))...);
        return {};
    } else {
        return result_variant(
            std::invoke(std::forward<F>(f), *std::move(std::get<kIndex>(converted))...));
    }
}

template <class F>
class ClosureCall final : public CustomCall {
public:
    explicit ClosureCall(F f) : f_(std::move(f)) {}

    Variant call(std::span<const Variant* const> arguments, GDExtensionCallError& error) override {
        if constexpr (std::invocable<F&, std::span<const Variant* const>>) {
            return f_(arguments);  // takes whatever comes
        } else {
            using Signature = Callee<F>;
            constexpr auto count = static_cast<std::int32_t>(Signature::kCount);
            if (arguments.size() != Signature::kCount) {
                error = {arguments.size() < Signature::kCount
                             ? GDEXTENSION_CALL_ERROR_TOO_FEW_ARGUMENTS
                             : GDEXTENSION_CALL_ERROR_TOO_MANY_ARGUMENTS,
                         0, count};
                return {};
            }
            return call_converted<typename Signature::Values>(
                arguments, error, f_, std::make_index_sequence<Signature::kCount>{});
        }
    }

private:
    F f_;
};

}  // namespace detail

/// A Callable that runs `f`. Its parameters are any types the binding speaks; or one
/// std::span<const Variant* const> for whatever comes.
///
///     button.connect("pressed", make_callable([this] { dig(); }, "Terrain.dig", id()));
///
/// Threads, Lifetime:  see CustomCall and Callable::custom.
template <class F>
[[nodiscard]] Callable make_callable(F f, const std::string& name, ObjectId owner = {}) {
    return Callable::custom(std::make_unique<detail::ClosureCall<F>>(std::move(f)), name, owner);
}

}  // namespace nebula::godot
