// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/starting_world.hpp"

#include "nebula/godot/api/file_access.hpp"
#include "nebula/godot/api/globals.hpp"
#include "nebula/godot/api/os.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/godot/binding/ref.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace nebula::godot {
namespace {

constexpr std::int64_t kAtOnce = std::int64_t{1} << 20;
// What a save has written and not moved into the one file yet.
constexpr const char* kWal = "-wal";

tl::unexpected<voxel::VoxelError> failure(const std::string& what) {
    return tl::unexpected(voxel::VoxelError{voxel::VoxelError::Kind::FileFailed, what});
}

void remove(const std::string& path) noexcept {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
}

bool copy(const Ref<FileAccess>& from, const std::string& to) {
    std::ofstream out(to, std::ios::binary | std::ios::trunc);
    for (auto left = static_cast<std::int64_t>(from->get_length()); left > 0 && out;) {
        const PackedByteArray bytes = from->get_buffer(std::min(left, kAtOnce));
        if (bytes.is_empty()) return false;
        const auto view = bytes.view();
        out.write(reinterpret_cast<const char*>(view.data()),
                  static_cast<std::streamsize>(view.size()));
        left -= static_cast<std::int64_t>(view.size());
    }
    out.close();
    return !out.fail();
}

}  // namespace

std::string temporary_world_path() {
    static std::atomic<unsigned> count{0};
    std::error_code failed;
    const std::filesystem::path folder = std::filesystem::temp_directory_path(failed);
    return ((failed ? std::filesystem::path() : folder) /
            ("nebula-" + std::to_string(OS::singleton().get_process_id()) + '-' +
             std::to_string(count.fetch_add(1)) + ".nebula"))
        .string();
}

tl::expected<void, voxel::VoxelError> begin_world_as_copy(const String& of,
                                                          const std::string& path) {
    const Ref<FileAccess> world = FileAccess::open(of, FileAccess::READ);
    if (!world)
        return failure("the starting world \"" + of.utf8() +
                       "\" cannot be read; create it in the editor, and see that an exported game "
                       "contains it");
    const String wal_name(of.utf8() + kWal);
    // Under other names until it is whole, whenever the game is killed.
    const std::string part = path + ".part";
    const std::string part_wal = part + kWal;
    bool done = copy(world, part);
    bool has_wal = false;
    std::error_code failed;
    if (done && FileAccess::file_exists(wal_name)) {
        const Ref<FileAccess> wal = FileAccess::open(wal_name, FileAccess::READ);
        has_wal = wal && wal->get_length() > 0;
        done = !has_wal || copy(wal, part_wal);
    }
    if (done && has_wal) std::filesystem::rename(part_wal, path + kWal, failed);
    if (done && !has_wal) remove(path + kWal);
    if (done && !failed) std::filesystem::rename(part, path, failed);
    if (done && !failed) return {};
    for (const std::string& left : {part, part_wal, path + kWal}) remove(left);
    return failure('"' + path + "\" cannot be written as a copy of \"" + of.utf8() +
                   "\"; check that its folder exists and the disk has room");
}

TemporaryWorld::~TemporaryWorld() {
    if (!is_taken()) return;
    for (const char* beside : {"", kWal, "-shm"}) remove(path_ + beside);
}

}  // namespace nebula::godot
