// SPDX-License-Identifier: MIT
// The stages of README, "Blocky mesher", in order. Everything between HWY_BEFORE_NAMESPACE and
// HWY_AFTER_NAMESPACE is compiled once per instruction set; the best one is chosen at run time.
#include "nebula/voxel/mesh/blocky_mesher.hpp"

#include "nebula/voxel/mesh/detail/blocky_kernel.hpp"
#include "nebula/voxel/mesh/octahedral.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nebula/voxel/mesh/blocky_mesher.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>
#include <string>

HWY_BEFORE_NAMESPACE();
namespace nebula::voxel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using detail::BlockyScratch;
using detail::Faces;
using detail::kLayerRows;
using detail::kMaxEdge;
using detail::Plane;
using detail::Planes;
using detail::Quad;
using detail::QuadRun;
using detail::Word;

constexpr hn::CappedTag<BlockId, BlockGrid::kReadable> kIds{};
constexpr hn::CappedTag<Word, 8> kWords{};
using Ids = hn::VFromD<decltype(kIds)>;
using Words = hn::VFromD<decltype(kWords)>;

// Stage 1. A grid of one type has no faces: most chunks of a world.
bool all_equal(std::span<const BlockId> ids) {
    const std::size_t lanes = hn::Lanes(kIds);
    const auto first = hn::Set(kIds, ids[0]);
    std::size_t i = 0;
    for (; i + 4 * lanes <= ids.size(); i += 4 * lanes) {
        const auto differs = [&](std::size_t at) {
            return hn::Xor(hn::LoadU(kIds, ids.data() + at), first);
        };
        const auto any = hn::Or(hn::Or(differs(i), differs(i + lanes)),
                                hn::Or(differs(i + 2 * lanes), differs(i + 3 * lanes)));
        if (!hn::AllTrue(kIds, hn::Eq(any, hn::Zero(kIds)))) return false;
    }
    return std::all_of(ids.begin() + static_cast<std::ptrdiff_t>(i), ids.end(),
                       [&](BlockId id) { return id == ids[0]; });
}

// Stage 2: one bit per block, from a test of a register of blocks. Rows along x come out of the
// test's mask. Rows along y collect in the lanes, one bit of 16 blocks' each: that transposes the
// bits at no cost.
template <class Test>
void sweep(const BlockGrid& grid, int rows, int slices, Test&& test, Planes& out) {
    constexpr std::size_t groups = kMaxEdge / 16;
    const std::size_t lanes = hn::Lanes(kIds);
    const int edge = grid.edge();
    const auto width = static_cast<std::size_t>(edge);
    const Word row_bits = ~Word{0} >> (64U - static_cast<unsigned>(edge));
    std::array<std::array<BlockId, kMaxEdge + BlockGrid::kReadable>, groups> columns{};
    std::array<Word, kMaxEdge + BlockGrid::kReadable> words;
    const BlockId* const ids = grid.ids().data();
    for (int z = 0; z < slices; ++z) {
        Word* const along_x = out[2].layer(z);
        for (std::size_t x = 0; x < width; x += lanes) {
            for (int first = 0; first < rows; first += 16) {
                auto column = hn::Zero(kIds);
                auto bit = hn::Set(kIds, BlockId{1});
                for (int y = first; y < std::min(first + 16, rows); ++y) {
                    const auto hit = test(ids + static_cast<std::size_t>(z * edge + y) * width + x);
                    hn::StoreMaskBits(kIds, hit,
                                      reinterpret_cast<std::uint8_t*>(along_x + y) + x / 8);
                    column = hn::Or(column, hn::IfThenElseZero(hit, bit));
                    bit = hn::Add(bit, bit);
                }
                hn::StoreU(column, kIds, columns[static_cast<std::size_t>(first / 16)].data() + x);
            }
        }
        for (std::size_t x = 0; x < width; x += lanes) {
            const auto load = [&](std::size_t group) {
                return hn::LoadU(kIds, columns[group].data() + x);
            };
            hn::StoreInterleaved4(load(0), load(1), load(2), load(3), kIds,
                                  reinterpret_cast<BlockId*>(words.data() + x));
        }
        for (int i = 0; i < edge; ++i) {
            along_x[i] &= row_bits;
            out[1].layer(i)[z] = along_x[i];
            out[0].layer(i)[z] = words[static_cast<std::size_t>(i)];
        }
    }
}

