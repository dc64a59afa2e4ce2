// SPDX-License-Identifier: MIT
// Worlds with a closed form: a plane, a sphere, any function.
#pragma once

#include "nebula/voxel/field/generator.hpp"
#include "nebula/voxel/gen/ground_layers.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

namespace nebula::voxel {

/// Ground below `height`, air above.
class FlatGenerator final : public Generator {
public:
    /// \param height  in units, [-kWorldLimit, kWorldLimit].
    /// \throws std::invalid_argument if it is not in that range or not a number, or for the layers.
    explicit FlatGenerator(float height, const GroundLayers& layers = {});

    void generate(const Region& region, Sample* out, std::ptrdiff_t stride_y,
                  std::ptrdiff_t stride_z) const override;
    [[nodiscard]] Range bounds(const Region& region) const noexcept override;
    void generate_materials(const Region& region, Material* out, std::ptrdiff_t stride_y,
                            std::ptrdiff_t stride_z) const override;
    [[nodiscard]] std::optional<Material> uniform_material(
        const Region& region) const noexcept override;

private:
    [[nodiscard]] Sample sample(std::int32_t y, Level level) const noexcept;

    float height_;
    GroundLayers layers_;
};

/// A ball of ground in empty space, with exact distances.
class SphereGenerator final : public Generator {
public:
    /// In units: the centre's coordinates in [-kWorldLimit, kWorldLimit], the radius in
    /// (0, kWorldLimit].
    /// \throws std::invalid_argument if one is not in its range or not a number, or for the layers.
    SphereGenerator(Vec3f centre, float radius, const GroundLayers& layers = {});

    void generate(const Region& region, Sample* out, std::ptrdiff_t stride_y,
                  std::ptrdiff_t stride_z) const override;
    [[nodiscard]] Range bounds(const Region& region) const noexcept override;
    void generate_materials(const Region& region, Material* out, std::ptrdiff_t stride_y,
                            std::ptrdiff_t stride_z) const override;
    [[nodiscard]] std::optional<Material> uniform_material(
        const Region& region) const noexcept override;

private:
    /// Distances from the surface, negative inside.
    struct Distances {
        float min, max;
    };
    [[nodiscard]] float distance(Vec3f p) const noexcept;
    [[nodiscard]] Distances distances(const Region& region) const noexcept;

    Vec3f centre_;
    float radius_;
    GroundLayers layers_;
};

/// Any signed distance in units, negative inside; for tests, tools and experiments. The function
/// is called for each point, on any thread, and on several at once. No box is proven empty, so
/// every chunk in view is sampled. Where the function returns NaN, there is air.
class FunctionGenerator final : public Generator {
public:
    using Function = std::function<float(Vec3f)>;
    /// \throws std::invalid_argument if the function is empty.
    explicit FunctionGenerator(Function distance);

    void generate(const Region& region, Sample* out, std::ptrdiff_t stride_y,
                  std::ptrdiff_t stride_z) const override;

private:
    Function distance_;
};

}  // namespace nebula::voxel
