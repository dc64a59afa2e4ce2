// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/ground_part.hpp"

#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/materials.hpp"
#include "nebula/voxel/field/volume.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace nebula::voxel {

namespace {

// The sums over samples of their weight, and of that times their place and its square. All stay below
// 2^45: there are at most 2^8 points along each axis, and weights reach to 2^5.
struct Moments {
    std::int64_t sum = 0;
    std::array<std::int64_t, 3> first{};
    std::array<std::int64_t, 3> second{};

    // What has been added up along a row, which lies at (y, z).
    void add_row(std::int64_t weight, std::int64_t x, std::int64_t x_squared, std::int64_t y,
                 std::int64_t z) noexcept {
        sum += weight;
        first[0] += x;
        second[0] += x_squared;
        first[1] += weight * y;
        second[1] += weight * y * y;
        first[2] += weight * z;
        second[2] += weight * z * z;
    }
};

Material material_of(const GroundPart& part, Vec3i p) noexcept {
    constexpr std::array<Vec3i, 7> beside{
        {{0, 0, 0}, {-1, 0, 0}, {1, 0, 0}, {0, -1, 0}, {0, 1, 0}, {0, 0, -1}, {0, 0, 1}}};
    const auto* ground =
        std::find_if(beside.begin(), beside.end(), [&](Vec3i step) { return part.has(p + step); });
    if (ground != beside.end()) p = p + *ground;
    const Vec3i size = part.box.max - part.box.min;
    const Vec3i at{std::clamp(p.x - part.box.min.x, 0, size.x - 1),
                   std::clamp(p.y - part.box.min.y, 0, size.y - 1),
                   std::clamp(p.z - part.box.min.z, 0, size.z - 1)};
    return part.materials[static_cast<std::size_t>(at.x + size.x * (at.y + size.y * at.z))];
}

// Adds all samples up, those of each material in a place of its own. `material_at` is asked only where
// there is something to add.
template <class MaterialAt>
void sum_up(const GroundPart& part, std::span<Moments> of_each,
            const MaterialAt& material_at) noexcept {
    constexpr int half = kSampleUnitsPerVoxel / 2;
    const Box3i all = part.stored();
    const Vec3i size = all.max - all.min;
    std::size_t i = 0;
    for (int z = 0; z < size.z; ++z)
        for (int y = 0; y < size.y; ++y) {
            Material material = 0;
            std::int64_t sum = 0;
            std::int64_t first = 0;
            std::int64_t second = 0;
            for (int x = 0; x < size.x; ++x, ++i) {
                const std::int64_t weight =
                    std::clamp(half - part.samples[i], 0, kSampleUnitsPerVoxel);
                const Material own = weight == 0 ? material : material_at(all.min + Vec3i{x, y, z});
                if (own != material) {
                    of_each[material].add_row(sum, first, second, y, z);
                    sum = first = second = 0;
                    material = own;
                }
                sum += weight;
                first += weight * x;
                second += weight * x * x;
            }
            of_each[material].add_row(sum, first, second, y, z);
        }
}

std::array<Moments, kMaterials> moments_of_each(const GroundPart& part) noexcept {
    std::array<Moments, kMaterials> of_each;
    if (part.materials.empty())
        sum_up(part, of_each, [](Vec3i) { return Material{0}; });
    else
        sum_up(part, of_each, [&part](Vec3i p) { return material_of(part, p); });
    return of_each;
}

PartMass weighed(std::span<const Moments> of_each, std::span<const double> densities) noexcept {
    std::int64_t volume = 0;
    double mass = 0.0;
    for (std::size_t m = 0; m < of_each.size(); ++m) {
        volume += of_each[m].sum;
        mass += densities[m] * static_cast<double>(of_each[m].sum);
    }
    PartMass out;
    if (volume == 0) return out;
    out.volume = static_cast<double>(volume) / kSampleUnitsPerVoxel;
    out.mass = mass / kSampleUnitsPerVoxel;
    const bool weightless = mass == 0.0;
    const double total = weightless ? static_cast<double>(volume) : mass;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        double first = 0.0;
        double second = 0.0;
        for (std::size_t m = 0; m < of_each.size(); ++m) {
            const double density = weightless ? 1.0 : densities[m];
            first += density * static_cast<double>(of_each[m].first[axis]);
            second += density * static_cast<double>(of_each[m].second[axis]);
        }
        const double mean = first / total;
        out.centre[axis] = mean - GroundPart::kMargin;
        // A voxel has an extent of its own: 1/12.
        out.spread[axis] = second / total - mean * mean + 1.0 / 12.0;
    }
    return out;
}

}  // namespace

void read_materials(const Volume& volume, GroundPart& part) {
    const Vec3i size = part.box.max - part.box.min;
    const std::ptrdiff_t stride_y = size.x;
    const std::ptrdiff_t stride_z = stride_y * size.y;
    std::vector<Material> out(static_cast<std::size_t>(stride_z * size.z));
    read_materials(volume.generator(), {part.box, 0}, out.data(), stride_y, stride_z);
    const Vec3i first = floor_div(part.box.min, kBrickSize);
    const Vec3i last = floor_div(part.box.max - Vec3i{1, 1, 1}, kBrickSize);
    for (std::int32_t z = first.z; z <= last.z; ++z)
        for (std::int32_t y = first.y; y <= last.y; ++y)
            for (std::int32_t x = first.x; x <= last.x; ++x)
                if (const FoundBrick brick = volume.read({{x, y, z}});
                    brick && !brick->placed.none())
                    read_placed(*brick, {x, y, z}, {part.box, 0}, out.data(), stride_y, stride_z);
    part.materials = std::move(out);
}

PartMass mass_of(const GroundPart& part) noexcept {
    std::array<Moments, 1> all;
    sum_up(part, all, [](Vec3i) { return Material{0}; });
    constexpr std::array<double, 1> one{1.0};
    return weighed(all, one);
}

PartMass mass_of(const GroundPart& part, const Densities& densities) noexcept {
    return weighed(moments_of_each(part), densities);
}

Material main_material_of(const GroundPart& part) noexcept {
    const auto of_each = moments_of_each(part);
    const auto most = std::ranges::max_element(of_each, {}, &Moments::sum);
    return static_cast<Material>(most - of_each.begin());
}

}  // namespace nebula::voxel
