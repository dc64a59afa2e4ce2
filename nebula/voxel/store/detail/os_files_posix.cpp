// SPDX-License-Identifier: MIT
#include "nebula/voxel/store/detail/os_files.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace nebula::voxel::detail {
namespace {

bool sync(const std::filesystem::path& path, int flags) noexcept {
    const int handle = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags);
    if (handle < 0) return false;
    bool done = false;
#if defined(F_FULLFSYNC)  // on macOS, fsync() leaves it in the disk's own memory
    done = ::fcntl(handle, F_FULLFSYNC) == 0;
#endif
    done = done || ::fsync(handle) == 0;
    ::close(handle);
    return done;
}

}  // namespace

bool sync_file(const std::filesystem::path& file) noexcept { return sync(file, 0); }

void sync_folder(const std::filesystem::path& folder) noexcept { (void)sync(folder, O_DIRECTORY); }

bool may_write_into(const std::filesystem::path& folder) noexcept {
    return ::access(folder.c_str(), W_OK) == 0;
}

const char* fault_of_name(const std::filesystem::path& /*name*/) noexcept { return nullptr; }

long process_number() noexcept { return ::getpid(); }

}  // namespace nebula::voxel::detail
