// SPDX-License-Identifier: MIT
#include "nebula/voxel/world/loose_part.hpp"

#include "nebula/voxel/mesh/smooth_mesher.hpp"

#include <utility>

namespace nebula::voxel {

tl::expected<std::optional<LoosePart>, VoxelError> loose_part_at(const Volume& volume, Vec3i sample,
                                                                 std::int32_t largest,
                                                                 const BodySettings& settings) {
    auto part = part_at(volume, sample, largest);
    if (!part) return tl::unexpected(std::move(part.error()));
    if (!part->has_value()) return std::optional<LoosePart>{};
    try {
        LoosePart loose{
            .part = *std::move(*part), .mass = {}, .is_crumb = false, .mesh = {}, .hulls = {}};
        loose.mass = mass_of(loose.part);
        loose.is_crumb = loose.mass.volume < settings.crumbs;
        if (!loose.is_crumb) {
            if (settings.has_materials) read_materials(volume, loose.part);
            SmoothMesher mesher;
            auto mesh = mesh_part(mesher, loose.part);
            if (!mesh) return tl::unexpected(std::move(mesh.error()));
            loose.mesh = std::move(*mesh);
            loose.hulls = hulls_of(loose.mesh, loose.part, settings.hull_edge);
            loose.mass = mass_of(loose.part, settings.densities);
        }
        return std::optional(std::move(loose));
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

}  // namespace nebula::voxel
