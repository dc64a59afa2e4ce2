// SPDX-License-Identifier: MIT
#include "nebula/voxel/store/seal.hpp"

#include <zlib.h>

#include <array>

namespace nebula::voxel {

namespace {

constexpr std::size_t kSealBytes = 4;

/// Little-endian, whatever the machine.
template <std::size_t kBytes>
std::array<std::byte, kBytes> bytes_of(std::uint64_t value) noexcept {
    std::array<std::byte, kBytes> bytes{};
    for (std::byte& byte : bytes) {
        byte = static_cast<std::byte>(value & 0xFFU);
        value >>= 8U;
    }
    return bytes;
}

std::array<std::byte, kSealBytes> seal_of(std::uint64_t id,
                                          std::span<const std::byte> bytes) noexcept {
    const auto add = [](uLong crc, std::span<const std::byte> more) {
        return crc32_z(crc, reinterpret_cast<const Bytef*>(more.data()), more.size());
    };
    const auto of_id = bytes_of<8>(id);
    return bytes_of<kSealBytes>(add(add(0, of_id), bytes));
}

}  // namespace

void seal(std::uint64_t id, std::vector<std::byte>& bytes) {
    const auto crc = seal_of(id, bytes);
    bytes.insert(bytes.end(), crc.begin(), crc.end());
}

std::optional<std::span<const std::byte>> unseal(std::uint64_t id,
                                                 std::span<const std::byte> sealed) noexcept {
    if (sealed.size() < kSealBytes) return std::nullopt;
    const auto bytes = sealed.first(sealed.size() - kSealBytes);
    const auto crc = seal_of(id, bytes);
    for (std::size_t i = 0; i < kSealBytes; ++i)
        if (sealed[bytes.size() + i] != crc[i]) return std::nullopt;
    return bytes;
}

}  // namespace nebula::voxel
