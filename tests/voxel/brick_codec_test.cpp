// SPDX-License-Identifier: MIT
#include "stored_bricks.hpp"
#include "world_samples.hpp"

#include "nebula/voxel/store/brick_codec.hpp"
#include "nebula/voxel/store/brick_keys.hpp"
#include "nebula/voxel/store/seal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <set>
#include <span>
#include <vector>

namespace nebula::voxel {
namespace {

std::vector<std::byte> encoded(const Brick& brick) {
    BrickEncoder encoder;
    std::vector<std::byte> bytes;
    encoder.append(brick, bytes);
    return bytes;
}

BrickPtr noise(std::uint32_t seed) {
    std::mt19937 dice(seed);
    Brick brick;
    for (Sample& s : brick.samples) s = static_cast<Sample>(1 + dice() % kSampleMax);
    return make_brick(brick);
}

// Of its ground: in layers, or anything.
template <class F>  // called with the index, returns a material
Brick with_materials(const Brick& brick, F&& material) {
    auto materials = std::make_shared<PlacedMaterials::Array>();
    for (std::size_t i = 0; i < kBrickSamples; ++i)
        (*materials)[i] = is_inside(brick.samples[i]) ? material(i) : kNotPlaced;
    Brick with = brick;
    with.placed = PlacedMaterials::mixed(std::move(materials));
    return with;
}
Brick with_layers(const Brick& brick) {
    return with_materials(brick,
                          [](std::size_t i) { return static_cast<Material>(i / 64 % 16 / 4); });
}
Brick with_noise(const Brick& brick) {
    std::mt19937 dice(5);
    return with_materials(brick, [&](std::size_t) { return static_cast<Material>(dice() % 128); });
}

TEST(BrickCodec, EveryBrickComesBackAsItWas) {
    BrickDecoder decoder;
    const auto expect_same = [&](const Brick& brick) {
        const auto bytes = encoded(brick);
        EXPECT_LE(bytes.size(), kMostBrickBytes);
        const BrickPtr back = decoder.decode(bytes);
        ASSERT_NE(back, nullptr);
        EXPECT_EQ(back->samples, brick.samples);
        EXPECT_EQ(back->placed, brick.placed);
        EXPECT_EQ(hash_of(*back), hash_of(brick));
    };
    for (const std::uint64_t seed : {1U, 2U, 3U}) expect_same(*brick_of_seed(seed));
    expect_same(*noise(1));  // gains nothing by compression
    Brick brick;
    brick.samples.fill(-3);
    expect_same(brick);
    EXPECT_EQ(encoded(brick).size(), 3U);
    EXPECT_EQ(decoder.decode(encoded(kSolidBrick)).get(), &kSolidBrick) << "owns no memory";
    const auto hills = low_hills();
    hills->generate(brick_region({{0, -1, 0}, 0}), brick.samples.data(), kBrickSize,
                    kBrickSize * kBrickSize);
    expect_same(brick);
    EXPECT_LT(encoded(brick).size(), 1100U);
    // With materials.
    const std::size_t plain = encoded(brick).size();
    brick.placed = PlacedMaterials::uniform(7);
    expect_same(brick);
    EXPECT_EQ(encoded(brick).size(), plain + 3);
    EXPECT_EQ(encoded(*solid_brick(9)).size(), 6U);
    EXPECT_EQ(decoder.decode(encoded(*solid_brick(9))).get(), solid_brick(9)) << "owns no memory";
    expect_same(with_layers(brick));
    EXPECT_LT(encoded(with_layers(brick)).size(), plain + 400);
    expect_same(with_noise(brick));
    for (Sample& s : brick.samples) s = static_cast<Sample>(-1 - (s & 63));
    expect_same(with_noise(brick));  // gains nothing by compression
}

TEST(BrickCodec, RefusesMaterialsThatNoBrickHas) {
    BrickDecoder decoder;
    const auto refuses = [&](const Brick& brick) {
        return decoder.decode(encoded(brick)) == nullptr;
    };
    Brick brick(kSampleMin);
    brick.placed = PlacedMaterials::uniform(127);
    EXPECT_FALSE(refuses(brick));
    brick.placed = PlacedMaterials::uniform(128);
    EXPECT_TRUE(refuses(brick)) << "there is no such material";
    brick.samples.fill(kSampleMax);
    brick.placed = PlacedMaterials::uniform(5);
    EXPECT_TRUE(refuses(brick)) << "air has none";
    brick.samples.fill(kSampleMin);
    brick.samples[77] = 3;
    const auto with = [&](std::size_t at, Material material) {
        auto materials = std::make_shared<PlacedMaterials::Array>();
        materials->fill(kNotPlaced);
        (*materials)[at] = material;
        brick.placed = PlacedMaterials::mixed(materials);
        return brick;
    };
    EXPECT_FALSE(refuses(with(76, 9)));
    EXPECT_TRUE(refuses(with(77, 9))) << "that point is air";
    EXPECT_TRUE(refuses(with(76, 200)));
    EXPECT_TRUE(refuses(with(76, kNotPlaced))) << "that is a brick without any";
    auto bytes = encoded(with(76, 9));
    bytes.push_back(std::byte{0});
    EXPECT_EQ(decoder.decode(bytes), nullptr);
}

// Any bytes give null or a brick without a 0, and nothing is read beyond them: each input is a block
// of the heap of its own, which the address sanitizer watches.
TEST(BrickCodec, DamagedBytesGiveNoBrickOrAValidOne) {
    const bool is_long = std::getenv("NEBULA_LONG") != nullptr;
    const int rounds = is_long ? 1'000'000 : 3000;
    std::mt19937_64 dice(7);
    BrickDecoder decoder;
    const std::vector<std::vector<std::byte>> originals{encoded(*brick_of_seed(1)),
                                                        encoded(*noise(2)),
                                                        encoded(kAirBrick),
                                                        encoded(*solid_brick(3)),
                                                        encoded(with_layers(*brick_of_seed(3))),
                                                        encoded(with_noise(*brick_of_seed(4)))};
    for (int i = 0; i < rounds; ++i) {
        std::vector<std::byte> bytes = originals[dice() % originals.size()];
        switch (dice() % 4) {
            case 0:
                bytes.resize(dice() % (bytes.size() + 1));
                break;
            case 1:
                bytes.resize(bytes.size() + dice() % 16);
                break;
            case 2:
                for (std::byte& b : bytes) b = static_cast<std::byte>(dice());
                bytes[0] = std::byte{1};
                if (bytes.size() > 1) bytes[1] = static_cast<std::byte>(1 + dice() % 3);
                break;
            default:
                for (std::uint64_t n = 1 + dice() % 4; n > 0; --n)
                    bytes[dice() % bytes.size()] ^= static_cast<std::byte>(1 + dice() % 255);
        }
        bytes.shrink_to_fit();
        const BrickPtr brick = decoder.decode(bytes);
        if (brick == nullptr) continue;
        ASSERT_TRUE(std::ranges::none_of(
            brick->samples, [](Sample s) { return s == 0 || s < kSampleMin || s > kSampleMax; }))
            << "round " << i;
        for (std::size_t at = 0; at < kBrickSamples; ++at) {
            const Material placed = brick->placed_at(at);
            ASSERT_TRUE(placed < kMaterials || placed == kNotPlaced) << "round " << i;
        }
        (void)hash_of(*brick);
    }
}

TEST(BrickCodec, ABrickWithAChannelThatIsNotKnownIsRefused) {
    auto bytes = encoded(kAirBrick);
    for (const int b : {3, 1, 5}) bytes.push_back(static_cast<std::byte>(b));
    EXPECT_EQ(BrickDecoder().decode(bytes), nullptr);
}

TEST(Seal, OnlyTheSameBytesUnderTheSameIdAreAccepted) {
    std::vector<std::byte> bytes(20, std::byte{3});
    seal(5, bytes);
    ASSERT_TRUE(unseal(5, bytes));
    EXPECT_EQ(unseal(5, bytes)->size(), 20U);
    EXPECT_FALSE(unseal(6, bytes));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] ^= std::byte{0x10};
        EXPECT_FALSE(unseal(5, bytes)) << i;
        bytes[i] ^= std::byte{0x10};
    }
    EXPECT_FALSE(unseal(5, std::span(bytes).first(3)));
}

