// SPDX-License-Identifier: MIT
// README, "Noise in registers", explains the order of the loops. Everything between
// HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE is compiled once per instruction set; the best one
// is chosen at run time.
#include "nebula/voxel/gen/detail/noise_kernel.hpp"

// Structs of registers need registers whose size is known to the compiler. A
// build that leaves out levels of its own (CMakeLists.txt) has x86's, where all sizes are known.
#ifndef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#endif
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nebula/voxel/gen/detail/noise_kernel.cpp"
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
constexpr hn::Rebind<Sample, hn::ScalableTag<float>> kSample{};
using Samples = hn::Vec<hn::Rebind<Sample, hn::ScalableTag<float>>>;

// A box is worked on in tiles, so that what belongs to one stays in the first-level cache and on a
// small stack. The longest register has 16 lanes.
constexpr std::int32_t kTileX = 64;
constexpr std::int32_t kTileY = 64;
constexpr std::int32_t kTileZ = 16;

// first, first + step, ...: the points of a tile on one axis.
struct Line {
    std::int32_t first = 0;
    std::int32_t step = 1;
    size_t count = 0;

    [[nodiscard]] std::int32_t at(size_t i) const {
        return first + static_cast<std::int32_t>(i) * step;
    }
};

// The points of a line from the i-th on. Every operation is exact.
Positions positions(const Line& line, size_t i) {
    const auto step = static_cast<double>(line.step);
    const double start = static_cast<double>(line.first) + step * static_cast<double>(i);
    const auto low =
        hn::Add(hn::Set(kDouble, start), hn::Mul(hn::Iota(kDouble, 0.0), hn::Set(kDouble, step)));
    return {low, hn::Add(low, hn::Set(kDouble, step * static_cast<double>(kHalf)))};
}

// The places of a tile, to be read one by one.
struct Axis {
    static constexpr size_t kMax{std::max({kTileX, kTileY, kTileZ})};
    alignas(64) std::array<std::uint32_t, kMax> key, next_key;
    alignas(64) std::array<float, kMax> t, fade, slope;
};

void fill_axis(const Line& line, double frequency, std::uint32_t factor, Axis& axis) {
    for (size_t i = 0; i < line.count; i += kLanes) {
        const Place p = place(positions(line, i), frequency, factor);
        hn::Store(p.key, kUnsigned, &axis.key[i]);
        hn::Store(p.next_key, kUnsigned, &axis.next_key[i]);
        hn::Store(p.t, kFloat, &axis.t[i]);
        hn::Store(p.fade, kFloat, &axis.fade[i]);
        hn::Store(p.slope, kFloat, &axis.slope[i]);
    }
}

// mix is a bijection, so equal keys still mean equal cells.
void hash_keys(size_t count, std::uint32_t seed, Axis& axis) {
    const auto salt = hn::Set(kUnsigned, seed);
    for (size_t i = 0; i < count; i += kLanes)
        for (std::uint32_t* const keys : {&axis.key[i], &axis.next_key[i]})
            hn::Store(mix(hn::Xor(hn::Load(kUnsigned, keys), salt)), kUnsigned, keys);
}

// The hills of a tile of columns, before the base height is added, and their slopes.
struct Relief {
    alignas(64) std::array<std::array<float, kTileX>, kTileZ> value, dx, dz;

    [[nodiscard]] Noise2 load(size_t x, size_t z) const {
        return {hn::LoadU(kFloat, &value[z][x]), hn::LoadU(kFloat, &dx[z][x]),
                hn::LoadU(kFloat, &dz[z][x])};
    }
    void store(const Noise2& at, size_t x, size_t z) {
        hn::Store(at.value, kFloat, &value[z][x]);
        hn::Store(at.dx, kFloat, &dx[z][x]);
        hn::Store(at.dz, kFloat, &dz[z][x]);
    }
};

// One octave for a tile. A register of columns keeps its gradients for as many rows as lie in the
// same row of cells.
void add_octave(const NoiseOctave& octave, const Line& line_x, const Line& line_z, Relief& sum) {
    Axis z;
    fill_axis(line_z, octave.frequency, detail::kHashZ, z);
    hash_keys(line_z.count, octave.seed, z);
    for (size_t i = 0; i < line_x.count; i += kLanes) {
        const Place x = place(positions(line_x, i), octave.frequency, detail::kHashX);
        for (size_t row = 0; row < line_z.count;) {
            const std::uint32_t key = z.key[row];
            const Corners2 c =
                corners(x, hn::Set(kUnsigned, key), hn::Set(kUnsigned, z.next_key[row]));
            do {
                Noise2 all = sum.load(i, row);
                add(noise2(c, x, number(z.t[row]), number(z.fade[row]), number(z.slope[row])),
                    octave, all);
                sum.store(all, i, row);
                ++row;
            } while (row < line_z.count && z.key[row] == key);
        }
    }
}

