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
#include <optional>
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

// The material of the edge's solid end; on a coarse lattice that of the other end, unless it was placed.
// `spacing` is that of the edge's lattice in voxels of the chunk.
template <class Samples>
Material material_on(LatticeEdge edge, Samples&& at, const MaterialBlock* materials,
                     int spacing = 1) {
    if (materials == nullptr) return 0;
    const auto of = [&](Vec3i p) {
        return materials->at(p.x * spacing, p.y * spacing, p.z * spacing);
    };
    Vec3i solid = edge.low;
    Vec3i air = edge.low + kAxes[static_cast<std::size_t>(edge.axis)];
    if (at(solid) > 0) std::swap(solid, air);
    const bool is_placed = of(solid) >= MaterialBlock::kPlaced;
    const bool is_coarse = spacing > 1 || materials->is_coarse;
    return static_cast<Material>((is_coarse && !is_placed ? of(air) : of(solid)) % kMaterials);
}

OracleVertex vertex_on(const SampleBlock& block, LatticeEdge edge,
                       const MaterialBlock* materials = nullptr) {
    const auto at = [&](Vec3i p) { return sample(block, p); };
    OracleVertex vertex = vertex_on(edge, at);
    vertex.material = material_on(edge, at, materials);
    return vertex;
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

// Of a vertex that moves, the crossing is in 1/256 of its edge.
std::array<std::int64_t, 3> before_it_moves(const OracleVertex& v) {
    std::array<std::int64_t, 3> p = in_units(v);
    for (std::int64_t& c : p) c = (c + 2) / 4 * 4;
    return p;
}

// Where a vertex of the chunk's own level goes to make room for strips.
PlacedVertex behind_the_strips(const OracleVertex& v, const StripSamples& strips) {
    constexpr std::int64_t voxel = kUnitsPerVoxel;
    constexpr std::int64_t end = kChunkSize * voxel;
    const std::array<std::int64_t, 3> unmoved = in_units(v);
    const std::array<std::int64_t, 3> p = before_it_moves(v);
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
    return {{moved[0], moved[1], moved[2]}, v.normal, v.material};
}

// A coarse cell on a face: the transition cell there.
class OracleStripCell {
public:
    // `cell_a` and `cell_b` count along the two axes that follow the face's own.
    OracleStripCell(const SampleBlock& block, const StripSamples& strips,
                    const MaterialBlock* materials, int face, int cell_a, int cell_b)
        : block_(block),
          strips_(strips),
          materials_(materials),
          face_(face),
          cell_{cell_a, cell_b} {
        const int axis = StripSamples::axis(face);
        u_ = (axis + 1) % 3;
        v_ = (axis + 2) % 3;
        coarse_ = axis_vector(axis) * StripSamples::plane(face) + axis_vector(u_) * cell_a +
                  axis_vector(v_) * cell_b;
        // u, v and the way out are right-handed.
        if (!StripSamples::is_high(face)) std::swap(u_, v_);
        const auto coordinate = [](Vec3i p, int along) {
            return std::array{p.x, p.y, p.z}[static_cast<std::size_t>(along)];
        };
        pinched_u_ = pinched_side(u_, coordinate(coarse_, u_));
        pinched_v_ = pinched_side(v_, coordinate(coarse_, v_));
        for (std::size_t i = 0; i < 9; ++i) {
            if (sample(block, coarse_ * 2 + along_face(shape_.corners[i])) < 0) samples_ |= 1U << i;
        }
    }

    std::vector<PlacedTriangle> triangles(detail::Polarity polarity) const {
        std::vector<PlacedTriangle> result;
        for (const detail::Triangle& t : table_triangles(polarity)) {
            result.push_back({vertex(t[0]), vertex(t[1]), vertex(t[2])});
        }
        if (!is_lid()) return result;
        for (std::size_t face = 0; face < shape_.faces.size(); ++face) {
            if (!has_skirt(face)) continue;
            for (const auto [from, to] : face_contour(shape_, face, samples_, polarity)) {
                // The diagonal starts at the chunk's own vertex with the smaller u.
                if (shape_.doubled_middle(from).x < shape_.doubled_middle(to).x) {
                    if (is_lidded(to)) result.push_back({own(from), own(to), vertex(to)});
                    if (is_lidded(from)) result.push_back({own(from), vertex(to), vertex(from)});
                } else {
                    if (is_lidded(from)) result.push_back({own(from), own(to), vertex(from)});
                    if (is_lidded(to)) result.push_back({own(to), vertex(to), vertex(from)});
                }
            }
        }
        return result;
    }

private:
    static Vec3i axis_vector(int axis) { return kAxes[static_cast<std::size_t>(axis)]; }
    Vec3i along_face(Vec3i uv) const { return axis_vector(u_) * uv.x + axis_vector(v_) * uv.y; }

    // 0 or 2: on that side of the cell along the axis there is a face without a strip.
    std::optional<int> pinched_side(int axis, int cell) const {
        if (cell == 0 && !strips_.has(2 * axis)) return 0;
        if (cell == StripSamples::kCells - 1 && !strips_.has(2 * axis + 1)) return 2;
        return std::nullopt;
    }
    // Where two pinched sides meet; and at any side of the face if the surface is in several pieces.
    bool is_lid() const {
        if (pinched_u_ && pinched_v_) return true;
        return std::ranges::any_of(
                   cell_, [](int at) { return at == 0 || at == StripSamples::kCells - 1; }) &&
               contour_loops(shape_, samples_, detail::Polarity::SeparateInside).size() > 1;
    }
    // The full side has one, and each side that is not pinched, unless the next cell is a lid, too.
    bool has_skirt(std::size_t face) const {
        constexpr std::size_t half_side = 4;
        if (face < half_side) return true;
        if (face == half_side) return false;
        const auto lies_at = [&](std::int32_t Vec3i::*c, int at) {
            return std::ranges::all_of(shape_.faces[face], [&](detail::CornerId corner) {
                return shape_.corners[corner].*c == at;
            });
        };
        for (const int end : {0, 2}) {
            if (lies_at(&Vec3i::x, end)) return pinched_u_ != end && !lid_beyond(u_, end);
            if (lies_at(&Vec3i::y, end)) return pinched_v_ != end && !lid_beyond(v_, end);
        }
        return false;
    }
    bool lid_beyond(int axis, int end) const {
        std::array<int, 2> cell = cell_;
        int& at = cell[axis == (StripSamples::axis(face_) + 1) % 3 ? 0 : 1];
        at += end == 0 ? -1 : 1;
        return at >= 0 && at < StripSamples::kCells &&
               OracleStripCell(block_, strips_, materials_, face_, cell[0], cell[1]).is_lid();
    }
    // Whether the vertex is on the lid, and the chunk's own lies below it.
    bool is_lidded(detail::EdgeId edge) const {
        if (!is_lid() || shape_.on_half_side(edge)) return false;
        const Vec3i low = shape_.corners[shape_.edges[edge].low];
        const Vec3i high = shape_.corners[shape_.edges[edge].high];
        return !(pinched_u_ && low.x == *pinched_u_ && high.x == *pinched_u_) &&
               !(pinched_v_ && low.y == *pinched_v_ && high.y == *pinched_v_);
    }

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
        if (!is_lidded(edge)) return own(edge);
        const OracleVertex v = vertex_on(block_, lattice_edge(edge), materials_);
        const std::array<std::int64_t, 3> p = before_it_moves(v);
        return {{p[0], p[1], p[2]}, v.normal, v.material};
    }

    // Where the edge's vertex is without a lid.
    PlacedVertex own(detail::EdgeId edge) const {
        if (!shape_.on_half_side(edge)) {
            return behind_the_strips(vertex_on(block_, lattice_edge(edge), materials_), strips_);
        }
        // The shape counts fine voxels on its half side, too.
        const LatticeEdge fine = lattice_edge(edge);
        const LatticeEdge coarse{{fine.low.x / 2, fine.low.y / 2, fine.low.z / 2}, fine.axis};
        const auto at = [&](Vec3i p) { return int{strips_.at(face_, p.x, p.y, p.z)}; };
        const OracleVertex v = vertex_on(coarse, at);
        const std::array<std::int64_t, 3> p = in_units(v);
        return {{2 * p[0], 2 * p[1], 2 * p[2]}, v.normal, material_on(coarse, at, materials_, 2)};
    }

    LatticeEdge lattice_edge(detail::EdgeId edge) const {
        const Vec3i low = shape_.corners[shape_.edges[edge].low];
        const Vec3i along = shape_.corners[shape_.edges[edge].high] - low;
        return {coarse_ * 2 + along_face(low), along.x != 0 ? u_ : v_};
    }

    const SampleBlock& block_;
    const StripSamples& strips_;
    const MaterialBlock* materials_;
    const detail::CellShape& shape_ = detail::transition_shape();
    int face_;
    std::array<int, 2> cell_;
    int u_ = 0;
    int v_ = 0;
    Vec3i coarse_;  // the cell's lowest corner, in coarse voxels from the chunk's
    std::optional<int> pinched_u_;
    std::optional<int> pinched_v_;
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

Material material_of(const ChunkMesh& mesh, std::uint32_t vertex) {
    const MaterialAttribute packed = mesh.materials(vertex);
    std::size_t slot = 0;
    while (slot + 1 < MaterialAttribute::kSlots && packed.weight(slot) == 0) ++slot;
    EXPECT_EQ(packed.weights, MaterialAttribute::kFloatBits |
                                  MaterialAttribute::kFullWeight << MaterialAttribute::kBits * slot)
        << "vertex " << vertex;
    return packed.material(slot);
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
                                        detail::Polarity polarity, const MaterialBlock* materials) {
    std::vector<PlacedTriangle> triangles;
    for_each_regular_triangle(block, [&](const std::array<LatticeEdge, 3>& edges) {
        PlacedTriangle triangle;
        for (std::size_t i = 0; i < 3; ++i) {
            triangle[i] = behind_the_strips(vertex_on(block, edges[i], materials), strips);
        }
        triangles.push_back(least_first(triangle));
    });
    for (int face = 0; face < StripSamples::kFaces; ++face) {
        if (!strips.has(face)) continue;
        for (int v = 0; v < StripSamples::kCells; ++v) {
            for (int u = 0; u < StripSamples::kCells; ++u) {
                const OracleStripCell cell(block, strips, materials, face, u, v);
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
        vertices.push_back({whole, normal_word(mesh, i), material_of(mesh, i)});
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
