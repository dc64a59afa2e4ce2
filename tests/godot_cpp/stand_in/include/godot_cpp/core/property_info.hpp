// SPDX-License-Identifier: MIT
#pragma once

#include <godot_cpp/variant/variant.hpp>

namespace godot {

struct PropertyInfo {
    PropertyInfo(Variant::Type p_type, const StringName& p_name) : type(p_type), name(p_name) {}

    Variant::Type type;
    StringName name, class_name;
    String hint_string;

    GDExtensionPropertyInfo to_engine() const {
        return {static_cast<GDExtensionVariantType>(type),
                name._native_ptr(),
                class_name._native_ptr(),
                0,
                hint_string._native_ptr(),
                6};  // PROPERTY_USAGE_DEFAULT
    }
};

}  // namespace godot
