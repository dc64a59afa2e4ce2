// SPDX-License-Identifier: MIT
#include "nebula/voxel/store/detail/new_file.hpp"

#include "nebula/base/utf8_path.hpp"
#include "nebula/voxel/store/detail/file_name.hpp"
#include "nebula/voxel/store/detail/os_files.hpp"

#include <filesystem>
#include <string>
#include <system_error>

namespace nebula::voxel::detail {

UnfinishedFile::UnfinishedFile(const std::string& path)
    : name_(path + ".unfinished-" + std::to_string(process_number())) {
    remove();
}

void UnfinishedFile::remove() noexcept {
    try {
        std::error_code ignored;
        for (const char* suffix : {"", "-journal", kWal})
            std::filesystem::remove(path_of(name_ + suffix), ignored);
    } catch (...) {  // no memory for the name: the file stays
    }
}

VoxelError not_made(const std::string& path, VoxelError why) {
    const std::filesystem::path folder = path_of(path).parent_path();
    std::error_code ignored;
    if (why.kind == VoxelError::Kind::FileFailed && !folder.empty()) {
        if (!std::filesystem::is_directory(folder, ignored))
            why.message = "there is no folder " + in_quotes(name_of(folder)) +
                          "; make it, or choose another file";
        else if (!may_write_into(folder))
            why.message =
                "its folder cannot be written to; check the permissions, or choose another file";
    }
    why.message = in_quotes(path) + " could not be made: " + why.message;
    return why;
}

tl::expected<void, VoxelError> publish_file(const std::string& from, const std::string& to) {
    using Kind = VoxelError::Kind;
    std::error_code why;
    // First: while there is no file, nobody looks at what is beside it.
    if (!std::filesystem::exists(path_of(to), why)) {
        std::filesystem::remove(path_of(to + kWal), why);
        if (!why && std::filesystem::exists(path_of(from + kWal), why))
            std::filesystem::rename(path_of(from + kWal), path_of(to + kWal), why);
    }
    if (!why) why = rename_to_new(path_of(from), path_of(to));
    if (why) {
        if (why == std::errc::file_exists)
            return tl::unexpected(VoxelError{
                Kind::FileExists, in_quotes(to) + " exists already; choose another name"});
        return tl::unexpected(VoxelError{Kind::FileFailed, in_quotes(to) +
                                                               " cannot be made: " + why.message() +
                                                               "; check the folder and its "
                                                               "permissions"});
    }
    const std::filesystem::path folder = path_of(to).parent_path();
    sync_folder(folder.empty() ? "." : folder);
    return {};
}

}  // namespace nebula::voxel::detail
