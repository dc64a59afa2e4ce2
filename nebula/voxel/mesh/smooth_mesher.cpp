// SPDX-License-Identifier: MIT
// The stages of README, "Smooth mesher", in order. Everything between HWY_BEFORE_NAMESPACE and
// HWY_AFTER_NAMESPACE is compiled once per instruction set; the best one is chosen at run time.
#include "nebula/voxel/mesh/smooth_mesher.hpp"

#include "nebula/voxel/mesh/detail/smooth_kernel.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nebula/voxel/mesh/smooth_mesher.cpp"
#include <hwy/foreach_target.h>
//
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

// Stage 4, first half: gathers the inputs of the vertices of one row and axis, edge by edge. The
// gradient on an axis is the difference of the two samples beside a corner on that axis.
template <int kAxis>
void gather_row(const SampleBlock& block, std::uint64_t crossed, int y, int z, EdgeBatch& batch) {
    constexpr int step_y = SampleBlock::kStepY;
    constexpr int step_z = SampleBlock::kStepZ;
    constexpr int along = kAxis == 0 ? 1 : kAxis == 1 ? step_y : step_z;
    const Sample* const row = &block.samples[SampleBlock::index(0, y, z)];
    std::size_t i = batch.count;
    for (; crossed != 0; crossed &= crossed - 1, ++i) {
        const int x = std::countr_zero(crossed);
        const Sample* const low = row + x;
        const Sample* const high = low + along;
        const auto gradient = [](const Sample* at, int step) {
            return static_cast<std::int16_t>(at[step] - at[-step]);
        };
        batch.low_sample[i] = std::int16_t{*low};
        batch.high_sample[i] = std::int16_t{*high};
        batch.low_x[i] = gradient(low, 1);
        batch.low_y[i] = gradient(low, step_y);
        batch.low_z[i] = gradient(low, step_z);
        batch.high_x[i] = gradient(high, 1);
        batch.high_y[i] = gradient(high, step_y);
        batch.high_z[i] = gradient(high, step_z);
        batch.x[i] = static_cast<std::int16_t>(x);
        batch.y[i] = static_cast<std::int16_t>(y);
        batch.z[i] = static_cast<std::int16_t>(z);
        batch.axis[i] = kAxis;
    }
    batch.count = i;
}

// Stage 4, second half: the same arithmetic for every vertex, one register at a time. IEEE 754
// rounds each of these operations in only one way, so the result does not depend on the lanes.
class VertexWriter {
public:
    explicit VertexWriter(ChunkMesh& out)
        : position_(reinterpret_cast<float*>(out.vertex_data.data())),
          normal_(reinterpret_cast<std::uint32_t*>(out.vertex_data.data() +
                                                   out.vertex_count * ChunkMesh::kPositionSize)) {}

