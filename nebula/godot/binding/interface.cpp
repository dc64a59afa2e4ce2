// SPDX-License-Identifier: MIT
#include "nebula/godot/binding/interface.hpp"

#include "nebula/godot/api/builtin_methods.hpp"
#include "nebula/godot/binding/extension_name.hpp"

#include <cstdio>

namespace nebula::godot {

Interface engine;

namespace {

// print_error is older than every function we need, so it can tell what is missing.
void refuse(GDExtensionInterfaceGetProcAddress get_proc_address, const char* sentence) {
    auto print_error =
        reinterpret_cast<GDExtensionInterfacePrintError>(get_proc_address("print_error"));
    if (print_error != nullptr) {
        print_error(sentence, "start_extension", extension_name(), 0, false);
    } else {
        std::fprintf(stderr, "%s\n", sentence);
    }
}

bool is_recent(GDExtensionInterfaceGetProcAddress get_proc_address) {
    // get_godot_version2 came with 4.5 itself; engines before it have the older question only.
    if (get_proc_address("get_godot_version2") != nullptr) return true;
    auto get_version = reinterpret_cast<GDExtensionInterfaceGetGodotVersion>(
        get_proc_address("get_godot_version"));
    GDExtensionGodotVersion version{};
    if (get_version != nullptr) get_version(&version);
    char sentence[128];
    std::snprintf(sentence, sizeof sentence, "%s needs Godot 4.5 or newer; this is Godot %u.%u.%u.",
                  extension_name(), version.major, version.minor, version.patch);
    refuse(get_proc_address, sentence);
    return false;
}

bool lacks(GDExtensionInterfaceGetProcAddress get_proc_address, const char* name) {
    char sentence[160];
    std::snprintf(sentence, sizeof sentence, "%s cannot start: this engine has no '%s'.",
                  extension_name(), name);
    refuse(get_proc_address, sentence);
    return true;
}

void load_types() {
    for (int i = GDEXTENSION_VARIANT_TYPE_BOOL; i < GDEXTENSION_VARIANT_TYPE_VARIANT_MAX; ++i) {
        const auto type = static_cast<GDExtensionVariantType>(i);
        Interface::BuiltinType& entry = engine.types[i];
        entry.to_variant = engine.get_variant_from_type_constructor(type);
        entry.from_variant = engine.get_variant_to_type_constructor(type);
        if (type != GDEXTENSION_VARIANT_TYPE_OBJECT) {
            entry.construct = engine.variant_get_ptr_constructor(type, 0);
            entry.copy = engine.variant_get_ptr_constructor(type, 1);
            entry.destroy = engine.variant_get_ptr_destructor(type);
        }
        entry.equals =
            engine.variant_get_ptr_operator_evaluator(GDEXTENSION_VARIANT_OP_EQUAL, type, type);
    }
}

}  // namespace

bool load_interface(GDExtensionInterfaceGetProcAddress get_proc_address,
                    GDExtensionClassLibraryPtr library) {
    if (!is_recent(get_proc_address)) return false;
#define NEBULA_LOAD(name, type)                                    \
    engine.name = reinterpret_cast<type>(get_proc_address(#name)); \
    if (engine.name == nullptr && lacks(get_proc_address, #name)) return false;
    NEBULA_ENGINE_FUNCTIONS(NEBULA_LOAD)
#undef NEBULA_LOAD
    engine.library = library;
    load_types();
    if (const char* name = load_builtin_methods()) return !lacks(get_proc_address, name);
    return true;
}

}  // namespace nebula::godot
