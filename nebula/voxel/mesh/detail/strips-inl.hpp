// SPDX-License-Identifier: MIT
// The stages of strips: README, "Strips". Included once per instruction set.
#if defined(NEBULA_VOXEL_MESH_STRIPS) == defined(HWY_TARGET_TOGGLE)
#ifdef NEBULA_VOXEL_MESH_STRIPS
#undef NEBULA_VOXEL_MESH_STRIPS
#else
#define NEBULA_VOXEL_MESH_STRIPS
#endif

#include "nebula/voxel/field/strip_samples.hpp"
#include "nebula/voxel/mesh/cell_tables.hpp"
#include "nebula/voxel/mesh/detail/smooth_kernel.hpp"
#include "nebula/voxel/mesh/detail/vertex_writer-inl.hpp"

#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace nebula::voxel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using detail::FaceRow;
using detail::row_index;
using detail::SmoothScratch;
using detail::StripCell;
using detail::StripFace;

// A transition cell's frame (u, v, w) must be right-handed with w outwards. So u and v are a and b
// on half of the faces, and b and a on the others.
constexpr bool is_transposed(int face) {
    return (StripSamples::axis(face) == 1) == StripSamples::is_high(face);
}

// Nine samples as the rows of a face have them, bit a + 3 b, to the case. [1]: transposed.
constexpr auto kCaseOfSamples = [] {
    std::array<std::array<std::uint16_t, 512>, 2> cases{};
    for (unsigned samples = 0; samples < 512; ++samples) {
        for (unsigned bit = 0; bit < TransitionCase::kSampleOfBit.size(); ++bit) {
            const unsigned u = TransitionCase::kSampleOfBit[bit] % 3U;
            const unsigned v = TransitionCase::kSampleOfBit[bit] / 3U;
            const auto set = [&](unsigned a, unsigned b) { return samples >> (a + 3 * b) & 1U; };
            cases[0][samples] = static_cast<std::uint16_t>(cases[0][samples] | set(u, v) << bit);
            cases[1][samples] = static_cast<std::uint16_t>(cases[1][samples] | set(v, u) << bit);
        }
    }
    return cases;
}();

// The table's number of an edge. An edge is named as if a were u and b were v. [1]: transposed.
constexpr auto kTableEdge = [] {
    std::array<std::array<std::uint8_t, 16>, 2> table{};
    for (std::uint8_t i = 0; i < 16; ++i) table[0][i] = i;
    for (std::uint8_t a = 0; a < 2; ++a) {
        for (std::uint8_t b = 0; b < 3; ++b) {
            const auto along_a = static_cast<std::uint8_t>(2 * b + a);
            const auto along_b = static_cast<std::uint8_t>(6 + 3 * a + b);
            table[1][along_a] = along_b;
            table[1][along_b] = along_a;
        }
    }
    table[1][12] = 14;
    table[1][13] = 15;
    table[1][14] = 12;
    table[1][15] = 13;
    return table;
}();

// The corner at which the last transition cell of a row begins.
constexpr unsigned kLastCell = kChunkSize - 2;

// The sides of a face at which its strip is pinched, because the face there has none: along a, then
// along b; first the low one.
struct PinchedSides {
    PinchedSides(const StripSamples& strips, int face) {
        const int a = StripSamples::axis(face) == 0 ? 2 : 0;
        const int b = StripSamples::axis(face) == 2 ? 2 : 4;
        low_a = !strips.has(a);
        high_a = !strips.has(a + 1);
        low_b = !strips.has(b);
        high_b = !strips.has(b + 1);
    }
    /// Whether two of them meet in this cell.
    [[nodiscard]] bool at_corner(unsigned a, unsigned b) const {
        return ((a == 0 && low_a) || (a == kLastCell && high_a)) &&
               ((b == 0 && low_b) || (b == kLastCell && high_b));
    }

    bool low_a;
    bool high_a;
    bool low_b;
    bool high_b;
};

