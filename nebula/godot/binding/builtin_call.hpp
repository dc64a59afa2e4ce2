// SPDX-License-Identifier: MIT
// Calls of the engine's methods on its builtin values.
#pragma once

#include "nebula/godot/binding/interface.hpp"

namespace nebula::godot {

/// Calls a builtin method that does not change its value, whatever the method's C type says.
/// `result` is what the engine writes the result over.
template <class Result, class... Addresses>
Result call_builtin(GDExtensionPtrBuiltInMethod method, const void* self, Result result,
                    Addresses... addresses) {
    const GDExtensionConstTypePtr arguments[] = {addresses..., nullptr};
    method(const_cast<void*>(self), arguments, &result, sizeof...(addresses));
    return result;
}

}  // namespace nebula::godot
