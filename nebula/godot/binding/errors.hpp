// SPDX-License-Identifier: MIT
// What goes wrong when calling the engine, and how it is told to the person at the editor.
#pragma once

#include <source_location>
#include <stdexcept>
#include <string_view>

namespace nebula::godot {

/// A method was called on a handle that holds no object.
class NullObjectError : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

/// The engine that loaded us has not what the binding was generated for.
class ApiMismatchError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A call by name failed: no such method, or arguments it does not take.
class CallError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A Variant does not hold, and does not convert to, what was asked of it.
class VariantTypeError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// One line in the engine's console and in the editor's error list.
///
/// Threads:   any thread.
void print_error(std::string_view message,
                 std::source_location where = std::source_location::current()) noexcept;
void print_warning(std::string_view message,
                   std::source_location where = std::source_location::current()) noexcept;

/// An error about what a script did: the place shown is the line of the script that runs on this
/// thread; where there is none, as for a call from C++, `context` stands for it.
///
/// Threads:   any thread.
void print_error_at_caller(std::string_view message, std::string_view context) noexcept;

/// For the catch-all of a C callback: prints the exception in flight as an engine error that names
/// `context`, "VoxelTerrain.dig_sphere" for example.
void report_current_exception(std::string_view context) noexcept;

/// Lines of nebula::log, and failed assertions, go to the engine's console from here on;
/// restore_sinks() before the library may be unloaded.
void install_sinks() noexcept;
void restore_sinks() noexcept;

}  // namespace nebula::godot