void hills(const NoiseField& field, const Line& line_x, const Line& line_z, Relief& out) {
    for (size_t row = 0; row < line_z.count; ++row)
        for (size_t i = 0; i < line_x.count; i += kLanes) out.store(zero(), i, row);
    for (size_t o = 0; o < field.octaves; ++o) add_octave(field.hills[o], line_x, line_z, out);
}

void find_relief(const NoiseField& field, const Line& line_x, const Line& line_z, Relief& out) {
    // Unless they are warped, the rows of a cell share its gradients.
    if (field.warp_reach <= 0.0F && line_z.count > 1) return hills(field, line_x, line_z, out);
    for (size_t row = 0; row < line_z.count; ++row) {
        const Positions z = positions(line_z.at(row));
        for (size_t i = 0; i < line_x.count; i += kLanes)
            out.store(any_hills_at(field, positions(line_x, i), z), i, row);
    }
}

// The surface in a register of columns.
struct Surface {
    Float height, slope2;
    Float steepness;  // how many times a vertical distance is longer than one to the tangent plane
};

Surface surface(const NoiseField& field, const Noise2& hill) {
    const float steep = (1.0F + field.overhang_slope) * (1.0F + field.overhang_slope);
    const auto kept =
        hn::Min(hn::Max(hill.value, number(-field.amplitude)), number(field.amplitude));
    const auto slope2 = hn::Add(hn::Mul(hill.dx, hill.dx), hn::Mul(hill.dz, hill.dz));
    const auto clamped = hn::Min(slope2, number(detail::kMaxSlope * detail::kMaxSlope));
    return {hn::Add(number(field.base_height), kept), slope2,
            hn::Sqrt(hn::Add(number(steep), clamped))};
}

// Like quantize, for a distance in sample units. The test RowsQuantiseAsQuantizeDoes checks that
// the two agree.
Samples to_samples(Float units) {
    const auto magnitude =
        hn::Min(hn::Max(hn::Abs(units), number(0.5F)), number(float{kSampleMax}));
    const auto rounded = hn::CopySignToAbs(hn::Add(magnitude, number(0.5F)), units);
    return hn::DemoteTo(kSample, hn::ConvertTo(kInt, rounded));
}

// What a point becomes, from its vertical distance to the surface. There are two of these: samples, and
// materials.

// At and below the one, at and above the other, every point of a register of columns is alike.
struct Extremes {
    float low, high;
};

// Samples.
class SampleInk {
public:
    SampleInk(const NoiseField& field, std::int32_t step) : field_(field), step_(step) {}

    void dip(const Surface& s) {
        // The step is a power of two, so no level rounds differently.
        scale_ = hn::Mul(hn::Div(number(float{kSampleUnitsPerVoxel}), s.steepness),
                         number(1.0F / static_cast<float>(step_)));
        // Rounded otherwise than a sample is, by much less than the half unit that would show.
        const auto reach =
            hn::Add(hn::Mul(s.steepness, number(float{kSampleMax} / float{kSampleUnitsPerVoxel} *
                                                static_cast<float>(step_))),
                    number(field_.overhang_reach));
        extremes_ = {hn::GetLane(hn::MinOfLanes(kFloat, hn::Sub(s.height, reach))),
                     hn::GetLane(hn::MaxOfLanes(kFloat, hn::Add(s.height, reach)))};
    }
    [[nodiscard]] Extremes extremes() const { return extremes_; }
    [[nodiscard]] Samples lowest() const { return hn::Set(kSample, kSampleMin); }
    [[nodiscard]] Samples highest() const { return hn::Set(kSample, kSampleMax); }
    [[nodiscard]] Samples at(Float above) const { return to_samples(hn::Mul(above, scale_)); }

private:
    const NoiseField& field_;
    std::int32_t step_;
    Float scale_;
    Extremes extremes_{};
};

// Materials. They fit in a sample, whose sign they do not use.
static_assert(kMaterials - 1 <= kSampleMax);
class MaterialInk {
public:
    MaterialInk(const NoiseField& field, const detail::NoiseMaterials& materials)
        : reach_(field.overhang_reach), materials_(materials) {}

