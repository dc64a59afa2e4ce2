// SPDX-License-Identifier: MIT
#include "nebula/godot/runtime/file_path.hpp"

#include "nebula/godot/api/project_settings.hpp"

namespace nebula::godot {

std::string file_of(const String& path) {
    const ProjectSettings settings = ProjectSettings::singleton();
    // In an exported game, the engine makes such a path one that begins where the game was started. As it
    // is, it is refused.
    std::string given = path.utf8();
    if (given.starts_with("res://") && settings.globalize_path("res://") == String()) return given;
    return settings.globalize_path(path).utf8();
}

}  // namespace nebula::godot
