// SPDX-License-Identifier: MIT
// The two kinds of cell as polyhedra, and the contours on their faces. The tables are built from
// this, and the proofs in tests/voxel/ use it, too.
#pragma once

#include "nebula/voxel/space/vec.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nebula::voxel::detail {

using CornerId = std::uint8_t;
using EdgeId = std::uint8_t;

/// How to connect a face on which inside and outside corners alternate: cut off every inside run on
/// its own, or join them. Both are consistent, but a mesh may use only one of them. The tables use
/// SeparateInside; JoinInside exists for the control test that must fail.
enum class Polarity { SeparateInside, JoinInside };

struct CellEdge {
    CornerId low = 0;  ///< The end with the lower coordinates: interpolation starts there.
    CornerId high = 0;
};

/// A polyhedron whose edges a surface may cross.
struct CellShape {
    std::vector<Vec3i> corners;
    std::vector<std::uint8_t> sample_of;       ///< Per corner: the sample it reads.
    std::vector<CellEdge> edges;               ///< The edges that can be crossed.
    std::vector<std::vector<CornerId>> faces;  ///< Counter-clockwise seen from outside the cell.
    std::vector<unsigned> faces_of_edge;       ///< Per edge: a mask of the faces it lies in.
    std::size_t first_half_side_edge = 0;      ///< Edges from here on are on the half side.
    unsigned sample_count = 0;

    [[nodiscard]] bool corner_inside(CornerId corner, unsigned inside_samples) const {
        return (inside_samples >> sample_of[corner] & 1U) != 0;
    }
    /// The edge between two corners, which must be connected by an edge that can be crossed.
    [[nodiscard]] EdgeId edge_between(CornerId a, CornerId b) const;
    /// Whether both edges lie in one face.
    [[nodiscard]] bool share_a_face(EdgeId a, EdgeId b) const;
    [[nodiscard]] bool on_half_side(EdgeId edge) const { return edge >= first_half_side_edge; }
    [[nodiscard]] bool has_half_side() const { return first_half_side_edge < edges.size(); }
    /// Twice the midpoint of an edge; doubled so that it is an integer.
    [[nodiscard]] Vec3i doubled_middle(EdgeId edge) const;
};

[[nodiscard]] const CellShape& regular_shape();     ///< Sample i is bit i of a case.
[[nodiscard]] const CellShape& transition_shape();  ///< Samples row by row, *not* in case order.

/// The samples of transition case `index` as a mask in row order.
[[nodiscard]] unsigned transition_samples(unsigned index) noexcept;

/// Two neighbouring vertices of the surface on one face, each named by the edge it lies on. Seen
/// from outside the cell, the inside is to the left.
struct Segment {
    EdgeId from = 0;
    EdgeId to = 0;

    friend constexpr auto operator<=>(const Segment&, const Segment&) = default;
};

/// The contour of one face. It reads only that face's samples. The cell on the other side, for
/// which the cycle runs backwards, gets the same segments reversed.
[[nodiscard]] std::vector<Segment> face_contour(const CellShape& shape, std::size_t face,
                                                unsigned inside_samples, Polarity polarity);

/// The contours of all faces, joined into closed loops; each runs in the direction of its segments.
[[nodiscard]] std::vector<std::vector<EdgeId>> contour_loops(const CellShape& shape,
                                                             unsigned inside_samples,
                                                             Polarity polarity);

using Triangle = std::array<EdgeId, 3>;

/// The surface inside one cell.
[[nodiscard]] std::vector<Triangle> triangulate_cell(const CellShape& shape,
                                                     unsigned inside_samples, Polarity polarity);

}  // namespace nebula::voxel::detail