    void dip(const Surface& s) {
        const auto number_of = [](Material m) { return hn::Set(kInt, std::int32_t{m}); };
        const auto shore = hn::Le(s.height, number(materials_.shore_height));
        const auto steep = hn::Gt(s.slope2, number(materials_.steep_slope2));
        top_ = hn::IfThenElse(hn::RebindMask(kInt, shore), number_of(materials_.shore),
                              number_of(materials_.layers.surface));
        top_ = hn::IfThenElse(hn::RebindMask(kInt, steep), number_of(materials_.steep), top_);
        per_steepness_ = hn::Div(number(1.0F), s.steepness);
        // With room for rounding.
        const auto reach = number(reach_ + 0.1F);
        const auto deepest =
            hn::Add(reach, hn::Mul(s.steepness, number(materials_.layers.soil_depth * 1.001F)));
        extremes_ = {hn::GetLane(hn::MinOfLanes(kFloat, hn::Sub(s.height, deepest))),
                     hn::GetLane(hn::MaxOfLanes(kFloat, hn::Add(s.height, reach)))};
    }
    [[nodiscard]] Extremes extremes() const { return extremes_; }
    [[nodiscard]] Samples lowest() const {
        return hn::Set(kSample, static_cast<Sample>(materials_.layers.rock));
    }
    [[nodiscard]] Samples highest() const { return hn::DemoteTo(kSample, top_); }
    [[nodiscard]] Samples at(Float above) const {
        const GroundLayers& layers = materials_.layers;
        const auto depth = hn::Mul(hn::Sub(number(0.0F), above), per_steepness_);
        const auto number_of = [](Material m) { return hn::Set(kInt, std::int32_t{m}); };
        const auto low =
            hn::IfThenElse(hn::RebindMask(kInt, hn::Le(depth, number(layers.soil_depth))),
                           number_of(layers.soil), number_of(layers.rock));
        const auto in_top = hn::RebindMask(kInt, hn::Le(depth, number(layers.surface_depth)));
        return hn::DemoteTo(kSample, hn::IfThenElse(in_top, top_, low));
    }

private:
    float reach_;
    const detail::NoiseMaterials& materials_;
    Int top_;
    Float per_steepness_;
    Extremes extremes_{};
};

// Where a register of columns goes, in one row of the box after the other.
struct Target {
    Sample* at;
    std::ptrdiff_t stride;
    size_t width;  // of the tile; if it is narrower than a register, this is its only one

    void store(Samples samples, size_t row) const {
        Sample* const to = at + static_cast<std::ptrdiff_t>(row) * stride;
        if (width >= kLanes) {
            hn::StoreU(samples, kSample, to);
        } else {
            std::array<Sample, kLanes> lanes;
            hn::StoreU(samples, kSample, lanes.data());
            std::copy_n(lanes.data(), width, to);
        }
    }
};

struct Rows {
    size_t begin, end;
};

// Writes the rows so far above or below the surface that nothing need be computed, and returns
// those between them.
template <class Ink>
Rows write_extremes(const Ink& ink, const Line& line_y, const Target& out) {
    const auto height = [&](size_t row) { return static_cast<float>(line_y.at(row)); };
    Rows between{0, line_y.count};
    const auto lowest = ink.lowest();
    const auto highest = ink.highest();
    const Extremes extremes = ink.extremes();
    for (; between.begin < line_y.count && height(between.begin) <= extremes.low; ++between.begin)
        out.store(lowest, between.begin);
    for (; between.end > between.begin && height(between.end - 1) >= extremes.high; --between.end)
        out.store(highest, between.end - 1);
    return between;
}

template <class Ink>
void fill_hills(const Ink& ink, const Surface& s, const Line& line_y, const Target& out) {
    const Rows rows = write_extremes(ink, line_y, out);
    for (size_t row = rows.begin; row < rows.end; ++row) {
        const auto y = number(static_cast<float>(line_y.at(row)));
        out.store(ink.at(hn::Sub(y, s.height)), row);
    }
}

// Noise in three dimensions, for overhangs.

// Gradients are the twelve edge directions of a cube, four of them twice. A component is 2, -2 or
// 0: of these numbers only the upper byte is not 0, so one byte shuffle looks up a register of them.
// What they are multiplied by is halved, which is exact.
constexpr std::uint8_t kPlus = 0x40;
constexpr std::uint8_t kMinus = 0xC0;
using Components = std::array<std::uint8_t, 16>;
alignas(16) constexpr Components kEdgeX{kPlus, kMinus, kPlus, kMinus, kPlus, kMinus, kPlus,  kMinus,
                                        0,     0,      0,     0,      kPlus, 0,      kMinus, 0};
