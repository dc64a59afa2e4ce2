// SPDX-License-Identifier: MIT
// Operations that look at a sample's neighbours: worked out on the finest level, then picked down.
#include "nebula/voxel/edit/detail/edit_changes.hpp"
#include "nebula/voxel/edit/detail/shape_field.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace nebula::voxel::detail {

namespace {

// The samples of a box of the finest level.
class Window {
public:
    Window(const Volume& volume, const Box3i& box)
        : box_(box),
          size_(box.max - box.min),
          samples_(static_cast<std::size_t>(size_.x) * static_cast<std::size_t>(size_.y) *
                   static_cast<std::size_t>(size_.z)) {
        const Vec3i first = floor_div(box.min, kBrickSize);
        const Vec3i last = floor_div(box.max - Vec3i{1, 1, 1}, kBrickSize);
        for (std::int32_t z = first.z; z <= last.z; ++z)
            for (std::int32_t y = first.y; y <= last.y; ++y)
                for (std::int32_t x = first.x; x <= last.x; ++x) read(volume, {{x, y, z}});
    }

    [[nodiscard]] const Sample* at(Vec3i p) const { return samples_.data() + offset(p); }
    [[nodiscard]] std::ptrdiff_t step_y() const { return size_.x; }
    [[nodiscard]] std::ptrdiff_t step_z() const { return std::ptrdiff_t{size_.x} * size_.y; }

private:
    [[nodiscard]] std::ptrdiff_t offset(Vec3i p) const {
        const Vec3i in = p - box_.min;
        return in.x + in.y * step_y() + in.z * step_z();
    }
    void read(const Volume& volume, BrickId id) {
        const Box3i voxels = brick_region(id).box;
        const Box3i part = intersection(voxels, box_);
        Sample* const out = samples_.data() + offset(part.min);
        const Brick* const brick = volume.find(id);
        if (brick == nullptr) {
            const Region region{part, 0};
            if (const Range range = volume.generator().bounds(region); range.uniform())
                for (int z = 0; z < part.max.z - part.min.z; ++z)
                    for (int y = 0; y < part.max.y - part.min.y; ++y)
                        std::fill_n(out + y * step_y() + z * step_z(), part.max.x - part.min.x,
                                    range.min);
            else
                volume.generator().generate(region, out, step_y(), step_z());
            return;
        }
        const Vec3i in = part.min - voxels.min;
        for (int z = 0; z < part.max.z - part.min.z; ++z)
            for (int y = 0; y < part.max.y - part.min.y; ++y)
                std::copy_n(brick->samples.data() + Brick::index(in.x, in.y + y, in.z + z),
                            part.max.x - part.min.x, out + y * step_y() + z * step_z());
    }

    Box3i box_;
    Vec3i size_;
    std::vector<Sample> samples_;
};

// How far a sample lies from the surface, in sample units. Where it is saturated, as far as its neighbours
// tell; nothing if they are saturated, too: then the surface is more than a voxel beyond a sample's reach,
// and does not come into it by one operation.
std::optional<float> distance_at(const Sample* at, const Window& window) {
    const int here{*at};
    if (std::abs(here) < kSampleMax) return static_cast<float>(here);
    // In sample units: one step along an axis, across a face, through the cube.
    constexpr std::array<int, 4> step{0, 32, 45, 55};
    int nearest = 2 * kSampleMax;
    for (int z = -1; z <= 1; ++z)
        for (int y = -1; y <= 1; ++y)
            for (int x = -1; x <= 1; ++x) {
                const int there{at[x + y * window.step_y() + z * window.step_z()]};
                if (std::abs(there) == kSampleMax) continue;
                const int axes = std::abs(x) + std::abs(y) + std::abs(z);
                nearest = std::min(
                    nearest, (here < 0 ? -there : there) + step[static_cast<std::size_t>(axes)]);
            }
    if (nearest == 2 * kSampleMax) return {};
    const int away = std::max<int>(nearest, kSampleMax);
    return static_cast<float>(here < 0 ? -away : away);
}

float mean_around(const Sample* at, const Window& window) {
    int sum = 0;
    for (int z = -1; z <= 1; ++z)
        for (int y = -1; y <= 1; ++y)
            for (int x = -1; x <= 1; ++x) sum += at[x + y * window.step_y() + z * window.step_z()];
    return static_cast<float>(sum) / 27.0F;
}

// What a soft operation makes of one sample.
class SoftBrush {
public:
    explicit SoftBrush(const Operation& operation)
        : operation_(operation), normal_(normalized(operation.target.normal)) {}

