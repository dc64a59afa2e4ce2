// SPDX-License-Identifier: MIT
// Compiled once per instruction set, as mesh/blocky_mesher.cpp.
#include "nebula/voxel/mesh/detail/block_bits.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nebula/voxel/mesh/detail/block_bits.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

HWY_BEFORE_NAMESPACE();
namespace nebula::voxel::detail::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr hn::CappedTag<BlockId, BlockGrid::kReadable> kIds{};
constexpr hn::CappedTag<Word, kRowsAtOnce> kWords{};
using Ids = hn::VFromD<decltype(kIds)>;

// A grid of one type has no faces: most chunks of a world.
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

// Bits x and on of a row.
template <class Mask>
void store_bits(Mask bits, std::size_t x, Word& row) {
#if HWY_TARGET == HWY_SCALAR
    const Word bit = Word{1} << x;
    row = hn::AllFalse(kIds, bits) ? row & ~bit : row | bit;
#else
    hn::StoreMaskBits(kIds, bits, reinterpret_cast<std::uint8_t*>(&row) + x / 8);
#endif
}

// Bits from tests of a register of blocks, cut into layers of all three axes. Rows along x
// are what a test gives. Rows along y collect in a register, of which each lane becomes 16 bits of
// one row: that transposes them at no cost. Bit y of `wanted(z)`: row y of slice z matters.
template <std::size_t kTests, class Wanted, class Test>
void sweep(const BlockGrid& grid, Wanted&& wanted, Test&& test, std::array<Planes*, kTests> out) {
    constexpr std::size_t groups = kMaxEdge / 16;
    using Columns = std::array<std::array<BlockId, kMaxEdge + BlockGrid::kReadable>, groups>;
    const std::size_t lanes = hn::Lanes(kIds);
    const auto edge = static_cast<std::size_t>(grid.edge());
    const Word row_bits = ~Word{0} >> (64U - edge);
    std::array<Columns, kTests> columns{};
    std::array<Word, kMaxEdge + BlockGrid::kReadable> words;
    for (std::size_t z = 0; z < edge; ++z) {
        const Word rows = wanted(z);
        if (rows == 0) continue;
        const BlockId* const slice = grid.ids().data() + z * edge * edge;
        std::array<Word*, kTests> along_x;
        for (std::size_t i = 0; i < kTests; ++i) along_x[i] = (*out[i])[2].layer(z);
        for (std::size_t x = 0; x < edge; x += lanes) {
            for (std::size_t group = 0; 16 * group < edge; ++group) {
                std::array<Ids, kTests> column;
                for (Ids& c : column) c = hn::Zero(kIds);
                for (Word left = rows >> 16 * group & 0xFFFFU; left != 0; left &= left - 1) {
                    const auto in_group = static_cast<unsigned>(std::countr_zero(left));
                    const std::size_t y = 16 * group + in_group;
                    const auto bit = hn::Set(kIds, static_cast<BlockId>(1U << in_group));
                    const auto hits = test(slice + y * edge + x);
                    for (std::size_t i = 0; i < kTests; ++i) {
                        store_bits(hits[i], x, along_x[i][y]);
                        column[i] = hn::Or(column[i], hn::IfThenElseZero(hits[i], bit));
                    }
                }
                for (std::size_t i = 0; i < kTests; ++i) {
                    hn::StoreU(column[i], kIds, columns[i][group].data() + x);
                }
            }
        }
        for (std::size_t i = 0; i < kTests; ++i) {
            for (std::size_t x = 0; x < edge; x += lanes) {
                const auto load = [&](std::size_t group) {
                    return hn::LoadU(kIds, columns[i][group].data() + x);
                };
                hn::StoreInterleaved4(load(0), load(1), load(2), load(3), kIds,
                                      reinterpret_cast<BlockId*>(words.data() + x));
            }
            Planes& planes = *out[i];
            for (std::size_t at = 0; at < edge; ++at) {
                along_x[i][at] &= row_bits;
                planes[1].layer(at)[z] = along_x[i][at];
                planes[0].layer(at)[z] = words[at];
            }
        }
    }
}

struct IdRange {
    BlockId least = 0;  // of the blocks that are not air
    BlockId most = 0;
};

IdRange sweep_blocks(const BlockGrid& grid, Planes& block) {
    const auto zero = hn::Zero(kIds);
    const auto one = hn::Set(kIds, BlockId{1});
    const Word all_rows = ~Word{0} >> (64 - grid.edge());
    auto least = hn::Set(kIds, BlockId{0xFFFF});
    auto most = zero;
    sweep<1>(
        grid, [&](std::size_t) { return all_rows; },
        [&](const BlockId* at) {
            const auto ids = hn::LoadU(kIds, at);
            least = hn::Min(least, hn::Sub(ids, one));  // air wraps around to the highest number
            most = hn::Max(most, ids);
            return std::array{hn::Ne(ids, zero)};
        },
        {&block});
    return {static_cast<BlockId>(hn::GetLane(hn::MinOfLanes(kIds, least)) + 1U),
            hn::GetLane(hn::MaxOfLanes(kIds, most))};
}

