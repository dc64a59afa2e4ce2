// SPDX-License-Identifier: MIT
#include "nebula/voxel/store/detail/os_files.hpp"

#include <windows.h>

#include <system_error>

namespace nebula::voxel::detail {

std::error_code rename_to_new(const std::filesystem::path& from,
                              const std::filesystem::path& to) noexcept {
    // Returns when it is on the disk, so sync_folder() has nothing left to do.
    if (MoveFileExW(from.c_str(), to.c_str(), MOVEFILE_WRITE_THROUGH) != 0) return {};
    const DWORD why = GetLastError();
    if (why == ERROR_ALREADY_EXISTS || why == ERROR_FILE_EXISTS)
        return std::make_error_code(std::errc::file_exists);
    return {static_cast<int>(why), std::system_category()};
}

bool sync_file(const std::filesystem::path& file) noexcept {
    const HANDLE handle =
        CreateFileW(file.c_str(), GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr,
                    OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr);
    if (handle == INVALID_HANDLE_VALUE) return false;
    const bool done = FlushFileBuffers(handle) != 0;
    CloseHandle(handle);
    return done;
}

void sync_folder(const std::filesystem::path& /*folder*/) noexcept {}

// To find out, one has to try.
bool may_write_into(const std::filesystem::path& /*folder*/) noexcept { return true; }

long process_number() noexcept { return static_cast<long>(GetCurrentProcessId()); }

}  // namespace nebula::voxel::detail
