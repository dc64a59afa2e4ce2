// SPDX-License-Identifier: MIT
#include "nebula/voxel/store/world_copy.hpp"

#include "nebula/base/utf8_path.hpp"
#include "nebula/voxel/store/detail/file_name.hpp"
#include "nebula/voxel/store/detail/os_files.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <ios>
#include <system_error>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

constexpr std::size_t kAtOnce = std::size_t{1} << 20U;
// A save would have to begin the WAL anew within each of them.
constexpr int kMostTries = 8;

tl::unexpected<VoxelError> fail(std::string what) {
    return tl::unexpected(VoxelError{VoxelError::Kind::FileFailed, std::move(what)});
}

// The head of the WAL: it is another one when that has begun anew.
std::string wal_head(const WorldSource& from) {
    constexpr std::size_t head_bytes = 32;
    std::array<std::byte, head_bytes> head{};
    const ReadBytes read = from.open(detail::kWal);
    const std::size_t size = read ? read(head).value_or(0) : 0;
    return {reinterpret_cast<const char*>(head.data()), size};
}

tl::expected<void, VoxelError> copy_file(const ReadBytes& read, const std::string& name,
                                         const std::string& to) {
    std::ofstream out(path_of(to), std::ios::binary | std::ios::trunc);
    std::vector<std::byte> bytes(kAtOnce);
    while (out) {
        const std::optional<std::size_t> size = read(bytes);
        if (!size) return fail(detail::in_quotes(name) + " cannot be read to its end");
        if (*size == 0) break;
        out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(*size));
    }
    out.close();
    if (out.fail() || !detail::sync_file(path_of(to)))
        return fail("a copy of " + detail::in_quotes(name) +
                    " cannot be written; check that the disk has room");
    return {};
}

}  // namespace

tl::expected<void, VoxelError> copy_world(const WorldSource& from, const std::string& to) {
    for (int tries = 0; tries < kMostTries; ++tries) {
        const std::string head = wal_head(from);
        const ReadBytes world = from.open({});
        if (!world) return fail(detail::in_quotes(from.name) + " cannot be read");
        if (auto done = copy_file(world, from.name, to); !done) return done;
        const std::string to_wal = to + detail::kWal;
        if (const ReadBytes wal = from.open(detail::kWal)) {
            if (auto done = copy_file(wal, from.name, to_wal); !done) return done;
        } else {  // an earlier try may have found one
            std::error_code ignored;
            std::filesystem::remove(path_of(to_wal), ignored);
        }
        if (wal_head(from) == head) return {};
    }
    return fail(detail::in_quotes(from.name) +
                " is saved so often that it cannot be copied; try again when it is not");
}

}  // namespace nebula::voxel
