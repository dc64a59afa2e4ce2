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

    // The positions of the last quad overlap 16 bytes of the normals, which are written later.
    void write(const QuadList& quads, std::size_t axis, std::size_t way) {
        const std::array<VertexOrder, 2>& orders = kVertexOrders[axis][way];
        alignas(16) static constexpr std::array<std::uint8_t, 16> id_bytes{
            kNo, 6, 7, kNo, kNo, 6, 7, kNo, kNo, 6, 7, kNo, kNo, 6, 7, kNo};
        const auto to_id = hn::Load(kColors, id_bytes.data());
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

    [[nodiscard]] Aabb bounds() const {
        const auto point = [](const std::array<std::uint8_t, 3>& p) {
            return Vec3f{static_cast<float>(p[0]), static_cast<float>(p[1]),
                         static_cast<float>(p[2])};
        };
        return {point(least_), point(most_)};
    }

private:
    static constexpr std::uint8_t kNo = kNoByte;
    static constexpr hn::CappedTag<std::uint8_t, 64> kPositions{};
    static constexpr hn::Repartition<Quad, decltype(kPositions)> kPositionQuads{};
    static constexpr hn::Repartition<float, decltype(kPositions)> kFloats{};
    static constexpr hn::RebindToSigned<decltype(kFloats)> kInts{};
    static constexpr hn::FixedTag<std::uint8_t, 16> kColors{};
    static constexpr hn::FixedTag<std::uint32_t, 4> kColorWords{};
    static constexpr hn::FixedTag<Quad, 2> kColorQuads{};

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
    auto* normal = reinterpret_cast<std::uint32_t*>(
        out.surface.vertex_data.data() + out.surface.vertex_count * ChunkMesh::kPositionSize);
    for (std::size_t side = 0; side < 6; ++side) {
        std::array<float, 3> direction{};
        direction[side / 2] = side % 2 == kForward ? 1.0F : -1.0F;
        const OctahedralNormal packed =
            octahedral_encode({direction[0], direction[1], direction[2]});
        normal =
            std::fill_n(normal, 4 * quads[side].count, packed.u | std::uint32_t{packed.v} << 16U);
    }
}

// Every quad has the same six indices, four higher than those of the quad before it. Three
// registers at once are whole quads; what they write past the end is cut off.
constexpr std::size_t kIndexPadding = 48;

template <class Index>
void emit_indices(std::size_t quads, std::vector<std::byte>& out) {
    constexpr std::size_t lanes = 16 / sizeof(Index);
    const hn::FixedTag<Index, lanes> d;
    alignas(16) std::array<Index, 3 * lanes> pattern;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        constexpr std::array<std::size_t, 6> vertex{0, 1, 2, 0, 2, 3};
        pattern[i] = static_cast<Index>(i / 6 * 4 + vertex[i % 6]);
    }
    auto a = hn::Load(d, pattern.data());
    auto b = hn::Load(d, pattern.data() + lanes);
    auto c = hn::Load(d, pattern.data() + 2 * lanes);
    const auto next = hn::Set(d, static_cast<Index>(3 * lanes / 6 * 4));

    out.resize(quads * 6 * sizeof(Index) + kIndexPadding);
    auto* index = reinterpret_cast<Index*>(out.data());
    for (std::size_t i = 0; i < quads; i += 3 * lanes / 6, index += 3 * lanes) {
        hn::StoreU(a, d, index);
        hn::StoreU(b, d, index + lanes);
        hn::StoreU(c, d, index + 2 * lanes);
        a = hn::Add(a, next);
        b = hn::Add(b, next);
        c = hn::Add(c, next);
    }
    out.resize(quads * 6 * sizeof(Index));
}

void emit_quads(const std::array<QuadList, 6>& quads, BlockyMesh& out) {
    std::size_t count = 0;
    for (const QuadList& list : quads) count += list.count;
    if (count == 0) {
        out.clear();
        return;
    }
    ChunkMesh& surface = out.surface;
    surface.vertex_count = static_cast<std::uint32_t>(4 * count);
    surface.index_count = static_cast<std::uint32_t>(6 * count);
    // Not cleared before: growing would fill with zeros what is overwritten anyway.
    surface.vertex_data.resize(surface.vertex_count * ChunkMesh::kVertexSize);
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
