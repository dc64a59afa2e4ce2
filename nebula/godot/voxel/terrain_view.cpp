// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/terrain_view.hpp"

#include "nebula/voxel/field/sample.hpp"

#include <exception>
#include <string>

namespace nebula::godot {

void TerrainView::commit(voxel::Vec3i chunk, const voxel::ChunkMesh& mesh) noexcept try {
    auto found = chunks_.find(chunk);
    if (found == chunks_.end()) {
        auto fresh = std::make_unique<ChunkInstance>(look_, place_of(chunk));
        found = chunks_.emplace(chunk, std::move(fresh)).first;
    }
    ChunkInstance& instance = *found->second;
    triangles_ -= instance.triangle_count();
    const bool new_to_material = look_.tangents && !instance.has_tangents();
    instance.set_mesh(mesh, look_.tangents);
    if (new_to_material) instance.set_material(look_.material);
    triangles_ += instance.triangle_count();
} catch (const std::exception& error) {
    // Not logged here: a Logger of the game may free the node, and with it us and the terrain.
    trouble_ = std::string("a chunk could not be shown: ") + error.what();
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

void TerrainView::set_scenario(RID scenario) {
    look_.scenario = scenario;
    for (const auto& [chunk, instance] : chunks_) instance->set_scenario(scenario);
}

void TerrainView::set_place(const Transform3D& place) {
    if (place == place_) return;
    place_ = place;
    for (const auto& [chunk, instance] : chunks_) instance->set_place(place_of(chunk));
}

void TerrainView::set_visible(bool visible) {
    look_.visible = visible;
    for (const auto& [chunk, instance] : chunks_) instance->set_visible(visible);
}

void TerrainView::set_material(RID material, bool reads_tangents) {
    look_.material = material;
    look_.tangents = reads_tangents;
    unpainted_.clear();
    for (const auto& [chunk, instance] : chunks_) {
        if (reads_tangents && !instance->has_tangents())
            unpainted_.push_back(chunk);
        else
            instance->set_material(material);
    }
}

void TerrainView::repaint(voxel::Terrain& terrain, FrameBudget budget) {
    while (!unpainted_.empty()) {
        const auto found = chunks_.find(unpainted_.back());
        if (found == chunks_.end() || found->second->has_tangents()) {
            unpainted_.pop_back();
            continue;
        }
        const Clock::time_point start = Clock::now();
        if (!budget.try_start(start, repaint_cost_)) return;
        const voxel::Vec3i chunk = unpainted_.back();
        unpainted_.pop_back();
        // A chunk that cannot be made now is on its way out of view, or failed: it keeps the old
        // material with the old mesh.
        if (const auto mesh = terrain.build_chunk(chunk); mesh && !mesh->empty())
            commit(chunk, *mesh);
        repaint_cost_.add(Clock::now() - start);
    }
}

Transform3D TerrainView::place_of(voxel::Vec3i chunk) const {
    const auto voxels = [](std::int32_t c) {
        return static_cast<float>(c) * static_cast<float>(voxel::kChunkSize);
    };
    const Vector3 corner{voxels(chunk.x), voxels(chunk.y), voxels(chunk.z)};
    return {place_.basis, place_.origin + place_.basis * corner};
}

}  // namespace nebula::godot
