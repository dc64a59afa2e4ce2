// SPDX-License-Identifier: MIT
#include "nebula/godot/binding/string.hpp"

#include "nebula/godot/api/builtin_methods.hpp"

#include <cstddef>
#include <utility>

namespace nebula::godot {

static_assert(sizeof(String) == SizeOf::String && sizeof(StringName) == SizeOf::StringName &&
                  sizeof(NodePath) == SizeOf::NodePath,
              "the engine disagrees about the size of its text types");

namespace {

StaticName* static_names = nullptr;

// Of the constructors the API dump lists for each type, those that convert.
constexpr int kStringFromStringName = 2;
constexpr int kStringFromNodePath = 3;
constexpr int kNodePathFromString = 2;

void construct(GDExtensionVariantType type, int which, void* to, const void* from) {
    engine.variant_get_ptr_constructor(type, which)(to, &from);
}

}  // namespace

String::String(std::string_view utf8) : BuiltinValue(Unconstructed{}) {
    engine.string_new_with_utf8_chars_and_len2(data(), utf8.data(),
                                               static_cast<GDExtensionInt>(utf8.size()));
}

String::String(const StringName& name) : BuiltinValue(Unconstructed{}) {
    construct(kVariantType, kStringFromStringName, data(), name.data());
}

String::String(const NodePath& path) : BuiltinValue(Unconstructed{}) {
    construct(kVariantType, kStringFromNodePath, data(), path.data());
}

std::string String::utf8() const {
    const GDExtensionInt bytes = engine.string_to_utf8_chars(data(), nullptr, 0);
    std::string text(static_cast<std::size_t>(bytes), '\0');
    engine.string_to_utf8_chars(data(), text.data(), bytes);
    return text;
}

StringName::StringName(std::string_view utf8) : BuiltinValue(Unconstructed{}) {
    engine.string_name_new_with_utf8_chars_and_len(data(), utf8.data(),
                                                   static_cast<GDExtensionInt>(utf8.size()));
}

std::string StringName::utf8() const { return String(*this).utf8(); }

NodePath::NodePath(std::string_view utf8) : BuiltinValue(Unconstructed{}) {
    construct(kVariantType, kNodePathFromString, data(), String(utf8).data());
}

std::string NodePath::utf8() const { return String(*this).utf8(); }

StaticName::operator const StringName&() {
    if (name_ == nullptr) {
        name_ = new StringName(text_);
        next_ = std::exchange(static_names, this);
    }
    return *name_;
}

void drop_static_names() noexcept {
    while (static_names != nullptr) {
        StaticName* const first = std::exchange(static_names, static_names->next_);
        delete std::exchange(first->name_, nullptr);
    }
}

}  // namespace nebula::godot
