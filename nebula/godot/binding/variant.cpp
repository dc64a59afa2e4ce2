// SPDX-License-Identifier: MIT
#include "nebula/godot/binding/variant.hpp"

#include "nebula/godot/api/builtin_methods.hpp"
#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/binding/method_bind.hpp"
#include "nebula/godot/binding/object.hpp"
#include "nebula/godot/binding/string.hpp"

#include <cstring>
#include <utility>

namespace nebula::godot {

static_assert(sizeof(Variant) == SizeOf::Variant, "the engine disagrees about a Variant's size");

// The constructors of the header take the value as non-const but only read it.
Variant::Variant(GDExtensionVariantType type, const void* value) {
    engine.types[type].to_variant(bytes_, const_cast<void*>(value));
}

Variant::Variant(FromBool, bool value) {
    GDExtensionBool encoded = value ? 1 : 0;
    engine.types[GDEXTENSION_VARIANT_TYPE_BOOL].to_variant(bytes_, &encoded);
}
Variant::Variant(FromInt, std::int64_t value) : Variant(GDEXTENSION_VARIANT_TYPE_INT, &value) {}
Variant::Variant(FromFloat, double value) : Variant(GDEXTENSION_VARIANT_TYPE_FLOAT, &value) {}

Variant::Variant(std::string_view utf8)
    : Variant(GDEXTENSION_VARIANT_TYPE_STRING, String(utf8).data()) {}

Variant::Variant(const ObjectHandle& object) {
    GDExtensionObjectPtr pointer = object.ptr();
    engine.types[GDEXTENSION_VARIANT_TYPE_OBJECT].to_variant(bytes_, &pointer);
}

// A Variant's content is never tied to its own address, so a move is a copy of its bytes.
Variant::Variant(Variant&& other) noexcept {
    std::memcpy(bytes_, other.bytes_, sizeof bytes_);
    engine.variant_new_nil(other.bytes_);
}

Variant& Variant::operator=(const Variant& other) {
    // Copied first: `other` may live inside what this holds.
    return *this = Variant(other);
}

Variant& Variant::operator=(Variant&& other) noexcept {
    if (this != &other) {
        engine.variant_destroy(bytes_);
        std::memcpy(bytes_, other.bytes_, sizeof bytes_);
        engine.variant_new_nil(other.bytes_);
    }
    return *this;
}

ObjectId Variant::object_id() const noexcept {
    return {engine.variant_get_object_instance_id(bytes_)};
}

std::string Variant::str() const {
    String text;
    engine.variant_stringify(bytes_, text.data());
    return text.utf8();
}

Variant Variant::call(std::string_view method, std::initializer_list<Variant> arguments) {
    return call(method, std::span(arguments.begin(), arguments.size()));
}

Variant Variant::call(std::string_view method, std::span<const Variant> arguments) {
    const StringName name(method);
    const ArgumentPointers pointers({}, arguments);
    Variant result;
    GDExtensionCallError error{};
    engine.variant_destroy(result.data());
    engine.variant_call(bytes_, name.data(), pointers.data(), pointers.count(), result.data(),
                        &error);
    throw_if_failed(error, type_name(type()), method);
    return result;
}

bool operator==(const Variant& a, const Variant& b) {
    Variant result;
    GDExtensionBool valid = 0;
    engine.variant_destroy(result.data());
    engine.variant_evaluate(GDEXTENSION_VARIANT_OP_EQUAL, a.data(), b.data(), result.data(),
                            &valid);
    if (valid == 0) return false;
    GDExtensionBool equal = 0;
    engine.types[GDEXTENSION_VARIANT_TYPE_BOOL].from_variant(&equal, result.data());
    return equal != 0;
}

std::string type_name(GDExtensionVariantType type) {
    String name;
    engine.types[GDEXTENSION_VARIANT_TYPE_STRING].destroy(name.data());
    engine.variant_get_type_name(type, name.data());
    return name.utf8();
}

}  // namespace nebula::godot
