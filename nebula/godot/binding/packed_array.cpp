// SPDX-License-Identifier: MIT
#include "nebula/godot/binding/packed_array.hpp"

#include "nebula/godot/api/builtin_methods.hpp"

#include <algorithm>
#include <cstddef>

namespace nebula::godot {

static_assert(sizeof(PackedByteArray) == SizeOf::PackedByteArray,
              "the engine disagrees about sizes");

namespace {

/// The engine's functions for one array type.
template <GDExtensionVariantType kType>
struct Functions;

#define NEBULA_FUNCTIONS(name, element, type, function)                                        \
    template <>                                                                                \
    struct Functions<GDEXTENSION_VARIANT_TYPE_##type> {                                        \
        static auto size() { return builtin.function##_size; }                                 \
        static auto resize() { return builtin.function##_resize; }                             \
        static void* first(void* array) { return engine.function##_operator_index(array, 0); } \
        static const void* first(const void* array) {                                          \
            return engine.function##_operator_index_const(array, 0);                           \
        }                                                                                      \
    };
NEBULA_PACKED_ARRAYS(NEBULA_FUNCTIONS)
#undef NEBULA_FUNCTIONS

}  // namespace

template <class T, GDExtensionVariantType kType>
PackedArray<T, kType>::PackedArray(std::span<const T> values) {
    resize(values.size());
    std::copy(values.begin(), values.end(), write().begin());
}

template <class T, GDExtensionVariantType kType>
std::size_t PackedArray<T, kType>::size() const {
    std::int64_t size = 0;
    Functions<kType>::size()(const_cast<void*>(this->data()), nullptr, &size, 0);
    return static_cast<std::size_t>(size);
}

template <class T, GDExtensionVariantType kType>
void PackedArray<T, kType>::resize(std::size_t size) {
    const auto wanted = static_cast<std::int64_t>(size);
    const GDExtensionConstTypePtr argument = &wanted;
    std::int64_t error = 0;
    Functions<kType>::resize()(this->data(), &argument, &error, 1);
}

// Indexing an empty array is an error to the engine, so an empty one is told apart first.
template <class T, GDExtensionVariantType kType>
std::span<const T> PackedArray<T, kType>::view() const {
    const std::size_t count = size();
    if (count == 0) return {};
    return {static_cast<const T*>(Functions<kType>::first(this->data())), count};
}

template <class T, GDExtensionVariantType kType>
std::span<T> PackedArray<T, kType>::write() {
    const std::size_t count = size();
    if (count == 0) return {};
    return {static_cast<T*>(Functions<kType>::first(this->data())), count};
}

#define NEBULA_DEFINE(name, element, type, function) \
    template class PackedArray<element, GDEXTENSION_VARIANT_TYPE_##type>;
NEBULA_PACKED_ARRAYS(NEBULA_DEFINE)
#undef NEBULA_DEFINE

}  // namespace nebula::godot
