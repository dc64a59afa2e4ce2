// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/starting_world.hpp"

#include "nebula/base/utf8_path.hpp"
#include "nebula/godot/api/file_access.hpp"
#include "nebula/godot/api/globals.hpp"
#include "nebula/godot/api/os.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/voxel/store/world_copy.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace nebula::godot {
namespace {

voxel::ReadBytes bytes_of(const String& path) {
    if (!FileAccess::file_exists(path)) return {};
    const Ref<FileAccess> file = FileAccess::open(path, FileAccess::READ);
    if (!file) return {};
    return [file, left = static_cast<std::size_t>(file->get_length())](
               std::span<std::byte> bytes) mutable -> std::optional<std::size_t> {
        const std::size_t asked = std::min(left, bytes.size());
        if (asked == 0) return asked;
        const PackedByteArray some = file->get_buffer(static_cast<std::int64_t>(asked));
        const auto view = some.view();
        if (view.empty()) return std::nullopt;
        std::ranges::copy(std::as_bytes(view), bytes.begin());
        left -= view.size();
        return view.size();
    };
}

}  // namespace

std::string temporary_world_path() {
    static std::atomic<unsigned> count{0};
    std::error_code failed;
    const std::filesystem::path folder = std::filesystem::temp_directory_path(failed);
    return name_of((failed ? std::filesystem::path() : folder) /
                   ("nebula-" + std::to_string(OS::singleton().get_process_id()) + '-' +
                    std::to_string(count.fetch_add(1)) + ".nebula"));
}

tl::expected<void, voxel::VoxelError> begin_world_as_copy(const String& of,
                                                          const std::string& path) {
    if (!FileAccess::file_exists(of))
        return tl::unexpected(voxel::VoxelError{
            voxel::VoxelError::Kind::FileFailed,
            "the starting world \"" + of.utf8() +
                "\" cannot be read; create it in the editor, and see that an exported game "
                "contains it"});
    const std::string name = of.utf8();
    return voxel::copy_world(
        {name,
         [&name](std::string_view ending) { return bytes_of(String(name + std::string(ending))); }},
        path);
}

TemporaryWorld::~TemporaryWorld() {
    if (!is_taken()) return;
    std::error_code ignored;
    for (const char* beside : {"", "-wal"})
        std::filesystem::remove(path_of(path_ + beside), ignored);
}

}  // namespace nebula::godot