    /// \param into  how deep inside the shape the point lies, in voxels; not negative.
    [[nodiscard]] Sample operator()(Vec3i p, const Sample* at, const Window& window,
                                    float into) const {
        const float weight =
            operation_.falloff > 0.0F ? std::min(into / operation_.falloff, 1.0F) : 1.0F;
        const float most = operation_.strength * weight * float{kSampleUnitsPerVoxel};
        const std::optional<float> distance = distance_at(at, window);
        if (!distance) return *at;
        const auto towards = [&](float goal) {
            return rounded(*distance + std::clamp(goal - *distance, -most, most));
        };
        switch (operation_.mode) {
            case Mode::Dig:
                return std::min(std::max(*at, quantize(into)), rounded(*distance + most));
            case Mode::Add:
                return std::max(std::min(*at, quantize(-into)), rounded(*distance - most));
            case Mode::Grow:
                return rounded(*distance - most);
            case Mode::Shrink:
                return rounded(*distance + most);
            case Mode::Smooth:
                return std::abs(int{*at}) == kSampleMax ? *at : towards(mean_around(at, window));
            case Mode::Flatten: {
                const Vec3f d{static_cast<float>(p.x) - operation_.target.point.x,
                              static_cast<float>(p.y) - operation_.target.point.y,
                              static_cast<float>(p.z) - operation_.target.point.z};
                return towards(dot(d, normal_) * float{kSampleUnitsPerVoxel});
            }
            case Mode::Paste:
                break;
        }
        return *at;
    }

private:
    static Sample rounded(float units) { return quantize(units / float{kSampleUnitsPerVoxel}); }

