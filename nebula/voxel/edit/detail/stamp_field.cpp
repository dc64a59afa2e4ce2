// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/detail/stamp_field.hpp"

#include "nebula/voxel/field/placed_materials.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>

namespace nebula::voxel::detail {

StampField::StampField(const StampShape& stamp)
    : grid_(stamp.grid),
      at_(stamp.at),
      axes_(axes_of(stamp.rotation)),
      last_{static_cast<float>(grid_->size.x - 1), static_cast<float>(grid_->size.y - 1),
            static_cast<float>(grid_->size.z - 1)} {
    const auto low = [&](float Vec3f::*c) {
        return at_.*c + 1.0001F * (std::min(axes_.axis[0].*c * last_.x, 0.0F) +
                                   std::min(axes_.axis[1].*c * last_.y, 0.0F) +
                                   std::min(axes_.axis[2].*c * last_.z, 0.0F));
    };
    const auto high = [&](float Vec3f::*c) {
        return at_.*c + 1.0001F * (std::max(axes_.axis[0].*c * last_.x, 0.0F) +
                                   std::max(axes_.axis[1].*c * last_.y, 0.0F) +
                                   std::max(axes_.axis[2].*c * last_.z, 0.0F));
    };
    bounds_ = box_around({low(&Vec3f::x), low(&Vec3f::y), low(&Vec3f::z)},
                         {high(&Vec3f::x), high(&Vec3f::y), high(&Vec3f::z)});
    // Anyone may fill a grid: its steps are whatever they are.
    const DistanceGrid& g = *grid_;
    int steepest = 0;
    for (int z = 0; z < g.size.z; ++z)
        for (int y = 0; y < g.size.y; ++y)
            for (int x = 0; x < g.size.x; ++x) {
                const int here = g.at(x, y, z);
                if (x > 0) steepest = std::max(steepest, std::abs(here - g.at(x - 1, y, z)));
                if (y > 0) steepest = std::max(steepest, std::abs(here - g.at(x, y - 1, z)));
                if (z > 0) steepest = std::max(steepest, std::abs(here - g.at(x, y, z - 1)));
            }
    constexpr float diagonal = 1.7321F;  // each of three derivatives may be that large
    slope_ = std::max(1.001F, diagonal * 1.001F * static_cast<float>(steepest) /
                                  static_cast<float>(kSampleUnitsPerVoxel));
}

StampField::Place StampField::place(const Offsets& d, std::size_t i) const {
    const auto [u, v, w] = axes_.axis;
    const float x = u.x * d.x[i] + u.y * d.y + u.z * d.z;
    const float y = v.x * d.x[i] + v.y * d.y + v.z * d.z;
    const float z = w.x * d.x[i] + w.y * d.y + w.z * d.z;
    Place at;
    at.x = std::min(std::max(x, 0.0F), last_.x);
    at.y = std::min(std::max(y, 0.0F), last_.y);
    at.z = std::min(std::max(z, 0.0F), last_.z);
    const float a = std::abs(x - last_.x * 0.5F) - last_.x * 0.5F;
    const float b = std::abs(y - last_.y * 0.5F) - last_.y * 0.5F;
    const float c = std::abs(z - last_.z * 0.5F) - last_.z * 0.5F;
    const float oa = std::max(a, 0.0F);
    const float ob = std::max(b, 0.0F);
    const float oc = std::max(c, 0.0F);
    at.into_box =
        -(std::sqrt(oa * oa + ob * ob + oc * oc) + std::min(std::max(std::max(a, b), c), 0.0F));
    return at;
}

StampField::Cell StampField::cell(const Place& at) const {
    const auto first = [](float c, float last) {
        return std::min(static_cast<int>(c), static_cast<int>(last) - 1);
    };
    const int x = first(at.x, last_.x);
    const int y = first(at.y, last_.y);
    const int z = first(at.z, last_.z);
    return {x,
            y,
            z,
            at.x - static_cast<float>(x),
            at.y - static_cast<float>(y),
            at.z - static_cast<float>(z)};
}

float StampField::distance(const Place& at) const {
    const DistanceGrid& g = *grid_;
    const Cell c = cell(at);
    const auto along_x = [&](int dy, int dz) {
        const auto a = static_cast<float>(g.at(c.x, c.y + dy, c.z + dz));
        const auto b = static_cast<float>(g.at(c.x + 1, c.y + dy, c.z + dz));
        return a + (b - a) * c.tx;
    };
    const float near = along_x(0, 0) + (along_x(1, 0) - along_x(0, 0)) * c.ty;
    const float far = along_x(0, 1) + (along_x(1, 1) - along_x(0, 1)) * c.ty;
    return (near + (far - near) * c.tz) / static_cast<float>(kSampleUnitsPerVoxel);
}

Material StampField::material(const Place& at) const {
    const DistanceGrid& g = *grid_;
    const Cell c = cell(at);
    // Nearly always it is the nearest of all eight.
    const auto side = [](float t) { return t > 0.5F ? 1 : 0; };
    const std::size_t beside = g.index(c.x + side(c.tx), c.y + side(c.ty), c.z + side(c.tz));
    if (g.distances[beside] < 0) return g.materials[beside];
    const auto squared = [](float t, int side) {
        return side != 0 ? (1.0F - t) * (1.0F - t) : t * t;
    };
    Material nearest = kNotPlaced;
    float least = std::numeric_limits<float>::max();
    for (int dz = 0; dz < 2; ++dz)
        for (int dy = 0; dy < 2; ++dy)
            for (int dx = 0; dx < 2; ++dx) {
                const std::size_t i = g.index(c.x + dx, c.y + dy, c.z + dz);
                const float d = squared(c.tx, dx) + squared(c.ty, dy) + squared(c.tz, dz);
                if (g.distances[i] > 0 || !(d < least)) continue;
                least = d;
                nearest = g.materials[i];
            }
    return nearest;
}

void StampField::into(const RowOfPoints& points, Row& out) const {
    const Offsets d = offsets(points, at_);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const Place at = place(d, i);
        out[i] = std::min(-distance(at), at.into_box);
    }
}

std::uint32_t StampField::ground(const RowOfPoints& points, Row& out) const {
    const Offsets d = offsets(points, at_);
    std::uint32_t inside = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const Place at = place(d, i);
        out[i] = distance(at);
        inside |= static_cast<std::uint32_t>(at.into_box >= 0.0F) << i;
    }
    return inside;
}

void StampField::materials(const RowOfPoints& points, Material* out) const {
    const Offsets d = offsets(points, at_);
    for (std::size_t i = 0; i < kBrickSize; ++i) {
        const Place at = place(d, i);
        out[i] = at.into_box >= 0.0F ? material(at) : kNotPlaced;
    }
}

std::unique_ptr<const ShapeField> make_field(const StampShape& shape) {
    return std::make_unique<StampField>(shape);
}

}  // namespace nebula::voxel::detail
