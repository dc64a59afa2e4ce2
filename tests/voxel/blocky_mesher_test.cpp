// SPDX-License-Identifier: MIT
#include "nebula/voxel/mesh/blocky_mesher.hpp"

#include "block_worlds.hpp"
#include "blocky_oracle.hpp"
#include "simd_levels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

// The kinds of the types 1, 2, ...: 'o' is opaque, 's' see-through; repeated up to `count`.
BlockTypes types_of(const std::string& kinds, std::size_t count) {
    BlockTypes types;
    while (types.count() < count) {
        types.add(kinds[types.count() % kinds.size()] == 'o' ? BlockKind::Opaque
                                                             : BlockKind::SeeThrough);
    }
    return types;
}

struct World {
    const char* name;
    std::uint64_t hash;  ///< Of the mesh of chunk (0, 0, 0) with 32^3 blocks.
    BlockTypes (*types)();
    void (*fill)(BlockGrid& grid, Vec3i chunk);
};
// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name
void PrintTo(const World& world, std::ostream* out) { *out << world.name; }

// The golden hashes must be the same in every build, by every compiler and at every SIMD level.
const std::array kWorlds{
    World{"empty", 0, [] { return types_of("o", 1); },
          [](BlockGrid& g, Vec3i c) { test::fill(g, c, [](Vec3i) { return kAir; }); }},
    World{"full", 0, [] { return types_of("o", 9); },
          [](BlockGrid& g, Vec3i c) { test::fill(g, c, [](Vec3i) { return BlockId{9}; }); }},
    World{"water", 0, [] { return types_of("os", 2); },
          [](BlockGrid& g, Vec3i c) { test::fill(g, c, [](Vec3i) { return BlockId{2}; }); }},
    // Many faces, many corners of every darkness.
    World{"dense", 0xed95da213d69586d, [] { return types_of("o", 1); },
          [](BlockGrid& g, Vec3i c) { test::fill(g, c, test::block_noise(21, 50, 1)); }},
    World{"sparse", 0x254b31ec54fc9e19, [] { return types_of("o", 3); },
          [](BlockGrid& g, Vec3i c) { test::fill(g, c, test::block_noise(22, 3, 3)); }},
    World{"two_types", 0xff4a29f85035bd40, [] { return types_of("o", 2); },
          [](BlockGrid& g, Vec3i c) { test::fill(g, c, test::block_noise(23, 60, 2)); }},
    World{"checkerboard", 0x7061430f06d7fa88, [] { return types_of("o", 1); },
          [](BlockGrid& g, Vec3i c) { test::fill(g, c, test::block_checkerboard); }},
    World{"hills", 0x66615a5de95cff7, [] { return types_of("o", 4); },
          [](BlockGrid& g, Vec3i c) { test::fill(g, c, test::block_hills(24, -99)); }},
    World{"lakes", 0x3c3f715da58d901b, [] { return types_of("ooos", 4); },
          [](BlockGrid& g, Vec3i c) { test::fill(g, c, test::block_hills(25, 15)); }},
    World{"glass", 0x407ba2eecc7e0148, [] { return types_of("oss", 3); },
          [](BlockGrid& g, Vec3i c) { test::fill(g, c, test::block_noise(26, 70, 3)); }},
    // Runs of see-through types: as many as are compared one by one, and more.
    World{"few_runs", 0xad8f36d86a1def84, [] { return types_of("osso", 48); },
          [](BlockGrid& g, Vec3i c) { test::fill(g, c, test::block_noise(27, 70, 48)); }},
    World{"many_runs", 0x7a7e234066efcad6, [] { return types_of("so", 40); },
          [](BlockGrid& g, Vec3i c) { test::fill(g, c, test::block_noise(28, 70, 40)); }},
    World{"every_id", 0xe3c5e2423638e33a, [] { return types_of("oosossso", BlockTypes::kMost); },
          [](BlockGrid& g, Vec3i c) { test::fill(g, c, test::block_noise(29, 80, 65535)); }},
};

class BlockyMesherWorlds : public testing::TestWithParam<World> {
protected:
    void check(const BlockGrid& grid, int steps) {
        SCOPED_TRACE(testing::Message() << grid.size() << " blocks, chunk " << grid.chunk.x << ' '
                                        << grid.chunk.y << ' ' << grid.chunk.z);
        ASSERT_TRUE(mesher_.mesh(grid, types_, mesh_));
        const std::vector<test::OracleQuad> quads = test::quads_of(mesh_);
        const test::UnitFaces faces = test::visible_faces(grid, types_);
        ASSERT_TRUE(test::shows_the_faces(quads, faces, faces.shown(), steps));
        if (grid.size() <= 16) {
            ASSERT_TRUE(test::is_maximal(quads));
        }
    }
    [[nodiscard]] static BlockGrid grid_of(int size, Vec3i chunk) {
        BlockGrid grid(size);
        GetParam().fill(grid, chunk);
        return grid;
    }

