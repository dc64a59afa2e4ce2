// SPDX-License-Identifier: MIT
#include "nebula/voxel/mesh/collider_mesh.hpp"

#include "test_fields.hpp"
#include "world_samples.hpp"

#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/edit/operation.hpp"
#include "nebula/voxel/edit/shapes.hpp"
#include "nebula/voxel/field/footing.hpp"
#include "nebula/voxel/field/tile_block.hpp"
#include "nebula/voxel/field/tile_materials.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/mesh/cell_triangles.hpp"
#include "nebula/voxel/mesh/chunk_mesh.hpp"
#include "nebula/voxel/mesh/collider_parts.hpp"
#include "nebula/voxel/mesh/collider_rims.hpp"
#include "nebula/voxel/mesh/smooth_mesher.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <tuple>
#include <utility>
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

// By the longest way: at each triangle's middle, of the corners in the ground the nearest.
Footing footing_at_middle(const FloatTriangle& t, const TileBlock& block,
                          const TileMaterials& materials, const Footings& footings) {
    const auto middle = [&](auto axis) {
        return (double{t[0].*axis} + double{t[1].*axis} + double{t[2].*axis}) / 3.0;
    };
    const double mx = middle(&Vec3f::x);
    const double my = middle(&Vec3f::y);
    const double mz = middle(&Vec3f::z);
    double least = 9.0;
    double second = 9.0;
    Footing nearest = 0;
    Footing next = 0;
    const int x = static_cast<int>(mx);
    const int y = static_cast<int>(my);
    const int z = static_cast<int>(mz);
    for (int i = 0; i < 8; ++i) {
        const Vec3i c{x + (i & 1), y + (i >> 1 & 1), z + (i >> 2 & 1)};
        if (!is_inside(block.at(c.x, c.y, c.z))) continue;
        const double away = std::hypot(c.x - mx, c.y - my, c.z - mz);
        const Footing its = footings.of(materials.at(c.x, c.y, c.z));
        if (away < least) {
            second = std::exchange(least, away);
            next = std::exchange(nearest, its);
        } else if (away < second) {
            second = away;
            next = its;
        }
    }
    EXPECT_LT(least, 9.0);
    // Too close for floats to tell: either.
    return second - least < 1e-4 && next != nearest ? Footing{255} : nearest;
}

struct World {
    template <class Field>
    explicit World(Field&& field) {
        auto chunk = std::make_unique<SampleBlock>();
        test::fill(*chunk, {}, field);
        for (int z = 0; z < TileBlock::kEdge; ++z)
            for (int y = 0; y < TileBlock::kEdge; ++y)
                for (int x = 0; x < TileBlock::kEdge; ++x)
                    block.samples[TileBlock::index(x, y, z)] = chunk->at(x, y + 8, z);
        mesh_collider(block, whole);
        materials.is_uniform = false;
    }
    [[nodiscard]] std::vector<FloatTriangle> triangles_of(const ColliderMesh& mesh) const {
        std::vector<FloatTriangle> all;
        for (std::size_t v = 0; v < mesh.faces.size(); v += 3)
            all.push_back({mesh.faces[v], mesh.faces[v + 1], mesh.faces[v + 2]});
        return all;
    }

    TileBlock block{};
    ColliderMesh whole;
    TileMaterials materials{};
};

