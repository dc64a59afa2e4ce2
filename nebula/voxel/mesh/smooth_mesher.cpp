// SPDX-License-Identifier: MIT
// The stages of README, "Smooth mesher", in order. Everything between HWY_BEFORE_NAMESPACE and
// HWY_AFTER_NAMESPACE is compiled once per instruction set; the best one is chosen at run time.
#include "nebula/voxel/mesh/smooth_mesher.hpp"

#include "nebula/voxel/mesh/detail/cell_plan.hpp"
#include "nebula/voxel/mesh/detail/material_sets.hpp"
#include "nebula/voxel/mesh/detail/smooth_kernel.hpp"
#include "nebula/voxel/mesh/detail/vertex_materials.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nebula/voxel/mesh/smooth_mesher.cpp"
#include <hwy/foreach_target.h>
//
#include "nebula/voxel/mesh/detail/cell_walk-inl.hpp"
#include "nebula/voxel/mesh/detail/strips-inl.hpp"
#include "nebula/voxel/mesh/detail/vertex_writer-inl.hpp"

#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

HWY_BEFORE_NAMESPACE();
namespace nebula::voxel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using detail::EdgeBatch;
using detail::MeshTables;
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

std::uint32_t count(std::uint64_t bits) { return static_cast<std::uint32_t>(std::popcount(bits)); }

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
    s.crossed_rows.fill(0);
    s.corner_rows.fill(0);
    std::uint32_t next = 0;
    for (int z = 0; z <= kChunkSize; ++z) {
        const auto layer = static_cast<std::size_t>(z);
        s.first_vertex_of_layer[layer] = next;
        for (int y = 0; y <= kChunkSize; ++y) {
            const std::size_t row = row_index(y, z);
            const std::uint64_t here = s.inside[row];
            const std::uint64_t along_x = (here ^ here >> 1U) & kCellBits;
            const std::uint64_t along_y = y < kChunkSize ? here ^ s.inside[row + 1] : 0;
            const std::uint64_t along_z =
                z < kChunkSize ? here ^ s.inside[row + detail::kRowCorners] : 0;
            s.crossed[0][row] = along_x;
            s.crossed[1][row] = along_y;
            s.crossed[2][row] = along_z;
            if ((along_x | along_y | along_z) == 0) continue;
            const std::uint64_t bit = std::uint64_t{1} << y;
            s.crossed_rows[layer] |= bit;
            s.corner_rows[layer] |= bit | (along_y != 0 ? bit << 1U : 0);
            s.corner_rows[layer + 1] |= along_z != 0 ? bit : 0;
            const std::uint32_t first_x = next;
            const std::uint32_t first_y = first_x + count(along_x);
            const std::uint32_t first_z = first_y + count(along_y);
            next = first_z + count(along_z);
            s.first_vertex[0][row] = first_x;
            s.first_vertex[1][row] = first_y;
            s.first_vertex[2][row] = first_z;
            const auto lane = [](std::uint64_t v) { return static_cast<std::uint16_t>(v); };
            s.lanes[row] = {lane(first_x), lane(first_y), lane(first_y + (along_y & 1U)),
                            lane(next)};
            s.lanes_z[row] = {lane(first_z), lane(first_z + (along_z & 1U))};
        }
    }
    s.vertex_count = next;
}

