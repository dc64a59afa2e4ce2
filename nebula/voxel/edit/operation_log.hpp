// SPDX-License-Identifier: MIT
// What was done to a world, in order: to store it, to send it, to do it again.
#pragma once

#include "nebula/voxel/edit/operation.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

namespace nebula::voxel {

/// Takes back a user's latest stroke, or makes it again.
struct UndoStep {
    std::uint32_t user = 0;
    bool redo = false;

    friend bool operator==(const UndoStep&, const UndoStep&) = default;
};

using LogEntry = std::variant<Operation, UndoStep>;

/// Appends the entry's record: a byte that says which it is, then the operation's record, or the user and
/// what is done. \throws std::bad_alloc.
void serialise(const LogEntry& entry, std::vector<std::byte>& out);
/// As parse(). Errors: BadData, those of check(), OutOfMemory.
[[nodiscard]] tl::expected<LogEntry, VoxelError> parse_entry(std::span<const std::byte> record);

/// The records of everything that was done, numbered from 0. It keeps bytes, not operations: whoever
/// stores or sends them needs nothing else, and whoever does them again checks them first.
///
/// A world that gets the same entries in the same order has the same bricks on every level, on every
/// machine and whatever its workers are. If there are undo steps, it must have the same undo limit, too:
/// a stroke that was forgotten cannot be undone.
///
/// Threads:   never at once.
class OperationLog {
public:
    /// \throws std::bad_alloc, and nothing was appended.
    void append(const LogEntry& entry);
    /// Takes back the last append().
    void drop_last() noexcept;

    /// How many entries there are; the next one has this number.
    [[nodiscard]] std::uint64_t size() const noexcept { return first_ + ends_.size(); }
    /// The number of the oldest entry that is still here.
    [[nodiscard]] std::uint64_t first() const noexcept { return first_; }
    [[nodiscard]] std::span<const std::byte> record(std::uint64_t number) const noexcept;
    /// Of the entries that are still here.
    [[nodiscard]] std::size_t bytes() const noexcept { return records_.size(); }
    /// Forgets the entries before `number`: they are stored, or everybody has them.
    void forget_before(std::uint64_t number) noexcept;

private:
    std::vector<std::byte> records_;
    std::vector<std::size_t> ends_;  // in records_
    std::uint64_t first_ = 0;
};

}  // namespace nebula::voxel
