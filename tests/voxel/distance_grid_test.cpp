// SPDX-License-Identifier: MIT
#include "brush_oracle.hpp"
#include "world_samples.hpp"

#include "nebula/voxel/edit/distance_grid.hpp"
#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/field/volume.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

struct Mesh {
    std::vector<Vec3f> vertices;
    std::vector<std::uint32_t> indices;
    [[nodiscard]] ClosedMesh view() const { return {vertices, indices}; }
};

void add_box(Mesh& mesh, Vec3f low, Vec3f high) {
    const auto first = static_cast<std::uint32_t>(mesh.vertices.size());
    for (int i = 0; i < 8; ++i)
        mesh.vertices.push_back({(i & 1) != 0 ? high.x : low.x, (i & 2) != 0 ? high.y : low.y,
                                 (i & 4) != 0 ? high.z : low.z});
    for (const std::uint32_t i :
         {0U, 2U, 3U, 0U, 3U, 1U, 4U, 5U, 7U, 4U, 7U, 6U, 0U, 1U, 5U, 0U, 5U, 4U,
          2U, 6U, 7U, 2U, 7U, 3U, 0U, 4U, 6U, 0U, 6U, 2U, 1U, 3U, 7U, 1U, 7U, 5U})
        mesh.indices.push_back(first + i);
}

// Rows of the grid pass through vertices and edges: the corners lie on its points.
TEST(GridOfMesh, HasTheSignsAndDistancesOfABox) {
    for (const float shift : {0.0F, 0.37F}) {
        Mesh mesh;
        add_box(mesh, Vec3f{-3, 2, 5} + Vec3f{shift, shift, shift},
                Vec3f{6, 8, 16} + Vec3f{shift, shift, shift});
        const auto made = grid_of_mesh(mesh.view(), 6);
        ASSERT_TRUE(made) << made.error().message;
        const DistanceGrid& grid = made->grid;
        ASSERT_FALSE(check(grid));
        for (int z = 0; z < grid.size.z; ++z)
            for (int y = 0; y < grid.size.y; ++y)
                for (int x = 0; x < grid.size.x; ++x) {
                    const Vec3i p = made->origin + Vec3i{x, y, z};
                    const double s = double{shift};
                    const double expected =
                        -32.0 *
                        test::in_box({p.x - 1.5 - s, p.y - 5.0 - s, p.z - 10.5 - s}, {4.5, 3, 5.5});
                    const int found = grid.at(x, y, z);
                    if (std::abs(expected) > 0.2) {
                        ASSERT_EQ(found < 0, expected < 0) << p.x << ' ' << p.y << ' ' << p.z;
                    }
                    // Beyond 3 voxels it is continued.
                    const double error =
                        std::abs(expected) < 90 ? 1.0 : 8.0 + std::abs(expected) * 0.1;
                    ASSERT_NEAR(found, expected, error) << p.x << ' ' << p.y << ' ' << p.z;
                }
    }
}

// Any closed surface, with triangles at all angles: parity along one row must be the truth.
TEST(GridOfMesh, HasNoStraySignInABall) {
    Mesh mesh;
    constexpr int kRound = 24;
    constexpr int kHigh = 12;
    const Vec3f centre{0.5F, -2.0F, 1.0F};
    const auto vertex = [&](int i, int j) {
        const float a = 6.2831853F * static_cast<float>(i % kRound) / kRound;
        const float b = 3.14159265F * static_cast<float>(j) / kHigh;
        // The poles are one point, from whatever side.
        const float ring = j == 0 || j == kHigh ? 0.0F : std::sin(b);
        return centre + Vec3f{std::cos(a) * ring, std::cos(b), std::sin(a) * ring} * 9.0F;
    };
    for (int j = 0; j < kHigh; ++j)
        for (int i = 0; i < kRound; ++i)
            for (const auto& [di, dj] : {std::pair{0, 0}, {1, 0}, {1, 1}, {0, 0}, {1, 1}, {0, 1}}) {
                mesh.indices.push_back(static_cast<std::uint32_t>(mesh.vertices.size()));
                mesh.vertices.push_back(vertex(i + di, j + dj));
            }
    const auto made = grid_of_mesh(mesh.view());
    ASSERT_TRUE(made) << made.error().message;
    const DistanceGrid& grid = made->grid;
    int inside = 0;
    for (int z = 0; z < grid.size.z; ++z)
        for (int y = 0; y < grid.size.y; ++y)
            for (int x = 0; x < grid.size.x; ++x) {
                const Vec3i p = made->origin + Vec3i{x, y, z};
                const double away = test::length(
                    test::minus({double(p.x), double(p.y), double(p.z)}, test::point_of(centre)));
                if (std::abs(away - 9.0) < 0.5) continue;  // the mesh is no perfect ball
                ASSERT_EQ(grid.at(x, y, z) < 0, away < 9.0) << p.x << ' ' << p.y << ' ' << p.z;
                inside += grid.at(x, y, z) < 0 ? 1 : 0;
            }
    EXPECT_GT(inside, 2000);
}

