// SPDX-License-Identifier: MIT
// Tells bytes that were kept whole from others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace nebula::voxel {

/// Appends four bytes, the CRC-32 of `id` and `bytes`. With the id in it, intact bytes in another's
/// place are noticed, too.
/// \throws std::bad_alloc.
void seal(std::uint64_t id, std::vector<std::byte>& bytes);

/// What was sealed under this id, without the seal; nothing if it is not that any more.
[[nodiscard]] std::optional<std::span<const std::byte>> unseal(
    std::uint64_t id, std::span<const std::byte> sealed) noexcept;

}  // namespace nebula::voxel
