// SPDX-License-Identifier: MIT
// What String, Array, Callable and the other engine-owned values have in common.
#pragma once

#include "nebula/godot/binding/interface.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <iterator>

namespace nebula::godot {

/// The bytes of one engine value of type kType, made, copied and destroyed by the engine.
///
/// An engine value is a few pointers into memory the engine counts, so it may be moved by copying
/// its bytes. A value moved from is all zeros: it may be assigned to or destroyed, nothing else.
///
/// Threads:   as the engine's: a value is one thread's, its copies may be another's.
/// Cost:      copy: one count. Move: its bytes.
template <GDExtensionVariantType kType, std::size_t kBytes>
class BuiltinValue {
public:
    static constexpr GDExtensionVariantType kVariantType = kType;

    BuiltinValue() { engine.types[kType].construct(bytes_, nullptr); }
    BuiltinValue(const BuiltinValue& other) {
        const GDExtensionConstTypePtr from = other.bytes_;
        engine.types[kType].copy(bytes_, &from);
    }
    BuiltinValue(BuiltinValue&& other) noexcept { take(other); }
    BuiltinValue& operator=(const BuiltinValue& other) {
        if (this != &other) {
            BuiltinValue copy(other);
            swap(copy);
        }
        return *this;
    }
    BuiltinValue& operator=(BuiltinValue&& other) noexcept {
        if (this != &other) {
            destroy();
            take(other);
        }
        return *this;
    }
    ~BuiltinValue() { destroy(); }

    /// For the engine's functions, which take a value by the address of its bytes.
    [[nodiscard]] void* data() noexcept { return bytes_; }
    [[nodiscard]] const void* data() const noexcept { return bytes_; }

protected:
    struct Unconstructed {};
    explicit BuiltinValue(Unconstructed) noexcept {}  ///< The derived constructor fills data().

    [[nodiscard]] bool equals(const BuiltinValue& other) const {
        GDExtensionBool result = 0;
        engine.types[kType].equals(bytes_, other.bytes_, &result);
        return result != 0;
    }

private:
    void take(BuiltinValue& other) noexcept {
        std::memcpy(bytes_, other.bytes_, kBytes);
        std::memset(other.bytes_, 0, kBytes);
    }
    void swap(BuiltinValue& other) noexcept {
        std::swap_ranges(bytes_, bytes_ + kBytes, other.bytes_);
    }
    void destroy() noexcept {
        // All zeros is what a move leaves, and what an empty String is: nothing to give back.
        if (std::any_of(std::begin(bytes_), std::end(bytes_),
                        [](std::byte b) { return b != std::byte{}; }))
            engine.types[kType].destroy(bytes_);
    }

    alignas(8) std::byte bytes_[kBytes];
};

}  // namespace nebula::godot