// Which vertices the lids of a face have, and where they have skirts. `lids` has a bit at 2a for
// each of them, in word b, where a and b count transition cells.
void connect_lids(const std::array<std::uint64_t, StripSamples::kCells>& lids,
                  const std::array<std::uint64_t, detail::kRowCorners>& signs,
                  const PinchedSides& pinched, bool transposed, StripFace& strip) {
    std::ranges::fill(strip.on_lids, FaceRow{});
    for (std::size_t b = 0; b < lids.size(); ++b) {
        const std::uint64_t along_a = lids[b] | lids[b] << 1U;
        const std::uint64_t along_b = along_a | lids[b] << 2U;
        for (std::size_t row = 2 * b; row <= 2 * b + 2; ++row) {
            strip.on_lids[row].along_a |= along_a;
            if (row < 2 * b + 2) strip.on_lids[row].along_b |= along_b;
        }
    }
    // Nothing moves on a pinched side.
    constexpr std::uint64_t last = std::uint64_t{1} << kChunkSize;
    const std::uint64_t sides = (pinched.low_a ? 1U : 0U) | (pinched.high_a ? last : 0U);
    if (pinched.low_b) strip.on_lids.front().along_a = 0;
    if (pinched.high_b) strip.on_lids.back().along_a = 0;
    for (std::size_t b = 0; b < strip.on_lids.size(); ++b) {
        FaceRow& row = strip.on_lids[b];
        row.along_a &= signs[b] ^ signs[b] >> 1U;
        row.along_b &= b + 1 < signs.size() ? (signs[b] ^ signs[b + 1]) & ~sides : 0;
    }
    using Face = TransitionOutline::Face;
    for (std::uint32_t i = 0; i < strip.cell_count; ++i) {
        StripCell& cell = strip.cells[i];
        if (cell.skirts == 0) continue;
        const unsigned a = cell.a;
        const std::size_t b = cell.b / 2U;
        const auto is_lid = [&](std::size_t at_b, unsigned at_a) {
            return (lids[at_b] >> at_a & 1U) != 0;
        };
        const bool low_a = a == 0 ? !pinched.low_a : !is_lid(b, a - 2);
        const bool high_a = a == kLastCell ? !pinched.high_a : !is_lid(b, a + 2);
        const bool low_b = b == 0 ? !pinched.low_b : !is_lid(b - 1, a);
        const bool high_b = b == lids.size() - 1 ? !pinched.high_b : !is_lid(b + 1, a);
        const auto add = [&](bool has, Face face) {
            if (has) cell.skirts |= static_cast<std::uint8_t>(1U << static_cast<unsigned>(face));
        };
        add(low_a, transposed ? Face::V0 : Face::U0);
        add(high_a, transposed ? Face::V2 : Face::U2);
        add(low_b, transposed ? Face::U0 : Face::V0);
        add(high_b, transposed ? Face::U2 : Face::V2);
    }
}

// The first face in the mask with a sample of 0, or -1.
int face_with_zero(const StripSamples& strips) {
    const hn::ScalableTag<std::int8_t> d;
    const std::size_t lanes = hn::Lanes(d);
    for (int face = 0; face < StripSamples::kFaces; ++face) {
        if (!strips.has(face)) continue;
        const auto& samples = strips.samples[static_cast<std::size_t>(face)];
        auto zeros = hn::Zero(d);
        bool found = false;
        std::size_t i = 0;
        for (; i + lanes <= StripSamples::kCount; i += lanes) {
            const auto v = hn::LoadU(d, samples.data() + i);
            zeros = hn::Or(zeros, hn::VecFromMask(d, hn::Eq(v, hn::Zero(d))));
        }
        for (; i < StripSamples::kCount; ++i) found = found || samples[i] == 0;
        if (found || !hn::AllTrue(d, hn::Eq(zeros, hn::Zero(d)))) return face;
    }
    return -1;
}

// The signs of a face's corners: bit a of word b.
std::array<std::uint64_t, detail::kRowCorners> face_signs(const SmoothScratch& s, int face) {
    std::array<std::uint64_t, detail::kRowCorners> signs{};
    const int plane = StripSamples::is_high(face) ? kChunkSize : 0;
    for (int b = 0; b <= kChunkSize; ++b) {
        std::uint64_t& row = signs[static_cast<std::size_t>(b)];
        switch (StripSamples::axis(face)) {
            case 0:
                for (int y = 0; y <= kChunkSize; ++y) {
                    row |= (s.inside[row_index(y, b)] >> plane & 1U) << y;
                }
                break;
            case 1:
                row = s.inside[row_index(plane, b)];
                break;
            default:
                row = s.inside[row_index(b, plane)];
                break;
        }
    }
    return signs;
}

