// SPDX-License-Identifier: MIT
// Text: String, and the two interned kinds the engine uses for names and paths.
#pragma once

#include "nebula/godot/binding/builtin_value.hpp"

#include <string>
#include <string_view>

namespace nebula::godot {

class StringName;
class NodePath;

/// The engine's UTF-32 text. Made from and read as UTF-8.
class String : public BuiltinValue<GDEXTENSION_VARIANT_TYPE_STRING, 8> {
public:
    String() = default;
    String(std::string_view utf8);  // NOLINT(google-explicit-constructor): text is text
    String(const char* utf8)
        : String(std::string_view(utf8)) {}  // NOLINT(google-explicit-constructor)
    String(const std::string& utf8)
        : String(std::string_view(utf8)) {}  // NOLINT(google-explicit-constructor)
    explicit String(const StringName& name);
    explicit String(const NodePath& path);

    [[nodiscard]] std::string utf8() const;

    friend bool operator==(const String& a, const String& b) { return a.equals(b); }
};

/// An interned name: comparing two is comparing pointers, making one is a look-up in a table.
class StringName : public BuiltinValue<GDEXTENSION_VARIANT_TYPE_STRING_NAME, 8> {
public:
    StringName() = default;
    StringName(std::string_view utf8);  // NOLINT(google-explicit-constructor): text is text
    StringName(const char* utf8)
        : StringName(std::string_view(utf8)) {}  // NOLINT(google-explicit-constructor)
    StringName(const std::string& utf8)
        : StringName(std::string_view(utf8)) {}  // NOLINT(google-explicit-constructor)
    explicit StringName(const String& text) : StringName(text.utf8()) {}

    [[nodiscard]] std::string utf8() const;

    friend bool operator==(const StringName& a, const StringName& b) { return a.equals(b); }
};

/// A path through the scene tree, with an optional property behind a colon.
class NodePath : public BuiltinValue<GDEXTENSION_VARIANT_TYPE_NODE_PATH, 8> {
public:
    NodePath() = default;
    NodePath(std::string_view utf8);  // NOLINT(google-explicit-constructor): text is text
    NodePath(const char* utf8)
        : NodePath(std::string_view(utf8)) {}  // NOLINT(google-explicit-constructor)

    [[nodiscard]] std::string utf8() const;

    friend bool operator==(const NodePath& a, const NodePath& b) { return a.equals(b); }
};

/// A name looked up at most once, for names used every frame.
///
///     static constinit StaticName name{"process_frame"};
///     tree.connect(name, callable);
///
/// Threads:   main thread.
/// Lifetime:  drop_static_names() gives every name back before the library may be unloaded; the
///            next use after that looks it up anew. Must itself be static, and outlive that.
class StaticName {
public:
    explicit constexpr StaticName(const char* text) noexcept : text_(text) {}
    StaticName(const StaticName&) = delete;
    StaticName& operator=(const StaticName&) = delete;

    operator const StringName&();  // NOLINT(google-explicit-constructor): it is a StringName, later

private:
    friend void drop_static_names() noexcept;

    const char* text_;
    StringName* name_ = nullptr;  // null until first used and after drop_static_names()
    StaticName* next_ = nullptr;  // the list drop_static_names() walks
};

void drop_static_names() noexcept;

}  // namespace nebula::godot
