// SPDX-License-Identifier: MIT
#include "nebula/godot/binding/containers.hpp"

#include "nebula/godot/api/builtin_methods.hpp"
#include "nebula/godot/binding/builtin_call.hpp"

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace nebula::godot {

static_assert(sizeof(Array) == SizeOf::Array && sizeof(Dictionary) == SizeOf::Dictionary,
              "the engine disagrees about the size of its containers");

namespace {

void check_index(std::size_t index, std::size_t size) {
    if (index >= size) {
        throw std::out_of_range("index " + std::to_string(index) + " of an Array of size " +
                                std::to_string(size));
    }
}

}  // namespace

Array::Array(std::initializer_list<Variant> values) {
    for (const Variant& value : values) append(value);
}

std::size_t Array::size() const {
    return static_cast<std::size_t>(call_builtin<std::int64_t>(builtin.array_size, data(), 0));
}

void Array::append(const Variant& value) {
    const GDExtensionConstTypePtr argument = value.data();
    builtin.array_append(data(), &argument, nullptr, 1);
}

void Array::resize(std::size_t size) {
    const auto wanted = static_cast<std::int64_t>(size);
    call_builtin<std::int64_t>(builtin.array_resize, data(), 0, &wanted);
}

void Array::clear() { builtin.array_clear(data(), nullptr, nullptr, 0); }

Array Array::copy() const {
    const GDExtensionBool deep = 0;
    return call_builtin<Array>(builtin.array_duplicate, data(), {}, &deep);
}

std::span<const Variant> Array::view() const {
    const std::size_t count = size();
    if (count == 0) return {};
    return {&(*this)[0], count};
}

std::span<Variant> Array::write() {
    const std::size_t count = size();
    if (count == 0) return {};
    return {&(*this)[0], count};
}

Variant& Array::operator[](std::size_t index) {
    check_index(index, size());
    return *static_cast<Variant*>(
        engine.array_operator_index(data(), static_cast<GDExtensionInt>(index)));
}

const Variant& Array::operator[](std::size_t index) const {
    check_index(index, size());
    return *static_cast<const Variant*>(
        engine.array_operator_index_const(data(), static_cast<GDExtensionInt>(index)));
}

Dictionary::Dictionary(std::initializer_list<Entry> entries) {
    for (const Entry& entry : entries) (*this)[entry.key] = entry.value;
}

std::size_t Dictionary::size() const {
    return static_cast<std::size_t>(call_builtin<std::int64_t>(builtin.dictionary_size, data(), 0));
}

bool Dictionary::has(const Variant& key) const {
    return call_builtin<GDExtensionBool>(builtin.dictionary_has, data(), 0, key.data()) != 0;
}

Variant Dictionary::get(const Variant& key, const Variant& otherwise) const {
    return call_builtin<Variant>(builtin.dictionary_get, data(), {}, key.data(), otherwise.data());
}

bool Dictionary::erase(const Variant& key) {
    return call_builtin<GDExtensionBool>(builtin.dictionary_erase, data(), 0, key.data()) != 0;
}

void Dictionary::clear() { builtin.dictionary_clear(data(), nullptr, nullptr, 0); }

Array Dictionary::keys() const { return call_builtin<Array>(builtin.dictionary_keys, data(), {}); }

Variant& Dictionary::operator[](const Variant& key) {
    return *static_cast<Variant*>(engine.dictionary_operator_index(data(), key.data()));
}

}  // namespace nebula::godot
