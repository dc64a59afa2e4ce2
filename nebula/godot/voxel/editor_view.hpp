// SPDX-License-Identifier: MIT
// The editor's 3D view, as far as a terrain follows it.
#pragma once

#include "nebula/godot/binding/math.hpp"

#include <cstdint>
#include <vector>

namespace nebula::godot {

/// Whether this engine is the editor, and not a game that runs.
///
/// Threads:   main thread.
[[nodiscard]] bool is_editor();

/// Whether this engine is an editor that nobody looks at: it imports, exports or runs a script.
///
/// Threads:   main thread.
[[nodiscard]] bool is_editor_without_window();

struct EditorCamera {
    Transform3D place;       ///< Global; of what an orthogonal camera looks at, not of that camera.
    std::uint64_t view = 0;  ///< Which of the editor's views it belongs to, from 1.
};

/// The cameras of the editor's 3D views that can be seen now: up to four, and none while the editor
/// shows a script or another of its screens.
///
/// Threads:   main thread.
[[nodiscard]] std::vector<EditorCamera> editor_cameras();

}  // namespace nebula::godot
