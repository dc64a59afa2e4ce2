// SPDX-License-Identifier: MIT
#include "nebula/voxel/mesh/chunk_mesh.hpp"
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
    mesh.vertex_data.assign(48, std::byte{1});
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
