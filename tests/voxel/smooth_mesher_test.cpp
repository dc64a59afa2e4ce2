// SPDX-License-Identifier: MIT
#include "nebula/voxel/mesh/smooth_mesher.hpp"

#include "mesh_oracle.hpp"
#include "simd_levels.hpp"
#include "test_fields.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

using test::OracleTriangle;
using test::OracleVertex;

struct World {
    const char* name;
    std::uint64_t hash;  ///< Of the mesh of chunk (0, 0, 0).
    void (*fill)(SampleBlock& block, Vec3i chunk);
};
// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name
void PrintTo(const World& world, std::ostream* out) { *out << world.name; }

// The golden hashes must be the same in every build, by every compiler and at every SIMD level.
const std::array kWorlds{
    World{"slope", 0xbed6abd5ec14c740,
          [](SampleBlock& b, Vec3i c) { test::fill(b, c, test::slope); }},
    World{"sphere", 0x27a08554322e71cf,
          [](SampleBlock& b, Vec3i c) {
              test::fill(b, c, test::sphere({15.2F, 16.9F, 14.6F}, 11.3F));
          }},
    World{"hills", 0xc0557678edc6ec67,
          [](SampleBlock& b, Vec3i c) { test::fill(b, c, test::hills(11)); }},
    World{"caves", 0xe65337c3fe08d28e,
          [](SampleBlock& b, Vec3i c) { test::fill(b, c, test::caves(12)); }},
    World{"random_signs", 0x0ee4b212998e40ff,
          [](SampleBlock& b, Vec3i c) { test::fill(b, c, test::random_field(13)); }},
    World{"checkerboard", 0x0872f8f78c617cbd,
          [](SampleBlock& b, Vec3i c) { test::fill(b, c, test::checkerboard); }},
    World{"empty", 0,
          [](SampleBlock& b, Vec3i c) { test::fill(b, c, [](Vec3i) { return kSampleMax; }); }},
    World{"full", 0,
          [](SampleBlock& b, Vec3i c) { test::fill(b, c, [](Vec3i) { return kSampleMin; }); }},
};

class SmoothMesherWorlds : public testing::TestWithParam<World> {
protected:
    const ChunkMesh& mesh_of(Vec3i chunk) {
        GetParam().fill(*block_, chunk);
        EXPECT_TRUE(mesher_.mesh(*block_, mesh_));
        return mesh_;
    }

    std::unique_ptr<SampleBlock> block_ = std::make_unique<SampleBlock>();
    SmoothMesher mesher_;
    ChunkMesh mesh_;
};

Vec3f cross_of(const ChunkMesh& mesh, std::uint32_t triangle) {
    const Vec3f a = mesh.position(mesh.index(3 * triangle));
    const Vec3f b = mesh.position(mesh.index(3 * triangle + 1));
    const Vec3f c = mesh.position(mesh.index(3 * triangle + 2));
    return cross(c - a, b - a);  // clockwise fronts: this points to the air
}

TEST_P(SmoothMesherWorlds, MeshesLikeTheOracle) {
    for (const Vec3i chunk : {Vec3i{0, 0, 0}, Vec3i{-1, 0, 2}}) {
        const ChunkMesh& mesh = mesh_of(chunk);
        const std::vector<OracleTriangle> expected = test::oracle_mesh(*block_);
        const std::vector<OracleTriangle> actual = test::triangles_of(mesh, chunk);
        ASSERT_EQ(actual.size(), expected.size());
        ASSERT_TRUE(actual == expected);
    }
}

TEST_P(SmoothMesherWorlds, UsesEveryVertexAndNoOtherIndex) {
    const ChunkMesh& mesh = mesh_of({0, 0, 0});
    std::vector<bool> used(mesh.vertex_count);
    for (std::uint32_t i = 0; i < mesh.index_count; ++i) {
        ASSERT_LT(mesh.index(i), mesh.vertex_count);
        used[mesh.index(i)] = true;
    }
    EXPECT_TRUE(std::ranges::all_of(used, [](bool u) { return u; }));
    EXPECT_EQ(mesh.vertex_data.size(), mesh.vertex_count * ChunkMesh::kVertexSize);
    EXPECT_EQ(mesh.index_data.size(), mesh.index_count * mesh.index_size());
}

