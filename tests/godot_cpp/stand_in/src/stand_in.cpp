// SPDX-License-Identifier: MIT
// All that is behind the headers.
#include <godot_cpp/core/class_db.hpp>
#include <godot_cpp/core/error_macros.hpp>
#include <godot_cpp/godot.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

namespace godot {
namespace internal {

Engine engine{};

namespace {

// The test counts how often a library was really loaded.
const int kLoaded = std::puts("stand-in: loaded");

GDExtensionBinding::Callback initializer, terminator;
GDExtensionMainLoopCallbacks main_loop;
std::vector<StringName> classes;
std::vector<std::unique_ptr<MethodBind>> methods;

void initialize(void*, GDExtensionInitializationLevel level) {
    if (initializer != nullptr) initializer(static_cast<ModuleInitializationLevel>(level));
}

void deinitialize(void*, GDExtensionInitializationLevel level) {
    if (terminator != nullptr) terminator(static_cast<ModuleInitializationLevel>(level));
    if (level == GDEXTENSION_INITIALIZATION_SCENE) ClassDB::deinitialize();
}

std::vector<GDExtensionPropertyInfo> to_engine(const std::vector<PropertyInfo>& all) {
    std::vector<GDExtensionPropertyInfo> made;
    for (const PropertyInfo& each : all) made.push_back(each.to_engine());
    return made;
}

}  // namespace
}  // namespace internal

using internal::engine;

GDExtensionBinding::InitObject::InitObject(GDExtensionInterfaceGetProcAddress p_get_proc_address,
                                           GDExtensionClassLibraryPtr p_library,
                                           GDExtensionInitialization* r_initialization)
    : initialization_(r_initialization) {
#define STAND_IN_LOAD(name, type) engine.name = reinterpret_cast<type>(p_get_proc_address(#name));
    STAND_IN_FUNCTIONS(STAND_IN_LOAD)
#undef STAND_IN_LOAD
    engine.library = p_library;
}
void GDExtensionBinding::InitObject::register_initializer(Callback p_init) const {
    internal::initializer = p_init;
}
void GDExtensionBinding::InitObject::register_terminator(Callback p_init) const {
    internal::terminator = p_init;
}
void GDExtensionBinding::InitObject::set_minimum_library_initialization_level(
    ModuleInitializationLevel p_level) const {
    initialization_->minimum_initialization_level =
        static_cast<GDExtensionInitializationLevel>(p_level);
}
void GDExtensionBinding::InitObject::register_startup_callback(
    GDExtensionMainLoopStartupCallback p_callback) const {
    internal::main_loop.startup_func = p_callback;
}
void GDExtensionBinding::InitObject::register_frame_callback(
    GDExtensionMainLoopFrameCallback p_callback) const {
    internal::main_loop.frame_func = p_callback;
}
void GDExtensionBinding::InitObject::register_shutdown_callback(
    GDExtensionMainLoopShutdownCallback p_callback) const {
    internal::main_loop.shutdown_func = p_callback;
}
GDExtensionBool GDExtensionBinding::InitObject::init() const {
    initialization_->initialize = internal::initialize;
    initialization_->deinitialize = internal::deinitialize;
    engine.register_main_loop_callbacks(engine.library, &internal::main_loop);
    return 1;
}

void _err_print_error(const char* p_function, const char* p_file, int p_line, const char* p_error,
                      bool p_editor_notify, bool p_is_warning) {
    const auto print = p_is_warning ? engine.print_warning : engine.print_error;
    print(p_error, p_function, p_file, p_line, p_editor_notify);
}

Variant::Variant(const Object* v) {
    GDExtensionObjectPtr object = v == nullptr ? nullptr : v->_owner;
    set(GDEXTENSION_VARIANT_TYPE_OBJECT, &object);
}

GodotObject* Wrapped::recreated = nullptr;

Wrapped::Wrapped(const StringName& p_godot_class)
    : _owner(recreated != nullptr ? std::exchange(recreated, nullptr)
                                  : engine.classdb_construct_object2(p_godot_class._native_ptr())) {
}

Error Object::emit(const Variant* p_args, std::size_t p_count) {
    static const GDExtensionMethodBindPtr kEmit = engine.classdb_get_method_bind(
        StringName("Object")._native_ptr(), StringName("emit_signal")._native_ptr(), 4047867050);
    std::vector<GDExtensionConstVariantPtr> arguments;
    for (std::size_t i = 0; i < p_count; ++i) arguments.push_back(p_args[i]._native_ptr());
    Variant result;
    GDExtensionCallError error{};
    engine.object_method_bind_call(kEmit, _owner, arguments.data(),
                                   static_cast<GDExtensionInt>(p_count), result._native_ptr(),
                                   &error);
    return error.error == GDEXTENSION_CALL_OK ? OK : FAILED;
}

void ClassDB::attach(Wrapped* made, const StringName& p_class) {
    engine.object_set_instance(made->_owner, p_class._native_ptr(), made);
}

void ClassDB::add_class(const StringName& p_class, const StringName& p_parent,
                        const GDExtensionClassCreationInfo5& info) {
    internal::classes.push_back(p_class);
    engine.classdb_register_extension_class5(engine.library, p_class._native_ptr(),
                                             p_parent._native_ptr(), &info);
}

void ClassDB::add_method(const StringName& p_class, const MethodDefinition& p_name,
                         MethodBind* p_bind) {
    internal::methods.emplace_back(p_bind);
    std::vector<PropertyInfo> arguments;
    for (std::size_t i = 0; i < p_bind->arguments.size(); ++i)
        arguments.emplace_back(p_bind->arguments[i], p_name.args.at(i));
    std::vector<GDExtensionPropertyInfo> infos = internal::to_engine(arguments);
    std::vector<GDExtensionClassMethodArgumentMetadata> metadata(
        infos.size(), GDEXTENSION_METHOD_ARGUMENT_METADATA_NONE);
    const PropertyInfo result(p_bind->result, "");
    GDExtensionPropertyInfo result_info = result.to_engine();

    GDExtensionClassMethodInfo info{};
    info.name = p_name.name._native_ptr();
    info.method_userdata = p_bind;
    info.call_func = [](void* bind, GDExtensionClassInstancePtr instance,
                        const GDExtensionConstVariantPtr* given, GDExtensionInt count,
                        GDExtensionVariantPtr answer, GDExtensionCallError* error) {
        const MethodBind& method = *static_cast<MethodBind*>(bind);
        const auto wanted = static_cast<GDExtensionInt>(method.arguments.size());
        if (count != wanted) {
            *error = {count < wanted ? GDEXTENSION_CALL_ERROR_TOO_FEW_ARGUMENTS
                                     : GDEXTENSION_CALL_ERROR_TOO_MANY_ARGUMENTS,
                      0, static_cast<std::int32_t>(wanted)};
            return;
        }
        method.call(instance, given, *static_cast<Variant*>(answer));
    };
    info.ptrcall_func = [](void* bind, GDExtensionClassInstancePtr instance,
                           const GDExtensionConstTypePtr* given, GDExtensionTypePtr answer) {
        static_cast<MethodBind*>(bind)->ptrcall(instance, given, answer);
    };
    info.method_flags = GDEXTENSION_METHOD_FLAGS_DEFAULT;
    info.has_return_value = p_bind->result != Variant::NIL ? 1 : 0;
    info.return_value_info = &result_info;
    info.argument_count = static_cast<std::uint32_t>(infos.size());
    info.arguments_info = infos.data();
    info.arguments_metadata = metadata.data();
    engine.classdb_register_extension_class_method(engine.library, p_class._native_ptr(), &info);
}

void ClassDB::add_property(const StringName& p_class, const PropertyInfo& p_info,
                           const StringName& p_setter, const StringName& p_getter) {
    const GDExtensionPropertyInfo info = p_info.to_engine();
    engine.classdb_register_extension_class_property(engine.library, p_class._native_ptr(), &info,
                                                     p_setter._native_ptr(),
                                                     p_getter._native_ptr());
}

void ClassDB::add_signal(const StringName& p_class, const MethodInfo& p_signal) {
    const std::vector<GDExtensionPropertyInfo> infos = internal::to_engine(p_signal.arguments);
    engine.classdb_register_extension_class_signal(engine.library, p_class._native_ptr(),
                                                   p_signal.name._native_ptr(), infos.data(),
                                                   static_cast<GDExtensionInt>(infos.size()));
}

void ClassDB::deinitialize() {
    for (const StringName& each : internal::classes)
        engine.classdb_unregister_extension_class(engine.library, each._native_ptr());
    internal::classes.clear();
    internal::methods.clear();
}

}  // namespace godot