struct IdRange {
    BlockId least = 0;  // of the blocks that are not air
    BlockId most = 0;   // 0: all air
};

IdRange sweep_blocks(const BlockGrid& grid, Planes& block) {
    const auto zero = hn::Zero(kIds);
    const auto one = hn::Set(kIds, BlockId{1});
    auto least = hn::Set(kIds, BlockId{0xFFFF});
    auto most = zero;
    sweep(
        grid, grid.edge(), grid.edge(),
        [&](const BlockId* at) {
            const auto ids = hn::LoadU(kIds, at);
            least = hn::Min(least, hn::Sub(ids, one));  // air wraps around to the highest number
            most = hn::Max(most, ids);
            return hn::Ne(ids, zero);
        },
        block);
    return {static_cast<BlockId>(hn::GetLane(hn::MinOfLanes(kIds, least)) + 1U),
            hn::GetLane(hn::MaxOfLanes(kIds, most))};
}

// Beyond so many runs of types, looking at every id alone is faster.
constexpr std::size_t kMostRuns = 12;

// Whether there are see-through blocks; if so, `s.opaque` is what the others are.
bool sweep_see_through(const BlockGrid& grid, const BlockTypes& types, IdRange range,
                       BlockyScratch& s) {
    std::array<BlockTypes::Run, kMostRuns> runs;
    std::size_t count = 0;
    for (const BlockTypes::Run& run : types.see_through()) {
        if (run.last < range.least || run.first > range.most) continue;
        if (count < kMostRuns) runs[count] = run;
        ++count;
    }
    if (count == 0) return false;
    const auto zero = hn::Zero(kIds);
    if (count <= kMostRuns) {
        sweep(
            grid, grid.edge(), grid.edge(),
            [&](const BlockId* at) {
                const auto ids = hn::LoadU(kIds, at);
                auto see_through = zero;
                for (std::size_t i = 0; i < count; ++i) {
                    const auto offset = hn::Sub(ids, hn::Set(kIds, runs[i].first));
                    const auto size =
                        hn::Set(kIds, static_cast<BlockId>(runs[i].last - runs[i].first));
                    see_through = hn::Or(
                        see_through, hn::VecFromMask(kIds, hn::Eq(hn::Min(offset, size), offset)));
                }
                return hn::Eq(hn::Or(see_through, hn::VecFromMask(kIds, hn::Eq(ids, zero))), zero);
            },
            s.opaque);
    } else {
        sweep(
            grid, grid.edge(), grid.edge(),
            [&](const BlockId* at) {
                std::array<BlockId, BlockGrid::kReadable> opaque;
                for (std::size_t i = 0; i < hn::Lanes(kIds); ++i) {
                    opaque[i] = types.is_opaque(at[i]) ? 1 : 0;
                }
                return hn::Ne(hn::LoadU(kIds, opaque.data()), zero);
            },
            s.opaque);
    }
    return true;
}

// Which blocks have the type of their next neighbour. The last layer has no next one.
void sweep_same(const BlockGrid& grid, std::array<Planes, 3>& same) {
    const auto edge = static_cast<std::size_t>(grid.edge());
    const auto compare = [](std::size_t step) {
        return [step](const BlockId* at) {
            return hn::Eq(hn::LoadU(kIds, at), hn::LoadU(kIds, at + step));
        };
    };
    sweep(grid, grid.edge(), grid.edge(), compare(1), same[0]);
    sweep(grid, grid.edge() - 1, grid.edge(), compare(edge), same[1]);
    sweep(grid, grid.edge(), grid.edge() - 1, compare(edge * edge), same[2]);
}

