// SPDX-License-Identifier: MIT
#include "nebula/voxel/store/detail/os_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace nebula::voxel::detail {

std::error_code rename_to_new(const std::filesystem::path& from,
                              const std::filesystem::path& to) noexcept {
    // Not every file system can refuse to replace a file.
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0 ||
        (errno == EINVAL && ::rename(from.c_str(), to.c_str()) == 0))
        return {};
    return {errno, std::generic_category()};
}

void sync_folder(const std::filesystem::path& folder) noexcept {
    const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0) return;
    ::fsync(handle);
    ::close(handle);
}

bool may_write_into(const std::filesystem::path& folder) noexcept {
    return ::access(folder.c_str(), W_OK) == 0;
}

long process_number() noexcept { return ::getpid(); }

}  // namespace nebula::voxel::detail
