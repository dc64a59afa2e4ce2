// SPDX-License-Identifier: MIT
// The triangles of one cell, for those who ask about the surface cell by cell: colliders and queries.
#pragma once

#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/mesh/cell_tables.hpp"
#include "nebula/voxel/mesh/chunk_mesh.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace nebula::voxel {

/// The eight samples of a cell. Corner i lies at (i & 1, i >> 1 & 1, i >> 2 & 1).
using CellCorners = std::array<Sample, 8>;

/// Bit i is set if corner i is inside.
[[nodiscard]] constexpr unsigned case_of(const CellCorners& corners) noexcept {
    static_assert(std::endian::native == std::endian::little);
    // Of all eight at once: is_inside is the sign bit of each byte, and the product puts the one of
    // byte i into bit 56 + i.
    static_assert(is_inside(Sample{-1}) && !is_inside(Sample{0}));
    const std::uint64_t signs = std::bit_cast<std::uint64_t>(corners) >> 7U & 0x0101010101010101ULL;
    return static_cast<unsigned>(signs * 0x0102040810204080ULL >> 56U);
}

/// The part of the shown surface that lies in one cell of level 0: the triangles of the chunk's mesh,
/// to the bit, with positions relative to the cell's lowest corner.
///
/// Threads:   any thread; it is a value.
/// Cost:      a division per crossed edge, at most 12. The first one ever derives the tables.
/// \throws std::bad_alloc, only when it derives the tables.
class CellTriangles {
public:
    explicit CellTriangles(const CellCorners& corners)
        : case_(&cell_tables().regular[case_of(corners)]) {
        std::uint32_t made = 0;
        for (std::size_t i = 0; i < 3 * std::size_t{case_->triangle_count}; ++i) {
            const unsigned edge = case_->edges[i];
            if ((made >> edge & 1U) != 0) continue;
            made |= 1U << edge;
            vertices_[edge] = crossing(corners, edge);
        }
    }

    [[nodiscard]] std::size_t count() const noexcept { return case_->triangle_count; }
    /// Clockwise when seen from the air.
    [[nodiscard]] std::array<Vec3f, 3> operator[](std::size_t i) const noexcept {
        const std::uint8_t* edge = case_->edges.data() + 3 * i;
        return {vertices_[edge[0]], vertices_[edge[1]], vertices_[edge[2]]};
    }

private:
    // The mesher's formula: mesh/README.md, "Position". A test compares all pairs of samples.
    static Vec3f crossing(const CellCorners& corners, unsigned edge) noexcept {
        constexpr float units = ChunkMesh::kUnitsPerVoxel;
        const unsigned axis = edge / 4;
        const unsigned k = edge % 4;
        const unsigned first = axis == 0 ? 1U : 0U;
        const unsigned second = axis == 2 ? 1U : 2U;
        const unsigned low = (k & 1U) << first | (k >> 1U) << second;
        const int from = std::abs(corners[low]);
        const int to = std::abs(corners[low | 1U << axis]);
        const float share = static_cast<float>(from) * units / static_cast<float>(from + to);
        const float t = static_cast<float>(static_cast<int>(share + 0.5F)) / units;
        Vec3f at{static_cast<float>(low & 1U), static_cast<float>(low >> 1U & 1U),
                 static_cast<float>(low >> 2U & 1U)};
        (axis == 0 ? at.x : axis == 1 ? at.y : at.z) = t;
        return at;
    }

    const RegularCase* case_;
    std::array<Vec3f, 12> vertices_;  // of the crossed edges
};

}  // namespace nebula::voxel
