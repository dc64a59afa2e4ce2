// SPDX-License-Identifier: MIT
// Materials of the smooth mesher's vertices. strips_glue_test.cpp compares those of neighbours.
#include "mesh_oracle.hpp"
#include "nebula/voxel/mesh/smooth_mesher.hpp"
#include "simd_levels.hpp"
#include "test_fields.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

namespace nebula::voxel {
namespace {

constexpr std::uint8_t kAllFaces = 0x3F;

struct Ground {
    const char* name;
    std::uint64_t
        hash;  ///< Of the meshes of chunk (0, 0, 0) with strips and 4, 6 and all materials.
    Sample (*field)(Vec3i voxel);
};
// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name
void PrintTo(const Ground& ground, std::ostream* out) { *out << ground.name; }

const std::array kGrounds{
    Ground{"hills", 0x34d6bd2ef62db799, [](Vec3i p) { return test::hills(11)(p); }},
    Ground{"caves", 0xa9e568d20c4670b1, [](Vec3i p) { return test::caves(12)(p); }},
    Ground{"checkerboard", 0x779dcdbdc4466991, test::checkerboard},
};

// On the heap, because they are large.
struct Inputs {
    std::unique_ptr<SampleBlock> block = std::make_unique<SampleBlock>();
    std::unique_ptr<StripSamples> strips = std::make_unique<StripSamples>();
    std::unique_ptr<MaterialBlock> materials = std::make_unique<MaterialBlock>();
};

class MeshMaterials : public testing::TestWithParam<Ground> {
protected:
    const ChunkMesh& mesh_of(Vec3i chunk, std::uint8_t mask, unsigned materials) {
        test::fill(*block_, chunk, GetParam().field);
        test::fill(*strips_, mask, chunk, test::picked(GetParam().field));
        test::fill(*materials_, chunk, test::random_materials(14, materials, 3));
        EXPECT_TRUE(mesher_.mesh(*block_, *strips_, *materials_, mesh_));
        return mesh_;
    }
    ChunkMesh mesh_without_materials() {
        ChunkMesh mesh;
        EXPECT_TRUE(mesher_.mesh(*block_, *strips_, mesh));
        return mesh;
    }