    BlockTypes types_ = GetParam().types();
    BlockyMesher mesher_;
    BlockyMesh mesh_;
};

TEST_P(BlockyMesherWorlds, ShowsEveryVisibleFaceOnceAndTheLightOfEveryPoint) {
    for (const Vec3i chunk : {Vec3i{0, 0, 0}, Vec3i{-1, 0, 2}, Vec3i{1, -1, 0}}) {
        for (const int size : {1, 2, 7}) check(grid_of(size, chunk), 4);
    }
    check(grid_of(16, {0, 0, 0}), 4);
    check(grid_of(32, {0, 0, 0}), 1);
}

// A row and its ring fill a word. A quarter of the rows is enough, and both ends of each axis.
TEST_P(BlockyMesherWorlds, ShowsEveryVisibleFaceOfTheLargestGrid) {
    BlockGrid grid = grid_of(BlockGrid::kMaxSize, {0, 0, 0});
    for (int z = -1; z <= grid.size(); ++z) {
        for (int y = -1; y <= grid.size(); ++y) {
            if (((y + 2) & 7) < 2) continue;
            for (int x = -1; x <= grid.size(); ++x) grid.at(x, y, z) = kAir;
        }
    }
    check(grid, 1);
}

TEST_P(BlockyMesherWorlds, HasTheSameBytesInEveryBuildAndAtEverySimdLevel) {
    const BlockGrid grid = grid_of(32, {0, 0, 0});
    for_each_simd_level([&](const char* level) {
        ASSERT_TRUE(mesher_.mesh(grid, types_, mesh_));
        EXPECT_EQ(mesh_hash(mesh_), GetParam().hash)
            << std::hex << "0x" << mesh_hash(mesh_) << " at " << level;
    });
}

TEST_P(BlockyMesherWorlds, BoundsAreTightAroundThePositions) {
    ASSERT_TRUE(mesher_.mesh(grid_of(16, {0, 0, 0}), types_, mesh_));
    const BlockyMesh::Surface& surface = mesh_.surface;
    Aabb box;
    if (!mesh_.empty()) box = {surface.position(0), surface.position(0)};
    for (std::uint32_t i = 1; i < surface.vertex_count; ++i) {
        const Vec3f p = surface.position(i);
        box.min = {std::min(box.min.x, p.x), std::min(box.min.y, p.y), std::min(box.min.z, p.z)};
        box.max = {std::max(box.max.x, p.x), std::max(box.max.y, p.y), std::max(box.max.z, p.z)};
    }
    EXPECT_EQ(surface.bounds, box);
}

TEST_P(BlockyMesherWorlds, HasTheSizesThatTheEngineExpectsAndAllocatesNothingTheSecondTime) {
    const BlockGrid grid = grid_of(16, {0, 0, 0});
    ASSERT_TRUE(mesher_.mesh(grid, types_, mesh_));
    const BlockyMesh::Surface& surface = mesh_.surface;
    EXPECT_EQ(surface.vertex_data.size(), surface.vertex_count * BlockyMesh::Surface::kVertexSize);
    EXPECT_EQ(surface.index_data.size(), surface.index_count * surface.index_size());
    EXPECT_EQ(mesh_.attribute_data.size(), surface.vertex_count * BlockyMesh::kColorSize);
    const std::byte* const vertices = surface.vertex_data.data();
    const std::byte* const indices = surface.index_data.data();
    const std::byte* const attributes = mesh_.attribute_data.data();
    ASSERT_TRUE(mesher_.mesh(grid, types_, mesh_));
    EXPECT_EQ(surface.vertex_data.data(), vertices);
    EXPECT_EQ(surface.index_data.data(), indices);
    EXPECT_EQ(mesh_.attribute_data.data(), attributes);
}

INSTANTIATE_TEST_SUITE_P(Worlds, BlockyMesherWorlds, testing::ValuesIn(kWorlds),
                         [](const auto& world) { return std::string(world.param.name); });

class BlockyMesherTest : public testing::Test {
protected:
    std::vector<test::OracleQuad> quads_of(const BlockGrid& grid) {
        EXPECT_TRUE(mesher_.mesh(grid, types_, mesh_));
        return test::quads_of(mesh_);
    }

