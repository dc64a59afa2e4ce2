// SPDX-License-Identifier: MIT
#include "nebula/voxel/mesh/detail/vertex_materials.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>

namespace nebula::voxel::detail {
namespace {

constexpr std::array<std::size_t, 3> kStep{
    1, MaterialBlock::kEdge, std::size_t{MaterialBlock::kEdge} * MaterialBlock::kEdge};

class Writer {
public:
    Writer(const SmoothScratch& s, const MaterialBlock& block, Material* out)
        : inside_(s.inside),
          materials_(block.materials.data()),
          is_coarse_(block.is_coarse),
          out_(out) {}

    /// The edges of a row of corners, from corner x to the one `step` further for each bit x.
    template <bool kIsCoarse>
    void row(std::size_t row, std::uint64_t crossed, std::size_t step) {
        const std::uint64_t inside = inside_[row];
        const Material* const here = materials_ + row * kRowCorners;
        for (; crossed != 0; crossed &= crossed - 1) {
            const auto x = static_cast<unsigned>(std::countr_zero(crossed));
            put(here + x, (inside >> x & 1U) != 0, step, kIsCoarse);
        }
    }
    template <bool kIsCoarse>
    void own_rows(const SmoothScratch& s) {
        for (int z = 0; z <= kChunkSize; ++z) {
            for (std::uint64_t rows = s.crossed_rows[static_cast<std::size_t>(z)]; rows != 0;
                 rows &= rows - 1) {
                const std::size_t at = row_index(std::countr_zero(rows), z);
                for (std::size_t axis = 0; axis < 3; ++axis) {
                    row<kIsCoarse>(at, s.crossed[axis][at], kStep[axis]);
                }
            }
        }
    }

    /// The edges of a row of a face, from corner (a, b) to the next one of the chunk's level along a or
    /// b for each bit a; of the coarser level if they are on its half side.
    void face_row(int face, int b, const FaceRow& row, bool is_half_side) {
        const auto axis = static_cast<std::size_t>(StripSamples::axis(face));
        const std::size_t axis_a = axis == 0 ? 1 : 0;
        const std::size_t axis_b = axis == 2 ? 1 : 2;
        const std::size_t length = is_half_side ? 2 : 1;
        const bool is_coarse = is_half_side || is_coarse_;
        std::array<int, 3> at{};
        at[axis] = StripSamples::is_high(face) ? kChunkSize : 0;
        at[axis_b] = b;
        const auto along = [&](std::uint64_t crossed, std::size_t step) {
            for (; crossed != 0; crossed &= crossed - 1) {
                at[axis_a] = std::countr_zero(crossed);
                const std::uint64_t inside = inside_[row_index(at[1], at[2])];
                put(materials_ + MaterialBlock::index(at[0], at[1], at[2]),
                    (inside >> static_cast<unsigned>(at[0]) & 1U) != 0, length * step, is_coarse);
            }
        };
        along(row.along_a, kStep[axis_a]);
        along(row.along_b, kStep[axis_b]);
    }

    [[nodiscard]] const MaterialFlags& seen() const noexcept { return seen_; }

private:
    // Of the edge from `low` to the corner `step` further: the rule of MaterialBlock. Modulo kMaterials,
    // so that no number leads out of the tables of those who read it.
    void put(const Material* low, bool low_is_inside, std::size_t step, bool is_coarse) {
        Material material = low[low_is_inside ? 0 : step];
        if (is_coarse && (material & MaterialBlock::kPlaced) == 0) {
            material = low[low_is_inside ? step : 0];
        }
        material %= kMaterials;
        seen_[material] = 1;
        *out_++ = material;
    }

    const std::array<std::uint64_t, kRows>& inside_;
    const Material* materials_;
    const bool is_coarse_;
    Material* out_;
    MaterialFlags seen_{};
};

}  // namespace

// In the order in which stage 4 makes the vertices.
MaterialFlags write_vertex_materials(const SmoothScratch& s, const StripSamples* strips,
                                     const MaterialBlock& block, Material* out) {
    Writer writer(s, block, out);
    if (block.is_coarse) {
        writer.own_rows<true>(s);
    } else {
        writer.own_rows<false>(s);
    }
    if (strips == nullptr) return writer.seen();
    for (int face = 0; face < StripSamples::kFaces; ++face) {
        const StripFace& strip = s.strips[static_cast<std::size_t>(face)];
        if (strip.cell_count == 0) continue;
        // A coarse edge is two of the chunk's own, and a bit counts those.
        for (int b = 0; b <= StripSamples::kCells; ++b) {
            writer.face_row(face, 2 * b, strip.half[static_cast<std::size_t>(b)], true);
        }
    }
    for (int face = 0; face < StripSamples::kFaces; ++face) {
        const StripFace& strip = s.strips[static_cast<std::size_t>(face)];
        if (strip.lid_count == 0) continue;
        for (int b = 0; b < kRowCorners; ++b) {
            writer.face_row(face, b, strip.on_lids[static_cast<std::size_t>(b)], false);
        }
    }
    return writer.seen();
}

}  // namespace nebula::voxel::detail
