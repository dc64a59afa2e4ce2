// SPDX-License-Identifier: MIT
// The stages of README, "Smooth mesher", in order. Everything between HWY_BEFORE_NAMESPACE and
// HWY_AFTER_NAMESPACE is compiled once per instruction set; the best one is chosen at run time.
#include "nebula/voxel/mesh/smooth_mesher.hpp"

#include "nebula/voxel/mesh/detail/smooth_kernel.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nebula/voxel/mesh/smooth_mesher.cpp"
#include <hwy/foreach_target.h>
//
#include "nebula/voxel/mesh/detail/strips-inl.hpp"
#include "nebula/voxel/mesh/detail/vertex_writer-inl.hpp"

#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

HWY_BEFORE_NAMESPACE();
namespace nebula::voxel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using detail::ActiveCell;
using detail::EdgeBatch;
using detail::row_index;
using detail::SmoothScratch;

constexpr std::uint64_t kCornerBits = (std::uint64_t{1} << detail::kRowCorners) - 1;
constexpr std::uint64_t kCellBits = (std::uint64_t{1} << kChunkSize) - 1;

enum class Signs { Mixed, AllEqual, ZeroFound };

// Stage 1: one sweep that turns the signs of all samples into a stream of bits. It also looks for a
// sample of 0, which is an error, and for any change of sign: most chunks of a world have none.
Signs sweep_signs(const SampleBlock& block, SmoothScratch& s) {
    const hn::ScalableTag<std::int8_t> d;
    const auto zero = hn::Zero(d);
    const std::size_t lanes = hn::Lanes(d);
    const Sample* const samples = block.samples.data();
    auto zeros = hn::Zero(d);
    auto differs = hn::Zero(d);  // sign bit set: some sample's sign differs from the first one's
    const auto first = hn::Set(d, samples[0]);
    std::size_t i = 0;
    // Only if a register's signs are whole bytes of the stream; otherwise the loop below does it
    // all.
    for (; lanes >= 8 && i + lanes <= SampleBlock::kCount; i += lanes) {
        const auto v = hn::LoadU(d, samples + i);
        hn::StoreMaskBits(d, hn::Lt(v, zero), s.sign_bits.data() + i / 8);
        zeros = hn::Or(zeros, hn::VecFromMask(d, hn::Eq(v, zero)));
        differs = hn::Or(differs, hn::Xor(v, first));
    }
    bool clean = hn::AllTrue(d, hn::Eq(zeros, zero));
    bool mixed = !hn::AllFalse(d, hn::Lt(differs, zero));
    for (std::uint8_t bits = 0; i < SampleBlock::kCount; ++i) {
        clean = clean && samples[i] != 0;
        mixed = mixed || is_inside(samples[i]) != is_inside(samples[0]);
        bits = static_cast<std::uint8_t>(bits | (is_inside(samples[i]) ? 1U : 0U) << i % 8);
        if (i % 8 == 7 || i + 1 == SampleBlock::kCount) {
            s.sign_bits[i / 8] = bits;
            bits = 0;
        }
    }
    if (!clean) return Signs::ZeroFound;
    return mixed ? Signs::Mixed : Signs::AllEqual;
}

// Stage 2: rows of signs and rows of crossed edges, which give the number of every vertex.
void number_vertices(SmoothScratch& s) {
    for (int z = 0; z <= kChunkSize; ++z) {
        for (int y = 0; y <= kChunkSize; ++y) {
            const std::size_t bit = SampleBlock::index(0, y, z);
            std::uint64_t word;
            std::memcpy(&word, s.sign_bits.data() + bit / 8, sizeof word);
            s.inside[row_index(y, z)] = word >> (bit % 8) & kCornerBits;
        }
    }
    std::uint32_t next = 0;
    for (int z = 0; z <= kChunkSize; ++z) {
        for (int y = 0; y <= kChunkSize; ++y) {
            const std::size_t row = row_index(y, z);
            const std::uint64_t here = s.inside[row];
            const std::array<std::uint64_t, 3> crossed{
                (here ^ here >> 1U) & kCellBits, y < kChunkSize ? here ^ s.inside[row + 1] : 0,
                z < kChunkSize ? here ^ s.inside[row + detail::kRowCorners] : 0};
            for (std::size_t axis = 0; axis < 3; ++axis) {
                s.crossed[axis][row] = crossed[axis];
                s.first_vertex[axis][row] = next;
                next += static_cast<std::uint32_t>(std::popcount(crossed[axis]));
            }
        }
    }
    s.vertex_count = next;
}

