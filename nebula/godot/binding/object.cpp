// SPDX-License-Identifier: MIT
#include "nebula/godot/binding/object.hpp"

#include "nebula/godot/api/object.hpp"
#include "nebula/godot/api/ref_counted.hpp"
#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/binding/extension_name.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/binding/string.hpp"

#include <string>

namespace nebula::godot {

GDExtensionObjectPtr find_singleton(const char* name) {
    return engine.global_get_singleton(StringName(name).data());
}

namespace detail {

void* class_tag(const char* class_name) {
    return engine.classdb_get_class_tag(StringName(class_name).data());
}

// In registry.cpp: an object of an internal class, which the engine itself makes none of, since it
// does not show the class to scripts. Null for every other class.
GDExtensionObjectPtr construct_internal(const char* class_name);

GDExtensionObjectPtr construct(const char* class_name) {
    if (GDExtensionObjectPtr internal = construct_internal(class_name)) return internal;
    const std::string name = engine_name(class_name);
    GDExtensionObjectPtr object = engine.classdb_construct_object2(StringName(name).data());
    if (object == nullptr)
        throw ApiMismatchError("the engine could not create an object of class " + name);
    // The engine leaves this notification to whoever constructs from outside.
    Object(object).notification(Object::NOTIFICATION_POSTINITIALIZE);
    return object;
}

void throw_left_out(const char* class_name) {
    throw ApiMismatchError(extension_name() + ("'s class " + engine_name(class_name)) +
                           " is left out, because another extension has a class of that name");
}

void add_reference(GDExtensionObjectPtr object) { RefCounted(object).reference(); }

void drop_reference(GDExtensionObjectPtr object) noexcept {
    if (RefCounted(object).unreference()) engine.object_destroy(object);
}

void first_reference(GDExtensionObjectPtr object) { RefCounted(object).init_ref(); }

}  // namespace detail
}  // namespace nebula::godot
