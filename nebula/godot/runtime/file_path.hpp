// SPDX-License-Identifier: MIT
// Paths as scripts write them, for files that we open ourselves.
#pragma once

#include "nebula/godot/binding/string.hpp"

#include <string>

namespace nebula::godot {

/// Where `path` is on the disk; it may begin with res:// or user://.
[[nodiscard]] std::string file_of(const String& path);

}  // namespace nebula::godot