// Stage 3: the cells with both signs among their corners, and how many triangles they will have.
void list_cells(const CellTables& tables, SmoothScratch& s) {
    std::uint32_t count = 0;
    std::uint32_t triangles = 0;
    for (int z = 0; z < kChunkSize; ++z) {
        for (int y = 0; y < kChunkSize; ++y) {
            const std::size_t row = row_index(y, z);
            const std::uint64_t a = s.inside[row];
            const std::uint64_t b = s.inside[row + 1];
            const std::uint64_t c = s.inside[row + detail::kRowCorners];
            const std::uint64_t d = s.inside[row + detail::kRowCorners + 1];
            const std::uint64_t any = a | b | c | d;
            const std::uint64_t all = a & b & c & d;
            for (std::uint64_t active = (any | any >> 1U) & ~(all & all >> 1U) & kCellBits;
                 active != 0; active &= active - 1) {
                const auto x = static_cast<unsigned>(std::countr_zero(active));
                const auto index =
                    static_cast<std::uint8_t>((a >> x & 3U) | (b >> x & 3U) << 2U |
                                              (c >> x & 3U) << 4U | (d >> x & 3U) << 6U);
                s.cells[count++] = {static_cast<std::uint8_t>(x), static_cast<std::uint8_t>(y),
                                    static_cast<std::uint8_t>(z), index};
                triangles += tables.regular[index].triangle_count;
            }
        }
    }
    s.cell_count = count;
    s.index_count = 3 * triangles;
}

// Stage 4, first half: gathers the vertices of one row and axis.
template <int kAxis>
void gather_row(const SampleBlock& block, std::uint64_t crossed, int y, int z, EdgeBatch& batch) {
    constexpr SampleSteps steps{SampleBlock::kStepY, SampleBlock::kStepZ};
    const Sample* const row = &block.samples[SampleBlock::index(0, y, z)];
    std::size_t i = batch.count;
    for (; crossed != 0; crossed &= crossed - 1, ++i) {
        const int x = std::countr_zero(crossed);
        gather_edge(row + x, kAxis, steps, {x, y, z}, batch, i);
    }
    batch.count = i;
}

template <class Place>
void emit_vertices(const SampleBlock& block, SmoothScratch& s, const Place& place,
                   VertexWriter& writer) {
    EdgeBatch& batch = s.batch;
    batch.count = 0;
    for (int z = 0; z <= kChunkSize; ++z) {
        for (int y = 0; y <= kChunkSize; ++y) {
            const std::size_t row = row_index(y, z);
            gather_row<0>(block, s.crossed[0][row], y, z, batch);
            gather_row<1>(block, s.crossed[1][row], y, z, batch);
            gather_row<2>(block, s.crossed[2][row], y, z, batch);
            if (batch.count >= EdgeBatch::kEnough) writer.write(batch, place);
        }
    }
    if (batch.count > 0) writer.write(batch, place);
}

// Stage 5: triangles. Returns where the next ones go.
template <class Index>
Index* emit_triangles(const CellTables& tables, const SmoothScratch& s, Index* index) {
    for (const ActiveCell* cell = s.cells.data(); cell != s.cells.data() + s.cell_count; ++cell) {
        const std::size_t row = row_index(cell->y, cell->z);
        const std::uint64_t below = (std::uint64_t{1} << cell->x) - 1;
        std::array<Index, 12> vertex;
        const auto first = [&](std::size_t axis, std::size_t r) {
            return s.first_vertex[axis][r] +
                   static_cast<std::uint32_t>(std::popcount(s.crossed[axis][r] & below));
        };
        const auto pair = [&](std::size_t axis, std::size_t r, std::size_t edge) {
            const std::uint32_t id = first(axis, r);
            vertex[edge] = static_cast<Index>(id);
            vertex[edge + 1] = static_cast<Index>(id + (s.crossed[axis][r] >> cell->x & 1U));
        };
        vertex[0] = static_cast<Index>(first(0, row));
        vertex[1] = static_cast<Index>(first(0, row + 1));
        vertex[2] = static_cast<Index>(first(0, row + detail::kRowCorners));
        vertex[3] = static_cast<Index>(first(0, row + detail::kRowCorners + 1));
        pair(1, row, 4);
        pair(1, row + detail::kRowCorners, 6);
        pair(2, row, 8);
        pair(2, row + 1, 10);
        // Most cells have two triangles. Copying a fixed number of indices, and then keeping only
        // as many as needed, avoids an unpredictable branch.
        const RegularCase& triangles = tables.regular[cell->index];
        const auto copy = [&](std::size_t from, std::size_t to) {
            for (std::size_t i = from; i < to; ++i) index[i] = vertex[triangles.edges[i]];
        };
        copy(0, 6);
        if (triangles.triangle_count > 2) copy(6, 3 * RegularCase::kMaxTriangles);
        index += 3 * triangles.triangle_count;
    }
    return index;
}