// Stage 3: the faces of one layer's neighbours that look into the layer, and which of them merge.
class LayerFaces {
public:
    // `same` may be null: all blocks are of one type, and it is opaque.
    LayerFaces(std::size_t axis, int size, const Planes& block, const Planes& opaque,
               const std::array<Planes, 3>* same, bool see_through)
        : size_(size),
          inner_(((Word{1} << static_cast<unsigned>(size)) - 1) << 1U),
          block_(block[axis]),
          opaque_(opaque[axis]),
          same_u_(same != nullptr ? &(*same)[detail::u_axis(axis)][axis] : nullptr),
          same_ahead_(see_through ? &(*same)[axis][axis] : nullptr) {}

    // Whether any face looks into layer `front`, backward or forward.
    std::array<bool, 2> find(int front) const {
        std::array<bool, 2> found{};
        for (const bool forward : {false, true}) {
            if (!has_back(front, forward)) continue;
            auto any = hn::Zero(kWords);
            for (std::size_t row = 1; row <= rows(); row += hn::Lanes(kWords)) {
                any = hn::Or(any, shown(front, forward, row));
            }
            found[forward ? 1 : 0] =
                !hn::AllTrue(kWords, hn::Eq(hn::And(any, hn::Set(kWords, inner_)),
                                            hn::Zero(kWords)));
        }
        return found;
    }

    void merge(int front, std::array<bool, 2> found, BlockyScratch& s) const {
        const Word* const air = opaque_.layer(front);
        const auto inner = hn::Set(kWords, inner_);
        for (std::size_t row = 1; row <= rows(); row += hn::Lanes(kWords)) {
            const auto before = corners(hn::LoadU(kWords, air + row - 1), hn::LoadU(kWords, air + row));
            const auto after = corners(hn::LoadU(kWords, air + row), hn::LoadU(kWords, air + row + 1));
            hn::StoreU(before.low, kWords, s.dark_low.data() + row - 1);
            hn::StoreU(before.high, kWords, s.dark_high.data() + row - 1);
            hn::StoreU(after.low, kWords, s.dark_low.data() + row);
            hn::StoreU(after.high, kWords, s.dark_high.data() + row);
            // Equally light at both ends of u, or of v: at the lower and at the higher pair.
            const auto slope_u = hn::Or(before.slope(), after.slope());
            const auto step_v = hn::Or(hn::Xor(before.low, after.low), hn::Xor(before.high, after.high));
            const auto slope_v = hn::Or(step_v, hn::ShiftLeft<1>(step_v));
            for (const bool forward : {false, true}) {
                Faces& faces = s.faces[forward ? 1 : 0];
                if (!found[forward ? 1 : 0]) continue;
                const auto all = hn::And(shown(front, forward, row), inner);
                const auto level = hn::AndNot(slope_u, all);
                auto along_u = hn::And(level, hn::ShiftRight<1>(level));
                if (same_u_ != nullptr) {
                    along_u = hn::And(along_u,
                                      hn::LoadU(kWords, same_u_->layer(back(front, forward)) + row));
                }
                hn::StoreU(all, kWords, faces.shown.data() + row);
                hn::StoreU(along_u, kWords, faces.along_u.data() + row);
                hn::StoreU(hn::AndNot(slope_v, all), kWords, faces.level_v.data() + row);
            }
        }
        for (Faces& faces : s.faces) faces.level_v[rows() + 1] = 0;  // the ring
    }

    // The layer whose faces look into layer `front`.
    static int back(int front, bool forward) { return forward ? front - 1 : front + 1; }
    bool has_back(int front, bool forward) const {
        return back(front, forward) >= 1 && back(front, forward) <= size_;
    }

private:
    struct Corners {
        Words low, high;
        // Bit b: the corners on either side of bit b differ.
        Words slope() const {
            return hn::Or(hn::Xor(low, hn::ShiftLeft<1>(low)), hn::Xor(high, hn::ShiftLeft<1>(high)));
        }
    };

    // How dark the corners between two rows are: the number of opaque ones among their four blocks,
    // except that two opaque blocks which touch only at the corner count as three.
    static Corners corners(Words a, Words c) {
        const auto b = hn::ShiftRight<1>(a);
        const auto d = hn::ShiftRight<1>(c);
        const auto ab = hn::Xor(a, b);
        const auto cd = hn::Xor(c, d);
        const auto crossed = hn::And(hn::And(ab, cd), hn::Xor(a, c));
        const auto both = hn::Or(hn::And(a, b), hn::And(c, d));
        return {hn::Or(hn::Xor(ab, cd), crossed),
                hn::Or(both, hn::And(hn::Or(a, b), hn::Or(c, d)))};
    }

