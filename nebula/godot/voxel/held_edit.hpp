// SPDX-License-Identifier: MIT
// An edit that workers make, held by the coroutine that waits for it.
#pragma once

#include "nebula/voxel/stream/terrain.hpp"

#include <utility>

namespace nebula::godot {

/// Ends the edit if nobody finishes it: a coroutine that is cancelled leaves the ground as it is.
///
/// Threads:   main thread.
/// Lifetime:  within its terrain's.
class HeldEdit {
public:
    HeldEdit(voxel::Terrain& terrain, voxel::BigEdit& edit) noexcept
        : terrain_(&terrain), edit_(&edit) {}
    HeldEdit(HeldEdit&& other) noexcept
        : terrain_(other.terrain_), edit_(std::exchange(other.edit_, nullptr)) {}
    HeldEdit& operator=(HeldEdit&&) = delete;
    ~HeldEdit() {
        if (edit_ != nullptr) terrain_->drop_edit(*edit_);
    }

    [[nodiscard]] voxel::BigEdit& operator*() const noexcept { return *edit_; }
    [[nodiscard]] voxel::BigEdit* operator->() const noexcept { return edit_; }
    /// Somebody else has ended it.
    void release() noexcept { edit_ = nullptr; }

private:
    voxel::Terrain* terrain_;
    voxel::BigEdit* edit_;
};

}  // namespace nebula::godot