TEST(BrickKey, NamesEachBrickOfTheWorldAndNoOther) {
    std::set<BrickKey> keys;
    std::size_t bricks = 0;
    for (Level level = 0; level < kLevels; ++level) {
        const std::int32_t half = 1 << (20 - level);
        for (const std::int32_t x : {-half, -8, -1, 0, half - 1})
            for (const std::int32_t y : {-half, 7, half - 1})
                for (const std::int32_t z : {-half, -9, half - 1}) {
                    const BrickId brick{{x, y, z}, level};
                    const auto key = key_of(brick);
                    ASSERT_TRUE(key);
                    EXPECT_EQ(brick_of(*key), brick);
                    keys.insert(*key);
                    ++bricks;
                }
        EXPECT_FALSE(key_of({{half, 0, 0}, level}));
        EXPECT_FALSE(key_of({{0, -half - 1, 0}, level}));
    }
    EXPECT_EQ(keys.size(), bricks);
    EXPECT_FALSE(key_of({{}, -1}));
    EXPECT_FALSE(key_of({{}, kLevels}));
    EXPECT_EQ(*key_of({{0, 0, 0}, 2}) >> BrickKeys::kPageBits,
              *key_of({{7, 7, 7}, 2}) >> BrickKeys::kPageBits);
    EXPECT_NE(*key_of({{0, 0, 0}, 2}) >> BrickKeys::kPageBits,
              *key_of({{8, 7, 7}, 2}) >> BrickKeys::kPageBits);
    // Words that are no keys.
    EXPECT_FALSE(brick_of(0));
    EXPECT_FALSE(brick_of(1));
    EXPECT_FALSE(brick_of(std::uint64_t{1} << 62U));
    EXPECT_FALSE(brick_of(std::uint64_t{1} << 27U)) << "a level that does not exist";
}

}  // namespace
}  // namespace nebula::voxel