alignas(16) constexpr Components kEdgeY{kPlus, kPlus,  kMinus, kMinus, 0,     0,
                                        0,     0,      kPlus,  kMinus, kPlus, kMinus,
                                        kPlus, kMinus, kPlus,  kMinus};
alignas(16) constexpr Components kEdgeZ{0,     0,     0,      0,      kPlus, kPlus, kMinus, kMinus,
                                        kPlus, kPlus, kMinus, kMinus, 0,     kPlus, 0,      kMinus};

// One corner of each lane's cell. Its gradient contributes rest + y * (half the distance along y).
struct Corner3 {
    Float rest, y;
};

#if HWY_TARGET == HWY_SCALAR
Float components(const Components& table, Unsigned hash) {
    const std::uint32_t upper_byte = table[hn::GetLane(hash) >> 28U];
    return hn::BitCast(kFloat, hn::Set(kUnsigned, upper_byte << 24U));
}
#else
constexpr hn::Repartition<std::uint8_t, hn::ScalableTag<float>> kBytes{};

Float components(const Components& table, Unsigned hash) {
    // Indices with bit 7 read 0: the three lower bytes.
    const auto index = hn::Or(hn::And(hn::ShiftRight<4>(hash), hn::Set(kUnsigned, 0x0F000000U)),
                              hn::Set(kUnsigned, 0x00808080U));
    return hn::BitCast(kFloat, hn::TableLookupBytesOr0(hn::LoadDup128(kBytes, table.data()),
                                                       hn::BitCast(kBytes, index)));
}
#endif

Corner3 corner(Unsigned hash, Float half_x, Float half_z) {
    return {hn::Add(hn::Mul(components(kEdgeX, hash), half_x),
                    hn::Mul(components(kEdgeZ, hash), half_z)),
            components(kEdgeY, hash)};
}

// A tile of rows with one z: what hashing needs of y and z. The digits are the corner's.
struct RowKeys {
    using Keys = std::array<std::uint32_t, kTileY>;
    alignas(64) Keys y0z0, y1z0, y0z1, y1z1;
};

void fill_row_keys(const Axis& y, size_t count, std::uint32_t z_key, std::uint32_t z_next_key,
                   RowKeys& keys) {
    const auto near = hn::Set(kUnsigned, z_key);
    const auto far = hn::Set(kUnsigned, z_next_key);
    for (size_t i = 0; i < count; i += kLanes) {
        const auto low = hn::Load(kUnsigned, &y.key[i]);
        const auto high = hn::Load(kUnsigned, &y.next_key[i]);
        hn::Store(mix(hn::Xor(low, near)), kUnsigned, &keys.y0z0[i]);
        hn::Store(mix(hn::Xor(high, near)), kUnsigned, &keys.y1z0[i]);
        hn::Store(mix(hn::Xor(low, far)), kUnsigned, &keys.y0z1[i]);
        hn::Store(mix(hn::Xor(high, far)), kUnsigned, &keys.y1z1[i]);
    }
}

using Sums = std::array<std::array<float, kLanes>, kTileY>;

struct OverhangAxes {
    Axis x, y, z;
    RowKeys keys;
};

