// SPDX-License-Identifier: MIT
// The proofs about single cells. With (3) and (4) below, any complex of cells glued face to face
// is closed; tables_glue_test.cpp builds such complexes and counts.
#include "nebula/voxel/mesh/cell_tables.hpp"

#include "exact_geometry.hpp"
#include "nebula/voxel/mesh/detail/cell_shape.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <ostream>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

using detail::CellShape;
using detail::EdgeId;
using detail::Polarity;
using detail::Segment;
using detail::Triangle;
using test::ExactPoint;

struct Cells {
    const char* name;
    const CellShape& (*shape)();
    Polarity polarity;
};
// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name
void PrintTo(const Cells& cells, std::ostream* out) { *out << cells.name; }

class CellProof : public testing::TestWithParam<Cells> {
protected:
    const CellShape& shape() const { return GetParam().shape(); }
    unsigned case_count() const { return 1U << shape().sample_count; }
    std::vector<Triangle> triangles(unsigned inside) const {
        return detail::triangulate_cell(shape(), inside, GetParam().polarity);
    }
    std::vector<Segment> contours(unsigned inside) const {
        std::vector<Segment> all;
        for (std::size_t face = 0; face < shape().faces.size(); ++face) {
            const auto part = detail::face_contour(shape(), face, inside, GetParam().polarity);
            all.insert(all.end(), part.begin(), part.end());
        }
        return all;
    }
};

TEST_P(CellProof, EveryCrossedEdgeStartsOneSegmentAndEndsOne) {  // (1)
    for (unsigned inside = 0; inside < case_count(); ++inside) {
        std::multiset<EdgeId> crossed;
        for (std::size_t edge = 0; edge < shape().edges.size(); ++edge) {
            if (shape().corner_inside(shape().edges[edge].low, inside) !=
                shape().corner_inside(shape().edges[edge].high, inside))
                crossed.insert(static_cast<EdgeId>(edge));
        }
        std::multiset<EdgeId> starts;
        std::multiset<EdgeId> ends;
        for (const Segment s : contours(inside)) {
            starts.insert(s.from);
            ends.insert(s.to);
        }
        ASSERT_EQ(starts, crossed) << "case " << inside;
        ASSERT_EQ(ends, crossed) << "case " << inside;
    }
}

TEST_P(CellProof, TheSurfaceEndsInTheContoursOfItsFacesAndNowhereElse) {  // (2), (3), (5)
    for (unsigned inside = 0; inside < case_count(); ++inside) {
        std::set<Segment> directed;
        for (const Triangle& t : triangles(inside)) {
            for (std::size_t i = 0; i < 3; ++i) {
                // (2) No edge is run along twice in one direction, so with its reverse, if any, it
                // belongs to at most two triangles: (5).
                ASSERT_TRUE(directed.insert({t[i], t[(i + 1) % 3]}).second) << "case " << inside;
                ASSERT_NE(t[i], t[(i + 1) % 3]) << "case " << inside;
            }
        }
        std::set<Segment> open;
        for (const Segment s : directed) {
            if (!directed.contains({s.to, s.from})) open.insert(s);
        }
        const std::vector<Segment> contour = contours(inside);
        ASSERT_EQ(open, std::set<Segment>(contour.begin(), contour.end())) << "case " << inside;
    }
}

