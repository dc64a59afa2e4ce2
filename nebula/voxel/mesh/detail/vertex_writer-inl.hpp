// SPDX-License-Identifier: MIT
// Stage 4 of README, "Smooth mesher": from samples to vertices. Included once per instruction set.
#if defined(NEBULA_VOXEL_MESH_VERTEX_WRITER) == defined(HWY_TARGET_TOGGLE)
#ifdef NEBULA_VOXEL_MESH_VERTEX_WRITER
#undef NEBULA_VOXEL_MESH_VERTEX_WRITER
#else
#define NEBULA_VOXEL_MESH_VERTEX_WRITER
#endif

#include "nebula/voxel/mesh/chunk_mesh.hpp"
#include "nebula/voxel/mesh/detail/smooth_kernel.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace nebula::voxel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using detail::EdgeBatch;

// Puts the edge between two corners into place i of the batch.
HWY_INLINE void gather_edge(const detail::Corner* low, const detail::Corner* high,
                            std::uint32_t place, EdgeBatch& batch, std::size_t i) {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
    batch.ends[i] = {low->x, high->x, low->y, high->y, low->z, high->z, low->sample, high->sample};
#else
    const hn::FixedTag<std::int16_t, 8> d;
    hn::Store(hn::InterleaveLower(d, hn::LoadU(d, &low->x), hn::LoadU(d, &high->x)), d,
              batch.ends[i].data());
#endif
    batch.place[i] = place;
}

// Places: where a vertex goes, in units of 1/kUnitsPerVoxel voxel. All of their arithmetic is exact,
// so none of it rounds differently anywhere.

// On its edge.
struct OnTheEdge {
    template <class Int>
    void operator()(Int& /*x*/, Int& /*y*/, Int& /*z*/) const {}
};

// On the half side: the batch counts coarse voxels.
struct OnTheHalfSide {
    template <class Int>
    void operator()(Int& x, Int& y, Int& z) const {
        x = hn::Add(x, x);
        y = hn::Add(y, y);
        z = hn::Add(z, z);
    }
};

// Units in a voxel's 256th, to which a crossing is rounded before its vertex moves. That many times
// the width of a strip is one unit.
constexpr int kMovingStep = ChunkMesh::kUnitsPerVoxel / 256;
static_assert(kMovingStep * detail::kStripWidth == 1.0F);

// To n/256 voxel, which is still between the ends of the edge.
template <class Int>
Int before_it_moves(Int at) {
    const hn::DFromV<Int> d;
    return hn::And(hn::Add(at, hn::Set(d, kMovingStep / 2)), hn::Set(d, -kMovingStep));
}

// On a lid: where a vertex is before it moves.
struct OnALid {
    template <class Int>
    void operator()(Int& x, Int& y, Int& z) const {
        x = before_it_moves(x);
        y = before_it_moves(y);
        z = before_it_moves(z);
    }
};

// On its edge, after the outermost cells have made room for the strips (README, "Strips"). At most
// one coordinate of a vertex is not whole, and if the vertex moves, it is rounded to n/256 first. So
// among the factors of a product, at most one is neither 0 nor 1, and the product is their minimum;
// the width of 1/4 times it is a whole number of units.
class BehindTheStrips {
public:
    explicit BehindTheStrips(std::uint8_t mask) {
        for (std::size_t face = 0; face < masked_.size(); ++face) {
            masked_[face] = (mask >> face & 1U) != 0 ? -1 : 0;
        }
    }

    template <class Int>
    void operator()(Int& x, Int& y, Int& z) const {
        const auto near_x = before_it_moves(x);
        const auto near_y = before_it_moves(y);
        const auto near_z = before_it_moves(z);
        const auto fade_x = fade(near_x, 0);
        const auto fade_y = fade(near_y, 2);
        const auto fade_z = fade(near_z, 4);
        const auto by_x = push(near_x, 0, hn::Min(fade_y, fade_z));
        const auto by_y = push(near_y, 2, hn::Min(fade_z, fade_x));
        const auto by_z = push(near_z, 4, hn::Min(fade_x, fade_y));
        const hn::DFromV<Int> d;
        const auto moves = hn::Ne(hn::Or(hn::Or(by_x, by_y), by_z), hn::Zero(d));
        x = hn::IfThenElse(moves, hn::Add(near_x, by_x), x);
        y = hn::IfThenElse(moves, hn::Add(near_y, by_y), y);
        z = hn::IfThenElse(moves, hn::Add(near_z, by_z), z);
    }

private:
    static constexpr int kVoxel = ChunkMesh::kUnitsPerVoxel;
    // `face` is the lower one of the axis. How far the strips push a vertex inwards there, if `most`
    // is the lesser of the other two axes' factors.
    template <class Int>
    Int push(Int at, std::size_t face, Int most) const {
        const hn::DFromV<Int> d;
        const auto zero = hn::Zero(d);
        const auto near_low = hn::Max(hn::Sub(hn::Set(d, kVoxel), at), zero);
        const auto near_high = hn::Max(hn::Sub(at, hn::Set(d, (kChunkSize - 1) * kVoxel)), zero);
        const auto inwards =
            hn::Sub(hn::Min(hn::And(near_low, hn::Set(d, masked_[face])), most),
                    hn::Min(hn::And(near_high, hn::Set(d, masked_[face + 1])), most));
        return hn::ShiftRight<std::countr_zero(unsigned{kMovingStep})>(inwards);  // times the width
    }
    // 0 on a face without a strip, a voxel from one voxel on.
    template <class Int>
    Int fade(Int at, std::size_t face) const {
        const hn::DFromV<Int> d;
        const auto from_high = hn::Sub(hn::Set(d, kChunkSize * kVoxel), at);
        return hn::Min(hn::Set(d, kVoxel),
                       hn::Min(hn::Max(at, hn::Set(d, kVoxel & masked_[face])),
                               hn::Max(from_high, hn::Set(d, kVoxel & masked_[face + 1]))));
    }

