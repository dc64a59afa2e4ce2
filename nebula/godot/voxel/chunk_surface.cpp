// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/chunk_surface.hpp"

#include "nebula/godot/binding/math.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/voxel/mesh/octahedral.hpp"

#include <cmath>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

PackedByteArray as_bytes(const std::vector<std::byte>& data) {
    return PackedByteArray(
        std::span(reinterpret_cast<const std::uint8_t*>(data.data()), data.size()));
}

constexpr std::size_t kTangentSize = 4;

// Octahedral, as the engine packs them: the upper half of the second number says that the frame is
// right-handed.
constexpr voxel::OctahedralNormal kAlongX{65535, 49151};
constexpr voxel::OctahedralNormal kAlongZ{32767, 49151};

// A direction that is not the normal's. Nothing reads more out of it: a terrain has no UV that a
// tangent could follow, and triplanar shaders set their own.
voxel::OctahedralNormal tangent_beside(voxel::OctahedralNormal normal) {
    const float u = static_cast<float>(normal.u) / 65535.0F * 2.0F - 1.0F;
    const float v = static_cast<float>(normal.v) / 65535.0F * 2.0F - 1.0F;
    const bool folded = std::abs(u) + std::abs(v) > 1.0F;
    const float x = folded ? 1.0F - std::abs(v) : std::abs(u);  // |x| where |x| + |y| + |z| is 1
    return x > 0.5F ? kAlongZ : kAlongX;
}

// The engine wants each tangent behind its normal.
PackedByteArray with_tangents(const voxel::ChunkMesh& mesh) {
    using voxel::ChunkMesh;
    static_assert(sizeof(voxel::OctahedralNormal) == ChunkMesh::kNormalSize &&
                  sizeof(voxel::OctahedralNormal) == kTangentSize);
    const std::size_t count = mesh.vertex_count;
    PackedByteArray bytes;
    bytes.resize(count * (ChunkMesh::kVertexSize + kTangentSize));
    std::uint8_t* out = bytes.write().data();
    const std::byte* in = mesh.vertex_data.data();
    std::memcpy(out, in, count * ChunkMesh::kPositionSize);
    out += count * ChunkMesh::kPositionSize;
    in += count * ChunkMesh::kPositionSize;
    for (std::size_t i = 0; i < count; ++i) {
        voxel::OctahedralNormal pair[2];
        std::memcpy(pair, in + i * sizeof pair[0], sizeof pair[0]);
        pair[1] = tangent_beside(pair[0]);
        std::memcpy(out + i * sizeof pair, pair, sizeof pair);
    }
    return bytes;
}

// The engine's surface in its own bytes: nothing is packed, split or checked vertex by vertex on
// the main thread. The layout is ChunkMesh's contract.
Dictionary surface_of(const voxel::ChunkMesh& mesh, bool tangents) {
    // VERTEX | NORMAL | INDEX, and the version of the layout in the bits from 35 on.
    constexpr std::int64_t format = 1 | 2 | (1 << 12) | (std::int64_t{1} << 35);
    constexpr std::int64_t tangent = 4;
    constexpr std::int64_t triangles = 3;
    const voxel::Vec3f min = mesh.bounds.min;
    const voxel::Vec3f size = mesh.bounds.max - min;
    return {{"primitive", triangles},
            {"format", tangents ? format | tangent : format},
            {"vertex_data", tangents ? with_tangents(mesh) : as_bytes(mesh.vertex_data)},
            {"vertex_count", mesh.vertex_count},
            {"index_data", as_bytes(mesh.index_data)},
            {"index_count", mesh.index_count},
            {"aabb", AABB{{min.x, min.y, min.z}, {size.x, size.y, size.z}}}};
}

}  // namespace

ChunkSurface::ChunkSurface(const voxel::ChunkMesh& mesh, bool with_tangents)
    : Surface(mesh.triangle_count()),
      surface_(surface_of(mesh, with_tangents)),
      bytes_(mesh.vertex_data.size() + mesh.index_data.size() +
             (with_tangents ? mesh.vertex_count * kTangentSize : 0)),
      has_tangents_(with_tangents) {}

void ChunkSurface::make_mesh() {
    mesh_ = RendererMesh(surface_);
    surface_ = {};
}

RendererMesh ChunkSurface::take_mesh() {
    if (!mesh_.is_valid()) make_mesh();
    return std::move(mesh_);
}

}  // namespace nebula::godot
