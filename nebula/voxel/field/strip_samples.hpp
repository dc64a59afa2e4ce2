// SPDX-License-Identifier: MIT
// What a chunk must know about neighbours that are shown one level coarser.
#pragma once

#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace nebula::voxel {

/// Which faces of a chunk get a strip, and the coarser level's samples around each of them. The
/// mesher reads them for the vertices that the strip shares with the coarser chunk.
///
/// Faces are numbered -x, +x, -y, +y, -z, +z; bit i of a mask is face i.
///
/// Coordinates are voxels of the coarser level, counted from the chunk's corner: a chunk is 16 of
/// them long, and (x, y, z) here is (2x, 2y, 2z) in the SampleBlock. Of each face there are its
/// 17 x 17 corners and a ring of one around them, in three planes: the face's own, and those one
/// voxel inside and outside. Everything around the corners is for the normals, as in SampleBlock.
///
/// The samples are what the coarser level stores, in its own unit, also where the chunk has finer
/// ones. Where both levels have a sample, the signs must be equal; otherwise the strip tears.
///
/// Threads:   as a plain struct.
/// Cost:      6.5 KB; keep one per worker.
struct StripSamples {
    static constexpr int kFaces = 6;
    static constexpr int kCells = kChunkSize / 2;  ///< Cells of the coarser level along a face.
    static constexpr int kFirst = -1;              ///< Lowest coordinate along a face.
    static constexpr int kLast = kCells + 1;       ///< Highest coordinate along a face.
    static constexpr int kEdge = kCells + 3;       ///< Samples along a face.
    static constexpr int kPlanes = 3;              ///< Samples across a face.
    static constexpr std::size_t kCount = std::size_t{kPlanes} * kEdge * kEdge;

    /// 0 for x, 1 for y, 2 for z.
    [[nodiscard]] static constexpr int axis(int face) noexcept { return face / 2; }
    [[nodiscard]] static constexpr bool is_high(int face) noexcept { return face % 2 != 0; }
    /// Where the face lies on its axis.
    [[nodiscard]] static constexpr int plane(int face) noexcept {
        return is_high(face) ? kCells : 0;
    }
    /// The points that a face needs. In voxels of the coarser level's world, add `chunk * kCells`.
    [[nodiscard]] static constexpr Box3i box(int face) noexcept {
        Box3i points{{kFirst, kFirst, kFirst}, {kLast + 1, kLast + 1, kLast + 1}};
        const auto across = [&](std::int32_t Vec3i::*c) {
            points.min.*c = plane(face) - 1;
            points.max.*c = plane(face) + 2;
        };
        across(axis(face) == 0 ? &Vec3i::x : axis(face) == 1 ? &Vec3i::y : &Vec3i::z);
        return points;
    }
    /// A face's samples lie like a generator writes them: x fastest, then y, then z, no padding.
    [[nodiscard]] static constexpr int step_y(int face) noexcept {
        return axis(face) == 0 ? kPlanes : kEdge;
    }
    [[nodiscard]] static constexpr int step_z(int face) noexcept {
        return axis(face) == 2 ? kEdge * kEdge : kPlanes * kEdge;
    }
    /// The place of a point in `samples[face]`; the point must lie in `box(face)`.
    [[nodiscard]] static constexpr std::size_t index(int face, int x, int y, int z) noexcept {
        const Vec3i low = box(face).min;
        return static_cast<std::size_t>((x - low.x) + (y - low.y) * step_y(face) +
                                        (z - low.z) * step_z(face));
    }
    [[nodiscard]] Sample at(int face, int x, int y, int z) const noexcept {
        return samples[static_cast<std::size_t>(face)][index(face, x, y, z)];
    }
    [[nodiscard]] Sample& at(int face, int x, int y, int z) noexcept {
        return samples[static_cast<std::size_t>(face)][index(face, x, y, z)];
    }
    [[nodiscard]] constexpr bool has(int face) const noexcept {
        return (mask >> static_cast<unsigned>(face) & 1U) != 0;
    }

    std::uint8_t mask = 0;
    /// Of the faces in the mask; the others' are not read.
    alignas(64) std::array<std::array<Sample, kCount>, kFaces> samples;
};

}  // namespace nebula::voxel
