// SPDX-License-Identifier: MIT
#include "island_worlds.hpp"
#include "world_samples.hpp"

#include "nebula/voxel/mesh/cell_triangles.hpp"
#include "nebula/voxel/mesh/part_mesh.hpp"
#include "nebula/voxel/query/islands.hpp"
#include "nebula/voxel/world/world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

using Triangle = std::array<Vec3f, 3>;

bool is_before(Vec3f a, Vec3f b) { return std::tie(a.x, a.y, a.z) < std::tie(b.x, b.y, b.z); }

// Which corner comes first says nothing.
Triangle turned(Triangle t) {
    std::rotate(t.begin(), std::min_element(t.begin(), t.end(), is_before), t.end());
    return t;
}

void sort(std::vector<Triangle>& triangles) {
    std::sort(triangles.begin(), triangles.end(), [](const Triangle& a, const Triangle& b) {
        return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), is_before);
    });
}

Vec3f floats(Vec3i v) {
    return {static_cast<float>(v.x), static_cast<float>(v.y), static_cast<float>(v.z)};
}

/// A ring across several chunks.
std::shared_ptr<const Generator> ring() {
    return std::make_shared<FieldGenerator>([](Vec3i p) {
        const auto x = static_cast<float>(p.x);
        const auto y = static_cast<float>(p.y);
        const auto z = static_cast<float>(p.z);
        const float out = std::sqrt(x * x + z * z) - 25.4F;
        return quantize(std::sqrt(out * out + y * y) - 5.2F);
    });
}

GroundPart part_of(const Volume& volume, Vec3i sample) {
    const auto part = part_at(volume, sample);
    EXPECT_TRUE(part && part->has_value());
    return **part;
}

TEST(PartMesh, IsWhatTheWorldShows) {
    const Volume volume(ring());
    const GroundPart part = part_of(volume, {25, 0, 0});
    SmoothMesher mesher;
    const auto mesh = mesh_part(mesher, part);
    ASSERT_TRUE(mesh);
    std::vector<Triangle> made;
    for (std::size_t i = 0; i < mesh->indices.size(); i += 3)
        made.push_back(
            turned({mesh->positions[mesh->indices[i]], mesh->positions[mesh->indices[i + 1]],
                    mesh->positions[mesh->indices[i + 2]]}));
    std::vector<Triangle> shown;
    const Box3i box = part.stored();
    for (std::int32_t z = box.min.z; z < box.max.z; ++z)
        for (std::int32_t y = box.min.y; y < box.max.y; ++y)
            for (std::int32_t x = box.min.x; x < box.max.x; ++x) {
                CellCorners corners{};
                for (int i = 0; i < 8; ++i)
                    corners[static_cast<std::size_t>(i)] =
                        sample_of(volume, Vec3i{x, y, z} + Vec3i{i & 1, i >> 1 & 1, i >> 2 & 1});
                const CellTriangles cell(corners);
                for (std::size_t i = 0; i < cell.count(); ++i) {
                    Triangle t = cell[i];
                    for (Vec3f& v : t) v = v + floats(Vec3i{x, y, z} - part.box.min);
                    shown.push_back(turned(t));
                }
            }
    sort(made);
    sort(shown);
    EXPECT_GT(made.size(), 1000U);
    EXPECT_EQ(made, shown);
    for (const Vec3f& n : mesh->normals) EXPECT_NEAR(dot(n, n), 1.0F, 1e-4F);
}

// Placed by an edit, and the generator's.
TEST(PartMesh, HasTheMaterialsOfTheGround) {
    World world(ring());
    ASSERT_TRUE(world.apply(
        Operation{.mode = Mode::Paint, .shape = SphereShape{{25, 0, 0}, 9.0F}, .material = 7}));
    GroundPart part = part_of(world.volume(), {25, 0, 0});
    SmoothMesher mesher;
    const auto plain = mesh_part(mesher, part);
    read_materials(world.volume(), part);
    const auto mesh = mesh_part(mesher, part);
    ASSERT_TRUE(plain && mesh);
    EXPECT_TRUE(plain->materials.empty());
    ASSERT_EQ(mesh->materials.size(), mesh->positions.size());
    std::size_t painted = 0;
    for (std::size_t i = 0; i < mesh->positions.size(); ++i) {
        const Vec3f d = mesh->positions[i] + floats(part.box.min) - Vec3f{25, 0, 0};
        const float far = std::sqrt(dot(d, d));
        if (far > 8.0F && far < 10.0F)
            continue;  // the end of its edge that is in the ground decides
        std::size_t slot = 0;
        while (slot < 3 && mesh->materials[i].weight(slot) == 0) ++slot;
        ASSERT_EQ(mesh->materials[i].material(slot), far < 9.0F ? 7 : 0);
        painted += far < 9.0F ? 1U : 0U;
    }
    EXPECT_GT(painted, 100U);
}

