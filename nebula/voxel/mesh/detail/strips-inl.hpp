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

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace nebula::voxel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using detail::HalfRow;
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

// Whether a face in the mask has a sample of 0.
bool has_zero(const StripSamples& strips) {
    const hn::ScalableTag<std::int8_t> d;
    const std::size_t lanes = hn::Lanes(d);
    auto zeros = hn::Zero(d);
    bool found = false;
    for (int face = 0; face < StripSamples::kFaces; ++face) {
        if (!strips.has(face)) continue;
        const auto& samples = strips.samples[static_cast<std::size_t>(face)];
        std::size_t i = 0;
        for (; i + lanes <= StripSamples::kCount; i += lanes) {
            const auto v = hn::LoadU(d, samples.data() + i);
            zeros = hn::Or(zeros, hn::VecFromMask(d, hn::Eq(v, hn::Zero(d))));
        }
        for (; i < StripSamples::kCount; ++i) found = found || samples[i] == 0;
    }
    return found || !hn::AllTrue(d, hn::Eq(zeros, hn::Zero(d)));
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

// Strips, stage 3: numbers the vertices of half sides, lists the transition cells, and returns how
// many indices their triangles have. It reads the fine signs alone: where the coarser level has a sample, its
// sign is the same, and if a generator breaks that rule, the numbers still fit the table's cases.
std::size_t list_strips(const StripSamples& strips, const CellTables& tables, SmoothScratch& s) {
    std::uint32_t next = s.vertex_count;
    std::uint32_t triangles = 0;
    for (int face = 0; face < StripSamples::kFaces; ++face) {
        StripFace& strip = s.strips[static_cast<std::size_t>(face)];
        strip.cell_count = 0;
        if (!strips.has(face)) continue;
        const auto signs = face_signs(s, face);
        const auto& cases = kCaseOfSamples[is_transposed(face) ? 1 : 0];
        for (std::size_t i = 0; i < strip.half.size(); ++i) {
            const std::uint64_t row = signs[2 * i];
            HalfRow& half = strip.half[i];
            half.along_a = (row ^ row >> 2U) & detail::kCoarseCells;
            half.along_b =
                i + 1 < strip.half.size() ? (row ^ signs[2 * i + 2]) & detail::kCoarseCorners : 0;
            half.first_a = next;
            next += static_cast<std::uint32_t>(std::popcount(half.along_a));
            half.first_b = next;
            next += static_cast<std::uint32_t>(std::popcount(half.along_b));
        }
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
                strip.cells[strip.cell_count++] = {static_cast<std::uint8_t>(a),
                                                   static_cast<std::uint8_t>(b), index};
                triangles += tables.transition[index].triangle_count;
            }
        }
    }
    s.vertex_count = next;
    return std::size_t{3} * triangles;
}

