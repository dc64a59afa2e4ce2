// SPDX-License-Identifier: MIT
// What the node draws its chunks with: a material of the user's, or those of a library.
#include "nebula/base/clock.hpp"
#include "nebula/base/log.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"
#include "nebula/godot/runtime/shared_pool.hpp"
#include "nebula/godot/voxel/material_textures.hpp"
#include "nebula/godot/voxel/terrain_materials.hpp"
#include "nebula/godot/voxel/voxel_terrain.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/pool_bridge.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

// Of a frame, for fetching images from the renderer; at least one in each.
constexpr auto kFetchSlice = std::chrono::milliseconds(1);

VertexColors colors_of(const LibraryLook& look) {
    VertexColors colors;
    colors.fill(vertex_color(MaterialLook::kMissing));
    const std::size_t count = std::min(look.materials.size(), colors.size());
    for (std::size_t i = 0; i < count; ++i) colors[i] = vertex_color(look.materials[i].color);
    return colors;
}

}  // namespace

std::optional<VertexColors> VoxelTerrain::vertex_colors() const {
    if (material_library_.is_null()) return {};
    return colors_of(material_library_->look());
}

void VoxelTerrain::set_material(const Ref<Material>& material) {
    // The one before lives until no chunk has it.
    const Ref<Material> before = std::exchange(material_, material);
    if (!world_) return start();
    world_->view.set_material(material_ ? material_->get_rid() : RID{});
    show_library();
}

void VoxelTerrain::set_material_library(const Ref<VoxelMaterialLibrary>& library) {
    if (material_library_ == library) return;
    material_library_ = library;
    if (!world_) return start();
    show_library();
}

// Shows the library as it is now. What vertices must say of it is in their meshes, so if that changes,
// all of them are made again.
void VoxelTerrain::show_library() {
    World& world = *world_;
    world.loading_textures.cancel();
    if (material_library_.is_null()) {
        world.reshowing |= world.view.say(VertexMaterials::None, {});
        world.view.set_materials(nullptr);
        return;
    }
    library_revision_ = material_library_->revision();  // first: what changes after that is news
    const LibraryLook look = material_library_->look();
    world.reshowing |=
        world.view.say(material_ ? VertexMaterials::All : VertexMaterials::OfMany, colors_of(look));
    // Until the new ones are made, the old ones are better than none.
    std::shared_ptr<const MaterialTextures> textures = material_library_->textures();
    TextureList list(look);
    const bool loads = !list.empty() && (textures == nullptr || textures->list() != list);
    if (list.empty()) textures = nullptr;
    if (world.view.materials() != nullptr)
        world.view.materials()->set_look(look, std::move(textures));
    else
        world.view.set_materials(
            std::make_unique<TerrainMaterials>(look, std::move(textures), world.view.place()));
    if (!loads) return;
    world.loading_textures = EngineLoop::get().runtime().spawn(
        load_textures(std::move(list)), {.name = "VoxelTerrain.load_textures"});
}

void VoxelTerrain::follow_library() {
    if (material_library_ && material_library_->revision() != library_revision_) show_library();
}

// Fetches the images a few a frame, has a worker bring them to one size and format, and gives the
// renderer the result.
task<> VoxelTerrain::load_textures(TextureList list) {
    const ObjectId self = id();
    const std::uint64_t world = world_number_;
    const Ref<VoxelMaterialLibrary> library = material_library_;
    std::vector<std::string> problems;
    try {
        std::array<std::vector<Ref<Image>>, MaterialLook::kMaps> images;
        Clock::time_point deadline = Clock::now() + kFetchSlice;
        for (std::size_t map = 0; map < images.size(); ++map) {
            for (const Ref<Texture2D>& texture : list.textures[map]) {
                if (Clock::now() >= deadline) {
                    co_await next_frame();
                    deadline = Clock::now() + kFetchSlice;
                }
                images[map].push_back(image_of(texture));
            }
        }
        auto prepare = shared_pool().run(
            [images = std::move(images), size = list.size] { return prepare_images(images, size); },
            {.name = "prepare textures"});
        const PreparedImages prepared = co_await prepare;
        library->keep_textures(std::make_shared<MaterialTextures>(std::move(list), prepared));
        if (world_->view.materials() != nullptr)
            world_->view.materials()->set_look(library->look(), library->textures());
        problems = prepared.warnings;
    } catch (const std::bad_alloc&) {
        problems.emplace_back(
            "VoxelMaterialLibrary: there is not enough memory for the textures, so the ground has "
            "plain colours. Set a smaller texture_size.");
    }
    for (const std::string& problem : problems) {
        if (!tell(LogLevel::Warning, problem) || !survives(self, world)) co_return;
    }
}

// A view without viewers loses its chunks. When they are gone, the viewers come back.
bool VoxelTerrain::is_reshowing() {
    if (!world_->reshowing) return false;
    (void)world_->terrain.set_viewers({});
    const voxel::TerrainStats stats = world_->terrain.stats();
    world_->reshowing = stats.shown > 0 || stats.steps > 0;
    return world_->reshowing;
}

}  // namespace nebula::godot
