// SPDX-License-Identifier: MIT
// Samples of the finest level for queries, which ask for them one by one.
#pragma once

#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/mesh/cell_triangles.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace nebula::voxel::detail {

/// Looks bricks up in the volume, and generates those that it lacks. The last kBricks of these are
/// kept: they are valid as long as the volume has no such brick and has dropped no edited one.
///
/// Threads:   owner thread of the volume.
/// Cost:      corners: a look-up per brick that it reads, one for most cells.
/// Lifetime:  borrows the volume. forget() before the first question after the volume may have
///            changed.
/// Throws:    whatever the generator throws; the next question works.
class BrickCache {
public:
    static constexpr std::size_t kBricks = 64;

    explicit BrickCache(const Volume& volume);
    ~BrickCache();
    BrickCache(const BrickCache&) = delete;
    BrickCache& operator=(const BrickCache&) = delete;

    /// Forgets where the last brick is, which an edit replaces and frees; and what it had copied or generated
    /// where there has been an edited brick since.
    void forget() noexcept;
    /// A brick's, in its order. Valid until the volume changes or kBricks others were generated.
    [[nodiscard]] const Sample* samples(Vec3i at);
    /// The samples of the cell whose lowest corner this is.
    [[nodiscard]] CellCorners corners(Vec3i cell);
    /// Whether all cells of a brick, which read a layer of the next ones, are proven to be air.
    [[nodiscard]] bool proven_empty(Vec3i brick) const noexcept;
    [[nodiscard]] const Volume& volume() const noexcept { return volume_; }

private:
    struct Generated;

    const Volume& volume_;
    std::unique_ptr<Generated> generated_;
    const Sample* last_ = nullptr;
    Vec3i last_at_;
    std::uint64_t dropped_ = 0;  // by the volume, when it was looked at last
};

}  // namespace nebula::voxel::detail
