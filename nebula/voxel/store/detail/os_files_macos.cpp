// SPDX-License-Identifier: MIT
// Written from the documentation: nobody has compiled or run this file yet.
#include "nebula/voxel/store/detail/os_files.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace nebula::voxel::detail {

std::error_code rename_to_new(const std::filesystem::path& from,
                              const std::filesystem::path& to) noexcept {
    // Not every file system can refuse to replace a file.
    if (::renamex_np(from.c_str(), to.c_str(), RENAME_EXCL) == 0 ||
        (errno == ENOTSUP && ::rename(from.c_str(), to.c_str()) == 0))
        return {};
    return {errno, std::generic_category()};
}

}  // namespace nebula::voxel::detail
