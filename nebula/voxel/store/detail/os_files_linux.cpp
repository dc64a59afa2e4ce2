// SPDX-License-Identifier: MIT
#include "nebula/voxel/store/detail/os_files.hpp"

#include <fcntl.h>

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

}  // namespace nebula::voxel::detail