template <class Index>
void emit_all_triangles(const StripSamples* strips, const CellTables& tables,
                        const SmoothScratch& s, ChunkMesh& out) {
    auto* const first = reinterpret_cast<Index*>(out.index_data.data());
    Index* const next = emit_triangles(tables, s, first);
    if (strips != nullptr) emit_strips(tables, s, next);
}

// `strips` may be null. Returns false if there is a sample of 0.
bool mesh_block(const SampleBlock& block, const StripSamples* strips, const CellTables& tables,
                SmoothScratch& s, ChunkMesh& out) {
    const Signs signs = sweep_signs(block, s);
    if (signs == Signs::ZeroFound || (strips != nullptr && has_zero(*strips))) return false;
    if (signs == Signs::AllEqual) return true;
    number_vertices(s);
    if (s.vertex_count == 0) return true;
    list_cells(tables, s);
    if (strips != nullptr) list_strips(*strips, tables, s);
    out.vertex_count = s.vertex_count;
    out.index_count = s.index_count;
    out.vertex_data.resize(s.vertex_count * ChunkMesh::kVertexSize);
    out.index_data.resize((s.index_count + 3 * RegularCase::kMaxTriangles) * out.index_size());
    VertexWriter writer(out);
    if (strips != nullptr) {
        emit_vertices(block, s, BehindTheStrips(strips->mask), writer);
        emit_half_sides(*strips, s, writer);
    } else {
        emit_vertices(block, s, OnTheEdge{}, writer);
    }
    out.bounds = writer.bounds();
    if (out.index_size() == 2) {
        emit_all_triangles<std::uint16_t>(strips, tables, s, out);
    } else {
        emit_all_triangles<std::uint32_t>(strips, tables, s, out);
    }
    out.index_data.resize(s.index_count * out.index_size());
    return true;
}

}  // namespace nebula::voxel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nebula::voxel {
HWY_EXPORT(mesh_block);

struct SmoothMesher::Scratch : detail::SmoothScratch {};

SmoothMesher::SmoothMesher() : scratch_(std::make_unique<Scratch>()) {}
SmoothMesher::~SmoothMesher() = default;
SmoothMesher::SmoothMesher(SmoothMesher&&) noexcept = default;
SmoothMesher& SmoothMesher::operator=(SmoothMesher&&) noexcept = default;

tl::expected<void, VoxelError> SmoothMesher::mesh_with(const SampleBlock& block,
                                                       const StripSamples* strips, ChunkMesh& out) {
    out.clear();
    if (!HWY_DYNAMIC_DISPATCH(mesh_block)(block, strips, cell_tables(), *scratch_, out)) {
        return tl::unexpected(VoxelError{
            VoxelError::Kind::ZeroSample,
            "the generator wrote a sample of 0; every sample must be negative or positive"});
    }
    return {};
}

tl::expected<void, VoxelError> SmoothMesher::mesh(const SampleBlock& block, ChunkMesh& out) {
    return mesh_with(block, nullptr, out);
}

tl::expected<void, VoxelError> SmoothMesher::mesh(const SampleBlock& block,
                                                  const StripSamples& strips, ChunkMesh& out) {
    return mesh_with(block, strips.mask != 0 ? &strips : nullptr, out);
}

}  // namespace nebula::voxel
#endif
