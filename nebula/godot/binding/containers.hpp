// SPDX-License-Identifier: MIT
// Array and Dictionary: shared lists and maps of Variants.
#pragma once

#include "nebula/godot/binding/builtin_value.hpp"
#include "nebula/godot/binding/variant.hpp"

#include <cstddef>
#include <initializer_list>
#include <span>

namespace nebula::godot {

/// A list of Variants. Copies share the content, as in scripts.
///
/// Throws:    operator[]: std::out_of_range.
class Array : public BuiltinValue<GDEXTENSION_VARIANT_TYPE_ARRAY, 8> {
public:
    Array() = default;
    Array(std::initializer_list<Variant> values);

    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] bool is_empty() const { return size() == 0; }
    void append(const Variant& value);
    void resize(std::size_t size);
    void clear();
    /// A list of its own with the same values; what these share, both share.
    [[nodiscard]] Array copy() const;
    [[nodiscard]] Variant& operator[](std::size_t index);
    [[nodiscard]] const Variant& operator[](std::size_t index) const;
    /// All of them, as they lie in memory.
    ///
    /// Lifetime:  ends with the next change of the list's length.
    [[nodiscard]] std::span<const Variant> view() const;
    [[nodiscard]] std::span<Variant> write();

    friend bool operator==(const Array& a, const Array& b) { return a.equals(b); }
};

/// A map from Variant to Variant that keeps the order of insertion. Copies share the content.
class Dictionary : public BuiltinValue<GDEXTENSION_VARIANT_TYPE_DICTIONARY, 8> {
public:
    struct Entry {
        Variant key, value;
    };
    Dictionary() = default;
    Dictionary(std::initializer_list<Entry> entries);

    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] bool is_empty() const { return size() == 0; }
    [[nodiscard]] bool has(const Variant& key) const;
    [[nodiscard]] Variant get(const Variant& key, const Variant& otherwise = {}) const;
    bool erase(const Variant& key);  ///< False when it was not there.
    void clear();
    [[nodiscard]] Array keys() const;
    /// Puts in null when the key is new.
    [[nodiscard]] Variant& operator[](const Variant& key);

    friend bool operator==(const Dictionary& a, const Dictionary& b) { return a.equals(b); }
};

}  // namespace nebula::godot
