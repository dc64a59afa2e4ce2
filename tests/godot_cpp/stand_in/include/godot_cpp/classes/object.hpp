// SPDX-License-Identifier: MIT
#pragma once

#include <godot_cpp/classes/wrapped.hpp>

#include <cstddef>

namespace godot {

enum Error { OK, FAILED };

class Object : public Wrapped {
public:
    static StringName get_class_static() { return "Object"; }

    template <typename... Args>
    Error emit_signal(const StringName& p_signal, const Args&... p_args) {
        const Variant all[] = {Variant(p_signal), Variant(p_args)...};
        return emit(all, 1 + sizeof...(Args));
    }

protected:
    using Wrapped::Wrapped;

private:
    Error emit(const Variant* p_args, std::size_t p_count);
};

}  // namespace godot
