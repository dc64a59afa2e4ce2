// SPDX-License-Identifier: MIT
#include "nebula/voxel/gen/noise_generator.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

namespace nebula::voxel {

namespace {

constexpr int kTile = 64;  // columns worked on at once

// Steeper slopes are clamped to this, so that a cliff's samples stay usable and saturation is
// provable.
constexpr float kMaxSlope = 4.0F;

// Sixteen directions, none along an axis: the sines of 11.25, 33.75, 56.25 and 78.75 degrees. They
// are literals because std::sin may differ between machines in the last bit.
constexpr float kS1 = 0.195090322F;
constexpr float kS2 = 0.555570233F;
constexpr float kS3 = 0.831469612F;
constexpr float kS4 = 0.980785280F;
constexpr std::array<std::array<float, 2>, 16> kDirections{{{kS4, kS1},
                                                            {kS3, kS2},
                                                            {kS2, kS3},
                                                            {kS1, kS4},
                                                            {-kS1, kS4},
                                                            {-kS2, kS3},
                                                            {-kS3, kS2},
                                                            {-kS4, kS1},
                                                            {-kS4, -kS1},
                                                            {-kS3, -kS2},
                                                            {-kS2, -kS3},
                                                            {-kS1, -kS4},
                                                            {kS1, -kS4},
                                                            {kS2, -kS3},
                                                            {kS3, -kS2},
                                                            {kS4, -kS1}}};
// Unit gradients reach sqrt(n) / 2 at the middle of an n-dimensional cell.
constexpr float kScale2 = 1.41421356F;

constexpr std::uint32_t mix(std::uint32_t h) {
    h ^= h >> 16U;
    h *= 0x7FEB352DU;
    h ^= h >> 15U;
    h *= 0x846CA68BU;
    h ^= h >> 16U;
    return h;
}

constexpr std::uint32_t lattice_hash(std::uint32_t x, std::uint32_t z, std::uint32_t seed) {
    return mix(x * 0x9E3779B1U ^ mix(z * 0x85EBCA77U ^ seed));
}

const std::array<float, 2>& direction(std::uint32_t x, std::uint32_t z, std::uint32_t seed) {
    return kDirections[lattice_hash(x, z, seed) >> 28U];
}

// Degree five: the second derivative is continuous, too, so normals have no creases.
constexpr float fade(float t) { return t * t * t * (t * (t * 6.0F - 15.0F) + 10.0F); }
constexpr float fade_slope(float t) { return 30.0F * t * t * (t * (t - 2.0F) + 1.0F); }

// A position on one axis of an octave's lattice. It is computed in double, which is precise enough
// at the edge of the world, and from the point alone, so every box gets the same bits.
struct Place {
    std::uint32_t cell;
    float t;
    float fade;
    float slope;
};

Place place(double coordinate) {
    const double cell = std::floor(coordinate);
    const auto t = static_cast<float>(coordinate - cell);
    return {static_cast<std::uint32_t>(static_cast<std::int64_t>(cell)), t, fade(t), fade_slope(t)};
}

struct Noise2 {
    float value;
    float dx;
    float dz;
};

// The four gradients around a cell, reduced for a fixed z: on corner row z, each corner contributes
// gx * (x - corner) + c.
struct CellRow {
    float gx00, gx10, gx01, gx11;
    float gz00, gz10, gz01, gz11;
    float c00, c10, c01, c11;
};

CellRow cell_row(std::uint32_t cell_x, const Place& z, std::uint32_t seed) {
    const auto& g00 = direction(cell_x, z.cell, seed);
    const auto& g10 = direction(cell_x + 1, z.cell, seed);
    const auto& g01 = direction(cell_x, z.cell + 1, seed);
    const auto& g11 = direction(cell_x + 1, z.cell + 1, seed);
    const float far = z.t - 1.0F;
    return {g00[0], g10[0], g01[0],       g11[0],       g00[1],       g10[1],
            g01[1], g11[1], g00[1] * z.t, g10[1] * z.t, g01[1] * far, g11[1] * far};
}

Noise2 evaluate(const CellRow& g, float tx, float u, float du, float v, float dv) {
    const float a = g.gx00 * tx + g.c00;
    const float b = g.gx10 * (tx - 1.0F) + g.c10;
    const float c = g.gx01 * tx + g.c01;
    const float d = g.gx11 * (tx - 1.0F) + g.c11;
    const float low = a + u * (b - a);
    const float high = c + u * (d - c);
    const float low_dx = g.gx00 + u * (g.gx10 - g.gx00) + du * (b - a);
    const float high_dx = g.gx01 + u * (g.gx11 - g.gx01) + du * (d - c);
    const float low_dz = g.gz00 + u * (g.gz10 - g.gz00);
    const float high_dz = g.gz01 + u * (g.gz11 - g.gz01);
    return {low + v * (high - low), low_dx + v * (high_dx - low_dx),
            low_dz + v * (high_dz - low_dz) + dv * (high - low)};
}

using Octave = NoiseGenerator::Octave;

Noise2 noise_at(double x, double z, const Octave& octave) {
    const Place px = place(x * octave.frequency);
    const Place pz = place(z * octave.frequency);
    return evaluate(cell_row(px.cell, pz, octave.seed), px.t, px.fade, px.slope, pz.fade, pz.slope);
}

}  // namespace

namespace detail {

// One octave's x positions for a tile, used for every row of the box. The namespace has a name
// because NoiseGenerator::Axes has members of this type.
struct NoiseAxis {
    std::array<std::uint32_t, kTile> cell;
    std::array<float, kTile> t, fade, slope;
};

}  // namespace detail

namespace {

using Axis = detail::NoiseAxis;

void fill_axis(std::int32_t first, int width, std::int32_t step, double frequency, Axis& axis) {
    for (int i = 0; i < width; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const Place p = place(static_cast<double>(first + i * step) * frequency);
        axis.cell[at] = p.cell;
        axis.t[at] = p.t;
        axis.fade[at] = p.fade;
        axis.slope[at] = p.slope;
    }
}

struct Row {
    std::array<float, kTile> value, dx, dz;