// Stage 3: the cells with both signs among their corners.
void find_cells(SmoothScratch& s) {
    const hn::ScalableTag<std::uint64_t> d;
    const std::size_t lanes = hn::Lanes(d);
    constexpr std::size_t rows = detail::kRows - detail::kRowCorners;
    const auto cells = hn::Set(d, kCellBits);
    auto total = hn::Zero(d);
    static_assert(rows % 32 == 0, "whole registers, of up to 2048 bits");
    for (std::size_t row = 0; row < rows; row += lanes) {
        const std::uint64_t* const inside = s.inside.data() + row;
        const auto a = hn::LoadU(d, inside);
        const auto b = hn::LoadU(d, inside + 1);
        const auto c = hn::LoadU(d, inside + detail::kRowCorners);
        const auto e = hn::LoadU(d, inside + detail::kRowCorners + 1);
        const auto any = hn::Or(hn::Or(a, b), hn::Or(c, e));
        const auto all = hn::And(hn::And(a, b), hn::And(c, e));
        const auto some = hn::And(hn::Or(any, hn::ShiftRight<1>(any)), cells);
        const auto active = hn::AndNot(hn::And(all, hn::ShiftRight<1>(all)), some);
        hn::StoreU(active, d, s.active.data() + row);
        total = hn::Add(total, hn::PopulationCount(active));
    }
    s.cell_count = static_cast<std::uint32_t>(hn::GetLane(hn::SumOfLanes(d, total)));
    for (int z = 0; z < kChunkSize; ++z) {
        std::uint64_t& beyond = s.active[row_index(kChunkSize, z)];
        s.cell_count -= count(beyond);
        beyond = 0;
    }
}

// Stage 4, first part: gradients, for whole rows of corners.
void make_corners(const Sample* row, detail::CornerRow& out) {
    const hn::CappedTag<std::int16_t, kChunkSize> d;
    const hn::Rebind<Sample, decltype(d)> samples;
    const auto lanes = static_cast<int>(hn::Lanes(d));
    for (int x = 0; x <= kChunkSize; x += lanes) {
        const int at = std::min(x, kChunkSize + 1 - lanes);
        const auto load = [&](int step) {
            return hn::PromoteTo(d, hn::LoadU(samples, row + at + step));
        };
        const auto gradient = [&](int step) { return hn::Sub(load(step), load(-step)); };
        hn::StoreInterleaved4(gradient(SampleBlock::kStepX), gradient(SampleBlock::kStepY),
                              gradient(SampleBlock::kStepZ), load(0), d,
                              &out[static_cast<std::size_t>(at)].x);
    }
}

void make_layer(const SampleBlock& block, SmoothScratch& s, int z) {
    auto& layer = s.corners[static_cast<std::size_t>(z & 1)];
    for (std::uint64_t rows = s.corner_rows[static_cast<std::size_t>(z)]; rows != 0;
         rows &= rows - 1) {
        const int y = std::countr_zero(rows);
        make_corners(&block.samples[SampleBlock::index(0, y, z)],
                     layer[static_cast<std::size_t>(y)]);
    }
}

// Stage 4, second part: both ends of every crossed edge of a row.
void gather_row(const SmoothScratch& s, int y, int z, EdgeBatch& batch) {
    const std::size_t row = row_index(y, z);
    const std::uint64_t along_y = s.crossed[1][row];
    const detail::Corner* const here =
        s.corners[static_cast<std::size_t>(z & 1)][static_cast<std::size_t>(y)].data();
    const detail::Corner* const above =
        s.corners[static_cast<std::size_t>(~z & 1)][static_cast<std::size_t>(y)].data();
    const std::uint32_t place = EdgeBatch::make_place(0, y, z, 0);
    std::size_t i = batch.count;
    // Along x and y together: one loop less whose end cannot be foreseen.
    const std::array<int, 2> along{1, static_cast<int>(std::tuple_size_v<detail::CornerRow>)};
    for (std::uint64_t left = s.crossed[0][row] | along_y << 32U; left != 0; left &= left - 1) {
        const auto bit = static_cast<unsigned>(std::countr_zero(left));
        const unsigned x = bit % 32;
        const unsigned axis = bit / 32;
        gather_edge(here + x, here + x + along[axis], place + x + (axis << 24U), batch, i++);
    }
    if (along_y >> 32U != 0) {
        gather_edge(here + kChunkSize, here + kChunkSize + along[1],
                    place + EdgeBatch::make_place(kChunkSize, 0, 0, 1), batch, i++);
    }
    for (std::uint64_t left = s.crossed[2][row]; left != 0; left &= left - 1) {
        const int x = std::countr_zero(left);
        gather_edge(here + x, above + x, place + EdgeBatch::make_place(x, 0, 0, 2), batch, i++);
    }
    batch.count = i;
}

