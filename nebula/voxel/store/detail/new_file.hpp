// SPDX-License-Identifier: MIT
// A file that is complete when it gets its name.
#pragma once

#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <string>

namespace nebula::voxel::detail {

/// A name beside `path` for a file that is not complete yet. Removes it unless it got its name.
class UnfinishedFile {
public:
    explicit UnfinishedFile(const std::string& path);
    ~UnfinishedFile() { remove(); }
    UnfinishedFile(const UnfinishedFile&) = delete;
    UnfinishedFile& operator=(const UnfinishedFile&) = delete;
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

private:
    void remove() noexcept;

    std::string name_;
};

/// The error for a file that could not be made. SQLite says no more than that it cannot open a file, of
/// a name which nobody has chosen.
[[nodiscard]] VoxelError not_made(const std::string& path, VoxelError why);

/// Gives a complete file its name, which survives a power failure when this has returned, and the file
/// of saves that it has, if any. One that a removed file has left there goes: SQLite would take it for the
/// new file's.
///
/// Errors:    FileExists: nothing is replaced; FileFailed.
[[nodiscard]] tl::expected<void, VoxelError> publish_file(const std::string& from,
                                                          const std::string& to);

}  // namespace nebula::voxel::detail
