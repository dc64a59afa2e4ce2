// SPDX-License-Identifier: MIT
// What a volume must know of bricks that are kept elsewhere, as in a file.
#pragma once

#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/space/ids.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <memory>
#include <span>

namespace nebula::voxel {

/// Bricks that were edited, saved and dropped from memory.
class KeptBricks {
public:
    KeptBricks() = default;
    KeptBricks(const KeptBricks&) = delete;
    KeptBricks& operator=(const KeptBricks&) = delete;
    virtual ~KeptBricks() = default;

    /// The brick, or null if it is not kept. Any thread; may wait for a disk. \throws whatever went wrong.
    [[nodiscard]] virtual std::shared_ptr<const Brick> kept(BrickId id) const = 0;
    /// Any thread.
    [[nodiscard]] virtual bool has(BrickId id) const noexcept = 0;
    /// Whether any brick of the box is kept. Any thread.
    [[nodiscard]] virtual bool has_any(const Box3i& bricks, Level level) const noexcept = 0;
    /// Makes it likely that none of these bricks has to be waited for. Any thread that holds no pin. \throws as
    /// kept().
    virtual void prefetch(std::span<const BrickId> bricks) const = 0;

    // The owner thread's: a brick whose edits were undone is not kept any more, although the next save has
    // yet to remove it.
    /// Before hide(). \throws std::bad_alloc.
    virtual void make_room_to_hide(BrickId id) = 0;
    virtual void hide(BrickId id) noexcept = 0;
};

}  // namespace nebula::voxel
