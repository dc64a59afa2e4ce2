// SPDX-License-Identifier: MIT
// A copy of a world that another program may have open.
#pragma once

#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace nebula::voxel {

/// Fills the span with the next bytes of a file; how many, 0 at its end, and nothing if it cannot be read.
using ReadBytes = std::function<std::optional<std::size_t>(std::span<std::byte>)>;

/// A world file and what a save may have left beside it, wherever they are: also in a game's pack.
struct WorldSource {
    std::string name;  ///< In messages.
    /// Opens the file whose name ends with this: with nothing, the world itself. Null: there is none.
    std::function<ReadBytes(std::string_view ending)> open;
};

/// Copies a world to the disk, durably, as two files if a save has not been moved into the one yet: give
/// the copy its name with detail::publish_file, as WorldFileSettings::begin_with has it.
///
/// The copy has whole saves, although nobody locks the source. What is moved into a file while it is copied
/// is in the WAL, too, until a save begins that anew; then the copy is made again.
///
/// Threads:   any thread.
/// Errors:    FileFailed. \throws std::bad_alloc, and what the source throws.
[[nodiscard]] tl::expected<void, VoxelError> copy_world(const WorldSource& from,
                                                        const std::string& to);

}  // namespace nebula::voxel
