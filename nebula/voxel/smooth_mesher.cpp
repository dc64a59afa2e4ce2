// SPDX-License-Identifier: MIT
// The stages of README, "Smooth mesher", in their order. Everything between HWY_BEFORE_NAMESPACE
// and HWY_AFTER_NAMESPACE is compiled once per instruction set; the best one is picked at run time.
#include "nebula/voxel/smooth_mesher.hpp"

#include "nebula/voxel/detail/smooth_kernel.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nebula/voxel/smooth_mesher.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>

HWY_BEFORE_NAMESPACE();
namespace nebula::voxel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using detail::ActiveCell;
using detail::row_index;
using detail::SmoothScratch;

constexpr std::uint64_t kCornerBits = (std::uint64_t{1} << detail::kRowCorners) - 1;
constexpr std::uint64_t kCellBits = (std::uint64_t{1} << kChunkSize) - 1;

// Stage 1: the signs of all samples as one stream of bits, in one sweep that also looks for the 0
// that must not be there. Returns false when it finds one.
bool sweep_signs(const SampleBlock& block, SmoothScratch& s) {
    const hn::ScalableTag<std::int8_t> d;
    const auto zero = hn::Zero(d);
    const std::size_t lanes = hn::Lanes(d);
    const Sample* const samples = block.samples.data();
    auto zeros = hn::Zero(d);
    std::size_t i = 0;
    // A register's signs are whole bytes of the stream, or the loop below does all the work.
    for (; lanes >= 8 && i + lanes <= SampleBlock::kCount; i += lanes) {
        const auto v = hn::LoadU(d, samples + i);
        hn::StoreMaskBits(d, hn::Lt(v, zero), s.sign_bits.data() + i / 8);
        zeros = hn::Or(zeros, hn::VecFromMask(d, hn::Eq(v, zero)));
    }
    bool clean = hn::AllTrue(d, hn::Eq(zeros, zero));
    for (std::uint8_t bits = 0; i < SampleBlock::kCount; ++i) {
        clean = clean && samples[i] != 0;
        bits = static_cast<std::uint8_t>(bits | (is_inside(samples[i]) ? 1U : 0U) << i % 8);
        if (i % 8 == 7 || i + 1 == SampleBlock::kCount) {
            s.sign_bits[i / 8] = bits;
            bits = 0;
        }
    }
    return clean;
}

// Stage 2: rows of signs, rows of crossed edges, and with them the number of every vertex.
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

// Stage 4: positions and normals.
template <int kAxis>
void emit_row(const SampleBlock& block, std::uint64_t crossed, int y, int z, float*& position,
              std::uint16_t*& normal) {
    constexpr std::array<int, 3> kSteps{SampleBlock::kStepX, SampleBlock::kStepY,
                                        SampleBlock::kStepZ};
    constexpr int kStep = kSteps[kAxis];
    const Sample* const row = &block.samples[SampleBlock::index(0, y, z)];
    for (; crossed != 0; crossed &= crossed - 1) {
        const int x = std::countr_zero(crossed);
        const Sample* const low = row + x;
        const Sample* const high = low + kStep;
        const int from = std::abs(int{*low});
        const int to = std::abs(int{*high});
        std::array<float, 3> p{static_cast<float>(x), static_cast<float>(y), static_cast<float>(z)};
        const int t = static_cast<int>(static_cast<float>(from * detail::kCrossingUnits) /
                                           static_cast<float>(from + to) +
                                       0.5F);
        p[kAxis] += static_cast<float>(t) * (1.0F / detail::kCrossingUnits);
        position[0] = p[0];
        position[1] = p[1];
        position[2] = p[2];
        position += 3;
        std::array<float, 3> n;
        for (std::size_t i = 0; i < 3; ++i) {
            const int step = kSteps[i];
            n[i] = static_cast<float>((low[step] - low[-step]) * to +
                                      (high[step] - high[-step]) * from);
        }
        float l1 = std::abs(n[0]) + std::abs(n[1]) + std::abs(n[2]);
        if (l1 == 0.0F) {
            n[kAxis] = is_inside(*low) ? 1.0F : -1.0F;
            l1 = 1.0F;
        }
        const float scale = 1.0F / l1;
        const float nx = n[0] * scale;
        const float ny = n[1] * scale;
        const bool folded = n[2] < 0.0F;
        const float u = folded ? std::copysign(1.0F - std::abs(ny), nx) : nx;
        const float v = folded ? std::copysign(1.0F - std::abs(nx), ny) : ny;
        normal[0] = static_cast<std::uint16_t>((u * 0.5F + 0.5F) * 65535.0F);
        normal[1] = static_cast<std::uint16_t>((v * 0.5F + 0.5F) * 65535.0F);
        normal += 2;
    }
}

