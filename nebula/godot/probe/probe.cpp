// SPDX-License-Identifier: MIT
#include "nebula/godot/probe/probe.hpp"

#include "nebula/godot/api/node_3d.hpp"
#include "nebula/godot/api/ref_counted.hpp"
#include "nebula/godot/binding/class_builder.hpp"

#include <stdexcept>

namespace nebula::godot {
namespace {

class NebulaBindingProbe : public Extension<RefCounted> {
public:
    static constexpr const char* kClassName = "NebulaBindingProbe";
    using Extension::Extension;

    static void bind(ClassBuilder<NebulaBindingProbe>& c) {
        c.method("add", &NebulaBindingProbe::add, {"a", "b"}).defaults(1);
    }

    std::int64_t add(std::int64_t a, std::int64_t b) { return a + b; }
};

}  // namespace

void register_probes() { register_class<NebulaBindingProbe>(); }

}  // namespace nebula::godot
