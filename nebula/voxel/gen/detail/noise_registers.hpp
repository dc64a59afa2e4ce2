// SPDX-License-Identifier: MIT
// Noise in two dimensions, a register of points at a time, and the hills that octaves of it make.
// A value is the result of the same operations in the same order in every lane of every register,
// and IEEE 754 rounds each of them in only one way: so all machines make the same world.
//
// For sources that Highway compiles once per instruction set; they include this once for each,
// after hwy/foreach_target.h. Hence no #pragma once, but a guard that is toggled.
#if defined(NEBULA_VOXEL_NOISE_REGISTERS) == defined(HWY_TARGET_TOGGLE)
#ifdef NEBULA_VOXEL_NOISE_REGISTERS
#undef NEBULA_VOXEL_NOISE_REGISTERS
#else
#define NEBULA_VOXEL_NOISE_REGISTERS
#endif

#include "nebula/voxel/gen/detail/noise_kernel.hpp"
#include "nebula/voxel/gen/detail/noise_lattice.hpp"

#include <hwy/highway.h>

#include <array>
#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace nebula::voxel::HWY_NAMESPACE {
namespace {  // each source compiles its own
namespace hn = hwy::HWY_NAMESPACE;
using detail::NoiseField;
using detail::NoiseOctave;
using std::size_t;

constexpr hn::ScalableTag<float> kFloat{};
constexpr hn::RebindToSigned<hn::ScalableTag<float>> kInt{};
constexpr hn::RebindToUnsigned<hn::ScalableTag<float>> kUnsigned{};
using Float = hn::Vec<hn::ScalableTag<float>>;
using Int = hn::Vec<hn::RebindToSigned<hn::ScalableTag<float>>>;
using Unsigned = hn::Vec<hn::RebindToUnsigned<hn::ScalableTag<float>>>;

constexpr size_t kLanes = hn::MaxLanes(hn::ScalableTag<float>());

// A register of doubles has half as many lanes, except where there is only one.
constexpr size_t kHalf = kLanes / 2;
#if HWY_TARGET == HWY_SCALAR
constexpr hn::Rebind<double, hn::ScalableTag<float>> kDouble{};
using Double = hn::Vec<hn::Rebind<double, hn::ScalableTag<float>>>;

HWY_INLINE Float joined(Double low, Double /*high*/) { return hn::DemoteTo(kFloat, low); }
HWY_INLINE Int whole(Double low, Double /*high*/) { return hn::DemoteTo(kInt, low); }
HWY_INLINE Double low_half(Float v) { return hn::PromoteTo(kDouble, v); }
HWY_INLINE Double high_half(Float v) { return hn::PromoteTo(kDouble, v); }
#else
constexpr hn::Repartition<double, hn::ScalableTag<float>> kDouble{};
constexpr hn::Half<hn::ScalableTag<float>> kHalfFloat{};
constexpr hn::RebindToSigned<hn::Half<hn::ScalableTag<float>>> kHalfInt{};
using Double = hn::Vec<hn::Repartition<double, hn::ScalableTag<float>>>;

HWY_INLINE Float joined(Double low, Double high) {
    return hn::Combine(kFloat, hn::DemoteTo(kHalfFloat, high), hn::DemoteTo(kHalfFloat, low));
}
HWY_INLINE Int whole(Double low, Double high) {
    return hn::Combine(kInt, hn::DemoteTo(kHalfInt, high), hn::DemoteTo(kHalfInt, low));
}
HWY_INLINE Double low_half(Float v) { return hn::PromoteTo(kDouble, hn::LowerHalf(kHalfFloat, v)); }
HWY_INLINE Double high_half(Float v) {
    return hn::PromoteTo(kDouble, hn::UpperHalf(kHalfFloat, v));
}
#endif

HWY_INLINE Float number(float f) { return hn::Set(kFloat, f); }

HWY_INLINE Float lerp(Float a, Float b, Float t) { return hn::Add(a, hn::Mul(t, hn::Sub(b, a))); }

HWY_INLINE Float fade(Float t) {
    const auto inner = hn::Sub(hn::Mul(t, number(6.0F)), number(15.0F));
    return hn::Mul(hn::Mul(hn::Mul(t, t), t), hn::Add(hn::Mul(t, inner), number(10.0F)));
}

HWY_INLINE Float fade_slope(Float t) {
    return hn::Mul(hn::Mul(hn::Mul(number(30.0F), t), t),
                   hn::Add(hn::Mul(t, hn::Sub(t, number(2.0F))), number(1.0F)));
}

// Like detail::mix, but only the upper four bits are right. A gradient needs no more, and the last
// step of mix does not change them.
HWY_INLINE Unsigned upper_mix(Unsigned h) {
    h = hn::Mul(hn::Xor(h, hn::ShiftRight<16>(h)), hn::Set(kUnsigned, detail::kMix1));
    return hn::Mul(hn::Xor(h, hn::ShiftRight<15>(h)), hn::Set(kUnsigned, detail::kMix2));
}

HWY_INLINE Unsigned mix(Unsigned h) {
    h = upper_mix(h);
    return hn::Xor(h, hn::ShiftRight<16>(h));
}

// Places.

// One coordinate of a register of points. In double, which is precise enough at the edge of the
// world.
struct Positions {
    Double low, high;  // the first half of the lanes, and the second
};

HWY_INLINE Positions positions(std::int32_t everywhere) {
    return {hn::Set(kDouble, everywhere), hn::Set(kDouble, everywhere)};
}

HWY_INLINE Positions moved(const Positions& at, Float by) {
    return {hn::Add(at.low, low_half(by)), hn::Add(at.high, high_half(by))};
}

// Where points are on one axis of an octave's lattice.
struct Place {
    Unsigned key;  // the cell's number times the axis's factor: what hashing needs of it
    Unsigned next_key;
    Float t, fade, slope;
};

HWY_INLINE Place place(const Positions& at, double frequency, std::uint32_t factor) {
    const auto low = hn::Mul(at.low, hn::Set(kDouble, frequency));
    const auto high = hn::Mul(at.high, hn::Set(kDouble, frequency));
    const auto low_cell = hn::Floor(low);
    const auto high_cell = hn::Floor(high);
    const auto cell = hn::BitCast(kUnsigned, whole(low_cell, high_cell));
    const auto t = joined(hn::Sub(low, low_cell), hn::Sub(high, high_cell));
    const auto key = hn::Mul(cell, hn::Set(kUnsigned, factor));
    return {key, hn::Add(key, hn::Set(kUnsigned, factor)), t, fade(t), fade_slope(t)};
}

// Noise in two dimensions, with its derivatives.

struct Direction {
    Float x, z;
};

// Entries of a table, of which a register holds as many as it has lanes.
HWY_INLINE Float entries(const std::array<float, 16>& table, Unsigned index) {
#if HWY_TARGET == HWY_SCALAR
    return number(table[hn::GetLane(index)]);
#else
    return hn::TableLookupLanes(hn::Load(kFloat, table.data()), hn::IndicesFromVec(kFloat, index));
#endif
}

// The one of the sixteen that the upper four bits of a hash choose.
HWY_INLINE Direction direction(Unsigned hash) {
    auto index = hn::ShiftRight<28>(hash);
    if constexpr (kLanes == 1 || kLanes >= 16)
        return {entries(detail::kDirectionX, index), entries(detail::kDirectionZ, index)};
    // The register holds a half or a quarter of the table. Bit 3 negates both. Bit 2 negates x, and
    // the quarter is read backwards.
    const auto sign = hn::Set(kUnsigned, 0x80000000U);
    const auto sign_z = hn::And(hash, sign);
    auto sign_x = sign_z;
    if constexpr (kLanes < 8) {
        const auto backwards = hn::BroadcastSignBit(hn::BitCast(kInt, hn::ShiftLeft<1>(hash)));
        sign_x = hn::Xor(sign_x, hn::And(hn::BitCast(kUnsigned, backwards), sign));
        index = hn::Xor(index, hn::BitCast(kUnsigned, backwards));
    }
    index = hn::And(index, hn::Set(kUnsigned, kLanes < 8 ? 3 : 7));
    return {hn::Xor(entries(detail::kDirectionX, index), hn::BitCast(kFloat, sign_x)),
            hn::Xor(entries(detail::kDirectionZ, index), hn::BitCast(kFloat, sign_z))};
}

// What the gradients around each lane's cell contribute, apart from where in the cell the point is
// along z. The digits are the corner's, x first.
struct Corners2 {
    Float x00, x10, x01, x11;  // along x: gradient times distance
    Float z00, z10, z01, z11;  // gradient along z
    Float low_dx, high_dx;     // blended along x, at both ends of z
    Float low_dz, high_dz;
};

HWY_INLINE Corners2 corners(const Place& x, Unsigned z_key, Unsigned z_next_key) {
    const Direction d00 = direction(upper_mix(hn::Xor(x.key, z_key)));
    const Direction d10 = direction(upper_mix(hn::Xor(x.next_key, z_key)));
    const Direction d01 = direction(upper_mix(hn::Xor(x.key, z_next_key)));
    const Direction d11 = direction(upper_mix(hn::Xor(x.next_key, z_next_key)));
    const auto far = hn::Sub(x.t, number(1.0F));
    return {hn::Mul(d00.x, x.t),
            hn::Mul(d10.x, far),
            hn::Mul(d01.x, x.t),
            hn::Mul(d11.x, far),
            d00.z,
            d10.z,
            d01.z,
            d11.z,
            lerp(d00.x, d10.x, x.fade),
            lerp(d01.x, d11.x, x.fade),
            lerp(d00.z, d10.z, x.fade),
            lerp(d01.z, d11.z, x.fade)};
}

struct Noise2 {
    Float value, dx, dz;
};

HWY_INLINE Noise2 zero() { return {number(0.0F), number(0.0F), number(0.0F)}; }

HWY_INLINE Noise2 noise2(const Corners2& c, const Place& x, Float z_t, Float z_fade,
                         Float z_slope) {
    const auto far = hn::Sub(z_t, number(1.0F));
    const auto a = hn::Add(c.x00, hn::Mul(c.z00, z_t));
    const auto b = hn::Add(c.x10, hn::Mul(c.z10, z_t));
    const auto low_step = hn::Sub(b, a);
    const auto low = hn::Add(a, hn::Mul(x.fade, low_step));
    const auto low_dx = hn::Add(c.low_dx, hn::Mul(x.slope, low_step));
    const auto e = hn::Add(c.x01, hn::Mul(c.z01, far));
    const auto f = hn::Add(c.x11, hn::Mul(c.z11, far));
    const auto high_step = hn::Sub(f, e);
    const auto high = hn::Add(e, hn::Mul(x.fade, high_step));
    const auto high_dx = hn::Add(c.high_dx, hn::Mul(x.slope, high_step));
    const auto step = hn::Sub(high, low);
    return {hn::Add(low, hn::Mul(z_fade, step)), lerp(low_dx, high_dx, z_fade),
            hn::Add(lerp(c.low_dz, c.high_dz, z_fade), hn::Mul(z_slope, step))};
}

// The same where each lane has a z of its own.
HWY_INLINE Noise2 noise2(const Place& x, const Place& z, std::uint32_t seed) {
    const auto salt = hn::Set(kUnsigned, seed);
    const Corners2 c = corners(x, mix(hn::Xor(z.key, salt)), mix(hn::Xor(z.next_key, salt)));
    return noise2(c, x, z.t, z.fade, z.slope);
}

// Adds noise, scaled to an octave's height, to a sum.
HWY_INLINE void add(const Noise2& noise, const NoiseOctave& octave, Noise2& sum) {
    const float gain = octave.amplitude * detail::kScale2;
    const auto gains = number(gain);
    const auto slope_gains = number(gain * static_cast<float>(octave.frequency));
    sum.value = hn::Add(sum.value, hn::Mul(noise.value, gains));
    sum.dx = hn::Add(sum.dx, hn::Mul(noise.dx, slope_gains));
    sum.dz = hn::Add(sum.dz, hn::Mul(noise.dz, slope_gains));
}

// The first octaves for columns that share nothing.
HWY_INLINE Noise2 hills_at(const NoiseField& field, size_t octaves, const Positions& x,
                           const Positions& z) {
    Noise2 sum = zero();
    for (size_t o = 0; o < octaves; ++o) {
        const NoiseOctave& octave = field.hills[o];
        add(noise2(place(x, octave.frequency, detail::kHashX),
                   place(z, octave.frequency, detail::kHashZ), octave.seed),
            octave, sum);
    }
    return sum;
}

// Where columns look their heights up: so far beside themselves.
struct Warp {
    Noise2 shift_x, shift_z;
};

HWY_INLINE Warp warp_at(const NoiseField& field, const Positions& at_x, const Positions& at_z) {
    const double frequency = field.warp[0].frequency;
    const Place x = place(at_x, frequency, detail::kHashX);
    const Place z = place(at_z, frequency, detail::kHashZ);
    Warp warp{zero(), zero()};
    add(noise2(x, z, field.warp[0].seed), field.warp[0], warp.shift_x);
    add(noise2(x, z, field.warp[1].seed), field.warp[1], warp.shift_z);
    return warp;
}

// By the chain rule, what was found there has these derivatives here.
HWY_INLINE Noise2 unwarped(const Noise2& found, const Warp& warp) {
    const auto one = number(1.0F);
    return {found.value,
            hn::Add(hn::Mul(found.dx, hn::Add(one, warp.shift_x.dx)),
                    hn::Mul(found.dz, warp.shift_z.dx)),
            hn::Add(hn::Mul(found.dx, warp.shift_x.dz),
                    hn::Mul(found.dz, hn::Add(one, warp.shift_z.dz)))};
}

HWY_INLINE Noise2 any_hills_at(const NoiseField& field, const Positions& x, const Positions& z) {
    if (field.warp_reach <= 0.0F) return hills_at(field, field.octaves, x, z);
    const Warp warp = warp_at(field, x, z);
    return unwarped(
        hills_at(field, field.octaves, moved(x, warp.shift_x.value), moved(z, warp.shift_z.value)),
        warp);
}

}  // namespace
}  // namespace nebula::voxel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
