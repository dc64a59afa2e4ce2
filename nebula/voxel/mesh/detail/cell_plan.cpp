// SPDX-License-Identifier: MIT
#include "nebula/voxel/mesh/detail/cell_plan.hpp"

#include "nebula/voxel/mesh/cell_tables.hpp"
#include "nebula/voxel/mesh/detail/cell_shape.hpp"

namespace nebula::voxel::detail {
namespace {

// By edge of RegularCase.
constexpr std::array<std::uint8_t, CellPlan::kLanes> kLaneOfEdge{0, 3, 4,  7,    // along x
                                                                 1, 2, 5,  6,    // along y
                                                                 8, 9, 10, 11};  // along z

CellPlan make_plan(unsigned inside, const RegularCase& cell) {
    CellPlan plan{};
    plan.from_low.fill(CellPlan::kNowhere);
    plan.from_high.fill(CellPlan::kNowhere);
    plan.index_count = static_cast<std::uint8_t>(3 * cell.triangle_count);
    for (std::size_t i = 0; i < plan.index_count; ++i) {
        const unsigned lane = kLaneOfEdge[cell.edges[i]];
        auto& shuffle = lane < 8 ? plan.from_low : plan.from_high;
        shuffle[2 * i] = static_cast<std::uint8_t>(2 * (lane % 8));
        shuffle[2 * i + 1] = static_cast<std::uint8_t>(2 * (lane % 8) + 1);
    }
    const CellShape& shape = regular_shape();
    for (std::size_t edge = 0; edge < kLaneOfEdge.size(); ++edge) {
        const unsigned lane = kLaneOfEdge[edge];
        const bool crossed = shape.corner_inside(shape.edges[edge].low, inside) !=
                             shape.corner_inside(shape.edges[edge].high, inside);
        (lane < 8 ? plan.step_low : plan.step_high)[lane % 8] = crossed ? 1 : 0;
    }
    return plan;
}

}  // namespace

const CellPlans& cell_plans() {
    static const CellPlans kPlans = [] {
        CellPlans plans;
        for (unsigned i = 0; i < plans.size(); ++i) {
            plans[i] = make_plan(i, cell_tables().regular[i]);
        }
        return plans;
    }();
    return kPlans;
}

}  // namespace nebula::voxel::detail
