// SPDX-License-Identifier: MIT
#pragma once

#include <godot_cpp/variant/value.hpp>

namespace godot {

class String : public internal::Value<GDEXTENSION_VARIANT_TYPE_STRING, 8> {
public:
    String() = default;
    String(const char* p_text) : Value(Unset{}) {
        internal::engine.string_new_with_utf8_chars(_native_ptr(), p_text);
    }
};

}  // namespace godot
