// SPDX-License-Identifier: MIT
// Stage 5 of README, "Smooth mesher", for one row of cells. Included once per instruction set.
#if defined(NEBULA_VOXEL_MESH_CELL_WALK) == defined(HWY_TARGET_TOGGLE)
#ifdef NEBULA_VOXEL_MESH_CELL_WALK
#undef NEBULA_VOXEL_MESH_CELL_WALK
#else
#define NEBULA_VOXEL_MESH_CELL_WALK
#endif

#include "nebula/voxel/mesh/detail/cell_plan.hpp"
#include "nebula/voxel/mesh/detail/smooth_kernel.hpp"

#include <hwy/highway.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace nebula::voxel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using detail::CellPlan;
using detail::kRowCorners;
using detail::RowLanes;
using detail::RowLanesZ;
using detail::SmoothScratch;

// Calls `use` with the case of each cell of a row that the surface passes through.
template <class Use>
HWY_INLINE void for_each_case(const SmoothScratch& s, std::size_t row, Use&& use) {
    const std::uint64_t a = s.inside[row];
    const std::uint64_t b = s.inside[row + 1];
    const std::uint64_t c = s.inside[row + kRowCorners];
    const std::uint64_t d = s.inside[row + kRowCorners + 1];
    for (std::uint64_t active = s.active[row]; active != 0; active &= active - 1) {
        const auto x = static_cast<unsigned>(std::countr_zero(active));
        use(static_cast<std::uint8_t>((a >> x & 3U) | (b >> x & 3U) << 2U | (c >> x & 3U) << 4U |
                                      (d >> x & 3U) << 6U));
    }
}

// Both versions of walk_row write the triangles of a row of cells, and return where the next ones
// go. Up to 16 indices past that are written, too. Cells that are skipped have no crossed edge, so
// nothing grows on the way over them.
//
// `base` is the number of the first vertex of the layer. Lanes have 16 bits, which is enough to tell
// the vertices of two layers apart: at most 2 * 3 * 33 * 33.

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

template <class Index>
Index* walk_row(const detail::CellPlans& plans, const SmoothScratch& s, std::size_t row,
                std::uint32_t base, Index* index) {
    const RowLanes& here = s.lanes[row];
    const RowLanes& above = s.lanes[row + kRowCorners];
    const RowLanesZ& z = s.lanes_z[row];
    const RowLanesZ& next_z = s.lanes_z[row + 1];
    std::array<std::uint16_t, CellPlan::kLanes> lanes{here.x,  here.y,  here.y1,  here.next_x,
                                                      above.x, above.y, above.y1, above.next_x,
                                                      z.z,     z.z1,    next_z.z, next_z.z1};
    for_each_case(s, row, [&](std::uint8_t sign_case) {
        const CellPlan& plan = plans[sign_case];
        for (std::size_t i = 0; i < plan.index_count; ++i) {
            const std::uint8_t low = plan.from_low[2 * i];
            const std::size_t lane =
                low != CellPlan::kNowhere ? low / 2U : 8 + plan.from_high[2 * i] / 2U;
            index[i] = static_cast<Index>(base + static_cast<std::uint16_t>(lanes[lane] - base));
        }
        index += plan.index_count;
        for (std::size_t i = 0; i < 8; ++i) {
            lanes[i] = static_cast<std::uint16_t>(lanes[i] + plan.step_low[i]);
        }
        for (std::size_t i = 8; i < lanes.size(); ++i) {
            lanes[i] = static_cast<std::uint16_t>(lanes[i] + plan.step_high[i - 8]);
        }
    });
    return index;
}

#else

template <class Index>
HWY_INLINE Index* walk_row(const detail::CellPlans& plans, const SmoothScratch& s, std::size_t row,
                           std::uint32_t base, Index* index) {
    const hn::CappedTag<std::uint8_t, 2 * CellPlan::kIndices> bytes;
    const hn::Repartition<std::uint16_t, decltype(bytes)> words;
    const hn::Repartition<std::uint64_t, decltype(bytes)> pairs;
    const hn::RepartitionToWide<decltype(words)> wide;
    const hn::Half<decltype(words)> half;
    const std::size_t step = hn::Lanes(words);
    // Lanes 0 to 7 and 8 to 11, the same in every block of 128 bits.
    const auto load = [&](const auto* lanes) {
        std::uint64_t all;
        std::memcpy(&all, lanes, sizeof all);
        return hn::Set(pairs, all);
    };
    auto low = hn::BitCast(
        words, hn::InterleaveLower(pairs, load(&s.lanes[row]), load(&s.lanes[row + kRowCorners])));
    auto high = hn::BitCast(words, load(s.lanes_z.data() + row));  // and of the next row
    for_each_case(s, row, [&](std::uint8_t sign_case) {
        const CellPlan& plan = plans[sign_case];
        const auto low_bytes = hn::BitCast(bytes, low);
        const auto high_bytes = hn::BitCast(bytes, high);
        // Always 16 indices: an unpredictable branch would take longer than the ones too many.
        for (std::size_t i = 0; i < CellPlan::kIndices; i += step) {
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
                    hn::StoreU(hn::Add(hn::PromoteTo(wide, part), hn::Set(wide, base)), wide, at);
                };
                store(hn::LowerHalf(half, above), index + i);
                store(hn::UpperHalf(half, above), index + i + step / 2);
            }
        }
        index += plan.index_count;
        low = hn::Add(low, hn::LoadDup128(words, plan.step_low.data()));
        high = hn::Add(high, hn::LoadDup128(words, plan.step_high.data()));
    });
    return index;
}

#endif

}  // namespace nebula::voxel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
