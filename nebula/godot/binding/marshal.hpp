// SPDX-License-Identifier: MIT
// How each C++ type crosses into the engine and back: by address, and through a Variant.
#pragma once

#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/binding/object.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/binding/string.hpp"
#include "nebula/godot/binding/variant.hpp"

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace nebula::godot {

/// For one type T, everything a call needs to know of it. A "slot" is the engine's form of a value
/// in a typed call: bool as a byte, every int as 64 bits, every float as a double, an object as a
/// pointer, the rest as they are.
///
///     kType, kMeta, class_name()   how the engine's method list describes it
///     encode(value)      for an argument of ours: something whose address is the slot's
///     adopt(Slot&&)      a result the engine returned, with any count it carries
///     borrow(address)    an argument the engine passed, which stays the engine's
///     give(address, T)   a result of ours into the engine's constructed slot
///     from_variant(v)    converted as leniently as the engine does; nullopt when it does not
///     convert
template <class T>
struct Marshal;

namespace detail {
/// Converts into the constructed value at `to`; false when the engine would refuse.
bool extract(const Variant& from, GDExtensionVariantType type, void* to);
/// nullopt when it holds something else than an object, one of another class, or one that is gone;
/// null stays null.
std::optional<GDExtensionObjectPtr> extract_object(const Variant& from,
                                                   bool (*is_a)(GDExtensionObjectPtr));
/// The engine passes null as a null slot or as a slot with null in it.
inline GDExtensionObjectPtr object_in(const void* slot) {
    return slot == nullptr ? nullptr : *static_cast<GDExtensionObjectPtr const*>(slot);
}
[[noreturn]] void throw_out_of_range(std::int64_t value, const char* type);
[[noreturn]] void throw_not_a(const Variant& value, const char* wanted);

template <GDExtensionVariantType kVariantType, GDExtensionClassMethodArgumentMetadata kMetadata>
struct Described {
    static constexpr GDExtensionVariantType kType = kVariantType;
    static constexpr GDExtensionClassMethodArgumentMetadata kMeta = kMetadata;
    static constexpr const char* class_name() { return ""; }
};

template <std::integral T>
constexpr GDExtensionClassMethodArgumentMetadata metadata_of() {
    constexpr int width = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
    return static_cast<GDExtensionClassMethodArgumentMetadata>(
        (std::is_signed_v<T> ? GDEXTENSION_METHOD_ARGUMENT_METADATA_INT_IS_INT8
                             : GDEXTENSION_METHOD_ARGUMENT_METADATA_INT_IS_UINT8) +
        width);
}
}  // namespace detail

template <>
struct Marshal<bool>
    : detail::Described<GDEXTENSION_VARIANT_TYPE_BOOL, GDEXTENSION_METHOD_ARGUMENT_METADATA_NONE> {
    using Slot = GDExtensionBool;
    static Slot encode(bool value) { return value ? 1 : 0; }
    static bool adopt(Slot slot) { return slot != 0; }
    static bool borrow(const void* slot) { return *static_cast<const Slot*>(slot) != 0; }
    static void give(void* slot, bool value) { *static_cast<Slot*>(slot) = encode(value); }
    static std::optional<bool> from_variant(const Variant& variant) {
        Slot slot = 0;
        if (!detail::extract(variant, kType, &slot)) return std::nullopt;
        return slot != 0;
    }
};

template <std::integral T>
    requires(!std::same_as<T, bool>)
struct Marshal<T> : detail::Described<GDEXTENSION_VARIANT_TYPE_INT, detail::metadata_of<T>()> {
    using Slot = std::int64_t;
    static Slot encode(T value) { return static_cast<Slot>(value); }
    // The engine's own 64-bit ids are unsigned and cross as their bits; narrower types must fit.
    static T adopt(Slot slot) {
        if constexpr (sizeof(T) < sizeof(Slot)) {
            if (!std::in_range<T>(slot)) detail::throw_out_of_range(slot, name());
        }
        return static_cast<T>(slot);
    }
    static T borrow(const void* slot) { return adopt(*static_cast<const Slot*>(slot)); }
    static void give(void* slot, T value) { *static_cast<Slot*>(slot) = encode(value); }
    static std::optional<T> from_variant(const Variant& variant) {
        Slot slot = 0;
        if (!detail::extract(variant, GDEXTENSION_VARIANT_TYPE_INT, &slot)) return std::nullopt;
        return adopt(slot);
    }

private:
    static constexpr const char* name() {
        constexpr const char* names[2][3] = {{"uint8", "uint16", "uint32"},
                                             {"int8", "int16", "int32"}};
        return names[std::is_signed_v<T> ? 1 : 0][sizeof(T) / 2];
    }
};

namespace detail {
/// For a type that is a cast away from the engine's form of it.
template <class T, class SlotType, GDExtensionVariantType kVariantType,
          GDExtensionClassMethodArgumentMetadata kMetadata>
struct CastMarshal : Described<kVariantType, kMetadata> {
    using Slot = SlotType;
    static Slot encode(T value) { return static_cast<Slot>(value); }
    static T adopt(Slot slot) { return static_cast<T>(slot); }
    static T borrow(const void* slot) { return adopt(*static_cast<const Slot*>(slot)); }
    static void give(void* slot, T value) { *static_cast<Slot*>(slot) = encode(value); }
    static std::optional<T> from_variant(const Variant& variant) {
        Slot slot{};
        if (!extract(variant, kVariantType, &slot)) return std::nullopt;
        return adopt(slot);
    }
};
}  // namespace detail

/// An enum of the engine's, or one of ours with a function enum_name(T) beside it, is told by its
/// name ("Error", "Node.ProcessMode"), so that method lists and the help say more than "int".
template <class T>
    requires std::is_enum_v<T>
struct Marshal<T> : detail::CastMarshal<T, std::int64_t, GDEXTENSION_VARIANT_TYPE_INT,
                                        GDEXTENSION_METHOD_ARGUMENT_METADATA_NONE> {
    static constexpr const char* class_name() {
        if constexpr (requires { enum_name(T{}); }) {
            return enum_name(T{});
        } else {
            return "";
        }
    }
};

template <std::floating_point T>
struct Marshal<T>
    : detail::CastMarshal<T, double, GDEXTENSION_VARIANT_TYPE_FLOAT,
                          sizeof(T) == 4 ? GDEXTENSION_METHOD_ARGUMENT_METADATA_REAL_IS_FLOAT
                                         : GDEXTENSION_METHOD_ARGUMENT_METADATA_REAL_IS_DOUBLE> {};

template <BuiltinType T>
struct Marshal<T>
    : detail::Described<BuiltinTypeOf<T>::kValue, GDEXTENSION_METHOD_ARGUMENT_METADATA_NONE> {
    using Slot = T;
    static const T& encode(const T& value) { return value; }
    static T adopt(Slot&& slot) { return std::move(slot); }
    static const T& borrow(const void* slot) { return *static_cast<const T*>(slot); }
    static void give(void* slot, T value) { *static_cast<T*>(slot) = std::move(value); }
    static std::optional<T> from_variant(const Variant& variant) {
        std::optional<T> value(std::in_place);
        if (!detail::extract(variant, BuiltinTypeOf<T>::kValue, &*value)) value.reset();
        return value;
    }
};

template <>
struct Marshal<Variant>
    : detail::Described<GDEXTENSION_VARIANT_TYPE_NIL, GDEXTENSION_METHOD_ARGUMENT_METADATA_NONE> {
    using Slot = Variant;
    static const Variant& encode(const Variant& value) { return value; }
    static Variant adopt(Slot&& slot) { return std::move(slot); }
    static const Variant& borrow(const void* slot) { return *static_cast<const Variant*>(slot); }
    static void give(void* slot, Variant value) { *static_cast<Variant*>(slot) = std::move(value); }
    static std::optional<Variant> from_variant(const Variant& variant) { return variant; }
};

template <>
struct Marshal<std::string> : Marshal<String> {
    static std::string borrow(const void* slot) { return static_cast<const String*>(slot)->utf8(); }
    static void give(void* slot, const std::string& value) {
        *static_cast<String*>(slot) = String(value);
    }
    static std::optional<std::string> from_variant(const Variant& variant) {
        auto text = Marshal<String>::from_variant(variant);
        if (!text) return std::nullopt;
        return text->utf8();
    }
};

template <EngineClass T>
struct Marshal<T> : detail::Described<GDEXTENSION_VARIANT_TYPE_OBJECT,
                                      GDEXTENSION_METHOD_ARGUMENT_METADATA_NONE> {
    using Slot = GDExtensionObjectPtr;
    static constexpr const char* class_name() { return T::kClassName; }
    static Slot encode(const T& value) { return value.ptr(); }
    static T adopt(Slot slot) { return T(slot); }
    static T borrow(const void* slot) { return T(detail::object_in(slot)); }
    static void give(void* slot, const T& value) { *static_cast<Slot*>(slot) = value.ptr(); }
    static std::optional<T> from_variant(const Variant& variant) {
        const auto object = detail::extract_object(variant, detail::ObjectTraits<T>::is_a);
        if (!object) return std::nullopt;
        return T(*object);
    }
};

template <class T>
struct Marshal<Ref<T>> : detail::Described<GDEXTENSION_VARIANT_TYPE_OBJECT,
                                           GDEXTENSION_METHOD_ARGUMENT_METADATA_NONE> {
    using Slot = GDExtensionObjectPtr;
    static constexpr const char* class_name() { return T::kClassName; }
    static Slot encode(const Ref<T>& value) { return value.ptr(); }
    static Ref<T> adopt(Slot slot) { return Ref<T>::adopt(slot); }
    static Ref<T> borrow(const void* slot) { return Ref<T>(detail::object_in(slot)); }
    // The engine's slot is a Ref of its own, empty so far: it gets a count with the pointer.
    static void give(void* slot, Ref<T> value) { *static_cast<Slot*>(slot) = value.release(); }
    static std::optional<Ref<T>> from_variant(const Variant& variant) {
        const auto object = detail::extract_object(variant, detail::ObjectTraits<T>::is_a);
        if (!object) return std::nullopt;
        return Ref<T>(*object);
    }
};

template <class T>
std::optional<T> Variant::try_to() const {
    return Marshal<T>::from_variant(*this);
}

template <class T>
T Variant::to() const {
    std::optional<T> value = Marshal<T>::from_variant(*this);
    if (!value)
        detail::throw_not_a(*this, Marshal<T>::class_name()[0] != '\0'
                                       ? Marshal<T>::class_name()
                                       : type_name(Marshal<T>::kType).c_str());
    return *std::move(value);
}

}  // namespace nebula::godot
