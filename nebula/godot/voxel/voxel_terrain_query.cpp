// SPDX-License-Identifier: MIT
// The questions that scripts ask about the ground, except raycast().
#include "nebula/base/log.hpp"
#include "nebula/godot/voxel/distances.hpp"
#include "nebula/godot/voxel/voxel_terrain.hpp"
#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/query/mover.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

namespace nebula::godot {

namespace {

// Whether a capsule may have this height; if not, says so.
bool accepts_height(const char* method, double height) {
    if (!(height < 0.0)) return true;  // the mover refuses what is no number
    log(LogLevel::Error, std::string("VoxelTerrain.") + method + ": height is " + text_of(height) +
                             "; it must be the length of the capsule, ends included.");
    return false;
}

void tell_no_world(const char* method) {
    log(LogLevel::Error, std::string("VoxelTerrain.") + method +
                             ": the terrain has no world to read. Add it to the scene tree, with a "
                             "generator.");
}

tl::expected<voxel::Box3i, voxel::VoxelError> box_to_read(const Vector3i& min,
                                                          const Vector3i& size) {
    // A call that takes 50 ms is the longest that a game may want.
    constexpr std::int32_t most = 128;
    const voxel::Vec3i first{min.x, min.y, min.z};
    for (const std::int32_t edge : {size.x, size.y, size.z})
        if (edge < 1 || edge > most)
            return tl::unexpected(
                voxel::VoxelError{voxel::VoxelError::Kind::OutOfRange,
                                  "each edge of the box must be from 1 to 128 voxels"});
    if (auto fault = voxel::check_box(first, {size.x, size.y, size.z}, "the box"))
        return tl::unexpected(std::move(*fault));
    return voxel::Box3i{first, first + voxel::Vec3i{size.x, size.y, size.z}};
}

}  // namespace

// A mover's unit is the metre and its axes are the node's, so that lengths are global.

voxel::Mover* VoxelTerrain::mover() {
    if (!has_world() || !is_inside_tree() || !update_space()) return nullptr;
    const auto& size = space_.voxel_size();
    voxel::Mover& mover = world_->terrain.mover();
    mover.set_voxel_size(
        {static_cast<float>(size[0]), static_cast<float>(size[1]), static_cast<float>(size[2])});
    return &mover;
}

voxel::Vec3f VoxelTerrain::to_metric(const Vector3& global) const {
    const voxel::Vec3f v = space_.to_voxels(global);
    const auto& size = space_.voxel_size();
    return {static_cast<float>(double{v.x} * size[0]), static_cast<float>(double{v.y} * size[1]),
            static_cast<float>(double{v.z} * size[2])};
}

Vector3 VoxelTerrain::from_metric(voxel::Vec3f metric) const {
    const auto& size = space_.voxel_size();
    return space_.to_global(voxel::Vec3f{static_cast<float>(double{metric.x} / size[0]),
                                         static_cast<float>(double{metric.y} / size[1]),
                                         static_cast<float>(double{metric.z} / size[2])});
}

Vector3 VoxelTerrain::normal_from_metric(voxel::Vec3f normal) const {
    const auto& size = space_.voxel_size();
    return space_.normal_to_global({static_cast<float>(double{normal.x} * size[0]),
                                    static_cast<float>(double{normal.y} * size[1]),
                                    static_cast<float>(double{normal.z} * size[2])});
}

voxel::Capsule VoxelTerrain::capsule_at(const Transform3D& place, double radius,
                                        double height) const {
    const Vector3 up = transposed(place.basis).rows[1];
    const double scale = length(up);
    const double half = std::max(height / 2.0 - radius, 0.0);
    // An axis that is not finite makes ends that are not, and the mover refuses those.
    const Vector3 reach = scale == 0.0 ? Vector3{} : up * static_cast<float>(half / scale);
    return {to_metric(place.origin - reach), to_metric(place.origin + reach),
            static_cast<float>(radius)};
}

Dictionary VoxelTerrain::sweep(const char* method, const Vector3& center,
                               const voxel::Capsule& capsule, const Vector3& motion) {
    const voxel::Vec3f way = to_metric(center + motion) - to_metric(center);
    const auto contact = world_->terrain.mover().sweep(capsule, way);
    if (!contact) {
        refuse(std::string("VoxelTerrain.") + method + ": " + contact.error().message + '.');
        return {};
    }
    if (!*contact) return {};
    const double whole = length(motion);
    const double distance = std::min(double{(*contact)->distance}, whole);
    const double fraction = whole > 0.0 ? distance / whole : 0.0;
    return {{"position", center + motion * static_cast<float>(fraction)},
            {"distance", distance},
            {"fraction", fraction},
            {"point", from_metric((*contact)->position)},
            {"normal", normal_from_metric((*contact)->normal)}};
}

Dictionary VoxelTerrain::overlap(const char* method, const voxel::Capsule& capsule) {
    const auto contact = world_->terrain.mover().overlap(capsule);
    if (!contact) {
        refuse(std::string("VoxelTerrain.") + method + ": " + contact.error().message + '.');
        return {};
    }
    if (!*contact) return {};
    return {{"point", from_metric((*contact)->position)},
            {"normal", normal_from_metric((*contact)->normal)},
            {"depth", double{(*contact)->depth}}};
}

Dictionary VoxelTerrain::sweep_sphere(const Vector3& center, double radius, const Vector3& motion) {
    if (mover() == nullptr) return {};
    const voxel::Vec3f at = to_metric(center);
    return sweep("sweep_sphere", center, {at, at, static_cast<float>(radius)}, motion);
}

Dictionary VoxelTerrain::sweep_capsule(const Transform3D& place, double radius, double height,
                                       const Vector3& motion) {
    if (mover() == nullptr || !accepts_height("sweep_capsule", height)) return {};
    return sweep("sweep_capsule", place.origin, capsule_at(place, radius, height), motion);
}

Dictionary VoxelTerrain::overlap_sphere(const Vector3& center, double radius) {
    if (mover() == nullptr) return {};
    const voxel::Vec3f at = to_metric(center);
    return overlap("overlap_sphere", {at, at, static_cast<float>(radius)});
}

Dictionary VoxelTerrain::overlap_capsule(const Transform3D& place, double radius, double height) {
    if (mover() == nullptr || !accepts_height("overlap_capsule", height)) return {};
    return overlap("overlap_capsule", capsule_at(place, radius, height));
}

Dictionary VoxelTerrain::nearest_surface(const Vector3& position, double max_distance) {
    voxel::Mover* const here = mover();
    if (here == nullptr) return {};
    const auto found = here->nearest_surface(to_metric(position), static_cast<float>(max_distance));
    if (!found) {
        refuse("VoxelTerrain.nearest_surface: " + found.error().message + '.');
        return {};
    }
    if (!*found) return {};
    return {{"position", from_metric((*found)->position)},
            {"normal", normal_from_metric((*found)->normal)},
            {"distance", double{(*found)->distance}}};
}

double VoxelTerrain::ground_height(double x, double z) {
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    if (mover() == nullptr) return none;
    // From as high above the node as a ray can come down again.
    const Vector3 origin = space_.to_global(voxel::Vec3f{});
    const Vector3 at{static_cast<float>(x), origin.y, static_cast<float>(z)};
    const NodeSpace::Direction down = space_.direction_to_voxels({0, -1, 0});
    const auto reach = static_cast<float>(double{voxel::kMaxRayDistance} / down.voxels_per_metre);
    const auto hit = world_->terrain.raycast(space_.to_voxels(at + Vector3{0, reach * 0.5F, 0}),
                                             down.voxels, voxel::kMaxRayDistance);
    if (!hit) {
        refuse("VoxelTerrain.ground_height: " + hit.error().message + '.');
        return none;
    }
    return *hit ? double{space_.to_global((*hit)->position).y} : none;
}

double VoxelTerrain::sample(const Vector3& position) {
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    voxel::Mover* const here = mover();
    if (here == nullptr) return none;
    const auto distance = here->sample(to_metric(position));
    if (distance) return double{*distance} * space_.smallest_voxel_size();
    refuse("VoxelTerrain.sample: " + distance.error().message + '.');
    return none;
}

PackedFloat32Array VoxelTerrain::read_box(const Vector3i& min, const Vector3i& size) {
    if (mover() == nullptr) {
        if (!has_world() || !is_inside_tree()) tell_no_world("read_box");
        return {};
    }
    const auto grid = box_to_read(min, size).and_then(
        [&](const voxel::Box3i& box) { return world_->terrain.read_box(box); });
    if (!grid) {
        refuse("VoxelTerrain.read_box: " + grid.error().message + '.');
        return {};
    }
    PackedFloat32Array distances;
    distances.resize(grid->distances.size());
    std::ranges::transform(grid->distances, distances.write().begin(), [](std::int16_t units) {
        return voxel::to_distance(static_cast<voxel::Sample>(units));
    });
    return distances;
}

PackedByteArray VoxelTerrain::read_box_materials(const Vector3i& min, const Vector3i& size) {
    if (mover() == nullptr) {
        if (!has_world() || !is_inside_tree()) tell_no_world("read_box_materials");
        return {};
    }
    const auto materials = box_to_read(min, size).and_then(
        [&](const voxel::Box3i& box) { return world_->terrain.read_box_materials(box); });
    if (!materials) {
        refuse("VoxelTerrain.read_box_materials: " + materials.error().message + '.');
        return {};
    }
    return PackedByteArray(*materials);
}

Variant VoxelTerrain::copy_box(const Vector3i& min, const Vector3i& size) {
    const std::string where = "VoxelTerrain.copy_box: ";
    if (mover() == nullptr) {
        if (!has_world() || !is_inside_tree()) tell_no_world("copy_box");
        return {};
    }
    if (std::min({size.x, size.y, size.z}) < 2) {
        refuse(where + "each edge of the box must be from 2 to 128 voxels.");
        return {};
    }
    auto grid = box_to_read(min, size).and_then(
        [&](const voxel::Box3i& box) { return world_->terrain.copy_box(box); });
    if (!grid) {
        refuse(where + grid.error().message + '.');
        return {};
    }
    return VoxelStamp::from_samples(where, std::move(*grid));
}

std::int64_t VoxelTerrain::material_at(const Vector3& position) {
    constexpr std::int64_t none = -1;
    if (!has_world() || !is_inside_tree() || !update_space()) return none;
    const auto material = world_->terrain.material_at(space_.to_voxels(position));
    if (material) return *material ? std::int64_t{**material} : none;
    refuse("VoxelTerrain.material_at: " + material.error().message + '.');
    return none;
}

}  // namespace nebula::godot
