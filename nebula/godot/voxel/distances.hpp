// SPDX-License-Identifier: MIT
// Limits of distances and other numbers, and how they are told: what the classes say alike.
#pragma once

#include "nebula/voxel/stream/ground_body.hpp"
#include "nebula/voxel/stream/viewer.hpp"

#include <string>

namespace nebula::godot {

struct Limits {
    double lowest;
    double highest;
};
inline constexpr Limits kViewDistance{1, voxel::kMostViewDistance};
inline constexpr Limits kDetailDistance{1, voxel::kMostDetailDistance};
inline constexpr Limits kColliderDistance{0, voxel::kMostGroundReach};

/// What float arithmetic on a scaled basis may add to a limit that a script asks for exactly, as a share.
inline constexpr double kRounding = 1e-5;

/// As a person would write it: 64, 0.25, nan.
[[nodiscard]] std::string text_of(double number);

/// Whether a property may have this value. What cannot be is refused with an error; `property` is the class
/// and the property. As for set_distance, a Logger runs inside that error.
[[nodiscard]] bool accepts(const std::string& property, double value, Limits limits);

/// Sets a property that is a distance in voxels. What cannot be is refused with an error and never
/// stored; `name` is the class and the property. Returns whether it was set. A Logger of the game runs
/// inside that error, and may free the node: do nothing with it if the answer is false.
[[nodiscard]] bool set_distance(double& property, const char* name, double voxels, Limits limits);

}  // namespace nebula::godot
