// SPDX-License-Identifier: MIT
#include "blocky_oracle.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

namespace nebula::voxel::test {
namespace {

constexpr std::array<Vec3i, 3> kAxes{Vec3i{1, 0, 0}, Vec3i{0, 1, 0}, Vec3i{0, 0, 1}};

/// (0, 0), (1, 0), (1, 1), (0, 1)
int corner_u(std::size_t corner) { return corner == 1 || corner == 2 ? 1 : 0; }
int corner_v(std::size_t corner) { return corner >= 2 ? 1 : 0; }

// The light of a face at (s / steps, t / steps), times steps. Each way to cut the face into two
// triangles gives a light; the rule takes the larger.
int light_inside(const std::array<int, 4>& l, int s, int t, int steps) {
    const int one = s >= t ? l[0] * steps + s * (l[1] - l[0]) + t * (l[2] - l[1])
                           : l[0] * steps + t * (l[3] - l[0]) + s * (l[2] - l[3]);
    const int other =
        s + t <= steps ? l[0] * steps + s * (l[1] - l[0]) + t * (l[3] - l[0])
                       : l[2] * steps + (steps - s) * (l[3] - l[2]) + (steps - t) * (l[1] - l[2]);
    return std::max(one, other);
}

struct Point {
    std::int64_t u = 0;
    std::int64_t v = 0;
};

std::int64_t area(Point a, Point b, Point c) {
    return (b.u - a.u) * (c.v - a.v) - (b.v - a.v) * (c.u - a.u);
}

// Whether a triangle of the quad that covers the point gives it the light `wanted / steps`. All
// coordinates are in 1/steps of a block.
bool has_light(const OracleQuad& quad, Point p, int wanted, int steps) {
    std::array<Point, 4> at;
    for (std::size_t i = 0; i < 4; ++i) {
        at[i] = {(corner_u(i) != 0 ? quad.high[0] : quad.low[0]) * steps,
                 (corner_v(i) != 0 ? quad.high[1] : quad.low[1]) * steps};
    }
    const std::array<std::size_t, 4> cut = quad.diagonal ? std::array<std::size_t, 4>{1, 2, 3, 0}
                                                         : std::array<std::size_t, 4>{0, 1, 2, 3};
    for (const bool second : {false, true}) {
        const std::size_t a = cut[0], b = cut[second ? 2 : 1], c = cut[second ? 3 : 2];
        const std::int64_t of_a = area(p, at[b], at[c]);
        const std::int64_t of_b = area(at[a], p, at[c]);
        const std::int64_t of_c = area(at[a], at[b], p);
        if (of_a < 0 || of_b < 0 || of_c < 0) continue;
        const std::int64_t light =
            of_a * quad.light[a] + of_b * quad.light[b] + of_c * quad.light[c];
        return light * steps == wanted * (of_a + of_b + of_c);
    }
    ADD_FAILURE() << "the quad's triangles leave a hole";
    return false;
}

}  // namespace

std::size_t UnitFaces::shown() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(faces_, [](const UnitFace& face) { return face.id != kAir; }));
}

UnitFaces visible_faces(const BlockGrid& grid, const BlockTypes& types) {
    const auto opaque = [&](Vec3i p) { return types.is_opaque(grid.at(p.x, p.y, p.z)); };
    UnitFaces faces(grid.size());
    for (int z = 0; z < grid.size(); ++z) {
        for (int y = 0; y < grid.size(); ++y) {
            for (int x = 0; x < grid.size(); ++x) {
                const BlockId id = grid.at(x, y, z);
                if (id == kAir) continue;
                for (std::size_t side = 0; side < 6; ++side) {
                    const Vec3i block{x, y, z};
                    const Vec3i front = block + kAxes[side / 2] * (side % 2 == 1 ? 1 : -1);
                    if (opaque(front) || grid.at(front.x, front.y, front.z) == id) continue;
                    UnitFace& face = faces.at(side, block);
                    face.id = id;
                    for (std::size_t corner = 0; corner < 4; ++corner) {
                        const Vec3i u = kAxes[(side / 2 + 1) % 3] * (2 * corner_u(corner) - 1);
                        const Vec3i v = kAxes[(side / 2 + 2) % 3] * (2 * corner_v(corner) - 1);
                        const int beside =
                            (opaque(front + u) ? 1 : 0) + (opaque(front + v) ? 1 : 0);
                        const int dark = beside == 2 ? 3 : beside + (opaque(front + u + v) ? 1 : 0);
                        face.light[corner] = static_cast<std::int8_t>(3 - dark);
                    }
                }
            }
        }
    }
    return faces;
}

bool OracleQuad::level(std::size_t along) const {
    return along == 0 ? light[0] == light[1] && light[3] == light[2]
                      : light[0] == light[3] && light[1] == light[2];
}

