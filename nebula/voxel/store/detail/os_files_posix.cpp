// SPDX-License-Identifier: MIT
#include "nebula/voxel/store/detail/os_files.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace nebula::voxel::detail {

void sync_folder(const std::filesystem::path& folder) noexcept {
    const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0) return;
#if defined(F_FULLFSYNC)  // on macOS, fsync() leaves it in the disk's own memory
    if (::fcntl(handle, F_FULLFSYNC) != 0)
#endif
        ::fsync(handle);
    ::close(handle);
}

bool may_write_into(const std::filesystem::path& folder) noexcept {
    return ::access(folder.c_str(), W_OK) == 0;
}

const char* fault_of_name(const std::filesystem::path& /*name*/) noexcept { return nullptr; }

long process_number() noexcept { return ::getpid(); }

}  // namespace nebula::voxel::detail
