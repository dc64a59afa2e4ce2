// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/material_textures.hpp"

#include "nebula/godot/api/globals.hpp"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

namespace nebula::godot {
namespace {

constexpr std::array<const char*, MaterialLook::kMaps> kMapNames{"albedo", "normal", "ORM"};
constexpr std::int64_t kMostPixels = 4096;
// Of one array, without mipmaps. 64 textures of 2048 by 2048 are that much.
constexpr std::int64_t kMostBytes = std::int64_t{1} << 30U;
constexpr std::int64_t kBytesPerPixel = 4;

std::int64_t size_for(const std::vector<Ref<Image>>& images, std::int64_t wanted) {
    std::int64_t size = wanted;
    if (size == 0) {
        for (const Ref<Image>& image : images) {
            if (image)
                size = std::max<std::int64_t>({size, image->get_width(), image->get_height()});
        }
    }
    size = std::clamp<std::int64_t>(size, 1, kMostPixels);
    const auto count = static_cast<std::int64_t>(images.size());
    while (size > 1 && size * size * kBytesPerPixel * count > kMostBytes) size /= 2;
    return size;
}

bool varies_in_alpha(const Ref<Image>& rgba) {
    const PackedByteArray data = rgba->get_data();
    const std::span<const std::uint8_t> bytes = data.view();
    for (std::size_t i = 3; i < bytes.size(); i += kBytesPerPixel)
        if (bytes[i] != bytes[3]) return true;
    return false;
}

// False if it cannot be.
bool bring_to(std::int64_t size, const Ref<Image>& image) {
    if (image->is_compressed() && image->decompress() != Error::OK) return false;
    image->clear_mipmaps();
    image->convert(Image::FORMAT_RGBA8);
    const auto edge = static_cast<std::int32_t>(size);
    if (image->get_width() != edge || image->get_height() != edge)
        image->resize(edge, edge, Image::INTERPOLATE_LANCZOS);
    return image->get_format() == Image::FORMAT_RGBA8 && image->get_width() == edge &&
           image->get_height() == edge && image->generate_mipmaps() == Error::OK;
}

std::string pixels(std::int64_t width, std::int64_t height) {
    return std::to_string(width).append(" x ").append(std::to_string(height));
}

// What a layer is without a picture: nothing that anybody notices.
Ref<Image> blank(std::size_t map, std::int64_t size) {
    constexpr std::array<Color, MaterialLook::kMaps> colors{
        Color{1, 1, 1, 1}, Color{0.5F, 0.5F, 1, 1}, Color{1, 1, 0, 1}};
    const auto edge = static_cast<std::int32_t>(size);
    Ref<Image> image = Image::create_empty(edge, edge, false, Image::FORMAT_RGBA8);
    image->fill(colors[map]);
    image->generate_mipmaps();
    return image;
}

}  // namespace

TextureList::TextureList(const LibraryLook& look) : size(look.texture_size) {
    for (const MaterialLook& material : look.materials) {
        MaterialLayers& own = layers.emplace_back();
        for (std::size_t map = 0; map < MaterialLook::kMaps; ++map) {
            own[map] = -1;
            const Ref<Texture2D>& texture = material.textures[map];
            if (!texture) continue;
            std::vector<Ref<Texture2D>>& known = textures[map];
            const auto found = std::find(known.begin(), known.end(), texture);
            own[map] = static_cast<int>(std::distance(known.begin(), found));
            if (found == known.end()) known.push_back(texture);
        }
    }
}

bool TextureList::empty() const noexcept {
    return std::ranges::all_of(textures, [](const auto& of_map) { return of_map.empty(); });
}

Ref<Image> image_of(const Ref<Texture2D>& texture) {
    const Ref<Image> image = texture->get_image();
    if (image.is_null() || image->is_empty()) return {};
    // The engine may have handed out what it keeps.
    Ref<Image> copy = Image::create_empty(1, 1, false, Image::FORMAT_RGBA8);
    copy->set_data(image->get_width(), image->get_height(), image->has_mipmaps(),
                   image->get_format(), image->get_data());
    return copy;
}

PreparedImages prepare_images(
    const std::array<std::vector<Ref<Image>>, MaterialLook::kMaps>& images, std::int64_t size) {
    PreparedImages prepared;
    for (std::size_t map = 0; map < MaterialLook::kMaps; ++map) {
        if (images[map].empty()) continue;
        const std::int64_t edge = size_for(images[map], size);
        std::size_t scaled = 0;
        std::size_t broken = 0;
        std::string first_scaled;
        for (Ref<Image> image : images[map]) {
            if (image && (image->get_width() != edge || image->get_height() != edge)) {
                if (scaled++ == 0) first_scaled = pixels(image->get_width(), image->get_height());
            }
            if (image.is_null() || !bring_to(edge, image)) {
                ++broken;
                image = blank(map, edge);
            }
            prepared.varied_alpha[map].push_back(map == MaterialLook::Albedo &&
                                                 varies_in_alpha(image));
            prepared.layers[map].append(image);
        }
        const std::string what = std::string(kMapNames[map]) + " textures";
        if (scaled > 0)
            prepared.warnings.push_back(std::string("VoxelMaterialLibrary: ")
                                            .append(std::to_string(scaled))
                                            .append(" of the ")
                                            .append(what)
                                            .append(" have another size than ")
                                            .append(pixels(edge, edge))
                                            .append(" pixels, the first of them ")
                                            .append(first_scaled)
                                            .append(", and were scaled to it. Give all textures "
                                                    "one size, or set texture_size."));
        if (broken > 0)
            prepared.warnings.push_back("VoxelMaterialLibrary: " + std::to_string(broken) +
                                        " of the " + what +
                                        " have no image that can be read, and were left out. Use "
                                        "textures that were imported or made from an Image.");
    }
    return prepared;
}

MaterialTextures::MaterialTextures(TextureList list, const PreparedImages& images)
    : list_(std::move(list)), heights_(images.varied_alpha[MaterialLook::Albedo]) {
    for (std::size_t map = 0; map < MaterialLook::kMaps; ++map) {
        if (images.layers[map].is_empty()) continue;
        arrays_[map] = make_ref<Texture2DArray>();
        arrays_[map]->create_from_images(images.layers[map]);
    }
}

MaterialLayers MaterialTextures::layers(std::size_t material) const {
    return material < list_.layers.size() ? list_.layers[material] : MaterialLayers{-1, -1, -1};
}

bool MaterialTextures::has_height(std::size_t material) const {
    const int layer = layers(material)[MaterialLook::Albedo];
    return layer >= 0 && heights_[static_cast<std::size_t>(layer)];
}

}  // namespace nebula::godot