    // All bits set if the face has a strip, 0 if not.
    std::array<std::int32_t, StripSamples::kFaces> masked_{};
};

// The second half: the same arithmetic for every vertex, one register at a time. IEEE 754
// rounds each of these operations in only one way, so the result does not depend on the lanes.
class VertexWriter {
public:
    explicit VertexWriter(ChunkMesh& out)
        : position_(reinterpret_cast<std::uint32_t*>(out.vertex_data.data())),
          normal_(reinterpret_cast<std::uint32_t*>(out.vertex_data.data() +
                                                   out.vertex_count * ChunkMesh::kPositionSize)) {}

    /// Writes all vertices of the batch, where `place` moves them, and empties it.
    template <class Place>
    void write(EdgeBatch& batch, const Place& place) {
        const std::size_t lanes = hn::Lanes(kFloat);
        std::size_t i = 0;
        auto min_x = hn::Set(kInt, least_[0]);
        auto min_y = hn::Set(kInt, least_[1]);
        auto min_z = hn::Set(kInt, least_[2]);
        auto max_x = hn::Set(kInt, greatest_[0]);
        auto max_y = hn::Set(kInt, greatest_[1]);
        auto max_z = hn::Set(kInt, greatest_[2]);
        // The lanes past the end repeat the last vertex, which does not change the bounds.
        batch.repeat_last(lanes);
        for (; i < batch.count; i += lanes) {
            Unsigned ends_x, ends_y, ends_z, ends_sample;
            hn::LoadInterleaved4(kUnsigned, reinterpret_cast<const std::uint32_t*>(&batch.ends[i]),
                                 ends_x, ends_y, ends_z, ends_sample);
            const auto low = lower(ends_sample);
            const auto from = hn::Abs(low);
            const auto to = hn::Abs(higher(ends_sample));
            const auto at = hn::LoadU(kUnsigned, batch.place.data() + i);
            const auto axis = hn::BitCast(kInt, hn::ShiftRight<24>(at));
            const auto along_x = hn::Eq(axis, hn::Zero(kInt));
            const auto along_y = hn::Eq(axis, hn::Set(kInt, 1));
            const auto along_z = hn::Eq(axis, hn::Set(kInt, 2));

            const auto units = hn::Set(kFloat, float{ChunkMesh::kUnitsPerVoxel});
            const auto half = hn::Set(kFloat, 0.5F);
            const auto t = hn::ConvertTo(
                kInt,
                hn::Add(hn::Div(hn::Mul(number(from), units), number(hn::Add(from, to))), half));
            auto x = hn::Add(coordinate(at), hn::IfThenElseZero(along_x, t));
            auto y = hn::Add(coordinate(hn::ShiftRight<8>(at)), hn::IfThenElseZero(along_y, t));
            auto z = hn::Add(coordinate(hn::ShiftRight<16>(at)), hn::IfThenElseZero(along_z, t));
            place(x, y, z);
            min_x = hn::Min(min_x, x);
            min_y = hn::Min(min_y, y);
            min_z = hn::Min(min_z, z);
            max_x = hn::Max(max_x, x);
            max_y = hn::Max(max_y, y);
            max_z = hn::Max(max_z, z);

            // Both gradients, weighted by how near they are; integers, not yet divided.
            auto nx = weighted(ends_x, from, to);
            auto ny = weighted(ends_y, from, to);
            auto nz = weighted(ends_z, from, to);
            // Without a gradient, the normal is the edge, from inside to outside.
            const auto none = hn::Eq(sum_of_magnitudes(nx, ny, nz), hn::Zero(kFloat));
            const auto outwards = hn::CopySign(hn::Set(kFloat, 1.0F), hn::Neg(number(low)));
            nx = hn::IfThenElse(hn::And(none, hn::RebindMask(kFloat, along_x)), outwards, nx);
            ny = hn::IfThenElse(hn::And(none, hn::RebindMask(kFloat, along_y)), outwards, ny);
            nz = hn::IfThenElse(hn::And(none, hn::RebindMask(kFloat, along_z)), outwards, nz);
            const auto axis_of_turn = half_turn(nx, ny, nz);

            const auto xy = hn::BitCast(kUnsigned, hn::Or(x, hn::ShiftLeft<16>(y)));
            const auto z_turn =
                hn::Or(hn::BitCast(kUnsigned, z),
                       hn::Set(kUnsigned, std::uint32_t{ChunkMesh::kHalfTurn} << 16U));

            const std::size_t left = batch.count - i;
            if (left >= lanes) {
                hn::StoreInterleaved2(xy, z_turn, kUnsigned, position_);
                hn::StoreU(axis_of_turn, kUnsigned, normal_);
                position_ += 2 * lanes;
                normal_ += lanes;
            } else {
                std::array<std::uint32_t, 2 * hn::MaxLanes(kUnsigned)> positions;
                std::array<std::uint32_t, hn::MaxLanes(kUnsigned)> normals;
                hn::StoreInterleaved2(xy, z_turn, kUnsigned, positions.data());
                hn::StoreU(axis_of_turn, kUnsigned, normals.data());
                position_ = std::copy_n(positions.data(), 2 * left, position_);
                normal_ = std::copy_n(normals.data(), left, normal_);
            }
        }
        batch.count = 0;
        least_ = {least(min_x), least(min_y), least(min_z)};
        greatest_ = {greatest(max_x), greatest(max_y), greatest(max_z)};
    }