TEST(PartMesh, AHullReachesAsFarAsTheMesh) {
    const Volume volume(ring());
    const GroundPart part = part_of(volume, {25, 0, 0});
    SmoothMesher mesher;
    const auto mesh = mesh_part(mesher, part);
    ASSERT_TRUE(mesh);
    const auto hulls = hulls_of(*mesh, part, kOneHull);
    ASSERT_EQ(hulls.size(), 1U);
    EXPECT_LE(hulls[0].size(), 56U);
    for (const Vec3f& d : {Vec3f{1, 0, 0}, Vec3f{0, -1, 0}, Vec3f{1, 1, -1}, Vec3f{0, 2, 1}}) {
        const auto far = [&](const std::vector<Vec3f>& points) {
            float most = -1e9F;
            for (const Vec3f& p : points) most = std::max(most, dot(d, p));
            return most;
        };
        EXPECT_EQ(far(hulls[0]), far(mesh->positions));
    }
}

// The hole of the ring stays open, and every sample is in one of the bodies.
TEST(PartMesh, CubesFollowTheShape) {
    const Volume volume(ring());
    const GroundPart part = part_of(volume, {25, 0, 0});
    SmoothMesher mesher;
    const auto mesh = mesh_part(mesher, part);
    ASSERT_TRUE(mesh);
    const auto hulls = hulls_of(*mesh, part, 16);
    EXPECT_GT(hulls.size(), 8U);
    std::vector<std::pair<Vec3f, Vec3f>> boxes;
    for (const auto& points : hulls) {
        Vec3f low = points[0];
        Vec3f high = points[0];
        for (const Vec3f& p : points) {
            low = {std::min(low.x, p.x), std::min(low.y, p.y), std::min(low.z, p.z)};
            high = {std::max(high.x, p.x), std::max(high.y, p.y), std::max(high.z, p.z)};
        }
        EXPECT_LE(high.x - low.x, 17.2F);
        boxes.emplace_back(low, high);
    }
    const auto covered = [&](Vec3f p) {
        return std::any_of(boxes.begin(), boxes.end(), [&](const auto& box) {
            const auto& [low, high] = box;
            return p.x >= low.x && p.y >= low.y && p.z >= low.z && p.x <= high.x && p.y <= high.y &&
                   p.z <= high.z;
        });
    };
    const Vec3i size = part.box.max - part.box.min;
    for (std::int32_t z = 0; z < size.z; ++z)
        for (std::int32_t y = 0; y < size.y; ++y)
            for (std::int32_t x = 0; x < size.x; ++x)
                if (part.has(part.box.min + Vec3i{x, y, z})) {
                    ASSERT_TRUE(covered(floats({x, y, z})));
                }
    EXPECT_FALSE(covered(floats(Vec3i{0, 0, 0} - part.box.min))) << "the hole";
}

// One sample whose surface is closer than any engine could take.
TEST(PartMesh, ACrumbIsThickEnoughForPhysics) {
    const Volume volume(std::make_shared<FieldGenerator>([](Vec3i p) {
        return p == Vec3i{3, 3, 3} ? Sample{-1} : kSampleMax;
    }));
    const GroundPart part = part_of(volume, {3, 3, 3});
    SmoothMesher mesher;
    const auto mesh = mesh_part(mesher, part);
    ASSERT_TRUE(mesh);
    EXPECT_EQ(mesh->indices.size(), 24U);
    const auto hulls = hulls_of(*mesh, part, 16);
    ASSERT_EQ(hulls.size(), 1U);
    float high = 0.0F;
    for (const Vec3f& p : hulls[0]) high = std::max(high, p.y);
    EXPECT_EQ(high, 0.125F);
}

