// SPDX-License-Identifier: MIT
#pragma once

#include <godot_cpp/variant/value.hpp>

namespace godot {

class Signal : public internal::Value<GDEXTENSION_VARIANT_TYPE_SIGNAL, 16> {};

}  // namespace godot
