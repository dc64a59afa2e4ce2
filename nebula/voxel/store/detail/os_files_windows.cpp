// SPDX-License-Identifier: MIT
#include "nebula/voxel/store/detail/os_files.hpp"

#include <windows.h>

#include <array>
#include <cstddef>
#include <string_view>
#include <system_error>

namespace nebula::voxel::detail {

namespace {

// "nul", "NUL.nebula" and "com1": devices, in every folder.
bool is_device(std::wstring_view name) noexcept {
    constexpr std::array<std::wstring_view, 4> plain{L"con", L"prn", L"aux", L"nul"};
    constexpr std::array<std::wstring_view, 2> numbered{L"com", L"lpt"};
    name = name.substr(0, name.find(L'.'));
    const bool has_number = name.size() == 4 && name[3] >= L'0' && name[3] <= L'9';
    if (name.size() != 3 && !has_number) return false;
    const auto begins_with = [name](std::wstring_view device) {
        for (std::size_t i = 0; i < 3; ++i)
            if ((name[i] | 0x20) != device[i]) return false;  // in lower case
        return true;
    };
    for (const std::wstring_view device : plain)
        if (!has_number && begins_with(device)) return true;
    for (const std::wstring_view device : numbered)
        if (has_number && begins_with(device)) return true;
    return false;
}

}  // namespace

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

const char* fault_of_name(const std::filesystem::path& name) noexcept {
    const std::wstring_view text = name.native();
    if (text.find(L':') != std::wstring_view::npos)
        return " has a colon in its name, behind which Windows writes to a hidden part of another "
               "file; choose another name";
    if (is_device(text)) return " is the name of a device on Windows; choose another name";
    return nullptr;
}

long process_number() noexcept { return static_cast<long>(GetCurrentProcessId()); }

}  // namespace nebula::voxel::detail
