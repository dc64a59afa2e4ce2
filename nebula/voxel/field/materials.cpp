// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/materials.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace nebula::voxel {

namespace {

// The corners of a chunk reach into 3^3 bricks: its own, and the first layer of the next ones.
constexpr int kEdge = 3;
constexpr int kStepY = MaterialBlock::kEdge;
constexpr int kStepZ = kStepY * MaterialBlock::kEdge;

// Where brick (x, y, z) of these lies in the block, and how much of it the block reads.
Box3i piece(int x, int y, int z) noexcept {
    const Vec3i min = Vec3i{x, y, z} * kBrickSize;
    const auto end = [](int i) { return std::min((i + 1) * kBrickSize, MaterialBlock::kEdge); };
    return {min, {end(x), end(y), end(z)}};
}

template <class F>  // called with the brick and its piece
void for_each_piece(const ChunkBricks& bricks, F&& f) {
    for (int z = 0; z < kEdge; ++z)
        for (int y = 0; y < kEdge; ++y)
            for (int x = 0; x < kEdge; ++x)
                f(bricks.bricks[ChunkBricks::index(1 + x, 1 + y, 1 + z)], piece(x, y, z));
}

// The one material of the ground in a block, if that is proven.
std::optional<Material> one_material(const Generator& generator, const ChunkBricks& bricks) {
    std::optional<Material> one;
    bool differ = false;
    const auto meet = [&](Material material) {
        differ |= one.value_or(material) != material;
        one = material;
    };
    Box3i generated;  // within the block
    for_each_piece(bricks, [&](const Brick* brick, const Box3i& part) {
        if (brick == &kAirBrick) return;
        if (brick == nullptr || brick->placed.none())
            generated = box_around(generated, part);
        else if (brick->placed.array() != nullptr)
            differ = true;
        else
            meet(brick->placed.uniform());
    });
    if (differ) return {};
    if (!generated.empty()) {
        const Vec3i origin = bricks.chunk.at * kChunkSize;
        const Box3i box{generated.min + origin, generated.max + origin};
        const std::optional<Material> all = generator.uniform_material({box, bricks.chunk.level});
        if (!all) return {};
        meet(*all);
    }
    if (differ) return {};
    return one.value_or(Material{0});
}

void copy_placed(const Brick& brick, const Box3i& part, MaterialBlock& out) noexcept {
    const Vec3i size = part.max - part.min;
    for (int z = 0; z < size.z; ++z)
        for (int y = 0; y < size.y; ++y) {
            const std::size_t from = Brick::index(0, y, z);
            Material* const row = out.materials.data() +
                                  MaterialBlock::index(part.min.x, part.min.y + y, part.min.z + z);
            for (int x = 0; x < size.x; ++x) {
                const Material placed = brick.placed_at(from + static_cast<std::size_t>(x));
                if (placed != kNotPlaced) row[x] = placed | MaterialBlock::kPlaced;
            }
        }
}

}  // namespace

void fill_materials(const Region& region, Material material, Material* out, std::ptrdiff_t stride_y,
                    std::ptrdiff_t stride_z) noexcept {
    const Vec3i size = region.box.max - region.box.min;
    for (std::int32_t z = 0; z < size.z; ++z)
        for (std::int32_t y = 0; y < size.y; ++y)
            std::memset(out + y * stride_y + z * stride_z, material,
                        static_cast<std::size_t>(size.x));
}

void read_materials(const Generator& generator, const Region& region, Material* out,
                    std::ptrdiff_t stride_y, std::ptrdiff_t stride_z) {
    if (const std::optional<Material> all = generator.uniform_material(region))
        fill_materials(region, *all, out, stride_y, stride_z);
    else
        generator.generate_materials(region, out, stride_y, stride_z);
}

void read_placed(const Brick& brick, Vec3i at, const Region& region, Material* out,
                 std::ptrdiff_t stride_y, std::ptrdiff_t stride_z) noexcept {
    const Box3i voxels = brick_region({at, region.level}).box;
    const Box3i part = intersection(voxels, region.box);
    for (std::int32_t z = part.min.z; z < part.max.z; ++z)
        for (std::int32_t y = part.min.y; y < part.max.y; ++y) {
            const Vec3i in = Vec3i{part.min.x, y, z} - voxels.min;
            const Vec3i to = Vec3i{part.min.x, y, z} - region.box.min;
            const std::size_t from = Brick::index(in.x, in.y, in.z);
            Material* const row = out + to.x + to.y * stride_y + to.z * stride_z;
            for (std::int32_t x = 0; x < part.max.x - part.min.x; ++x) {
                const Material placed = brick.placed_at(from + static_cast<std::size_t>(x));
                if (placed != kNotPlaced) row[x] = placed;
            }
        }
}

void gather_materials(const Generator& generator, const ChunkSources& sources, MaterialBlock& out) {
    const ChunkBricks& bricks = sources.bricks;
    const std::optional<Material> one = one_material(generator, bricks);
    out.is_uniform = one.has_value();
    out.uniform = one.value_or(Material{0});
    out.is_coarse = bricks.chunk.level > 0;
    if (one) return;
    const Vec3i origin = bricks.chunk.at * kChunkSize;
    const Vec3i size{MaterialBlock::kEdge, MaterialBlock::kEdge, MaterialBlock::kEdge};
    read_materials(generator, {{origin, origin + size}, bricks.chunk.level}, out.materials.data(),
                   kStepY, kStepZ);
    for_each_piece(bricks, [&](const Brick* brick, const Box3i& part) {
        if (brick != nullptr && !brick->placed.none()) copy_placed(*brick, part, out);
    });
}

Material material_of(const Volume& volume, Vec3i point) {
    const BrickId id{floor_div(point, kBrickSize)};
    if (const FoundBrick brick = volume.read(id)) {
        const Vec3i in = floor_mod(point, kBrickSize);
        const Material placed = brick->placed_at(Brick::index(in.x, in.y, in.z));
        if (placed != kNotPlaced) return placed;
    }
    Material generated = 0;
    read_materials(volume.generator(), {{point, point + Vec3i{1, 1, 1}}, 0}, &generated, 1, 1);
    return generated;
}

}  // namespace nebula::voxel