template <class Place>
void emit_vertices(const SampleBlock& block, SmoothScratch& s, const Place& place,
                   VertexWriter& writer) {
    EdgeBatch& batch = s.batch;
    batch.count = 0;
    make_layer(block, s, 0);
    for (int z = 0; z <= kChunkSize; ++z) {
        if (z < kChunkSize) make_layer(block, s, z + 1);
        for (std::uint64_t rows = s.crossed_rows[static_cast<std::size_t>(z)]; rows != 0;
             rows &= rows - 1) {
            gather_row(s, std::countr_zero(rows), z, batch);
            if (batch.count >= EdgeBatch::kEnough) writer.write(batch, place);
        }
    }
    if (batch.count > 0) writer.write(batch, place);
}

// Stage 5: triangles.
template <class Index>
Index* emit_triangles(const detail::CellPlans& plans, const SmoothScratch& s, Index* index) {
    for (int z = 0; z < kChunkSize; ++z) {
        const std::uint32_t base = s.first_vertex_of_layer[static_cast<std::size_t>(z)];
        for (int y = 0; y < kChunkSize; ++y) {
            const std::size_t row = row_index(y, z);
            if (s.active[row] != 0) index = walk_row(plans, s, row, base, index);
        }
    }
    return index;
}

// Returns how many indices there are.
template <class Index>
std::uint32_t emit_all_triangles(const StripSamples* strips, const MeshTables& tables,
                                 const SmoothScratch& s, ChunkMesh& out) {
    auto* const first = reinterpret_cast<Index*>(out.index_data.data());
    Index* next = emit_triangles(tables.plans, s, first);
    if (strips != nullptr) next = emit_strips(tables.cells, s, next);
    return static_cast<std::uint32_t>(next - first);
}

// At least as many indices as the regular cells have, and a little more for the last register. A
// crossed edge belongs to at most four cells. In a cell, the edges form loops, and a loop of k edges
// has k - 2 triangles. Only cells with several loops, and the border, make it less than this.
std::size_t most_regular_indices(const SmoothScratch& s) {
    return 3 * (std::size_t{4} * s.vertex_count - std::size_t{2} * s.cell_count) +
           detail::CellPlan::kIndices;
}

// Contents are kept, since filling memory that is then overwritten takes time.
void make_room(std::vector<std::byte>& data, std::size_t size) {
    if (data.size() < size) data.resize(size);
}

