// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/tile_block.hpp"

#include "nebula/voxel/field/detail/tile_piece.hpp"
#include "nebula/voxel/field/generator.hpp"

#include <algorithm>
#include <array>

namespace nebula::voxel {

using detail::TilePiece;

BlockContent gather(const Volume& volume, Vec3i tile, TileBlock& out) {
    std::array<FoundBrick, 8> bricks;
    bool any_air = false;
    bool any_solid = false;
    Box3i missing;  // within the block
    for (int i = 0; i < 8; ++i) {
        const TilePiece piece(i);
        FoundBrick& found = bricks[static_cast<std::size_t>(i)];
        found = volume.read({tile + piece.offset});
        const Brick* const brick = found.get();
        if (brick != nullptr) {
            any_air |= !is_all_solid(brick);
            any_solid |= brick != &kAirBrick;
            continue;
        }
        const Vec3i end = piece.at + piece.size;
        if (missing.empty()) {
            missing = {piece.at, end};
            continue;
        }
        missing.min = {std::min(missing.min.x, piece.at.x), std::min(missing.min.y, piece.at.y),
                       std::min(missing.min.z, piece.at.z)};
        missing.max = {std::max(missing.max.x, end.x), std::max(missing.max.y, end.y),
                       std::max(missing.max.z, end.z)};
    }
    if (!missing.empty()) {
        const Vec3i origin = tile * kTileSize;
        const Region region{{missing.min + origin, missing.max + origin}, 0};
        const Range range = volume.generator().bounds(region);
        any_air |= !range.all_solid();
        any_solid |= !range.all_air();
        if (any_air && any_solid)
            volume.generator().generate(
                region,
                out.samples.data() + TileBlock::index(missing.min.x, missing.min.y, missing.min.z),
                TileBlock::kEdge, TileBlock::kEdge * TileBlock::kEdge);
    }
    if (!any_solid) return BlockContent::Air;
    if (!any_air) return BlockContent::Solid;
    for (int i = 0; i < 8; ++i) {
        const Brick* const brick = bricks[static_cast<std::size_t>(i)].get();
        if (brick == nullptr) continue;
        const TilePiece piece(i);
        for (int z = 0; z < piece.size.z; ++z)
            for (int y = 0; y < piece.size.y; ++y)
                std::copy_n(brick->samples.data() + Brick::index(0, y, z), piece.size.x,
                            out.samples.data() +
                                TileBlock::index(piece.at.x, piece.at.y + y, piece.at.z + z));
    }
    return BlockContent::Mixed;
}

}  // namespace nebula::voxel
