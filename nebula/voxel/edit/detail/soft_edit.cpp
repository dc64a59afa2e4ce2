// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/detail/soft_edit.hpp"

#include "nebula/voxel/edit/detail/shape_field.hpp"
#include "nebula/voxel/field/materials.hpp"

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

template <class F>  // called with each brick of the finest level that reaches into the box
void for_each_brick(const Box3i& box, F&& f) {
    const Vec3i first = floor_div(box.min, kBrickSize);
    const Vec3i last = floor_div(box.max - Vec3i{1, 1, 1}, kBrickSize);
    for (std::int32_t z = first.z; z <= last.z; ++z)
        for (std::int32_t y = first.y; y <= last.y; ++y)
            for (std::int32_t x = first.x; x <= last.x; ++x) f(BrickId{{x, y, z}});
}

// The samples of a box of the finest level.
class Window {
public:
    Window(const Volume& volume, const Box3i& box)
        : box_(box),
          size_(box.max - box.min),
          samples_(static_cast<std::size_t>(size_.x) * static_cast<std::size_t>(size_.y) *
                   static_cast<std::size_t>(size_.z)) {
        for_each_brick(box, [&](BrickId id) { read(volume, id); });
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
        const FoundBrick brick = volume.read(id);
        if (!brick) {
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

// The materials of the same box, placed or generated. Empty where one is proven for all of it.
class MaterialWindow {
public:
    MaterialWindow(const Volume& volume, const Box3i& box) : box_(box), size_(box.max - box.min) {
        bool is_placed = false;
        for_each_brick(box, [&](BrickId id) {
            const FoundBrick brick = volume.read(id);
            is_placed |= brick && !brick->placed.none();
        });
        if (!is_placed) one_ = volume.generator().uniform_material({box, 0});
        if (one_) return;
        materials_.resize(static_cast<std::size_t>(step_z()) * static_cast<std::size_t>(size_.z));
        voxel::read_materials(volume.generator(), {box, 0}, materials_.data(), size_.x, step_z());
        if (!is_placed) return;
        for_each_brick(box, [&](BrickId id) {
            const FoundBrick brick = volume.read(id);
            if (brick && !brick->placed.none())
                read_placed(*brick, id.at, {box, 0}, materials_.data(), size_.x, step_z());
        });
    }

    [[nodiscard]] Material at(Vec3i p) const { return one_ ? *one_ : materials_[offset(p)]; }

private:
    [[nodiscard]] std::ptrdiff_t step_z() const { return std::ptrdiff_t{size_.x} * size_.y; }
    [[nodiscard]] std::size_t offset(Vec3i p) const {
        const Vec3i in = p - box_.min;
        return static_cast<std::size_t>(in.x + in.y * std::ptrdiff_t{size_.x} + in.z * step_z());
    }

    Box3i box_;
    Vec3i size_;
    std::optional<Material> one_;
    std::vector<Material> materials_;
};

// Of the nearest ground around a point of air; of equally near ones, the deepest, or else the first. Its own,
// if all is air.
Material material_beside(Vec3i p, const Sample* at, const Window& window,
                         const MaterialWindow& materials) {
    Vec3i nearest;
    int least = 4;
    Sample deepest = 0;
    for (int z = -1; z <= 1; ++z)
        for (int y = -1; y <= 1; ++y)
            for (int x = -1; x <= 1; ++x) {
                const Sample there = at[x + y * window.step_y() + z * window.step_z()];
                const int axes = std::abs(x) + std::abs(y) + std::abs(z);
                if (!is_inside(there) || axes > least || (axes == least && there >= deepest))
                    continue;
                nearest = {x, y, z};
                least = axes;
                deepest = there;
            }
    return materials.at(p + nearest);
}

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

}  // namespace

// What a soft operation makes of one sample.
class SoftBrush {
public:
    explicit SoftBrush(const Operation& operation)
        : operation_(operation),
          normal_(normalized(operation.target.normal)),
          done_at_once_(operation.mode == Mode::Dig && operation.strength >= 1.0F &&
                        operation.falloff <= 0.0F) {}

    /// How far outside the shape a sample may change, in voxels: where a dig meets no hardness, it is done
    /// at once, and that sets the distances around it.
    [[nodiscard]] float reach() const { return done_at_once_ ? static_cast<float>(kReach) : 0.0F; }

    /// \param into   how deep inside the shape the point lies, in voxels; at least -reach().
    /// \param share  how much of the strength the point feels, above 0.
    [[nodiscard]] Sample operator()(Vec3i p, const Sample* at, const Window& window, float into,
                                    float share) const {
        if (done_at_once_ && share >= 1.0F) return std::max(*at, quantize(into));
        if (into < 0.0F) return *at;
        const float weight =
            operation_.falloff > 0.0F ? std::min(into / operation_.falloff, 1.0F) : 1.0F;
        const float most = operation_.strength * share * weight * float{kSampleUnitsPerVoxel};
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
            case Mode::Paint:
                break;
        }
        return *at;
    }

private:
    static Sample rounded(float units) { return quantize(units / float{kSampleUnitsPerVoxel}); }

    const Operation& operation_;
    Vec3f normal_;
    bool done_at_once_;
};

namespace {

struct ChangedBrick {
    std::unique_ptr<Brick> samples;
    std::bitset<kBrickSamples> changed;
    // Of what became ground; null if nothing did.
    std::unique_ptr<PlacedMaterials::Array> fresh;
};

/// \param material  called for that of the point, if it becomes ground.
template <class F>
void note(ChangedBrick& brick, std::size_t index, Sample fresh, F&& material) {
    Sample& sample = brick.samples->samples[index];
    if (sample == fresh) return;
    if (is_inside(fresh) && !is_inside(sample)) {
        if (brick.fresh == nullptr)
            brick.fresh = std::make_unique_for_overwrite<PlacedMaterials::Array>();
        (*brick.fresh)[index] = material();
    }
    sample = fresh;
    brick.changed.set(index);
}

// The sign is that of the finer level. Where that is saturated it cannot tell how far the surface is, and what
// this level said is kept if it is farther.
Sample picked(Sample finer, Sample before) {
    const Sample fresh = to_coarser_level(finer);
    const bool tells = std::abs(int{finer}) < kSampleMax;
    if (tells || is_inside(before) != is_inside(fresh)) return fresh;
    return std::abs(int{before}) > std::abs(int{fresh}) ? before : fresh;
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

// Of the brick before, and of what became ground since.
void place_materials(ChangedBrick& brick, BrickScratch& scratch) {
    PlacedMaterials::Array& materials = scratch.materials_before;
    read_materials(scratch.before, scratch.generated, materials);
    const auto& before = scratch.before.samples;
    const auto& after = brick.samples->samples;
    for (std::size_t i = 0; i < kBrickSamples; ++i)
        if (is_inside(after[i]) && !is_inside(before[i])) materials[i] = (*brick.fresh)[i];
    brick.samples->placed = placed_of(after, materials, scratch.generated);
}

Picks picks_of(const ChangedBrick& brick) {
    Picks picks;
    for (int z = 0; z < Picks::kEdge; ++z)
        for (int y = 0; y < Picks::kEdge; ++y)
            for (int x = 0; x < Picks::kEdge; ++x) {
                const std::size_t from = Brick::index(2 * x, 2 * y, 2 * z);
                if (!brick.changed[from]) continue;
                const std::size_t to = Picks::index(x, y, z);
                picks.changed.set(to);
                picks.samples[to] = brick.samples->samples[from];
                if (brick.fresh != nullptr) picks.fresh[to] = (*brick.fresh)[from];
            }
    return picks;
}

std::optional<SoftChange> finished(const Volume& volume, BrickId id, ChangedBrick brick,
                                   BrickScratch& scratch) {
    if (brick.changed.none()) return {};
    const Picks picks = picks_of(brick);
    scratch.generated.begin(volume.generator(), id);
    const bool places = brick.fresh != nullptr || !brick.samples->placed.none();
    if (id.level == 0 || places) read_brick(volume, id, scratch.before);
    if (places) place_materials(brick, scratch);
    MaterialVolumes volumes;
    if (id.level == 0) volumes = volumes_of(scratch.before, *brick.samples, scratch);
    const ChangedSamples changed = changed_samples(id, brick);
    return SoftChange{{id, keep_brick(std::move(brick.samples)), changed, std::move(volumes)},
                      picks};
}

// Half of a brick's diagonal, between its outermost points, and more than float arithmetic adds.
constexpr float kHalfBrick = 13.1F;

}  // namespace

SoftEdit::SoftEdit(const Operation& operation)
    : operation_(operation),
      rules_(operation_),
      field_(make_field(operation_.shape)),
      brush_(std::make_unique<const SoftBrush>(operation_)) {
    const auto reach = static_cast<double>(brush_->reach());
    const auto low = [&](double c) { return static_cast<std::int32_t>(std::ceil(c - reach)); };
    const auto high = [&](double c) {
        return static_cast<std::int32_t>(std::floor(c + reach)) + 1;
    };
    const ShapeField::Bounds& bounds = field_->bounds();
    box_ = {{low(bounds.min[0]), low(bounds.min[1]), low(bounds.min[2])},
            {high(bounds.max[0]), high(bounds.max[1]), high(bounds.max[2])}};
}

SoftEdit::~SoftEdit() = default;

bool SoftEdit::reaches(BrickId brick) const noexcept {
    const std::int32_t edge = kBrickSize << brick.level;
    const Vec3i min = brick.at * edge;
    return !intersection(box_, {min, min + Vec3i{edge, edge, edge}}).empty();
}

bool SoftEdit::is_outside(const Box3i& voxels) const {
    Row into;
    const auto middle = [](std::int32_t low) { return static_cast<double>(low) + 7.5; };
    field_->into({middle(voxels.min.x), 1.0, middle(voxels.min.y), middle(voxels.min.z)}, into);
    return into[0] + field_->slope() * kHalfBrick < -brush_->reach();
}

// Where no sample knows of a surface, none is moved (distance_at()); but a dig that is done at once leaves
// ground nowhere.
bool SoftEdit::is_far_from_surface(const Volume& volume, const Box3i& around) const {
    const Range range = volume.generator().bounds({around, 0});
    if (!range.uniform() || std::abs(int{range.min}) != kSampleMax) return false;
    if (is_inside(range.min) && brush_->reach() > 0.0F) return false;
    bool far = true;
    for_each_brick(around, [&](BrickId id) {
        if (!far) return;
        const FoundBrick brick = volume.read(id);
        far = !brick ||
              (is_inside(range.min) ? is_all_solid(brick.get()) : brick.get() == &kAirBrick);
    });
    return far;
}

std::optional<SoftChange> SoftEdit::change_finest(const Volume& volume, BrickId id,
                                                  BrickScratch& scratch) const {
    const Box3i voxels = brick_region(id).box;
    const Box3i part = intersection(voxels, box_);
    if (part.empty() || is_outside(voxels)) return {};
    const Box3i around{part.min - Vec3i{1, 1, 1}, part.max + Vec3i{1, 1, 1}};
    if (is_far_from_surface(volume, around)) return {};
    const SoftBrush& brush = *brush_;
    const Window window(volume, around);
    std::optional<MaterialWindow> materials;  // when somebody asks
    const auto window_of_materials = [&]() -> const MaterialWindow& {
        if (!materials) materials.emplace(volume, around);
        return *materials;
    };
    const bool spreads = operation_.mode != Mode::Dig && operation_.mode != Mode::Add;
    // What ground at a point is of, or would be.
    const auto material_of = [&](Vec3i p, const Sample* at) {
        if (!spreads || is_inside(*at)) return window_of_materials().at(p);
        return material_beside(p, at, window, window_of_materials());
    };
    ChangedBrick brick;
    for (std::int32_t z = part.min.z; z < part.max.z; ++z)
        for (std::int32_t y = part.min.y; y < part.max.y; ++y) {
            Row into;
            field_->into({static_cast<double>(voxels.min.x), 1.0, static_cast<double>(y),
                          static_cast<double>(z)},
                         into);
            for (std::int32_t x = part.min.x; x < part.max.x; ++x) {
                const float depth = into[static_cast<std::size_t>(x - voxels.min.x)];
                if (depth < -brush.reach()) continue;
                const Vec3i p{x, y, z};
                const Sample* const at = window.at(p);
                const float share =
                    rules_.limits() ? rules_.share(material_of(p, at), is_inside(*at)) : 1.0F;
                if (share <= 0.0F) continue;
                const Sample fresh = brush(p, at, window, depth, share);
                if (fresh == *at) continue;
                if (brick.samples == nullptr) {
                    brick.samples = std::make_unique_for_overwrite<Brick>();
                    read_brick(volume, id, *brick.samples);
                }
                const Vec3i in = p - voxels.min;
                note(brick, Brick::index(in.x, in.y, in.z), fresh,
                     [&] { return spreads ? material_of(p, at) : rules_.material(); });
            }
        }
    return finished(volume, id, std::move(brick), scratch);
}

std::optional<SoftChange> SoftEdit::change_coarser(const Volume& volume, BrickId id,
                                                   const FinerPicks& finer, BrickScratch& scratch) {
    ChangedBrick brick;
    for (int part = 0; part < 8; ++part) {
        const Picks* const picks = finer[static_cast<std::size_t>(part)];
        if (picks == nullptr || picks->changed.none()) continue;
        if (brick.samples == nullptr) {
            brick.samples = std::make_unique_for_overwrite<Brick>();
            read_brick(volume, id, *brick.samples);
        }
        const Vec3i half = Vec3i{part & 1, part >> 1 & 1, part >> 2 & 1} * Picks::kEdge;
        for (int z = 0; z < Picks::kEdge; ++z)
            for (int y = 0; y < Picks::kEdge; ++y)
                for (int x = 0; x < Picks::kEdge; ++x) {
                    const std::size_t from = Picks::index(x, y, z);
                    if (!picks->changed[from]) continue;
                    const std::size_t to = Brick::index(half.x + x, half.y + y, half.z + z);
                    // Both levels had the same sign, so what becomes ground here did so there, too.
                    note(brick, to, picked(picks->samples[from], brick.samples->samples[to]),
                         [&] { return picks->fresh[from]; });
                }
    }
    return finished(volume, id, std::move(brick), scratch);
}

void make_soft_changes(const Volume& volume, const Operation& operation, EditChanges& changes) {
    const SoftEdit edit(operation);
    if (edit.box().empty()) return;
    const auto scratch = std::make_unique_for_overwrite<BrickScratch>();
    // In an order that does not depend on addresses.
    std::map<Vec3i, SoftChange> bricks;
    for_each_brick(edit.box(), [&](BrickId id) {
        if (auto change = edit.change_finest(volume, id, *scratch))
            bricks.emplace(id.at, std::move(*change));
    });
    for (Level level = 0; !bricks.empty(); ++level) {
        std::map<Vec3i, SoftChange> above;
        for (const auto& [at, change] : bricks) {
            const BrickId id = coarser({at, level});
            if (id.level == kLevels || above.contains(id.at)) continue;
            const auto picks = [&](BrickId finer) {
                const auto found = bricks.find(finer.at);
                return found == bricks.end() ? nullptr : &found->second.picks;
            };
            if (auto coarse =
                    SoftEdit::change_coarser(volume, id, finer_picks(id, picks), *scratch))
                above.emplace(id.at, std::move(*coarse));
        }
        for (auto& [at, change] : bricks) changes.add(std::move(change.brick));
        bricks = std::move(above);
    }
}

}  // namespace nebula::voxel::detail
