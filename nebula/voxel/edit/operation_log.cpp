// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/operation_log.hpp"

#include "nebula/base/assert.hpp"

#include <algorithm>

namespace nebula::voxel {

namespace {

constexpr std::byte kOperation{0};
constexpr std::byte kUndo{1};
constexpr std::byte kRedo{2};
constexpr std::size_t kUserBytes = sizeof(std::uint32_t);

}  // namespace

void serialise(const LogEntry& entry, std::vector<std::byte>& out) {
    if (const auto* operation = std::get_if<Operation>(&entry)) {
        out.push_back(kOperation);
        serialise(*operation, out);
        return;
    }
    const auto& step = std::get<UndoStep>(entry);
    out.push_back(step.redo ? kRedo : kUndo);
    for (std::size_t i = 0; i < kUserBytes; ++i)
        out.push_back(static_cast<std::byte>(step.user >> (8 * i) & 0xFFU));
}

tl::expected<LogEntry, VoxelError> parse_entry(std::span<const std::byte> record) {
    const auto bad_entry = [] {
        return tl::unexpected(VoxelError{VoxelError::Kind::BadData,
                                         "an entry of the operation log is cut off or unknown"});
    };
    if (record.empty()) return bad_entry();
    const std::byte kind = record.front();
    record = record.subspan(1);
    if (kind == kOperation)
        return parse(record).map([](Operation o) { return LogEntry(std::move(o)); });
    if ((kind != kUndo && kind != kRedo) || record.size() != kUserBytes) return bad_entry();
    UndoStep step{.redo = kind == kRedo};
    for (std::size_t i = 0; i < kUserBytes; ++i)
        step.user |= static_cast<std::uint32_t>(record[i]) << (8 * i);
    return LogEntry(step);
}

void OperationLog::append(const LogEntry& entry) {
    const std::size_t before = records_.size();
    ends_.push_back(before);
    try {
        serialise(entry, records_);
    } catch (...) {
        ends_.pop_back();
        records_.resize(before);
        throw;
    }
    ends_.back() = records_.size();
}

void OperationLog::drop_last() noexcept {
    NEBULA_ASSERT(!ends_.empty(), "the log is empty");
    ends_.pop_back();
    records_.resize(ends_.empty() ? 0 : ends_.back());
}

std::span<const std::byte> OperationLog::record(std::uint64_t number) const noexcept {
    NEBULA_ASSERT(number >= first_ && number < size(), "the log has no entry with this number");
    const auto i = static_cast<std::size_t>(number - first_);
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return {records_.data() + begin, ends_[i] - begin};
}

void OperationLog::forget_before(std::uint64_t number) noexcept {
    if (number <= first_) return;
    const auto count = static_cast<std::size_t>(std::min(number, size()) - first_);
    const std::size_t bytes = count == 0 ? 0 : ends_[count - 1];
    records_.erase(records_.begin(), records_.begin() + static_cast<std::ptrdiff_t>(bytes));
    ends_.erase(ends_.begin(), ends_.begin() + static_cast<std::ptrdiff_t>(count));
    for (std::size_t& end : ends_) end -= bytes;
    first_ += count;
}

}  // namespace nebula::voxel
