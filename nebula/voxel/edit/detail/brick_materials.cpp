// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/detail/brick_materials.hpp"

#include "nebula/voxel/field/materials.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace nebula::voxel::detail {

namespace {

using Array = PlacedMaterials::Array;

constexpr int kHalfVoxel = kSampleUnitsPerVoxel / 2;

// The air in a voxel, from 128 - kHalfVoxel to 128 + kHalfVoxel. Unsigned bytes, which the oldest x86-64
// processors clamp, subtract and sum in registers.
std::uint8_t air(Sample s) noexcept {
    constexpr std::uint8_t zero = 128;
    const auto from_zero = static_cast<std::uint8_t>(static_cast<std::uint8_t>(s) ^ zero);
    return std::clamp<std::uint8_t>(from_zero, zero - kHalfVoxel, zero + kHalfVoxel);
}

// What a change at a point counts for: its own material, or in the air that of the ground beside it in
// this brick.
Material counts_for(const Brick& brick, const Array& materials, std::size_t i) noexcept {
    if (is_inside(brick.samples[i])) return materials[i];
    std::size_t step = 1;
    for (std::size_t place = i; step < kBrickSamples; place /= kBrickSize, step *= kBrickSize) {
        const std::size_t at = place % kBrickSize;
        if (at > 0 && is_inside(brick.samples[i - step])) return materials[i - step];
        if (at + 1 < kBrickSize && is_inside(brick.samples[i + step])) return materials[i + step];
    }
    return materials[i];
}

}  // namespace

std::optional<Material> GeneratedMaterials::one() {
    if (!asked_) one_ = generator_->uniform_material(brick_region(brick_));
    asked_ = true;
    return one_;
}

const Array& GeneratedMaterials::all() {
    if (filled_) return all_;
    if (const std::optional<Material> material = one())
        all_.fill(*material);
    else
        generator_->generate_materials(brick_region(brick_), all_.data(), kBrickSize,
                                       kBrickSize * kBrickSize);
    filled_ = true;
    return all_;
}

void read_materials(const Brick& brick, GeneratedMaterials& generated, Array& out) {
    const Array& all = generated.all();
    if (brick.placed.none()) {
        out = all;
        return;
    }
    for (std::size_t i = 0; i < kBrickSamples; ++i) {
        const Material placed = brick.placed_at(i);
        out[i] = placed != kNotPlaced ? placed : all[i];
    }
}

PlacedMaterials placed_of(const std::array<Sample, kBrickSamples>& samples, const Array& materials,
                          GeneratedMaterials& generated) {
    const Array& all = generated.all();
    const auto first = std::ranges::find_if(samples, is_inside) - samples.begin();
    if (static_cast<std::size_t>(first) == kBrickSamples) return {};
    const Material one = materials[static_cast<std::size_t>(first)];
    bool differs = false;
    bool is_placed = false;
    for (std::size_t i = 0; i < kBrickSamples; ++i) {
        const bool ground = is_inside(samples[i]);
        differs |= ground && materials[i] != one;
        is_placed |= ground && materials[i] != all[i];
    }
    if (!is_placed) return {};
    if (!differs) return PlacedMaterials::uniform(one);
    auto mixed = std::make_shared<Array>();
    for (std::size_t i = 0; i < kBrickSamples; ++i) {
        const bool stays = is_inside(samples[i]) && materials[i] != all[i];
        (*mixed)[i] = stays ? materials[i] : kNotPlaced;
    }
    return PlacedMaterials::mixed(std::move(mixed));
}

MaterialVolumes volumes_between(const Brick& before, const Array& materials_before,
                                const Brick& after, const Array& materials_after) {
    std::array<GroundVolume, kMaterials> sums{};
    for (std::size_t i = 0; i < kBrickSamples; ++i) {
        const int more_air = int{air(after.samples[i])} - int{air(before.samples[i])};
        if (more_air > 0)
            sums[counts_for(before, materials_before, i) % kMaterials].removed += more_air;
        if (more_air < 0)
            sums[counts_for(after, materials_after, i) % kMaterials].added -= more_air;
    }
    MaterialVolumes volumes;
    for (std::size_t m = 0; m < sums.size(); ++m)
        if (sums[m] != GroundVolume{}) volumes.push_back({static_cast<Material>(m), sums[m]});
    return volumes;
}

GroundVolume volume_between(const Brick& before, const Brick& after) noexcept {
    std::uint32_t removed = 0;
    std::uint32_t added = 0;
    for (std::size_t i = 0; i < kBrickSamples; ++i) {
        const std::uint8_t a = air(before.samples[i]);
        const std::uint8_t b = air(after.samples[i]);
        removed += static_cast<std::uint8_t>(b > a ? b - a : 0);
        added += static_cast<std::uint8_t>(a > b ? a - b : 0);
    }
    return {removed, added};
}

}  // namespace nebula::voxel::detail
