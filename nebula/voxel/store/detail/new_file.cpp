// SPDX-License-Identifier: MIT
#include "nebula/voxel/store/detail/new_file.hpp"

#include "nebula/voxel/store/detail/file_name.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>

namespace nebula::voxel::detail {

UnfinishedFile::UnfinishedFile(const std::string& path)
    : name_(path + ".unfinished-" + std::to_string(::getpid())) {
    remove();
}

void UnfinishedFile::remove() noexcept {
    try {
        std::error_code ignored;
        for (const char* suffix : {"", "-journal", "-wal"})
            std::filesystem::remove(name_ + suffix, ignored);
    } catch (...) {  // no memory for the name: the file stays
    }
}

VoxelError not_made(const std::string& path, VoxelError why) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    std::error_code ignored;
    if (why.kind == VoxelError::Kind::FileFailed && !folder.empty()) {
        if (!std::filesystem::is_directory(folder, ignored))
            why.message =
                "there is no folder " + in_quotes(folder) + "; make it, or choose another file";
        else if (::access(folder.c_str(), W_OK) != 0)
            why.message =
                "its folder cannot be written to; check the permissions, or choose another file";
    }
    why.message = in_quotes(path) + " could not be made: " + why.message;
    return why;
}

tl::expected<void, VoxelError> publish_file(const std::string& from, const std::string& to) {
    using Kind = VoxelError::Kind;
    // Not every file system can refuse to replace a file.
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0 &&
        (errno != EINVAL || ::rename(from.c_str(), to.c_str()) != 0)) {
        const int why = errno;
        if (why == EEXIST)
            return tl::unexpected(VoxelError{
                Kind::FileExists, in_quotes(to) + " exists already; choose another name"});
        return tl::unexpected(
            VoxelError{Kind::FileFailed, in_quotes(to) + " cannot be made: " + std::strerror(why) +
                                             "; check the folder and its "
                                             "permissions"});
    }
    std::string folder = std::filesystem::path(to).parent_path().string();
    if (folder.empty()) folder = ".";
    if (const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        handle >= 0) {
        ::fsync(handle);
        ::close(handle);
    }
    return {};
}

}  // namespace nebula::voxel::detail