TEST(PartMass, IsThatOfABox) {
    // A box from 0.5 below its first sample to 0.5 above its last one, with a sharp surface.
    const Volume volume(std::make_shared<FieldGenerator>([](Vec3i p) {
        return Box3i{{5, 6, 7}, {17, 12, 10}}.contains(p) ? Sample{-16} : Sample{16};
    }));
    const PartMass mass = mass_of(part_of(volume, {6, 7, 8}));
    EXPECT_DOUBLE_EQ(mass.volume, 12.0 * 6 * 3);
    EXPECT_DOUBLE_EQ(mass.centre[0], 5.5);
    EXPECT_DOUBLE_EQ(mass.centre[1], 2.5);
    EXPECT_DOUBLE_EQ(mass.centre[2], 1.0);
    EXPECT_NEAR(mass.spread[0], 12.0 * 12 / 12, 1e-9);
    EXPECT_NEAR(mass.spread[1], 6.0 * 6 / 12, 1e-9);
    EXPECT_NEAR(mass.spread[2], 3.0 * 3 / 12, 1e-9);
}

TEST(PartMass, IsTheSumOfItsMaterials) {
    const Volume volume(std::make_shared<FieldGenerator>([](Vec3i p) {
        return Box3i{{5, 6, 7}, {17, 12, 10}}.contains(p) ? Sample{-16} : Sample{16};
    }));
    GroundPart part = part_of(volume, {6, 7, 8});
    for (std::size_t i = 0; i < std::size_t{12} * 6 * 3; ++i)
        part.materials.push_back(i % 12 < 6 ? Material{1} : Material{127});
    Densities densities{};
    densities[1] = 1000.0;
    densities[127] = 3000.0;
    const PartMass mass = mass_of(part, densities);
    EXPECT_DOUBLE_EQ(mass.volume, 216.0);
    EXPECT_DOUBLE_EQ(mass.mass, 108.0 * 1000 + 108.0 * 3000);
    EXPECT_DOUBLE_EQ(mass.centre[0], 0.25 * 2.5 + 0.75 * 8.5);
    EXPECT_DOUBLE_EQ(mass.centre[1], 2.5);
    // Each half has 6 * 6 / 12, and its middle is 4.5 or 1.5 from the centre.
    EXPECT_NEAR(mass.spread[0], 3.0 + 0.25 * 4.5 * 4.5 + 0.75 * 1.5 * 1.5, 1e-9);
    EXPECT_NEAR(mass.spread[1], 6.0 * 6 / 12, 1e-9);

    const PartMass weightless = mass_of(part, Densities{});
    EXPECT_DOUBLE_EQ(weightless.mass, 0.0);
    EXPECT_DOUBLE_EQ(weightless.centre[0], 5.5);
    EXPECT_NEAR(weightless.spread[0], 12.0 * 12 / 12, 1e-9);
}

TEST(PartMass, KnowsWhichMaterialThereIsMostOf) {
    const Volume volume(std::make_shared<FieldGenerator>([](Vec3i p) {
        return Box3i{{5, 6, 7}, {17, 12, 10}}.contains(p) ? Sample{-16} : Sample{16};
    }));
    GroundPart part = part_of(volume, {6, 7, 8});
    EXPECT_EQ(main_material_of(part), 0) << "of a part whose materials nobody has read";
    for (const std::size_t first : {5U, 6U, 7U}) {  // of twelve layers; equals: the lowest number
        part.materials.clear();
        for (std::size_t i = 0; i < std::size_t{12} * 6 * 3; ++i)
            part.materials.push_back(i % 12 < first ? Material{1} : Material{127});
        EXPECT_EQ(main_material_of(part), first < 6 ? 127 : 1);
    }
}

TEST(PartMass, HasNothingOfTheMaterialOfAir) {
    const Volume volume(std::make_shared<FieldGenerator>([](Vec3i p) {
        const auto square = [](int v) { return static_cast<float>(v * v); };
        return quantize(std::sqrt(square(p.x) + square(p.y) + square(p.z)) - 5.3F);
    }));
    GroundPart part = part_of(volume, {0, 0, 0});
    for (std::int32_t z = part.box.min.z; z < part.box.max.z; ++z)
        for (std::int32_t y = part.box.min.y; y < part.box.max.y; ++y)
            for (std::int32_t x = part.box.min.x; x < part.box.max.x; ++x)
                part.materials.push_back(part.has({x, y, z}) ? Material{2} : Material{9});
    Densities densities{};
    densities[2] = 4.0;
    densities[9] = 1e5;
    const PartMass mass = mass_of(part, densities);
    EXPECT_DOUBLE_EQ(mass.volume, mass_of(part).volume);
    EXPECT_DOUBLE_EQ(mass.mass, 4.0 * mass.volume);
}

}  // namespace
}  // namespace nebula::voxel
