// SPDX-License-Identifier: MIT
#pragma once

#include <godot_cpp/core/method_bind.hpp>
#include <godot_cpp/core/object.hpp>

#include <type_traits>
#include <vector>

namespace godot {

struct MethodDefinition {
    StringName name;
    std::vector<StringName> args;
};

template <typename... Args>
MethodDefinition D_METHOD(StringName p_name, Args... p_args) {
    return {p_name, {StringName(p_args)...}};
}

class ClassDB {
public:
    template <typename T>
    static void register_class() {
        static_assert(std::is_same_v<typename T::self_type, T>, "it has no GDCLASS of its own");
        GDExtensionClassCreationInfo5 info{};
        info.is_exposed = 1;
        info.create_instance_func = [](void*, GDExtensionBool) -> GDExtensionObjectPtr {
            T* const made = new T;
            attach(made, T::get_class_static());
            return made->_owner;
        };
        info.recreate_instance_func = [](void*, GDExtensionObjectPtr object) {
            Wrapped::recreated = object;
            return static_cast<GDExtensionClassInstancePtr>(new T);
        };
        info.free_instance_func = [](void*, GDExtensionClassInstancePtr instance) {
            delete static_cast<T*>(instance);
        };
        add_class(T::get_class_static(), T::get_parent_class_static(), info);
        T::_bind_methods();
    }

    template <typename M>
    static void bind_method(const MethodDefinition& p_name, M p_method) {
        add_method(class_of(p_method), p_name, create_method_bind(p_method));
    }
    static void add_property(const StringName& p_class, const PropertyInfo& p_info,
                             const StringName& p_setter, const StringName& p_getter);
    static void add_signal(const StringName& p_class, const MethodInfo& p_signal);

    /// Unregisters all classes.
    static void deinitialize();

private:
    template <class C, class R, class... P>
    static StringName class_of(R (C::*)(P...)) {
        return C::get_class_static();
    }
    template <class C, class R, class... P>
    static StringName class_of(R (C::*)(P...) const) {
        return C::get_class_static();
    }
    static void attach(Wrapped* made, const StringName& p_class);
    static void add_class(const StringName& p_class, const StringName& p_parent,
                          const GDExtensionClassCreationInfo5& info);
    static void add_method(const StringName& p_class, const MethodDefinition& p_name,
                           MethodBind* p_bind);
};

}  // namespace godot

#define GDREGISTER_CLASS(m_class) ::godot::ClassDB::register_class<m_class>();
