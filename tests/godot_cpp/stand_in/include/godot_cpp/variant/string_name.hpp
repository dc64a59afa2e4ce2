// SPDX-License-Identifier: MIT
#pragma once

#include <godot_cpp/variant/value.hpp>

namespace godot {

class StringName : public internal::Value<GDEXTENSION_VARIANT_TYPE_STRING_NAME, 8> {
public:
    StringName() = default;
    StringName(const char* p_text) : Value(Unset{}) {
        internal::engine.string_name_new_with_utf8_chars(_native_ptr(), p_text);
    }
};

}  // namespace godot
