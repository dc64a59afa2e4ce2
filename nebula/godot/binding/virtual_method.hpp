// SPDX-License-Identifier: MIT
// Names a method the engine calls on our classes, with its signature.
#pragma once

#include <cstdint>

namespace nebula::godot {

/// Generated for each listed virtual: Node::Virtuals::process is a VirtualMethod<void(double)>.
/// ClassBuilder::virtual_method takes it, so that a wrong signature does not compile.
template <class Signature>
struct VirtualMethod {
    const char* name;
    std::uint32_t hash;
};

}  // namespace nebula::godot
