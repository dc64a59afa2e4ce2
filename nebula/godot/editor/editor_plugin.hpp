// SPDX-License-Identifier: MIT
// What the add-on does in the editor.
#pragma once

namespace nebula::godot {

/// Adds the add-on's plugin to the editor. For Registrations::start_editor.
void register_editor_plugin();

}  // namespace nebula::godot