TEST(ColliderParts, EveryTriangleIsInThePartOfItsGround) {
    Footings footings;
    footings.set(1, 2);
    footings.set(3, 9);
    footings.set(4, 2);
    footings.set(200, 5);  // of a generator that says what is no material
    Dice dice(8);
    int divided = 0;
    for (int round = 0; round < 40; ++round) {
        World world = round % 4 == 0   ? World(test::hills(1))
                      : round % 4 == 1 ? World(test::caves(2))
                      : round % 4 == 2 ? World(test::random_field(3))
                                       : World(test::sphere({8.0F, 15.0F, 8.5F}, 6.0F));
        // From single points to a border through the middle.
        const int patch = 1 << (round % 5);
        std::array<Material, 6> palette{0, 1, 2, 3, 4, 200};
        std::array<Material, std::size_t{17} * 17 * 17> of_patch{};
        for (Material& m : of_patch) m = palette[static_cast<std::size_t>(dice.whole(0, 5))];
        for (int z = 0; z < TileBlock::kEdge; ++z)
            for (int y = 0; y < TileBlock::kEdge; ++y)
                for (int x = 0; x < TileBlock::kEdge; ++x)
                    world.materials.materials[TileBlock::index(x, y, z)] =
                        of_patch[TileBlock::index(x / patch, y / patch, z / patch)];
        ColliderMesh mesh = world.whole;
        divide(world.block, world.materials, footings, mesh);
        divided += mesh.parts.size() > 1 ? 1 : 0;
        std::size_t at = 0;
        for (std::size_t part = 0; part < mesh.parts.size(); ++part) {
            ASSERT_GT(mesh.parts[part].positions, 0U);
            if (part > 0) {
                ASSERT_LT(mesh.parts[part - 1].footing, mesh.parts[part].footing);
            }
            for (std::size_t n = 0; n < mesh.parts[part].positions; n += 3, at += 3) {
                const FloatTriangle t{mesh.faces[at], mesh.faces[at + 1], mesh.faces[at + 2]};
                const Footing its = footing_at_middle(t, world.block, world.materials, footings);
                ASSERT_TRUE(its == mesh.parts[part].footing || its == 255);
            }
        }
        ASSERT_EQ(at, mesh.faces.size());
        auto before = world.triangles_of(world.whole);
        auto after = world.triangles_of(mesh);
        sort(before);
        sort(after);
        ASSERT_TRUE(before == after) << "a triangle is lost, or there twice";
    }
    EXPECT_GT(divided, 30);
}

TEST(ColliderParts, GroundOfOneFootingIsOnePartAndItsMeshStaysAsItWas) {
    World world(test::hills(1));
    ASSERT_EQ(world.whole.parts, (std::vector<ColliderMesh::Part>{{0, world.whole.faces.size()}}));
    Footings footings;
    footings.set(1, 7);
    footings.set(2, 7);
    const auto expect_one = [&](Footing footing) {
        ColliderMesh mesh = world.whole;
        divide(world.block, world.materials, footings, mesh);
        EXPECT_TRUE(mesh.faces == world.whole.faces);
        EXPECT_EQ(mesh.parts, (std::vector<ColliderMesh::Part>{{footing, mesh.faces.size()}}));
    };
    world.materials.is_uniform = true;
    world.materials.uniform = 2;
    expect_one(7);
    world.materials.is_uniform = false;
    for (std::size_t i = 0; i < TileBlock::kCount; ++i)
        world.materials.materials[i] = static_cast<Material>(1 + i % 2);
    expect_one(7);
    // What is in the air does not matter.
    for (std::size_t i = 0; i < TileBlock::kCount; ++i)
        if (!is_inside(world.block.samples[i])) world.materials.materials[i] = 0;
    expect_one(7);
    ColliderMesh none;
    divide(world.block, world.materials, footings, none);
    EXPECT_TRUE(none.parts.empty());
}

