// SPDX-License-Identifier: MIT
// Runs code at every SIMD level that this machine has.
#pragma once

#include <hwy/targets.h>

#include <cstdint>
#include <vector>

namespace nebula::voxel {

/// The levels, the one that a machine without any has first.
inline std::vector<std::int64_t> simd_targets() {
    hwy::SetSupportedTargetsForTest(0);
    std::vector<std::int64_t> targets{HWY_STATIC_TARGET};
    for (std::int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1)
        if ((left & -left) != HWY_STATIC_TARGET) targets.push_back(left & -left);
    return targets;
}

/// Lets the machine have its own levels again.
struct RestoreTargets {
    ~RestoreTargets() { hwy::SetSupportedTargetsForTest(0); }
};

/// Calls f(name of the level) at each of them.
template <class F>
void for_each_simd_level(F&& f) {
    const RestoreTargets restore;
    for (const std::int64_t target : simd_targets()) {
        hwy::SetSupportedTargetsForTest(target);
        f(hwy::TargetName(target));
    }
}

}  // namespace nebula::voxel
