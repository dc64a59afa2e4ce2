// SPDX-License-Identifier: MIT
// A value of any type the engine's scripts know.
#pragma once

#include "nebula/godot/binding/interface.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace nebula::godot {

class ObjectHandle;
struct ObjectId;

template <class T>
class Ref;

/// The type a C++ type has in a Variant: of a BuiltinValue what it says itself, of the plain
/// structs as listed here.
template <class T>
struct BuiltinTypeOf {};

template <class T>
    requires requires { T::kVariantType; }
struct BuiltinTypeOf<T> {
    static constexpr GDExtensionVariantType kValue = T::kVariantType;
};

#define NEBULA_PLAIN_STRUCT(name, type)                                                   \
    struct name;                                                                          \
    template <>                                                                           \
    struct BuiltinTypeOf<name> {                                                          \
        static constexpr GDExtensionVariantType kValue = GDEXTENSION_VARIANT_TYPE_##type; \
    };
NEBULA_PLAIN_STRUCT(Vector2, VECTOR2)
NEBULA_PLAIN_STRUCT(Vector2i, VECTOR2I)
NEBULA_PLAIN_STRUCT(Rect2, RECT2)
NEBULA_PLAIN_STRUCT(Rect2i, RECT2I)
NEBULA_PLAIN_STRUCT(Vector3, VECTOR3)
NEBULA_PLAIN_STRUCT(Vector3i, VECTOR3I)
NEBULA_PLAIN_STRUCT(Transform2D, TRANSFORM2D)
NEBULA_PLAIN_STRUCT(Vector4, VECTOR4)
NEBULA_PLAIN_STRUCT(Vector4i, VECTOR4I)
NEBULA_PLAIN_STRUCT(Plane, PLANE)
NEBULA_PLAIN_STRUCT(Quaternion, QUATERNION)
NEBULA_PLAIN_STRUCT(AABB, AABB)
NEBULA_PLAIN_STRUCT(Basis, BASIS)
NEBULA_PLAIN_STRUCT(Transform3D, TRANSFORM3D)
NEBULA_PLAIN_STRUCT(Projection, PROJECTION)
NEBULA_PLAIN_STRUCT(Color, COLOR)
NEBULA_PLAIN_STRUCT(RID, RID)
#undef NEBULA_PLAIN_STRUCT

/// What the engine keeps by value in a Variant and passes by address: math structs, strings,
/// containers. Not bool, int, float, objects.
template <class T>
concept BuiltinType = requires {
    { BuiltinTypeOf<T>::kValue } -> std::convertible_to<GDExtensionVariantType>;
};

/// Holds one value with its type. Made from any type the binding speaks; read with to<T>() or
/// try_to<T>(), which convert as leniently as the engine itself does for a call: int and float
/// into each other, String and StringName, null into an object.
///
///     Variant answer = object.get("size");
///     if (auto size = answer.try_to<Vector3>()) grow(*size);
///
/// to and try_to are defined in marshal.hpp.
///
/// Threads:   as the engine's: one thread's at a time.
/// Throws:    to<T>(): VariantTypeError.
class Variant {
public:
    Variant() noexcept { engine.variant_new_nil(bytes_); }
    Variant(const Variant& other) { engine.variant_new_copy(bytes_, other.bytes_); }
    Variant(Variant&& other) noexcept;
    Variant& operator=(const Variant& other);
    Variant& operator=(Variant&& other) noexcept;
    ~Variant() { engine.variant_destroy(bytes_); }

    // NOLINTBEGIN(google-explicit-constructor): a Variant is whatever is put into it.
    template <std::same_as<bool> Bool>
    Variant(Bool value) : Variant(FromBool{}, value) {}
    template <std::integral Int>
        requires(!std::same_as<Int, bool>)
    Variant(Int value) : Variant(FromInt{}, static_cast<std::int64_t>(value)) {}
    template <std::floating_point Float>
    Variant(Float value) : Variant(FromFloat{}, static_cast<double>(value)) {}
    template <class Enum>
        requires std::is_enum_v<Enum>
    Variant(Enum value) : Variant(FromInt{}, static_cast<std::int64_t>(value)) {}
    Variant(const char* utf8) : Variant(std::string_view(utf8)) {}
    Variant(const std::string& utf8) : Variant(std::string_view(utf8)) {}
    Variant(std::string_view utf8);
    Variant(const ObjectHandle& object);
    template <class T>
    Variant(const Ref<T>& object) : Variant(object.handle()) {}
    template <BuiltinType T>
    Variant(const T& value) : Variant(BuiltinTypeOf<T>::kValue, &value) {}
    // NOLINTEND(google-explicit-constructor)

    [[nodiscard]] GDExtensionVariantType type() const noexcept {
        return engine.variant_get_type(bytes_);
    }
    [[nodiscard]] bool is_nil() const noexcept { return type() == GDEXTENSION_VARIANT_TYPE_NIL; }
    template <class T>
    [[nodiscard]] T to() const;
    template <class T>
    [[nodiscard]] std::optional<T> try_to() const;

    /// The object's id even when the object is gone; null when this holds no object.
    [[nodiscard]] ObjectId object_id() const noexcept;
    /// As the engine prints it.
    [[nodiscard]] std::string str() const;
    /// Calls a method of whatever this holds. \throws CallError
    Variant call(std::string_view method, std::initializer_list<Variant> arguments = {});
    Variant call(std::string_view method, std::span<const Variant> arguments);

    friend bool operator==(const Variant& a, const Variant& b);

    [[nodiscard]] void* data() noexcept { return bytes_; }
    [[nodiscard]] const void* data() const noexcept { return bytes_; }

private:
    struct FromBool {};
    struct FromInt {};
    struct FromFloat {};
    Variant(FromBool tag, bool value);
    Variant(FromInt tag, std::int64_t value);
    Variant(FromFloat tag, double value);
    Variant(GDExtensionVariantType type, const void* value);

    alignas(8) std::byte bytes_[24];
};

/// The rest of the arguments of a call that takes any number of them:
///     object.emit_signal("dug", {centre, radius});
class VarArgs {
public:
    VarArgs() = default;
    // NOLINTBEGIN(google-explicit-constructor): both are lists of arguments
    VarArgs(std::initializer_list<Variant> list) noexcept : values_(list.begin(), list.size()) {}
    VarArgs(std::span<const Variant> values) noexcept : values_(values) {}
    // NOLINTEND(google-explicit-constructor)

    [[nodiscard]] std::span<const Variant> values() const noexcept { return values_; }

private:
    std::span<const Variant> values_;  // borrowed: a VarArgs lives as long as the call
};

/// "int", "Vector3": the type's name as scripts say it.
[[nodiscard]] std::string type_name(GDExtensionVariantType type);

}  // namespace nebula::godot
