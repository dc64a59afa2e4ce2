// SPDX-License-Identifier: MIT
// Whether a terrain moves, and how fast its ground is where somebody is.
#pragma once

#include "nebula/godot/binding/math.hpp"
#include "nebula/godot/voxel/node_space.hpp"

namespace nebula::godot {

/// From the node's place at each physics tick. One change of place is a jump, such as that of a level
/// which is put where it belongs; it takes nobody along. A second one within a second is motion, until
/// the node has stood still for a second.
///
/// Threads:   main thread.
class GroundMotion {
public:
    /// \pre NodeSpace::problem_of(place) is null.
    void tick(const Transform3D& place) noexcept;

    [[nodiscard]] bool is_moving() const noexcept { return changes_ >= kChangesOfMotion; }
    /// Whether the last tick has found another place than the one before.
    [[nodiscard]] bool has_changed() const noexcept { return has_changed_; }
    /// Of the ground at a global position, in metres per second; zero if the terrain does not move.
    [[nodiscard]] Vector3 velocity_at(const Vector3& global,
                                      double ticks_per_second) const noexcept;

    struct Velocity {
        Vector3 linear;   ///< In metres per second.
        Vector3 angular;  ///< In radians per second, around an axis.
    };
    /// What a part of the ground goes on with when it comes off, global. The node may be moved in frames and
    /// not in ticks, so this is the mean over the time between the last two changes of place. Zero if the
    /// terrain does not move, or stood still for longer than that.
    [[nodiscard]] Velocity velocity_of_part(const Vector3& global,
                                            double ticks_per_second) const noexcept;

private:
    static constexpr int kChangesOfMotion = 2;
    static constexpr int kTicksOfRest = 60;

    Transform3D place_;
    NodeSpace before_;
    NodeSpace now_;
    NodeSpace left_;    // before the last change
    Vector3 turn_;      // by the last change: its axis, as long as its angle
    int ticks_of_ = 1;  // the last change: since the one before
    bool has_place_ = false;
    bool has_changed_ = false;
    int changes_ = 0;  // since the last rest; no more than kChangesOfMotion
    int still_ = 0;    // ticks since the last change
};

}  // namespace nebula::godot
