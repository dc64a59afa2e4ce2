// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/detail/edit_changes.hpp"

#include "nebula/voxel/field/generated_brick.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace nebula::voxel::detail {

namespace {

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

// Gives back what the rules exclude.
void spare_excluded(const MaterialRules& rules, const Brick& before, Brick& after,
                    BrickScratch& scratch) {
    read_materials(before, scratch.generated, scratch.materials_before);
    for (std::size_t i = 0; i < kBrickSamples; ++i) {
        const Sample old = before.samples[i];
        if (after.samples[i] != old &&
            rules.share(scratch.materials_before[i], is_inside(old)) <= 0.0F)
            after.samples[i] = old;
    }
}

// Sets the materials of a brick whose samples are done. Whatever became ground is of the rules' material.
void place_materials(const MaterialRules& rules, const Brick& before, Brick& after,
                     BrickScratch& scratch) {
    auto& materials = scratch.materials_before;
    read_materials(before, scratch.generated, materials);
    for (std::size_t i = 0; i < kBrickSamples; ++i)
        if (!is_inside(before.samples[i])) materials[i] = rules.material();
    after.placed = placed_of(after.samples, materials, scratch.generated);
}

// The same for a brush that has materials: all that is ground after it, and that the rules do not exclude, is
// of these. Adds the points that were ground and are of another material now.
void place_materials_of(const LevelBrush& brush, const MaterialRules& rules, const Brick& before,
                        Brick& after, BrickScratch& scratch, BrickChange& change) {
    auto& materials = scratch.materials_before;
    auto& of_brush = scratch.materials_after;
    read_materials(before, scratch.generated, materials);
    brush.read_materials(change.id, of_brush);
    for (int z = 0; z < kBrickSize; ++z)
        for (int y = 0; y < kBrickSize; ++y) {
            std::uint32_t mask = 0;
            for (int x = 0; x < kBrickSize; ++x) {
                const std::size_t i = Brick::index(x, y, z);
                const bool was_ground = is_inside(before.samples[i]);
                if (of_brush[i] == kNotPlaced || !is_inside(after.samples[i]) ||
                    rules.share(materials[i], was_ground) <= 0.0F)
                    continue;
                if (was_ground && materials[i] != of_brush[i])
                    mask |= 1U << static_cast<unsigned>(x);
                materials[i] = of_brush[i];
            }
            if (mask != 0) change.changed.add_row(y, z, mask);
        }
    after.placed = placed_of(after.samples, materials, scratch.generated);
}

// A dig of solid ground leaves air where a point lies in the shape.
std::optional<BrickChange> paint_brick(const Volume& volume, const LevelBrush& brush,
                                       const MaterialRules& rules, BrickId id,
                                       LevelBrush::Reach reach, BrickScratch& scratch) {
    const FoundBrick found = volume.read(id);
    const Brick* before = found.get();
    if (before == &kAirBrick) return {};
    if (before == nullptr) {
        if (volume.generator().bounds(brick_region(id)).all_air()) return {};
        fill_brick(volume.generator(), id, scratch.before);
        before = &scratch.before;
    }
    if (scratch.copy == nullptr) scratch.copy = std::make_unique_for_overwrite<Brick>();
    Brick& copy = *scratch.copy;
    copy.samples.fill(reach == LevelBrush::Reach::Whole ? kSampleMax : kSampleMin);
    if (reach != LevelBrush::Reach::Whole) {
        ChangedSamples marked(id);
        brush.paint(id, copy, marked);
    }
    auto& materials = scratch.materials_before;
    read_materials(*before, scratch.generated, materials);
    BrickChange change{id, {}, ChangedSamples(id), {}};
    for (int z = 0; z < kBrickSize; ++z)
        for (int y = 0; y < kBrickSize; ++y) {
            std::uint32_t mask = 0;
            for (int x = 0; x < kBrickSize; ++x) {
                const std::size_t i = Brick::index(x, y, z);
                if (is_inside(copy.samples[i]) || !is_inside(before->samples[i]) ||
                    materials[i] == rules.material() || rules.share(materials[i], true) <= 0.0F)
                    continue;
                materials[i] = rules.material();
                mask |= 1U << static_cast<unsigned>(x);
            }
            if (mask != 0) change.changed.add_row(y, z, mask);
        }
    if (!change.changed.any()) return {};
    copy.samples = before->samples;
    copy.placed = placed_of(copy.samples, materials, scratch.generated);
    change.samples = keep_brick(std::exchange(scratch.copy, nullptr));
    return change;
}

}  // namespace

