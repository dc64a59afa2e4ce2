// SPDX-License-Identifier: MIT
// Compiled once per instruction set, as mesh/blocky_mesher.cpp.
#include "nebula/voxel/mesh/detail/quad_vertices.hpp"

#include "nebula/voxel/mesh/octahedral.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nebula/voxel/mesh/detail/quad_vertices.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

HWY_BEFORE_NAMESPACE();
namespace nebula::voxel::detail::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Vertices, by shuffling the bytes of a quad.
class VertexWriter {
public:
    explicit VertexWriter(BlockyMesh& out)
        : position_(reinterpret_cast<float*>(out.surface.vertex_data.data())),
          color_(reinterpret_cast<std::uint8_t*>(out.attribute_data.data())) {}

#if HWY_TARGET == HWY_SCALAR
    // One lane cannot shuffle: the same, byte by byte.
    void write(const QuadList& quads, std::size_t axis, std::size_t way) {
        for (std::size_t i = 0; i < quads.count; ++i) {
            const Quad quad = quads.memory[i];
            const auto byte = [quad](std::size_t at) {
                return static_cast<std::uint8_t>(quad >> 8 * at & 0xFFU);
            };
            const Shade& shade = kShades[byte(5)];
            const VertexOrder& order = kVertexOrders[axis][way][shade.turned ? 1 : 0];
            for (std::size_t at = 0; at < 12; ++at) {
                *position_++ = static_cast<float>(byte(order.position[4 * at]));
            }
            for (std::size_t vertex = 0; vertex < 4; ++vertex) {
                *color_++ = shade.light[order.light[4 * vertex]];
                *color_++ = byte(6);
                *color_++ = byte(7);
                *color_++ = 0xFF;
            }
            widen(u_axis(axis), byte(0), byte(2));
            widen(v_axis(axis), byte(1), byte(3));
            widen(axis, byte(4), byte(4));
        }
    }
#else
    // The positions of the last quad overlap 16 bytes of the normals, which are written later.
    void write(const QuadList& quads, std::size_t axis, std::size_t way) {
        const std::array<VertexOrder, 2>& orders = kVertexOrders[axis][way];
        alignas(16) static constexpr std::array<std::uint8_t, 16> kIdBytes{
            kNo, 6, 7, kNo, kNo, 6, 7, kNo, kNo, 6, 7, kNo, kNo, 6, 7, kNo};
        const auto to_id = hn::Load(kColors, kIdBytes.data());
        const auto alpha = hn::BitCast(kColors, hn::Set(kColorWords, 0xFF000000U));
        auto least = hn::BitCast(kColors, hn::Set(kColorWords, ~0U));
        auto most = hn::Zero(kColors);
        for (std::size_t i = 0; i < quads.count; ++i) {
            const Quad quad = quads.memory[i];
            const Shade& shade = kShades[quad >> 40U & 0xFFU];
            const VertexOrder& order = orders[shade.turned ? 1 : 0];
            const auto everywhere = hn::BitCast(kPositions, hn::Set(kPositionQuads, quad));
            for (std::size_t at = 0; at < 48; at += hn::Lanes(kPositions)) {
                const auto numbers = hn::TableLookupBytesOr0(
                    everywhere, hn::Load(kPositions, order.position.data() + at));
                hn::StoreU(hn::ConvertTo(kFloats, hn::BitCast(kInts, numbers)), kFloats,
                           position_ + at / sizeof(float));
            }
            position_ += 12;

            const auto twice = hn::BitCast(kColors, hn::Set(kColorQuads, quad));
            least = hn::Min(least, twice);
            most = hn::Max(most, twice);
            std::uint32_t word;
            std::memcpy(&word, shade.light.data(), sizeof word);
            const auto light =
                hn::TableLookupBytesOr0(hn::BitCast(kColors, hn::Set(kColorWords, word)),
                                        hn::LoadU(kColors, order.light.data()));
            const auto id = hn::TableLookupBytesOr0(twice, to_id);
            hn::StoreU(hn::Or(hn::Or(light, id), alpha), kColors, color_);
            color_ += 16;
        }
        alignas(16) std::array<std::uint8_t, 16> low, high;
        hn::Store(least, kColors, low.data());
        hn::Store(most, kColors, high.data());
        widen(u_axis(axis), low[0], high[2]);
        widen(v_axis(axis), low[1], high[3]);
        widen(axis, low[4], high[4]);
    }
#endif