// Strips, stage 3: numbers the vertices of half sides and lids, lists the transition cells, and
// returns how many indices their triangles have at most. It reads the fine signs alone: where the
// coarser level has a sample, its sign is the same, and if a generator breaks that rule, the numbers
// still fit the table's cases.
std::size_t list_strips(const StripSamples& strips, const CellTables& tables, SmoothScratch& s) {
    std::uint32_t next = s.vertex_count;
    std::uint32_t triangles = 0;
    const auto number = [&](FaceRow& row) {
        row.first_a = next;
        next += static_cast<std::uint32_t>(std::popcount(row.along_a));
        row.first_b = next;
        next += static_cast<std::uint32_t>(std::popcount(row.along_b));
    };
    for (int face = 0; face < StripSamples::kFaces; ++face) {
        StripFace& strip = s.strips[static_cast<std::size_t>(face)];
        strip.cell_count = 0;
        strip.lid_count = 0;
        if (!strips.has(face)) continue;
        const auto signs = face_signs(s, face);
        const auto& cases = kCaseOfSamples[is_transposed(face) ? 1 : 0];
        const PinchedSides pinched(strips, face);
        for (std::size_t i = 0; i < strip.half.size(); ++i) {
            const std::uint64_t row = signs[2 * i];
            FaceRow& half = strip.half[i];
            half.along_a = (row ^ row >> 2U) & detail::kCoarseCells;
            half.along_b =
                i + 1 < strip.half.size() ? (row ^ signs[2 * i + 2]) & detail::kCoarseCorners : 0;
            number(half);
        }
        std::array<std::uint64_t, StripSamples::kCells> lids{};
        for (unsigned b = 0; b < kChunkSize; b += 2) {
            const std::uint64_t any = signs[b] | signs[b + 1] | signs[b + 2];
            const std::uint64_t all = signs[b] & signs[b + 1] & signs[b + 2];
            for (std::uint64_t active = (any | any >> 1U | any >> 2U) &
                                        ~(all & all >> 1U & all >> 2U) & detail::kCoarseCells;
                 active != 0; active &= active - 1) {
                const auto a = static_cast<unsigned>(std::countr_zero(active));
                const std::uint16_t index =
                    cases[(signs[b] >> a & 7U) | (signs[b + 1] >> a & 7U) << 3U |
                          (signs[b + 2] >> a & 7U) << 6U];
                StripCell& cell = strip.cells[strip.cell_count++];
                cell = {static_cast<std::uint8_t>(a), static_cast<std::uint8_t>(b), index};
                triangles += tables.transition[index].triangle_count;
                if (a > 0 && a < kLastCell && b > 0 && b < kLastCell) continue;
                const TransitionOutline& outline = tables.outline[index];
                if (outline.loop_count == 1 && !pinched.at_corner(a, b)) continue;
                cell.skirts = 1U << static_cast<unsigned>(TransitionOutline::Face::FullSide);
                lids[b / 2] |= std::uint64_t{1} << a;
                ++strip.lid_count;
                triangles += 2U * outline.line_count;
            }
        }
        if (strip.lid_count > 0) connect_lids(lids, signs, pinched, is_transposed(face), strip);
    }
    for (StripFace& strip : s.strips) {
        if (strip.lid_count > 0) std::ranges::for_each(strip.on_lids, number);
    }
    s.vertex_count = next;
    return std::size_t{3} * triangles;
}

// What the vertices of a face are made of.
struct FaceSamples {
    const Sample* samples = nullptr;  // at corner (0, 0) of the face
    std::array<int, 3> step{};        // to the next sample on each axis
    int axis = 0;                     // the face's,
    int plane = 0;                    // and where on it the vertices are
    int spacing = 1;                  // of the bits in a row

    void gather(const FaceRow& row, int b, EdgeBatch& batch) const {
        const auto axis_a = static_cast<std::size_t>(axis == 0 ? 1 : 0);
        const auto axis_b = static_cast<std::size_t>(axis == 2 ? 1 : 2);
        const auto gather_along = [&](std::uint64_t crossed, std::size_t along) {
            for (; crossed != 0; crossed &= crossed - 1) {
                const int a = std::countr_zero(crossed) / spacing;
                const Sample* const low = samples + a * step[axis_a] + b * step[axis_b];
                const Sample* const high = low + step[along];
                const auto gradient = [&](const Sample* of, std::size_t i) {
                    return static_cast<std::int16_t>(of[step[i]] - of[-step[i]]);
                };
                batch.ends[batch.count] = {gradient(low, 0),
                                           gradient(high, 0),
                                           gradient(low, 1),
                                           gradient(high, 1),
                                           gradient(low, 2),
                                           gradient(high, 2),
                                           *low,
                                           *high};
                std::array<int, 3> p{};
                p[static_cast<std::size_t>(axis)] = plane;
                p[axis_a] = a;
                p[axis_b] = b;
                batch.place[batch.count] =
                    EdgeBatch::make_place(p[0], p[1], p[2], static_cast<int>(along));
                ++batch.count;
            }
        };
        gather_along(row.along_a, axis_a);
        gather_along(row.along_b, axis_b);
    }
};

