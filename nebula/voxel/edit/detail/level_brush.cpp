// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/detail/level_brush.hpp"

#include "nebula/voxel/edit/detail/shape_field.hpp"
#include "nebula/voxel/edit/detail/stamp_field.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>

namespace nebula::voxel::detail {

namespace {

// From a brick's first sample to its middle, along an axis; from the middle to a corner.
constexpr double kMiddle = (kBrickSize - 1) / 2.0;
constexpr double kCorner = 1.7321 * kMiddle;

double size_of(Level level) { return static_cast<double>(voxel_size(level)); }

// The lattice's points in the bounds, and up to `reach` voxels of the level beyond them.
Box3i lattice_box(const ShapeField::Bounds& bounds, Level level, double reach) {
    const auto low = [&](double c) {
        return static_cast<std::int32_t>(std::ceil(c / size_of(level) - reach));
    };
    const auto high = [&](double c) {
        return static_cast<std::int32_t>(std::floor(c / size_of(level) + reach)) + 1;
    };
    return {{low(bounds.min[0]), low(bounds.min[1]), low(bounds.min[2])},
            {high(bounds.max[0]), high(bounds.max[1]), high(bounds.max[2])}};
}

RowOfPoints row_at(Vec3i first, Level level) {
    const double size = size_of(level);
    return {first.x * size, size, first.y * size, first.z * size};
}

template <class F>  // called with the row's first point, and y and z in the brick
void for_each_row(const Box3i& box, BrickId id, F&& f) {
    const Box3i voxels = brick_region(id).box;
    const Box3i part = intersection(voxels, box);
    if (part.empty()) return;
    for (std::int32_t z = part.min.z; z < part.max.z; ++z)
        for (std::int32_t y = part.min.y; y < part.max.y; ++y)
            f(Vec3i{voxels.min.x, y, z}, y - voxels.min.y, z - voxels.min.z);
}

class ShapeBrush final : public LevelBrush {
public:
    ShapeBrush(std::shared_ptr<const ShapeField> field, bool dig, Level level)
        : LevelBrush(level),
          field_(std::move(field)),
          dig_(dig),
          tight_(lattice_box(field_->bounds(), level, 0.0)) {
        box_ = lattice_box(field_->bounds(), level, kReach);
    }

    [[nodiscard]] bool is_too_small() const override {
        const ShapeField::Bounds& bounds = field_->bounds();
        for (std::size_t axis = 0; axis < 3; ++axis)
            if (bounds.max[axis] - bounds.min[axis] >= size_of(level())) return false;
        for (std::int32_t z = tight_.min.z; z < tight_.max.z; ++z)
            for (std::int32_t y = tight_.min.y; y < tight_.max.y; ++y) {
                Row row;
                field_->into(row_at({tight_.min.x, y, z}, level()), row);
                for (std::int32_t x = tight_.min.x; x < tight_.max.x; ++x)
                    if (row[static_cast<std::size_t>(x - tight_.min.x)] >= 0.0F) return false;
            }
        return true;
    }

    // From the distance at the brick's middle, as it cannot change faster than its slope.
    [[nodiscard]] Reach reach(BrickId brick) const override {
        const Box3i voxels = brick_region(brick).box;
        if (intersection(voxels, box_).empty()) return Reach::None;
        const double size = size_of(level());
        const RowOfPoints middle{(voxels.min.x + kMiddle) * size, 0.0,
                                 (voxels.min.y + kMiddle) * size, (voxels.min.z + kMiddle) * size};
        Row into;
        field_->into(middle, into);
        // With room for rounding.
        const double change =
            (kCorner * static_cast<double>(field_->slope()) + kReach + 0.1) * size + 0.1;
        if (static_cast<double>(into[0]) < -change) return Reach::None;
        return static_cast<double>(into[0]) > change ? Reach::Whole : Reach::Part;
    }

    void paint(BrickId id, Brick& brick, ChangedSamples& changed) const override {
        // Exact: a power of two.
        const float scale = (dig_ ? 1.0F : -1.0F) / voxel_size(level());
        for_each_row(box_, id, [&](Vec3i first, int y, int z) {
            Row into;
            field_->into(row_at(first, level()), into);
            Sample* const row = brick.samples.data() + Brick::index(0, y, z);
            std::array<Sample, kBrickSize> fresh;
            for (std::size_t x = 0; x < kBrickSize; ++x) {
                const Sample mark = quantize(scale * into[x]);
                fresh[x] = dig_ ? std::max(row[x], mark) : std::min(row[x], mark);
            }
            if (const std::uint32_t mask = replace_row(row, fresh); mask != 0)
                changed.add_row(y, z, mask);
        });
    }

private:
    std::shared_ptr<const ShapeField> field_;  // of all levels
    bool dig_;
    Box3i tight_;
};

class PasteBrush final : public LevelBrush {
public:
    PasteBrush(std::shared_ptr<const StampField> field, Level level)
        : LevelBrush(level), field_(std::move(field)) {
        box_ = lattice_box(field_->bounds(), level, 0.0);
    }

    // Where there is no point, nothing changes.
    [[nodiscard]] bool is_too_small() const override { return box_.empty(); }
    [[nodiscard]] Reach reach(BrickId brick) const override {
        return intersection(brick_region(brick).box, box_).empty() ? Reach::None : Reach::Part;
    }

    void paint(BrickId id, Brick& brick, ChangedSamples& changed) const override {
        const float scale = 1.0F / voxel_size(level());
        for_each_row(box_, id, [&](Vec3i first, int y, int z) {
            Row ground;
            const std::uint32_t inside = field_->ground(row_at(first, level()), ground);
            Sample* const row = brick.samples.data() + Brick::index(0, y, z);
            std::array<Sample, kBrickSize> fresh;
            for (std::size_t x = 0; x < kBrickSize; ++x)
                fresh[x] = (inside >> x & 1U) != 0 ? quantize(scale * ground[x]) : row[x];
            if (const std::uint32_t mask = replace_row(row, fresh); mask != 0)
                changed.add_row(y, z, mask);
        });
    }

    [[nodiscard]] bool has_materials() const override { return field_->has_materials(); }
    void read_materials(BrickId id, PlacedMaterials::Array& out) const override {
        out.fill(kNotPlaced);
        for_each_row(box_, id, [&](Vec3i first, int y, int z) {
            field_->materials(row_at(first, level()), out.data() + Brick::index(0, y, z));
        });
    }

private:
    std::shared_ptr<const StampField> field_;  // of all levels
};

}  // namespace

LevelBrushes make_brushes(const Operation& operation) {
    const bool dig = operation.mode == Mode::Dig || operation.mode == Mode::Paint;
    const auto* sphere = std::get_if<SphereShape>(&operation.shape);
    std::shared_ptr<const StampField> stamp;
    std::shared_ptr<const ShapeField> field;
    if (operation.mode == Mode::Paste)
        stamp = std::make_shared<StampField>(std::get<StampShape>(operation.shape));
    else if (sphere == nullptr)
        field = make_field(operation.shape);
    LevelBrushes brushes;
    for (Level level = 0; level < kLevels; ++level) {
        std::unique_ptr<const LevelBrush> brush;
        if (stamp != nullptr)
            brush = std::make_unique<PasteBrush>(stamp, level);
        else if (field != nullptr)
            brush = std::make_unique<ShapeBrush>(field, dig, level);
        else
            brush = make_sphere_brush(*sphere, dig, level);
        if (!brush->is_too_small()) brushes[static_cast<std::size_t>(level)] = std::move(brush);
    }
    return brushes;
}

}  // namespace nebula::voxel::detail