TEST(GridOfMesh, UnitesPartsThatOverlap) {
    Mesh mesh;
    add_box(mesh, {0, 0, 0}, {8, 8, 8});
    add_box(mesh, {4, 4, 4}, {12, 12, 12});
    const auto made = grid_of_mesh(mesh.view());
    ASSERT_TRUE(made);
    const auto sign_at = [&](Vec3i p) {
        const Vec3i in = p - made->origin;
        return made->grid.at(in.x, in.y, in.z) < 0;
    };
    EXPECT_TRUE(sign_at({6, 6, 6}));
    EXPECT_TRUE(sign_at({2, 2, 2}));
    EXPECT_TRUE(sign_at({10, 10, 10}));
    EXPECT_FALSE(sign_at({10, 2, 2}));
}

TEST(GridOfMesh, RefusesWhatIsNotClosed) {
    Mesh box;
    add_box(box, {0, 0, 0}, {8, 8, 8});
    const auto error_of = [](const Mesh& mesh) {
        const auto made = grid_of_mesh(mesh.view());
        EXPECT_FALSE(made);
        return made ? VoxelError{} : made.error();
    };
    Mesh open = box;
    open.indices.resize(open.indices.size() - 3);
    EXPECT_NE(error_of(open).message.find("not closed"), std::string::npos);
    Mesh turned = box;
    std::swap(turned.indices[0], turned.indices[1]);
    EXPECT_NE(error_of(turned).message.find("not closed"), std::string::npos);
    Mesh beyond = box;
    beyond.indices[5] = 8;
    EXPECT_EQ(error_of(beyond).kind, VoxelError::Kind::BadData);
    Mesh nan = box;
    nan.vertices[3].y = std::numeric_limits<float>::quiet_NaN();
    EXPECT_EQ(error_of(nan).kind, VoxelError::Kind::NotFinite);
    Mesh large;
    add_box(large, {0, 0, 0}, {300, 8, 8});
    EXPECT_EQ(error_of(large).kind, VoxelError::Kind::BadData);
    EXPECT_EQ(error_of({}).kind, VoxelError::Kind::BadData);
}

// What a script reads, changes and writes again.
TEST(GridOfDistances, WhatWasReadIsWrittenAsItWas) {
    Volume volume(low_hills());
    ASSERT_TRUE(apply(volume, SphereEdit{SphereEdit::Kind::Dig, {3, 1, 4}, 7}));
    const Box3i box{{-9, -7, -2}, {11, 13, 20}};
    const auto samples = read_region(volume, box);
    ASSERT_TRUE(samples) << samples.error().message;
    std::vector<float> distances;
    for (const std::int16_t units : samples->distances)
        distances.push_back(to_distance(static_cast<Sample>(units)));
    const auto grid = grid_of_distances(samples->size, distances);
    ASSERT_TRUE(grid) << grid.error().message;
    const auto paste = [&](const DistanceGrid& what) {
        return apply(volume, Operation{.mode = Mode::Paste,
                                       .shape = StampShape{std::make_shared<DistanceGrid>(what),
                                                           {-9.0F, -7.0F, -2.0F},
                                                           {}}});
    };
    const auto report = paste(*grid);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(read_region(volume, box)->distances, samples->distances);
    EXPECT_TRUE(report->reach[0].empty()) << "nothing changed on the finest level";
    // One voxel is turned over, from outside to inside.
    std::size_t at = 0;
    while (distances[at] < 2.0F) ++at;
    distances[at] = -1e9F;
    ASSERT_TRUE(paste(*grid_of_distances(samples->size, distances)));
    EXPECT_EQ(read_region(volume, box)->distances[at], -127);
    EXPECT_EQ(read_region(volume, {box.min, box.min + Vec3i{1, 1, 1}})->distances.size(), 1U);
}