    std::unique_ptr<SampleBlock> block_ = std::make_unique<SampleBlock>();
    std::unique_ptr<StripSamples> strips_ = std::make_unique<StripSamples>();
    std::unique_ptr<MaterialBlock> materials_ = std::make_unique<MaterialBlock>();
    SmoothMesher mesher_;
    ChunkMesh mesh_;
};

TEST_P(MeshMaterials, AreThoseOfTheSolidCornersAndTheTrianglesStayTheSame) {
    for (const std::uint8_t mask : {std::uint8_t{0x00}, kAllFaces}) {
        for (const unsigned count : {6U, unsigned{kMaterials}}) {
            materials_->is_coarse = count == 6;
            const ChunkMesh& mesh = mesh_of({-1, 0, 2}, mask, count);
            const auto expected = test::oracle_mesh(
                *block_, *strips_, detail::Polarity::SeparateInside, materials_.get());
            ASSERT_TRUE(test::placed_triangles_of(mesh) == expected)
                << "mask " << int{mask} << ", " << count << " materials";
        }
    }
}

TEST_P(MeshMaterials, ATrianglesVerticesNameTheSameMaterials) {
    for (const unsigned count : {2U, 4U, 6U, 20U, unsigned{kMaterials}}) {
        const ChunkMesh& mesh = mesh_of({0, 0, 0}, kAllFaces, count);
        ASSERT_EQ(mesh.attribute_data.size(), mesh.vertex_count * sizeof(MaterialAttribute));
        std::vector<bool> used(mesh.vertex_count);
        for (std::uint32_t i = 0; i < mesh.index_count; ++i) {
            ASSERT_LT(mesh.index(i), mesh.vertex_count);
            used[mesh.index(i)] = true;
            ASSERT_EQ(mesh.materials(mesh.index(i)).indices,
                      mesh.materials(mesh.index(i - i % 3)).indices)
                << "triangle " << i / 3 << " of " << count << " materials";
        }
        EXPECT_TRUE(std::ranges::all_of(used, [](bool u) { return u; }));
        EXPECT_EQ(mesh.vertex_data.size(), mesh.vertex_count * ChunkMesh::kVertexSize);
        EXPECT_EQ(mesh.index_data.size(), mesh.index_count * mesh.index_size());
    }
}

TEST_P(MeshMaterials, NoVertexIsCopiedForFourMaterials) {
    const std::uint32_t with = mesh_of({0, 0, 0}, kAllFaces, 4).vertex_count;
    EXPECT_EQ(with, mesh_without_materials().vertex_count);
}

TEST_P(MeshMaterials, HaveTheSameBytesInEveryBuildAndAtEverySimdLevel) {
    for_each_simd_level([&](const char* level) {
        std::uint64_t hash = 0;
        for (const unsigned count : {4U, 6U, unsigned{kMaterials}}) {
            const ChunkMesh& mesh = mesh_of({0, 0, 0}, kAllFaces, count);
            hash = (hash ^ mesh_hash(mesh, mesh.attribute_data)) * 0x9E3779B97F4A7C15ULL;
        }
        EXPECT_EQ(hash, GetParam().hash) << std::hex << "0x" << hash << " at " << level;
    });
}

// On a coarse level, the air over the grass says what one sees; unless something was put into the ground.
TEST(MeshMaterialsOfCoarseLevels, AreThoseOfTheAirUnlessTheyWerePlaced) {
    const auto [block, strips, materials] = Inputs();
    SmoothMesher mesher;
    ChunkMesh mesh;
    test::fill(*block, {0, 0, 0}, test::slope);
    materials->is_coarse = true;
    const auto material_with = [&](Material ground) {
        test::fill(*materials, {0, 0, 0}, [&](Vec3i p) {
            return is_inside(block->at(p.x, p.y, p.z)) ? ground : Material{2};
        });
        EXPECT_TRUE(mesher.mesh(*block, *strips, *materials, mesh));
        EXPECT_TRUE(mesh.attribute_data.empty());
        return mesh.material;
    };
    EXPECT_EQ(material_with(5), 2);
    EXPECT_EQ(material_with(5 | MaterialBlock::kPlaced), 5);
    materials->is_coarse = false;
    EXPECT_EQ(material_with(5), 5);
}

// One material: nothing is different from a world that knows no materials, except for its number.
TEST_P(MeshMaterials, OfWhichTheSurfaceHasOneAreThePlainMesh) {
    for (const std::uint8_t mask : {std::uint8_t{0x00}, kAllFaces}) {
        mesh_of({0, 0, 0}, mask, 6);
        const ChunkMesh plain = mesh_without_materials();
        test::fill(*materials_, {0, 0, 0}, [&](Vec3i p) -> Material {
            return is_inside(block_->at(p.x, p.y, p.z)) ? 9 | MaterialBlock::kPlaced : 4;
        });
        const auto expect_plain = [&](Material material) {
            EXPECT_EQ(mesh_hash(mesh_), mesh_hash(plain));
            EXPECT_TRUE(mesh_.attribute_data.empty());
            EXPECT_EQ(mesh_.material, material);
        };
        ASSERT_TRUE(mesher_.mesh(*block_, *strips_, *materials_, mesh_));
        expect_plain(9);
        mesh_of({0, 0, 0}, mask, 6);
        materials_->is_uniform = true;
        materials_->uniform = 7;
        ASSERT_TRUE(mesher_.mesh(*block_, *strips_, *materials_, mesh_));
        expect_plain(7);
        mesh_of({0, 0, 0}, mask, 6);
        ASSERT_TRUE(mesher_.mesh(*block_, *strips_, mesh_));
        expect_plain(0);
    }
}

TEST_P(MeshMaterials, AllocateNothingTheSecondTime) {
    mesh_of({0, 0, 0}, kAllFaces, 6);
    const std::array before{mesh_.vertex_data.data(), mesh_.index_data.data(),
                            mesh_.attribute_data.data()};
    mesh_of({0, 0, 0}, kAllFaces, 6);
    EXPECT_EQ(before, (std::array{mesh_.vertex_data.data(), mesh_.index_data.data(),
                                  mesh_.attribute_data.data()}));
}

INSTANTIATE_TEST_SUITE_P(Grounds, MeshMaterials, testing::ValuesIn(kGrounds),
                         [](const auto& ground) { return std::string(ground.param.name); });

// Eight materials in patches hardly wider than a triangle. README, "Materials", has the figures.
TEST(MeshMaterialsInPatches, TakeFewCopiesOfVertices) {
    const auto [block, strips, materials] = Inputs();
    SmoothMesher mesher;
    ChunkMesh mesh;
    const auto growth = [&](int cell) {
        test::fill(*block, {0, 0, 0}, test::hills(11));
        EXPECT_TRUE(mesher.mesh(*block, *strips, mesh));
        const auto plain = static_cast<double>(mesh.vertex_count);
        test::fill(*materials, {0, 0, 0}, test::patches(cell, 3));
        EXPECT_TRUE(mesher.mesh(*block, *strips, *materials, mesh));
        EXPECT_FALSE(mesh.attribute_data.empty());
        return static_cast<double>(mesh.vertex_count) / plain - 1.0;
    };
    EXPECT_LE(growth(4), 0.45);
    EXPECT_LE(growth(16), 0.05);
}

// A number that is none comes from outside, and must not lead out of a table.
TEST(MeshMaterialsOfNoList, AreTakenModuloTheNumberThereCanBe) {
    const auto [block, strips, materials] = Inputs();
    SmoothMesher mesher;
    ChunkMesh mesh;
    test::fill(*block, {0, 0, 0}, test::slope);
    test::fill(*materials, {0, 0, 0}, [](Vec3i p) { return static_cast<Material>(128 + p.x % 9); });
    ASSERT_TRUE(mesher.mesh(*block, *strips, *materials, mesh));
    std::set<Material> seen;
    for (const auto& v : test::placed_vertices_of(mesh)) seen.insert(v.material);
    EXPECT_EQ(seen, (std::set<Material>{0, 1, 2, 3, 4, 5, 6, 7, 8}));
}

// The copies take a mesh over the limit of 16-bit indices.
TEST(MeshMaterialsOfManyVertices, HaveIndicesOf32Bits) {
    const auto [block, strips, materials] = Inputs();
    SmoothMesher mesher;
    ChunkMesh mesh;
    test::fill(*block, {0, 0, 0}, test::random_field(13));
    ASSERT_TRUE(mesher.mesh(*block, *strips, mesh));
    ASSERT_EQ(mesh.index_size(), 2U);
    test::fill(*materials, {0, 0, 0}, test::random_materials(15, kMaterials));
    ASSERT_TRUE(mesher.mesh(*block, *strips, *materials, mesh));
    EXPECT_EQ(mesh.index_size(), 4U);
    EXPECT_EQ(mesh.index_data.size(), std::size_t{mesh.index_count} * 4);
}

}  // namespace
}  // namespace nebula::voxel
