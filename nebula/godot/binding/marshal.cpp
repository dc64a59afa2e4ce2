// SPDX-License-Identifier: MIT
#include "nebula/godot/binding/marshal.hpp"

#include <stdexcept>

namespace nebula::godot::detail {

bool extract(const Variant& from, GDExtensionVariantType type, void* to) {
    const GDExtensionVariantType held = from.type();
    if (held != type && engine.variant_can_convert_strict(held, type) == 0) return false;
    const Interface::BuiltinType& functions = engine.types[type];
    if (functions.destroy != nullptr) functions.destroy(to);  // the engine constructs it anew
    functions.from_variant(to, const_cast<void*>(from.data()));
    return true;
}

std::optional<GDExtensionObjectPtr> extract_object(const Variant& from,
                                                   bool (*is_a)(GDExtensionObjectPtr)) {
    const GDExtensionVariantType held = from.type();
    if (held == GDEXTENSION_VARIANT_TYPE_NIL) return nullptr;
    if (held != GDEXTENSION_VARIANT_TYPE_OBJECT) return std::nullopt;
    const ObjectId id = from.object_id();
    if (id.is_null()) return nullptr;
    // Through the id and not the pointer: the Variant may have outlived its object.
    GDExtensionObjectPtr object = id.object().ptr();
    if (object == nullptr || !is_a(object)) return std::nullopt;
    return object;
}

void throw_out_of_range(std::int64_t value, const char* type) {
    throw std::out_of_range(std::to_string(value) + " does not fit " + type);
}

void throw_not_a(const Variant& value, const char* wanted) {
    throw VariantTypeError("expected " + std::string(wanted) + ", found " +
                           type_name(value.type()));
}

}  // namespace nebula::godot::detail