    void write(EdgeBatch& batch) {
        const std::size_t lanes = hn::Lanes(kFloat);
        std::size_t i = 0;
        auto min_x = hn::Set(kFloat, bounds_.min.x);
        auto min_y = hn::Set(kFloat, bounds_.min.y);
        auto min_z = hn::Set(kFloat, bounds_.min.z);
        auto max_x = hn::Set(kFloat, bounds_.max.x);
        auto max_y = hn::Set(kFloat, bounds_.max.y);
        auto max_z = hn::Set(kFloat, bounds_.max.z);
        // The lanes past the end repeat the last vertex, which does not change the bounds.
        batch.repeat_last(lanes);
        for (; i < batch.count; i += lanes) {
            const auto low = load(batch.low_sample, i);
            const auto from = hn::Abs(low);
            const auto to = hn::Abs(load(batch.high_sample, i));
            const auto axis = load(batch.axis, i);
            const auto along_x = hn::RebindMask(kFloat, hn::Eq(axis, hn::Zero(kInt)));
            const auto along_y = hn::RebindMask(kFloat, hn::Eq(axis, hn::Set(kInt, 1)));
            const auto along_z = hn::RebindMask(kFloat, hn::Eq(axis, hn::Set(kInt, 2)));

            const auto units = hn::Set(kFloat, float{detail::kCrossingUnits});
            const auto half = hn::Set(kFloat, 0.5F);
            const auto t = hn::Mul(
                hn::ConvertTo(kFloat,
                              hn::ConvertTo(kInt, hn::Add(hn::Div(hn::Mul(number(from), units),
                                                                  number(hn::Add(from, to))),
                                                          half))),
                hn::Set(kFloat, 1.0F / detail::kCrossingUnits));
            const auto x = hn::Add(number(load(batch.x, i)), hn::IfThenElseZero(along_x, t));
            const auto y = hn::Add(number(load(batch.y, i)), hn::IfThenElseZero(along_y, t));
            const auto z = hn::Add(number(load(batch.z, i)), hn::IfThenElseZero(along_z, t));
            min_x = hn::Min(min_x, x);
            min_y = hn::Min(min_y, y);
            min_z = hn::Min(min_z, z);
            max_x = hn::Max(max_x, x);
            max_y = hn::Max(max_y, y);
            max_z = hn::Max(max_z, z);

            // Both gradients, weighted by how near they are; integers, not yet divided.
            auto nx = weighted(batch.low_x, batch.high_x, from, to, i);
            auto ny = weighted(batch.low_y, batch.high_y, from, to, i);
            auto nz = weighted(batch.low_z, batch.high_z, from, to, i);
            // Without a gradient, the normal is the edge, from inside to outside.
            const auto none = hn::Eq(sum_of_magnitudes(nx, ny, nz), hn::Zero(kFloat));
            const auto outwards = hn::CopySign(hn::Set(kFloat, 1.0F), hn::Neg(number(low)));
            nx = hn::IfThenElse(hn::And(none, along_x), outwards, nx);
            ny = hn::IfThenElse(hn::And(none, along_y), outwards, ny);
            nz = hn::IfThenElse(hn::And(none, along_z), outwards, nz);
            const auto packed = octahedral(nx, ny, nz);

            const std::size_t left = batch.count - i;
            if (left >= lanes) {
                hn::StoreInterleaved3(x, y, z, kFloat, position_);
                hn::StoreU(packed, kUnsigned, normal_);
                position_ += 3 * lanes;
                normal_ += lanes;
            } else {
                std::array<float, 3 * hn::MaxLanes(kFloat)> positions;
                std::array<std::uint32_t, hn::MaxLanes(kFloat)> normals;
                hn::StoreInterleaved3(x, y, z, kFloat, positions.data());
                hn::StoreU(packed, kUnsigned, normals.data());
                position_ = std::copy_n(positions.data(), 3 * left, position_);
                normal_ = std::copy_n(normals.data(), left, normal_);
            }
        }
        batch.count = 0;
        bounds_ = {{least(min_x), least(min_y), least(min_z)},
                   {greatest(max_x), greatest(max_y), greatest(max_z)}};
    }

    [[nodiscard]] const Aabb& bounds() const { return bounds_; }

private:
    static constexpr hn::ScalableTag<float> kFloat{};
    static constexpr hn::RebindToSigned<hn::ScalableTag<float>> kInt{};
    static constexpr hn::RebindToUnsigned<hn::ScalableTag<float>> kUnsigned{};
    static constexpr hn::Rebind<std::int16_t, hn::ScalableTag<float>> kShort{};
    using Float = hn::VFromD<decltype(kFloat)>;
    using Int = hn::VFromD<decltype(kInt)>;
    using Unsigned = hn::VFromD<decltype(kUnsigned)>;

    static Int load(const EdgeBatch::Column& column, std::size_t i) {
        return hn::PromoteTo(kInt, hn::LoadU(kShort, column.data() + i));
    }
    static Float number(Int v) { return hn::ConvertTo(kFloat, v); }
    static float least(Float v) { return hn::GetLane(hn::MinOfLanes(kFloat, v)); }
    static float greatest(Float v) { return hn::GetLane(hn::MaxOfLanes(kFloat, v)); }

