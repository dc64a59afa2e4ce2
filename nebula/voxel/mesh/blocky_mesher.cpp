// SPDX-License-Identifier: MIT
// Faces and how they merge: stages 2 and 3 of README, "Blocky mesher". Everything between
// HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE is compiled once per instruction set; the best one is
// chosen at run time.
#include "nebula/voxel/mesh/blocky_mesher.hpp"

#include "nebula/voxel/mesh/detail/block_bits.hpp"
#include "nebula/voxel/mesh/detail/blocky_kernel.hpp"
#include "nebula/voxel/mesh/detail/quad_vertices.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nebula/voxel/mesh/blocky_mesher.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>

HWY_BEFORE_NAMESPACE();
namespace nebula::voxel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using detail::BlockContent;
using detail::BlockyScratch;
using detail::kBackward;
using detail::kForward;
using detail::kLayerRows;
using detail::LayerFaces;
using detail::Plane;
using detail::Planes;
using detail::Quad;
using detail::QuadList;
using detail::Word;

constexpr hn::CappedTag<Word, detail::kRowsAtOnce> kWords{};
using Words = hn::VFromD<decltype(kWords)>;

// The faces that look into one layer, called the front, and which of them merge. They belong to the
// layer before it, if they look forward, and to the layer after it, if they look backward.
class FaceFinder {
public:
    FaceFinder(std::size_t axis, int size, BlockContent content, const BlockyScratch& s)
        : size_(static_cast<std::size_t>(size)),
          inner_(detail::inner_bits(size)),
          block_(s.block[axis]),
          opaque_(content == BlockContent::SeeThrough ? s.opaque[axis] : s.block[axis]),
          same_u_(content != BlockContent::OneType ? &s.same[detail::u_axis(axis)][axis] : nullptr),
          same_ahead_(content == BlockContent::SeeThrough ? &s.same[axis][axis] : nullptr) {}

    // The layer whose faces look into the front.
    static std::size_t back(std::size_t front, std::size_t way) {
        return way == kForward ? front - 1 : front + 1;
    }

    // Finds the faces, in `s.faces`, and how dark their corners are. Returns whether there are any,
    // by the way they look.
    std::array<bool, 2> find(std::size_t front, BlockyScratch& s) const {
        const Word* const rows = opaque_.layer(front);
        const auto none = hn::Zero(kWords);
        std::array<Words, 2> any{none, none};
        for (std::size_t row = 1; row <= size_; row += hn::Lanes(kWords)) {
            std::array<Words, 2> all{none, none};
            for (const std::size_t way : {kBackward, kForward}) {
                if (in_ring(back(front, way))) continue;
                all[way] = hn::And(shown(front, way, row), hn::Set(kWords, inner_));
                any[way] = hn::Or(any[way], all[way]);
                hn::StoreU(all[way], kWords, s.faces[way].shown.data() + row);
            }
            if (all_zero(hn::Or(all[kBackward], all[kForward]))) {
                for (LayerFaces& faces : s.faces)
                    hn::StoreU(none, kWords, faces.level_v.data() + row);
                continue;
            }
            const auto here = hn::LoadU(kWords, rows + row);
            const Corners lower = corners(hn::LoadU(kWords, rows + row - 1), here);
            const Corners upper = corners(here, hn::LoadU(kWords, rows + row + 1));
            hn::StoreU(lower.low, kWords, s.dark_low.data() + row - 1);
            hn::StoreU(lower.high, kWords, s.dark_high.data() + row - 1);
            hn::StoreU(upper.low, kWords, s.dark_low.data() + row);
            hn::StoreU(upper.high, kWords, s.dark_high.data() + row);
            const auto slope_u = hn::Or(steps(lower), steps(upper));
            const auto step_v =
                hn::Or(hn::Xor(lower.low, upper.low), hn::Xor(lower.high, upper.high));
            const auto slope_v = hn::Or(step_v, hn::ShiftLeft<1>(step_v));
            for (const std::size_t way : {kBackward, kForward}) {
                if (in_ring(back(front, way))) continue;
                LayerFaces& faces = s.faces[way];
                const auto level_u = hn::AndNot(slope_u, all[way]);
                auto along_u = hn::And(level_u, hn::ShiftRight<1>(level_u));
                if (same_u_ != nullptr) {
                    const Word* const same = same_u_->layer(back(front, way));
                    along_u = hn::And(along_u, hn::LoadU(kWords, same + row));
                }
                hn::StoreU(along_u, kWords, faces.along_u.data() + row);
                hn::StoreU(hn::AndNot(slope_v, all[way]), kWords, faces.level_v.data() + row);
            }
        }
        // Nothing merges with the ring. Its first row is never written.
        for (LayerFaces& faces : s.faces) faces.level_v[size_ + 1] = 0;
        return {!all_zero(any[kBackward]), !all_zero(any[kForward])};
    }

private:
    // Layer -1 as well.
    bool in_ring(std::size_t layer) const { return layer - 1 >= size_; }