    BlockTypes types_ = types_of("os", 2);
    BlockyMesher mesher_;
    BlockyMesh mesh_;
};

// Sizes around those of registers and of groups of rows.
TEST_F(BlockyMesherTest, HasNoPreferredSize) {
    for (const int size : {3, 6, 8, 13, 14, 15, 17, 22, 29, 30, 31, 33, 45, 46, 47}) {
        BlockGrid grid(size);
        test::fill(grid, {0, 0, 0}, test::block_noise(41, 8, 2));
        const test::UnitFaces faces = test::visible_faces(grid, types_);
        ASSERT_TRUE(test::shows_the_faces(quads_of(grid), faces, faces.shown(), 1)) << size;
    }
}

TEST_F(BlockyMesherTest, AFaceBelongsToTheChunkOfItsBlock) {
    BlockGrid grid(4);
    grid.at(-1, 2, 2) = 1;  // in the ring: the neighbour shows it
    EXPECT_TRUE(quads_of(grid).empty());
    grid.at(0, 2, 2) = 1;  // five faces, and the sixth touches the block in the ring
    EXPECT_EQ(quads_of(grid).size(), 5U);
    grid.at(-1, 2, 2) = kAir;
    EXPECT_EQ(quads_of(grid).size(), 6U);
}

TEST_F(BlockyMesherTest, ABoxOfOneTypeHasSixQuadsAndOfTwoTypesOneMorePerSide) {
    BlockGrid grid(62);
    for (int x = 1; x < 61; ++x)
        for (int y = 5; y < 60; ++y)
            for (int z = 0; z < 62; ++z) grid.at(x, y, z) = 1;
    EXPECT_EQ(quads_of(grid).size(), 6U);
    EXPECT_EQ(mesh_.surface.bounds, (Aabb{{1, 5, 0}, {61, 60, 62}}));
    types_.add(BlockKind::Opaque);
    for (int x = 1; x < 61; ++x)
        for (int z = 0; z < 62; ++z) grid.at(x, 59, z) = 3;
    EXPECT_EQ(quads_of(grid).size(), 10U);
}

TEST_F(BlockyMesherTest, WaterShowsTheGroundAndHasNoFacesInside) {
    BlockGrid grid(8);
    test::fill(grid, {0, 0, 0}, [](Vec3i p) {
        return p.y < 2 ? BlockId{1} : p.y < 5 ? BlockId{2} : kAir;
    });
    const std::vector<test::OracleQuad> quads = quads_of(grid);
    ASSERT_EQ(quads.size(), 2U);  // the bed of the lake and its surface, both seen from above
    EXPECT_EQ(quads[0].side, 3U);
    EXPECT_EQ(quads[0].plane, 2);
    EXPECT_EQ(quads[0].id, 1);
    EXPECT_EQ(quads[1].side, 3U);
    EXPECT_EQ(quads[1].plane, 5);
    EXPECT_EQ(quads[1].id, 2);
}

// Beside a post, one corner of the ground's face is dark: it gets a triangle of its own, whichever
// corner it is.
TEST_F(BlockyMesherTest, ALoneDarkCornerGetsItsOwnTriangle) {
    for (const Vec3i post : {Vec3i{0, 1, 0}, Vec3i{2, 1, 0}, Vec3i{0, 1, 2}, Vec3i{2, 1, 2}}) {
        BlockGrid grid(3);
        grid.at(1, 0, 1) = 1;
        grid.at(post.x, post.y, post.z) = 1;
        int seen = 0;
        for (const test::OracleQuad& quad : quads_of(grid)) {
            if (quad.side != 3 || quad.plane != 1) continue;
            const auto darkest =
                static_cast<std::size_t>(std::ranges::min_element(quad.light) - quad.light.begin());
            EXPECT_EQ(quad.light[darkest], 2);
            EXPECT_EQ(quad.diagonal, darkest % 2 == 0);
            ++seen;
        }
        EXPECT_EQ(seen, 1);
    }
}

TEST_F(BlockyMesherTest, TheWorstChunkNeeds32BitIndices) {
    BlockGrid grid;
    test::fill(grid, {0, 0, 0}, test::block_checkerboard);
    ASSERT_TRUE(mesher_.mesh(grid, types_, mesh_));
    EXPECT_EQ(mesh_.quad_count(), 6U * 32 * 32 * 32 / 2);
    EXPECT_EQ(mesh_.surface.index_size(), 4U);
}

