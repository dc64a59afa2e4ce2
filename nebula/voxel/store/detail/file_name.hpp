// SPDX-License-Identifier: MIT
// Which names a world file may have.
#pragma once

#include "nebula/voxel/space/voxel_error.hpp"

#include <optional>
#include <string>

namespace nebula::voxel::detail {

[[nodiscard]] inline std::string in_quotes(const std::string& path) { return '"' + path + '"'; }

/// Why no world file has this name, or nothing. It touches nothing, and comes before all that does: SQLite
/// takes some names for a database in memory, and others are a slip that would leave a file where nobody
/// looks for it.
///
/// Errors:    BadData.
[[nodiscard]] std::optional<VoxelError> check_file_name(const std::string& path);

}  // namespace nebula::voxel::detail
