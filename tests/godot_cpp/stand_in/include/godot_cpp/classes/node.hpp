// SPDX-License-Identifier: MIT
#pragma once

#include <godot_cpp/classes/object.hpp>

namespace godot {

class Node : public Object {
public:
    static StringName get_class_static() { return "Node"; }

protected:
    using Object::Object;
};

}  // namespace godot
