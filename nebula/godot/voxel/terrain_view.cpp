// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/terrain_view.hpp"

#include "nebula/base/log.hpp"
#include "nebula/voxel/sample.hpp"

#include <exception>
#include <string>

namespace nebula::godot {
void TerrainView::commit(voxel::Vec3i chunk, const voxel::ChunkMesh& mesh) noexcept try {
    auto found = chunks_.find(chunk);
    if (found == chunks_.end()) {
        auto fresh =
            std::make_unique<ChunkInstance>(scenario_, place_of(chunk), material_, visible_);
        found = chunks_.emplace(chunk, std::move(fresh)).first;
    }
    ChunkInstance& instance = *found->second;
    triangles_ -= instance.triangle_count();
    instance.set_mesh(mesh);
    triangles_ += instance.triangle_count();
} catch (const std::exception& error) {
    log(LogLevel::Error, std::string("a chunk could not be shown: ") + error.what());
}

void TerrainView::remove(voxel::Vec3i chunk) noexcept {
    const auto found = chunks_.find(chunk);
    if (found == chunks_.end()) return;
    triangles_ -= found->second->triangle_count();
    chunks_.erase(found);
}

void TerrainView::failed(voxel::Vec3i chunk, const voxel::VoxelError& error) noexcept {
    failures_.push_back({chunk, error.message});
}

void TerrainView::set_place(const Transform3D& place) {
    place_ = place;
    for (const auto& [chunk, instance] : chunks_) instance->set_place(place_of(chunk));
}

void TerrainView::set_material(RID material) {
    material_ = material;
    for (const auto& [chunk, instance] : chunks_) instance->set_material(material);
}

void TerrainView::set_visible(bool visible) {
    visible_ = visible;
    for (const auto& [chunk, instance] : chunks_) instance->set_visible(visible);
}

Transform3D TerrainView::place_of(voxel::Vec3i chunk) const {
    const auto metres = [](std::int32_t c) {
        return static_cast<float>(c) * static_cast<float>(voxel::kChunkSize);
    };
    const Vector3 corner{metres(chunk.x), metres(chunk.y), metres(chunk.z)};
    return {place_.basis, place_.origin + place_.basis * corner};
}

}  // namespace nebula::godot
