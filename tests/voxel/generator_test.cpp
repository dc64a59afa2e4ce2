// SPDX-License-Identifier: MIT
#include "world_samples.hpp"

#include "nebula/voxel/gen/noise_generator.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace nebula::voxel {
namespace {

struct World {
    std::string name;
    std::shared_ptr<const Generator> generator;
    Vec3i around;  // where its surface is
};

void PrintTo(const World& world, std::ostream* out) { *out << world.name; }

NoiseSettings hills() {
    NoiseSettings s;
    s.layers = kLayers;
    return s;
}
NoiseSettings warped() {
    NoiseSettings s;
    s.warp = 40.0F;
    s.seed = 7;
    return s;
}
NoiseSettings overhanging() {
    NoiseSettings s;
    s.overhang = 32.0F;
    s.overhang_period = 24.0F;
    s.seed = 11;
    s.layers = kLayers;
    s.steep = 4;
    s.steep_slope = 0.5F;
    return s;
}
NoiseSettings jagged() {
    NoiseSettings s;
    s.period = 23.0F;
    s.amplitude = 60.0F;
    s.gain = 0.7F;
    s.lacunarity = 1.7F;
    s.octaves = 9;
    return s;
}

std::vector<World> worlds() {
    return {
        {"hills", std::make_shared<NoiseGenerator>(hills()), {0, 0, 0}},
        {"hills far away", std::make_shared<NoiseGenerator>(hills()), {12'345'678, 0, -9'000'001}},
        {"warped", std::make_shared<NoiseGenerator>(warped()), {0, 0, 0}},
        {"overhanging", std::make_shared<NoiseGenerator>(overhanging()), {0, 0, 0}},
        {"jagged", std::make_shared<NoiseGenerator>(jagged()), {0, 0, 0}},
        {"flat", std::make_shared<FlatGenerator>(3.25F, kLayers), {0, 3, 0}},
        {"sphere", std::make_shared<SphereGenerator>(Vec3f{1, 2, 3}, 40.0F, kLayers), {0, 0, 0}},
        {"function",
         std::make_shared<FunctionGenerator>(
             [](Vec3f p) { return p.y - std::sin(p.x * 0.1F) * 8.0F; }),
         {0, 0, 0}}};
}

class Generators : public testing::TestWithParam<World> {};

Box3i random_box(Dice& dice, Vec3i around, int largest) {
    const Vec3i min =
        around + Vec3i{dice.whole(-150, 150), dice.whole(-80, 80), dice.whole(-150, 150)};
    return {min,
            min + Vec3i{dice.whole(1, largest), dice.whole(1, largest), dice.whole(1, largest)}};
}

std::vector<Sample> samples(const Generator& generator, const Box3i& box, Level level = 0) {
    const Vec3i size = box.max - box.min;
    std::vector<Sample> out(static_cast<std::size_t>(size.x) * static_cast<std::size_t>(size.y) *
                            static_cast<std::size_t>(size.z));
    generator.generate({box, level}, out.data(), size.x, std::ptrdiff_t{size.x} * size.y);
    return out;
}

// The contract that keeps seams shut. A box wider than any tile is among them.
TEST_P(Generators, AreBitEqualHoweverTheBoxIsSplit) {
    const Generator& generator = *GetParam().generator;
    Dice dice(1);
    for (int round = 0; round < 12; ++round) {
        Box3i box = random_box(dice, GetParam().around, 20);
        if (round % 4 == 0) box.max.x = box.min.x + 150;
        const Level level = round % 3;
        const std::vector<Sample> whole = samples(generator, box, level);
        std::size_t i = 0;
        for (std::int32_t z = box.min.z; z < box.max.z; ++z)
            for (std::int32_t y = box.min.y; y < box.max.y; ++y)
                for (std::int32_t x = box.min.x; x < box.max.x; ++x, ++i)
                    ASSERT_EQ(whole[i], sample_of(generator, {x, y, z}, level))
                        << "round " << round << " at " << x << ' ' << y << ' ' << z;
    }
}

// Where two levels meet, they share points. A strip tears if they disagree about a sign, and a
// distance is the same distance, in units that are rounded once.
TEST_P(Generators, GiveTheSameDistanceAtEveryLevel) {
    const Generator& generator = *GetParam().generator;
    Dice dice(7);
    for (int round = 0; round < 40; ++round) {
        const Level level = dice.whole(1, 8);
        const Vec3i around{GetParam().around.x >> level, GetParam().around.y >> level,
                           GetParam().around.z >> level};
        const Vec3i min = around + Vec3i{dice.whole(-9, 1), dice.whole(-9, 1), dice.whole(-9, 1)};
        const Box3i box{min, min + Vec3i{8, 8, 8}};
        const std::vector<Sample> coarse = samples(generator, box, level);
        std::size_t i = 0;
        for (std::int32_t z = box.min.z; z < box.max.z; ++z)
            for (std::int32_t y = box.min.y; y < box.max.y; ++y)
                for (std::int32_t x = box.min.x; x < box.max.x; ++x, ++i) {
                    const Sample fine = sample_of(generator, to_level_0({x, y, z}, level));
                    ASSERT_EQ(is_inside(coarse[i]), is_inside(fine))
                        << "level " << level << " at " << x << ' ' << y << ' ' << z;
                    if (fine == kSampleMin || fine == kSampleMax) continue;
                    const double expected = fine / static_cast<double>(voxel_size(level));
                    ASSERT_NEAR(coarse[i], expected, 1.0);
                }
    }
}

TEST_P(Generators, StoreNoZero) {
    Dice dice(2);
    for (int round = 0; round < 30; ++round)
        for (const Sample s :
             samples(*GetParam().generator, random_box(dice, GetParam().around, 40)))
            ASSERT_TRUE(s >= kSampleMin && s != 0);
}

TEST_P(Generators, NeverWriteOutsideTheirBounds) {
    const Generator& generator = *GetParam().generator;
    Dice dice(3);
    int proven = 0;
    for (int round = 0; round < 300; ++round) {
        const Box3i box = random_box(dice, GetParam().around, round % 2 == 0 ? 40 : 6);
        const Level level = round % 7 == 0 ? dice.whole(1, 6) : 0;
        const Range range = generator.bounds({box, level});
        proven += range.all_air() || range.all_solid() ? 1 : 0;
        for (const Sample s : samples(generator, box, level)) {
            ASSERT_GE(s, range.min) << "round " << round;
            ASSERT_LE(s, range.max) << "round " << round;
        }
    }
    if (GetParam().name != "function") {
        EXPECT_GT(proven, 60) << "bounds prove too little to be of use";
    }
}

// A mask of an edit may ask for a material, so levels that share a point must agree about it.
TEST_P(Generators, GiveTheSameMaterialAtEveryLevelHoweverTheBoxIsSplit) {
    const Generator& generator = *GetParam().generator;
    Dice dice(8);
    std::set<Material> seen;
    int proven = 0;
    for (int round = 0; round < 120; ++round) {
        const Level level = dice.whole(0, 6);
        const Vec3i around{GetParam().around.x >> level, GetParam().around.y >> level,
                           GetParam().around.z >> level};
        const Vec3i min =
            around + Vec3i{dice.whole(-60, 60), dice.whole(-60, 40), dice.whole(-60, 60)};
        const Vec3i size{dice.whole(1, 9), dice.whole(1, 9), dice.whole(1, 9)};
        std::vector<Material> box(static_cast<std::size_t>(size.x * size.y * size.z));
        const Region region{{min, min + size}, level};
        generator.generate_materials(region, box.data(), size.x, std::ptrdiff_t{size.x} * size.y);
        const std::optional<Material> one = generator.uniform_material(region);
        proven += one ? 1 : 0;
        std::size_t i = 0;
        for (std::int32_t z = 0; z < size.z; ++z)
            for (std::int32_t y = 0; y < size.y; ++y)
                for (std::int32_t x = 0; x < size.x; ++x, ++i) {
                    const Vec3i p = to_level_0(min + Vec3i{x, y, z}, level);
                    ASSERT_EQ(box[i], material_of(generator, p, 0)) << "round " << round;
                    if (one) {
                        ASSERT_EQ(box[i], *one) << "round " << round;
                    }
                    seen.insert(box[i]);
                }
    }
    EXPECT_GT(proven, 20);
    const bool has_layers =
        GetParam().name == "hills" || GetParam().name == "flat" || GetParam().name == "sphere";
    EXPECT_EQ(seen.size(), has_layers ? 3U : seen.size());
}

TEST_P(Generators, HaveBothAirAndGround) {
    Dice dice(4);
    bool air = false;
    bool ground = false;
    for (int round = 0; round < 40; ++round)
        for (const Sample s :
             samples(*GetParam().generator, random_box(dice, GetParam().around, 40)))
            (is_inside(s) ? ground : air) = true;
    EXPECT_TRUE(air && ground);
}

INSTANTIATE_TEST_SUITE_P(Worlds, Generators, testing::ValuesIn(worlds()));

TEST(NoiseGenerator, TheSurfaceLiesAtTheHeightItNames) {
    const NoiseGenerator noise(hills());
    Dice dice(5);
    for (int i = 0; i < 500; ++i) {
        const std::int32_t x = dice.whole(-5000, 5000);
        const std::int32_t z = dice.whole(-5000, 5000);
        const auto ground = static_cast<std::int32_t>(std::floor(noise.height(x, z)));
        EXPECT_TRUE(is_inside(sample_of(noise, {x, ground - 1, z})));
        EXPECT_FALSE(is_inside(sample_of(noise, {x, ground + 1, z})));
        EXPECT_LE(std::abs(noise.height(x, z)), noise.settings().amplitude);
    }
}

// A row is quantised by vector code of its own; the contract's function is the judge.
TEST(NoiseGenerator, RowsQuantiseAsQuantizeDoes) {
    NoiseSettings flat;
    flat.amplitude = 0.0F;
    for (const float base : {0.0F, 0.25F, 0.499F, 0.5F, -3.97F, 0.984375F}) {
        flat.base_height = base;
        const NoiseGenerator noise(flat);
        for (std::int32_t y = -8; y <= 8; ++y)
            EXPECT_EQ(sample_of(noise, {3, y, 5}), quantize(static_cast<float>(y) - base))
                << "base " << base << " y " << y;
    }
}

// Samples near the surface must be distances, or normals and raycasts are off: along the normal the
// sample has to change by one voxel per voxel. Tangent planes miss curvature, hence the tolerance.
TEST(NoiseGenerator, SamplesChangeByOneVoxelPerVoxelAcrossTheSurface) {
    const NoiseGenerator noise(hills());
    Dice dice(6);
    double error = 0;
    int counted = 0;
    for (int i = 0; i < 2000; ++i) {
        const std::int32_t x = dice.whole(-3000, 3000);
        const std::int32_t z = dice.whole(-3000, 3000);
        const auto y = static_cast<std::int32_t>(std::floor(noise.height(x, z)));
        const auto slope = [&](Vec3i d) {
            return 0.5F * (to_distance(sample_of(noise, Vec3i{x, y, z} + d)) -
                           to_distance(sample_of(noise, Vec3i{x, y, z} - d)));
        };
        const Vec3f g{slope({1, 0, 0}), slope({0, 1, 0}), slope({0, 0, 1})};
        error += std::abs(std::sqrt(dot(g, g)) - 1.0F);
        ++counted;
    }
    EXPECT_LT(error / counted, 0.1);
}

TEST(NoiseGenerator, OverhangsFoldTheSurface) {
    const NoiseGenerator noise(overhanging());
    int folds = 0;
    for (std::int32_t x = 0; x < 200; ++x)
        for (std::int32_t z = 0; z < 200; z += 8) {
            int crossings = 0;
            const Box3i column{{x, -70, z}, {x + 1, 70, z + 1}};
            std::vector<Sample> up(140);
            noise.generate({column}, up.data(), 1, 140);
            for (std::size_t i = 1; i < up.size(); ++i)
                crossings += is_inside(up[i]) != is_inside(up[i - 1]) ? 1 : 0;
            folds += crossings > 1 ? 1 : 0;
        }
    EXPECT_GT(folds, 10);
}

// The same world on every machine: golden values, of samples and not of floats.
TEST(NoiseGenerator, TheWorldOfASeedNeverChanges) {
    const auto hash = [](const NoiseSettings& settings) {
        std::uint64_t h = 0xCBF29CE484222325ULL;
        for (const Sample s : samples(NoiseGenerator(settings), {{-40, -20, 100}, {40, 20, 140}}))
            h = (h ^ static_cast<std::uint8_t>(s)) * 0x100000001B3ULL;
        return h;
    };
    EXPECT_EQ(hash(hills()), 4635713135859919684ULL);
    EXPECT_EQ(hash(warped()), 17439078144073033836ULL);
    EXPECT_EQ(hash(overhanging()), 13891496548876305719ULL);
}

TEST(NoiseGenerator, RefusesSettingsOutOfTheirRange) {
    const auto refuses = [](auto change) {
        NoiseSettings s;
        change(s);
        try {
            const NoiseGenerator noise(s);
        } catch (const std::invalid_argument&) {
            return true;
        }
        return false;
    };
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float infinite = std::numeric_limits<float>::infinity();
    EXPECT_TRUE(refuses([](NoiseSettings& s) { s.octaves = 0; }));
    EXPECT_TRUE(refuses([](NoiseSettings& s) { s.octaves = 13; }));
    EXPECT_TRUE(refuses([](NoiseSettings& s) { s.period = 0.0F; }));
    EXPECT_TRUE(refuses([&](NoiseSettings& s) { s.period = infinite; }));
    EXPECT_TRUE(refuses([&](NoiseSettings& s) { s.amplitude = nan; }));
    EXPECT_TRUE(refuses([](NoiseSettings& s) { s.amplitude = -1.0F; }));
    EXPECT_TRUE(refuses([](NoiseSettings& s) { s.gain = 1.5F; }));
    EXPECT_TRUE(refuses([&](NoiseSettings& s) { s.lacunarity = nan; }));
    EXPECT_TRUE(refuses([&](NoiseSettings& s) { s.overhang = infinite; }));
    EXPECT_TRUE(refuses([](NoiseSettings& s) { s.warp = -1.0F; }));
    EXPECT_FALSE(refuses([](NoiseSettings& s) { s.gain = 0.0F; }));
}

// A seed from outside has 64 bits. Cut to 32, seeds that differ only above made one world.
TEST(NoiseGenerator, EveryBitOfTheSeedCounts) {
    const auto heights = [](std::uint64_t seed) {
        NoiseSettings s;
        s.seed = seed;
        s.warp = 20.0F;
        const NoiseGenerator noise(s);
        std::vector<float> at;
        for (int i = 0; i < 40; ++i) at.push_back(noise.height(i * 17, -i * 31));
        return at;
    };
    std::set<std::vector<float>> worlds{heights(7)};
    for (int bit = 0; bit < 64; ++bit)
        EXPECT_TRUE(worlds.insert(heights(7 ^ (std::uint64_t{1} << bit))).second) << "bit " << bit;
}

TEST(ShapeGenerators, RefuseWhatIsNotAPlaceInTheWorld) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float infinite = std::numeric_limits<float>::infinity();
    for (const float wrong : {nan, infinite, -infinite, 2e7F, -2e7F}) {
        EXPECT_THROW(FlatGenerator{wrong}, std::invalid_argument) << wrong;
        EXPECT_THROW(SphereGenerator({wrong, 0, 0}, 1.0F), std::invalid_argument) << wrong;
        EXPECT_THROW(SphereGenerator({0, wrong, 0}, 1.0F), std::invalid_argument) << wrong;
        EXPECT_THROW(SphereGenerator({0, 0, wrong}, 1.0F), std::invalid_argument) << wrong;
        EXPECT_THROW(SphereGenerator({0, 0, 0}, wrong), std::invalid_argument) << wrong;
    }
    EXPECT_THROW(SphereGenerator({0, 0, 0}, 0.0F), std::invalid_argument);
    EXPECT_THROW(SphereGenerator({0, 0, 0}, -1.0F), std::invalid_argument);
    EXPECT_THROW(FunctionGenerator{nullptr}, std::invalid_argument);
    EXPECT_NO_THROW(FlatGenerator{-kWorldLimit});
}

