// SPDX-License-Identifier: MIT
#include "mesh_oracle.hpp"

#include "nebula/voxel/mesh/cell_tables.hpp"
#include "nebula/voxel/mesh/half_turn.hpp"
#include "nebula/voxel/mesh/octahedral.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace nebula::voxel::test {
namespace {

constexpr std::array<Vec3i, 3> kAxes{Vec3i{1, 0, 0}, Vec3i{0, 1, 0}, Vec3i{0, 0, 1}};

std::uint32_t word(OctahedralNormal normal) {
    return normal.u | static_cast<std::uint32_t>(normal.v) << 16U;
}

int sample(const SampleBlock& block, Vec3i p) { return block.at(p.x, p.y, p.z); }

// The vertex on an edge of a lattice whose samples are `at(Vec3i) -> int`. In whole numbers all the
// way to the last division.
template <class Samples>
OracleVertex vertex_on(LatticeEdge edge, Samples&& at) {
    const Vec3i low = edge.low;
    const Vec3i high = low + kAxes[static_cast<std::size_t>(edge.axis)];
    const int from = std::abs(at(low));
    const int to = std::abs(at(high));
    std::array<int, 3> n{};
    for (std::size_t i = 0; i < 3; ++i) {
        n[i] = to * (at(low + kAxes[i]) - at(low - kAxes[i])) +
               from * (at(high + kAxes[i]) - at(high - kAxes[i]));
    }
    if (n == std::array<int, 3>{}) {
        n[static_cast<std::size_t>(edge.axis)] = at(low) < 0 ? 1 : -1;
    }
    OracleVertex vertex;
    vertex.edge = edge;
    vertex.t1024 = (2 * 1024 * from + (from + to)) / (2 * (from + to));
    vertex.normal = word(half_turn_to(
        {static_cast<float>(n[0]), static_cast<float>(n[1]), static_cast<float>(n[2])}));
    return vertex;
}

OracleVertex vertex_on(const SampleBlock& block, LatticeEdge edge) {
    return vertex_on(edge, [&](Vec3i p) { return sample(block, p); });
}

// Calls `use` with the three edges of every triangle of the regular cells.
template <class Use>
void for_each_regular_triangle(const SampleBlock& block, Use&& use) {
    for (int z = 0; z < kChunkSize; ++z) {
        for (int y = 0; y < kChunkSize; ++y) {
            for (int x = 0; x < kChunkSize; ++x) {
                unsigned index = 0;
                for (int corner = 0; corner < 8; ++corner) {
                    const Vec3i p{x + (corner & 1), y + (corner >> 1 & 1), z + (corner >> 2 & 1)};
                    if (sample(block, p) < 0) index |= 1U << static_cast<unsigned>(corner);
                }
                const RegularCase& cell = cell_tables().regular[index];
                const auto edge_of = [&](std::size_t i) {
                    const int edge = cell.edges[i];
                    const int a = edge & 1;
                    const int b = edge >> 1 & 1;
                    const std::array<Vec3i, 3> low{Vec3i{0, a, b}, Vec3i{a, 0, b}, Vec3i{a, b, 0}};
                    const int axis = edge / 4;
                    return LatticeEdge{Vec3i{x, y, z} + low[static_cast<std::size_t>(axis)], axis};
                };
                for (std::size_t t = 0; t < cell.triangle_count; ++t) {
                    use(std::array{edge_of(3 * t), edge_of(3 * t + 1), edge_of(3 * t + 2)});
                }
            }
        }
    }
}

std::array<std::int64_t, 3> in_units(const OracleVertex& v) {
    std::array<std::int64_t, 3> p{v.edge.low.x * kUnitsPerVoxel, v.edge.low.y * kUnitsPerVoxel,
                                  v.edge.low.z * kUnitsPerVoxel};
    p[static_cast<std::size_t>(v.edge.axis)] += v.t1024;
    return p;
}

// Where a vertex of the chunk's own level goes to make room for strips.
PlacedVertex behind_the_strips(const OracleVertex& v, const StripSamples& strips) {
    constexpr std::int64_t voxel = kUnitsPerVoxel;
    constexpr std::int64_t end = kChunkSize * voxel;
    const std::array<std::int64_t, 3> unmoved = in_units(v);
    std::array<std::int64_t, 3> p{};  // a crossing that moves is in 1/256 of its edge
    for (std::size_t i = 0; i < 3; ++i) p[i] = (unmoved[i] + 2) / 4 * 4;
    std::array<std::int64_t, 3> push{};  // inwards, in 1/1024 of the width of 1/4 voxel
    std::array<std::int64_t, 3> fade{};
    for (int axis = 0; axis < 3; ++axis) {
        const auto i = static_cast<std::size_t>(axis);
        const bool low_is_nearer = p[i] < end / 2;
        const std::int64_t distance = low_is_nearer ? p[i] : end - p[i];
        const bool has_strip = strips.has(2 * axis + (low_is_nearer ? 0 : 1));
        const std::int64_t nearness = std::max(std::int64_t{0}, voxel - distance);
        if (has_strip) push[i] = low_is_nearer ? nearness : -nearness;
        fade[i] = has_strip ? voxel : std::min(voxel, distance);
    }
    std::array<std::int64_t, 3> moved{};
    for (std::size_t i = 0; i < 3; ++i) {
        const std::int64_t product = push[i] * fade[(i + 1) % 3] * fade[(i + 2) % 3];
        EXPECT_EQ(product % (4 * voxel * voxel), 0) << "a vertex would have to be rounded";
        moved[i] = p[i] + product / (4 * voxel * voxel);
    }
    if (moved == p) moved = unmoved;
    return {{moved[0], moved[1], moved[2]}, v.normal};
}

// A coarse cell on a face: the transition cell there.
class OracleStripCell {
public:
    // `cell` counts along u and v.
    OracleStripCell(const SampleBlock& block, const StripSamples& strips, int face, int cell_u,
                    int cell_v)
        : block_(block), strips_(strips), face_(face) {
        const int axis = StripSamples::axis(face);
        u_ = (axis + 1) % 3;
        v_ = (axis + 2) % 3;
        // u, v and the way out are right-handed.
        if (!StripSamples::is_high(face)) std::swap(u_, v_);
        coarse_ = axis_vector(axis) * StripSamples::plane(face) + axis_vector(u_) * cell_u +
                  axis_vector(v_) * cell_v;
        for (std::size_t i = 0; i < 9; ++i) {
            if (sample(block, coarse_ * 2 + along_face(shape_.corners[i])) < 0) samples_ |= 1U << i;
        }
    }

