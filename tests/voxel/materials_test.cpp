// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/materials.hpp"

#include "world_samples.hpp"

#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/query/material_at.hpp"
#include "nebula/voxel/query/raycast.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

Brick generated(const Volume& volume, BrickId id) {
    Brick brick;
    volume.generator().generate(brick_region(id), brick.samples.data(), kBrickSize,
                                kBrickSize * kBrickSize);
    return brick;
}

void place(Volume& volume, BrickId id, Brick brick) {
    std::vector<EditedBrick> bricks;
    bricks.push_back({id, make_brick(brick)});
    volume.publish_edited(volume.prepare(std::move(bricks)));
}

Brick with_random_materials(Brick brick, Dice& dice) {
    auto materials = std::make_shared<PlacedMaterials::Array>();
    for (std::size_t i = 0; i < kBrickSamples; ++i)
        (*materials)[i] = is_inside(brick.samples[i]) && dice.whole(0, 2) > 0
                              ? static_cast<Material>(dice.whole(0, kMaterials - 1))
                              : kNotPlaced;
    brick.placed = PlacedMaterials::mixed(std::move(materials));
    return brick;
}

TEST(Brick, SolidOnesOfAMaterialAreSharedAndOwnNoMemory) {
    Brick brick(kSampleMin);
    std::set<const Brick*> shared{&kSolidBrick, &kAirBrick};
    std::set<std::uint64_t> hashes{hash_of(kSolidBrick), hash_of(kAirBrick)};
    for (int m = 0; m < kMaterials; ++m) {
        brick.placed = PlacedMaterials::uniform(static_cast<Material>(m));
        const BrickPtr kept = make_brick(brick);
        EXPECT_EQ(kept.get(), solid_brick(static_cast<Material>(m)));
        EXPECT_TRUE(is_uniform(kept.get()) && is_all_solid(kept.get()));
        EXPECT_EQ(bytes_of(kept.get()), 0U);
        EXPECT_EQ(kept->placed_at(77), m);
        shared.insert(kept.get());
        hashes.insert(hash_of(*kept));
    }
    EXPECT_EQ(shared.size(), kMaterials + 2U);
    EXPECT_EQ(hashes.size(), kMaterials + 2U);
    EXPECT_FALSE(is_all_solid(&kAirBrick) || is_uniform(&brick));
}

TEST(Brick, PlacedMaterialsCountInItsHashAndItsMemory) {
    Dice dice(1);
    Volume volume(layered_hills());
    const Brick plain = generated(volume, {{0, 0, 0}});
    const Brick mixed = with_random_materials(plain, dice);
    Brick one = plain;
    one.placed = PlacedMaterials::uniform(0);
    EXPECT_EQ(std::set({hash_of(plain), hash_of(mixed), hash_of(one)}).size(), 3U);
    EXPECT_EQ(hash_of(mixed), hash_of(Brick(mixed)));
    EXPECT_EQ(bytes_of(make_brick(mixed).get()), sizeof(Brick) + kBrickSamples);
    EXPECT_EQ(bytes_of(make_brick(one).get()), sizeof(Brick));
    const std::size_t before = volume.bytes();
    place(volume, {{0, 0, 0}}, plain);
    const std::size_t with_plain = volume.bytes();
    place(volume, {{0, 0, 0}}, mixed);
    EXPECT_EQ(volume.bytes(), with_plain + kBrickSamples);
    EXPECT_GT(with_plain, before);
    place(volume, {{0, 0, 0}}, one);
    EXPECT_EQ(volume.bytes(), with_plain);
}

MaterialBlock& gathered(const Volume& volume, ChunkId chunk) {
    static const auto kBlock = std::make_unique<MaterialBlock>();
    kBlock->materials.fill(kNotPlaced);
    gather_materials(volume.generator(), volume.look_up(chunk, 0), *kBlock);
    return *kBlock;
}

