// SPDX-License-Identifier: MIT
// Stored distances, between whose points it interpolates.
#pragma once

#include "nebula/voxel/edit/detail/shape_field.hpp"
#include "nebula/voxel/field/material.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace nebula::voxel::detail {

class StampField final : public ShapeField {
public:
    /// \throws nothing; shares the grid.
    explicit StampField(const StampShape& stamp);

    void into(const RowOfPoints& points, Row& out) const override;

    /// What Mode::Paste leaves: the grid's distances, positive in air, and which points lie in its box
    /// (bit i: point i).
    [[nodiscard]] std::uint32_t ground(const RowOfPoints& points, Row& out) const;

    [[nodiscard]] bool has_materials() const noexcept { return !grid_->materials.empty(); }
    /// For sixteen points, what Mode::Paste makes the ground of: the material of the nearest of the eight
    /// points of the grid around that are ground. kNotPlaced outside of the box, and where none of them is
    /// ground, so that the paste leaves air. Only if has_materials().
    void materials(const RowOfPoints& points, Material* out) const;

private:
    struct Place {
        float x, y, z;   // in the grid, clamped to its box
        float into_box;  // distance to the box's surface, positive inside
    };
    [[nodiscard]] Place place(const Offsets& d, std::size_t i) const;
    struct Cell {
        int x, y, z;       // its first corner
        float tx, ty, tz;  // in the cell, from 0 to 1
    };
    [[nodiscard]] Cell cell(const Place& at) const;
    [[nodiscard]] float distance(const Place& at) const;
    [[nodiscard]] Material material(const Place& at) const;

    std::shared_ptr<const DistanceGrid> grid_;
    Vec3f at_;
    Axes axes_;
    Vec3f last_;  // the grid's last point
};

}  // namespace nebula::voxel::detail
