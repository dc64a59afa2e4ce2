// SPDX-License-Identifier: MIT
// What the stand-ins of the engine's types have in common. godot-cpp has no such file.
#pragma once

#include <godot_cpp/godot.hpp>

#include <cstddef>
#include <cstdint>

namespace godot::internal {

template <GDExtensionVariantType kType, std::size_t kSize>
class Value {
public:
    Value() { engine.variant_get_ptr_constructor(kType, 0)(opaque_, nullptr); }
    Value(const Value& other) { copy(other); }
    Value& operator=(const Value& other) {
        if (this == &other) return *this;
        engine.variant_get_ptr_destructor(kType)(opaque_);
        copy(other);
        return *this;
    }
    ~Value() { engine.variant_get_ptr_destructor(kType)(opaque_); }

    GDExtensionTypePtr _native_ptr() const { return const_cast<std::uint8_t*>(opaque_); }

protected:
    struct Unset {};
    explicit Value(Unset) {}

private:
    void copy(const Value& other) {
        GDExtensionConstTypePtr const from = other.opaque_;
        engine.variant_get_ptr_constructor(kType, 1)(opaque_, &from);
    }

    alignas(8) std::uint8_t opaque_[kSize];
};

}  // namespace godot::internal
