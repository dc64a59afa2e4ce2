// SPDX-License-Identifier: MIT
// What the store asks of the system about files, past the standard library: one source file per system.
#pragma once

#include <filesystem>
#include <system_error>

namespace nebula::voxel::detail {

/// What SQLite puts behind a file's name for the one with the saves that were not moved into it yet.
inline constexpr const char* kWal = "-wal";

/// Renames a file, and replaces none if the file system can promise that. Empty, or why not; EEXIST
/// if there is one of the new name.
[[nodiscard]] std::error_code rename_to_new(const std::filesystem::path& from,
                                            const std::filesystem::path& to) noexcept;
/// Makes what was written to a file survive a power failure; whether that worked.
[[nodiscard]] bool sync_file(const std::filesystem::path& file) noexcept;
/// Makes what was renamed in a folder survive a power failure, if the system can.
void sync_folder(const std::filesystem::path& folder) noexcept;
/// Whether this process may make files in a folder; true if the system does not tell.
[[nodiscard]] bool may_write_into(const std::filesystem::path& folder) noexcept;
/// What is wrong with the last part of a path, as the end of a sentence; null if there may be such a
/// file. It is asked because the system would take the name for something else, and say nothing.
[[nodiscard]] const char* fault_of_name(const std::filesystem::path& name) noexcept;
/// The system's number of this process.
[[nodiscard]] long process_number() noexcept;

}  // namespace nebula::voxel::detail