    std::vector<PlacedTriangle> triangles(detail::Polarity polarity) const {
        std::vector<PlacedTriangle> result;
        for (const detail::Triangle& t : table_triangles(polarity)) {
            result.push_back({vertex(t[0]), vertex(t[1]), vertex(t[2])});
        }
        return result;
    }

private:
    static Vec3i axis_vector(int axis) { return kAxes[static_cast<std::size_t>(axis)]; }
    Vec3i along_face(Vec3i uv) const { return axis_vector(u_) * uv.x + axis_vector(v_) * uv.y; }

    std::vector<detail::Triangle> table_triangles(detail::Polarity polarity) const {
        if (polarity != detail::Polarity::SeparateInside) {
            return detail::triangulate_cell(shape_, samples_, polarity);
        }
        unsigned index = 0;
        while (detail::transition_samples(index) != samples_) ++index;
        const TransitionCase& cell = cell_tables().transition[index];
        std::vector<detail::Triangle> triangles;
        for (std::size_t t = 0; t < cell.triangle_count; ++t) {
            triangles.push_back({cell.edges[3 * t], cell.edges[3 * t + 1], cell.edges[3 * t + 2]});
        }
        return triangles;
    }

    PlacedVertex vertex(detail::EdgeId edge) const {
        const Vec3i low = shape_.corners[shape_.edges[edge].low];
        const Vec3i along = shape_.corners[shape_.edges[edge].high] - low;
        const int axis = along.x != 0 ? u_ : v_;
        if (!shape_.on_half_side(edge)) {
            return behind_the_strips(vertex_on(block_, {coarse_ * 2 + along_face(low), axis}),
                                     strips_);
        }
        // The shape counts fine voxels on its half side, too.
        const Vec3i half{low.x / 2, low.y / 2, 0};
        const OracleVertex v = vertex_on({coarse_ + along_face(half), axis}, [&](Vec3i p) {
            return int{strips_.at(face_, p.x, p.y, p.z)};
        });
        const std::array<std::int64_t, 3> p = in_units(v);
        return {{2 * p[0], 2 * p[1], 2 * p[2]}, v.normal};
    }

