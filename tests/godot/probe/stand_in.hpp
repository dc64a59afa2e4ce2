// SPDX-License-Identifier: MIT
// Types in the form of another binding's (the members that nebula/godot/adapter asks for, and what
// godot-cpp has around them), over the engine's bytes. They know nothing of our own binding, and
// compile without exceptions.
#pragma once

#include "nebula/godot/adapter/await_signal.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace nebula::stand_in {

namespace abi = adapter::detail;

template <GDExtensionVariantType kType, std::size_t kBytes>
class Value {
public:
    Value() = default;
    Value(const Value& other) {
        const void* const from = other.bytes_;
        abi::engine.variant_get_ptr_constructor(kType, 1)(bytes_, &from);
    }
    Value& operator=(const Value& other) {
        if (this != &other) {
            abi::engine.variant_get_ptr_destructor(kType)(bytes_);
            const void* const from = other.bytes_;
            abi::engine.variant_get_ptr_constructor(kType, 1)(bytes_, &from);
        }
        return *this;
    }
    ~Value() { abi::engine.variant_get_ptr_destructor(kType)(bytes_); }

    // NOLINTNEXTLINE(readability-identifier-naming): as it is called there
    [[nodiscard]] void* _native_ptr() const { return const_cast<std::byte*>(bytes_); }

private:
    alignas(8) std::byte bytes_[kBytes]{};
};

class String : public Value<GDEXTENSION_VARIANT_TYPE_STRING, 8> {
public:
    [[nodiscard]] std::string utf8() const {
        const GDExtensionInt size = abi::engine.string_to_utf8_chars(_native_ptr(), nullptr, 0);
        std::string text(static_cast<std::size_t>(size), '\0');
        abi::engine.string_to_utf8_chars(_native_ptr(), text.data(), size);
        return text;
    }
};

class StringName : public Value<GDEXTENSION_VARIANT_TYPE_STRING_NAME, 8> {
public:
    StringName() = default;
    StringName(const char* text) {  // NOLINT(google-explicit-constructor): text is text
        abi::engine.string_name_new_with_utf8_chars(_native_ptr(), text);
    }
};

class Signal : public Value<GDEXTENSION_VARIANT_TYPE_SIGNAL, 16> {};

/// One per engine object, as in a binding with wrappers.
class Object {
public:
    static Object* of(GDExtensionObjectPtr pointer) {
        if (pointer == nullptr) return nullptr;
        static std::map<GDExtensionObjectPtr, std::unique_ptr<Object>> all;
        std::unique_ptr<Object>& object = all[pointer];
        if (!object) object.reset(new Object{pointer});
        return object.get();
    }
    template <class T>
    static T* cast_to(Object* object) {
        if (object == nullptr) return nullptr;
        void* const tag =
            abi::engine.classdb_get_class_tag(abi::TemporaryName(T::kClassName).bytes());
        const bool fits = abi::engine.object_cast_to(object->_owner, tag) != nullptr;
        return fits ? static_cast<T*>(object) : nullptr;
    }

    GDExtensionObjectPtr _owner;  // NOLINT(readability-identifier-naming): as it is called there
};
class Node : public Object {
public:
    static constexpr const char* kClassName = "Node";
};

class Variant {
public:
    Variant() = default;
    Variant(const Variant& other) { abi::engine.variant_new_copy(bytes_, other.bytes_); }
    Variant& operator=(const Variant& other) {
        if (this != &other) {
            abi::engine.variant_destroy(bytes_);
            abi::engine.variant_new_copy(bytes_, other.bytes_);
        }
        return *this;
    }
    ~Variant() { abi::engine.variant_destroy(bytes_); }

    // NOLINTBEGIN(google-explicit-constructor): a Variant is whatever is put into it.
    Variant(std::int64_t value) : Variant(GDEXTENSION_VARIANT_TYPE_INT, &value) {}
    Variant(const String& value) : Variant(GDEXTENSION_VARIANT_TYPE_STRING, value._native_ptr()) {}
    Variant(const Object* value) {
        GDExtensionObjectPtr pointer = value == nullptr ? nullptr : value->_owner;
        abi::engine.get_variant_from_type_constructor(GDEXTENSION_VARIANT_TYPE_OBJECT)(bytes_,
                                                                                       &pointer);
    }
    operator std::int64_t() const {
        std::int64_t value = 0;
        to(GDEXTENSION_VARIANT_TYPE_INT, &value);
        return value;
    }
    operator String() const {
        String value;
        to(GDEXTENSION_VARIANT_TYPE_STRING, value._native_ptr());
        return value;
    }
    operator Object*() const {
        GDExtensionObjectPtr pointer = nullptr;
        to(GDEXTENSION_VARIANT_TYPE_OBJECT, &pointer);
        return Object::of(pointer);
    }
    // NOLINTEND(google-explicit-constructor)

    // NOLINTNEXTLINE(readability-identifier-naming): as it is called there
    [[nodiscard]] void* _native_ptr() const { return const_cast<std::byte*>(bytes_); }

private:
    Variant(GDExtensionVariantType type, const void* value) {
        abi::engine.get_variant_from_type_constructor(type)(bytes_, const_cast<void*>(value));
    }
    void to(GDExtensionVariantType type, void* value) const {
        abi::engine.get_variant_to_type_constructor(type)(value, _native_ptr());
    }

    alignas(8) std::byte bytes_[24]{};  // zeros are null
};

using Binding = adapter::GodotCpp<Signal, Object, StringName, Variant>;
using Await = adapter::Await<Binding>;

}  // namespace nebula::stand_in

template <>
struct nebula::AwaitAs<nebula::stand_in::Signal>
    : nebula::adapter::AwaitSignal<nebula::stand_in::Binding> {};
template <>
struct nebula::AwaitAs<nebula::stand_in::Object*>
    : nebula::adapter::AwaitObject<nebula::stand_in::Binding> {};
