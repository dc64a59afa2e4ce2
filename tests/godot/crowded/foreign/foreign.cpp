// SPDX-License-Identifier: MIT
// Another extension of the same project, which has classes of ours already: VoxelTerrain, as
// godot_voxel has, and VoxelGenerator, a parent of others. It knows nothing of Nebula.
#include <gdextension_interface.h>

namespace {

GDExtensionInterfaceGetProcAddress get_proc;
GDExtensionClassLibraryPtr library;

template <class Function>
Function find(const char* name) {
    return reinterpret_cast<Function>(get_proc(name));
}

/// A StringName, which is one pointer.
struct Name {
    explicit Name(const char* text) {
        find<GDExtensionInterfaceStringNameNewWithLatin1Chars>("string_name_new_with_latin1_chars")(
            &bytes, text, 0);
    }
    void* bytes = nullptr;  // never destroyed: these few live as long as the engine
};

template <const char* kName, const char* kParent>
GDExtensionObjectPtr create(void* /*userdata*/, GDExtensionBool /*notify*/) {
    static Name name(kName);
    static Name parent(kParent);
    GDExtensionObjectPtr object = find<GDExtensionInterfaceClassdbConstructObject2>(
        "classdb_construct_object2")(&parent.bytes);
    find<GDExtensionInterfaceObjectSetInstance>("object_set_instance")(object, &name.bytes, object);
    return object;
}

template <const char* kName, const char* kParent>
void add_class() {
    static Name name(kName);
    static Name parent(kParent);
    GDExtensionClassCreationInfo5 info{};
    info.is_exposed = 1;
    info.create_instance_func = create<kName, kParent>;
    info.free_instance_func = [](void*, GDExtensionClassInstancePtr) {};
    find<GDExtensionInterfaceClassdbRegisterExtensionClass5>("classdb_register_extension_class5")(
        library, &name.bytes, &parent.bytes, &info);
}

void remove_class(const char* text) {
    Name name(text);
    find<GDExtensionInterfaceClassdbUnregisterExtensionClass>("classdb_unregister_extension_class")(
        library, &name.bytes);
}

constexpr char kTerrain[] = "VoxelTerrain";
constexpr char kNode[] = "Node3D";
constexpr char kGenerator[] = "VoxelGenerator";
constexpr char kResource[] = "Resource";

void initialize(void* /*userdata*/, GDExtensionInitializationLevel level) {
    if (level != GDEXTENSION_INITIALIZATION_SCENE) return;
    add_class<kTerrain, kNode>();
    add_class<kGenerator, kResource>();
}

void deinitialize(void* /*userdata*/, GDExtensionInitializationLevel level) {
    if (level != GDEXTENSION_INITIALIZATION_SCENE) return;
    remove_class(kTerrain);
    remove_class(kGenerator);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) GDExtensionBool foreign_init(
    GDExtensionInterfaceGetProcAddress get_proc_address, GDExtensionClassLibraryPtr token,
    GDExtensionInitialization* initialization) {
    get_proc = get_proc_address;
    library = token;
    *initialization = {GDEXTENSION_INITIALIZATION_SCENE, nullptr, initialize, deinitialize};
    return 1;
}
