// SPDX-License-Identifier: MIT
// Compiled once per instruction set, as mesh/smooth_mesher.cpp.
#include "nebula/voxel/edit/detail/paint_sphere.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nebula/voxel/edit/detail/paint_sphere.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace nebula::voxel::detail::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// As quantize(), a register at a time.
template <class DF>
HWY_INLINE hn::Vec<hn::Rebind<Sample, DF>> quantized(DF d, hn::Vec<DF> distance) {
    const hn::RebindToSigned<DF> di;
    const auto units = hn::Mul(distance, hn::Set(d, float{kSampleUnitsPerVoxel}));
    const auto most = hn::Set(d, float{kSampleMax});
    const auto rounded =
        hn::ConvertTo(di, hn::Add(hn::Min(hn::Abs(units), most), hn::Set(d, 0.5F)));
    const auto kept = hn::Max(rounded, hn::Set(di, 1));
    const auto negative = hn::RebindMask(di, hn::Lt(units, hn::Zero(d)));
    return hn::DemoteTo(hn::Rebind<Sample, DF>(), hn::IfThenElse(negative, hn::Neg(kept), kept));
}

// The row's new samples; returns which have changed.
HWY_INLINE std::uint32_t merge_row(Sample* row, const Sample* marks, bool dig) {
    const hn::CappedTag<Sample, kBrickSize> d;
    const std::size_t lanes = hn::Lanes(d);
    std::uint32_t changed = 0;
    for (std::size_t x = 0; x < kBrickSize; x += lanes) {
        const auto before = hn::LoadU(d, row + x);
        const auto mark = hn::LoadU(d, marks + x);
        const auto after = dig ? hn::Max(before, mark) : hn::Min(before, mark);
        const auto differs = hn::Ne(before, after);
        if (hn::AllFalse(d, differs)) continue;
        hn::StoreU(after, d, row + x);
        std::array<std::uint8_t, 8> bits{};
        hn::StoreMaskBits(d, differs, bits.data());
        std::uint32_t of_lanes = 0;
        std::memcpy(&of_lanes, bits.data(), sizeof of_lanes);
        changed |= of_lanes << x;
    }
    return changed;
}

void paint_brick(const SphereInBrick& sphere, Brick& brick, ChangedColumns& changed) {
    const hn::CappedTag<float, kBrickSize> d;
    const hn::Rebind<Sample, hn::CappedTag<float, kBrickSize>> ds;
    const std::size_t lanes = hn::Lanes(d);
    const float reach2 = sphere.reach * sphere.reach;
    const auto radius = hn::Set(d, sphere.radius);
    for (int z = sphere.first_z; z < sphere.end_z; ++z)
        for (int y = sphere.first_y; y < sphere.end_y; ++y) {
            const float dy = sphere.dy[static_cast<std::size_t>(y)];
            const float dz = sphere.dz[static_cast<std::size_t>(z)];
            const float rest2 = dy * dy + dz * dz;
            if (rest2 > reach2) continue;
            alignas(64) std::array<Sample, kBrickSize> marks;
            for (std::size_t x = 0; x < kBrickSize; x += lanes) {
                const auto dx = hn::Load(d, sphere.dx.data() + x);
                const auto distance = hn::Sqrt(hn::Add(hn::Mul(dx, dx), hn::Set(d, rest2)));
                const auto into =
                    sphere.dig ? hn::Sub(radius, distance) : hn::Sub(distance, radius);
                hn::StoreU(quantized(d, into), ds, marks.data() + x);
            }
            Sample* const row = brick.samples.data() + Brick::index(0, y, z);
            const std::uint32_t columns = merge_row(row, marks.data(), sphere.dig);
            const unsigned on_y = sphere.border_y >> y & 1U;
            const unsigned on_z = sphere.border_z >> z & 1U;
            changed[on_y | on_z << 1U] |= columns;
        }
}

}  // namespace nebula::voxel::detail::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nebula::voxel::detail {
HWY_EXPORT(paint_brick);

void paint_sphere(const SphereInBrick& sphere, Brick& brick, ChangedColumns& changed) noexcept {
    HWY_DYNAMIC_DISPATCH(paint_brick)(sphere, brick, changed);
}

}  // namespace nebula::voxel::detail
#endif
