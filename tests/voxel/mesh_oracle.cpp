// SPDX-License-Identifier: MIT
#include "mesh_oracle.hpp"

#include "nebula/voxel/mesh/cell_tables.hpp"
#include "nebula/voxel/mesh/octahedral.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace nebula::voxel::test {
namespace {

constexpr std::array<Vec3i, 3> kAxes{Vec3i{1, 0, 0}, Vec3i{0, 1, 0}, Vec3i{0, 0, 1}};

std::uint32_t word(OctahedralNormal normal) {
    return normal.u | static_cast<std::uint32_t>(normal.v) << 16U;
}

int sample(const SampleBlock& block, Vec3i p) { return block.at(p.x, p.y, p.z); }

// In whole numbers all the way to the last division.
OracleVertex vertex_on(const SampleBlock& block, LatticeEdge local) {
    const Vec3i low = local.low;
    const Vec3i high = low + kAxes[static_cast<std::size_t>(local.axis)];
    const int from = std::abs(sample(block, low));
    const int to = std::abs(sample(block, high));
    std::array<int, 3> n{};
    for (std::size_t i = 0; i < 3; ++i) {
        n[i] = to * (sample(block, low + kAxes[i]) - sample(block, low - kAxes[i])) +
               from * (sample(block, high + kAxes[i]) - sample(block, high - kAxes[i]));
    }
    if (n == std::array<int, 3>{}) {
        n[static_cast<std::size_t>(local.axis)] = sample(block, low) < 0 ? 1 : -1;
    }
    OracleVertex vertex;
    vertex.edge = {local.low + block.chunk.at * kChunkSize, local.axis};
    vertex.t4096 = (2 * 4096 * from + (from + to)) / (2 * (from + to));
    vertex.normal = word(octahedral_encode(
        {static_cast<float>(n[0]), static_cast<float>(n[1]), static_cast<float>(n[2])}));
    return vertex;
}

}  // namespace

OracleTriangle rotated(OracleTriangle triangle) {
    std::ranges::rotate(triangle, std::ranges::min_element(triangle));
    return triangle;
}

std::vector<OracleTriangle> oracle_mesh(const SampleBlock& block) {
    std::vector<OracleTriangle> triangles;
    for (int z = 0; z < kChunkSize; ++z) {
        for (int y = 0; y < kChunkSize; ++y) {
            for (int x = 0; x < kChunkSize; ++x) {
                unsigned index = 0;
                for (int corner = 0; corner < 8; ++corner) {
                    const Vec3i p{x + (corner & 1), y + (corner >> 1 & 1), z + (corner >> 2 & 1)};
                    if (sample(block, p) < 0) index |= 1U << static_cast<unsigned>(corner);
                }
                const RegularCase& cell = cell_tables().regular[index];
                const auto vertex = [&](std::size_t i) {
                    const int edge = cell.edges[i];
                    const int a = edge & 1;
                    const int b = edge >> 1 & 1;
                    const std::array<Vec3i, 3> low{Vec3i{0, a, b}, Vec3i{a, 0, b}, Vec3i{a, b, 0}};
                    const int axis = edge / 4;
                    return vertex_on(block,
                                     {Vec3i{x, y, z} + low[static_cast<std::size_t>(axis)], axis});
                };
                for (std::size_t t = 0; t < cell.triangle_count; ++t) {
                    triangles.push_back(
                        rotated({vertex(3 * t), vertex(3 * t + 1), vertex(3 * t + 2)}));
                }
            }
        }
    }
    std::ranges::sort(triangles);
    return triangles;
}

std::vector<OracleTriangle> triangles_of(const ChunkMesh& mesh, Vec3i chunk) {
    const Vec3i origin = chunk * kChunkSize;
    std::vector<OracleVertex> vertices(mesh.vertex_count);
    for (std::uint32_t i = 0; i < mesh.vertex_count; ++i) {
        const Vec3f p = mesh.position(i);
        OracleVertex& vertex = vertices[i];
        const std::array<float, 3> coordinate{p.x, p.y, p.z};
        std::array<int, 3> whole{};
        int fractions = 0;
        for (std::size_t axis = 0; axis < 3; ++axis) {
            const float floor = std::floor(coordinate[axis]);
            whole[axis] = static_cast<int>(floor);
            if (coordinate[axis] == floor) continue;
            ++fractions;
            vertex.edge.axis = static_cast<int>(axis);
            const float t = (coordinate[axis] - floor) * 4096.0F;
            vertex.t4096 = static_cast<int>(t);
            EXPECT_EQ(static_cast<float>(vertex.t4096), t) << "vertex " << i << " is not exact";
        }
        EXPECT_EQ(fractions, 1) << "vertex " << i << " does not lie inside an edge";
        vertex.edge.low = origin + Vec3i{whole[0], whole[1], whole[2]};
        std::memcpy(&vertex.normal,
                    mesh.vertex_data.data() + mesh.vertex_count * ChunkMesh::kPositionSize +
                        i * ChunkMesh::kNormalSize,
                    sizeof vertex.normal);
    }
    std::vector<OracleTriangle> triangles;
    for (std::uint32_t i = 0; i < mesh.index_count; i += 3) {
        triangles.push_back(rotated({vertices.at(mesh.index(i)), vertices.at(mesh.index(i + 1)),
                                     vertices.at(mesh.index(i + 2))}));
    }
    std::ranges::sort(triangles);
    return triangles;
}

}  // namespace nebula::voxel::test