// One octave for a register of columns, up a line of rows. They keep their gradients for as many
// rows as lie in the same row of cells.
template <bool kFirst>
void add_overhang(const NoiseOctave& octave, const OverhangAxes& axes, size_t x, size_t z,
                  const Rows& rows, Sums& sums) {
    const auto half = number(0.5F);
    const auto one = number(1.0F);
    const auto x_t = hn::LoadU(kFloat, &axes.x.t[x]);
    const auto x_fade = hn::LoadU(kFloat, &axes.x.fade[x]);
    const auto x_key = hn::LoadU(kUnsigned, &axes.x.key[x]);
    const auto x_next_key = hn::LoadU(kUnsigned, &axes.x.next_key[x]);
    const auto x0 = hn::Mul(x_t, half);
    const auto x1 = hn::Mul(hn::Sub(x_t, one), half);
    const auto z0 = number(axes.z.t[z] * 0.5F);
    const auto z1 = number((axes.z.t[z] - 1.0F) * 0.5F);
    const auto z_fade = number(axes.z.fade[z]);
    const auto scale = number(detail::kScale3);
    const auto amplitude = number(octave.amplitude);
    for (size_t row = rows.begin; row < rows.end;) {
        const std::uint32_t key = axes.y.key[row];
        const auto y0z0 = hn::Set(kUnsigned, axes.keys.y0z0[row]);
        const auto y1z0 = hn::Set(kUnsigned, axes.keys.y1z0[row]);
        const auto y0z1 = hn::Set(kUnsigned, axes.keys.y0z1[row]);
        const auto y1z1 = hn::Set(kUnsigned, axes.keys.y1z1[row]);
        const Corner3 c000 = corner(upper_mix(hn::Xor(x_key, y0z0)), x0, z0);
        const Corner3 c100 = corner(upper_mix(hn::Xor(x_next_key, y0z0)), x1, z0);
        const Corner3 c010 = corner(upper_mix(hn::Xor(x_key, y1z0)), x0, z0);
        const Corner3 c110 = corner(upper_mix(hn::Xor(x_next_key, y1z0)), x1, z0);
        const Corner3 c001 = corner(upper_mix(hn::Xor(x_key, y0z1)), x0, z1);
        const Corner3 c101 = corner(upper_mix(hn::Xor(x_next_key, y0z1)), x1, z1);
        const Corner3 c011 = corner(upper_mix(hn::Xor(x_key, y1z1)), x0, z1);
        const Corner3 c111 = corner(upper_mix(hn::Xor(x_next_key, y1z1)), x1, z1);
        do {
            const auto y0 = number(axes.y.t[row] * 0.5F);
            const auto y1 = number((axes.y.t[row] - 1.0F) * 0.5F);
            const auto y_fade = number(axes.y.fade[row]);
            const auto along_x = [&](const Corner3& a, const Corner3& b, Float y) HWY_ATTR {
                return lerp(hn::Add(a.rest, hn::Mul(a.y, y)), hn::Add(b.rest, hn::Mul(b.y, y)),
                            x_fade);
            };
            const auto near = lerp(along_x(c000, c100, y0), along_x(c010, c110, y1), y_fade);
            const auto far = lerp(along_x(c001, c101, y0), along_x(c011, c111, y1), y_fade);
            const auto noise = hn::Mul(lerp(near, far, z_fade), scale);
            const auto value = hn::Mul(amplitude, noise);
            float* const sum = sums[row].data();
            hn::Store(kFirst ? value : hn::Add(hn::Load(kFloat, sum), value), kFloat, sum);
            ++row;
        } while (row < rows.end && axes.y.key[row] == key);
    }
}

// Where a tile of columns is, and where its samples go.
struct Tile {
    Line x, z;
    Sample* out;
    std::ptrdiff_t stride_y, stride_z;

    // Registers begin at 0, kLanes, ..., and the last one at the end, over the one before it: so
    // none writes beyond the tile.
    [[nodiscard]] size_t register_at(size_t i) const {
        return x.count < kLanes ? 0 : std::min(i, x.count - kLanes);
    }
    [[nodiscard]] Target target(size_t i, size_t row) const {
        return {out + static_cast<std::ptrdiff_t>(i) + static_cast<std::ptrdiff_t>(row) * stride_z,
                stride_y, x.count};
    }
};

template <class Ink>
void fill_tile(const NoiseField& field, Ink& ink, const Tile& tile, const Relief& relief,
               const Line& line_y) {
    for (size_t row = 0; row < tile.z.count; ++row)
        for (size_t n = 0; n < tile.x.count; n += kLanes) {
            const size_t i = tile.register_at(n);
            const Surface s = surface(field, relief.load(i, row));
            ink.dip(s);
            fill_hills(ink, s, line_y, tile.target(i, row));
        }
}

