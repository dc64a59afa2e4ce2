// SPDX-License-Identifier: MIT
#include "nebula/voxel/gen/shape_generators.hpp"

#include "nebula/voxel/space/voxel_error.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace nebula::voxel {

namespace {

Vec3f to_float(Vec3i p) {
    return {static_cast<float>(p.x), static_cast<float>(p.y), static_cast<float>(p.z)};
}

template <class F>  // called with a point, returns its distance
void for_each_point(const Box3i& box, Sample* out, std::ptrdiff_t stride_y, std::ptrdiff_t stride_z,
                    F&& distance) {
    for (std::int32_t z = box.min.z; z < box.max.z; ++z)
        for (std::int32_t y = box.min.y; y < box.max.y; ++y) {
            Sample* row = out + (y - box.min.y) * stride_y + (z - box.min.z) * stride_z;
            for (std::int32_t x = box.min.x; x < box.max.x; ++x)
                row[x - box.min.x] = quantize(distance(to_float({x, y, z})));
        }
}

void require_within_world(float value, const char* message) {
    // False for NaN.
    if (!(std::abs(value) <= kWorldLimit)) throw std::invalid_argument(message);
}

}  // namespace

FlatGenerator::FlatGenerator(float height) : height_(height) {
    require_within_world(height, "flat generator: height must lie in [-16000000, 16000000]");
}

SphereGenerator::SphereGenerator(Vec3f centre, float radius) : centre_(centre), radius_(radius) {
    for (const float c : {centre.x, centre.y, centre.z})
        require_within_world(c, "sphere generator: centre must lie in [-16000000, 16000000]");
    require_within_world(radius, "sphere generator: radius must lie in (0, 16000000]");
    if (!(radius > 0.0F))
        throw std::invalid_argument("sphere generator: radius must lie in (0, 16000000]");
}

FunctionGenerator::FunctionGenerator(Function distance) : distance_(std::move(distance)) {
    if (!distance_) throw std::invalid_argument("function generator: the function is empty");
}

void FlatGenerator::generate(const Box3i& box, Sample* out, std::ptrdiff_t stride_y,
                             std::ptrdiff_t stride_z) const {
    if (box.empty()) return;
    const auto width = static_cast<std::size_t>(box.max.x - box.min.x);
    for (std::int32_t z = box.min.z; z < box.max.z; ++z)
        for (std::int32_t y = box.min.y; y < box.max.y; ++y)
            std::memset(out + (y - box.min.y) * stride_y + (z - box.min.z) * stride_z,
                        quantize(static_cast<float>(y) - height_), width);
}

Range FlatGenerator::bounds(const Box3i& box) const noexcept {
    return {quantize(static_cast<float>(box.min.y) - height_),
            quantize(static_cast<float>(box.max.y - 1) - height_)};
}

void SphereGenerator::generate(const Box3i& box, Sample* out, std::ptrdiff_t stride_y,
                               std::ptrdiff_t stride_z) const {
    for_each_point(box, out, stride_y, stride_z, [this](Vec3f p) {
        const Vec3f d = p - centre_;
        return std::sqrt(dot(d, d)) - radius_;
    });
}

Range SphereGenerator::bounds(const Box3i& box) const noexcept {
    const Vec3f low = to_float(box.min) - centre_;
    const Vec3f high = to_float(box.max - Vec3i{1, 1, 1}) - centre_;
    const auto nearest = [](float a, float b) { return a > 0 ? a : (b < 0 ? -b : 0.0F); };
    const auto farthest = [](float a, float b) { return std::max(std::abs(a), std::abs(b)); };
    const Vec3f near{nearest(low.x, high.x), nearest(low.y, high.y), nearest(low.z, high.z)};
    const Vec3f far{farthest(low.x, high.x), farthest(low.y, high.y), farthest(low.z, high.z)};
    // generate rounds its subtractions and squares in the same monotone way, so these really bound
    // what it writes.
    return {quantize(std::sqrt(dot(near, near)) - radius_),
            quantize(std::sqrt(dot(far, far)) - radius_)};
}

void FunctionGenerator::generate(const Box3i& box, Sample* out, std::ptrdiff_t stride_y,
                                 std::ptrdiff_t stride_z) const {
    for_each_point(box, out, stride_y, stride_z, distance_);
}

}  // namespace nebula::voxel