    static Float weighted(const EdgeBatch::Column& low, const EdgeBatch::Column& high, Int from,
                          Int to, std::size_t i) {
        return number(hn::Add(hn::Mul(load(low, i), to), hn::Mul(load(high, i), from)));
    }
    static Float sum_of_magnitudes(Float x, Float y, Float z) {
        return hn::Add(hn::Add(hn::Abs(x), hn::Abs(y)), hn::Abs(z));
    }

    // octahedral_encode of octahedral.cpp, operation for operation.
    static Unsigned octahedral(Float nx, Float ny, Float nz) {
        const auto one = hn::Set(kFloat, 1.0F);
        const auto half = hn::Set(kFloat, 0.5F);
        const auto full = hn::Set(kFloat, 65535.0F);
        const auto scale = hn::Div(one, sum_of_magnitudes(nx, ny, nz));
        const auto x = hn::Mul(nx, scale);
        const auto y = hn::Mul(ny, scale);
        const auto folded = hn::Lt(nz, hn::Zero(kFloat));
        const auto u = hn::IfThenElse(folded, hn::CopySign(hn::Sub(one, hn::Abs(y)), x), x);
        const auto v = hn::IfThenElse(folded, hn::CopySign(hn::Sub(one, hn::Abs(x)), y), y);
        const auto pack = [&](Float f) {
            return hn::BitCast(kUnsigned,
                               hn::ConvertTo(kInt, hn::Mul(hn::Add(hn::Mul(f, half), half), full)));
        };
        return hn::Or(pack(u), hn::ShiftLeft<16>(pack(v)));
    }

    float* position_;
    std::uint32_t* normal_;
    Aabb bounds_{{1e9F, 1e9F, 1e9F}, {-1e9F, -1e9F, -1e9F}};
};

void emit_vertices(const SampleBlock& block, SmoothScratch& s, ChunkMesh& out) {
    EdgeBatch& batch = s.batch;
    VertexWriter writer(out);
    batch.count = 0;
    for (int z = 0; z <= kChunkSize; ++z) {
        for (int y = 0; y <= kChunkSize; ++y) {
            const std::size_t row = row_index(y, z);
            gather_row<0>(block, s.crossed[0][row], y, z, batch);
            gather_row<1>(block, s.crossed[1][row], y, z, batch);
            gather_row<2>(block, s.crossed[2][row], y, z, batch);
            if (batch.count >= EdgeBatch::kEnough) writer.write(batch);
        }
    }
    if (batch.count > 0) writer.write(batch);
    out.bounds = writer.bounds();
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
}

bool mesh_block(const SampleBlock& block, const CellTables& tables, SmoothScratch& s,
                ChunkMesh& out) {
    const Signs signs = sweep_signs(block, s);
    if (signs != Signs::Mixed) return signs == Signs::AllEqual;
    number_vertices(s);
    if (s.vertex_count == 0) return true;
    list_cells(tables, s);
    out.vertex_count = s.vertex_count;
    out.index_count = s.index_count;
    out.vertex_data.resize(s.vertex_count * ChunkMesh::kVertexSize);
    out.index_data.resize((s.index_count + 3 * RegularCase::kMaxTriangles) * out.index_size());
    emit_vertices(block, s, out);
    if (out.index_size() == 2) {
        emit_triangles<std::uint16_t>(tables, s, out);
    } else {
        emit_triangles<std::uint32_t>(tables, s, out);
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

tl::expected<void, VoxelError> SmoothMesher::mesh(const SampleBlock& block, ChunkMesh& out) {
    out.clear();
    if (!HWY_DYNAMIC_DISPATCH(mesh_block)(block, cell_tables(), *scratch_, out)) {
        return tl::unexpected(VoxelError{
            VoxelError::Kind::ZeroSample,
            "the generator wrote a sample of 0; every sample must be negative or positive"});
    }
    return {};
}

}  // namespace nebula::voxel
#endif