template <class Ink>
void fill_tile_with_overhangs(const NoiseField& field, Ink& ink, const Tile& tile,
                              const Relief& relief, const Line& line_y) {
    std::array<OverhangAxes, 2> axes;
    for (size_t o = 0; o < 2; ++o) {
        const NoiseOctave& octave = field.overhang[o];
        fill_axis(tile.x, octave.frequency, detail::kHashX, axes[o].x);
        fill_axis(line_y, octave.frequency, detail::kHashY, axes[o].y);
        hash_keys(line_y.count, octave.seed, axes[o].y);
        fill_axis(tile.z, octave.frequency, detail::kHashZ, axes[o].z);
    }
    alignas(64) Sums sums;
    const auto most = number(field.overhang_reach);
    const auto least = number(-field.overhang_reach);
    for (size_t z = 0; z < tile.z.count; ++z) {
        bool has_keys = false;
        for (size_t n = 0; n < tile.x.count; n += kLanes) {
            const size_t i = tile.register_at(n);
            const Surface s = surface(field, relief.load(i, z));
            ink.dip(s);
            const Target target = tile.target(i, z);
            const Rows rows = write_extremes(ink, line_y, target);
            if (rows.begin == rows.end) continue;
            if (!has_keys)
                for (OverhangAxes& a : axes)
                    fill_row_keys(a.y, line_y.count, a.z.key[z], a.z.next_key[z], a.keys);
            has_keys = true;
            add_overhang<true>(field.overhang[0], axes[0], i, z, rows, sums);
            add_overhang<false>(field.overhang[1], axes[1], i, z, rows, sums);
            for (size_t row = rows.begin; row < rows.end; ++row) {
                const auto y = number(static_cast<float>(line_y.at(row)));
                const auto above = hn::Sub(y, s.height);
                const auto sum = hn::Min(hn::Max(hn::Load(kFloat, sums[row].data()), least), most);
                target.store(ink.at(hn::Sub(above, sum)), row);
            }
        }
    }
}

template <class Ink>
void fill_with(Ink& ink, const NoiseField& field, const Region& region, Sample* out,
               std::ptrdiff_t stride_y, std::ptrdiff_t stride_z) {
    const Box3i& box = region.box;
    const std::int32_t step = std::int32_t{1} << region.level;
    // From the i-th point of an axis on, at most `most` points of it.
    const auto line = [&](std::int32_t min, std::int32_t max, std::int32_t i, std::int32_t most) {
        return Line{(min + i) * step, step, static_cast<size_t>(std::min(max - min - i, most))};
    };
    Relief relief;
    const Vec3i size = box.max - box.min;
    for (std::int32_t x = 0; x < size.x; x += kTileX) {
        for (std::int32_t z = 0; z < size.z; z += kTileZ) {
            Tile tile{line(box.min.x, box.max.x, x, kTileX), line(box.min.z, box.max.z, z, kTileZ),
                      out + x + z * stride_z, stride_y, stride_z};
            find_relief(field, tile.x, tile.z, relief);
            for (std::int32_t y = 0; y < size.y; y += kTileY) {
                const Line line_y = line(box.min.y, box.max.y, y, kTileY);
                tile.out = out + x + y * stride_y + z * stride_z;
                if (field.overhang_reach > 0.0F)
                    fill_tile_with_overhangs(field, ink, tile, relief, line_y);
                else
                    fill_tile(field, ink, tile, relief, line_y);
            }
        }
    }
}

void fill_region(const NoiseField& field, const Region& region, Sample* out,
                 std::ptrdiff_t stride_y, std::ptrdiff_t stride_z) {
    SampleInk ink(field, std::int32_t{1} << region.level);
    fill_with(ink, field, region, out, stride_y, stride_z);
}

void fill_region_with_materials(const NoiseField& field, const detail::NoiseMaterials& materials,
                                const Region& region, Material* out, std::ptrdiff_t stride_y,
                                std::ptrdiff_t stride_z) {
    MaterialInk ink(field, materials);
    fill_with(ink, field, region, reinterpret_cast<Sample*>(out), stride_y, stride_z);
}

float column_height(const NoiseField& field, std::int32_t x, std::int32_t z) {
    const Noise2 hill = any_hills_at(field, positions(x), positions(z));
    return hn::GetLane(surface(field, hill).height);
}

// Bounds.

}  // namespace
}  // namespace nebula::voxel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nebula::voxel::detail {
HWY_EXPORT(fill_region);
HWY_EXPORT(fill_region_with_materials);
HWY_EXPORT(column_height);

void generate_noise(const NoiseField& field, const Region& region, Sample* out,
                    std::ptrdiff_t stride_y, std::ptrdiff_t stride_z) {
    HWY_DYNAMIC_DISPATCH(fill_region)(field, region, out, stride_y, stride_z);
}

void generate_noise_materials(const NoiseField& field, const NoiseMaterials& materials,
                              const Region& region, Material* out, std::ptrdiff_t stride_y,
                              std::ptrdiff_t stride_z) {
    HWY_DYNAMIC_DISPATCH(fill_region_with_materials)
    (field, materials, region, out, stride_y, stride_z);
}

float noise_height(const NoiseField& field, std::int32_t x, std::int32_t z) {
    return HWY_DYNAMIC_DISPATCH(column_height)(field, x, z);
}

}  // namespace nebula::voxel::detail
#endif