TEST_P(SmoothMesherWorlds, IsClosedExceptAtTheBorder) {
    const ChunkMesh& mesh = mesh_of({0, 0, 0});
    using Edge = std::pair<std::uint32_t, std::uint32_t>;
    std::vector<Edge> edges;
    edges.reserve(mesh.index_count);
    for (std::uint32_t i = 0; i < mesh.index_count; ++i) {
        edges.emplace_back(mesh.index(i), mesh.index(i % 3 == 2 ? i - 2 : i + 1));
    }
    std::ranges::sort(edges);
    ASSERT_EQ(std::ranges::adjacent_find(edges), edges.end())
        << "two triangles run the same way along an edge";
    const auto on_one_border_face = [](Vec3f a, Vec3f b) {
        const auto at = [](float u, float v) { return u == v && (u == 0.0F || u == 32.0F); };
        return at(a.x, b.x) || at(a.y, b.y) || at(a.z, b.z);
    };
    for (const auto& [from, to] : edges) {
        if (std::ranges::binary_search(edges, Edge{to, from})) continue;
        ASSERT_TRUE(on_one_border_face(mesh.position(from), mesh.position(to)));
    }
}

TEST_P(SmoothMesherWorlds, HasNoTriangleWithoutAnArea) {
    const ChunkMesh& mesh = mesh_of({0, 0, 0});
    for (std::uint32_t t = 0; t < mesh.triangle_count(); ++t) {
        const Vec3f n = cross_of(mesh, t);
        ASSERT_GT(dot(n, n), 0.0F) << "triangle " << t;
    }
}

TEST_P(SmoothMesherWorlds, BoundsAreTightAroundThePositions) {
    const ChunkMesh& mesh = mesh_of({0, 0, 0});
    if (mesh.empty()) {
        EXPECT_EQ(mesh.bounds, Aabb{});
        return;
    }
    Aabb box{mesh.position(0), mesh.position(0)};
    for (std::uint32_t i = 1; i < mesh.vertex_count; ++i) {
        const Vec3f p = mesh.position(i);
        box.min = {std::min(box.min.x, p.x), std::min(box.min.y, p.y), std::min(box.min.z, p.z)};
        box.max = {std::max(box.max.x, p.x), std::max(box.max.y, p.y), std::max(box.max.z, p.z)};
    }
    EXPECT_EQ(mesh.bounds, box);
}

// The contour on a shared face must be the same line, walked in opposite directions, with equal
// positions, and every vertex of it must have the same normal on both sides.
TEST_P(SmoothMesherWorlds, FitsItsNeighboursToTheBit) {
    using Edge = std::pair<OracleVertex, OracleVertex>;
    const auto border = [](const std::vector<OracleTriangle>& triangles, int axis, int plane) {
        const auto on_plane = [&](const OracleVertex& v) {
            const std::array<int, 3> low{v.edge.low.x, v.edge.low.y, v.edge.low.z};
            return v.edge.axis != axis && low[static_cast<std::size_t>(axis)] == plane;
        };
        std::vector<Edge> edges;
        for (const OracleTriangle& t : triangles) {
            for (std::size_t i = 0; i < 3; ++i) {
                const Edge edge{t[i], t[(i + 1) % 3]};
                if (on_plane(edge.first) && on_plane(edge.second)) edges.push_back(edge);
            }
        }
        std::ranges::sort(edges);
        std::vector<Edge> open;
        std::ranges::copy_if(edges, std::back_inserter(open), [&](const Edge& edge) {
            return !std::ranges::binary_search(edges, Edge{edge.second, edge.first});
        });
        return open;
    };
    const std::array<Vec3i, 3> axes{Vec3i{1, 0, 0}, Vec3i{0, 1, 0}, Vec3i{0, 0, 1}};
    const std::vector<OracleTriangle> here = test::triangles_of(mesh_of({0, 0, 0}), {0, 0, 0});
    for (int axis = 0; axis < 3; ++axis) {
        const Vec3i chunk = axes[static_cast<std::size_t>(axis)];
        const std::vector<OracleTriangle> there = test::triangles_of(mesh_of(chunk), chunk);
        std::vector<Edge> theirs = border(there, axis, 32);
        for (auto& [from, to] : theirs) std::swap(from, to);
        std::ranges::sort(theirs);
        EXPECT_EQ(border(here, axis, 32), theirs) << "axis " << axis;
    }
}

TEST_P(SmoothMesherWorlds, HasTheSameBytesInEveryBuildAndAtEverySimdLevel) {
    for_each_simd_level([&](const char* level) {
        const std::uint64_t hash = mesh_hash(mesh_of({0, 0, 0}));
        EXPECT_EQ(hash, GetParam().hash) << std::hex << "0x" << hash << " at " << level;
    });
}

TEST_P(SmoothMesherWorlds, AllocatesNothingTheSecondTime) {
    mesh_of({0, 0, 0});
    const std::byte* const vertices = mesh_.vertex_data.data();
    const std::byte* const indices = mesh_.index_data.data();
    mesh_of({0, 0, 0});
    EXPECT_EQ(mesh_.vertex_data.data(), vertices);
    EXPECT_EQ(mesh_.index_data.data(), indices);
}

INSTANTIATE_TEST_SUITE_P(Worlds, SmoothMesherWorlds, testing::ValuesIn(kWorlds),
                         [](const auto& world) { return std::string(world.param.name); });

