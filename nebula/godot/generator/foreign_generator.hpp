// SPDX-License-Identifier: MIT
// The code of another library as a generator of ours.
#pragma once

#include "nebula/godot/generator/nebula_generator.h"
#include "nebula/voxel/field/generator.hpp"
#include "nebula/voxel/gen/ground_layers.hpp"

#include <cstddef>
#include <memory>
#include <optional>

namespace nebula::godot {

/// Tells the maker that its generator is unused, unless that is withdrawn, and gives our share back.
struct LetGo {
    void operator()(NebulaGenerator* generator) const noexcept;
};
using SharedGenerator = std::unique_ptr<NebulaGenerator, LetGo>;

/// Asks another library, in boxes of at most NEBULA_MOST_POINTS. After the maker has withdrawn it,
/// nothing is proven and generate throws.
class ForeignGenerator final : public voxel::Generator {
public:
    /// What lies behind the address. The layers are those of the ground if the maker has no materials.
    ///
    /// \throws std::invalid_argument with a sentence about what we cannot use.
    ForeignGenerator(NebulaGenerator* made, const voxel::GroundLayers& layers);

    void generate(const voxel::Region& region, voxel::Sample* out, std::ptrdiff_t stride_y,
                  std::ptrdiff_t stride_z) const override;
    [[nodiscard]] voxel::Range bounds(const voxel::Region& region) const noexcept override;
    void generate_materials(const voxel::Region& region, voxel::Material* out,
                            std::ptrdiff_t stride_y, std::ptrdiff_t stride_z) const override;
    [[nodiscard]] std::optional<voxel::Material> uniform_material(
        const voxel::Region& region) const noexcept override;

    /// The maker's library is going or gone. Any thread.
    [[nodiscard]] bool is_withdrawn() const noexcept;

private:
    struct Bounds {
        float least, most;
    };
    [[nodiscard]] std::optional<Bounds> distance_bounds(const voxel::Region& region) const noexcept;

    SharedGenerator made_;
    voxel::GroundLayers layers_;
};

}  // namespace nebula::godot