    Words shown(int front, bool forward, std::size_t row) const {
        const int from = back(front, forward);
        const auto block = hn::LoadU(kWords, block_.layer(from) + row);
        auto hidden = hn::LoadU(kWords, opaque_.layer(front) + row);
        if (same_ahead_ != nullptr) {
            // An opaque block's next one of the same type is opaque as well.
            hidden = hn::Or(
                hidden, hn::LoadU(kWords, same_ahead_->layer(std::min(from, front)) + row));
        }
        return hn::AndNot(hidden, block);
    }

    std::size_t rows() const { return static_cast<std::size_t>(size_); }

    int size_;
    Word inner_;  // the bits that are not in the ring
    const Plane& block_;
    const Plane& opaque_;
    const Plane* same_u_;
    const Plane* same_ahead_;
};

// Stage 4: takes rectangles of mergeable faces until none is left.
struct QuadSink {
    const BlockId* ids;      // of the layer's block at bit 0 of row 0
    std::size_t step_u;      // from bit to bit, in ids
    std::size_t step_v;      // from row to row
    const Word* same_v;      // rows of bits: has the type of the next block along v
    Quad base;               // the plane's coordinate
};

void take_quads(const QuadSink& sink, std::size_t rows, Faces& faces, BlockyScratch& s) {
    Quad* out = s.quads.data() + s.quad_count;
    for (std::size_t row = 1; row <= rows; ++row) {
        Word left = faces.shown[row];
        while (left != 0) {
            const auto bit = static_cast<unsigned>(std::countr_zero(left));
            const Word joined = (faces.along_u[row] & left >> 1U) >> bit;
            const auto length = static_cast<unsigned>(std::countr_one(joined)) + 1;
            const Word mask = (~Word{0} >> (64 - length)) << bit;
            left &= ~mask;
            std::size_t last = row;
            if ((faces.level_v[row] & mask) == mask) {
                while ((faces.level_v[last + 1] & sink.same_v[last] & mask) == mask) {
                    ++last;
                    faces.shown[last] &= ~mask;
                }
            }
            const auto dark = [&](std::size_t line, unsigned column) {
                return (s.dark_low[line] >> column & 1U) | (s.dark_high[line] >> column & 1U) << 1U;
            };
            const BlockId id = sink.ids[row * sink.step_v + bit * sink.step_u];
            *out++ = sink.base | (bit - 1U) | (row - 1) << 8U | Quad{bit - 1U + length} << 16U |
                     last << 24U | dark(row - 1, bit - 1) << 40U |
                     dark(row - 1, bit - 1 + length) << 42U | dark(last, bit - 1 + length) << 44U |
                     dark(last, bit - 1) << 46U | Quad{id} << 48U;
        }
    }
    s.quad_count = static_cast<std::size_t>(out - s.quads.data());
}

void collect_quads(const BlockGrid& grid, const BlockTypes& types, IdRange range,
                   BlockyScratch& s) {
    const bool see_through = sweep_see_through(grid, types, range, s);
    const bool mixed = see_through || range.least != range.most;
    if (mixed) sweep_same(grid, s.same);
    std::array<Word, kLayerRows> all;
    all.fill(~Word{0});

    const int size = grid.size();
    const auto edge = static_cast<std::size_t>(grid.edge());
    const std::array<std::size_t, 3> steps{1, edge, edge * edge};
    const auto most_per_layer = static_cast<std::size_t>(size * size);
    s.quad_count = 0;
    s.runs.clear();
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const LayerFaces layer(axis, size, s.block, see_through ? s.opaque : s.block,
                               mixed ? &s.same : nullptr, see_through);
        for (int front = 0; front <= size + 1; ++front) {
            const std::array<bool, 2> found = layer.find(front);
            if (!found[0] && !found[1]) continue;
            layer.merge(front, found, s);
            for (const bool forward : {false, true}) {
                if (!found[forward ? 1 : 0]) continue;
                if (s.quads.size() < s.quad_count + most_per_layer) {
                    s.quads.resize(2 * (s.quad_count + most_per_layer));
                }
                const int back = LayerFaces::back(front, forward);
                // Layer 1 begins at the chunk's coordinate 0.
                const int plane = forward ? back : back - 1;
                take_quads({grid.ids().data() + static_cast<std::size_t>(back) * steps[axis],
                            steps[detail::u_axis(axis)], steps[detail::v_axis(axis)],
                            mixed ? s.same[detail::v_axis(axis)][axis].layer(back) : all.data(),
                            Quad(static_cast<unsigned>(plane)) << 32U},
                           static_cast<std::size_t>(size), s.faces[forward ? 1 : 0], s);
                s.runs.push_back({static_cast<std::uint8_t>(axis), forward,
                                  static_cast<std::uint32_t>(s.quad_count)});
            }
        }
    }
}