class SmoothMesherTest : public testing::Test {
protected:
    template <class Field>
    const ChunkMesh& mesh_of(Field&& field) {
        test::fill(*block_, {0, 0, 0}, field);
        EXPECT_TRUE(mesher_.mesh(*block_, mesh_));
        return mesh_;
    }

    std::unique_ptr<SampleBlock> block_ = std::make_unique<SampleBlock>();
    SmoothMesher mesher_;
    ChunkMesh mesh_;
};

TEST_F(SmoothMesherTest, ASphereEnclosesItsVolumeAndItsNormalsPointAway) {
    const Vec3f centre{15.2F, 16.9F, 14.6F};
    constexpr float radius = 11.3F;
    const ChunkMesh& mesh = mesh_of(test::sphere(centre, radius));
    float volume = 0.0F;
    for (std::uint32_t t = 0; t < mesh.triangle_count(); ++t) {
        volume += dot(cross_of(mesh, t), mesh.position(mesh.index(3 * t)) - centre) / 6.0F;
    }
    EXPECT_NEAR(volume, 4.0F / 3.0F * 3.14159265F * radius * radius * radius, 60.0F);
    for (std::uint32_t i = 0; i < mesh.vertex_count; ++i) {
        const Vec3f out = mesh.position(i) - centre;
        const float distance = std::sqrt(dot(out, out));
        ASSERT_NEAR(distance, radius, 0.1F);
        ASSERT_GT(dot(out * (1.0F / distance), mesh.normal(i)), 0.999F);
    }
}

TEST_F(SmoothMesherTest, TrianglesOfASlopeFaceTheSideTheirNormalsName) {
    const ChunkMesh& mesh = mesh_of(test::slope);
    for (std::uint32_t t = 0; t < mesh.triangle_count(); ++t) {
        for (std::uint32_t k = 0; k < 3; ++k) {
            ASSERT_GT(dot(cross_of(mesh, t), mesh.normal(mesh.index(3 * t + k))), 0.0F);
        }
    }
}

TEST_F(SmoothMesherTest, TheWorstChunkNeeds32BitIndices) {
    const ChunkMesh& mesh = mesh_of(test::checkerboard);
    EXPECT_EQ(mesh.vertex_count, 3U * 32 * 33 * 33);
    EXPECT_EQ(mesh.index_size(), 4U);
    EXPECT_EQ(mesh.triangle_count(), 32U * 32 * 32 * 4);
}

TEST_F(SmoothMesherTest, AZeroSampleIsAnErrorAndTheNextChunkIsFine) {
    // In the ring, in the corners, and among the last samples, which no full register covers.
    for (const Vec3i at :
         {Vec3i{-1, -1, -1}, Vec3i{7, 8, 9}, Vec3i{33, 33, 33}, Vec3i{3, 33, 33}}) {
        test::fill(*block_, {4, -5, 6}, test::slope);
        block_->chunk = {{4, -5, 6}, 2};
        block_->at(at.x, at.y, at.z) = 0;
        const auto failed = mesher_.mesh(*block_, mesh_);
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().kind, VoxelError::Kind::ZeroSample);
        EXPECT_EQ(failed.error().message,
                  "the generator wrote a sample of 0 for chunk (4, -5, 6) of level 2; every sample "
                  "must be negative or positive");
        EXPECT_TRUE(mesh_.empty());
        EXPECT_EQ(mesh_.vertex_count, 0U);
    }
    EXPECT_FALSE(mesh_of(test::slope).empty());
}

TEST_F(SmoothMesherTest, ALargeMeshLeavesNothingBehindInASmallOne) {
    const std::uint64_t fresh = mesh_hash(mesh_of(test::slope));
    mesh_of(test::checkerboard);
    EXPECT_EQ(mesh_hash(mesh_of(test::slope)), fresh);
}

// The mesher's float formula and the oracle's whole numbers agree for every pair of samples, and a
// crossing never lands on a corner.
TEST(Crossing, TheFloatFormulaEqualsTheExactOneForEveryPairOfSamples) {
    for (int from = 1; from <= 127; ++from) {
        for (int to = 1; to <= 127; ++to) {
            const int exact = (2 * 1024 * from + (from + to)) / (2 * (from + to));
            const float quotient = static_cast<float>(from * 1024) / static_cast<float>(from + to);
            const int fast =
                static_cast<int>(quotient + 0.5F);  // NOLINT(bugprone-incorrect-roundings)
            ASSERT_EQ(fast, exact) << from << ' ' << to;
            ASSERT_GT(fast, 0);
            ASSERT_LT(fast, 1024);
            const int moved = (fast + 2) / 4 * 4;  // as strips round it
            ASSERT_GT(moved, 0);
            ASSERT_LT(moved, 1024);
        }
    }
}

}  // namespace
}  // namespace nebula::voxel