TEST(GridOfDistances, WhatMakesNoGridIsRefused) {
    using Kind = VoxelError::Kind;
    std::vector<float> distances(8, 1.0F);
    EXPECT_TRUE(grid_of_distances({2, 2, 2}, distances));
    for (const Vec3i size : {Vec3i{1, 2, 4}, Vec3i{2, -2, 2}, Vec3i{257, 2, 2}, Vec3i{}})
        EXPECT_EQ(grid_of_distances(size, distances).error().kind, Kind::OutOfRange);
    EXPECT_EQ(grid_of_distances({2, 2, 3}, distances).error().message,
              "the box has 12 points, but there are 8 distances; there must be one for each");
    distances[5] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_EQ(grid_of_distances({2, 2, 2}, distances).error().message,
              "distance number 5 is not a finite number");
    distances[5] = 1.0F;
    std::vector<Material> materials(8, 127);
    EXPECT_EQ(grid_of_distances({2, 2, 2}, distances, materials)->materials, materials);
    materials[6] = 128;
    EXPECT_EQ(grid_of_distances({2, 2, 2}, distances, materials).error().message,
              "material number 6 is 128; it must be from 0 to 127");
    materials.resize(7);
    EXPECT_EQ(
        grid_of_distances({2, 2, 2}, distances, materials).error().message,
        "the box has 8 points, but there are 7 materials; there must be one for each, or none");
    const DistanceGrid few{{2, 2, 2}, std::vector<std::int16_t>(8, 5), std::vector<Material>(7)};
    EXPECT_EQ(check(few)->message,
              "a grid with materials must have one material for each of its points");
    const Volume volume(low_hills());
    EXPECT_EQ(read_region(volume, {{0, 0, 0}, {0, 1, 1}}).error().kind, Kind::OutOfRange);
    EXPECT_EQ(read_region(volume, {{INT32_MIN, 0, 0}, {INT32_MAX, 1, 1}}).error().kind,
              Kind::OutOfRange);
}

// Boxes lie in the world to their last voxel, whether they are read or written.
TEST(GridOfDistances, IsReadUpToTheLastVoxelOfTheWorld) {
    constexpr std::int32_t last = 16'000'000;
    const Volume volume(low_hills());
    for (std::int32_t Vec3i::*axis : {&Vec3i::x, &Vec3i::y, &Vec3i::z})
        for (const std::int32_t size : {1, 2, 256})
            for (const std::int32_t beyond : {0, 1}) {
                Box3i high{{0, 0, 0}, {1, 1, 1}};
                high.max.*axis = last + 1 + beyond;
                high.min.*axis = high.max.*axis - size;
                Box3i low{{0, 0, 0}, {1, 1, 1}};
                low.min.*axis = -last - beyond;
                low.max.*axis = low.min.*axis + size;
                for (const Box3i& box : {low, high}) {
                    const auto read = read_region(volume, box);
                    EXPECT_EQ(read.has_value(), beyond == 0) << box.min.*axis << ", " << size;
                    EXPECT_EQ(read ? "" : read.error().message,
                              beyond == 0 ? ""
                                          : "the box reaches more than 16000000 voxels from the "
                                            "origin");
                    EXPECT_EQ(!check_box(box.min, box.max - box.min, "it"), beyond == 0);
                }
            }
    for (const std::int32_t far : {INT32_MIN, INT32_MAX})
        EXPECT_TRUE(check_box({0, far, 0}, {256, 256, 256}, "it"));
}

}  // namespace
}  // namespace nebula::voxel