    const Operation& operation_;
    Vec3f normal_;
};

struct ChangedBrick {
    std::unique_ptr<Brick> samples;
    std::bitset<kBrickSamples> changed;
};
// In an order that does not depend on addresses.
using ChangedBricks = std::map<Vec3i, ChangedBrick>;

void note(ChangedBrick& brick, std::size_t index, Sample fresh) {
    if (brick.samples->samples[index] == fresh) return;
    brick.samples->samples[index] = fresh;
    brick.changed.set(index);
}

ChangedBricks changes_of_finest(const Volume& volume, const Operation& operation) {
    const std::unique_ptr<const ShapeField> field = make_field(operation.shape);
    const auto low = [](double c) { return static_cast<std::int32_t>(std::ceil(c)); };
    const auto high = [](double c) { return static_cast<std::int32_t>(std::floor(c)) + 1; };
    const ShapeField::Bounds& bounds = field->bounds();
    const Box3i box{{low(bounds.min[0]), low(bounds.min[1]), low(bounds.min[2])},
                    {high(bounds.max[0]), high(bounds.max[1]), high(bounds.max[2])}};
    ChangedBricks changes;
    if (box.empty()) return changes;
    const Window window(volume, {box.min - Vec3i{1, 1, 1}, box.max + Vec3i{1, 1, 1}});
    const SoftBrush brush(operation);
    const Vec3i first = floor_div(box.min, kBrickSize);
    const Vec3i last = floor_div(box.max - Vec3i{1, 1, 1}, kBrickSize);
    for (std::int32_t bz = first.z; bz <= last.z; ++bz)
        for (std::int32_t by = first.y; by <= last.y; ++by)
            for (std::int32_t bx = first.x; bx <= last.x; ++bx) {
                const BrickId id{{bx, by, bz}};
                const Box3i voxels = brick_region(id).box;
                const Box3i part = intersection(voxels, box);
                ChangedBrick brick;
                for (std::int32_t z = part.min.z; z < part.max.z; ++z)
                    for (std::int32_t y = part.min.y; y < part.max.y; ++y) {
                        Row into;
                        field->into({static_cast<double>(voxels.min.x), 1.0, static_cast<double>(y),
                                     static_cast<double>(z)},
                                    into);
                        for (std::int32_t x = part.min.x; x < part.max.x; ++x) {
                            const float depth = into[static_cast<std::size_t>(x - voxels.min.x)];
                            if (depth < 0.0F) continue;
                            const Sample* const at = window.at({x, y, z});
                            const Sample fresh = brush({x, y, z}, at, window, depth);
                            if (fresh == *at) continue;
                            if (brick.samples == nullptr) {
                                brick.samples = std::make_unique_for_overwrite<Brick>();
                                read_brick(volume, id, *brick.samples);
                            }
                            note(brick,
                                 Brick::index(x - voxels.min.x, y - voxels.min.y, z - voxels.min.z),
                                 fresh);
                        }
                    }
                if (brick.changed.any()) changes.emplace(id.at, std::move(brick));
            }
    return changes;
}

// The sign is that of the finer level. Where that is saturated it cannot tell how far the surface is, and what
// this level said is kept if it is farther.
Sample picked(Sample finer, Sample before) {
    const Sample fresh = to_coarser_level(finer);
    const bool tells = std::abs(int{finer}) < kSampleMax;
    if (tells || is_inside(before) != is_inside(fresh)) return fresh;
    return std::abs(int{before}) > std::abs(int{fresh}) ? before : fresh;
}

// A point changes if the same point of the finer level has changed, and so keeps its sign.
ChangedBricks pick(const Volume& volume, const ChangedBricks& finer, Level level) {
    ChangedBricks changes;
    for (const auto& [at, fine] : finer) {
        const BrickId id{floor_div(at, 2), level};
        const Vec3i half = floor_mod(at, 2) * (kBrickSize / 2);
        for (int z = 0; z < kBrickSize; z += 2)
            for (int y = 0; y < kBrickSize; y += 2)
                for (int x = 0; x < kBrickSize; x += 2) {
                    const std::size_t from = Brick::index(x, y, z);
                    if (!fine.changed[from]) continue;
                    ChangedBrick& brick = changes[id.at];
                    if (brick.samples == nullptr) {
                        brick.samples = std::make_unique_for_overwrite<Brick>();
                        read_brick(volume, id, *brick.samples);
                    }
                    const std::size_t to =
                        Brick::index(half.x + x / 2, half.y + y / 2, half.z + z / 2);
                    note(brick, to,
                         picked(fine.samples->samples[from], brick.samples->samples[to]));
                }
    }
    std::erase_if(changes, [](const auto& entry) { return entry.second.changed.none(); });
    return changes;
}

ChangedSamples changed_samples(BrickId id, const ChangedBrick& brick) {
    ChangedSamples changed(id);
    for (int z = 0; z < kBrickSize; ++z)
        for (int y = 0; y < kBrickSize; ++y) {
            std::uint32_t mask = 0;
            for (int x = 0; x < kBrickSize; ++x)
                mask |= static_cast<std::uint32_t>(brick.changed[Brick::index(x, y, z)]) << x;
            if (mask != 0) changed.add_row(y, z, mask);
        }
    return changed;
}

}  // namespace

void make_soft_changes(const Volume& volume, const Operation& operation, EditChanges& changes) {
    const auto before = std::make_unique_for_overwrite<Brick>();
    ChangedBricks bricks = changes_of_finest(volume, operation);
    for (Level level = 0; !bricks.empty(); ++level) {
        ChangedBricks coarser;
        if (level + 1 < kLevels) coarser = pick(volume, bricks, level + 1);
        for (auto& [at, brick] : bricks) {
            const BrickId id{at, level};
            GroundVolume ground;
            if (level == 0) {
                read_brick(volume, id, *before);
                ground = volume_between(*before, *brick.samples);
            }
            const ChangedSamples changed = changed_samples(id, brick);
            changes.add({id, keep_brick(std::move(brick.samples)), changed, ground});
        }
        bricks = std::move(coarser);
    }
}

}  // namespace nebula::voxel::detail
