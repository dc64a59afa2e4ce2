// SPDX-License-Identifier: MIT
#include "nebula/voxel/gen/shape_generators.hpp"

#include "nebula/voxel/space/voxel_error.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace nebula::voxel {

namespace {

// In units.
Vec3f point(Vec3i p, Level level) {
    const Vec3i at = to_level_0(p, level);
    return {static_cast<float>(at.x), static_cast<float>(at.y), static_cast<float>(at.z)};
}

// A distance in units, as a sample of the level.
Sample sample_of(float distance, Level level) { return quantize(distance / voxel_size(level)); }

template <class T, class F>  // called with a point in units, returns what is written there
void for_each_point(const Region& region, T* out, std::ptrdiff_t stride_y, std::ptrdiff_t stride_z,
                    F&& value) {
    const Box3i& box = region.box;
    for (std::int32_t z = box.min.z; z < box.max.z; ++z)
        for (std::int32_t y = box.min.y; y < box.max.y; ++y) {
            T* row = out + (y - box.min.y) * stride_y + (z - box.min.z) * stride_z;
            for (std::int32_t x = box.min.x; x < box.max.x; ++x)
                row[x - box.min.x] = value(point({x, y, z}, region.level));
        }
}

void require_within_world(float value, const char* message) {
    // False for NaN.
    if (!(std::abs(value) <= kWorldLimit)) throw std::invalid_argument(message);
}

}  // namespace

FlatGenerator::FlatGenerator(float height, const GroundLayers& layers)
    : height_(height), layers_(layers) {
    require_within_world(height, "flat generator: height must lie in [-16000000, 16000000]");
    require_layers(layers, "flat generator");
}

SphereGenerator::SphereGenerator(Vec3f centre, float radius, const GroundLayers& layers)
    : centre_(centre), radius_(radius), layers_(layers) {
    for (const float c : {centre.x, centre.y, centre.z})
        require_within_world(c, "sphere generator: centre must lie in [-16000000, 16000000]");
    require_within_world(radius, "sphere generator: radius must lie in (0, 16000000]");
    if (!(radius > 0.0F))
        throw std::invalid_argument("sphere generator: radius must lie in (0, 16000000]");
    require_layers(layers, "sphere generator");
}

FunctionGenerator::FunctionGenerator(Function distance) : distance_(std::move(distance)) {
    if (!distance_) throw std::invalid_argument("function generator: the function is empty");
}

Sample FlatGenerator::sample(std::int32_t y, Level level) const noexcept {
    return sample_of(point({0, y, 0}, level).y - height_, level);
}

void FlatGenerator::generate(const Region& region, Sample* out, std::ptrdiff_t stride_y,
                             std::ptrdiff_t stride_z) const {
    const Box3i& box = region.box;
    if (box.empty()) return;
    const auto width = static_cast<std::size_t>(box.max.x - box.min.x);
    for (std::int32_t z = box.min.z; z < box.max.z; ++z)
        for (std::int32_t y = box.min.y; y < box.max.y; ++y)
            std::memset(out + (y - box.min.y) * stride_y + (z - box.min.z) * stride_z,
                        sample(y, region.level), width);
}

Range FlatGenerator::bounds(const Region& region) const noexcept {
    return {sample(region.box.min.y, region.level), sample(region.box.max.y - 1, region.level)};
}

void FlatGenerator::generate_materials(const Region& region, Material* out, std::ptrdiff_t stride_y,
                                       std::ptrdiff_t stride_z) const {
    for_each_point(region, out, stride_y, stride_z,
                   [this](Vec3f p) { return layers_.at(height_ - p.y); });
}

std::optional<Material> FlatGenerator::uniform_material(const Region& region) const noexcept {
    if (region.box.empty()) return {};
    return layers_.uniform(height_ - point(region.box.max - Vec3i{1, 1, 1}, region.level).y,
                           height_ - point(region.box.min, region.level).y);
}

float SphereGenerator::distance(Vec3f p) const noexcept {
    const Vec3f d = p - centre_;
    return std::sqrt(dot(d, d)) - radius_;
}

void SphereGenerator::generate(const Region& region, Sample* out, std::ptrdiff_t stride_y,
                               std::ptrdiff_t stride_z) const {
    for_each_point(region, out, stride_y, stride_z,
                   [&](Vec3f p) { return sample_of(distance(p), region.level); });
}

void SphereGenerator::generate_materials(const Region& region, Material* out,
                                         std::ptrdiff_t stride_y, std::ptrdiff_t stride_z) const {
    for_each_point(region, out, stride_y, stride_z,
                   [this](Vec3f p) { return layers_.at(-distance(p)); });
}

std::optional<Material> SphereGenerator::uniform_material(const Region& region) const noexcept {
    if (region.box.empty()) return {};
    const Distances reached = distances(region);
    return layers_.uniform(-reached.max, -reached.min);
}

Range SphereGenerator::bounds(const Region& region) const noexcept {
    const Distances reached = distances(region);
    return {sample_of(reached.min, region.level), sample_of(reached.max, region.level)};
}

SphereGenerator::Distances SphereGenerator::distances(const Region& region) const noexcept {
    const Vec3f low = point(region.box.min, region.level) - centre_;
    const Vec3f high = point(region.box.max - Vec3i{1, 1, 1}, region.level) - centre_;
    const auto nearest = [](float a, float b) { return a > 0 ? a : (b < 0 ? -b : 0.0F); };
    const auto farthest = [](float a, float b) { return std::max(std::abs(a), std::abs(b)); };
    const Vec3f near{nearest(low.x, high.x), nearest(low.y, high.y), nearest(low.z, high.z)};
    const Vec3f far{farthest(low.x, high.x), farthest(low.y, high.y), farthest(low.z, high.z)};
    // generate rounds its subtractions and squares in the same monotone way, so these really bound
    // what it writes.
    return {std::sqrt(dot(near, near)) - radius_, std::sqrt(dot(far, far)) - radius_};
}

void FunctionGenerator::generate(const Region& region, Sample* out, std::ptrdiff_t stride_y,
                                 std::ptrdiff_t stride_z) const {
    for_each_point(region, out, stride_y, stride_z,
                   [&](Vec3f p) { return sample_of(distance_(p), region.level); });
}

}  // namespace nebula::voxel