// `strips` may be null. Returns where there is a sample of 0: in the block, in the samples of a face, or
// nowhere. Without a surface, it leaves `out` as it is.
int mesh_block(const SampleBlock& block, const StripSamples* strips, const MeshTables& tables,
               SmoothScratch& s, ChunkMesh& out) {
    const Signs signs = sweep_signs(block, s);
    if (signs == Signs::ZeroFound) return detail::kZeroInBlock;
    if (const int face = strips != nullptr ? face_with_zero(*strips) : -1; face >= 0) return face;
    if (signs == Signs::AllEqual) return detail::kNoZero;
    number_vertices(s);
    if (s.vertex_count == 0) return detail::kNoZero;
    find_cells(s);
    std::size_t most_indices = most_regular_indices(s);
    if (strips != nullptr) most_indices += list_strips(*strips, tables.cells, s);
    out.vertex_count = s.vertex_count;
    make_room(out.vertex_data, s.vertex_count * ChunkMesh::kVertexSize);
    make_room(out.index_data, most_indices * out.index_size());
    VertexWriter writer(out);
    if (strips != nullptr) {
        emit_vertices(block, s, BehindTheStrips(strips->mask), writer);
        emit_half_sides(*strips, s, writer);
        emit_lids(block, s, writer);
    } else {
        emit_vertices(block, s, OnTheEdge{}, writer);
    }
    out.bounds = writer.bounds();
    out.index_count = out.index_size() == 2
                          ? emit_all_triangles<std::uint16_t>(strips, tables, s, out)
                          : emit_all_triangles<std::uint32_t>(strips, tables, s, out);
    out.vertex_data.resize(s.vertex_count * ChunkMesh::kVertexSize);
    out.index_data.resize(out.index_count * out.index_size());
    return detail::kNoZero;
}

}  // namespace nebula::voxel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nebula::voxel {
namespace {

VoxelError zero_sample(const ChunkId& chunk, int where) {
    constexpr std::array<const char*, StripSamples::kFaces> faces{"-x", "+x", "-y",
                                                                  "+y", "-z", "+z"};
    std::string message = "the generator wrote a sample of 0 for chunk (" +
                          std::to_string(chunk.at.x) + ", " + std::to_string(chunk.at.y) + ", " +
                          std::to_string(chunk.at.z) + ") of level " + std::to_string(chunk.level);
    if (where >= 0)
        message += ", in the coarser samples at its " +
                   std::string(faces[static_cast<std::size_t>(where)]) + " face";
    return {VoxelError::Kind::ZeroSample, message + "; every sample must be negative or positive"};
}

}  // namespace

HWY_EXPORT(mesh_block);

struct SmoothMesher::Scratch : detail::SmoothScratch {
    detail::MaterialSets sets;
};

SmoothMesher::SmoothMesher() : scratch_(std::make_unique<Scratch>()) {}
SmoothMesher::~SmoothMesher() = default;
SmoothMesher::SmoothMesher(SmoothMesher&&) noexcept = default;
SmoothMesher& SmoothMesher::operator=(SmoothMesher&&) noexcept = default;

// `strips` has a mask or is null; `materials` are not uniform or null.
tl::expected<void, VoxelError> SmoothMesher::mesh_with(const SampleBlock& block,
                                                       const StripSamples* strips,
                                                       const MaterialBlock* materials,
                                                       ChunkMesh& out) {
    out.vertex_count = 0;
    out.index_count = 0;
    const detail::MeshTables tables{cell_tables(), detail::cell_plans()};
    const int zero = HWY_DYNAMIC_DISPATCH(mesh_block)(block, strips, tables, *scratch_, out);
    if (zero != detail::kNoZero || out.empty()) out.clear();
    if (zero != detail::kNoZero) return tl::unexpected(zero_sample(block.chunk, zero));
    if (materials == nullptr || out.empty()) {
        out.attribute_data.clear();
        return {};
    }
    Material* const of_vertices = scratch_->sets.of_vertices(out.vertex_count);
    const auto seen = detail::write_vertex_materials(*scratch_, strips, *materials, of_vertices);
    scratch_->sets.write(seen, out);
    return {};
}

tl::expected<void, VoxelError> SmoothMesher::mesh(const SampleBlock& block, ChunkMesh& out) {
    out.material = 0;
    return mesh_with(block, nullptr, nullptr, out);
}

tl::expected<void, VoxelError> SmoothMesher::mesh(const SampleBlock& block,
                                                  const StripSamples& strips, ChunkMesh& out) {
    out.material = 0;
    return mesh_with(block, strips.mask != 0 ? &strips : nullptr, nullptr, out);
}

tl::expected<void, VoxelError> SmoothMesher::mesh(const SampleBlock& block,
                                                  const StripSamples& strips,
                                                  const MaterialBlock& materials, ChunkMesh& out) {
    out.material = static_cast<Material>(materials.uniform % kMaterials);
    return mesh_with(block, strips.mask != 0 ? &strips : nullptr,
                     materials.is_uniform ? nullptr : &materials, out);
}

}  // namespace nebula::voxel
#endif
