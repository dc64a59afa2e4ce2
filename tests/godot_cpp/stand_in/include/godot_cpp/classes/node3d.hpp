// SPDX-License-Identifier: MIT
#pragma once

#include <godot_cpp/classes/node.hpp>

namespace godot {

class Node3D : public Node {
public:
    static StringName get_class_static() { return "Node3D"; }

protected:
    Node3D() : Node3D(get_class_static()) {}
    using Node::Node;
};

}  // namespace godot
