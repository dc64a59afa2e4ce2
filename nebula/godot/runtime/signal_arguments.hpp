// SPDX-License-Identifier: MIT
// The arguments of an emission: Variants kept in place, and their conversion to the types that a
// wait asks for.
#pragma once

#include "nebula/godot/binding/marshal.hpp"
#include "nebula/godot/binding/variant.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace nebula::godot {

/// For a signal whose arguments are not known: signal<AnyArguments>(...) returns a Variant, as
/// GDScript's await does: null for no argument, the value of one, an Array of several.
struct AnyArguments {};

namespace detail {

/// Up to nine Variants in place, more on the heap. They are stored as bytes, so that they can be
/// moved elsewhere for a while (EmissionQueue).
///
/// Threads:   any thread, one at a time.
class SignalArguments {
public:
    static constexpr std::size_t kInPlace = 9;

    SignalArguments() noexcept = default;
    SignalArguments(const SignalArguments&) = delete;
    SignalArguments& operator=(const SignalArguments&) = delete;
    ~SignalArguments() { clear(); }

    /// Null if they fit in place. \throws std::bad_alloc
    using Room = std::unique_ptr<std::byte[]>;
    [[nodiscard]] static Room room_for(std::size_t count);

    /// Copies the arguments of an emission into this, which must be empty. If the emission is on
    /// another thread and an argument must not leave that thread, returns false and stays empty.
    [[nodiscard]] bool copy_from(std::span<const Variant* const> arguments, Room room) noexcept;
    void clear() noexcept;

    [[nodiscard]] std::span<Variant> values() noexcept { return {data(), count_}; }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }

    /// Gives the values away as bytes: the caller copies the bytes at once and owns the values from
    /// then on.
    [[nodiscard]] const std::byte* give_bytes() noexcept {
        count_ = 0;
        return bytes();
    }
    /// The reverse, for an empty object: the caller writes that many values to the result.
    [[nodiscard]] std::byte* take_bytes(std::size_t count, Room room) noexcept {
        spilled_ = std::move(room);
        count_ = count;
        return bytes();
    }

private:
    [[nodiscard]] std::byte* bytes() noexcept { return spilled_ ? spilled_.get() : in_place_; }
    [[nodiscard]] Variant* data() noexcept { return reinterpret_cast<Variant*>(bytes()); }

    std::size_t count_ = 0;
    Room spilled_;
    alignas(Variant) std::byte in_place_[kInPlace * sizeof(Variant)];
};

/// What a wait returns: void for no argument, T for one, std::tuple for several.
template <class... Args>
struct SignalValue {
    using Type = std::tuple<Args...>;
};
template <class Arg>
struct SignalValue<Arg> {
    using Type = Arg;
};
template <>
struct SignalValue<> {
    using Type = void;
};
template <>
struct SignalValue<AnyArguments> {
    using Type = Variant;
};

/// Objects that died since the emission become null, so that a handle never dangles.
void forget_dead_objects(std::span<Variant> arguments);
[[nodiscard]] Variant as_one_variant(std::span<Variant> arguments);
/// "int, String"
[[nodiscard]] std::string type_list(std::span<const Variant> arguments);

/// The type asked for, by the name that script errors use; narrow integers include their width.
template <class Arg>
std::string wanted_type() {
    if constexpr (std::is_same_v<Arg, AnyArguments>) {
        return "anything";
    } else if constexpr (std::is_same_v<Arg, Variant>) {
        return "Variant";
    } else if constexpr (std::is_integral_v<Arg> && !std::is_same_v<Arg, bool>) {
        if (sizeof(Arg) == sizeof(std::int64_t)) return "int";
        return (std::is_signed_v<Arg> ? "int" : "uint") + std::to_string(8 * sizeof(Arg));
    } else {
        const char* const class_name = Marshal<Arg>::class_name();
        return class_name[0] != '\0' ? class_name : type_name(Marshal<Arg>::kType);
    }
}
template <class... Args>
std::string wanted_types() {
    std::string list;
    ((list += (list.empty() ? "" : ", ") + wanted_type<Args>()), ...);
    return list;
}

template <class T>
std::optional<T> convert_argument(const Variant& from) {
    try {
        return Marshal<T>::from_variant(from);
    } catch (const std::out_of_range&) {  // 300 for an int8_t: not the type that was asked for
        return std::nullopt;
    }
}

/// Converts all of them, or returns nothing.
template <class... Args, std::size_t... kIndex>
std::optional<std::tuple<Args...>> convert_arguments(std::span<const Variant> from,
                                                     std::index_sequence<kIndex...>) {
    if (from.size() != sizeof...(Args)) return std::nullopt;
    std::tuple<std::optional<Args>...> converted{convert_argument<Args>(from[kIndex])...};
    if (!(std::get<kIndex>(converted) && ...)) return std::nullopt;
    return std::tuple<Args...>(*std::move(std::get<kIndex>(converted))...);
}

/// What a wait for Args... returns for these arguments; nothing if they do not fit. For void, true.
template <class... Args>
auto signal_value(std::span<Variant> arguments) {
    using Value = typename SignalValue<Args...>::Type;
    forget_dead_objects(arguments);
    if constexpr (std::is_same_v<std::tuple<Args...>, std::tuple<AnyArguments>>) {
        return std::optional<Value>(as_one_variant(arguments));
    } else if constexpr (sizeof...(Args) == 0) {
        return arguments.empty();
    } else if constexpr (sizeof...(Args) == 1) {
        return arguments.size() == 1 ? convert_argument<Args...>(arguments[0]) : std::nullopt;
    } else {
        return convert_arguments<Args...>(arguments, std::index_sequence_for<Args...>{});
    }
}

/// "was emitted with (String) instead of (int)"
template <class... Args>
std::string mismatch(std::span<const Variant> arguments) {
    return "was emitted with (" + type_list(arguments) + ") instead of (" +
           wanted_types<Args...>() + ")";
}

}  // namespace detail
}  // namespace nebula::godot
