// SPDX-License-Identifier: MIT
// What the editor's viewport says where a terrain will be.
#pragma once

#include "nebula/godot/api/node.hpp"

namespace nebula::godot {

/// Puts a line of text at the node: the terrain shows when the game runs. An internal child, so it
/// is in no scene file and not in the scene dock. For the editor only; the node frees it.
///
/// Threads:   main thread.
void add_editor_note(const Node& terrain);

}  // namespace nebula::godot