TEST_F(BlockyMesherTest, ALargeMeshLeavesNothingBehindInASmallOne) {
    BlockGrid small(9), large(62);
    test::fill(small, {0, 0, 0}, test::block_noise(42, 40, 2));
    test::fill(large, {0, 0, 0}, test::block_noise(43, 60, 2));
    ASSERT_TRUE(mesher_.mesh(small, types_, mesh_));
    const std::uint64_t fresh = mesh_hash(mesh_);
    ASSERT_TRUE(mesher_.mesh(large, types_, mesh_));
    ASSERT_TRUE(mesher_.mesh(small, types_, mesh_));
    EXPECT_EQ(mesh_hash(mesh_), fresh);
    BlockyMesher moved = std::move(mesher_);
    ASSERT_TRUE(moved.mesh(small, types_, mesh_));
    EXPECT_EQ(mesh_hash(mesh_), fresh);
}

TEST_F(BlockyMesherTest, AnUnknownIdIsAnErrorThatNamesItAndTheNextChunkIsFine) {
    BlockGrid grid(5);
    for (const Vec3i at : {Vec3i{-1, -1, -1}, Vec3i{2, 3, 4}, Vec3i{5, 5, 5}}) {
        test::fill(grid, {4, -5, 6}, test::block_noise(44, 50, 2));
        ASSERT_TRUE(mesher_.mesh(grid, types_, mesh_));
        ASSERT_FALSE(mesh_.empty());
        grid.at(at.x, at.y, at.z) = 3;
        const auto failed = mesher_.mesh(grid, types_, mesh_);
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().kind, VoxelError::Kind::UnknownBlock);
        EXPECT_EQ(failed.error().message,
                  "block (" + std::to_string(at.x) + ", " + std::to_string(at.y) + ", " +
                      std::to_string(at.z) +
                      ") of chunk (4, -5, 6) has the id 3, but the highest known id is 2");
        EXPECT_TRUE(mesh_.empty());
        EXPECT_TRUE(mesh_.attribute_data.empty());
    }
    test::fill(grid, {0, 0, 0}, [](Vec3i) { return BlockId{65535}; });
    EXPECT_FALSE(mesher_.mesh(grid, types_, mesh_)) << "a grid of one unknown type";
    grid.at(1, 1, 1) = kAir;
    EXPECT_FALSE(mesher_.mesh(grid, types_, mesh_));
    test::fill(grid, {0, 0, 0}, test::block_noise(44, 50, 2));
    EXPECT_TRUE(mesher_.mesh(grid, types_, mesh_));
}

TEST_F(BlockyMesherTest, GarbageIsRefusedWhateverItIs) {
    BlockGrid grid(11);
    for (unsigned seed = 0; seed < 50; ++seed) {
        test::fill(grid, {0, 0, 0}, test::block_noise(seed, 1 + seed % 3 * 45, 65535));
        const bool known =
            std::ranges::all_of(grid.ids(), [&](BlockId id) { return types_.knows(id); });
        EXPECT_EQ(mesher_.mesh(grid, types_, mesh_).has_value(), known) << seed;
    }
}

TEST(BlockTypes, AreNumberedInOrderAndSeeThroughOnesAreJoinedToRuns) {
    const BlockTypes types = types_of("sosso", 12);  // s o s s o s o s s o s o
    EXPECT_TRUE(types.knows(kAir));
    EXPECT_TRUE(types.knows(12));
    EXPECT_FALSE(types.knows(13));
    EXPECT_FALSE(types.is_opaque(kAir));
    EXPECT_FALSE(types.is_opaque(1));
    EXPECT_TRUE(types.is_opaque(2));
    const std::vector<std::pair<int, int>> expected{{1, 1}, {3, 4}, {6, 6}, {8, 9}, {11, 11}};
    std::vector<std::pair<int, int>> runs;
    for (const BlockTypes::Run& run : types.see_through()) runs.emplace_back(run.first, run.last);
    EXPECT_EQ(runs, expected);
}

TEST(BlockTypes, AreAtMost65535) {
    BlockTypes types = types_of("s", BlockTypes::kMost);
    EXPECT_TRUE(types.knows(65535));
    EXPECT_EQ(types.see_through().size(), 1U);
    EXPECT_THROW(types.add(BlockKind::Opaque), std::length_error);
    EXPECT_EQ(types.count(), BlockTypes::kMost);
}

TEST(BlockyMesh, HashDependsOnTheAttributes) {
    BlockyMesh mesh;
    mesh.attribute_data.assign(16, std::byte{1});
    const std::uint64_t hash = mesh_hash(mesh);
    mesh.attribute_data[7] = std::byte{2};
    EXPECT_NE(mesh_hash(mesh), hash);
}

}  // namespace
}  // namespace nebula::voxel
