// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/detail/extend_distances.hpp"
#include "nebula/voxel/edit/distance_grid.hpp"
#include "nebula/voxel/field/sample.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace nebula::voxel {

namespace {

constexpr std::int32_t kSteps = 256;  // of a voxel, to which vertices are rounded
constexpr std::int32_t kBand = 3;     // voxels around a triangle in which distances are exact

// In 1/256 voxel from the grid's first point, so at most 16 bits.
using Triangle = std::array<Vec3i, 3>;

struct Edge {
    Vec3i low;
    Vec3i high;
    int direction;
    friend auto operator<=>(const Edge&, const Edge&) = default;
};

tl::unexpected<VoxelError> bad_mesh(const char* message) {
    return tl::unexpected(VoxelError{VoxelError::Kind::BadData, message});
}

// Whether the surface has no rim: each edge is used as often in one direction as in the other. By
// position, because meshes repeat a vertex for each of its normals.
bool is_closed(const std::vector<Triangle>& triangles) {
    std::vector<Edge> edges;
    edges.reserve(triangles.size() * 3);
    for (const Triangle& t : triangles)
        for (std::size_t i = 0; i < 3; ++i) {
            const Vec3i a = t[i];
            const Vec3i b = t[(i + 1) % 3];
            if (a != b) edges.push_back(a < b ? Edge{a, b, 1} : Edge{b, a, -1});
        }
    std::sort(edges.begin(), edges.end());
    for (std::size_t i = 0; i < edges.size();) {
        int balance = 0;
        const Edge& first = edges[i];
        for (; i < edges.size() && edges[i].low == first.low && edges[i].high == first.high; ++i)
            balance += edges[i].direction;
        if (balance != 0) return false;
    }
    return true;
}

// Twice the area that a row's point and the edge from a to b span, seen along x. Where it is 0, as if
// the row were moved by an infinitely small step along y, and a smaller one along z. So the edge from b
// to a always has the opposite sign, and a row passes each edge on one side. 0: the edge is a point.
struct Side {
    std::int64_t area;
    int sign;
};
Side side_of(std::int64_t y, std::int64_t z, Vec3i a, Vec3i b) {
    const std::int64_t dy = std::int64_t{b.y} - a.y;
    const std::int64_t dz = std::int64_t{b.z} - a.z;
    const std::int64_t area = dy * (z - a.z) - dz * (y - a.y);
    const auto sign = [](std::int64_t v) { return v > 0 ? 1 : v < 0 ? -1 : 0; };
    return {area, area != 0 ? sign(area) : dz != 0 ? -sign(dz) : sign(dy)};
}

std::int64_t floor_div64(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// Adds to `steps` where each row of the grid passes through the triangle: the sums along a row are then
// how often the surface winds around its points.
void add_crossings(const Triangle& t, const DistanceGrid& grid, std::vector<std::int32_t>& steps) {
    const auto [low_y, high_y] = std::minmax({t[0].y, t[1].y, t[2].y});
    const auto [low_z, high_z] = std::minmax({t[0].z, t[1].z, t[2].z});
    for (std::int32_t k = low_z / kSteps; k <= high_z / kSteps; ++k)
        for (std::int32_t j = low_y / kSteps; j <= high_y / kSteps; ++j) {
            const std::int64_t y = std::int64_t{j} * kSteps;
            const std::int64_t z = std::int64_t{k} * kSteps;
            const Side a = side_of(y, z, t[1], t[2]);
            const Side b = side_of(y, z, t[2], t[0]);
            const Side c = side_of(y, z, t[0], t[1]);
            if (a.sign == 0 || a.sign != b.sign || a.sign != c.sign) continue;
            // All areas have that sign, or are 0; not all are 0, or the triangle would be a line.
            const std::int64_t whole = a.sign * (a.area + b.area + c.area);
            if (whole == 0) continue;
            const std::int64_t x = a.sign * (a.area * t[0].x + b.area * t[1].x + c.area * t[2].x);
            const std::int64_t i = floor_div64(x, whole * kSteps) + 1;
            if (i < grid.size.x) steps[grid.index(static_cast<int>(i), j, k)] += a.sign;
        }
}

struct Vec3d {
    double x, y, z;
    friend Vec3d operator-(Vec3d a, Vec3d b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
    friend Vec3d operator*(Vec3d a, double k) { return {a.x * k, a.y * k, a.z * k}; }
};
double dot(Vec3d a, Vec3d b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
Vec3d cross(Vec3d a, Vec3d b) {
    return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

double distance2_to_segment(Vec3d p, Vec3d a, Vec3d b) {
    const Vec3d along = b - a;
    const double length2 = dot(along, along);
    const double t = length2 > 0.0 ? std::clamp(dot(p - a, along) / length2, 0.0, 1.0) : 0.0;
    const Vec3d d = p - a - along * t;
    return dot(d, d);
}

// The squared distance to the plane where the point lies above the triangle, else to its edges.
double distance2(Vec3d p, const std::array<Vec3d, 3>& t) {
    const Vec3d normal = cross(t[1] - t[0], t[2] - t[0]);
    const double length2 = dot(normal, normal);
    bool above = length2 > 0.0;
    for (std::size_t i = 0; i < 3 && above; ++i)
        above = dot(cross(t[(i + 1) % 3] - t[i], p - t[i]), normal) >= 0.0;
    if (above) {
        const double height = dot(p - t[0], normal);
        return height * height / length2;
    }
    return std::min({distance2_to_segment(p, t[0], t[1]), distance2_to_segment(p, t[1], t[2]),
                     distance2_to_segment(p, t[2], t[0])});
}

void add_distances(const Triangle& triangle, const DistanceGrid& grid,
                   std::vector<float>& nearest2) {
    std::array<Vec3d, 3> t{};
    for (std::size_t i = 0; i < 3; ++i)
        t[i] = {triangle[i].x / double{kSteps}, triangle[i].y / double{kSteps},
                triangle[i].z / double{kSteps}};
    const auto first = [&](std::int32_t Vec3i::*c) {
        return std::max(std::min({triangle[0].*c, triangle[1].*c, triangle[2].*c}) / kSteps - kBand,
                        0);
    };
    const auto last = [&](std::int32_t Vec3i::*c) {
        return std::min(
            std::max({triangle[0].*c, triangle[1].*c, triangle[2].*c}) / kSteps + 1 + kBand,
            grid.size.*c - 1);
    };
    for (std::int32_t z = first(&Vec3i::z); z <= last(&Vec3i::z); ++z)
        for (std::int32_t y = first(&Vec3i::y); y <= last(&Vec3i::y); ++y)
            for (std::int32_t x = first(&Vec3i::x); x <= last(&Vec3i::x); ++x) {
                float& nearest = nearest2[grid.index(x, y, z)];
                const double d2 = distance2({double(x), double(y), double(z)}, t);
                nearest = std::min(nearest, static_cast<float>(d2));
            }
}

}  // namespace

tl::expected<MeshGrid, VoxelError> grid_of_mesh(const ClosedMesh& mesh, std::int32_t margin) {
    if (mesh.indices.empty() || mesh.indices.size() % 3 != 0)
        return bad_mesh("the mesh must have triangles, with three indices each");
    if (mesh.indices.size() / 3 > kMostMeshTriangles)
        return bad_mesh("the mesh has more than 1 000 000 triangles");
    if (margin < 1 || margin > kMostGridEdge)
        return tl::unexpected(VoxelError{VoxelError::Kind::OutOfRange,
                                         "the margin around a mesh must be from 1 to 256 voxels"});
    constexpr float most = std::numeric_limits<float>::max();
    Aabb box{{most, most, most}, {-most, -most, -most}};
    for (const std::uint32_t i : mesh.indices) {
        if (i >= mesh.vertices.size()) return bad_mesh("the mesh has an index without a vertex");
        const Vec3f v = mesh.vertices[i];
        if (auto fault = check_position(v, "a vertex of the mesh"))
            return tl::unexpected(std::move(*fault));
        box.min = {std::min(box.min.x, v.x), std::min(box.min.y, v.y), std::min(box.min.z, v.z)};
        box.max = {std::max(box.max.x, v.x), std::max(box.max.y, v.y), std::max(box.max.z, v.z)};
    }
    const auto low = [&](float c) { return static_cast<std::int32_t>(std::floor(c)) - margin; };
    const auto high = [&](float c) { return static_cast<std::int32_t>(std::ceil(c)) + margin; };
    const Vec3i origin{low(box.min.x), low(box.min.y), low(box.min.z)};
    const Vec3i size =
        Vec3i{high(box.max.x), high(box.max.y), high(box.max.z)} - origin + Vec3i{1, 1, 1};
    if (std::max({size.x, size.y, size.z}) > kMostGridEdge)
        return bad_mesh(
            "the mesh, with its margin, is larger than 255 voxels: scale it down, or stamp parts "
            "of it");
    try {
        std::vector<Triangle> triangles(mesh.indices.size() / 3);
        const auto rounded = [](float c, std::int32_t from) {
            return static_cast<std::int32_t>(
                std::floor((static_cast<double>(c) - from) * kSteps + 0.5));
        };
        for (std::size_t i = 0; i < mesh.indices.size(); ++i) {
            const Vec3f v = mesh.vertices[mesh.indices[i]];
            triangles[i / 3][i % 3] = {rounded(v.x, origin.x), rounded(v.y, origin.y),
                                       rounded(v.z, origin.z)};
        }
        if (!is_closed(triangles))
            return bad_mesh(
                "the mesh is not closed: an edge has a triangle on one side only, or two that face "
                "opposite ways; close its holes and make its normals consistent");
        MeshGrid result{{size, {}}, origin};
        DistanceGrid& grid = result.grid;
        const std::size_t count = grid.index(0, 0, size.z);
        std::vector<std::int32_t> steps(count);
        std::vector<float> nearest2(count, most);
        for (const Triangle& t : triangles) {
            add_crossings(t, grid, steps);
            add_distances(t, grid, nearest2);
        }
        grid.distances.resize(count);
        constexpr float known = kBand * kSampleUnitsPerVoxel;
        std::int32_t winding = 0;
        for (std::size_t i = 0; i < count; ++i) {
            // A row ends outside, so each begins with a winding of 0.
            winding += steps[i];
            const float units = std::sqrt(nearest2[i]) * float{kSampleUnitsPerVoxel};
            const auto distance =
                static_cast<std::int16_t>(std::max(std::min(units, known) + 0.5F, 1.0F));
            grid.distances[i] = static_cast<std::int16_t>(winding != 0 ? -distance : distance);
        }
        detail::extend_distances(grid, static_cast<int>(known));
        return result;
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

}  // namespace nebula::voxel
