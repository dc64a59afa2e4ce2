// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/tile_materials.hpp"

#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/detail/tile_piece.hpp"
#include "nebula/voxel/field/materials.hpp"

#include <cstddef>
#include <optional>

namespace nebula::voxel {

using detail::TilePiece;

namespace {

Region region_of(Vec3i tile) {
    constexpr Vec3i size{TileBlock::kEdge, TileBlock::kEdge, TileBlock::kEdge};
    const Vec3i origin = tile * kTileSize;
    return {{origin, origin + size}, 0};
}

// The one material of all corners, if that is proven.
std::optional<Material> one_material(const Generator& generator, Vec3i tile,
                                     const TilePlaced& placed) {
    std::optional<Material> one;
    bool asked = false;
    for (const PlacedMaterials& brick : placed) {
        if (brick.array() != nullptr) return {};
        if (brick.none() && asked) continue;
        const std::optional<Material> its =
            brick.none() ? generator.uniform_material(region_of(tile)) : brick.uniform();
        asked |= brick.none();
        if (!its || one.value_or(*its) != *its) return {};
        one = its;
    }
    return one;
}

void copy_placed(const PlacedMaterials& brick, const TilePiece& piece, TileMaterials& out) {
    for (int z = 0; z < piece.size.z; ++z)
        for (int y = 0; y < piece.size.y; ++y) {
            const std::size_t from = Brick::index(0, y, z);
            Material* const row =
                out.materials.data() + TileBlock::index(piece.at.x, piece.at.y + y, piece.at.z + z);
            for (int x = 0; x < piece.size.x; ++x) {
                const Material material = brick.at(from + static_cast<std::size_t>(x));
                if (material != kNotPlaced) row[x] = material;
            }
        }
}

}  // namespace

TilePlaced placed_in(const Volume& volume, Vec3i tile) {
    TilePlaced placed;
    for (int i = 0; i < 8; ++i)
        if (const FoundBrick brick = volume.read({tile + TilePiece(i).offset}))
            placed[static_cast<std::size_t>(i)] = brick->placed;
    return placed;
}

void gather_materials(const Generator& generator, Vec3i tile, const TilePlaced& placed,
                      TileMaterials& out) {
    const std::optional<Material> one = one_material(generator, tile, placed);
    out.is_uniform = one.has_value();
    out.uniform = one.value_or(Material{0});
    if (one) return;
    read_materials(generator, region_of(tile), out.materials.data(), TileBlock::kEdge,
                   TileBlock::kEdge * TileBlock::kEdge);
    for (int i = 0; i < 8; ++i)
        if (const PlacedMaterials& brick = placed[static_cast<std::size_t>(i)]; !brick.none())
            copy_placed(brick, TilePiece(i), out);
}

}  // namespace nebula::voxel
