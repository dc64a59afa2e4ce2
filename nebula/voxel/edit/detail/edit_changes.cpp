// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/detail/edit_changes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace nebula::voxel::detail {

namespace {

constexpr int kHalfVoxel = kSampleUnitsPerVoxel / 2;

// Notes where two bricks differ.
void note_differences(const Brick& before, const Brick& after, ChangedSamples& changed) {
    for (int z = 0; z < kBrickSize; ++z)
        for (int y = 0; y < kBrickSize; ++y) {
            const std::size_t first = Brick::index(0, y, z);
            changed.add_row(
                y, z,
                difference_of_rows(before.samples.data() + first, after.samples.data() + first));
        }
}

void fill_brick(const Generator& generator, BrickId id, Brick& out) {
    const Region region = brick_region(id);
    const Range range = generator.bounds(region);
    if (range.uniform())
        out.samples.fill(range.min);
    else
        generator.generate(region, out.samples.data(), kBrickSize, kBrickSize * kBrickSize);
}

}  // namespace

GroundVolume volume_between(const Brick& before, const Brick& after) noexcept {
    std::uint32_t removed = 0;
    std::uint32_t added = 0;
    for (std::size_t i = 0; i < kBrickSamples; ++i) {
        // Unsigned bytes, which the oldest x86-64 processors clamp, subtract and sum in registers.
        const auto air = [](Sample s) {
            constexpr std::uint8_t zero = 128;
            const auto from_zero = static_cast<std::uint8_t>(static_cast<std::uint8_t>(s) ^ zero);
            return std::clamp<std::uint8_t>(from_zero, zero - kHalfVoxel, zero + kHalfVoxel);
        };
        const std::uint8_t a = air(before.samples[i]);
        const std::uint8_t b = air(after.samples[i]);
        removed += static_cast<std::uint8_t>(b > a ? b - a : 0);
        added += static_cast<std::uint8_t>(a > b ? a - b : 0);
    }
    return {removed, added};
}

void read_brick(const Volume& volume, BrickId id, Brick& out) {
    if (const Brick* existing = volume.find(id); existing != nullptr)
        out = *existing;
    else
        fill_brick(volume.generator(), id, out);
}

std::optional<BrickChange> change_brick(const Volume& volume, const LevelBrush& brush, Mode mode,
                                        BrickId id, BrickScratch& scratch) {
    const LevelBrush::Reach reach = brush.reach(id);
    if (reach == LevelBrush::Reach::None) return {};
    // What a dig finds empty stays as it is, and what an addition finds solid.
    const bool spares_whole = mode != Mode::Paste;
    const Brick& whole = whole_brick(mode);
    const Brick* before = volume.find(id);
    if (spares_whole && before == &whole) return {};
    if (before == nullptr) {
        const Range range = volume.generator().bounds(brick_region(id));
        if (spares_whole && range.uniform() && range.min == whole.samples.front()) return {};
    }
    // Volumes are those of the finest level. Elsewhere the samples before are not needed.
    const bool compares = brush.level() == 0 || reach == LevelBrush::Reach::Whole;
    if (reach == LevelBrush::Reach::Whole) {
        if (before == nullptr) {
            fill_brick(volume.generator(), id, scratch.before);
            before = &scratch.before;
        }
        BrickChange change{id, BrickPtr(&whole), ChangedSamples(id), {}};
        note_differences(*before, whole, change.changed);
        if (!change.changed.any()) return {};
        if (brush.level() == 0) change.volume = volume_between(*before, whole);
        return change;
    }
    if (scratch.copy == nullptr) scratch.copy = std::make_unique_for_overwrite<Brick>();
    Brick& copy = *scratch.copy;
    if (before != nullptr) {
        copy = *before;
    } else {
        fill_brick(volume.generator(), id, copy);
        if (compares) {
            scratch.before = copy;
            before = &scratch.before;
        }
    }
    ChangedSamples changed(id);
    brush.paint(id, copy, changed);
    if (!changed.any()) return {};
    BrickChange change{id, {}, changed, {}};
    if (compares) change.volume = volume_between(*before, copy);
    change.samples = keep_brick(std::exchange(scratch.copy, nullptr));
    return change;
}

void EditChanges::add(BrickChange change) {
    const auto level = static_cast<std::size_t>(change.id.level);
    bricks.push_back({change.id, std::move(change.samples)});
    report.bricks.push_back(change.id);
    report.reach[level] = box_around(report.reach[level], brick_region(change.id).box);
    change.changed.append_chunks(change.id, report.chunks);
    report.volume.removed += change.volume.removed;
    report.volume.added += change.volume.added;
}

void EditChanges::finish() {
    std::sort(report.chunks.begin(), report.chunks.end());
    report.chunks.erase(std::unique(report.chunks.begin(), report.chunks.end()),
                        report.chunks.end());
}

}  // namespace nebula::voxel::detail
