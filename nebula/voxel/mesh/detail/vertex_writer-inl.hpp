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

#include <hwy/highway.h>

#include <algorithm>
#include <array>
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

// Places: where a vertex goes. All of their arithmetic is exact, so none of it rounds differently
// anywhere.

// On its edge.
struct OnTheEdge {
    template <class Float>
    void operator()(Float& /*x*/, Float& /*y*/, Float& /*z*/) const {}
};

// On the half side: the batch counts coarse voxels.
struct OnTheHalfSide {
    template <class Float>
    void operator()(Float& x, Float& y, Float& z) const {
        x = hn::Add(x, x);
        y = hn::Add(y, y);
        z = hn::Add(z, z);
    }
};

// On its edge, after the outermost cells have made room for the strips (README, "Strips"). At most
// one coordinate of a vertex is not whole, and it is n/4096. So among the factors of a product, at
// most one is neither 0 nor 1, or it is the width, a power of two.
class BehindTheStrips {
public:
    explicit BehindTheStrips(std::uint8_t mask) {
        for (std::size_t face = 0; face < masked_.size(); ++face) {
            masked_[face] = (mask >> face & 1U) != 0 ? 1.0F : 0.0F;
        }
    }

    template <class Float>
    void operator()(Float& x, Float& y, Float& z) const {
        const auto fade_x = fade(x, 0);
        const auto fade_y = fade(y, 2);
        const auto fade_z = fade(z, 4);
        x = hn::Add(x, hn::Mul(push(x, 0), hn::Mul(fade_y, fade_z)));
        y = hn::Add(y, hn::Mul(push(y, 2), hn::Mul(fade_z, fade_x)));
        z = hn::Add(z, hn::Mul(push(z, 4), hn::Mul(fade_x, fade_y)));
    }

private:
    // `face` is the lower one of the axis. How far the strips push a vertex inwards there.
    template <class Float>
    Float push(Float at, std::size_t face) const {
        const hn::DFromV<Float> d;
        const auto zero = hn::Zero(d);
        const auto near_low = hn::Max(hn::Sub(hn::Set(d, 1.0F), at), zero);
        const auto near_high = hn::Max(hn::Sub(at, hn::Set(d, float{kChunkSize - 1})), zero);
        return hn::Sub(hn::Mul(near_low, hn::Set(d, masked_[face] * detail::kStripWidth)),
                       hn::Mul(near_high, hn::Set(d, masked_[face + 1] * detail::kStripWidth)));
    }
    // 0 on a face without a strip, 1 from one voxel on.
    template <class Float>
    Float fade(Float at, std::size_t face) const {
        const hn::DFromV<Float> d;
        const auto from_high = hn::Sub(hn::Set(d, float{kChunkSize}), at);
        return hn::Min(hn::Set(d, 1.0F),
                       hn::Min(hn::Max(at, hn::Set(d, masked_[face])),
                               hn::Max(from_high, hn::Set(d, masked_[face + 1]))));
    }

    // 1 if the face has a strip, 0 if not.
    std::array<float, StripSamples::kFaces> masked_{};
};

// The second half: the same arithmetic for every vertex, one register at a time. IEEE 754
// rounds each of these operations in only one way, so the result does not depend on the lanes.
class VertexWriter {
public:
    explicit VertexWriter(ChunkMesh& out)
        : position_(reinterpret_cast<float*>(out.vertex_data.data())),
          normal_(reinterpret_cast<std::uint32_t*>(out.vertex_data.data() +
                                                   out.vertex_count * ChunkMesh::kPositionSize)) {}

    /// Writes all vertices of the batch, where `place` moves them, and empties it.
    template <class Place>
    void write(EdgeBatch& batch, const Place& place) {
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
            Unsigned ends_x, ends_y, ends_z, ends_sample;
            hn::LoadInterleaved4(kUnsigned, reinterpret_cast<const std::uint32_t*>(&batch.ends[i]),
                                 ends_x, ends_y, ends_z, ends_sample);
            const auto low = lower(ends_sample);
            const auto from = hn::Abs(low);
            const auto to = hn::Abs(higher(ends_sample));
            const auto at = hn::LoadU(kUnsigned, batch.place.data() + i);
            const auto axis = hn::BitCast(kInt, hn::ShiftRight<24>(at));
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
    using Float = hn::VFromD<decltype(kFloat)>;
    using Int = hn::VFromD<decltype(kInt)>;
    using Unsigned = hn::VFromD<decltype(kUnsigned)>;

    // A pair of 16-bit numbers, at the lower end and at the higher end.
    static Int lower(Unsigned ends) {
        return hn::ShiftRight<16>(hn::BitCast(kInt, hn::ShiftLeft<16>(ends)));
    }
    static Int higher(Unsigned ends) { return hn::ShiftRight<16>(hn::BitCast(kInt, ends)); }
    static Float coordinate(Unsigned v) {
        return number(hn::BitCast(kInt, hn::And(v, hn::Set(kUnsigned, 0xFF))));
    }
    static Float number(Int v) { return hn::ConvertTo(kFloat, v); }
    static float least(Float v) { return hn::GetLane(hn::MinOfLanes(kFloat, v)); }
    static float greatest(Float v) { return hn::GetLane(hn::MaxOfLanes(kFloat, v)); }

    static Float weighted(Unsigned ends, Int from, Int to) {
        return number(hn::Add(hn::Mul(lower(ends), to), hn::Mul(higher(ends), from)));
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

}  // namespace nebula::voxel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
