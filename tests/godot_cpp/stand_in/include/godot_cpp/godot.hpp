// SPDX-License-Identifier: MIT
// The entry of an extension, and the engine's functions.
#pragma once

#include <gdextension_interface.h>

namespace godot {

namespace internal {

#define STAND_IN_FUNCTIONS(X)                                                                  \
    X(classdb_construct_object2, GDExtensionInterfaceClassdbConstructObject2)                  \
    X(classdb_get_method_bind, GDExtensionInterfaceClassdbGetMethodBind)                       \
    X(classdb_register_extension_class5, GDExtensionInterfaceClassdbRegisterExtensionClass5)   \
    X(classdb_register_extension_class_method,                                                 \
      GDExtensionInterfaceClassdbRegisterExtensionClassMethod)                                 \
    X(classdb_register_extension_class_property,                                               \
      GDExtensionInterfaceClassdbRegisterExtensionClassProperty)                               \
    X(classdb_register_extension_class_signal,                                                 \
      GDExtensionInterfaceClassdbRegisterExtensionClassSignal)                                 \
    X(classdb_unregister_extension_class, GDExtensionInterfaceClassdbUnregisterExtensionClass) \
    X(get_variant_from_type_constructor, GDExtensionInterfaceGetVariantFromTypeConstructor)    \
    X(get_variant_to_type_constructor, GDExtensionInterfaceGetVariantToTypeConstructor)        \
    X(object_method_bind_call, GDExtensionInterfaceObjectMethodBindCall)                       \
    X(object_set_instance, GDExtensionInterfaceObjectSetInstance)                              \
    X(print_error, GDExtensionInterfacePrintError)                                             \
    X(print_warning, GDExtensionInterfacePrintWarning)                                         \
    X(register_main_loop_callbacks, GDExtensionInterfaceRegisterMainLoopCallbacks)             \
    X(string_name_new_with_utf8_chars, GDExtensionInterfaceStringNameNewWithUtf8Chars)         \
    X(string_new_with_utf8_chars, GDExtensionInterfaceStringNewWithUtf8Chars)                  \
    X(variant_destroy, GDExtensionInterfaceVariantDestroy)                                     \
    X(variant_get_ptr_constructor, GDExtensionInterfaceVariantGetPtrConstructor)               \
    X(variant_get_ptr_destructor, GDExtensionInterfaceVariantGetPtrDestructor)                 \
    X(variant_new_copy, GDExtensionInterfaceVariantNewCopy)

struct Engine {
#define STAND_IN_DECLARE(name, type) type name;
    STAND_IN_FUNCTIONS(STAND_IN_DECLARE)
#undef STAND_IN_DECLARE
    GDExtensionClassLibraryPtr library;
};
extern Engine engine;

}  // namespace internal

enum ModuleInitializationLevel {
    MODULE_INITIALIZATION_LEVEL_CORE = GDEXTENSION_INITIALIZATION_CORE,
    MODULE_INITIALIZATION_LEVEL_SERVERS = GDEXTENSION_INITIALIZATION_SERVERS,
    MODULE_INITIALIZATION_LEVEL_SCENE = GDEXTENSION_INITIALIZATION_SCENE,
    MODULE_INITIALIZATION_LEVEL_EDITOR = GDEXTENSION_INITIALIZATION_EDITOR,
};

class GDExtensionBinding {
public:
    using Callback = void (*)(ModuleInitializationLevel p_level);

    class InitObject {
    public:
        InitObject(GDExtensionInterfaceGetProcAddress p_get_proc_address,
                   GDExtensionClassLibraryPtr p_library,
                   GDExtensionInitialization* r_initialization);
        void register_initializer(Callback p_init) const;
        void register_terminator(Callback p_init) const;
        void set_minimum_library_initialization_level(ModuleInitializationLevel p_level) const;
        void register_startup_callback(GDExtensionMainLoopStartupCallback p_callback) const;
        void register_frame_callback(GDExtensionMainLoopFrameCallback p_callback) const;
        void register_shutdown_callback(GDExtensionMainLoopShutdownCallback p_callback) const;
        GDExtensionBool init() const;

    private:
        GDExtensionInitialization* initialization_;
    };
};

}  // namespace godot