    const SampleBlock& block_;
    const StripSamples& strips_;
    const detail::CellShape& shape_ = detail::transition_shape();
    int face_;
    int u_ = 0;
    int v_ = 0;
    Vec3i coarse_;  // the cell's lowest corner, in coarse voxels from the chunk's
    unsigned samples_ = 0;
};

std::uint32_t normal_word(const ChunkMesh& mesh, std::uint32_t vertex) {
    std::uint32_t normal = 0;
    std::memcpy(&normal,
                mesh.vertex_data.data() + mesh.vertex_count * ChunkMesh::kPositionSize +
                    vertex * ChunkMesh::kNormalSize,
                sizeof normal);
    return normal;
}

template <class Triangle>
Triangle least_first(Triangle triangle) {
    std::ranges::rotate(triangle, std::ranges::min_element(triangle));
    return triangle;
}

}  // namespace

OracleTriangle rotated(OracleTriangle triangle) { return least_first(triangle); }

std::vector<OracleTriangle> oracle_mesh(const SampleBlock& block) {
    std::vector<OracleTriangle> triangles;
    for_each_regular_triangle(block, [&](const std::array<LatticeEdge, 3>& edges) {
        OracleTriangle triangle;
        for (std::size_t i = 0; i < 3; ++i) {
            triangle[i] = vertex_on(block, edges[i]);
            triangle[i].edge.low = triangle[i].edge.low + block.chunk.at * kChunkSize;
        }
        triangles.push_back(rotated(triangle));
    });
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
            const float t = (coordinate[axis] - floor) * 1024.0F;
            vertex.t1024 = static_cast<int>(t);
            EXPECT_EQ(static_cast<float>(vertex.t1024), t) << "vertex " << i << " is not exact";
        }
        EXPECT_EQ(fractions, 1) << "vertex " << i << " does not lie inside an edge";
        vertex.edge.low = origin + Vec3i{whole[0], whole[1], whole[2]};
        vertex.normal = normal_word(mesh, i);
    }
    std::vector<OracleTriangle> triangles;
    for (std::uint32_t i = 0; i < mesh.index_count; i += 3) {
        triangles.push_back(rotated({vertices.at(mesh.index(i)), vertices.at(mesh.index(i + 1)),
                                     vertices.at(mesh.index(i + 2))}));
    }
    std::ranges::sort(triangles);
    return triangles;
}

std::vector<PlacedTriangle> oracle_mesh(const SampleBlock& block, const StripSamples& strips,
                                        detail::Polarity polarity) {
    std::vector<PlacedTriangle> triangles;
    for_each_regular_triangle(block, [&](const std::array<LatticeEdge, 3>& edges) {
        PlacedTriangle triangle;
        for (std::size_t i = 0; i < 3; ++i) {
            triangle[i] = behind_the_strips(vertex_on(block, edges[i]), strips);
        }
        triangles.push_back(least_first(triangle));
    });
    for (int face = 0; face < StripSamples::kFaces; ++face) {
        if (!strips.has(face)) continue;
        for (int v = 0; v < StripSamples::kCells; ++v) {
            for (int u = 0; u < StripSamples::kCells; ++u) {
                const OracleStripCell cell(block, strips, face, u, v);
                for (const PlacedTriangle& t : cell.triangles(polarity)) {
                    triangles.push_back(least_first(t));
                }
            }
        }
    }
    std::ranges::sort(triangles);
    return triangles;
}

std::vector<PlacedVertex> placed_vertices_of(const ChunkMesh& mesh) {
    std::vector<PlacedVertex> vertices;
    vertices.reserve(mesh.vertex_count);
    for (std::uint32_t i = 0; i < mesh.vertex_count; ++i) {
        const Vec3f p = mesh.position(i) * static_cast<float>(kUnitsPerVoxel);
        const ExactPoint whole{static_cast<std::int64_t>(p.x), static_cast<std::int64_t>(p.y),
                               static_cast<std::int64_t>(p.z)};
        const Vec3f back{static_cast<float>(whole.x), static_cast<float>(whole.y),
                         static_cast<float>(whole.z)};
        EXPECT_TRUE(p.x == back.x && p.y == back.y && p.z == back.z)
            << "vertex " << i << " was rounded";
        vertices.push_back({whole, normal_word(mesh, i)});
    }
    return vertices;
}

std::vector<PlacedTriangle> placed_triangles_of(const ChunkMesh& mesh) {
    const std::vector<PlacedVertex> vertices = placed_vertices_of(mesh);
    std::vector<PlacedTriangle> triangles;
    for (std::uint32_t i = 0; i < mesh.index_count; i += 3) {
        triangles.push_back(
            least_first(PlacedTriangle{vertices.at(mesh.index(i)), vertices.at(mesh.index(i + 1)),
                                       vertices.at(mesh.index(i + 2))}));
    }
    std::ranges::sort(triangles);
    return triangles;
}

}  // namespace nebula::voxel::test
