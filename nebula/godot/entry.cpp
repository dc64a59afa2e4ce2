// SPDX-License-Identifier: MIT
// Where the engine enters the add-on: the one exported symbol.
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/registration.hpp"

extern "C" NEBULA_ENTRY GDExtensionBool
nebula_init(GDExtensionInterfaceGetProcAddress get_proc_address, GDExtensionClassLibraryPtr library,
            GDExtensionInitialization* initialization) {
    using namespace nebula::godot;  // NOLINT(google-build-using-namespace): one statement
    return start_extension(get_proc_address, library, initialization,
                           {"Nebula", register_addon, stop_addon, register_addon_in_editor})
               ? 1
               : 0;
}