// Writes the vertices of a face's rows, except for the last few, which stay in the batch.
template <std::size_t kCount, class Place>
void emit_rows(const std::array<FaceRow, kCount>& rows, const FaceSamples& samples,
               const Place& place, EdgeBatch& batch, VertexWriter& writer) {
    for (std::size_t b = 0; b < kCount; ++b) {
        samples.gather(rows[b], static_cast<int>(b), batch);
        if (batch.count >= EdgeBatch::kEnough) writer.write(batch, place);
    }
}

// Strips, stage 4: the vertices of half sides, from the coarser level's samples with the arithmetic
// of all others.
void emit_half_sides(const StripSamples& strips, SmoothScratch& s, VertexWriter& writer) {
    for (int face = 0; face < StripSamples::kFaces; ++face) {
        const StripFace& strip = s.strips[static_cast<std::size_t>(face)];
        if (strip.cell_count == 0) continue;
        const int axis = StripSamples::axis(face);
        const int plane = StripSamples::plane(face);
        std::array<int, 3> corner{};
        corner[static_cast<std::size_t>(axis)] = plane;
        const Sample* const first = strips.samples[static_cast<std::size_t>(face)].data() +
                                    StripSamples::index(face, corner[0], corner[1], corner[2]);
        const FaceSamples samples{
            first, {1, StripSamples::step_y(face), StripSamples::step_z(face)}, axis, plane, 2};
        emit_rows(strip.half, samples, OnTheHalfSide{}, s.batch, writer);
    }
    if (s.batch.count > 0) writer.write(s.batch, OnTheHalfSide{});
}

// Strips, stage 4: the vertices on lids, which are the chunk's own before they moved.
void emit_lids(const SampleBlock& block, SmoothScratch& s, VertexWriter& writer) {
    for (int face = 0; face < StripSamples::kFaces; ++face) {
        const StripFace& strip = s.strips[static_cast<std::size_t>(face)];
        if (strip.lid_count == 0) continue;
        const int axis = StripSamples::axis(face);
        const int plane = StripSamples::is_high(face) ? kChunkSize : 0;
        std::array<int, 3> corner{};
        corner[static_cast<std::size_t>(axis)] = plane;
        const Sample* const first =
            &block.samples[SampleBlock::index(corner[0], corner[1], corner[2])];
        const FaceSamples samples{
            first, {SampleBlock::kStepX, SampleBlock::kStepY, SampleBlock::kStepZ}, axis, plane, 1};
        emit_rows(strip.on_lids, samples, OnALid{}, s.batch, writer);
    }
    if (s.batch.count > 0) writer.write(s.batch, OnALid{});
}

// The numbers of a transition cell's vertices, in the order of the table's edges; those of edges that
// are not crossed mean nothing.
using CellVertices = std::array<std::uint32_t, 16>;

template <int kAxis>
CellVertices vertices_of(const SmoothScratch& s, int face, StripCell cell) {
    constexpr std::size_t axis_a = kAxis == 0 ? 1 : 0;
    constexpr std::size_t axis_b = kAxis == 2 ? 1 : 2;
    const int plane = StripSamples::is_high(face) ? kChunkSize : 0;
    const auto& table_edge = kTableEdge[is_transposed(face) ? 1 : 0];
    CellVertices vertex;
    const auto full = [&](std::size_t edge, std::size_t axis, int a, int b) {
        a += cell.a;
        b += cell.b;
        const int x = kAxis == 0 ? plane : a;
        const std::size_t row = kAxis == 0   ? row_index(a, b)
                                : kAxis == 1 ? row_index(plane, b)
                                             : row_index(b, plane);
        const std::uint64_t below = (std::uint64_t{1} << x) - 1;
        vertex[table_edge[edge]] =
            s.first_vertex[axis][row] +
            static_cast<std::uint32_t>(std::popcount(s.crossed[axis][row] & below));
    };
    for (int b = 0; b < 3; ++b) {
        for (int a = 0; a < 2; ++a) full(static_cast<std::size_t>(2 * b + a), axis_a, a, b);
    }
    for (int b = 0; b < 2; ++b) {
        for (int a = 0; a < 3; ++a) full(static_cast<std::size_t>(6 + 3 * b + a), axis_b, a, b);
    }
    const StripFace& strip = s.strips[static_cast<std::size_t>(face)];
    const std::uint64_t below = (std::uint64_t{1} << cell.a) - 1;
    const FaceRow& low = strip.half[cell.b / 2U];
    const FaceRow& high = strip.half[cell.b / 2U + 1];
    const auto half = [&](std::size_t edge, std::uint32_t first, std::uint64_t crossed) {
        vertex[table_edge[edge]] = first + static_cast<std::uint32_t>(std::popcount(crossed));
    };
    half(12, low.first_a, low.along_a & below);
    half(13, high.first_a, high.along_a & below);
    half(14, low.first_b, low.along_b & below);
    half(15, low.first_b, low.along_b & (below << 1U | 1U));
    return vertex;
}

