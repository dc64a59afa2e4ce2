// SPDX-License-Identifier: MIT
// The input of the smooth mesher: the samples of one chunk and a ring around them.
#pragma once

#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/space/ids.hpp"

#include <array>
#include <cstddef>

namespace nebula::voxel {

/// The 33^3 cell corners of a chunk (0..32 on each axis), and a ring of one more sample around them
/// (-1 and 33) that only the normals read. Corner (0, 0, 0) is voxel `chunk.at * 32` of the
/// chunk's level.
///
/// x runs fastest, then y, then z, with no padding. A gather copies whole x rows, and one sweep
/// over the array turns signs into a bit stream in which each row is 35 adjacent bits.
///
/// Threads:   as a plain struct.
/// Cost:      42 KB; keep one per worker rather than one per chunk.
struct SampleBlock {
    static constexpr int kFirst = -1;             ///< Lowest coordinate.
    static constexpr int kLast = kChunkSize + 1;  ///< Highest coordinate.
    static constexpr int kEdge = kChunkSize + 3;  ///< Samples along an axis.
    static constexpr int kStepX = 1;              ///< Distance of x neighbours in `samples`.
    static constexpr int kStepY = kEdge;          ///< The same in y.
    static constexpr int kStepZ = kEdge * kEdge;  ///< The same in z.
    static constexpr std::size_t kCount = std::size_t{kEdge} * kEdge * kEdge;

    /// The place of a corner in `samples`; each coordinate in [kFirst, kLast].
    [[nodiscard]] static constexpr std::size_t index(int x, int y, int z) noexcept {
        const int offset = (x - kFirst) + (y - kFirst) * kStepY + (z - kFirst) * kStepZ;
        return static_cast<std::size_t>(offset);
    }
    [[nodiscard]] Sample at(int x, int y, int z) const noexcept { return samples[index(x, y, z)]; }
    [[nodiscard]] Sample& at(int x, int y, int z) noexcept { return samples[index(x, y, z)]; }

    ChunkId chunk;  ///< Named in errors; the mesh itself does not depend on it.
    alignas(64) std::array<Sample, kCount> samples;
};

}  // namespace nebula::voxel