MaterialVolumes volumes_of(const Brick& before, const Brick& after, BrickScratch& scratch) {
    const GroundVolume sum = volume_between(before, after);
    if (sum == GroundVolume{}) return {};
    if (before.placed.none() && after.placed.none())
        if (const std::optional<Material> one = scratch.generated.one()) return {{*one, sum}};
    read_materials(before, scratch.generated, scratch.materials_before);
    read_materials(after, scratch.generated, scratch.materials_after);
    return volumes_between(before, scratch.materials_before, after, scratch.materials_after);
}

void read_brick(const Volume& volume, BrickId id, Brick& out) {
    if (const FoundBrick existing = volume.read(id))
        out = *existing;
    else
        fill_brick(volume.generator(), id, out);
}

std::optional<BrickChange> change_brick(const Volume& volume, const LevelBrush& brush,
                                        const MaterialRules& rules, BrickId id,
                                        BrickScratch& scratch) {
    const LevelBrush::Reach reach = brush.reach(id);
    if (reach == LevelBrush::Reach::None) return {};
    scratch.generated.begin(volume.generator(), id);
    if (rules.mode() == Mode::Paint) return paint_brick(volume, brush, rules, id, reach, scratch);
    const bool digs = rules.mode() == Mode::Dig;
    // What a dig finds empty stays as it is, and what an addition finds solid.
    const bool spares_whole = rules.mode() != Mode::Paste;
    const Brick& whole = whole_brick(rules.mode());
    const FoundBrick found = volume.read(id);
    const Brick* before = found.get();
    if (spares_whole && before != nullptr && (digs ? before == &whole : is_all_solid(before)))
        return {};
    if (before == nullptr) {
        const Range range = volume.generator().bounds(brick_region(id));
        if (spares_whole && range.uniform() && range.min == whole.samples.front()) return {};
    }
    const bool is_whole = reach == LevelBrush::Reach::Whole && !rules.limits();
    const bool places = brush.has_materials() || (before != nullptr && !before->placed.none()) ||
                        (!digs && scratch.generated.one() != rules.material());
    // Volumes are those of the finest level. Elsewhere, the brick before is often not needed.
    const bool compares = brush.level() == 0 || is_whole || places || rules.limits();
    if (before == nullptr && is_whole) {
        fill_brick(volume.generator(), id, scratch.before);
        before = &scratch.before;
    }
    BrickChange change{id, {}, ChangedSamples(id), {}};
    if (is_whole && (digs || !places)) {
        note_differences(*before, whole, change.changed);
        if (!change.changed.any()) return {};
        change.samples = BrickPtr(&whole);
        if (brush.level() == 0) change.volumes = volumes_of(*before, whole, scratch);
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
    brush.paint(id, copy, change.changed);
    if (rules.limits() && change.changed.any()) {
        spare_excluded(rules, *before, copy, scratch);
        change.changed = ChangedSamples(id);
        note_differences(*before, copy, change.changed);
    }
    if (brush.has_materials()) place_materials_of(brush, rules, *before, copy, scratch, change);
    if (!change.changed.any()) return {};
    if (places && !brush.has_materials()) place_materials(rules, *before, copy, scratch);
    if (brush.level() == 0) change.volumes = volumes_of(*before, copy, scratch);
    change.samples = keep_brick(std::exchange(scratch.copy, nullptr));
    return change;
}

void EditChanges::add(BrickChange change) {
    const auto level = static_cast<std::size_t>(change.id.level);
    bricks.push_back({change.id, std::move(change.samples)});
    report.bricks.push_back(change.id);
    report.reach[level] = box_around(report.reach[level], brick_region(change.id).box);
    change.changed.append_chunks(change.id, report.chunks);
    voxel::add(report.materials, change.volumes);
    report.volume += total(change.volumes);
}

void EditChanges::finish() {
    std::sort(report.chunks.begin(), report.chunks.end());
    report.chunks.erase(std::unique(report.chunks.begin(), report.chunks.end()),
                        report.chunks.end());
}

}  // namespace nebula::voxel::detail
