// SPDX-License-Identifier: MIT
#include "nebula/voxel/mesh/blocky_mesher.hpp"

#include "block_worlds.hpp"
#include "blocky_oracle.hpp"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <ostream>
#include <string>
#include <tuple>
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
    void check(int size, Vec3i chunk, int steps, bool maximal) {
        SCOPED_TRACE(testing::Message()
                     << size << " blocks, chunk " << chunk.x << ' ' << chunk.y << ' ' << chunk.z);
        BlockGrid grid(size);
        GetParam().fill(grid, chunk);
        ASSERT_TRUE(mesher_.mesh(grid, types_, mesh_));
        const std::vector<test::OracleQuad> quads = test::quads_of(mesh_);
        const test::UnitFaces faces = test::visible_faces(grid, types_);
        ASSERT_TRUE(test::shows_the_faces(quads, faces, faces.shown(), steps));
        if (maximal) ASSERT_TRUE(test::is_maximal(quads));
    }

    BlockTypes types_ = GetParam().types();
    BlockyMesher mesher_;
    BlockyMesh mesh_;
};

TEST_P(BlockyMesherWorlds, ShowsEveryVisibleFaceOnceAndTheLightOfEveryPoint) {
    for (const Vec3i chunk : {Vec3i{0, 0, 0}, Vec3i{-1, 0, 2}, Vec3i{1, -1, 0}}) {
        for (const int size : {1, 2, 7, 16}) check(size, chunk, 4, true);
    }
    check(32, {0, 0, 0}, 2, true);
}

// A row and its ring fill a word.
TEST_P(BlockyMesherWorlds, ShowsEveryVisibleFaceOfTheLargestGrid) {
    check(62, {0, 0, 0}, 1, false);
}

INSTANTIATE_TEST_SUITE_P(Worlds, BlockyMesherWorlds, testing::ValuesIn(kWorlds),
                         [](const auto& world) { return std::string(world.param.name); });

TEST_P(BlockyMesherWorlds, HasTheSameBytesInEveryBuildAndAtEverySimdLevel) {
    struct RestoreTargets {
        ~RestoreTargets() { hwy::SetSupportedTargetsForTest(0); }
    } restore;
    hwy::SetSupportedTargetsForTest(0);
    BlockGrid grid;
    GetParam().fill(grid, {0, 0, 0});
    const std::int64_t all = hwy::SupportedTargets();
    int levels = 0;
    for (std::int64_t left = all; left != 0; left &= left - 1) {
        const std::int64_t target = left & -left;
        hwy::SetSupportedTargetsForTest(target);
        ASSERT_TRUE(mesher_.mesh(grid, types_, mesh_));
        EXPECT_EQ(mesh_hash(mesh_), GetParam().hash)
            << std::hex << "0x" << mesh_hash(mesh_) << " at " << hwy::TargetName(target);
        ++levels;
    }
    EXPECT_GE(levels, 1);
}

}  // namespace
}  // namespace nebula::voxel
