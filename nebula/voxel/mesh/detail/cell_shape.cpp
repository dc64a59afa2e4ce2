// SPDX-License-Identifier: MIT
// README, "Tables", explains the construction in the order of this file.
#include "nebula/voxel/mesh/detail/cell_shape.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/voxel/mesh/cell_tables.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <optional>
#include <utility>

namespace nebula::voxel::detail {
namespace {

constexpr std::int32_t dot(Vec3i a, Vec3i b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
constexpr Vec3i cross(Vec3i a, Vec3i b) {
    return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

// Faces are written down in any direction. This makes them counter-clockwise as seen from outside,
// and notes which edge lies in which face.
void finish(CellShape& shape) {
    Vec3i centre;  // times the number of corners
    for (const Vec3i corner : shape.corners) centre = centre + corner;
    const auto count = static_cast<std::int32_t>(shape.corners.size());
    for (std::vector<CornerId>& face : shape.faces) {
        Vec3i normal;
        for (std::size_t i = 0; i < face.size(); ++i) {
            normal =
                normal + cross(shape.corners[face[i]], shape.corners[face[(i + 1) % face.size()]]);
        }
        if (dot(normal, shape.corners[face[0]] * count - centre) < 0) std::ranges::reverse(face);
    }
    for (const CellEdge edge : shape.edges) {
        unsigned& faces = shape.faces_of_edge.emplace_back(0U);
        for (std::size_t face = 0; face < shape.faces.size(); ++face) {
            const std::vector<CornerId>& cycle = shape.faces[face];
            if (std::ranges::count(cycle, edge.low) + std::ranges::count(cycle, edge.high) == 2)
                faces |= 1U << face;
        }
    }
}

CellShape make_regular_shape() {
    CellShape shape;
    shape.sample_count = 8;
    shape.first_half_side_edge = 12;
    for (std::uint8_t i = 0; i < 8; ++i) {
        shape.corners.push_back({i & 1, i >> 1 & 1, i >> 2 & 1});
        shape.sample_of.push_back(i);
    }
    for (const unsigned axis : {1U, 2U, 4U}) {
        for (unsigned low = 0; low < 8; ++low) {
            if ((low & axis) == 0) {
                shape.edges.push_back(
                    {static_cast<CornerId>(low), static_cast<CornerId>(low | axis)});
            }
        }
    }
    shape.faces = {{0, 2, 6, 4}, {1, 3, 7, 5}, {0, 1, 5, 4},
                   {2, 3, 7, 6}, {0, 1, 3, 2}, {4, 5, 7, 6}};
    finish(shape);
    return shape;
}

CellShape make_transition_shape() {
    constexpr CornerId a = 10;
    constexpr CornerId b = 11;
    constexpr CornerId c = 12;
    CellShape shape;
    shape.sample_count = 9;
    shape.first_half_side_edge = 12;
    for (std::uint8_t i = 0; i < 9; ++i) {
        shape.corners.push_back({i % 3, i / 3, 0});
        shape.sample_of.push_back(i);
    }
    for (const std::uint8_t sample : std::array<std::uint8_t, 4>{0, 2, 6, 8}) {
        shape.corners.push_back({sample % 3, sample / 3, 1});
        shape.sample_of.push_back(sample);
    }
    shape.edges = {{0, 1}, {1, 2}, {3, 4}, {4, 5}, {6, 7}, {7, 8},  // full side, along u
                   {0, 3}, {1, 4}, {2, 5}, {3, 6}, {4, 7}, {5, 8},  // full side, along v
                   {9, a}, {b, c}, {9, b}, {a, c}};                 // half side
    shape.faces = {{0, 1, 4, 3},    {1, 2, 5, 4},    {3, 4, 7, 6},  // full side
                   {4, 5, 8, 7},    {9, a, c, b},                   // half side
                   {0, 1, 2, a, 9}, {2, 5, 8, c, a},                // between them
                   {8, 7, 6, b, c}, {6, 3, 0, 9, b}};
    finish(shape);
    return shape;
}

// Whether a diagonal that lies in a face of the cell is unwanted or wanted.
enum class InFace { Avoid, Prefer };

// The cost of one way to cut a loop into triangles: first the number of unwanted diagonals, then
// the squared lengths, then, in a regular cell, how little the diagonals lean towards larger x, y and
// z. The last one decides between equals, and cuts two sheets that lie in a cell side by side alike.
struct CutCost {
    std::int32_t unwanted = 0;
    std::int32_t squared_length = 0;
    std::int32_t counter_lean = 0;

    friend constexpr auto operator<=>(const CutCost&, const CutCost&) = default;
    friend constexpr CutCost operator+(CutCost a, CutCost b) {
        return {a.unwanted + b.unwanted, a.squared_length + b.squared_length,
                a.counter_lean + b.counter_lean};
    }
};
constexpr CutCost kImpossible{1000, 0, 0};

// Of a diagonal, followed in the direction in which its longest component grows. Weights that no
// other components of this size make up for say that x counts before y, and y before z.
std::int32_t counter_lean(Vec3i span) {
    const std::array<std::int32_t, 3> size{std::abs(span.x), std::abs(span.y), std::abs(span.z)};
    const auto longest = std::ranges::max_element(size) - size.begin();
    const std::int32_t along =
        std::array{span.x, span.y, span.z}[static_cast<std::size_t>(longest)];
    const std::int32_t lean = dot(span, {25, 5, 1});
    return along > 0 ? -lean : lean;
}

CutCost diagonal_cost(const CellShape& shape, EdgeId a, EdgeId b, InFace in_face) {
    if (a == b) return kImpossible;  // a bridged loop passes the ends of its bridge twice
    const Vec3i span = shape.doubled_middle(a) - shape.doubled_middle(b);
    return {shape.share_a_face(a, b) == (in_face == InFace::Avoid) ? 1 : 0, dot(span, span),
            shape.has_half_side() ? 0 : counter_lean(span)};
}

// The cheapest triangulation of a loop in the plane of the full side, by the textbook recurrence over
// its arcs: the triangle i, k, j with the best k closes the arc i..j. The first of equals wins, so the
// result is unique.
void cut_in_plane(const CellShape& shape, const std::vector<EdgeId>& loop,
                  std::vector<Triangle>& out) {
    const std::size_t n = loop.size();
    std::vector<CutCost> best(n * n);
    std::vector<std::size_t> apex(n * n);
    for (std::size_t length = 2; length < n; ++length) {
        for (std::size_t i = 0; i + length < n; ++i) {
            const std::size_t j = i + length;
            CutCost least{std::numeric_limits<std::int32_t>::max(), 0, 0};
            for (std::size_t k = i + 1; k < j; ++k) {
                const CutCost cost = best[i * n + k] + best[k * n + j];
                if (cost < least) {
                    least = cost;
                    apex[i * n + j] = k;
                }
            }
            const bool whole_loop = length == n - 1;
            best[i * n + j] =
                whole_loop ? least : least + diagonal_cost(shape, loop[i], loop[j], InFace::Prefer);
        }
    }
    std::vector<std::pair<std::size_t, std::size_t>> arcs{{0, n - 1}};
    while (!arcs.empty()) {
        const auto [i, j] = arcs.back();
        arcs.pop_back();
        if (j < i + 2) continue;
        const std::size_t k = apex[i * n + j];
        out.push_back({loop[i], loop[k], loop[j]});
        arcs.emplace_back(i, k);
        arcs.emplace_back(k, j);
    }
}

// A fan: all triangles share one vertex, the cheapest one; on the half side if there is one.
void cut_as_fan(const CellShape& shape, const std::vector<EdgeId>& loop, bool on_half_side,
                std::vector<Triangle>& out) {
    const std::size_t n = loop.size();
    CutCost least = kImpossible;
    std::size_t apex = 0;
    for (std::size_t i = 0; i < n; ++i) {
        if (on_half_side && !shape.on_half_side(loop[i])) continue;
        CutCost cost;
        for (std::size_t k = 2; k + 1 < n; ++k) {
            cost = cost + diagonal_cost(shape, loop[i], loop[(i + k) % n], InFace::Avoid);
        }
        if (cost < least) {
            least = cost;
            apex = i;
        }
    }
    for (std::size_t k = 1; k + 1 < n; ++k) {
        out.push_back({loop[apex], loop[(apex + k) % n], loop[(apex + k + 1) % n]});
    }
}

// Joins two loops in one plane, one around the other: cut open along a bridge, they are one loop,
// which passes over the bridge twice.
std::vector<EdgeId> bridge(const CellShape& shape, const std::vector<EdgeId>& outer,
                           std::vector<EdgeId> inner) {
    const EdgeId pier = outer.front();
    const auto nearest = std::ranges::min_element(
        inner, {}, [&](EdgeId edge) { return diagonal_cost(shape, pier, edge, InFace::Prefer); });
    std::ranges::rotate(inner, nearest);
    std::vector<EdgeId> loop = outer;
    loop.push_back(pier);
    loop.insert(loop.end(), inner.begin(), inner.end());
    loop.push_back(inner.front());
    return loop;
}

}  // namespace

EdgeId CellShape::edge_between(CornerId a, CornerId b) const {
    for (std::size_t i = 0; i < edges.size(); ++i) {
        if ((edges[i].low == a && edges[i].high == b) || (edges[i].low == b && edges[i].high == a))
            return static_cast<EdgeId>(i);
    }
    NEBULA_ASSERT(false, "the two corners are not connected by an edge");
    return 0;
}

bool CellShape::share_a_face(EdgeId a, EdgeId b) const {
    return (faces_of_edge[a] & faces_of_edge[b]) != 0;
}

Vec3i CellShape::doubled_middle(EdgeId edge) const {
    return corners[edges[edge].low] + corners[edges[edge].high];
}

const CellShape& regular_shape() {
    static const CellShape kShape = make_regular_shape();
    return kShape;
}

const CellShape& transition_shape() {
    static const CellShape kShape = make_transition_shape();
    return kShape;
}

unsigned transition_samples(unsigned index) noexcept {
    unsigned samples = 0;
    for (std::size_t bit = 0; bit < TransitionCase::kSampleOfBit.size(); ++bit) {
        samples |= (index >> bit & 1U) << TransitionCase::kSampleOfBit[bit];
    }
    return samples;
}

std::vector<Segment> face_contour(const CellShape& shape, std::size_t face, unsigned inside_samples,
                                  Polarity polarity) {
    const std::vector<CornerId>& cycle = shape.faces[face];
    struct Crossing {
        EdgeId edge;
        bool leaves_inside;
    };
    std::vector<Crossing> crossings;  // in the order of the cycle, so they alternate
    for (std::size_t i = 0; i < cycle.size(); ++i) {
        const CornerId here = cycle[i];
        const CornerId next = cycle[(i + 1) % cycle.size()];
        const bool inside = shape.corner_inside(here, inside_samples);
        if (inside != shape.corner_inside(next, inside_samples))
            crossings.push_back({shape.edge_between(here, next), inside});
    }
    std::vector<Segment> contour;
    const std::size_t n = crossings.size();
    for (std::size_t i = 0; i < n; ++i) {
        if (!crossings[i].leaves_inside) continue;
        // Back to where this inside run began, or forward to where the next one begins.
        const std::size_t partner = (polarity == Polarity::SeparateInside ? i + n - 1 : i + 1) % n;
        contour.push_back({crossings[i].edge, crossings[partner].edge});
    }
    return contour;
}

std::vector<std::vector<EdgeId>> contour_loops(const CellShape& shape, unsigned inside_samples,
                                               Polarity polarity) {
    // An edge lies in two faces, whose cycles run along it in opposite directions. So a crossed
    // edge starts one segment and ends one: `next` is a permutation, and its cycles are the loops.
    std::vector<std::optional<EdgeId>> next(shape.edges.size());
    for (std::size_t face = 0; face < shape.faces.size(); ++face) {
        for (const Segment s : face_contour(shape, face, inside_samples, polarity)) {
            next[s.from] = s.to;
        }
    }
    std::vector<std::vector<EdgeId>> loops;
    for (std::size_t start = 0; start < next.size(); ++start) {
        if (!next[start]) continue;
        std::vector<EdgeId>& loop = loops.emplace_back();
        for (auto edge = static_cast<EdgeId>(start); next[edge];) {
            loop.push_back(edge);
            edge = *std::exchange(next[edge], std::nullopt);
        }
    }
    return loops;
}

std::vector<Triangle> triangulate_cell(const CellShape& shape, unsigned inside_samples,
                                       Polarity polarity) {
    std::vector<Triangle> triangles;
    std::vector<std::vector<EdgeId>> loops = contour_loops(shape, inside_samples, polarity);
    const auto touches_half_side = [&](const std::vector<EdgeId>& loop) {
        return std::ranges::any_of(loop, [&](EdgeId edge) { return shape.on_half_side(edge); });
    };
    const bool two_sided = shape.has_half_side();
    // The only pattern with a loop inside another: every second sample of the full side is inside,
    // including the centre. The region between the loops is a ring, not two discs.
    if (two_sided && loops.size() == 2 && std::ranges::none_of(loops, touches_half_side) &&
        loops[0].size() + loops[1].size() == shape.first_half_side_edge) {
        if (loops[0].size() < loops[1].size()) std::swap(loops[0], loops[1]);
        loops = {bridge(shape, loops[0], loops[1])};
    }
    for (const std::vector<EdgeId>& loop : loops) {
        if (two_sided && !touches_half_side(loop)) {
            cut_in_plane(shape, loop, triangles);
        } else {
            cut_as_fan(shape, loop, two_sided, triangles);
        }
    }
    return triangles;
}

}  // namespace nebula::voxel::detail
