// SPDX-License-Identifier: MIT
// The textures of a material library as the shader reads them: an array per kind of map.
#pragma once

#include "nebula/godot/api/image.hpp"
#include "nebula/godot/api/texture_2d_array.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/math.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/voxel/voxel_material_library.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace nebula::godot {

/// Which layer of each array a material has; -1: none.
using MaterialLayers = std::array<int, MaterialLook::kMaps>;

/// The textures of a look without repetitions, and which of them each material has.
struct TextureList {
    explicit TextureList(const LibraryLook& look);

    std::array<std::vector<Ref<Texture2D>>, MaterialLook::kMaps> textures;
    std::vector<MaterialLayers> layers;  // per material
    std::int64_t size = 0;               // as LibraryLook::texture_size

    [[nodiscard]] bool empty() const noexcept;
    friend bool operator==(const TextureList&, const TextureList&) = default;
};

/// A copy of the image of one texture. Null, if it has none. Main thread: it may come from the
/// renderer's memory.
[[nodiscard]] Ref<Image> image_of(const Ref<Texture2D>& texture);

/// The layers of the arrays, all of one size and format, with mipmaps.
struct PreparedImages {
    std::array<Array, MaterialLook::kMaps> layers;
    std::array<std::vector<bool>, MaterialLook::kMaps> varied_alpha;
    std::vector<std::string> warnings;
};

/// Any thread. Cost: about 30 ms for each map of 1024 by 1024.
[[nodiscard]] PreparedImages prepare_images(
    const std::array<std::vector<Ref<Image>>, MaterialLook::kMaps>& images, std::int64_t size);

/// The arrays in the renderer.
///
/// Threads:   main thread.
class MaterialTextures {
public:
    MaterialTextures(TextureList list, const PreparedImages& images);

    [[nodiscard]] const TextureList& list() const noexcept { return list_; }
    /// Null: no material has such a map.
    [[nodiscard]] const Ref<Texture2DArray>& array(std::size_t map) const noexcept {
        return arrays_[map];
    }
    [[nodiscard]] MaterialLayers layers(std::size_t material) const;
    /// Whether the alpha of the material's albedo is a height.
    [[nodiscard]] bool has_height(std::size_t material) const;

private:
    TextureList list_;
    std::array<Ref<Texture2DArray>, MaterialLook::kMaps> arrays_;
    std::vector<bool> heights_;  // per layer of the albedo
};

}  // namespace nebula::godot
