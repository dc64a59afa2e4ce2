// SPDX-License-Identifier: MIT
#include "nebula/voxel/mesh/collider_mesh.hpp"

#include "nebula/voxel/mesh/cell_triangles.hpp"

#include <array>
#include <bit>
#include <cstdint>

namespace nebula::voxel {

namespace {

constexpr auto kRows = static_cast<std::size_t>(TileBlock::kEdge);

// Bit x: corner x of the row is inside.
using RowBits = std::array<std::array<std::uint32_t, kRows>, kRows>;

RowBits bits_of(const TileBlock& block) {
    RowBits rows{};
    const Sample* sample = block.samples.data();
    for (auto& layer : rows)
        for (std::uint32_t& row : layer)
            for (std::uint32_t x = 0; x < TileBlock::kEdge; ++x)
                row |= (is_inside(*sample++) ? 1U : 0U) << x;
    return rows;
}

}  // namespace

void mesh_collider(const TileBlock& block, ColliderMesh& out) {
    out.faces.clear();
    out.parts.clear();
    out.rims.clear();
    const RowBits rows = bits_of(block);
    for (int z = 0; z < kTileSize; ++z)
        for (int y = 0; y < kTileSize; ++y) {
            const auto j = static_cast<std::size_t>(y);
            const auto k = static_cast<std::size_t>(z);
            const std::uint32_t any =
                rows[k][j] | rows[k][j + 1] | rows[k + 1][j] | rows[k + 1][j + 1];
            const std::uint32_t all =
                rows[k][j] & rows[k][j + 1] & rows[k + 1][j] & rows[k + 1][j + 1];
            std::uint32_t mixed = (any | any >> 1U) & ~(all & all >> 1U) & 0xFFFFU;
            for (; mixed != 0; mixed &= mixed - 1) {
                const int x = std::countr_zero(mixed);
                CellCorners corners;
                for (int i = 0; i < 8; ++i)
                    corners[static_cast<std::size_t>(i)] =
                        block.at(x + (i & 1), y + (i >> 1 & 1), z + (i >> 2 & 1));
                const CellTriangles cell(corners);
                const Vec3f origin{static_cast<float>(x), static_cast<float>(y),
                                   static_cast<float>(z)};
                for (std::size_t i = 0; i < cell.count(); ++i) {
                    for (const Vec3f& p : cell[i]) out.faces.push_back(origin + p);
                }
            }
        }
    if (!out.empty()) out.parts.push_back({0, out.faces.size()});
}

}  // namespace nebula::voxel
