// SPDX-License-Identifier: MIT
// Random worlds of two levels of detail, put together from table cells alone: whatever the signs
// and wherever the levels meet, the surface must close.
#include "nebula/voxel/mesh/cell_tables.hpp"
#include "nebula/voxel/mesh/detail/cell_shape.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <random>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

using detail::CellShape;
using detail::Polarity;
using detail::Triangle;

constexpr int kCoarseCells = 5;                 // along each axis of a world
constexpr int kCorners = 2 * kCoarseCells + 1;  // of the fine lattice

constexpr std::array<Vec3i, 3> kAxes{Vec3i{1, 0, 0}, Vec3i{0, 1, 0}, Vec3i{0, 0, 1}};

// A vertex of either level: the lattice edge it lies on, in fine units.
struct Vertex {
    int level = 0;
    Vec3i low;
    int axis = 0;

    friend constexpr auto operator<=>(const Vertex&, const Vertex&) = default;
};

enum class Transitions { Right, WrongPolarity, None };

struct Count {
    long triangles = 0;
    long strips = 0;     // transition cells
    long unmatched = 0;  // directed edges without a partner that runs back
    long crowded = 0;    // edges that more than two triangles share
};

class World {
public:
    // `fine` says which coarse cells are split in eight. The lattice's border is air, so that a
    // correct surface has no edge of its own.
    template <class IsFine>
    World(std::mt19937& random, IsFine&& is_fine) {
        for (int i = 0; i < kCorners * kCorners * kCorners; ++i) {
            const Vec3i p{i % kCorners, i / kCorners % kCorners, i / kCorners / kCorners};
            const auto border = [](int c) { return c == 0 || c == kCorners - 1; };
            inside_.push_back(!border(p.x) && !border(p.y) && !border(p.z) && (random() & 1U) != 0);
        }
        for (int i = 0; i < kCoarseCells * kCoarseCells * kCoarseCells; ++i) {
            fine_.push_back(is_fine(Vec3i{i % kCoarseCells, i / kCoarseCells % kCoarseCells,
                                          i / kCoarseCells / kCoarseCells}));
        }
    }

    Count count(Transitions transitions) {
        edges_.clear();
        count_ = {};
        for (int z = 0; z < kCoarseCells; ++z) {
            for (int y = 0; y < kCoarseCells; ++y) {
                for (int x = 0; x < kCoarseCells; ++x) add_coarse_cell({x, y, z}, transitions);
            }
        }
        for (const auto& [edge, used] : edges_) {
            const auto back = edges_.find({edge.second, edge.first});
            const int returned = back == edges_.end() ? 0 : back->second;
            count_.unmatched += std::max(0, used - returned);
            if (used > 1) ++count_.crowded;
        }
        return count_;
    }

private:
    bool inside(Vec3i p) const {
        const int at = p.x + kCorners * (p.y + kCorners * p.z);
        return inside_[static_cast<std::size_t>(at)];
    }
    bool fine(Vec3i cell) const {
        for (const int c : {cell.x, cell.y, cell.z}) {
            if (c < 0 || c >= kCoarseCells) return false;
        }
        const int at = cell.x + kCoarseCells * (cell.y + kCoarseCells * cell.z);
        return fine_[static_cast<std::size_t>(at)];
    }
    bool in_world(Vec3i cell) const {
        return Box3i{{0, 0, 0}, {kCoarseCells, kCoarseCells, kCoarseCells}}.contains(cell);
    }

    void add_coarse_cell(Vec3i cell, Transitions transitions) {
        if (!fine(cell)) {
            add_regular(cell * 2, 1);
            return;
        }
        for (int i = 0; i < 8; ++i) add_regular(cell * 2 + Vec3i{i & 1, i >> 1 & 1, i >> 2 & 1}, 0);
        if (transitions == Transitions::None) return;
        for (int axis = 0; axis < 3; ++axis) {
            for (const int direction : {-1, 1}) {
                const Vec3i beyond = cell + kAxes[static_cast<std::size_t>(axis)] * direction;
                if (in_world(beyond) && !fine(beyond)) {
                    add_transition(cell * 2, axis, direction > 0, transitions);
                }
            }
        }
    }

    void add_regular(Vec3i base, int level) {
        const CellShape& shape = detail::regular_shape();
        const int size = 1 << level;
        unsigned index = 0;
        for (std::size_t i = 0; i < 8; ++i) {
            if (inside(base + shape.corners[i] * size)) index |= 1U << i;
        }
        const RegularCase& cell = cell_tables().regular[index];
        for (std::size_t t = 0; t < cell.triangle_count; ++t) {
            std::array<Vertex, 3> triangle;
            for (std::size_t k = 0; k < 3; ++k) {
                const std::size_t edge = cell.edges[3 * t + k];
                triangle[k] = {level, base + shape.corners[shape.edges[edge].low] * size,
                               static_cast<int>(edge / 4)};
            }
            add_triangle(triangle);
        }
    }

