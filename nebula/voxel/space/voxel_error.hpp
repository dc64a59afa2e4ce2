// SPDX-License-Identifier: MIT
// Why the terrain refused a call or could not build a chunk, and how large its world is.
#pragma once

#include "nebula/voxel/space/vec.hpp"

#include <optional>
#include <string>

namespace nebula::voxel {

/// Viewers, edits and rays must start within this many voxels of the origin on each axis. That
/// leaves room for the longest view, ray and edit inside 2^24 voxels, up to which a float
/// represents every voxel, and inside the 21 bits per axis of the brick table.
inline constexpr float kWorldLimit = 16'000'000.0F;

/// The one error of this module: a refused call, or a chunk without a mesh. It is a value, so one
/// failing chunk never takes the others down.
struct VoxelError {
    enum class Kind {
        NotFinite,        ///< NaN or infinity.
        OutOfRange,       ///< A radius, distance or setting outside its range.
        OutsideWorld,     ///< A position beyond kWorldLimit.
        ZeroDirection,    ///< A ray without a direction.
        GeneratorFailed,  ///< The generator threw; the message is that of the exception.
        NotLoaded,        ///< The chunk is not loaded (yet).
        ZeroSample,       ///< The chunk has a sample of 0, which rule 1 of the README forbids.
        BadData,          ///< A record, mesh, grid or file name that cannot be used.
        NothingToUndo,    ///< No edit of this user can be undone, or redone.
        Conflict,         ///< Somebody edited the same ground since.
        NotReady,         ///< An edit in the background is not worked out yet.
        Cancelled,        ///< An edit in the background was cancelled.
        UnknownBlock,     ///< The chunk has a block whose id nobody added to its types.
        OutOfMemory,      ///< There was no memory for a chunk, an edit or a ray.
        NotAWorld,        ///< The file is another program's, or damaged beyond reading.
        NewerFormat,      ///< The file was written by a later version.
        FileInUse,        ///< Another program has the file open.
        ReadOnly,         ///< The file cannot be written to.
        FileExists,       ///< There is a file of that name, and it is not replaced.
        FileDamaged,      ///< Parts of the file are lost, so nothing is written to it.
        DiskFull,         ///< There was no room for a save.
        FileFailed,       ///< The system failed to open, read or write the file.
    };
    Kind kind = Kind::OutOfRange;
    std::string message;
};

/// Why `position` cannot be used, or nothing. The message begins with `what`.
[[nodiscard]] std::optional<VoxelError> check_position(Vec3f position, const char* what);
/// The same for a box of `size` voxels: what is read and written in boxes lies in the world to its last voxel.
[[nodiscard]] std::optional<VoxelError> check_box(Vec3i min, Vec3i size, const char* what);

/// For a catch block around code that calls a generator: OutOfMemory for std::bad_alloc, else
/// GeneratorFailed.
[[nodiscard]] VoxelError error_of_current_exception() noexcept;

}  // namespace nebula::voxel
