// SPDX-License-Identifier: MIT
// The stages of README, "Smooth mesher", in order. Everything between HWY_BEFORE_NAMESPACE and
// HWY_AFTER_NAMESPACE is compiled once per instruction set; the best one is chosen at run time.
#include "nebula/voxel/mesh/smooth_mesher.hpp"

#include "nebula/voxel/mesh/detail/cell_plan.hpp"
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
            const std::uint64_t x = (here ^ here >> 1U) & kCellBits;
            const std::uint64_t along_y = y < kChunkSize ? here ^ s.inside[row + 1] : 0;
            const std::uint64_t along_z =
                z < kChunkSize ? here ^ s.inside[row + detail::kRowCorners] : 0;
            s.crossed[0][row] = x;
            s.crossed[1][row] = along_y;
            s.crossed[2][row] = along_z;
            s.first_vertex[row] = next;
            const std::uint32_t first_y = next + static_cast<std::uint32_t>(std::popcount(x));
            const std::uint32_t first_z =
                first_y + static_cast<std::uint32_t>(std::popcount(along_y));
            const auto lane = [](std::uint64_t v) { return static_cast<std::uint16_t>(v); };
            s.lanes_z[row] = {lane(first_z), lane(first_z + (along_z & 1U))};
            const std::uint32_t first = next;
            next = first_z + static_cast<std::uint32_t>(std::popcount(along_z));
            s.lanes[row] = {lane(first), lane(first_y), lane(first_y + (along_y & 1U)), lane(next)};
        }
    }
    s.vertex_count = next;
}

// Stage 3: the cells with both signs among their corners.
void find_cells(SmoothScratch& s) {
    std::uint32_t count = 0;
    for (int z = 0; z < kChunkSize; ++z) {
        for (int y = 0; y < kChunkSize; ++y) {
            const std::size_t row = row_index(y, z);
            const std::uint64_t a = s.inside[row];
            const std::uint64_t b = s.inside[row + 1];
            const std::uint64_t c = s.inside[row + detail::kRowCorners];
            const std::uint64_t d = s.inside[row + detail::kRowCorners + 1];
            const std::uint64_t any = a | b | c | d;
            const std::uint64_t all = a & b & c & d;
            const std::uint64_t active = (any | any >> 1U) & ~(all & all >> 1U) & kCellBits;
            s.active[static_cast<std::size_t>(y + z * kChunkSize)] = active;
            count += static_cast<std::uint32_t>(std::popcount(active));
        }
    }
    s.cell_count = count;
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

// Stage 5: triangles. Walks along the rows of cells; CellPlan explains how. Returns where the next
// triangles go.
template <class Index>
Index* emit_triangles(const detail::CellPlans& plans, const SmoothScratch& s, Index* index) {
    // Two registers of lanes, each repeated in every block of 128 bits.
    const hn::CappedTag<std::uint8_t, 2 * detail::CellPlan::kIndices> bytes;
    const hn::Repartition<std::uint16_t, decltype(bytes)> words;
    const hn::Repartition<std::uint64_t, decltype(bytes)> rows;
    const hn::Half<decltype(words)> half;
    const hn::RepartitionToWide<decltype(words)> wide;
    const std::size_t step = hn::Lanes(words);
    const auto load = [&](const auto* lanes) {
        std::uint64_t all;
        std::memcpy(&all, lanes, sizeof all);
        return hn::Set(rows, all);
    };
    for (int z = 0; z < kChunkSize; ++z) {
        // Lanes have 16 bits. That is enough to tell the vertices of two layers apart.
        const std::uint32_t base = s.first_vertex[row_index(0, z)];
        for (int y = 0; y < kChunkSize; ++y) {
            std::uint64_t active = s.active[static_cast<std::size_t>(y + z * kChunkSize)];
            if (active == 0) continue;
            const std::size_t row = row_index(y, z);
            const std::uint64_t a = s.inside[row];
            const std::uint64_t b = s.inside[row + 1];
            const std::uint64_t c = s.inside[row + detail::kRowCorners];
            const std::uint64_t d = s.inside[row + detail::kRowCorners + 1];
            auto low =
                hn::BitCast(words, hn::InterleaveLower(rows, load(&s.lanes[row]),
                                                       load(&s.lanes[row + detail::kRowCorners])));
            auto high = hn::BitCast(words, load(s.lanes_z.data() + row));  // and of the next row
            for (; active != 0; active &= active - 1) {
                const auto x = static_cast<unsigned>(std::countr_zero(active));
                const auto sign_case =
                    static_cast<std::uint8_t>((a >> x & 3U) | (b >> x & 3U) << 2U |
                                              (c >> x & 3U) << 4U | (d >> x & 3U) << 6U);
                const detail::CellPlan& plan = plans[sign_case];
                const auto low_bytes = hn::BitCast(bytes, low);
                const auto high_bytes = hn::BitCast(bytes, high);
                for (std::size_t i = 0; i < detail::CellPlan::kIndices; i += step) {
                    const auto from_low = hn::Load(bytes, plan.from_low.data() + 2 * i);
                    const auto from_high = hn::Load(bytes, plan.from_high.data() + 2 * i);
                    const auto vertices =
                        hn::BitCast(words, hn::Or(hn::TableLookupBytesOr0(low_bytes, from_low),
                                                  hn::TableLookupBytesOr0(high_bytes, from_high)));
                    if constexpr (sizeof(Index) == 2) {
                        hn::StoreU(vertices, words, index + i);
                    } else {
                        const auto above =
                            hn::Sub(vertices, hn::Set(words, static_cast<std::uint16_t>(base)));
                        const auto store = [&](auto part, Index* at) {
                            hn::StoreU(hn::Add(hn::PromoteTo(wide, part), hn::Set(wide, base)),
                                       wide, at);
                        };
                        store(hn::LowerHalf(half, above), index + i);
                        store(hn::UpperHalf(half, above), index + i + step / 2);
                    }
                }
                index += plan.index_count;
                low = hn::Add(low, hn::LoadDup128(words, plan.step_low.data()));
                high = hn::Add(high, hn::LoadDup128(words, plan.step_high.data()));
            }
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

// `strips` may be null. Returns false if there is a sample of 0. Without a surface, it leaves `out`
// as it is.
bool mesh_block(const SampleBlock& block, const StripSamples* strips, const MeshTables& tables,
                SmoothScratch& s, ChunkMesh& out) {
    const Signs signs = sweep_signs(block, s);
    if (signs == Signs::ZeroFound || (strips != nullptr && has_zero(*strips))) return false;
    if (signs == Signs::AllEqual) return true;
    number_vertices(s);
    if (s.vertex_count == 0) return true;
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
    } else {
        emit_vertices(block, s, OnTheEdge{}, writer);
    }
    out.bounds = writer.bounds();
    out.index_count = out.index_size() == 2
                          ? emit_all_triangles<std::uint16_t>(strips, tables, s, out)
                          : emit_all_triangles<std::uint32_t>(strips, tables, s, out);
    out.vertex_data.resize(s.vertex_count * ChunkMesh::kVertexSize);
    out.index_data.resize(out.index_count * out.index_size());
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
    out.vertex_count = 0;
    out.index_count = 0;
    const detail::MeshTables tables{cell_tables(), detail::cell_plans()};
    const bool done = HWY_DYNAMIC_DISPATCH(mesh_block)(block, strips, tables, *scratch_, out);
    if (out.empty()) out.clear();
    if (done) return {};
    return tl::unexpected(
        VoxelError{VoxelError::Kind::ZeroSample,
                   "the generator wrote a sample of 0; every sample must be negative or positive"});
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