    // u, v and the direction away from the fine cell are right-handed, so no cell is a mirrored
    // one.
    void add_transition(Vec3i base, int axis, bool high_side, Transitions transitions) {
        const CellShape& shape = detail::transition_shape();
        int u = (axis + 1) % 3;
        int v = (axis + 2) % 3;
        if (!high_side) std::swap(u, v);
        if (high_side) base = base + kAxes[static_cast<std::size_t>(axis)] * 2;
        const auto at = [&](Vec3i local) {
            return base + kAxes[static_cast<std::size_t>(u)] * local.x +
                   kAxes[static_cast<std::size_t>(v)] * local.y;
        };
        unsigned samples = 0;
        for (std::size_t i = 0; i < 9; ++i) {
            if (inside(at(shape.corners[i]))) samples |= 1U << i;
        }
        ++count_.strips;
        for (const Triangle& t : transition_triangles(samples, transitions)) {
            std::array<Vertex, 3> triangle;
            for (std::size_t k = 0; k < 3; ++k) {
                const Vec3i low = shape.corners[shape.edges[t[k]].low];
                const Vec3i along = shape.corners[shape.edges[t[k]].high] - low;
                triangle[k] = {shape.on_half_side(t[k]) ? 1 : 0, at(low), along.x != 0 ? u : v};
            }
            add_triangle(triangle);
        }
    }

    static std::vector<Triangle> transition_triangles(unsigned samples, Transitions transitions) {
        if (transitions == Transitions::WrongPolarity) {
            return detail::triangulate_cell(detail::transition_shape(), samples,
                                            Polarity::JoinInside);
        }
        unsigned index = 0;
        while (detail::transition_samples(index) != samples) ++index;
        const TransitionCase& cell = cell_tables().transition[index];
        std::vector<Triangle> triangles;
        for (std::size_t t = 0; t < cell.triangle_count; ++t) {
            triangles.push_back({cell.edges[3 * t], cell.edges[3 * t + 1], cell.edges[3 * t + 2]});
        }
        return triangles;
    }

    void add_triangle(const std::array<Vertex, 3>& t) {
        ++count_.triangles;
        for (std::size_t i = 0; i < 3; ++i) ++edges_[{t[i], t[(i + 1) % 3]}];
    }

    std::vector<bool> inside_;
    std::vector<bool> fine_;
    std::map<std::pair<Vertex, Vertex>, int> edges_;
    Count count_;
};

constexpr unsigned kSeed = 40;
constexpr int kWorlds = 120;

// Worlds in which one box is fine, as around a viewer.
Count total_over_boxes(Transitions transitions) {
    std::mt19937 random(kSeed);
    Count total;
    for (int n = 0; n < kWorlds; ++n) {
        const auto range = [&] {
            const int low = static_cast<int>(random() % (kCoarseCells - 1));
            return std::pair(
                low,
                low + 1 +
                    static_cast<int>(random() % static_cast<unsigned>(kCoarseCells - 1 - low)));
        };
        const auto x = range();
        const auto y = range();
        const auto z = range();
        const Box3i box{{x.first, y.first, z.first}, {x.second + 1, y.second + 1, z.second + 1}};
        World world(random, [&](Vec3i cell) { return box.contains(cell); });
        const Count one = world.count(transitions);
        total.triangles += one.triangles;
        total.strips += one.strips;
        total.unmatched += one.unmatched;
        total.crowded += one.crowded;
    }
    return total;
}

TEST(TablesGlue, BoxesOfFinerDetailCloseAndNoEdgeHasMoreThanTwoTriangles) {
    const Count total = total_over_boxes(Transitions::Right);
    RecordProperty("seed", static_cast<int>(kSeed));
    RecordProperty("triangles", static_cast<int>(total.triangles));
    EXPECT_GT(total.triangles, 10'000);
    EXPECT_GT(total.strips, 1'000);
    EXPECT_EQ(total.unmatched, 0) << "seed " << kSeed;
    EXPECT_EQ(total.crowded, 0) << "seed " << kSeed;
}

TEST(TablesGlue, AnyMixtureOfLevelsCloses) {
    std::mt19937 random(kSeed + 1);
    for (int n = 0; n < kWorlds; ++n) {
        World world(random, [&](Vec3i) { return (random() & 1U) != 0; });
        ASSERT_EQ(world.count(Transitions::Right).unmatched, 0)
            << "world " << n << ", seed " << kSeed + 1;
    }
}

// The controls. Each must fail, or the tests above prove nothing.
TEST(TablesGlue, TransitionsOfTheOtherPolarityLeaveHoles) {
    EXPECT_GT(total_over_boxes(Transitions::WrongPolarity).unmatched, 0);
}

TEST(TablesGlue, WithoutTransitionsThereAreHoles) {
    EXPECT_GT(total_over_boxes(Transitions::None).unmatched, 0);
}

}  // namespace
}  // namespace nebula::voxel
