// SPDX-License-Identifier: MIT
#include "nebula/voxel/mesh/collider_rims.hpp"

#include "nebula/voxel/field/tile_block.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace nebula::voxel {

namespace {

// The triangles of a tile as numbers of vertices, without the copies that a mesh for physics has.
class SharedVertices {
public:
    using Index = std::uint16_t;
    using Triangle = std::array<Index, 3>;

    explicit SharedVertices(std::span<const Vec3f> faces)
        : number_of_edge_(3 * TileBlock::kCount, kNone), triangles_(faces.size() / 3) {
        for (std::size_t i = 0; i < faces.size(); ++i)
            triangles_[i / 3][i % 3] = number_of(faces[i]);
        down_.resize(positions_.size());
        for (std::size_t i = 0; i < triangles_.size(); ++i) {
            const Vec3f* const t = &faces[3 * i];
            // Clockwise when seen from the air, so this points into the ground.
            const Vec3f down = cross(t[1] - t[0], t[2] - t[0]);
            for (const Index vertex : triangles_[i]) down_[vertex] = down_[vertex] + down;
        }
    }

    [[nodiscard]] std::size_t count() const noexcept { return positions_.size(); }
    [[nodiscard]] const std::vector<Triangle>& triangles() const noexcept { return triangles_; }
    [[nodiscard]] Vec3f at(Index vertex) const noexcept { return positions_[vertex]; }
    /// kRimDepth below it.
    [[nodiscard]] Vec3f below(Index vertex) const noexcept {
        const Vec3f down = down_[vertex];
        const float length = std::sqrt(dot(down, down));
        return length > 0.0F ? at(vertex) + down * (kRimDepth / length) : at(vertex);
    }

private:
    static constexpr Index kNone = std::numeric_limits<Index>::max();
    // A tile has at most three vertices for each corner.
    static_assert(3 * TileBlock::kCount < kNone);

    // A vertex lies on one edge of the lattice, strictly between its ends.
    Index number_of(Vec3f p) {
        const Vec3f low{std::floor(p.x), std::floor(p.y), std::floor(p.z)};
        const std::size_t axis = p.x != low.x ? 0 : p.y != low.y ? 1 : 2;
        const std::size_t corner = TileBlock::index(
            static_cast<int>(low.x), static_cast<int>(low.y), static_cast<int>(low.z));
        Index& number = number_of_edge_[3 * corner + axis];
        if (number == kNone) {
            number = static_cast<Index>(positions_.size());
            positions_.push_back(p);
        }
        return number;
    }

    std::vector<Index> number_of_edge_;
    std::vector<Triangle> triangles_;
    std::vector<Vec3f> positions_;
    std::vector<Vec3f> down_;
};

// Bending may flatten a narrow triangle or turn it over. Physics engines refuse the one and would push
// bodies into the ground with the other.
bool is_still_itself(const std::array<Vec3f, 3>& before, const std::array<Vec3f, 3>& after) {
    const auto area = [](const std::array<Vec3f, 3>& t) { return cross(t[1] - t[0], t[2] - t[0]); };
    const Vec3f a = area(before);
    return dot(a, area(after)) > 0.5F * dot(a, a);
}

}  // namespace

void add_rims(ColliderMesh& mesh) {
    if (mesh.parts.size() < 2) return;
    const SharedVertices vertices(mesh.faces);
    std::vector<std::uint8_t> is_own;
    std::size_t begin = 0;  // of the part, in triangles
    for (ColliderMesh::Part& part : mesh.parts) {
        const std::size_t end = begin + part.positions / 3;
        is_own.assign(vertices.count(), 0);
        for (std::size_t i = begin; i < end; ++i)
            for (const auto vertex : vertices.triangles()[i]) is_own[vertex] = 1;
        const std::size_t rims_before = mesh.rims.size();
        for (std::size_t i = 0; i < vertices.triangles().size(); ++i) {
            if (i >= begin && i < end) continue;
            std::array<Vec3f, 3> before;
            std::array<Vec3f, 3> bent;
            bool touches = false;
            for (std::size_t k = 0; k < 3; ++k) {
                const auto vertex = vertices.triangles()[i][k];
                touches |= is_own[vertex] != 0;
                before[k] = vertices.at(vertex);
                bent[k] = is_own[vertex] != 0 ? before[k] : vertices.below(vertex);
            }
            if (touches && is_still_itself(before, bent))
                mesh.rims.insert(mesh.rims.end(), bent.begin(), bent.end());
        }
        part.rim = mesh.rims.size() - rims_before;
        begin = end;
    }
}

}  // namespace nebula::voxel