    static bool all_zero(Words words) {
        return hn::AllTrue(kWords, hn::Eq(words, hn::Zero(kWords)));
    }

    struct Corners {
        Words low, high;
    };

    // How dark the corners between two rows are: the number of opaque ones among their four blocks,
    // but 3 for two that touch at the corner only. All four are never asked for, because a face has
    // a block in front that is not opaque.
    static Corners corners(Words a, Words c) {
        const auto b = hn::ShiftRight<1>(a);
        const auto d = hn::ShiftRight<1>(c);
        const auto ab = hn::Xor(a, b);
        const auto cd = hn::Xor(c, d);
        const auto crossed = hn::And(hn::And(ab, cd), hn::Xor(a, c));
        const auto in_a_row = hn::Or(hn::And(a, b), hn::And(c, d));
        const auto in_both_rows = hn::And(hn::Or(a, b), hn::Or(c, d));
        return {hn::Or(hn::Xor(ab, cd), crossed), hn::Or(in_a_row, in_both_rows)};
    }

    // Which blocks have different corners on their two sides.
    static Words steps(const Corners& line) {
        return hn::Or(hn::Xor(line.low, hn::ShiftLeft<1>(line.low)),
                      hn::Xor(line.high, hn::ShiftLeft<1>(line.high)));
    }

    Words shown(std::size_t front, std::size_t way, std::size_t row) const {
        const std::size_t from = back(front, way);
        auto hidden = hn::LoadU(kWords, opaque_.layer(front) + row);
        if (same_ahead_ != nullptr) {
            // If the block is opaque, so is one of its type in front.
            const Word* const same = same_ahead_->layer(std::min(from, front));
            hidden = hn::Or(hidden, hn::LoadU(kWords, same + row));
        }
        return hn::AndNot(hidden, hn::LoadU(kWords, block_.layer(from) + row));
    }

    std::size_t size_;
    Word inner_;
    const Plane& block_;
    const Plane& opaque_;
    const Plane* same_u_;      // null if it is all set
    const Plane* same_ahead_;  // null if no see-through block can hide another one's face
};

// The layer whose faces become quads.
struct Layer {
    const BlockId* ids;  // at row 0 and bit 0
    std::size_t step_u;  // from bit to bit, in ids
    std::size_t step_v;  // from row to row
    const Word* same_v;  // by row: has the type of the next block along v
    Quad plane;          // the coordinate, in its place in a quad
};