// With more runs of see-through types than this, it is faster to look each id up.
constexpr std::size_t kMostRuns = 12;

// Whether there may be see-through blocks; if so, `opaque` becomes what the others are.
bool sweep_opaque(const BlockGrid& grid, const BlockTypes& types, IdRange range, Planes& opaque) {
    std::array<BlockTypes::Run, kMostRuns> runs;
    std::size_t count = 0;
    for (const BlockTypes::Run& run : types.see_through()) {
        if (run.last < range.least || run.first > range.most) continue;
        if (count < kMostRuns) runs[count] = run;
        ++count;
    }
    if (count == 0) return false;
    const auto zero = hn::Zero(kIds);
    const Word all_rows = ~Word{0} >> (64 - grid.edge());
    const auto wanted = [&](std::size_t) { return all_rows; };
    const auto compare = [&](const BlockId* at) {
        const auto ids = hn::LoadU(kIds, at);
        auto others = hn::VecFromMask(kIds, hn::Eq(ids, zero));
        for (std::size_t i = 0; i < count; ++i) {
            const auto offset = hn::Sub(ids, hn::Set(kIds, runs[i].first));
            const auto last = hn::Set(kIds, static_cast<BlockId>(runs[i].last - runs[i].first));
            others = hn::Or(others, hn::VecFromMask(kIds, hn::Eq(hn::Min(offset, last), offset)));
        }
        return std::array{hn::Eq(others, zero)};
    };
    const auto look_up = [&](const BlockId* at) {
        std::array<BlockId, BlockGrid::kReadable> found;
        for (std::size_t i = 0; i < hn::Lanes(kIds); ++i) found[i] = types.is_opaque(at[i]) ? 1 : 0;
        return std::array{hn::Ne(hn::LoadU(kIds, found.data()), zero)};
    };
    if (count <= kMostRuns) {
        sweep<1>(grid, wanted, compare, {&opaque});
    } else {
        sweep<1>(grid, wanted, look_up, {&opaque});
    }
    return true;
}

// Which blocks have the type of the next block, in the rows where a face may depend on it: the
// row's own, or one of the next row's.
void sweep_same(const BlockGrid& grid, const Plane& block, const Plane& opaque,
                std::array<Planes, 3>& same) {
    const auto edge = static_cast<std::size_t>(grid.edge());
    std::array<Word, kMaxEdge> shown{};  // bit y of word z: row y of slice z may have a face
    for (std::size_t z = 1; z + 1 < edge; ++z) {
        for (std::size_t y = 1; y + 1 < edge; y += hn::Lanes(kWords)) {
            const auto row = [&](std::size_t slice, std::size_t i) {
                return hn::LoadU(kWords, opaque.layer(slice) + i);
            };
            const auto here = row(z, y);
            const auto beside = hn::And(hn::ShiftLeft<1>(here), hn::ShiftRight<1>(here));
            const auto around = hn::And(hn::And(row(z, y - 1), row(z, y + 1)),
                                        hn::And(row(z - 1, y), row(z + 1, y)));
            const auto blocks = hn::LoadU(kWords, block.layer(z) + y);
            const auto faces = hn::AndNot(hn::And(beside, around), blocks);
            std::array<std::uint8_t, 8> bits{};
            hn::StoreMaskBits(kWords, hn::Ne(faces, hn::Zero(kWords)), bits.data());
            shown[z] |= Word{bits[0]} << y;
        }
        shown[z] &= inner_bits(grid.size());
    }
    const std::array<std::size_t, 3> steps{1, edge, edge * edge};
    sweep<3>(
        grid,
        [&](std::size_t z) { return z + 1 == edge ? 0 : shown[z] | shown[z] >> 1U | shown[z + 1]; },
        [&](const BlockId* at) {
            const auto ids = hn::LoadU(kIds, at);
            const auto next = [&](std::size_t axis) {
                return hn::Eq(ids, hn::LoadU(kIds, at + steps[axis]));
            };
            return std::array{next(0), next(1), next(2)};
        },
        {&same[0], &same[1], &same[2]});
}

BlockContent find_bits(const BlockGrid& grid, const BlockTypes& types, BlockyScratch& s) {
    if (all_equal(grid.ids())) {
        return types.knows(grid.ids()[0]) ? BlockContent::NoFaces : BlockContent::Unknown;
    }
    const IdRange range = sweep_blocks(grid, s.block);
    if (!types.knows(range.most)) return BlockContent::Unknown;
    const bool see_through = sweep_opaque(grid, types, range, s.opaque);
    if (!see_through && range.least == range.most) return BlockContent::OneType;
    sweep_same(grid, s.block[2], (see_through ? s.opaque : s.block)[2], s.same);
    return see_through ? BlockContent::SeeThrough : BlockContent::Opaque;
}

}  // namespace nebula::voxel::detail::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nebula::voxel::detail {
HWY_EXPORT(find_bits);

BlockContent bits_of(const BlockGrid& grid, const BlockTypes& types, BlockyScratch& s) {
    return HWY_DYNAMIC_DISPATCH(find_bits)(grid, types, s);
}

}  // namespace nebula::voxel::detail
#endif
