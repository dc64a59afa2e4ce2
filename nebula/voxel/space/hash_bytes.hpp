// SPDX-License-Identifier: MIT
// A hash of bytes that is equal on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace nebula::voxel {

/// For comparing contents; not against somebody who looks for collisions.
///
/// Cost:      about a third of a nanosecond per byte.
[[nodiscard]] inline std::uint64_t hash_bytes(std::span<const std::byte> bytes) noexcept {
    constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15ULL;
    std::uint64_t hash = bytes.size() * kOdd;
    const auto mix = [&](std::uint64_t word) {
        hash = (hash ^ word) * 0xD6E8FEB86659FD93ULL;
        hash ^= hash >> 32U;
    };
    while (bytes.size() >= sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), sizeof word);
        mix(word);
        bytes = bytes.subspan(sizeof word);
    }
    std::uint64_t rest = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        rest |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
    mix(rest);
    return hash ^ (hash >> 29U);
}

}  // namespace nebula::voxel
