// SPDX-License-Identifier: MIT
#pragma once

#include <godot_cpp/variant/signal.hpp>
#include <godot_cpp/variant/string.hpp>
#include <godot_cpp/variant/string_name.hpp>

#include <cstdint>

namespace godot {

class Object;

class Variant {
public:
    enum Type {
        NIL = GDEXTENSION_VARIANT_TYPE_NIL,
        BOOL = GDEXTENSION_VARIANT_TYPE_BOOL,
        INT = GDEXTENSION_VARIANT_TYPE_INT,
        OBJECT = GDEXTENSION_VARIANT_TYPE_OBJECT,
        SIGNAL = GDEXTENSION_VARIANT_TYPE_SIGNAL,
    };

    Variant() = default;
    Variant(const Variant& other) { internal::engine.variant_new_copy(opaque_, other.opaque_); }
    Variant& operator=(const Variant& other) {
        if (this == &other) return *this;
        internal::engine.variant_destroy(opaque_);
        internal::engine.variant_new_copy(opaque_, other.opaque_);
        return *this;
    }
    ~Variant() { internal::engine.variant_destroy(opaque_); }

    Variant(bool v) {
        const GDExtensionBool value = v ? 1 : 0;
        set(GDEXTENSION_VARIANT_TYPE_BOOL, &value);
    }
    Variant(std::int64_t v) { set(GDEXTENSION_VARIANT_TYPE_INT, &v); }
    Variant(std::int32_t v) : Variant(static_cast<std::int64_t>(v)) {}
    Variant(const Signal& v) { set(GDEXTENSION_VARIANT_TYPE_SIGNAL, v._native_ptr()); }
    Variant(const StringName& v) { set(GDEXTENSION_VARIANT_TYPE_STRING_NAME, v._native_ptr()); }
    Variant(const Object* v);

    operator std::int64_t() const {
        std::int64_t value = 0;
        get(GDEXTENSION_VARIANT_TYPE_INT, &value);
        return value;
    }
    operator Signal() const {
        Signal value;
        get(GDEXTENSION_VARIANT_TYPE_SIGNAL, value._native_ptr());
        return value;
    }

    GDExtensionVariantPtr _native_ptr() const { return const_cast<std::uint8_t*>(opaque_); }

private:
    void set(GDExtensionVariantType type, const void* value) {
        internal::engine.get_variant_from_type_constructor(type)(opaque_, const_cast<void*>(value));
    }
    void get(GDExtensionVariantType type, void* value) const {
        internal::engine.get_variant_to_type_constructor(type)(value, _native_ptr());
    }

    alignas(8) std::uint8_t opaque_[24]{};  // zeros are null
};

}  // namespace godot