    void clear(std::size_t count) {
        for (auto* column : {&value, &dx, &dz}) std::fill_n(column->begin(), count, 0.0F);
    }
};

// Adds one octave along a row of columns. The columns of a cell share its gradients, so these are
// hashed once, and the inner loop is pure arithmetic.
void add_octave(const Axis& axis, const Place& z, const Octave& octave, int width, Row& row) {
    const float gain = octave.amplitude * kScale2;
    const float slope_gain = gain * static_cast<float>(octave.frequency);
    for (int begin = 0; begin < width;) {
        const std::uint32_t cell = axis.cell[static_cast<std::size_t>(begin)];
        int end = begin + 1;
        while (end < width && axis.cell[static_cast<std::size_t>(end)] == cell) ++end;
        const CellRow g = cell_row(cell, z, octave.seed);
        for (int i = begin; i < end; ++i) {
            const auto at = static_cast<std::size_t>(i);
            const Noise2 n =
                evaluate(g, axis.t[at], axis.fade[at], axis.slope[at], z.fade, z.slope);
            row.value[at] += n.value * gain;
            row.dx[at] += n.dx * slope_gain;
            row.dz[at] += n.dz * slope_gain;
        }
        begin = end;
    }
}

// Three dimensions, for overhangs: gradients are the twelve edge directions of a cube.
float gradient3(std::uint32_t h, float x, float y, float z) {
    h >>= 28U;
    const float a = h < 8 ? x : y;
    const float b = h < 4 ? y : (h == 12 || h == 14 ? x : z);
    return ((h & 1U) != 0 ? -a : a) + ((h & 2U) != 0 ? -b : b);
}

float noise3(double x, double y, double z, const Octave& octave) {
    const Place px = place(x * octave.frequency);
    const Place py = place(y * octave.frequency);
    const Place pz = place(z * octave.frequency);
    const auto corner = [&](std::uint32_t i, std::uint32_t j, std::uint32_t k) {
        const std::uint32_t h =
            lattice_hash(px.cell + i, pz.cell + k, mix((py.cell + j) * 0xC2B2AE3DU ^ octave.seed));
        return gradient3(h, px.t - static_cast<float>(i), py.t - static_cast<float>(j),
                         pz.t - static_cast<float>(k));
    };
    const auto lerp = [](float a, float b, float t) { return a + t * (b - a); };
    const auto plane = [&](std::uint32_t k) {
        return lerp(lerp(corner(0, 0, k), corner(1, 0, k), px.fade),
                    lerp(corner(0, 1, k), corner(1, 1, k), px.fade), py.fade);
    };
    // Edge directions have length sqrt(2): sqrt(2) * sqrt(3) / 2 at most.
    return lerp(plane(0), plane(1), pz.fade) * 0.81649658F;
}

// Interval arithmetic for bounds().
struct Interval {
    float min;
    float max;
};

// Blends intervals by a weight in [w.min, w.max], within [0, 1]. Exact: the blend is linear in each
// argument, so the extremes lie at the ends.
Interval blend(Interval a, Interval b, Interval w) {
    const auto lerp = [](float p, float q, float t) { return p + t * (q - p); };
    return {std::min(lerp(a.min, b.min, w.min), lerp(a.min, b.min, w.max)),
            std::max(lerp(a.max, b.max, w.min), lerp(a.max, b.max, w.max))};
}

Interval linear(float g, Interval t) {
    return g < 0 ? Interval{g * t.max, g * t.min} : Interval{g * t.min, g * t.max};
}

Interval corner_bounds(const std::array<float, 2>& g, Interval x, Interval z) {
    const Interval a = linear(g[0], x);
    const Interval b = linear(g[1], z);
    return {a.min + b.min, a.max + b.max};
}

// The bounds of one octave's noise, scaled to [-1, 1], over a footprint in its lattice.
Interval noise_bounds(double x0, double x1, double z0, double z1, std::uint32_t seed) {
    const double cx0 = std::floor(x0);
    const double cx1 = std::floor(x1);
    const double cz0 = std::floor(z0);
    const double cz1 = std::floor(z1);
    if ((cx1 - cx0 + 1) * (cz1 - cz0 + 1) > 9) return {-1.0F, 1.0F};  // would prove little
    Interval all{1.0F, -1.0F};
    const auto part = [](double low, double high, double cell) {
        return Interval{static_cast<float>(std::max(low - cell, 0.0)),
                        static_cast<float>(std::min(high - cell, 1.0))};
    };
    const auto faded = [](Interval t) { return Interval{fade(t.min), fade(t.max)}; };
    const auto minus_one = [](Interval t) { return Interval{t.min - 1.0F, t.max - 1.0F}; };
    for (double cz = cz0; cz <= cz1; cz += 1.0)
        for (double cx = cx0; cx <= cx1; cx += 1.0) {
            const auto ix = static_cast<std::uint32_t>(static_cast<std::int64_t>(cx));
            const auto iz = static_cast<std::uint32_t>(static_cast<std::int64_t>(cz));
            const Interval x = part(x0, x1, cx);
            const Interval z = part(z0, z1, cz);
            const Interval low =
                blend(corner_bounds(direction(ix, iz, seed), x, z),
                      corner_bounds(direction(ix + 1, iz, seed), minus_one(x), z), faded(x));
            const Interval high =
                blend(corner_bounds(direction(ix, iz + 1, seed), x, minus_one(z)),
                      corner_bounds(direction(ix + 1, iz + 1, seed), minus_one(x), minus_one(z)),
                      faded(x));
            const Interval n = blend(low, high, faded(z));
            all.min = std::min(all.min, n.min * kScale2);
            all.max = std::max(all.max, n.max * kScale2);
        }
    return {std::max(all.min, -1.0F), std::min(all.max, 1.0F)};
}

// Like quantize, for a distance in sample units, but without branches, so that the compiler
// vectorizes it. The test RowsQuantiseAsQuantizeDoes checks that the two agree.
Sample to_sample(float units) {
    const float magnitude = std::min(std::abs(units), static_cast<float>(kSampleMax));
    const int kept = std::max(static_cast<int>(magnitude + 0.5F), 1);
    return static_cast<Sample>(units < 0.0F ? -kept : kept);
}

void require(bool ok, const char* what) {
    if (!ok) throw std::invalid_argument(std::string("noise generator: ") + what);
}

bool in_range(float value, float low, float high) { return value >= low && value <= high; }

// What the seed's upper half adds to the seed of an octave. Nothing if the half is 0, so that seeds
// below 2^32 still give the same world as in earlier versions.
std::uint32_t upper_half(std::uint64_t seed, std::uint32_t salt) {
    const auto upper = static_cast<std::uint32_t>(seed >> 32U);
    return upper == 0 ? 0 : mix(upper * 0xC2B2AE3DU + salt);
}

}  // namespace

// A row of columns: where the surface is, and how a vertical distance becomes sample units.
struct NoiseGenerator::Columns {
    std::array<float, kTile> height;
    std::array<float, kTile> scale;
    float low = 0.0F;   // at and below this every sample is kSampleMin
    float high = 0.0F;  // at and above this every sample is kSampleMax
};

struct NoiseGenerator::Axes {
    std::array<Axis, kMaxOctaves> octave;  // only the first when warped: then it is the warp's
};

NoiseGenerator::NoiseGenerator(const NoiseSettings& settings)
    : settings_(settings), octave_count_(settings.octaves) {
    // `in_range` is false for NaN.
    require(in_range(settings.base_height, -100000, 100000),
            "base_height must lie in [-100000, 100000]");
    require(in_range(settings.amplitude, 0, 2000), "amplitude must lie in [0, 2000]");
    require(in_range(settings.period, 4, 100000), "period must lie in [4, 100000]");
    require(settings.octaves >= 1 && settings.octaves <= kMaxOctaves,
            "octaves must lie in [1, 12]");
    require(in_range(settings.lacunarity, 1, 4), "lacunarity must lie in [1, 4]");
    require(in_range(settings.gain, 0, 1), "gain must lie in [0, 1]");
    require(in_range(settings.warp, 0, 1000), "warp must lie in [0, 1000]");
    require(in_range(settings.warp_period, 4, 100000), "warp_period must lie in [4, 100000]");
    require(in_range(settings.overhang, 0, 200), "overhang must lie in [0, 200]");
    require(in_range(settings.overhang_period, 4, 100000),
            "overhang_period must lie in [4, 100000]");

    const auto seed = static_cast<std::uint32_t>(settings.seed);
    // Repeated multiplication instead of std::pow, so that all machines round alike.
    double frequency = 1.0 / static_cast<double>(settings.period);
    float weight = 1.0F;
    float sum = 0.0F;
    for (int i = 0; i < octave_count_; ++i) {
        Octave& octave = octaves_[static_cast<std::size_t>(i)];
        // Octaves with waves shorter than two voxels would only be noise of the lattice.
        if (frequency > 0.5) {
            octave_count_ = i;
            break;
        }
        octave = {frequency, weight,
                  mix(seed * 0x9E3779B9U + static_cast<std::uint32_t>(i)) ^
                      upper_half(settings.seed, static_cast<std::uint32_t>(i))};
        sum += weight;
        frequency *= static_cast<double>(settings.lacunarity);
        weight *= settings.gain;
    }
    for (int i = 0; i < octave_count_; ++i) {
        Octave& octave = octaves_[static_cast<std::size_t>(i)];
        octave.amplitude = octave.amplitude / sum * settings.amplitude;
    }
    for (std::size_t i = 0; i < 2; ++i) {
        const auto salt = static_cast<std::uint32_t>(i);
        warp_[i] = {1.0 / static_cast<double>(settings.warp_period), settings.warp,
                    mix(seed ^ (0x51ED270BU + salt)) ^ upper_half(settings.seed, 100 + salt)};
        // Two octaves: two thirds and one third of the height.
        overhang_[i] = {(i == 0 ? 1.0 : 2.0) / static_cast<double>(settings.overhang_period),
                        settings.overhang * (i == 0 ? 2.0F : 1.0F) / 3.0F,
                        mix(seed ^ (0x2545F491U + salt)) ^ upper_half(settings.seed, 200 + salt)};
    }
    // A typical value, not the extreme: it only scales the samples.
    overhang_slope_ = settings.overhang * 2.0F / settings.overhang_period;
}

// Surface of the columns (x, x + step, ..., z). Everything here depends on the column and the level
// alone.
void NoiseGenerator::columns(const Axes& axes, std::int32_t x, std::int32_t z, int width,
                             std::int32_t step, Columns& out) const {
    const auto count = static_cast<std::size_t>(width);
    Row row;
    row.clear(count);
    if (settings_.warp > 0.0F) {
        Row shift_x;
        Row shift_z;
        shift_x.clear(count);
        shift_z.clear(count);
        const Place at_z = place(static_cast<double>(z) * warp_[0].frequency);
        add_octave(axes.octave[0], at_z, warp_[0], width, shift_x);
        add_octave(axes.octave[0], at_z, warp_[1], width, shift_z);
        for (std::size_t i = 0; i < count; ++i) {
            const double px = static_cast<double>(x + static_cast<std::int32_t>(i) * step) +
                              static_cast<double>(shift_x.value[i]);
            const double pz = static_cast<double>(z) + static_cast<double>(shift_z.value[i]);
            Noise2 sum{0.0F, 0.0F, 0.0F};
            for (int o = 0; o < octave_count_; ++o) {
                const Octave& octave = octaves_[static_cast<std::size_t>(o)];
                const Noise2 n = noise_at(px, pz, octave);
                const float gain = octave.amplitude * kScale2;
                const float slope_gain = gain * static_cast<float>(octave.frequency);
                sum.value += n.value * gain;
                sum.dx += n.dx * slope_gain;
                sum.dz += n.dz * slope_gain;
            }
            row.value[i] = sum.value;
            row.dx[i] = sum.dx * (1.0F + shift_x.dx[i]) + sum.dz * shift_z.dx[i];
            row.dz[i] = sum.dx * shift_x.dz[i] + sum.dz * (1.0F + shift_z.dz[i]);
        }
    } else {
        for (int o = 0; o < octave_count_; ++o) {
            const Octave& octave = octaves_[static_cast<std::size_t>(o)];
            add_octave(axes.octave[static_cast<std::size_t>(o)],
                       place(static_cast<double>(z) * octave.frequency), octave, width, row);
        }
    }
    const float amplitude = settings_.amplitude;
    const float steep = (1.0F + overhang_slope_) * (1.0F + overhang_slope_);
    for (std::size_t i = 0; i < count; ++i) {
        const float hill = std::min(std::max(row.value[i], -amplitude), amplitude);
        const float slope = row.dx[i] * row.dx[i] + row.dz[i] * row.dz[i];
        out.height[i] = settings_.base_height + hill;
        // The step is a power of two, so no level rounds differently.
        out.scale[i] = static_cast<float>(kSampleUnitsPerVoxel) /
                       std::sqrt(steep + std::min(slope, kMaxSlope * kMaxSlope)) /
                       static_cast<float>(step);
    }
    out.low = out.height[0];
    out.high = out.height[0];
    for (std::size_t i = 0; i < count; ++i) {
        const float reach = static_cast<float>(kSampleMax) / out.scale[i] + settings_.overhang;
        out.low = std::min(out.low, out.height[i] - reach);
        out.high = std::max(out.high, out.height[i] + reach);
    }
}

void NoiseGenerator::fill_axes(std::int32_t x, int width, std::int32_t step, Axes& axes) const {
    if (settings_.warp > 0.0F) {
        fill_axis(x, width, step, warp_[0].frequency, axes.octave[0]);
        return;
    }
    for (int o = 0; o < octave_count_; ++o)
        fill_axis(x, width, step, octaves_[static_cast<std::size_t>(o)].frequency,
                  axes.octave[static_cast<std::size_t>(o)]);
}

float NoiseGenerator::overhang_at(std::int32_t x, std::int32_t y, std::int32_t z) const {
    float sum = 0.0F;
    for (const Octave& octave : overhang_) sum += octave.amplitude * noise3(x, y, z, octave);
    return std::min(std::max(sum, -settings_.overhang), settings_.overhang);
}

void NoiseGenerator::generate(const Region& region, Sample* out, std::ptrdiff_t stride_y,
                              std::ptrdiff_t stride_z) const {
    const Box3i& box = region.box;
    const std::int32_t step = std::int32_t{1} << region.level;
    Axes axes;
    Columns at;
    for (std::int32_t x = box.min.x; x < box.max.x; x += kTile) {
        const int width = std::min(kTile, box.max.x - x);
        fill_axes(x * step, width, step, axes);
        for (std::int32_t z = box.min.z; z < box.max.z; ++z) {
            columns(axes, x * step, z * step, width, step, at);
            for (std::int32_t y = box.min.y; y < box.max.y; ++y) {
                Sample* row =
                    out + (x - box.min.x) + (y - box.min.y) * stride_y + (z - box.min.z) * stride_z;
                const auto height = static_cast<float>(y * step);
                if (height >= at.high)
                    std::memset(row, kSampleMax, static_cast<std::size_t>(width));
                else if (height <= at.low)
                    std::memset(row, kSampleMin, static_cast<std::size_t>(width));
                else if (settings_.overhang > 0.0F)
                    fill_overhang(Vec3i{x, y, z} * step, width, step, at, row);
                else
                    fill_row(height, width, at, row);
            }
        }
    }
}

void NoiseGenerator::fill_row(float y, int width, const Columns& at, Sample* row) {
    for (int i = 0; i < width; ++i) {
        const auto c = static_cast<std::size_t>(i);
        row[i] = to_sample((y - at.height[c]) * at.scale[c]);
    }
}

void NoiseGenerator::fill_overhang(Vec3i first, int width, std::int32_t step, const Columns& at,
                                   Sample* row) const {
    for (int i = 0; i < width; ++i) {
        const auto c = static_cast<std::size_t>(i);
        const float above = static_cast<float>(first.y) - at.height[c];
        // The noise is computed only where it can matter.
        if ((above - settings_.overhang) * at.scale[c] >= static_cast<float>(kSampleMax))
            row[i] = kSampleMax;
        else if ((above + settings_.overhang) * at.scale[c] <= static_cast<float>(kSampleMin))
            row[i] = kSampleMin;
        else
            row[i] = to_sample((above - overhang_at(first.x + i * step, first.y, first.z)) *
                               at.scale[c]);
    }
}

float NoiseGenerator::height(std::int32_t x, std::int32_t z) const {
    Axes axes;
    Columns at;
    fill_axes(x, 1, 1, axes);
    columns(axes, x, z, 1, 1, at);
    return at.height[0];
}

Range NoiseGenerator::bounds(const Region& region) const noexcept {
    if (region.box.empty()) return {};
    const Box3i box{to_level_0(region.box.min, region.level),
                    to_level_0(region.box.max - Vec3i{1, 1, 1}, region.level) + Vec3i{1, 1, 1}};
    // Warp can move columns sideways by this much.
    const auto aside = static_cast<double>(settings_.warp);
    const double x0 = box.min.x - aside;
    const double x1 = box.max.x - 1 + aside;
    const double z0 = box.min.z - aside;
    const double z1 = box.max.z - 1 + aside;
    const auto low_y = static_cast<float>(box.min.y);
    const auto high_y = static_cast<float>(box.max.y - 1);
    // More than all rounding errors of generate together.
    const float slack =
        0.01F + 1e-4F * settings_.amplitude + 1e-6F * std::abs(settings_.base_height);

    // The whole range of heights first: this decides most boxes high above or deep below the
    // surface without computing a hash.
    Interval hill{-settings_.amplitude, settings_.amplitude};
    const auto clear = [&] {
        return std::max(low_y - (settings_.base_height + hill.max),
                        settings_.base_height + hill.min - high_y) -
               settings_.overhang - slack;
    };
    if (clear() <= 0.0F) {
        Interval sum{0.0F, 0.0F};
        for (int o = 0; o < octave_count_; ++o) {
            const Octave& octave = octaves_[static_cast<std::size_t>(o)];
            const Interval n =
                noise_bounds(x0 * octave.frequency, x1 * octave.frequency, z0 * octave.frequency,
                             z1 * octave.frequency, octave.seed);
            sum.min += n.min * octave.amplitude;
            sum.max += n.max * octave.amplitude;
        }
        hill = {std::max(hill.min, sum.min), std::min(hill.max, sum.max)};
    }
    const float distance = clear();
    if (distance <= 0.0F) return {};
    // The steepest slope makes the smallest sample.
    const float steep = (1.0F + overhang_slope_) * (1.0F + overhang_slope_);
    const Sample nearest =
        quantize(distance / std::sqrt(steep + kMaxSlope * kMaxSlope) / voxel_size(region.level));
    const bool air = low_y > settings_.base_height + hill.max;
    return air ? Range{nearest, kSampleMax} : Range{kSampleMin, static_cast<Sample>(-nearest)};
}

}  // namespace nebula::voxel
