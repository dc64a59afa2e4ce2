// SPDX-License-Identifier: MIT
#include "nebula/voxel/mesh/chunk_mesh.hpp"
#include "nebula/voxel/mesh/half_turn.hpp"
#include "nebula/voxel/mesh/octahedral.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>

namespace nebula::voxel {
namespace {

TEST(OctahedralNormal, KeepsEveryDirectionToAFewTenThousandths) {
    constexpr unsigned seed = 1;
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    for (int i = 0; i < 20'000; ++i) {
        Vec3f d{normal(random), normal(random), normal(random)};
        d = d * (1.0F / std::sqrt(dot(d, d)));
        ASSERT_GT(dot(d, octahedral_decode(octahedral_encode(d * 37.0F))), 0.9999999F - 1e-6F)
            << d.x << ' ' << d.y << ' ' << d.z << " seed " << seed;
    }
}

TEST(OctahedralNormal, PacksTheAxesAsTheEngineDoes) {
    EXPECT_EQ(octahedral_encode({0, 0, 1}), (OctahedralNormal{32767, 32767}));
    EXPECT_EQ(octahedral_encode({1, 0, 0}), (OctahedralNormal{65535, 32767}));
    EXPECT_EQ(octahedral_encode({-1, 0, 0}), (OctahedralNormal{0, 32767}));
    EXPECT_EQ(octahedral_encode({0, 1, 0}), (OctahedralNormal{32767, 65535}));
    EXPECT_EQ(octahedral_encode({0, 0, -1}), (OctahedralNormal{65535, 65535}));
}

// Also those that are nearly straight down, where the axis depends on the last bits: gradients are
// whole numbers below 2^16.
TEST(HalfTurn, KeepsEveryDirectionToAFewTenThousandths) {
    constexpr unsigned seed = 2;
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    for (int i = 0; i < 20'000; ++i) {
        Vec3f d{normal(random), normal(random), normal(random)};
        if (i % 2 == 0) d = {std::round(d.x), std::round(d.y), std::round(d.z * 30'000.0F)};
        if (d == Vec3f{}) continue;
        const Vec3f unit = d * (1.0F / std::sqrt(dot(d, d)));
        const Vec3f error = normal_of_half_turn(half_turn_to(d)) - unit;
        ASSERT_LT(std::sqrt(dot(error, error)), 1.7e-4F)
            << d.x << ' ' << d.y << ' ' << d.z << " seed " << seed;
    }
}

TEST(HalfTurn, PacksTheAxes) {
    EXPECT_EQ(half_turn_to({0, 0, 3}), (OctahedralNormal{32768, 32768}));
    EXPECT_EQ(half_turn_to({0, 0, -3}), (OctahedralNormal{65535, 32768}));
    EXPECT_EQ(half_turn_to({3, 0, 0}), (OctahedralNormal{49151, 32768}));
    EXPECT_EQ(half_turn_to({0, -3, 0}), (OctahedralNormal{32768, 16384}));
}

// As a vertex shader does it, with the box that ChunkMesh names.
TEST(ChunkMesh, EveryPositionDecodesToAWholeNumberOfUnits) {
    for (int u = 0; u <= 65'535; ++u) {
        const float decoded = static_cast<float>(u) / 65535.0F * ChunkMesh::kBoxSize;
        ASSERT_EQ(decoded, static_cast<float>(u) / ChunkMesh::kUnitsPerVoxel) << u;
    }
}

TEST(ChunkMesh, ClearKeepsTheMemory) {
    ChunkMesh mesh;
    mesh.vertex_data.resize(1000);
    mesh.index_data.resize(1000);
    const std::byte* const before = mesh.vertex_data.data();
    mesh.clear();
    EXPECT_TRUE(mesh.empty());
    mesh.vertex_data.resize(1000);
    EXPECT_EQ(mesh.vertex_data.data(), before);
}

TEST(MeshHash, DependsOnEveryByteAndOnTheCounts) {
    ChunkMesh mesh;
    mesh.vertex_count = 3;
    mesh.index_count = 3;
    mesh.vertex_data.assign(3 * ChunkMesh::kVertexSize, std::byte{1});
    mesh.index_data.assign(6, std::byte{2});
    const std::uint64_t hash = mesh_hash(mesh);
    for (std::size_t i = 0; i < mesh.vertex_data.size(); ++i) {
        ChunkMesh other = mesh;
        other.vertex_data[i] = std::byte{3};
        EXPECT_NE(mesh_hash(other), hash);
    }
    for (std::size_t i = 0; i < mesh.index_data.size(); ++i) {
        ChunkMesh other = mesh;
        other.index_data[i] = std::byte{3};
        EXPECT_NE(mesh_hash(other), hash);
    }
    mesh.vertex_count = 4;
    EXPECT_NE(mesh_hash(mesh), hash);
}

}  // namespace
}  // namespace nebula::voxel
