// SPDX-License-Identifier: MIT
#include "nebula/voxel/mesh/collider_mesh.hpp"

#include "test_fields.hpp"
#include "world_samples.hpp"

#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/mesh/cell_triangles.hpp"
#include "nebula/voxel/mesh/chunk_mesh.hpp"
#include "nebula/voxel/mesh/smooth_mesher.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <tuple>
#include <vector>

namespace nebula::voxel {
namespace {

using FloatTriangle = std::array<Vec3f, 3>;

auto key(const Vec3f& p) { return std::tuple(p.x, p.y, p.z); }

// From the lowest of its positions on; the winding stays.
FloatTriangle turned(FloatTriangle t) {
    const auto low = std::min_element(
        t.begin(), t.end(), [](const Vec3f& a, const Vec3f& b) { return key(a) < key(b); });
    std::rotate(t.begin(), low, t.end());
    return t;
}

void sort(std::vector<FloatTriangle>& triangles) {
    std::sort(triangles.begin(), triangles.end(),
              [](const FloatTriangle& a, const FloatTriangle& b) {
                  return std::tuple(key(a[0]), key(a[1]), key(a[2])) <
                         std::tuple(key(b[0]), key(b[1]), key(b[2]));
              });
}

double height_of(const FloatTriangle& t) {
    const Vec3f a = t[1] - t[0];
    const Vec3f b = t[2] - t[1];
    const Vec3f c = t[0] - t[2];
    const Vec3f n = cross(a, b);
    const float longest = std::max({dot(a, a), dot(b, b), dot(c, c)});
    return longest == 0.0F ? 0.0 : std::sqrt(double{dot(n, n)} / double{longest});
}

// What the chunk shows, and what its eight tiles collide with.
template <class Field>
void compare(Field&& field) {
    auto block = std::make_unique<SampleBlock>();
    test::fill(*block, {}, field);
    SmoothMesher mesher;
    ChunkMesh mesh;
    ASSERT_TRUE(mesher.mesh(*block, mesh));
    std::vector<FloatTriangle> shown;
    for (std::uint32_t i = 0; i < mesh.index_count; i += 3) {
        const FloatTriangle t{mesh.position(mesh.index(i)), mesh.position(mesh.index(i + 1)),
                              mesh.position(mesh.index(i + 2))};
        shown.push_back(turned(t));
    }
    std::vector<FloatTriangle> held;
    ColliderMesh collider;
    for (int i = 0; i < 8; ++i) {
        const Vec3i at = Vec3i{i & 1, i >> 1 & 1, i >> 2 & 1} * kTileSize;
        TileBlock tile;
        for (int z = 0; z < TileBlock::kEdge; ++z)
            for (int y = 0; y < TileBlock::kEdge; ++y)
                for (int x = 0; x < TileBlock::kEdge; ++x)
                    tile.samples[TileBlock::index(x, y, z)] =
                        block->at(at.x + x, at.y + y, at.z + z);
        mesh_collider(tile, collider);
        const Vec3f origin{static_cast<float>(at.x), static_cast<float>(at.y),
                           static_cast<float>(at.z)};
        for (std::size_t v = 0; v < collider.faces.size(); v += 3)
            held.push_back(turned({collider.faces[v] + origin, collider.faces[v + 1] + origin,
                                   collider.faces[v + 2] + origin}));
    }
    EXPECT_FALSE(held.empty());
    EXPECT_EQ(held.size(), shown.size());
    sort(shown);
    sort(held);
    EXPECT_TRUE(held == shown);
}

TEST(ColliderMesh, IsTheShownSurface) {
    compare(test::hills(1));
    compare(test::caves(2));
    compare(test::random_field(3));
    compare(test::checkerboard);
    compare(test::sphere({15.0F, 17.0F, 16.5F}, 12.0F));
}

// Physics engines report triangles without an area as errors. Every pattern of signs, with each corner
// at the least or the largest distance: there, crossings are nearest to the corners of the cell.
TEST(CellTriangles, NoneIsASliver) {
    double least = 1.0;
    for (unsigned signs = 0; signs < 256; ++signs)
        for (unsigned large = 0; large < 256; ++large) {
            CellCorners corners;
            for (unsigned i = 0; i < 8; ++i) {
                const int size = (large >> i & 1U) != 0 ? 127 : 1;
                corners[i] = static_cast<Sample>((signs >> i & 1U) != 0 ? -size : size);
            }
            const CellTriangles triangles(corners);
            for (std::size_t i = 0; i < triangles.count(); ++i)
                least = std::min(least, height_of(triangles[i]));
        }
    EXPECT_GE(least, 8.0 / 1024.0 / std::sqrt(2.0) * 0.9999);
    EXPECT_LE(least, 8.0 / 1024.0 / std::sqrt(2.0) * 1.2) << "the bound is not far from the truth";
}

TEST(ColliderMesh, ASampleOfZeroIsAir) {
    TileBlock block;
    block.samples.fill(127);
    block.samples[TileBlock::index(8, 8, 8)] = -1;  // crossings at 1/128 of each edge
    ColliderMesh mesh;
    mesh_collider(block, mesh);
    EXPECT_EQ(mesh.triangle_count(), 8U);
    block.samples[TileBlock::index(8, 8, 8)] = 0;
    mesh_collider(block, mesh);
    EXPECT_TRUE(mesh.empty());
}

TEST(TileBlock, HasTheSamplesOfTheWorld) {
    Volume volume(low_hills());
    Dice dice(4);
    for (int i = 0; i < 6; ++i)
        ASSERT_TRUE(apply(volume, {i % 2 == 0 ? SphereEdit::Kind::Dig : SphereEdit::Kind::Add,
                                   dice.point(20.0F), dice.real(2.0F, 9.0F)}));
    TileBlock block;
    int mixed = 0;
    for (int n = 0; n < 4 * 4 * 4; ++n) {
        const Vec3i tile{n % 4 - 2, n / 4 % 4 - 2, n / 16 - 2};
        const BlockContent content = gather(volume, tile, block);
        mixed += content == BlockContent::Mixed ? 1 : 0;
        for (int z = 0; z < TileBlock::kEdge; ++z)
            for (int y = 0; y < TileBlock::kEdge; ++y)
                for (int x = 0; x < TileBlock::kEdge; ++x) {
                    const Sample sample = sample_of(volume, tile * kTileSize + Vec3i{x, y, z});
                    if (content == BlockContent::Mixed)
                        ASSERT_EQ(block.at(x, y, z), sample);
                    else
                        ASSERT_EQ(is_inside(sample), content == BlockContent::Solid);
                }
    }
    EXPECT_GT(mixed, 8);
    EXPECT_LT(mixed, 64);
}

}  // namespace
}  // namespace nebula::voxel
