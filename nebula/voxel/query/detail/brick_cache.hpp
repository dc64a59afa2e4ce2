// SPDX-License-Identifier: MIT
// Samples of the finest level for queries, which ask for them one by one.
#pragma once

#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/mesh/cell_triangles.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
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
    [[nodiscard]] const Sample* samples(Vec3i at) {
        // Neighbouring cells usually lie in the same brick.
        return last_ != nullptr && last_at_ == at ? last_ : other_samples(at);
    }
    /// The samples of the cell whose lowest corner this is.
    [[nodiscard]] CellCorners corners(Vec3i cell) {
        // As floor_mod and floor_div, which cost a ray a third of its time.
        static_assert(kBrickSize == 16);
        constexpr int last = kBrickSize - 1;
        const Vec3i in{cell.x & last, cell.y & last, cell.z & last};
        if (in.x == last || in.y == last || in.z == last) return corners_at_border(cell);
        const Vec3i at{cell.x >> 4, cell.y >> 4, cell.z >> 4};
        const Sample* low = samples(at) + Brick::index(in.x, in.y, in.z);
        // Two corners at a time, put together in a register: to load as one what four stores have
        // written would wait for them.
        static_assert(std::endian::native == std::endian::little);
        std::uint64_t result = 0;
        for (int i = 0; i < 4; ++i) {
            std::uint16_t two = 0;
            std::memcpy(&two, low + Brick::index(0, i & 1, i >> 1), sizeof two);
            result |= std::uint64_t{two} << 16 * i;
        }
        return std::bit_cast<CellCorners>(result);
    }
    /// Whether all cells of a brick, which read a layer of the next ones, are proven to be air.
    [[nodiscard]] bool proven_empty(Vec3i brick) const noexcept;
    /// The same for a box of them, in about the time of one brick. False where any of them is stored.
    [[nodiscard]] bool all_proven_empty(const Box3i& bricks) const noexcept;
    [[nodiscard]] const Volume& volume() const noexcept { return volume_; }

private:
    struct Generated;

    [[nodiscard]] const Sample* other_samples(Vec3i at);
    // Of a cell that reads more than one brick.
    [[nodiscard]] CellCorners corners_at_border(Vec3i cell);

    const Volume& volume_;
    std::unique_ptr<Generated> generated_;
    const Sample* last_ = nullptr;
    Vec3i last_at_;
    std::uint64_t dropped_ = 0;  // by the volume, when it was looked at last
};

}  // namespace nebula::voxel::detail
