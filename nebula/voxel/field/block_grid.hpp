// SPDX-License-Identifier: MIT
// The input of the blocky mesher: the blocks of one chunk and a ring around them.
#pragma once

#include "nebula/base/assert.hpp"
#include "nebula/voxel/field/block_type.hpp"
#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace nebula::voxel {

/// The size^3 blocks of a chunk (0..size - 1 on each axis), and a ring of one more block around them
/// (-1 and size), which hides faces and darkens corners but has no faces here.
///
/// x runs fastest, then y, then z, with no padding between rows: a gather copies whole x rows.
///
/// Threads:   as a plain struct.
/// Cost:      79 KB for 32^3 blocks, 524 KB for 62^3; keep one per worker rather than one per chunk.
class BlockGrid {
public:
    /// With the ring, a row is then 64 blocks: the bits of one machine word.
    static constexpr int kMaxSize = 62;
    /// This many ids past the last one may be read, so that the last row is read by whole registers.
    static constexpr std::size_t kReadable = 32;

    /// All air. \param size  from 1 to kMaxSize.
    explicit BlockGrid(int size = kChunkSize) : size_(size) {
        NEBULA_ASSERT(size >= 1 && size <= kMaxSize, "a grid has 1 to 62 blocks along an axis");
        ids_.resize(count() + kReadable);
    }

    [[nodiscard]] int size() const noexcept { return size_; }      ///< Blocks along an axis.
    [[nodiscard]] int edge() const noexcept { return size_ + 2; }  ///< The same with the ring.

    /// The place of a block in ids(); each coordinate in [-1, size()].
    [[nodiscard]] std::size_t index(int x, int y, int z) const noexcept {
        return static_cast<std::size_t>((x + 1) + ((y + 1) + (z + 1) * edge()) * edge());
    }
    [[nodiscard]] BlockId at(int x, int y, int z) const noexcept { return ids_[index(x, y, z)]; }
    [[nodiscard]] BlockId& at(int x, int y, int z) noexcept { return ids_[index(x, y, z)]; }

    [[nodiscard]] std::span<BlockId> ids() noexcept { return {ids_.data(), count()}; }
    [[nodiscard]] std::span<const BlockId> ids() const noexcept { return {ids_.data(), count()}; }

    Vec3i chunk;  ///< Named in errors; the mesh itself does not depend on it.

private:
    [[nodiscard]] std::size_t count() const noexcept {
        return static_cast<std::size_t>(edge() * edge() * edge());
    }

    int size_;
    std::vector<BlockId> ids_;
};

}  // namespace nebula::voxel
