// SPDX-License-Identifier: MIT
#include "nebula/voxel/mesh/cell_tables.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/voxel/mesh/detail/cell_shape.hpp"

#include <vector>

namespace nebula::voxel {
namespace {

template <class Case>
Case pack(const std::vector<detail::Triangle>& triangles) {
    NEBULA_ASSERT(triangles.size() <= Case::kMaxTriangles,
                  "a cell has more triangles than the table can hold");
    Case result;
    result.triangle_count = static_cast<std::uint8_t>(triangles.size());
    std::size_t at = 0;
    for (const detail::Triangle& triangle : triangles) {
        for (const detail::EdgeId edge : triangle) result.edges[at++] = edge;
    }
    return result;
}

CellTables derive() {
    using enum detail::Polarity;
    CellTables tables;
    for (unsigned i = 0; i < tables.regular.size(); ++i) {
        tables.regular[i] =
            pack<RegularCase>(detail::triangulate_cell(detail::regular_shape(), i, SeparateInside));
    }
    for (unsigned i = 0; i < tables.transition.size(); ++i) {
        tables.transition[i] = pack<TransitionCase>(detail::triangulate_cell(
            detail::transition_shape(), detail::transition_samples(i), SeparateInside));
    }
    return tables;
}

}  // namespace

const CellTables& cell_tables() {
    static const CellTables kTables = derive();
    return kTables;
}

}  // namespace nebula::voxel
