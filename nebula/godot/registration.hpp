// SPDX-License-Identifier: MIT
// What the add-on registers with the engine, for every entry point that brings it in: entry.cpp,
// and that of the tests (tests/godot/probe/).
#pragma once

namespace nebula::godot {

/// Registers the add-on's classes, singletons and main loop hooks. For Registrations::start.
void register_addon();

/// Adds what the editor alone has. For Registrations::start_editor.
void register_addon_in_editor();

/// Stops what the classes leave running. For Registrations::stop.
void stop_addon();

}  // namespace nebula::godot