std::vector<OracleQuad> quads_of(const BlockyMesh& mesh) {
    const BlockyMesh::Surface& surface = mesh.surface;
    std::vector<OracleQuad> quads;
    if (surface.vertex_count % 4 != 0 || surface.index_count != surface.vertex_count / 4 * 6) {
        ADD_FAILURE() << surface.vertex_count << " vertices, " << surface.index_count << " indices";
        return quads;
    }
    quads.reserve(mesh.quad_count());
    for (std::uint32_t q = 0; q < mesh.quad_count(); ++q) {
        OracleQuad quad;
        const std::uint32_t first = 4 * q;
        const Vec3f normal = surface.normal(first);
        const std::array<float, 3> n{normal.x, normal.y, normal.z};
        std::size_t axis = 0;
        for (std::size_t i = 1; i < 3; ++i) {
            if (std::abs(n[i]) > std::abs(n[axis])) axis = i;
        }
        EXPECT_GT(std::abs(n[axis]), 0.9999F);
        quad.side = 2 * axis + (n[axis] > 0 ? 1 : 0);
        std::array<std::array<int, 3>, 4> at;
        for (std::uint32_t i = 0; i < 4; ++i) {
            const Vec3f p = surface.position(first + i);
            at[i] = {static_cast<int>(p.x), static_cast<int>(p.y), static_cast<int>(p.z)};
            EXPECT_EQ(p, (Vec3f{static_cast<float>(at[i][0]), static_cast<float>(at[i][1]),
                                static_cast<float>(at[i][2])}));
            EXPECT_EQ(surface.normal(first + i), normal);
            EXPECT_EQ(at[i][axis], at[0][axis]);
            EXPECT_EQ(mesh.block(first + i), mesh.block(first));
        }
        const std::size_t u = (axis + 1) % 3, v = (axis + 2) % 3;
        quad.plane = at[0][axis];
        quad.low = {at[0][u], at[0][v]};
        quad.high = quad.low;
        for (const auto& p : at) {
            quad.low = {std::min(quad.low[0], p[u]), std::min(quad.low[1], p[v])};
            quad.high = {std::max(quad.high[0], p[u]), std::max(quad.high[1], p[v])};
        }
        quad.id = mesh.block(first);
        std::array<std::uint32_t, 4> corner_of{};  // by vertex
        unsigned corners = 0;
        for (std::uint32_t i = 0; i < 4; ++i) {
            for (std::uint32_t corner = 0; corner < 4; ++corner) {
                const int cu = corner_u(corner) != 0 ? quad.high[0] : quad.low[0];
                const int cv = corner_v(corner) != 0 ? quad.high[1] : quad.low[1];
                if (at[i][u] != cu || at[i][v] != cv) continue;
                corner_of[i] = corner;
                quad.light[corner] = mesh.light(first + i);
                corners |= 1U << corner;
            }
        }
        EXPECT_EQ(corners, 15U) << "not a rectangle";
        // Both triangles: clockwise from the front, and together all four corners.
        const auto index = [&](std::uint32_t i) { return surface.index(6 * q + i) - first; };
        for (std::uint32_t t = 0; t < 2; ++t) {
            const auto point = [&](std::uint32_t i) {
                return surface.position(first + index(3 * t + i));
            };
            for (std::uint32_t i = 0; i < 3; ++i) {
                if (index(3 * t + i) >= 4) {
                    ADD_FAILURE() << "an index of another quad";
                    return {};
                }
            }
            EXPECT_GT(dot(cross(point(2) - point(0), point(1) - point(0)), normal), 0.0F);
        }
        EXPECT_EQ(index(0), index(3));
        EXPECT_EQ(index(2), index(4));
        quad.diagonal = corner_of[index(0)] % 2 == 1;
        quads.push_back(quad);
        if (testing::Test::HasFailure()) break;
    }
    return quads;
}

bool shows_the_faces(const std::vector<OracleQuad>& quads, UnitFaces faces, std::size_t count,
                     int steps) {
    std::size_t covered = 0;
    for (const OracleQuad& quad : quads) {
        const std::size_t axis = quad.axis(), u = (axis + 1) % 3, v = (axis + 2) % 3;
        for (int i = quad.low[0]; i < quad.high[0]; ++i) {
            for (int j = quad.low[1]; j < quad.high[1]; ++j) {
                std::array<int, 3> at{};
                at[axis] = quad.plane - (quad.side % 2 == 1 ? 1 : 0);
                at[u] = i;
                at[v] = j;
                UnitFace& face = faces.at(quad.side, {at[0], at[1], at[2]});
                if (face.id != quad.id) {
                    ADD_FAILURE() << "side " << quad.side << " of " << at[0] << ' ' << at[1] << ' '
                                  << at[2] << ": a quad of " << quad.id << ", but the face is "
                                  << (face.id == kAir ? "not there or covered before"
                                                      : "of another id");
                    return false;
                }
                face.id = kAir;
                ++covered;
                const std::array<int, 4> light{face.light[0], face.light[1], face.light[2],
                                               face.light[3]};
                for (int s = 0; s <= steps; ++s) {
                    for (int t = 0; t <= steps; ++t) {
                        if (has_light(quad,
                                      {std::int64_t{i} * steps + s, std::int64_t{j} * steps + t},
                                      light_inside(light, s, t, steps), steps)) {
                            continue;
                        }
                        ADD_FAILURE() << "side " << quad.side << " of " << at[0] << ' ' << at[1]
                                      << ' ' << at[2] << ": wrong light at " << s << ' ' << t;
                        return false;
                    }
                }
            }
        }
    }
    EXPECT_EQ(covered, count);
    return covered == count;
}

bool is_maximal(const std::vector<OracleQuad>& quads) {
    for (const std::size_t along : {std::size_t{0}, std::size_t{1}}) {
        const std::size_t across = 1 - along;
        // By the side on which the next quad would touch it.
        std::map<std::tuple<std::size_t, int, BlockId, int, int, int>, const OracleQuad*> ends;
        for (const OracleQuad& quad : quads) {
            if (!quad.level(along)) continue;
            ends[{quad.side, quad.plane, quad.id, quad.high[along], quad.low[across],
                  quad.high[across]}] = &quad;
        }
        for (const OracleQuad& quad : quads) {
            if (!quad.level(along)) continue;
            if (ends.contains({quad.side, quad.plane, quad.id, quad.low[along], quad.low[across],
                               quad.high[across]})) {
                ADD_FAILURE() << "two quads of side " << quad.side << " could be one at "
                              << quad.low[0] << ' ' << quad.low[1] << " in plane " << quad.plane;
                return false;
            }
        }
    }
    return true;
}

}  // namespace nebula::voxel::test