    [[nodiscard]] Aabb bounds() const {
        const auto in_voxels = [](const std::array<std::int32_t, 3>& units) {
            constexpr float voxel = 1.0F / ChunkMesh::kUnitsPerVoxel;
            return Vec3f{static_cast<float>(units[0]) * voxel, static_cast<float>(units[1]) * voxel,
                         static_cast<float>(units[2]) * voxel};
        };
        return {in_voxels(least_), in_voxels(greatest_)};
    }

private:
    static constexpr hn::ScalableTag<float> kFloat{};
    static constexpr hn::RebindToSigned<hn::ScalableTag<float>> kInt{};
    static constexpr hn::RebindToUnsigned<hn::ScalableTag<float>> kUnsigned{};
    using Float = hn::VFromD<decltype(kFloat)>;
    using Int = hn::VFromD<decltype(kInt)>;
    using Unsigned = hn::VFromD<decltype(kUnsigned)>;

    // A pair of 16-bit numbers, at the lower end and at the higher end.
    static Int lower(Unsigned ends) {
        return hn::ShiftRight<16>(hn::BitCast(kInt, hn::ShiftLeft<16>(ends)));
    }
    static Int higher(Unsigned ends) { return hn::ShiftRight<16>(hn::BitCast(kInt, ends)); }
    // Of the low byte, in units.
    static Int coordinate(Unsigned v) {
        constexpr int shift = std::countr_zero(unsigned{ChunkMesh::kUnitsPerVoxel});
        return hn::BitCast(kInt, hn::ShiftLeft<shift>(hn::And(v, hn::Set(kUnsigned, 0xFF))));
    }
    static Float number(Int v) { return hn::ConvertTo(kFloat, v); }
    static std::int32_t least(Int v) { return hn::GetLane(hn::MinOfLanes(kInt, v)); }
    static std::int32_t greatest(Int v) { return hn::GetLane(hn::MaxOfLanes(kInt, v)); }

    static Float weighted(Unsigned ends, Int from, Int to) {
        return number(hn::Add(hn::Mul(lower(ends), to), hn::Mul(higher(ends), from)));
    }
    static Float sum_of_magnitudes(Float x, Float y, Float z) {
        return hn::Add(hn::Add(hn::Abs(x), hn::Abs(y)), hn::Abs(z));
    }

    // half_turn_to of half_turn.cpp, operation for operation.
    static Unsigned half_turn(Float nx, Float ny, Float nz) {
        const auto zero = hn::Zero(kFloat);
        const auto one = hn::Set(kFloat, 1.0F);
        const auto level = hn::Add(hn::Mul(nx, nx), hn::Mul(ny, ny));
        const auto length = hn::Sqrt(hn::Add(level, hn::Mul(nz, nz)));
        const auto reach = hn::Add(length, hn::Abs(nz));
        const auto down = hn::Lt(nz, zero);
        const auto y = hn::IfThenElse(down, hn::Mul(ny, reach), ny);
        const auto z = hn::IfThenElse(down, level, reach);
        const auto x =
            hn::IfThenElse(hn::Eq(z, zero), one, hn::IfThenElse(down, hn::Mul(nx, reach), nx));
        const auto scale = hn::Div(one, hn::Add(hn::Add(hn::Abs(x), hn::Abs(y)), z));
        const auto pack = [&](Float f) {
            const auto packed = hn::Add(hn::Mul(hn::Mul(f, scale), hn::Set(kFloat, 32767.5F)),
                                        hn::Set(kFloat, 32768.0F));
            return hn::BitCast(kUnsigned, hn::ConvertTo(kInt, packed));
        };
        return hn::Or(pack(x), hn::ShiftLeft<16>(pack(y)));
    }

    std::uint32_t* position_;
    std::uint32_t* normal_;
    // In units.
    std::array<std::int32_t, 3> least_{0xFFFF, 0xFFFF, 0xFFFF};
    std::array<std::int32_t, 3> greatest_{};
};

}  // namespace nebula::voxel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
