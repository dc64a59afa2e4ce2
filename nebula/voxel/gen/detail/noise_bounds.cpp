// SPDX-License-Identifier: MIT
// README, "Bounds".
#include "nebula/voxel/gen/detail/noise_kernel.hpp"

// Structs of registers need registers whose size is known to the compiler. A
// build that leaves out levels of its own (CMakeLists.txt) has x86's, where all sizes are known.
#ifndef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#endif
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nebula/voxel/gen/detail/noise_bounds.cpp"
#include <hwy/foreach_target.h>
//
#include "nebula/voxel/gen/detail/noise_registers.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace nebula::voxel::HWY_NAMESPACE {
namespace {
// A footprint is cut into 4 * 4 patches, and each lane has one. These are their centres, in eighths
// of the footprint.
constexpr size_t kPatches = 16;
constexpr size_t kPatchRegisters = kPatches / kLanes;
constexpr double kEighths = 8.0;
using Centres = std::array<double, kPatches>;
constexpr Centres kCentresX{1, 3, 5, 7, 1, 3, 5, 7, 1, 3, 5, 7, 1, 3, 5, 7};
constexpr Centres kCentresZ{1, 1, 1, 1, 3, 3, 3, 3, 5, 5, 5, 5, 7, 7, 7, 7};

Positions patches(double min, double max, const Centres& centres, size_t nth) {
    const auto start = hn::Set(kDouble, min);
    const auto scale = hn::Set(kDouble, (max - min) / kEighths);
    const double* const from = &centres[nth * kLanes];
    return {hn::Add(start, hn::Mul(scale, hn::LoadU(kDouble, from))),
            hn::Add(start, hn::Mul(scale, hn::LoadU(kDouble, from + kHalf)))};
}

// How far an octave strays from its tangent plane within a distance along both axes, relative to
// its amplitude.
float stray(const NoiseOctave& octave, float distance) {
    const float cells = distance * static_cast<float>(octave.frequency);
    return detail::kMaxBend2 * cells * cells;
}

detail::HillRange bound_hills(const NoiseField& field, const detail::Footprint& over) {
    const auto patch_x = [&](size_t n) { return patches(over.min_x, over.max_x, kCentresX, n); };
    const auto patch_z = [&](size_t n) { return patches(over.min_z, over.max_z, kCentresZ, n); };
    // From a patch's centre to its sides.
    const auto side_x = static_cast<float>((over.max_x - over.min_x) / kEighths);
    const auto side_z = static_cast<float>((over.max_z - over.min_z) / kEighths);
    const auto along = [&](Float dx, Float dz) HWY_ATTR {
        return hn::Add(hn::Mul(hn::Abs(dx), number(side_x)), hn::Mul(hn::Abs(dz), number(side_z)));
    };

    // Where the centres look their heights up, how far from there the rest of the patch may do so, and
    // how much of that is not in the derivatives.
    std::array<Warp, kPatchRegisters> warps;
    float distance = std::max(side_x, side_z);
    float warp_error = 0.0F;
    if (field.warp_reach > 0.0F) {
        const float error = stray(field.warp[0], distance);
        warp_error = field.warp_reach * std::min(error, 1.0F);
        auto farthest = number(distance);
        const auto one = number(1.0F);
        for (size_t n = 0; n < kPatchRegisters; ++n) {
            Warp& w = warps[n];
            w = error < 1.0F ? warp_at(field, patch_x(n), patch_z(n)) : Warp{zero(), zero()};
            farthest = hn::Max(farthest, along(hn::Add(one, w.shift_x.dx), w.shift_x.dz));
            farthest = hn::Max(farthest, along(w.shift_z.dx, hn::Add(one, w.shift_z.dz)));
        }
        distance = hn::GetLane(hn::MaxOfLanes(kFloat, farthest)) + warp_error;
    }

    // The finest octaves may reach their amplitude anywhere in a patch.
    size_t octaves = 0;
    float error = 0.0F;
    for (size_t o = 0; o < field.octaves; ++o) {
        const float of_octave = stray(field.hills[o], distance);
        if (of_octave < 1.0F) octaves = o + 1;
        error += field.hills[o].amplitude * std::min(of_octave, 1.0F);
    }
    if (octaves == 0) return {-field.amplitude, field.amplitude};

    auto lowest = number(field.amplitude);
    auto highest = number(-field.amplitude);
    for (size_t n = 0; n < kPatchRegisters; ++n) {
        Noise2 at;
        auto reach = number(0.0F);
        if (field.warp_reach > 0.0F) {
            const Noise2 found = hills_at(field, octaves, moved(patch_x(n), warps[n].shift_x.value),
                                          moved(patch_z(n), warps[n].shift_z.value));
            reach = hn::Mul(hn::Add(hn::Abs(found.dx), hn::Abs(found.dz)), number(warp_error));
            at = unwarped(found, warps[n]);
        } else {
            at = hills_at(field, octaves, patch_x(n), patch_z(n));
        }
        reach = hn::Add(reach, along(at.dx, at.dz));
        lowest = hn::Min(lowest, hn::Sub(at.value, reach));
        highest = hn::Max(highest, hn::Add(at.value, reach));
    }
    return {std::max(hn::GetLane(hn::MinOfLanes(kFloat, lowest)) - error, -field.amplitude),
            std::min(hn::GetLane(hn::MaxOfLanes(kFloat, highest)) + error, field.amplitude)};
}

}  // namespace
}  // namespace nebula::voxel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nebula::voxel::detail {
HWY_EXPORT(bound_hills);

HillRange noise_hill_range(const NoiseField& field, const Footprint& over) noexcept {
    return HWY_DYNAMIC_DISPATCH(bound_hills)(field, over);
}

}  // namespace nebula::voxel::detail
#endif