// Takes rectangles of faces until none is left. The next one begins at the first face of the first
// row that has any, reaches along u as far as faces merge, and then along v.
void take_quads(const Layer& layer, std::size_t rows, const BlockyScratch& s, LayerFaces& faces,
                QuadList& quads) {
    Quad* out = quads.memory.data() + quads.count;
    for (std::size_t row = 1; row <= rows; ++row) {
        const Word left = faces.shown[row];
        if (left == 0) continue;
        const Word low = s.dark_low[row - 1], next_low = s.dark_low[row];
        const Word high = s.dark_high[row - 1], next_high = s.dark_high[row];
        const BlockId* const ids = layer.ids + row * layer.step_v;
        const Quad one_face = layer.plane | (row - 1) << 8U | Quad{1} << 16U | row << 24U;
        const auto put = [&](unsigned bit, Quad more) {
            // The corners of the first face are as dark as those of the quad.
            const unsigned corner = bit - 1;
            const Word dark = (low >> corner & 3U) | (high >> corner & 3U) << 2U |
                              (next_low >> corner & 3U) << 4U | (next_high >> corner & 3U) << 6U;
            *out++ = one_face + Quad{corner} * 0x10001U + more + (dark << 40U) +
                     (Quad{ids[bit * layer.step_u]} << 48U);
        };
        // Many faces merge with nothing. A loop of their own, which has nothing to predict but its
        // end, takes a third off the time of noise.
        const Word along_u = faces.along_u[row];
        const Word along_v = faces.level_v[row] & faces.level_v[row + 1] & layer.same_v[row];
        const Word from_v = faces.level_v[row - 1] & faces.level_v[row] & layer.same_v[row - 1];
        const Word merges = along_u | along_u << 1U | along_v | from_v;
        for (Word alone = left & ~merges; alone != 0; alone &= alone - 1) {
            put(static_cast<unsigned>(std::countr_zero(alone)), 0);
        }
        for (Word rest = left & merges; rest != 0;) {
            // One is added at the first face, and carried over all that merge with the next.
            const Word joined = along_u & rest >> 1U;
            const Word mask = (joined + (rest & (0 - rest))) ^ joined;
            const auto bit = static_cast<unsigned>(std::countr_zero(rest));
            const auto length = static_cast<unsigned>(std::popcount(mask));
            rest &= ~mask;
            std::size_t last = row;
            // The faces of the next row are still free: a quad that had taken one of them would
            // have come through this row, and would hold this quad's face below it.
            while ((faces.level_v[last] & faces.level_v[last + 1] & layer.same_v[last] & mask) ==
                   mask) {
                ++last;
                faces.shown[last] &= ~mask;
            }
            put(bit, Quad{length - 1U} << 16U | (last - row) << 24U);
        }
    }
    quads.count = static_cast<std::size_t>(out - quads.memory.data());
}

void collect_quads(const BlockGrid& grid, BlockContent content, BlockyScratch& s) {
    const bool mixed = content != BlockContent::OneType;
    std::array<Word, kLayerRows> one_type;
    one_type.fill(~Word{0});
    const auto size = static_cast<std::size_t>(grid.size());
    const std::size_t edge = size + 2;
    const std::array<std::size_t, 3> steps{1, edge, edge * edge};
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const std::size_t u = detail::u_axis(axis), v = detail::v_axis(axis);
        const FaceFinder finder(axis, grid.size(), content, s);
        for (std::size_t front = 0; front < edge; ++front) {
            const std::array<bool, 2> found = finder.find(front, s);
            for (const std::size_t way : {kBackward, kForward}) {
                if (!found[way]) continue;
                const std::size_t back = FaceFinder::back(front, way);
                QuadList& quads = s.quads[2 * axis + way];
                quads.make_room(size * size);
                const Layer layer{grid.ids().data() + back * steps[axis], steps[u], steps[v],
                                  mixed ? s.same[v][axis].layer(back) : one_type.data(),
                                  // Layer 1 begins at 0.
                                  Quad{way == kForward ? back : back - 1} << 32U};
                take_quads(layer, size, s, s.faces[way], quads);
            }
        }
    }
}

}  // namespace nebula::voxel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nebula::voxel {
namespace {

VoxelError unknown_block(const BlockGrid& grid, const BlockTypes& types) {
    const auto ids = grid.ids();
    const auto at =
        std::find_if_not(ids.begin(), ids.end(), [&](BlockId id) { return types.knows(id); });
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

HWY_EXPORT(collect_quads);

struct BlockyMesher::Scratch : detail::BlockyScratch {};

BlockyMesher::BlockyMesher() : scratch_(std::make_unique<Scratch>()) {}
BlockyMesher::~BlockyMesher() = default;
BlockyMesher::BlockyMesher(BlockyMesher&&) noexcept = default;
BlockyMesher& BlockyMesher::operator=(BlockyMesher&&) noexcept = default;

tl::expected<void, VoxelError> BlockyMesher::mesh(const BlockGrid& grid, const BlockTypes& types,
                                                  BlockyMesh& out) {
    detail::BlockyScratch& s = *scratch_;
    for (detail::QuadList& quads : s.quads) quads.count = 0;
    const detail::BlockContent content = detail::bits_of(grid, types, s);
    if (content == detail::BlockContent::Unknown) {
        out.clear();
        return tl::unexpected(unknown_block(grid, types));
    }
    if (content != detail::BlockContent::NoFaces) {
        HWY_DYNAMIC_DISPATCH(collect_quads)(grid, content, s);
    }
    detail::write_quads(s.quads, out);
    return {};
}

}  // namespace nebula::voxel
#endif
