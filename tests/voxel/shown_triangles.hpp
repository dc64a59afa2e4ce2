// SPDX-License-Identifier: MIT
// The triangles of the finest chunk meshes, found by position: what queries are compared with.
#pragma once

#include "nebula/voxel/field/sample_block.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/mesh/chunk_mesh.hpp"
#include "nebula/voxel/mesh/smooth_mesher.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace nebula::voxel {

class ShownTriangles {
public:
    struct Vec {
        double x, y, z;
        friend Vec operator+(const Vec& a, const Vec& b) {
            return {a.x + b.x, a.y + b.y, a.z + b.z};
        }
        friend Vec operator-(const Vec& a, const Vec& b) {
            return {a.x - b.x, a.y - b.y, a.z - b.z};
        }
        friend Vec operator*(const Vec& a, double k) { return {a.x * k, a.y * k, a.z * k}; }
        friend double dot(const Vec& a, const Vec& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
        friend Vec cross(const Vec& a, const Vec& b) {
            return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
        }
    };
    using Triangle = std::array<Vec, 3>;

    /// Meshes the chunks in [low, high).
    void add(Volume& volume, Vec3i low, Vec3i high) {
        const auto block = std::make_unique<SampleBlock>();
        SmoothMesher mesher;
        ChunkMesh mesh;
        for (std::int32_t z = low.z; z < high.z; ++z)
            for (std::int32_t y = low.y; y < high.y; ++y)
                for (std::int32_t x = low.x; x < high.x; ++x) {
                    if (volume.gather({{x, y, z}}, *block) != BlockContent::Mixed) continue;
                    ASSERT_TRUE(mesher.mesh(*block, mesh));
                    for (std::uint32_t i = 0; i < mesh.index_count; i += 3)
                        add(mesh, i, {x * kChunkSize, y * kChunkSize, z * kChunkSize});
                }
    }

    /// Calls f for the triangles in the cells that are at most `cells` away, and perhaps for others.
    template <class F>
    void for_each_near(const Vec& at, int cells, F&& f) const {
        const Vec3i middle = cell_of(at);
        for (int z = -cells; z <= cells; ++z)
            for (int y = -cells; y <= cells; ++y)
                for (int x = -cells; x <= cells; ++x)
                    if (const auto found = triangles_.find(middle + Vec3i{x, y, z});
                        found != triangles_.end())
                        for (const Triangle& triangle : found->second) f(triangle);
    }

private:
    static Vec3i cell_of(const Vec& at) {
        return {static_cast<std::int32_t>(std::floor(at.x)),
                static_cast<std::int32_t>(std::floor(at.y)),
                static_cast<std::int32_t>(std::floor(at.z))};
    }

    void add(const ChunkMesh& mesh, std::uint32_t first, Vec3i chunk) {
        Triangle triangle;
        for (std::uint32_t k = 0; k < 3; ++k) {
            const Vec3f p = mesh.position(mesh.index(first + k));
            triangle[k] = {double{p.x} + chunk.x, double{p.y} + chunk.y, double{p.z} + chunk.z};
        }
        const Vec middle = (triangle[0] + triangle[1] + triangle[2]) * (1.0 / 3.0);
        triangles_[cell_of(middle)].push_back(triangle);
    }

    std::unordered_map<Vec3i, std::vector<Triangle>, Vec3iHash> triangles_;  // by their cell
};

}  // namespace nebula::voxel