// Stage 5: quads to vertices, by shuffling the bytes of a quad.
constexpr hn::FixedTag<std::uint8_t, 16> kBytes{};
constexpr std::uint8_t kNone = 0x80;  // gives 0

struct VertexOrder {
    alignas(16) std::array<std::array<std::uint8_t, 16>, 3> position;  // bytes of the quad
    alignas(16) std::array<std::uint8_t, 16> light;                    // bytes of the lights
};

// Clockwise from the front. Turned by one vertex, the diagonal of the two triangles joins the other
// two corners.
constexpr VertexOrder vertex_order(std::size_t axis, bool forward, bool turned) {
    VertexOrder order{};
    for (auto& bytes : order.position) bytes.fill(kNone);
    order.light.fill(kNone);
    // u x v points backward on the y axis alone.
    const bool corners_are_clockwise = forward == (axis == 1);
    for (std::size_t i = 0; i < 4; ++i) {
        const std::size_t at = (i + (turned ? 1 : 0)) % 4;
        const std::size_t corner = corners_are_clockwise ? at : (4 - at) % 4;
        const bool high_u = corner == 1 || corner == 2;
        const bool high_v = corner >= 2;
        for (std::size_t coordinate = 0; coordinate < 3; ++coordinate) {
            const int byte = coordinate == axis                   ? 4
                             : coordinate == detail::u_axis(axis) ? (high_u ? 2 : 0)
                                                                  : (high_v ? 3 : 1);
            const std::size_t lane = 3 * i + coordinate;
            order.position[lane / 4][lane % 4 * 4] = static_cast<std::uint8_t>(byte);
        }
        order.light[4 * i] = static_cast<std::uint8_t>(corner);
    }
    return order;
}

constexpr auto kVertexOrders = [] {
    std::array<std::array<std::array<VertexOrder, 2>, 2>, 3> orders{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
        for (const bool forward : {false, true}) {
            for (const bool turned : {false, true}) {
                orders[axis][forward ? 1 : 0][turned ? 1 : 0] = vertex_order(axis, forward, turned);
            }
        }
    }
    return orders;
}();

// For the four corners' darkness, the quad's byte 5.
struct Shade {
    std::array<std::uint8_t, 4> light;  // by corner
    bool turned = false;                // the diagonal joins corners 1 and 3
};

constexpr auto kShades = [] {
    std::array<Shade, 256> shades{};
    for (unsigned dark = 0; dark < 256; ++dark) {
        const auto at = [&](unsigned corner) { return dark >> (2 * corner) & 3U; };
        for (unsigned i = 0; i < 4; ++i) {
            shades[dark].light[i] = static_cast<std::uint8_t>(85U * (3U - at(i)));
        }
        // The diagonal joins the lighter pair of corners.
        shades[dark].turned = at(1) + at(3) < at(0) + at(2);
    }
    return shades;
}();

