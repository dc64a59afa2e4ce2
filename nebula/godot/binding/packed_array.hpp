// SPDX-License-Identifier: MIT
// Arrays of one plain type in one block of memory.
#pragma once

#include "nebula/godot/binding/builtin_value.hpp"
#include "nebula/godot/binding/math.hpp"
#include "nebula/godot/binding/string.hpp"
#include "nebula/godot/binding/variant.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

namespace nebula::godot {

/// The engine's contiguous array of T, shared between copies until one of them is written.
///
///     PackedByteArray bytes(mesh.vertex_bytes());   // one memcpy
///     for (float& height : heights.write()) height *= 2;
///
/// Threads:   one thread's at a time; copies are separate values.
/// Cost:      copy: one count. write(): copies the content when it is shared.
/// Lifetime:  the spans end with the next resize, assignment or destruction.
template <class T, GDExtensionVariantType kType>
class PackedArray : public BuiltinValue<kType, 16> {
public:
    using Element = T;

    PackedArray() = default;
    explicit PackedArray(std::span<const T> values);
    PackedArray(std::initializer_list<T> values)
        : PackedArray(std::span<const T>(values.begin(), values.size())) {}

    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] bool is_empty() const { return size() == 0; }
    /// New elements are zero, or empty strings.
    void resize(std::size_t size);

    [[nodiscard]] std::span<const T> view() const;
    [[nodiscard]] std::span<T> write();

    friend bool operator==(const PackedArray& a, const PackedArray& b) { return a.equals(b); }
};

// name, element, variant type, name in the engine's functions
#define NEBULA_PACKED_ARRAYS(X)                                                \
    X(PackedByteArray, std::uint8_t, PACKED_BYTE_ARRAY, packed_byte_array)     \
    X(PackedInt32Array, std::int32_t, PACKED_INT32_ARRAY, packed_int32_array)  \
    X(PackedInt64Array, std::int64_t, PACKED_INT64_ARRAY, packed_int64_array)  \
    X(PackedFloat32Array, float, PACKED_FLOAT32_ARRAY, packed_float32_array)   \
    X(PackedFloat64Array, double, PACKED_FLOAT64_ARRAY, packed_float64_array)  \
    X(PackedStringArray, String, PACKED_STRING_ARRAY, packed_string_array)     \
    X(PackedVector2Array, Vector2, PACKED_VECTOR2_ARRAY, packed_vector2_array) \
    X(PackedVector3Array, Vector3, PACKED_VECTOR3_ARRAY, packed_vector3_array) \
    X(PackedVector4Array, Vector4, PACKED_VECTOR4_ARRAY, packed_vector4_array) \
    X(PackedColorArray, Color, PACKED_COLOR_ARRAY, packed_color_array)

// NOLINTBEGIN(bugprone-macro-parentheses): it declares `name`
#define NEBULA_DECLARE(name, element, type, function)                   \
    using name = PackedArray<element, GDEXTENSION_VARIANT_TYPE_##type>; \
    extern template class PackedArray<element, GDEXTENSION_VARIANT_TYPE_##type>;
NEBULA_PACKED_ARRAYS(NEBULA_DECLARE)
#undef NEBULA_DECLARE
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace nebula::godot