// A part's edge that another part's triangle continues is an inner edge with the rim, and would be an
// open one without it.
TEST(ColliderRims, CloseEveryBorderAndLieBelowTheGround) {
    const auto edge = [](const Vec3f& a, const Vec3f& b) { return std::tuple(key(a), key(b)); };
    const auto edges_of = [&](std::span<const Vec3f> faces) {
        std::set<std::tuple<decltype(key({})), decltype(key({}))>> edges;
        for (std::size_t v = 0; v < faces.size(); v += 3)
            for (std::size_t k = 0; k < 3; ++k)
                edges.insert(edge(faces[v + k], faces[v + (k + 1) % 3]));
        return edges;
    };
    Footings footings;
    footings.set(1, 3);
    footings.set(2, 4);
    for (int round = 0; round < 3; ++round) {
        World world = round == 0   ? World(test::hills(1))
                      : round == 1 ? World(test::sphere({8.0F, 7.0F, 8.5F}, 6.0F))
                                   : World(test::random_field(3));
        for (int z = 0; z < TileBlock::kEdge; ++z)
            for (int y = 0; y < TileBlock::kEdge; ++y)
                for (int x = 0; x < TileBlock::kEdge; ++x)
                    world.materials.materials[TileBlock::index(x, y, z)] =
                        static_cast<Material>((x / 5 + z / 6) % 3);
        ColliderMesh mesh = world.whole;
        divide(world.block, world.materials, footings, mesh);
        const auto faces = mesh.faces;
        ASSERT_EQ(mesh.parts.size(), 3U);
        add_rims(mesh);
        ASSERT_TRUE(mesh.faces == faces);
        const auto all = edges_of(mesh.faces);
        std::set<decltype(key({}))> places;
        for (const Vec3f& p : mesh.faces) places.insert(key(p));
        std::span<const Vec3f> own(mesh.faces);
        std::span<const Vec3f> rims(mesh.rims);
        std::size_t open = 0;
        std::size_t closed = 0;
        for (const auto& part : mesh.parts) {
            const auto of_part = edges_of(own.first(part.positions));
            const auto of_rim = edges_of(rims.first(part.rim));
            for (const auto& [a, b] : of_part)
                if (const std::tuple back(b, a); all.contains(back) && !of_part.contains(back))
                    ++(of_rim.contains(back) ? closed : open);
            for (std::size_t v = 0; v < part.rim; v += 3) {
                std::size_t moved = 0;
                for (std::size_t k = 0; k < 3; ++k)
                    moved += places.contains(key(rims[v + k])) ? 0U : 1U;
                EXPECT_LT(moved, 3U) << "it does not touch the part";
                EXPECT_GT(height_of({rims[v], rims[v + 1], rims[v + 2]}), 1e-3);
            }
            own = own.subspan(part.positions);
            rims = rims.subspan(part.rim);
        }
        EXPECT_TRUE(own.empty() && rims.empty());
        EXPECT_GT(closed, 60U);
        // In noise, some triangles are so narrow that bending would turn them over.
        EXPECT_LE(open, round < 2 ? 0U : closed / 4);
        if (round > 0) continue;
        for (const Vec3f& p : mesh.rims) {
            if (places.contains(key(p))) continue;
            double least = 1.0;
            double rise = 0.0;
            for (const Vec3f& q : mesh.faces) {
                const double away = std::hypot(p.x - q.x, p.y - q.y, p.z - q.z);
                if (away >= least) continue;
                least = away;
                rise = double{p.y} - double{q.y};
            }
            EXPECT_NEAR(least, kRimDepth, 1e-5);
            EXPECT_LT(rise, 0.0);
        }
    }
    ColliderMesh one = World(test::hills(1)).whole;
    add_rims(one);
    EXPECT_TRUE(one.rims.empty());
}

TEST(TileMaterials, AreThoseOfTheWorld) {
    for (const bool layered : {false, true}) {
        Volume volume(layered ? layered_hills() : low_hills());
        Dice dice(6);
        for (int i = 0; i < 12; ++i)
            ASSERT_TRUE(
                apply(volume, {.mode = i % 3 == 0   ? Mode::Dig
                                       : i % 3 == 1 ? Mode::Add
                                                    : Mode::Paint,
                               .shape = SphereShape{dice.point(20.0F), dice.real(2.0F, 9.0F)},
                               .material = static_cast<Material>(dice.whole(3, 9))}));
        // All of one brick's ground, and of one with what lies around it.
        ASSERT_TRUE(apply(
            volume,
            {.mode = Mode::Paint, .shape = BoxShape{{-28, 0, 0}, {12, 40, 40}}, .material = 77}));
        TileBlock block;
        TileMaterials materials;
        int uniform = 0;
        int mixed = 0;
        for (int n = 0; n < 4 * 4 * 4; ++n) {
            const Vec3i tile{n % 4 - 2, n / 4 % 4 - 2, n / 16 - 2};
            if (gather(volume, tile, block) != BlockContent::Mixed) continue;
            const TilePlaced placed = placed_in(volume, tile);
            gather_materials(volume.generator(), tile, placed, materials);
            (materials.is_uniform ? uniform : mixed) += 1;
            for (int z = 0; z < TileBlock::kEdge; ++z)
                for (int y = 0; y < TileBlock::kEdge; ++y)
                    for (int x = 0; x < TileBlock::kEdge; ++x)
                        if (is_inside(block.at(x, y, z))) {
                            ASSERT_EQ(materials.at(x, y, z),
                                      material_of(volume, tile * kTileSize + Vec3i{x, y, z}, 0));
                        }
        }
        EXPECT_GT(uniform, layered ? -1 : 0);
        EXPECT_GT(mixed, 8);
    }
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