void emit_vertices(const BlockyScratch& s, BlockyMesh& out) {
    const hn::FixedTag<float, 4> floats;
    const hn::FixedTag<std::int32_t, 4> ints;
    const hn::FixedTag<std::uint32_t, 4> colors;
    const hn::FixedTag<std::uint64_t, 2> halves;
    alignas(16) static constexpr std::array<std::uint8_t, 16> id_bytes{
        kNone, 6, 7, kNone, kNone, 6, 7, kNone, kNone, 6, 7, kNone, kNone, 6, 7, kNone};
    const auto to_id = hn::Load(kBytes, id_bytes.data());
    const auto alpha = hn::BitCast(kBytes, hn::Set(colors, 0xFF000000U));

    auto* position = reinterpret_cast<float*>(out.surface.vertex_data.data());
    auto* normal = reinterpret_cast<std::uint32_t*>(
        out.surface.vertex_data.data() + out.surface.vertex_count * ChunkMesh::kPositionSize);
    auto* color = reinterpret_cast<std::uint8_t*>(out.attribute_data.data());
    std::array<std::array<std::uint8_t, 3>, 2> bounds{{{255, 255, 255}, {0, 0, 0}}};
    std::size_t i = 0;
    for (const QuadRun& run : s.runs) {
        const auto& orders = kVertexOrders[run.axis][run.forward ? 1 : 0];
        const std::size_t first = i;
        auto least = hn::Set(halves, ~std::uint64_t{0});
        auto most = hn::Zero(halves);
        auto least_b = hn::BitCast(kBytes, least);
        auto most_b = hn::BitCast(kBytes, most);
        for (; i < run.end; ++i) {
            const Quad quad = s.quads[i];
            const Shade& shade = kShades[quad >> 40U & 0xFFU];
            const VertexOrder& order = orders[shade.turned ? 1 : 0];
            const auto bytes = hn::BitCast(kBytes, hn::Set(halves, quad));
            least_b = hn::Min(least_b, bytes);
            most_b = hn::Max(most_b, bytes);
            for (std::size_t part = 0; part < 3; ++part) {
                const auto numbers =
                    hn::TableLookupBytesOr0(bytes, hn::Load(kBytes, order.position[part].data()));
                hn::StoreU(hn::ConvertTo(floats, hn::BitCast(ints, numbers)), floats, position);
                position += 4;
            }
            std::uint32_t light;
            std::memcpy(&light, shade.light.data(), sizeof light);
            const auto lights =
                hn::TableLookupBytesOr0(hn::BitCast(kBytes, hn::Set(colors, light)),
                                        hn::Load(kBytes, order.light.data()));
            hn::StoreU(hn::Or(hn::Or(lights, hn::TableLookupBytesOr0(bytes, to_id)), alpha), kBytes,
                       color);
            color += 16;
        }
        std::array<float, 3> direction{};
        direction[run.axis] = run.forward ? 1.0F : -1.0F;
        const OctahedralNormal packed =
            octahedral_encode({direction[0], direction[1], direction[2]});
        const std::uint32_t word = packed.u | std::uint32_t{packed.v} << 16U;
        normal = std::fill_n(normal, 4 * (i - first), word);
        if (i > first) {
            alignas(16) std::array<std::uint8_t, 16> low, high;
            hn::Store(least_b, kBytes, low.data());
            hn::Store(most_b, kBytes, high.data());
            const auto widen = [&](std::size_t axis, std::uint8_t from, std::uint8_t to) {
                bounds[0][axis] = std::min(bounds[0][axis], from);
                bounds[1][axis] = std::max(bounds[1][axis], to);
            };
            widen(detail::u_axis(run.axis), low[0], high[2]);
            widen(detail::v_axis(run.axis), low[1], high[3]);
            widen(run.axis, low[4], high[4]);
        }
    }
    const auto point = [](const std::array<std::uint8_t, 3>& p) {
        return Vec3f{static_cast<float>(p[0]), static_cast<float>(p[1]), static_cast<float>(p[2])};
    };
    out.surface.bounds = {point(bounds[0]), point(bounds[1])};
}

