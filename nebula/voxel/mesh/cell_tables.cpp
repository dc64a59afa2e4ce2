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

TransitionOutline outline_of(unsigned index) {
    using Face = TransitionOutline::Face;
    constexpr std::size_t half_side = 4;
    const detail::CellShape& shape = detail::transition_shape();
    const unsigned samples = detail::transition_samples(index);
    constexpr auto polarity = detail::Polarity::SeparateInside;
    TransitionOutline result;
    result.loop_count =
        static_cast<std::uint8_t>(detail::contour_loops(shape, samples, polarity).size());
    for (std::size_t face = 0; face < shape.faces.size(); ++face) {
        if (face == half_side) continue;
        for (const detail::Segment line : detail::face_contour(shape, face, samples, polarity)) {
            NEBULA_ASSERT(result.line_count < result.lines.size(),
                          "a cell has more contour lines than the table can hold");
            result.lines[result.line_count++] = {
                line.from, line.to,
                face < half_side ? Face::FullSide : static_cast<Face>(face - half_side),
                shape.doubled_middle(line.from).x < shape.doubled_middle(line.to).x};
        }
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
    for (unsigned i = 0; i < tables.outline.size(); ++i) tables.outline[i] = outline_of(i);
    return tables;
}

}  // namespace

const CellTables& cell_tables() {
    static const CellTables kTables = derive();
    return kTables;
}

}  // namespace nebula::voxel
