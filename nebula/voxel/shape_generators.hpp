// SPDX-License-Identifier: MIT
// Worlds with a closed form: a plane, a sphere, any function.
#pragma once

#include "nebula/voxel/generator.hpp"

#include <functional>

namespace nebula::voxel {

/// Ground below `height`, air above.
class FlatGenerator final : public Generator {
public:
    explicit FlatGenerator(float height) : height_(height) {}

    void generate(const Box3i& box, Sample* out, std::ptrdiff_t stride_y,
                  std::ptrdiff_t stride_z) const override;
    [[nodiscard]] Range bounds(const Box3i& box) const noexcept override;

private:
    float height_;
};

/// A ball of ground in empty space, with exact distances.
class SphereGenerator final : public Generator {
public:
    SphereGenerator(Vec3f centre, float radius) : centre_(centre), radius_(radius) {}

    void generate(const Box3i& box, Sample* out, std::ptrdiff_t stride_y,
                  std::ptrdiff_t stride_z) const override;
    [[nodiscard]] Range bounds(const Box3i& box) const noexcept override;

private:
    Vec3f centre_;
    float radius_;
};

/// Any signed distance in voxels, negative inside: for tests, tools and first tries. The function
/// is called for each point, on any thread, many at once; it proves no box empty.
class FunctionGenerator final : public Generator {
public:
    using Function = std::function<float(Vec3f)>;
    explicit FunctionGenerator(Function distance) : distance_(std::move(distance)) {}

    void generate(const Box3i& box, Sample* out, std::ptrdiff_t stride_y,
                  std::ptrdiff_t stride_z) const override;

private:
    Function distance_;
};

}  // namespace nebula::voxel