// Every quad has the same six indices, four higher than those of the quad before it.
template <class Index>
void emit_indices(std::size_t quads, Index* out) {
    constexpr std::size_t lanes = 16 / sizeof(Index);
    const hn::FixedTag<Index, lanes> d;
    constexpr std::size_t quads_at_once = lanes / 2;  // three registers
    alignas(16) std::array<Index, 3 * lanes> pattern;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        constexpr std::array<std::size_t, 6> corners{0, 1, 2, 0, 2, 3};
        pattern[i] = static_cast<Index>(i / 6 * 4 + corners[i % 6]);
    }
    auto a = hn::Load(d, pattern.data());
    auto b = hn::Load(d, pattern.data() + lanes);
    auto c = hn::Load(d, pattern.data() + 2 * lanes);
    const auto next = hn::Set(d, static_cast<Index>(4 * quads_at_once));
    for (std::size_t i = 0; i < quads; i += quads_at_once, out += 3 * lanes) {
        hn::StoreU(a, d, out);
        hn::StoreU(b, d, out + lanes);
        hn::StoreU(c, d, out + 2 * lanes);
        a = hn::Add(a, next);
        b = hn::Add(b, next);
        c = hn::Add(c, next);
    }
}

// False: the grid has an id that `types` does not know.
bool mesh_grid(const BlockGrid& grid, const BlockTypes& types, BlockyScratch& s, BlockyMesh& out) {
    if (all_equal(grid.ids())) {
        out.clear();
        return types.knows(grid.ids()[0]);
    }
    const IdRange range = sweep_blocks(grid, s.block);
    if (!types.knows(range.most)) return false;
    collect_quads(grid, types, range, s);
    if (s.quad_count == 0) {
        out.clear();
        return true;
    }
    ChunkMesh& surface = out.surface;
    surface.vertex_count = static_cast<std::uint32_t>(4 * s.quad_count);
    surface.index_count = static_cast<std::uint32_t>(6 * s.quad_count);
    surface.vertex_data.resize(surface.vertex_count * ChunkMesh::kVertexSize);
    out.attribute_data.resize(surface.vertex_count * BlockyMesh::kColorSize);
    emit_vertices(s, out);
    const std::size_t index_bytes = surface.index_count * surface.index_size();
    surface.index_data.resize(index_bytes + 48);  // whole registers, three at a time
    if (surface.index_size() == 2) {
        emit_indices(s.quad_count, reinterpret_cast<std::uint16_t*>(surface.index_data.data()));
    } else {
        emit_indices(s.quad_count, reinterpret_cast<std::uint32_t*>(surface.index_data.data()));
    }
    surface.index_data.resize(index_bytes);
    return true;
}

}  // namespace nebula::voxel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nebula::voxel {
namespace {

VoxelError unknown_block(const BlockGrid& grid, const BlockTypes& types) {
    const auto ids = grid.ids();
    const auto at = std::find_if_not(ids.begin(), ids.end(),
                                     [&](BlockId id) { return types.knows(id); });
    const auto index = static_cast<int>(at - ids.begin());
    const int edge = grid.edge();
    const auto text = [](Vec3i p) {
        return "(" + std::to_string(p.x) + ", " + std::to_string(p.y) + ", " + std::to_string(p.z) +
               ")";
    };
    const Vec3i block{index % edge - 1, index / edge % edge - 1, index / (edge * edge) - 1};
    return {VoxelError::Kind::UnknownBlock,
            "block " + text(block) + " of chunk " + text(grid.chunk) + " has the id " +
                std::to_string(*at) + ", but the highest known id is " +
                std::to_string(types.count())};
}

}  // namespace

HWY_EXPORT(mesh_grid);

struct BlockyMesher::Scratch : detail::BlockyScratch {};

BlockyMesher::BlockyMesher() : scratch_(std::make_unique<Scratch>()) {}
BlockyMesher::~BlockyMesher() = default;
BlockyMesher::BlockyMesher(BlockyMesher&&) noexcept = default;
BlockyMesher& BlockyMesher::operator=(BlockyMesher&&) noexcept = default;

tl::expected<void, VoxelError> BlockyMesher::mesh(const BlockGrid& grid, const BlockTypes& types,
                                                  BlockyMesh& out) {
    if (!HWY_DYNAMIC_DISPATCH(mesh_grid)(grid, types, *scratch_, out)) {
        out.clear();
        return tl::unexpected(unknown_block(grid, types));
    }
    return {};
}

}  // namespace nebula::voxel
#endif