TEST_P(CellProof, AFaceReadsItsOwnSamplesOnlyAndItsNeighbourGetsTheReverse) {  // (4)
    CellShape mirrored = shape();
    for (auto& face : mirrored.faces) std::ranges::reverse(face);
    for (std::size_t face = 0; face < shape().faces.size(); ++face) {
        unsigned own_samples = 0;
        for (const detail::CornerId c : shape().faces[face])
            own_samples |= 1U << shape().sample_of[c];
        std::map<unsigned, std::vector<Segment>> seen;
        for (unsigned inside = 0; inside < case_count(); ++inside) {
            const auto contour = detail::face_contour(shape(), face, inside, GetParam().polarity);
            ASSERT_EQ(seen.try_emplace(inside & own_samples, contour).first->second, contour);

            std::set<Segment> reversed;
            for (const Segment s : contour) reversed.insert({s.to, s.from});
            const auto theirs = detail::face_contour(mirrored, face, inside, GetParam().polarity);
            ASSERT_EQ(std::set<Segment>(theirs.begin(), theirs.end()), reversed);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, CellProof,
    testing::Values(Cells{"regular_separate", detail::regular_shape, Polarity::SeparateInside},
                    Cells{"regular_join", detail::regular_shape, Polarity::JoinInside},
                    Cells{"transition_separate", detail::transition_shape,
                          Polarity::SeparateInside},
                    Cells{"transition_join", detail::transition_shape, Polarity::JoinInside}),
    [](const auto& cells) { return std::string(cells.param.name); });

template <class Cases>
std::vector<std::vector<Triangle>> unpack(const Cases& cases) {
    std::vector<std::vector<Triangle>> all;
    for (const auto& cell : cases) {
        std::vector<Triangle>& triangles = all.emplace_back();
        for (std::size_t t = 0; t < cell.triangle_count; ++t) {
            triangles.push_back({cell.edges[3 * t], cell.edges[3 * t + 1], cell.edges[3 * t + 2]});
        }
    }
    return all;
}

std::size_t total(const std::vector<std::vector<Triangle>>& cases) {
    std::size_t count = 0;
    for (const auto& triangles : cases) count += triangles.size();
    return count;
}

TEST(Tables, HoldWhatWasProved) {
    const auto regular = unpack(cell_tables().regular);
    const auto transition = unpack(cell_tables().transition);
    for (unsigned i = 0; i < 256; ++i) {
        ASSERT_EQ(regular[i],
                  detail::triangulate_cell(detail::regular_shape(), i, Polarity::SeparateInside));
    }
    for (unsigned i = 0; i < 512; ++i) {
        ASSERT_EQ(transition[i], detail::triangulate_cell(detail::transition_shape(),
                                                          detail::transition_samples(i),
                                                          Polarity::SeparateInside));
    }
    EXPECT_EQ(total(regular), 820U);
    EXPECT_EQ(total(transition), 2640U);
}

TEST(Tables, TransitionCaseBitsNameEverySampleOnce) {
    std::set<unsigned> seen;
    for (unsigned i = 0; i < 512; ++i) seen.insert(detail::transition_samples(i));
    EXPECT_EQ(seen.size(), 512U);
    EXPECT_EQ(detail::transition_samples(0x155), 0x155U);
    EXPECT_EQ(detail::transition_samples(0x008), 0x020U);
}

// A lattice corner inside and its neighbour outside: the surface between them must face the
// outside. One cell with one inside corner fixes the sense of the winding for all others.
TEST(Tables, FrontsAreClockwiseSeenFromTheAir) {
    const RegularCase& cell = cell_tables().regular[1];
    ASSERT_EQ(cell.triangle_count, 1);
    std::array<Vec3f, 3> p;
    for (std::size_t i = 0; i < 3; ++i) {
        const Vec3i m = detail::regular_shape().doubled_middle(cell.edges[i]);
        p[i] = {static_cast<float>(m.x), static_cast<float>(m.y), static_cast<float>(m.z)};
    }
    EXPECT_GT(dot(cross(p[2] - p[0], p[1] - p[0]), {1, 1, 1}), 0.0F);
}

// A diagonal in a face of a regular cell could meet what the neighbour has there.
TEST(Tables, NoDiagonalOfARegularCellLiesInAFace) {
    const CellShape& shape = detail::regular_shape();
    const auto regular = unpack(cell_tables().regular);
    for (unsigned i = 0; i < 256; ++i) {
        std::set<Segment> contour;
        for (std::size_t face = 0; face < shape.faces.size(); ++face) {
            for (const Segment s : detail::face_contour(shape, face, i, Polarity::SeparateInside)) {
                contour.insert(s);
            }
        }
        for (const Triangle& t : regular[i]) {
            for (std::size_t k = 0; k < 3; ++k) {
                const Segment s{t[k], t[(k + 1) % 3]};
                ASSERT_TRUE(contour.contains(s) || !shape.share_a_face(s.from, s.to)) << i;
            }
        }
    }
}

constexpr std::int64_t kEdgeLength = 4096;

// How often a surface cuts itself when its vertices are put at random along their edges, a third of
// them close to each end and a third close to the middle, where the tight configurations are, and
// then moved.
template <class Move>
int self_cuts(const CellShape& shape, const std::vector<Triangle>& triangles, int placements,
              std::mt19937& random, Move&& move) {
    constexpr std::int64_t length = kEdgeLength;
    constexpr std::int64_t spread = 48;
    int cuts = 0;
    for (int n = 0; n < placements; ++n) {
        std::vector<ExactPoint> vertex;
        for (const detail::CellEdge edge : shape.edges) {
            constexpr std::array<std::int64_t, 3> start{1, length / 2 - spread / 2,
                                                        length - 1 - spread};
            const std::int64_t t =
                start[random() % 3] + static_cast<std::int64_t>(random() % spread);
            const Vec3i low = shape.corners[edge.low];
            const Vec3i along = shape.corners[edge.high] - low;
            vertex.push_back(
                move(ExactPoint{low.x * length + along.x * t, low.y * length + along.y * t,
                                low.z * length + along.z * t}));
        }
        const auto corners = [&](const Triangle& t) {
            return test::ExactTriangle{vertex[t[0]], vertex[t[1]], vertex[t[2]]};
        };
        bool cut = false;
        for (std::size_t i = 0; i < triangles.size() && !cut; ++i) {
            for (std::size_t j = 0; j < i && !cut; ++j) {
                cut = test::triangles_cut(triangles[i], corners(triangles[i]), triangles[j],
                                          corners(triangles[j]));
            }
        }
        cuts += cut ? 1 : 0;
    }
    return cuts;
}
int self_cuts(const CellShape& shape, const std::vector<Triangle>& triangles, int placements,
              std::mt19937& random) {
    return self_cuts(shape, triangles, placements, random, [](ExactPoint p) { return p; });
}

constexpr unsigned kPlacementSeed = 20;
constexpr int kPlacements = 200;

TEST(Tables, NoSurfaceCutsItselfWhereverItsVerticesLie) {
    RecordProperty("seed", static_cast<int>(kPlacementSeed));
    std::mt19937 random(kPlacementSeed);
    const auto regular = unpack(cell_tables().regular);
    for (unsigned i = 0; i < 256; ++i) {
        EXPECT_EQ(self_cuts(detail::regular_shape(), regular[i], 40, random), 0)
            << "regular case " << i << ", seed " << kPlacementSeed;
    }
    const auto transition = unpack(cell_tables().transition);
    for (unsigned i = 0; i < 512; ++i) {
        EXPECT_EQ(self_cuts(detail::transition_shape(), transition[i], kPlacements, random), 0)
            << "transition case " << i << ", seed " << kPlacementSeed;
    }
}

// A cell of the chunk that makes room for a strip where the strip is pinched: its vertices move along
// one axis (along two in a mitre), and less the nearer they are to a face without a strip.
struct PinchedCell {
    std::array<bool, 3> has_strip{};
    std::array<bool, 3> high{};  // which of the two faces on the axis

    ExactPoint operator()(ExactPoint p) const {
        constexpr std::int64_t width = 4;  // a quarter
        const std::array<std::int64_t, 3> at{p.x, p.y, p.z};
        std::array<std::int64_t, 3> distance{};
        std::array<std::int64_t, 3> fade{};
        for (std::size_t i = 0; i < 3; ++i) {
            distance[i] = high[i] ? kEdgeLength - at[i] : at[i];
            fade[i] = has_strip[i] ? kEdgeLength : distance[i];
        }
        std::array<std::int64_t, 3> moved{};
        for (std::size_t i = 0; i < 3; ++i) {
            const std::int64_t push = has_strip[i] ? kEdgeLength - distance[i] : 0;
            const std::int64_t inwards =
                push * fade[(i + 1) % 3] / kEdgeLength * fade[(i + 2) % 3] / kEdgeLength;
            moved[i] = width * at[i] + (high[i] ? -inwards : inwards);
        }
        return {moved[0], moved[1], moved[2]};
    }
};

TEST(Tables, NoRegularCellCutsItselfWhereAStripIsPinched) {
    std::mt19937 random(kPlacementSeed);
    const auto regular = unpack(cell_tables().regular);
    for (unsigned cell = 0; cell < 64; ++cell) {
        const auto bit = [&](unsigned i) { return (cell >> i & 1U) != 0; };
        const PinchedCell pinched{{bit(0), bit(1), bit(2)}, {bit(3), bit(4), bit(5)}};
        for (unsigned i = 0; i < 256; ++i) {
            ASSERT_EQ(self_cuts(detail::regular_shape(), regular[i], 4, random, pinched), 0)
                << "case " << i << ", cell " << cell << ", seed " << kPlacementSeed;
        }
    }
}

// The control: two discs instead of a ring in case 0x155 lie on top of each other.
TEST(Tables, TheTestForSelfCutsFindsTheDiscsThatCase155MustNotHave) {
    std::mt19937 random(kPlacementSeed);
    std::vector<Triangle> discs;
    for (const auto& loop :
         detail::contour_loops(detail::transition_shape(), 0x155, Polarity::SeparateInside)) {
        for (std::size_t k = 1; k + 1 < loop.size(); ++k) {
            discs.push_back({loop[0], loop[k], loop[k + 1]});
        }
    }
    EXPECT_EQ(discs.size(), 8U);
    EXPECT_EQ(self_cuts(detail::transition_shape(), discs, 40, random), 40);
}

}  // namespace
}  // namespace nebula::voxel
