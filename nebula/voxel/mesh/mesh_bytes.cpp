// SPDX-License-Identifier: MIT
#include "nebula/voxel/mesh/mesh_bytes.hpp"

#include <cstring>
#include <span>

namespace nebula::voxel {
namespace {

template <class T>
T read(std::span<const std::byte> bytes, std::size_t offset) noexcept {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

// Eight bytes at a time. The multiplication spreads them; the shift brings the high half down.
std::uint64_t mix(std::uint64_t hash, std::uint64_t word) noexcept {
    hash = (hash ^ word) * 0x9E3779B97F4A7C15ULL;
    return hash ^ (hash >> 32U);
}

std::uint64_t mix(std::uint64_t hash, std::span<const std::byte> bytes) noexcept {
    while (bytes.size() >= sizeof(std::uint64_t)) {
        hash = mix(hash, read<std::uint64_t>(bytes, 0));
        bytes = bytes.subspan(sizeof(std::uint64_t));
    }
    std::uint64_t rest = 0;
    if (!bytes.empty()) std::memcpy(&rest, bytes.data(), bytes.size());
    return mix(hash, rest);
}

}  // namespace

void MeshBytes::clear() noexcept {
    vertex_data.clear();
    index_data.clear();
    vertex_count = 0;
    index_count = 0;
    bounds = {};
}

std::uint32_t MeshBytes::index(std::uint32_t i) const noexcept {
    return index_size() == 2 ? read<std::uint16_t>(index_data, i * 2UL)
                             : read<std::uint32_t>(index_data, i * 4UL);
}

std::uint64_t mesh_hash(const MeshBytes& mesh) noexcept {
    std::uint64_t hash = mix(0, mesh.vertex_count);
    hash = mix(hash, mesh.index_count);
    hash = mix(hash, mesh.vertex_data);
    return mix(hash, mesh.index_data);
}

std::uint64_t mesh_hash(const MeshBytes& mesh, std::span<const std::byte> attribute_data) noexcept {
    return mix(mesh_hash(mesh), attribute_data);
}

}  // namespace nebula::voxel