    [[nodiscard]] Aabb bounds() const {
        const auto point = [](const std::array<std::uint8_t, 3>& p) {
            return Vec3f{static_cast<float>(p[0]), static_cast<float>(p[1]),
                         static_cast<float>(p[2])};
        };
        return {point(least_), point(most_)};
    }

private:
#if HWY_TARGET != HWY_SCALAR
    static constexpr std::uint8_t kNo = kNoByte;
    static constexpr hn::CappedTag<std::uint8_t, 64> kPositions{};
    static constexpr hn::Repartition<Quad, decltype(kPositions)> kPositionQuads{};
    static constexpr hn::Repartition<float, decltype(kPositions)> kFloats{};
    static constexpr hn::RebindToSigned<decltype(kFloats)> kInts{};
    static constexpr hn::FixedTag<std::uint8_t, 16> kColors{};
    static constexpr hn::FixedTag<std::uint32_t, 4> kColorWords{};
    static constexpr hn::FixedTag<Quad, 2> kColorQuads{};
#endif

    void widen(std::size_t axis, std::uint8_t least, std::uint8_t most) {
        least_[axis] = std::min(least_[axis], least);
        most_[axis] = std::max(most_[axis], most);
    }

    float* position_;
    std::uint8_t* color_;
    std::array<std::uint8_t, 3> least_{255, 255, 255};
    std::array<std::uint8_t, 3> most_{};
};

void emit_vertices(const std::array<QuadList, 6>& quads, BlockyMesh& out) {
    VertexWriter writer(out);
    for (std::size_t side = 0; side < 6; ++side) {
        if (quads[side].count > 0) writer.write(quads[side], side / 2, side % 2);
    }
    out.surface.bounds = writer.bounds();
    auto* normal = reinterpret_cast<std::uint32_t*>(out.surface.vertex_data.data() +
                                                    out.surface.vertex_count *
                                                        BlockyMesh::Surface::kPositionSize);
    for (std::size_t side = 0; side < 6; ++side) {
        std::array<float, 3> direction{};
        direction[side / 2] = side % 2 == kForward ? 1.0F : -1.0F;
        const OctahedralNormal packed =
            octahedral_encode({direction[0], direction[1], direction[2]});
        normal =
            std::fill_n(normal, 4 * quads[side].count, packed.u | std::uint32_t{packed.v} << 16U);
    }
}

template <class Index>
void emit_indices(std::size_t quads, std::vector<std::byte>& out) {
    out.resize(quads * 6 * sizeof(Index));
    std::byte* at = out.data();
    for (std::size_t i = 0; i < quads; ++i, at += 6 * sizeof(Index)) {
        const auto index = [i](std::size_t vertex) { return static_cast<Index>(4 * i + vertex); };
        const std::array<Index, 6> six{index(0), index(1), index(2), index(0), index(2), index(3)};
        std::memcpy(at, six.data(), sizeof six);
    }
}

void emit_quads(const std::array<QuadList, 6>& quads, BlockyMesh& out) {
    std::size_t count = 0;
    for (const QuadList& list : quads) count += list.count;
    if (count == 0) {
        out.clear();
        return;
    }
    BlockyMesh::Surface& surface = out.surface;
    surface.vertex_count = static_cast<std::uint32_t>(4 * count);
    surface.index_count = static_cast<std::uint32_t>(6 * count);
    // Not cleared before: growing would fill with zeros what is overwritten anyway.
    surface.vertex_data.resize(surface.vertex_count * BlockyMesh::Surface::kVertexSize);
    out.attribute_data.resize(surface.vertex_count * BlockyMesh::kColorSize);
    emit_vertices(quads, out);
    if (surface.index_size() == 2) {
        emit_indices<std::uint16_t>(count, surface.index_data);
    } else {
        emit_indices<std::uint32_t>(count, surface.index_data);
    }
}

}  // namespace nebula::voxel::detail::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nebula::voxel::detail {
HWY_EXPORT(emit_quads);

void write_quads(const std::array<QuadList, 6>& quads, BlockyMesh& out) {
    HWY_DYNAMIC_DISPATCH(emit_quads)(quads, out);
}

}  // namespace nebula::voxel::detail
#endif
