// SPDX-License-Identifier: MIT
// The way into the extension and out of it.
#include "await.hpp"
#include "door.hpp"
#include "tasks.hpp"

#include <gdextension_interface.h>

#include <godot_cpp/core/class_db.hpp>
#include <godot_cpp/core/defs.hpp>
#include <godot_cpp/godot.hpp>

using namespace godot;

namespace {

void initialize(ModuleInitializationLevel p_level) {
    if (p_level != MODULE_INITIALIZATION_LEVEL_SCENE || !start_tasks()) return;
    GDREGISTER_CLASS(Door);
}

// Usually the shutdown of the main loop has stopped them, with the whole engine still there. An engine
// that ends before its main loop began has none.
void terminate(ModuleInitializationLevel p_level) {
    if (p_level == MODULE_INITIALIZATION_LEVEL_SCENE) stop_tasks();
}

}  // namespace

extern "C" GDExtensionBool GDE_EXPORT
door_init(GDExtensionInterfaceGetProcAddress p_get_proc_address,
          GDExtensionClassLibraryPtr p_library, GDExtensionInitialization* r_initialization) {
    if (!nebula::adapter::attach(p_get_proc_address, p_library)) return 0;
    const GDExtensionBinding::InitObject init(p_get_proc_address, p_library, r_initialization);
    init.register_initializer(initialize);
    init.register_terminator(terminate);
    init.register_frame_callback(run_tasks);
    init.register_shutdown_callback(stop_tasks);
    init.set_minimum_library_initialization_level(MODULE_INITIALIZATION_LEVEL_SCENE);
    return init.init();
}
