// SPDX-License-Identifier: MIT
// What the extension is called, in messages and in the engine's list of classes.
#pragma once

#include <string>
#include <string_view>

namespace nebula::godot {

/// Registrations::name. "Nebula" before start_extension() has been called.
///
/// Threads:   any thread, once the extension has started.
[[nodiscard]] const char* extension_name() noexcept;

/// What the engine calls a class of ours. Two extensions of one project may be built on this library,
/// and the engine has each name once. So classes of the library are named after the extension: what is
/// NebulaTask in C++ is ExampleTask in the extension "Example". The rule looks at the name alone, so
/// that types, help texts and constructors need not ask: a leading "Nebula" is replaced.
[[nodiscard]] std::string engine_name(std::string_view class_name);

/// A text for the editor's help, with the names of the library's classes that begin with "Nebula" and
/// are registered in each extension (NebulaTask, NebulaTaskError, NebulaRpc) replaced as above.
[[nodiscard]] std::string with_engine_names(std::string text);

namespace detail {
/// For start_extension(). Keeps the pointer. False, and nothing changes, if no class could begin with it:
/// letters, digits and _, a letter first.
[[nodiscard]] bool set_extension_name(const char* name) noexcept;
}  // namespace detail

}  // namespace nebula::godot