// Strips, stage 4: the vertices of half sides, from the coarser level's samples with the arithmetic
// of all others.
void emit_half_sides(const StripSamples& strips, SmoothScratch& s, VertexWriter& writer) {
    EdgeBatch& batch = s.batch;
    for (int face = 0; face < StripSamples::kFaces; ++face) {
        const StripFace& strip = s.strips[static_cast<std::size_t>(face)];
        if (strip.cell_count == 0) continue;
        const std::array<int, 3> step{1, StripSamples::step_y(face), StripSamples::step_z(face)};
        const Sample* const samples = strips.samples[static_cast<std::size_t>(face)].data();
        const int axis = StripSamples::axis(face);
        const int axis_a = axis == 0 ? 1 : 0;
        const int axis_b = axis == 2 ? 1 : 2;
        const auto gather = [&](std::uint64_t crossed, int b, int along) {
            for (; crossed != 0; crossed &= crossed - 1) {
                const int a = std::countr_zero(crossed) / 2;
                std::array<int, 3> p{};
                p[static_cast<std::size_t>(axis)] = StripSamples::plane(face);
                p[static_cast<std::size_t>(axis_a)] = a;
                p[static_cast<std::size_t>(axis_b)] = b;
                const Sample* const low = samples + StripSamples::index(face, p[0], p[1], p[2]);
                const Sample* const high = low + step[static_cast<std::size_t>(along)];
                const auto gradient = [&](const Sample* at, std::size_t i) {
                    return static_cast<std::int16_t>(at[step[i]] - at[-step[i]]);
                };
                batch.ends[batch.count] = {gradient(low, 0),
                                           gradient(high, 0),
                                           gradient(low, 1),
                                           gradient(high, 1),
                                           gradient(low, 2),
                                           gradient(high, 2),
                                           *low,
                                           *high};
                batch.place[batch.count] = EdgeBatch::make_place(p[0], p[1], p[2], along);
                ++batch.count;
            }
        };
        for (std::size_t b = 0; b < strip.half.size(); ++b) {
            gather(strip.half[b].along_a, static_cast<int>(b), axis_a);
            gather(strip.half[b].along_b, static_cast<int>(b), axis_b);
            if (batch.count >= EdgeBatch::kEnough) writer.write(batch, OnTheHalfSide{});
        }
    }
    if (batch.count > 0) writer.write(batch, OnTheHalfSide{});
}

// Strips, stage 5: the triangles of one face, whose axis is kAxis. Returns where the next go.
template <int kAxis, class Index>
Index* emit_strip(const CellTables& tables, const SmoothScratch& s, int face, Index* index) {
    constexpr std::size_t axis_a = kAxis == 0 ? 1 : 0;
    constexpr std::size_t axis_b = kAxis == 2 ? 1 : 2;
    const int plane = StripSamples::is_high(face) ? kChunkSize : 0;
    const StripFace& strip = s.strips[static_cast<std::size_t>(face)];
    const auto& table_edge = kTableEdge[is_transposed(face) ? 1 : 0];
    for (std::uint32_t i = 0; i < strip.cell_count; ++i) {
        const StripCell cell = strip.cells[i];
        std::array<Index, 16> vertex;
        const auto full = [&](std::size_t edge, std::size_t axis, int a, int b) {
            a += cell.a;
            b += cell.b;
            const int x = kAxis == 0 ? plane : a;
            const std::size_t row = kAxis == 0   ? row_index(a, b)
                                    : kAxis == 1 ? row_index(plane, b)
                                                 : row_index(b, plane);
            const std::uint64_t below = (std::uint64_t{1} << x) - 1;
            vertex[table_edge[edge]] = static_cast<Index>(
                s.first_vertex[axis][row] +
                static_cast<std::uint32_t>(std::popcount(s.crossed[axis][row] & below)));
        };
        for (int b = 0; b < 3; ++b) {
            for (int a = 0; a < 2; ++a) full(static_cast<std::size_t>(2 * b + a), axis_a, a, b);
        }
        for (int b = 0; b < 2; ++b) {
            for (int a = 0; a < 3; ++a) full(static_cast<std::size_t>(6 + 3 * b + a), axis_b, a, b);
        }
        const std::uint64_t below = (std::uint64_t{1} << cell.a) - 1;
        const HalfRow& low = strip.half[cell.b / 2U];
        const HalfRow& high = strip.half[cell.b / 2U + 1];
        const auto half = [&](std::size_t edge, std::uint32_t first, std::uint64_t crossed) {
            vertex[table_edge[edge]] =
                static_cast<Index>(first + static_cast<std::uint32_t>(std::popcount(crossed)));
        };
        half(12, low.first_a, low.along_a & below);
        half(13, high.first_a, high.along_a & below);
        half(14, low.first_b, low.along_b & below);
        half(15, low.first_b, low.along_b & (below << 1U | 1U));

        const TransitionCase& triangles = tables.transition[cell.index];
        const std::size_t count = std::size_t{3} * triangles.triangle_count;
        for (std::size_t k = 0; k < count; ++k) index[k] = vertex[triangles.edges[k]];
        index += count;
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