// The same, with those on the lid in place of the chunk's own.
CellVertices vertices_on_lid(const StripFace& strip, int face, StripCell cell,
                             CellVertices vertex) {
    const auto& table_edge = kTableEdge[is_transposed(face) ? 1 : 0];
    const auto replace = [&](std::size_t edge, std::uint64_t crossed, std::uint32_t first, int a) {
        const std::uint64_t bit = std::uint64_t{1} << a;
        if ((crossed & bit) == 0) return;
        vertex[table_edge[edge]] =
            first + static_cast<std::uint32_t>(std::popcount(crossed & (bit - 1)));
    };
    for (int b = 0; b < 3; ++b) {
        const FaceRow& row = strip.on_lids[static_cast<std::size_t>(cell.b + b)];
        for (int a = 0; a < 2; ++a) {
            replace(static_cast<std::size_t>(2 * b + a), row.along_a, row.first_a, cell.a + a);
        }
        if (b == 2) break;
        for (int a = 0; a < 3; ++a) {
            replace(static_cast<std::size_t>(6 + 3 * b + a), row.along_b, row.first_b, cell.a + a);
        }
    }
    return vertex;
}

template <class Index>
Index* emit_cell(const TransitionCase& triangles, const CellVertices& vertex, Index* index) {
    const std::size_t count = std::size_t{3} * triangles.triangle_count;
    for (std::size_t k = 0; k < count; ++k) {
        index[k] = static_cast<Index>(vertex[triangles.edges[k]]);
    }
    return index + count;
}

// From the outline of a lid down to the chunk's own border: two triangles for each line, fewer where
// nothing moved. At a mitre the four corners do not lie in a plane. Which diagonal cuts them does not
// depend on the line's direction, so that two lines beside each other are cut alike. (A line along v
// begins and ends at one u, but it is alone in its quarter of the face.)
template <class Index>
Index* emit_skirts(StripCell lid, const TransitionOutline& outline, const CellVertices& own,
                   const CellVertices& on_lid, Index* index) {
    const auto emit = [&](std::uint32_t a, std::uint32_t b, std::uint32_t c) {
        *index++ = static_cast<Index>(a);
        *index++ = static_cast<Index>(b);
        *index++ = static_cast<Index>(c);
    };
    for (std::uint8_t i = 0; i < outline.line_count; ++i) {
        const TransitionOutline::Line line = outline.lines[i];
        if ((lid.skirts >> static_cast<unsigned>(line.face) & 1U) == 0) continue;
        const std::uint32_t from = own[line.from];
        const std::uint32_t to = own[line.to];
        const std::uint32_t high_from = on_lid[line.from];
        const std::uint32_t high_to = on_lid[line.to];
        if (line.rises) {
            if (to != high_to) emit(from, to, high_to);
            if (from != high_from) emit(from, high_to, high_from);
        } else {
            if (from != high_from) emit(from, to, high_from);
            if (to != high_to) emit(to, high_to, high_from);
        }
    }
    return index;
}

// Strips, stage 5: the triangles of one face, whose axis is kAxis. Returns where the next go.
template <int kAxis, class Index>
Index* emit_strip(const CellTables& tables, const SmoothScratch& s, int face, Index* index) {
    const StripFace& strip = s.strips[static_cast<std::size_t>(face)];
    for (std::uint32_t i = 0; i < strip.cell_count; ++i) {
        const StripCell cell = strip.cells[i];
        const TransitionCase& triangles = tables.transition[cell.index];
        const CellVertices own = vertices_of<kAxis>(s, face, cell);
        if (cell.skirts == 0) {
            index = emit_cell(triangles, own, index);
        } else {
            const CellVertices on_lid = vertices_on_lid(strip, face, cell, own);
            index = emit_cell(triangles, on_lid, index);
            index = emit_skirts(cell, tables.outline[cell.index], own, on_lid, index);
        }
    }
    return index;
}

template <class Index>
Index* emit_strips(const CellTables& tables, const SmoothScratch& s, Index* index) {
    index = emit_strip<0>(tables, s, 0, index);
    index = emit_strip<0>(tables, s, 1, index);
    index = emit_strip<1>(tables, s, 2, index);
    index = emit_strip<1>(tables, s, 3, index);
    index = emit_strip<2>(tables, s, 4, index);
    return emit_strip<2>(tables, s, 5, index);
}

}  // namespace nebula::voxel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