TEST(GroundLayers, RefuseWhatIsNoLayer) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const auto message = [](const GroundLayers& layers) -> std::string {
        try {
            const FlatGenerator flat(0.0F, layers);
        } catch (const std::invalid_argument& error) {
            EXPECT_THROW(SphereGenerator({}, 1.0F, layers), std::invalid_argument);
            NoiseSettings noise;
            noise.layers = layers;
            EXPECT_THROW(NoiseGenerator{noise}, std::invalid_argument);
            return error.what();
        }
        return "";
    };
    EXPECT_EQ(message({.surface = 128}), "flat generator: materials must lie in [0, 127]");
    EXPECT_NE(message({.soil = 255}), "");
    EXPECT_NE(message({.rock = 128}), "");
    EXPECT_EQ(message({.surface_depth = -1.0F}),
              "flat generator: surface_depth must lie in [0, 10000]");
    EXPECT_NE(message({.surface_depth = nan}), "");
    EXPECT_EQ(message({.surface_depth = 3.0F, .soil_depth = 2.0F}),
              "flat generator: soil_depth must lie in [surface_depth, 10000]");
    EXPECT_NE(message({.soil_depth = nan}), "");
    EXPECT_EQ(message({.surface_depth = 3.0F, .soil_depth = 3.0F}), "");
    NoiseSettings noise;
    noise.steep = 128;
    EXPECT_THROW(NoiseGenerator{noise}, std::invalid_argument);
    noise.steep = 0;
    noise.shore = 200;
    EXPECT_THROW(NoiseGenerator{noise}, std::invalid_argument);
}

TEST(NoiseGenerator, EverySettingRefusesWhatIsNoNumber) {
    for (float NoiseSettings::*field :
         {&NoiseSettings::base_height, &NoiseSettings::amplitude, &NoiseSettings::period,
          &NoiseSettings::lacunarity, &NoiseSettings::gain, &NoiseSettings::warp,
          &NoiseSettings::warp_period, &NoiseSettings::overhang, &NoiseSettings::overhang_period,
          &NoiseSettings::steep_slope, &NoiseSettings::shore_height})
        for (const float wrong : {std::numeric_limits<float>::quiet_NaN(),
                                  std::numeric_limits<float>::infinity(), -1e9F, 1e9F}) {
            NoiseSettings s;
            s.*field = wrong;
            EXPECT_THROW(NoiseGenerator{s}, std::invalid_argument) << wrong;
        }
}

}  // namespace
}  // namespace nebula::voxel