Aabb bounds_of(const float* position, std::uint32_t count) {
    Aabb box{{position[0], position[1], position[2]}, {position[0], position[1], position[2]}};
    for (std::uint32_t i = 0; i < count; ++i, position += 3) {
        box.min = {std::min(box.min.x, position[0]), std::min(box.min.y, position[1]),
                   std::min(box.min.z, position[2])};
        box.max = {std::max(box.max.x, position[0]), std::max(box.max.y, position[1]),
                   std::max(box.max.z, position[2])};
    }
    return box;
}

void emit_vertices(const SampleBlock& block, const SmoothScratch& s, ChunkMesh& out) {
    auto* position = reinterpret_cast<float*>(out.vertex_data.data());
    auto* normal = reinterpret_cast<std::uint16_t*>(out.vertex_data.data() +
                                                    s.vertex_count * ChunkMesh::kPositionSize);
    for (int z = 0; z <= kChunkSize; ++z) {
        for (int y = 0; y <= kChunkSize; ++y) {
            const std::size_t row = row_index(y, z);
            emit_row<0>(block, s.crossed[0][row], y, z, position, normal);
            emit_row<1>(block, s.crossed[1][row], y, z, position, normal);
            emit_row<2>(block, s.crossed[2][row], y, z, position, normal);
        }
    }
    out.bounds = bounds_of(reinterpret_cast<const float*>(out.vertex_data.data()), s.vertex_count);
}

// Stage 5: triangles.
template <class Index>
void emit_triangles(const CellTables& tables, const SmoothScratch& s, ChunkMesh& out) {
    auto* index = reinterpret_cast<Index*>(out.index_data.data());
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
        const RegularCase& triangles = tables.regular[cell->index];
        for (std::size_t i = 0; i < 3U * triangles.triangle_count; ++i) {
            *index++ = vertex[triangles.edges[i]];
        }
    }
}

bool mesh_block(const SampleBlock& block, const CellTables& tables, SmoothScratch& s,
                ChunkMesh& out) {
    if (!sweep_signs(block, s)) return false;
    number_vertices(s);
    if (s.vertex_count == 0) return true;
    list_cells(tables, s);
    out.vertex_count = s.vertex_count;
    out.index_count = s.index_count;
    out.vertex_data.resize(s.vertex_count * ChunkMesh::kVertexSize);
    out.index_data.resize(s.index_count * out.index_size());
    emit_vertices(block, s, out);
    if (out.index_size() == 2) {
        emit_triangles<std::uint16_t>(tables, s, out);
    } else {
        emit_triangles<std::uint32_t>(tables, s, out);
    }
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

tl::expected<void, ChunkError> SmoothMesher::mesh(const SampleBlock& block, ChunkMesh& out) {
    out.clear();
    if (!HWY_DYNAMIC_DISPATCH(mesh_block)(block, cell_tables(), *scratch_, out)) {
        return tl::unexpected(ChunkError{ChunkError::Kind::ExtractionFailed, block.chunk,
                                         "the block holds a sample of 0"});
    }
    return {};
}

}  // namespace nebula::voxel
#endif
