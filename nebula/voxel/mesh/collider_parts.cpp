// SPDX-License-Identifier: MIT
#include "nebula/voxel/mesh/collider_parts.hpp"

#include "nebula/voxel/mesh/cell_triangles.hpp"
#include "nebula/voxel/mesh/nearest_ground.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace nebula::voxel {

namespace {

// At a triangle's middle, which lies within its cell: no triangle lies in a face.
Material material_of(const Vec3f* triangle, const TileBlock& block,
                     const TileMaterials& materials) {
    const Vec3f middle = (triangle[0] + triangle[1] + triangle[2]) * (1.0F / 3.0F);
    const Vec3f low{std::floor(middle.x), std::floor(middle.y), std::floor(middle.z)};
    const int x = static_cast<int>(low.x);
    const int y = static_cast<int>(low.y);
    const int z = static_cast<int>(low.z);
    CellCorners corners;
    for (int i = 0; i < 8; ++i)
        corners[static_cast<std::size_t>(i)] =
            block.at(x + (i & 1), y + (i >> 1 & 1), z + (i >> 2 & 1));
    // There is one: a surface has ground on one side.
    const int i = nearest_ground(corners, middle - low).value_or(0);
    return materials.at(x + (i & 1), y + (i >> 1 & 1), z + (i >> 2 & 1));
}

// Of the corners in the air, too: then more is proven than needs be, but they are seldom of another.
std::optional<Footing> one_footing(const TileMaterials& materials, const Footings& footings) {
    if (materials.is_uniform) return footings.of(materials.uniform);
    const Footing first = footings.of(materials.materials.front());
    const bool alike = std::ranges::all_of(materials.materials,
                                           [&](Material m) { return footings.of(m) == first; });
    return alike ? std::optional(first) : std::nullopt;
}

}  // namespace

void divide(const TileBlock& block, const TileMaterials& materials, const Footings& footings,
            ColliderMesh& mesh) {
    if (mesh.empty()) return;
    if (const std::optional<Footing> one = one_footing(materials, footings)) {
        mesh.parts.front().footing = *one;
        return;
    }
    constexpr std::size_t kinds = std::size_t{std::numeric_limits<Footing>::max()} + 1;
    std::vector<Footing> footing_of(mesh.triangle_count());
    std::array<std::size_t, kinds> next{};  // positions of each footing, and then where they go
    for (std::size_t i = 0; i < footing_of.size(); ++i) {
        footing_of[i] = footings.of(material_of(&mesh.faces[3 * i], block, materials));
        next[footing_of[i]] += 3;
    }
    mesh.parts.clear();
    std::size_t at = 0;
    for (std::size_t footing = 0; footing < kinds; ++footing) {
        const std::size_t count = std::exchange(next[footing], at);
        if (count > 0) mesh.parts.push_back({static_cast<Footing>(footing), count});
        at += count;
    }
    if (mesh.parts.size() == 1) return;
    std::vector<Vec3f> ordered(mesh.faces.size());
    for (std::size_t i = 0; i < footing_of.size(); ++i) {
        std::size_t& to = next[footing_of[i]];
        std::copy_n(&mesh.faces[3 * i], 3, &ordered[to]);
        to += 3;
    }
    mesh.faces = std::move(ordered);
}

}  // namespace nebula::voxel