// Of all corners in the ground, whichever bricks there are, on every level.
TEST(GatherMaterials, GivesTheMaterialOfEveryCornerInTheGround) {
    Volume volume(layered_hills());
    Dice dice(2);
    int uniform = 0;
    for (int round = 0; round < 60; ++round) {
        const Level level = round % 3;
        const BrickId id{{dice.whole(-3, 2), dice.whole(-2, 1), dice.whole(-3, 2)}, level};
        Brick brick = generated(volume, id);
        if (dice.whole(0, 2) == 0)
            brick.placed = PlacedMaterials::uniform(static_cast<Material>(dice.whole(0, 9)));
        else if (dice.whole(0, 1) == 0)
            brick = with_random_materials(std::move(brick), dice);
        place(volume, id, std::move(brick));
        const ChunkId chunk{{dice.whole(-2, 1), dice.whole(-1, 0), dice.whole(-2, 1)}, level};
        const MaterialBlock& block = gathered(volume, chunk);
        uniform += block.is_uniform ? 1 : 0;
        for (int i = 0; i < 2000; ++i) {
            const auto corner = [&] { return dice.whole(0, MaterialBlock::kEdge - 1); };
            const Vec3i in{corner(), corner(), corner()};
            const Vec3i p = chunk.at * kChunkSize + in;
            if (!is_inside(sample_of(volume, p, level))) continue;
            ASSERT_EQ(block.at(in.x, in.y, in.z) % kMaterials, material_of(volume, p, level))
                << "round " << round << " at " << p.x << ' ' << p.y << ' ' << p.z;
        }
    }
    EXPECT_LT(uniform, 60);
}

TEST(GatherMaterials, IsUniformWhereThatIsProven) {
    Volume plain(low_hills());
    EXPECT_TRUE(gathered(plain, {{0, -1, 0}}).is_uniform);
    EXPECT_EQ(gathered(plain, {{0, -1, 0}}).uniform, 0);
    Volume volume(layered_hills());
    EXPECT_FALSE(gathered(volume, {{0, -1, 0}}).is_uniform);
    EXPECT_EQ(gathered(volume, {{0, -3, 0}}).uniform, 3) << "deep rock";
    EXPECT_TRUE(gathered(volume, {{0, -3, 0}}).is_uniform);
    // A ball of one material in the sky: air has no say.
    Volume sky(std::make_shared<FlatGenerator>(-1000.0F, kLayers));
    Brick ball(kSampleMin);
    ball.placed = PlacedMaterials::uniform(9);
    for (int i = 0; i < 27; ++i) {
        const Vec3i at{i % 3, i / 3 % 3, i / 9};
        place(sky, {at}, i == 13 ? ball : Brick(kSampleMax));
    }
    EXPECT_TRUE(gathered(sky, {{0, 0, 0}}).is_uniform);
    EXPECT_EQ(gathered(sky, {{0, 0, 0}}).uniform, 9);
}

TEST(MaterialAt, IsThatOfTheNearestGroundInTheCell) {
    Volume volume(std::make_shared<FlatGenerator>(0.5F, kLayers));
    EXPECT_EQ(material_at(volume, {0.2F, 0.9F, 0.2F}).value(), 1);
    EXPECT_EQ(material_at(volume, {0.2F, -5.1F, 0.2F}).value(), 2);
    EXPECT_EQ(material_at(volume, {0.2F, -50.0F, 0.2F}).value(), 3);
    EXPECT_FALSE(material_at(volume, {0.2F, 1.1F, 0.2F}).value()) << "that cell is air";
    Brick ground(kSampleMin);
    ground.placed = PlacedMaterials::uniform(8);
    place(volume, {{0, 2, 0}}, ground);
    EXPECT_EQ(material_at(volume, {3, 32.4F, 3}).value(), 8);
    EXPECT_EQ(material_at(volume, {NAN, 0, 0}).error().kind, VoxelError::Kind::NotFinite);
    EXPECT_EQ(material_at(volume, {3e7F, 0, 0}).error().kind, VoxelError::Kind::OutsideWorld);
}

TEST(Raycaster, TellsTheMaterialThatItHits) {
    Volume volume(std::make_shared<FlatGenerator>(0.5F, kLayers));
    Raycaster rays(volume);
    const auto material = [&](Vec3f from, Vec3f direction) {
        return int{rays.cast(from, direction, 100).value().value().material};
    };
    EXPECT_EQ(material({3.3F, 50, 3.3F}, {0.1F, -1, 0}), 1);
    EXPECT_EQ(material({3.3F, -50, 3.3F}, {0.1F, -1, 0}), 3) << "from inside the ground";
    Brick ground(kSampleMin);
    ground.placed = PlacedMaterials::uniform(8);
    place(volume, {{0, 1, 0}}, ground);
    EXPECT_EQ(material({3.3F, 50, 3.3F}, {0.1F, -1, 0}), 8);
}

}  // namespace
}  // namespace nebula::voxel
