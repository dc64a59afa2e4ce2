// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/ground_motion.hpp"

#include <algorithm>
#include <utility>

namespace nebula::godot {

void GroundMotion::tick(const Transform3D& place) noexcept {
    has_changed_ = has_place_ && !(place == place_);
    before_ = now_;
    if (has_changed_ || !has_place_) now_ = NodeSpace(place);
    if (!std::exchange(has_place_, true)) before_ = now_;
    place_ = place;
    if (has_changed_) {
        changes_ = std::min(changes_ + 1, kChangesOfMotion);
        still_ = 0;
    } else if (++still_ >= kTicksOfRest) {
        changes_ = 0;
        still_ = kTicksOfRest;
    }
}

Vector3 GroundMotion::velocity_at(const Vector3& global, double ticks_per_second) const noexcept {
    if (!is_moving() || !has_changed_) return {};
    const Vector3 way = global - before_.to_global(now_.to_voxels(global));
    return way * static_cast<float>(ticks_per_second);
}

}  // namespace nebula::godot
