// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/terrain_view.hpp"

#include "nebula/voxel/field/sample.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <utility>

namespace nebula::godot {

void TerrainView::stage(voxel::ChunkId chunk, voxel::Surface& surface) noexcept try {
    auto found = chunks_.find(chunk);
    if (found == chunks_.end()) {
        auto fresh = std::make_unique<ChunkInstance>(look_, place_of(chunk));
        found = chunks_.emplace(chunk, std::move(fresh)).first;
    }
    found->second->stage(static_cast<ChunkSurface&>(surface));
} catch (const std::bad_alloc&) {
    no_memory();
} catch (const std::exception& error) {
    note_trouble(error.what());
}

// Not logged here: a Logger of the game may free the node, and with it us and the terrain.
void TerrainView::note_trouble(const char* what) noexcept try {
    trouble_ = std::string("a chunk could not be shown: ") + what;
} catch (...) {
    no_memory();
}

void TerrainView::no_memory() noexcept {
    trouble_ = "out of memory";  // short enough for a string without heap memory
}

void TerrainView::note(voxel::ChunkId chunk, bool shown) noexcept try {
    if (news_wanted_) news_.push_back({chunk, shown});
} catch (...) {
    no_memory();
}

// Off the screen, and freed later: that takes ten times as long.
void TerrainView::free_later(std::unique_ptr<ChunkInstance> instance) noexcept try {
    removed_.push_back(std::move(instance));
} catch (...) {  // it is freed here
}

void TerrainView::show(voxel::ChunkId chunk) noexcept {
    const auto found = chunks_.find(chunk);
    if (found == chunks_.end() || !found->second->has_staged()) return;  // stage() has said why
    ChunkInstance& instance = *found->second;
    triangles_ -= instance.triangle_count();
    instance.set_material(material_for(instance.staged_material()));
    instance.show_staged();
    triangles_ += instance.triangle_count();
    note(chunk, true);
}

void TerrainView::remove(voxel::ChunkId chunk) noexcept {
    const auto found = chunks_.find(chunk);
    if (found == chunks_.end()) return;
    triangles_ -= found->second->triangle_count();
    note(chunk, false);
    if (found->second->has_staged()) return found->second->hide();
    found->second->set_visible(false);
    free_later(std::move(found->second));
    chunks_.erase(found);
}

void TerrainView::free_removed(Clock::time_point deadline) {
    // Also in frames that have no time left, or what waits would only grow.
    const std::size_t at_least = std::max<std::size_t>(4, removed_.size() / 32);
    for (std::size_t n = 0; !removed_.empty() && (n < at_least || Clock::now() < deadline); ++n)
        removed_.pop_back();
}

void TerrainView::discard(voxel::ChunkId chunk) noexcept {
    const auto found = chunks_.find(chunk);
    if (found == chunks_.end()) return;
    if (found->second->shows_mesh()) return found->second->discard_staged();
    free_later(std::move(found->second));
    chunks_.erase(found);
}

void TerrainView::failed(voxel::ChunkId chunk, const voxel::VoxelError& error) noexcept try {
    failures_.push_back({chunk, error.message});
} catch (...) {
    no_memory();
}

void TerrainView::set_scenario(RID scenario) {
    look_.scenario = scenario;
    for (const auto& [chunk, instance] : chunks_) instance->set_scenario(scenario);
}

void TerrainView::set_place(const Transform3D& place) {
    if (place == place_) return;
    place_ = place;
    if (materials_) materials_->set_place(place);
    for (const auto& [chunk, instance] : chunks_) instance->set_place(place_of(chunk));
}

void TerrainView::set_visible(bool visible) {
    look_.visible = visible;
    for (const auto& [chunk, instance] : chunks_) instance->set_visible(visible);
}

void TerrainView::set_geometry(const ChunkLook& look) {
    look_.layers = look.layers;
    look_.cast_shadow = look.cast_shadow;
    look_.gi_mode = look.gi_mode;
    look_.visibility_range_begin = look.visibility_range_begin;
    look_.visibility_range_end = look.visibility_range_end;
    for (const auto& [chunk, instance] : chunks_) instance->set_geometry(look_);
}

void TerrainView::set_material(RID material) {
    look_.material = material;
    show_materials();
}

void TerrainView::set_materials(std::unique_ptr<TerrainMaterials> materials) {
    // Those of before live until no chunk has them.
    const std::unique_ptr<TerrainMaterials> before =
        std::exchange(materials_, std::move(materials));
    show_materials();
    for (const auto& instance : removed_) instance->set_material({});
}

void TerrainView::show_materials() {
    for (const auto& [chunk, instance] : chunks_)
        instance->set_material(material_for(instance->material()));
}

RID TerrainView::material_for(int material) const {
    if (look_.material.is_valid() || !materials_) return look_.material;
    return materials_->of(material);
}

Transform3D TerrainView::place_of(voxel::ChunkId chunk) const {
    const float voxel = voxel::voxel_size(chunk.level);
    const auto units = [voxel](std::int32_t c) {
        return static_cast<float>(c) * static_cast<float>(voxel::kChunkSize) * voxel;
    };
    const Vector3 corner{units(chunk.at.x), units(chunk.at.y), units(chunk.at.z)};
    const auto& rows = place_.basis.rows;
    const Basis basis{{rows[0] * voxel, rows[1] * voxel, rows[2] * voxel}};
    return {basis, place_.origin + place_.basis * corner};
}

}  // namespace nebula::godot
