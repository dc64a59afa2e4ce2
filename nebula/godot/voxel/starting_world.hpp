// SPDX-License-Identifier: MIT
// Which file a terrain's world is in, and how a game's world begins as a copy of the one that was made
// in the editor.
#pragma once

#include "nebula/godot/binding/string.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <string>

namespace nebula::godot {

/// Where a world is kept.
struct WorldFilePlace {
    std::string path;  ///< For the disk; empty if the world has no file.
    /// If there is no file at the path, it begins as a copy of this one, in words of the engine, which
    /// finds it in an exported game's pack, too. Empty: it begins with nothing.
    String copy_of;
    /// The copy is of no use to anybody afterwards: it only gives the world what it begins with.
    bool is_temporary = false;
};

/// A name for a temporary copy. Each call gives another one.
[[nodiscard]] std::string temporary_world_path();

/// For voxel::WorldFileSettings::begin_with: makes the file as a copy. What a game that was killed, or an
/// editor that runs, has saved and not moved into the one file is in the copy, too.
///
/// Threads:   any thread.
/// Errors:    FileFailed, with one sentence. \throws std::bad_alloc.
[[nodiscard]] tl::expected<void, voxel::VoxelError> begin_world_as_copy(const String& of,
                                                                        const std::string& path);

/// A world file that is removed at the end, with what SQLite may have left beside it.
class TemporaryWorld {
public:
    TemporaryWorld() = default;
    ~TemporaryWorld();
    TemporaryWorld(const TemporaryWorld&) = delete;
    TemporaryWorld& operator=(const TemporaryWorld&) = delete;

    void take(const std::string& path) { path_ = path; }
    [[nodiscard]] bool is_taken() const noexcept { return !path_.empty(); }

private:
    std::string path_;
};

}  // namespace nebula::godot
