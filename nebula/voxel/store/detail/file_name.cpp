// SPDX-License-Identifier: MIT
#include "nebula/voxel/store/detail/file_name.hpp"

#include "nebula/base/utf8_path.hpp"
#include "nebula/voxel/store/detail/os_files.hpp"

#include <filesystem>
#include <string_view>
#include <system_error>

namespace nebula::voxel::detail {

std::optional<VoxelError> check_file_name(const std::string& path) {
    const auto fault = [&](const char* what) {
        return VoxelError{VoxelError::Kind::BadData, in_quotes(path) + what};
    };
    constexpr std::string_view blanks = " \t\r\n";
    if (path.empty())
        return VoxelError{VoxelError::Kind::BadData, "a world file must have a name; choose one"};
    if (path.find_first_of(blanks) == 0 || path.find_last_of(blanks) == path.size() - 1)
        return fault(" begins or ends with a blank; take it out, or choose another name");
    if (path.find('\0') != std::string::npos)
        return fault(" has a character that no name can have; choose another name");
    if (path == ":memory:" || path.starts_with("file:") || path.find("://") != std::string::npos)
        return fault(
            " is not the path of a file on a disk, and neither is anything in the pack of a game; "
            "write the path of a file");
    const std::filesystem::path parts = path_of(path);
    if (const char* const words = fault_of_name(parts.filename())) return fault(words);
    std::error_code ignored;
    if (!parts.has_filename() || std::filesystem::is_directory(parts, ignored))
        return fault(" is a folder; add the name of a file");
    // "C:world" is in whatever folder of that disk somebody was last.
    if (!parts.has_parent_path() || (parts.has_root_name() && !parts.has_root_directory()))
        return fault(
            " names no folder, so it would lie wherever the program was started; write its folder, "
            "too");
    return {};
}

}  // namespace nebula::voxel::detail
