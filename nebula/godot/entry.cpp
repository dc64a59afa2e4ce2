// SPDX-License-Identifier: MIT
// Where the engine enters: the one exported symbol, and what it registers.
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/lifecycle.hpp"

#ifdef NEBULA_GODOT_TESTS
#include "nebula/godot/probe/probe.hpp"
#endif

namespace {

void start() {
#ifdef NEBULA_GODOT_TESTS
    nebula::godot::register_probes();
#endif
}

void stop() {}

}  // namespace

extern "C" __attribute__((visibility("default"))) GDExtensionBool nebula_init(
    GDExtensionInterfaceGetProcAddress get_proc_address, GDExtensionClassLibraryPtr library,
    GDExtensionInitialization* initialization) {
    return nebula::godot::start_extension(get_proc_address, library, initialization, {start, stop})
               ? 1
               : 0;
}
