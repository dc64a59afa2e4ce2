// SPDX-License-Identifier: MIT
// Both sides of nebula_generator.h: what a terrain gets of a world in another library, and who frees
// what when one of them goes.
#include "nebula/godot/generator/foreign_generator.hpp"
#include "nebula/godot/generator/generator_code.hpp"
#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace nebula::godot {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;
using voxel::GroundLayers;
using voxel::Material;
using voxel::Range;
using voxel::Region;
using voxel::Sample;
using voxel::Vec3f;

float wave(Vec3f p) { return p.y - 3.0F * std::sin(p.x * 0.1F) - 0.25F * p.z; }

template <class F>
void for_points(const NebulaPoints& points, F&& body) {
    for (std::int32_t z = 0; z < points.size[2]; ++z)
        for (std::int32_t y = 0; y < points.size[1]; ++y)
            for (std::int32_t x = 0; x < points.size[0]; ++x)
                body(Vec3f{static_cast<float>(points.at[0] + x * points.step),
                           static_cast<float>(points.at[1] + y * points.step),
                           static_cast<float>(points.at[2] + z * points.step)});
}

// What one of them does besides.
struct Options {
    std::optional<GeneratorCode::Bounds> bounds{};
    std::optional<std::uint8_t> material{};
    const char* fails = nullptr;
    std::atomic<int>* alive = nullptr;
    bool ends_slowly = false;
    std::vector<float> answers{};  // its distances, if there are any here
};

class Wave final : public GeneratorCode {
public:
    explicit Wave(const Options& options) : options_(options) {
        if (options_.alive != nullptr) ++*options_.alive;
    }
    ~Wave() override {
        if (options_.ends_slowly) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        if (options_.alive != nullptr) --*options_.alive;
        gone_ = true;
    }
    void distances(const NebulaPoints& points, float* out) const override {
        EXPECT_FALSE(gone_);
        EXPECT_LE(points.size[0] * points.size[1] * points.size[2], NEBULA_MOST_POINTS);
        if (options_.fails != nullptr) throw std::runtime_error(options_.fails);
        if (!options_.answers.empty())
            std::ranges::copy(options_.answers, out);
        else
            for_points(points, [&](Vec3f p) { *out++ = wave(p); });
        EXPECT_FALSE(gone_);
    }
    std::optional<Bounds> bounds(const NebulaPoints& /*points*/) const noexcept override {
        return options_.bounds;
    }
    bool has_materials() const noexcept override { return options_.material.has_value(); }
    void materials(const NebulaPoints& points, std::uint8_t* out) const override {
        for_points(points, [&](Vec3f) { *out++ = *options_.material; });
    }
    std::optional<std::uint8_t> one_material(
        const NebulaPoints& /*points*/) const noexcept override {
        return options_.material;
    }

private:
    Options options_;
    bool gone_ = false;  // for the sanitizers, and for who reads freed memory without one
};

NebulaGenerator* made(const Options& options = {}) {
    return reinterpret_cast<NebulaGenerator*>(
        static_cast<std::intptr_t>(hand_over(std::make_unique<Wave>(options))));
}

std::size_t volume_of(const Region& region) {
    const voxel::Vec3i size = region.box.max - region.box.min;
    return static_cast<std::size_t>(size.x) * static_cast<std::size_t>(size.y) *
           static_cast<std::size_t>(size.z);
}

std::vector<Sample> samples_of(const voxel::Generator& generator, const Region& region) {
    const voxel::Vec3i size = region.box.max - region.box.min;
    std::vector<Sample> samples(volume_of(region));
    generator.generate(region, samples.data(), size.x, std::ptrdiff_t{size.x} * size.y);
    return samples;
}

std::vector<Material> materials_of(const voxel::Generator& generator, const Region& region) {
    const voxel::Vec3i size = region.box.max - region.box.min;
    std::vector<Material> materials(volume_of(region));
    generator.generate_materials(region, materials.data(), size.x, std::ptrdiff_t{size.x} * size.y);
    return materials;
}

const Region kBrick{{{-16, -16, 32}, {0, 0, 48}}, 0};

TEST(ForeignGenerator, GivesTheSamplesOfItsDistancesWhateverTheBox) {
    const ForeignGenerator foreign(made(), {});
    const voxel::FunctionGenerator plain(wave);
    for (const Region& region :
         {kBrick, Region{{{-3, -20, 5}, {32, 15, 40}}, 0}, Region{{{-3, -2, 5}, {32, 33, 40}}, 5},
          Region{{{7, 1, 2}, {8, 2, 3}}, 11}, Region{{{0, 0, 0}, {5000, 2, 2}}, 0},
          Region{{{4, 4, 4}, {4, 9, 9}}, 0}})
        EXPECT_EQ(samples_of(foreign, region), samples_of(plain, region));
}

TEST(ForeignGenerator, UsesStrides) {
    const ForeignGenerator foreign(made(), {});
    const Region region{{{0, 0, 0}, {3, 2, 2}}, 0};
    std::vector<Sample> wide(100, 55);
    foreign.generate(region, wide.data(), 10, 50);
    const std::vector<Sample> close = samples_of(foreign, region);
    EXPECT_EQ(wide[0], close[0]);
    EXPECT_EQ(wide[12], close[5]);
    EXPECT_EQ(wide[62], close[11]);
    EXPECT_EQ(wide[3], 55);
}

TEST(ForeignGenerator, RoundsBoundsAsItRoundsSamples) {
    const ForeignGenerator tight(made({.bounds = {{-2.0F, 0.5F}}}), {});
    const Range range = tight.bounds({kBrick.box, 1});
    EXPECT_EQ(range.min, voxel::quantize(-1.0F));
    EXPECT_EQ(range.max, voxel::quantize(0.25F));
    EXPECT_TRUE(ForeignGenerator(made({.bounds = {{9.0F, 1e30F}}}), {}).bounds(kBrick).all_air());
}

TEST(ForeignGenerator, ProvesNothingWithBoundsThatAreNone) {
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    using Bounds = GeneratorCode::Bounds;
    for (const auto& bounds :
         {std::optional<Bounds>(), std::optional(Bounds{nan, 5.0F}),
          std::optional(Bounds{5.0F, nan}), std::optional(Bounds{6.0F, 5.0F})}) {
        const Range range = ForeignGenerator(made({.bounds = bounds}), {}).bounds(kBrick);
        EXPECT_EQ(range.min, voxel::kSampleMin);
        EXPECT_EQ(range.max, voxel::kSampleMax);
    }
}

TEST(ForeignGenerator, HasTheLayersOfTheGroundIfTheMakerSaysNothing) {
    const GroundLayers layers{
        .surface = 1, .surface_depth = 2, .soil = 2, .soil_depth = 4, .rock = 3};
    const ForeignGenerator foreign(made({.bounds = {{-100.0F, -50.0F}}}), layers);
    EXPECT_EQ(foreign.uniform_material(kBrick), Material{3});
    const Region column{{{0, -6, 0}, {1, 1, 1}}, 0};  // depths 6 to 0
    EXPECT_THAT(materials_of(foreign, column), testing::ElementsAre(3, 3, 2, 2, 1, 1, 1));
    EXPECT_EQ(ForeignGenerator(made(), layers).uniform_material(kBrick), std::nullopt);
    EXPECT_EQ(ForeignGenerator(made(), {}).uniform_material(kBrick), Material{0});
}

TEST(ForeignGenerator, KeepsTheSignOfADistanceOnEveryLevel) {
    constexpr float least = std::numeric_limits<float>::denorm_min();
    const ForeignGenerator foreign(
        made({.bounds = {{-least, -least}}, .answers = {-least, least, 0.0F, -2e-3F}}), {});
    for (voxel::Level level = 0; level < voxel::kLevels; ++level) {
        const Region row{{{0, 0, 0}, {4, 1, 1}}, level};
        EXPECT_THAT(samples_of(foreign, row), testing::ElementsAre(-1, 1, 1, -1)) << int{level};
        EXPECT_TRUE(foreign.bounds(row).max < 0) << int{level};
    }
}

TEST(ForeignGenerator, TakesWhatIsNoNumberForAir) {
    constexpr float far = std::numeric_limits<float>::infinity();
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    const GroundLayers layers{.surface = 1, .soil = 2, .rock = 3};
    const Region row{{{0, 0, 0}, {4, 1, 1}}, 7};
    const ForeignGenerator foreign(made({.answers = {nan, far, -far, -1e-30F}}), layers);
    EXPECT_THAT(samples_of(foreign, row),
                testing::ElementsAre(voxel::kSampleMax, voxel::kSampleMax, voxel::kSampleMin, -1));
    EXPECT_THAT(materials_of(foreign, row), testing::ElementsAre(1, 1, 3, 1));
}

TEST(ForeignGenerator, HasTheMakersMaterials) {
    const ForeignGenerator foreign(made({.material = 5}), {.surface = 1});
    EXPECT_EQ(foreign.uniform_material(kBrick), Material{5});
    EXPECT_THAT(materials_of(foreign, kBrick), testing::Each(5));
    const ForeignGenerator wrong(made({.material = 128}), {});
    EXPECT_EQ(wrong.uniform_material(kBrick), std::nullopt);
    EXPECT_THAT([&] { (void)materials_of(wrong, kBrick); },
                ThrowsMessage<std::runtime_error>(HasSubstr("the material 128")));
}

TEST(ForeignGenerator, FailsWithTheMakersSentence) {
    const std::string rock(300, 'x');
    EXPECT_THAT([&] { (void)samples_of(ForeignGenerator(made({.fails = "no rock"}), {}), kBrick); },
                ThrowsMessage<std::runtime_error>("no rock"));
    EXPECT_THAT(
        [&] { (void)samples_of(ForeignGenerator(made({.fails = rock.c_str()}), {}), kBrick); },
        ThrowsMessage<std::runtime_error>(rock.substr(0, 255)));
}

TEST(ForeignGenerator, RefusesWhatItCannotUse) {
    const auto refuses = [](NebulaGenerator* generator, const char* why) {
        EXPECT_THAT([&] { const ForeignGenerator foreign(generator, {}); },
                    ThrowsMessage<std::invalid_argument>(HasSubstr(why)));
    };
    refuses(nullptr, "made none");
    NebulaGenerator newer{};
    newer.version = 2;
    refuses(&newer, "version 2");
    NebulaGenerator zeros{};
    zeros.version = NEBULA_GENERATOR_VERSION;
    refuses(&zeros, "its size is 0");
    std::atomic<int> alive{0};
    NebulaGenerator* const empty = made({.alive = &alive});
    empty->distances = nullptr;
    refuses(empty, "distances is null");
    EXPECT_EQ(alive, 0) << "it told the maker";
    NebulaGenerator* const endless = made({.alive = &alive});
    endless->unused = nullptr;
    refuses(endless, "unused is null");
    EXPECT_EQ(endless->owners, 1U) << "the maker's share";
    EXPECT_THROW((void)hand_over(nullptr), std::invalid_argument);
    withdraw_generators();
    EXPECT_EQ(alive, 0);
}

// A maker that keeps its generator and answers with it each time: two worlds would own one share.
TEST(ForeignGenerator, RefusesOneThatAnotherWorldHas) {
    std::atomic<int> alive{0};
    NebulaGenerator* const kept = made({.alive = &alive});
    const auto refused = [&] {
        EXPECT_THAT([&] { const ForeignGenerator second(kept, {}); },
                    ThrowsMessage<std::invalid_argument>(HasSubstr("handed over before")));
    };
    {
        const ForeignGenerator first(kept, {});
        refused();
        EXPECT_EQ(alive, 1) << "the first world goes on";
        EXPECT_EQ(samples_of(first, kBrick).size(), 4096U);
    }
    EXPECT_EQ(alive, 0);
    refused();  // also when the first world has ended
    EXPECT_EQ(kept->owners, 1U) << "the maker's share";
    withdraw_generators();
}

TEST(ForeignGenerator, EndsWithItsWorld) {
    std::atomic<int> alive{0};
    auto foreign = std::make_unique<ForeignGenerator>(made({.alive = &alive}), GroundLayers{});
    EXPECT_EQ(alive, 1);
    foreign.reset();
    EXPECT_EQ(alive, 0);
    withdraw_generators();
}

TEST(ForeignGenerator, IsOfNoUseOnceItIsWithdrawn) {
    std::atomic<int> alive{0};
    const ForeignGenerator foreign(made({.bounds = {{9.0F, 9.0F}}, .material = 5, .alive = &alive}),
                                   {});
    EXPECT_FALSE(foreign.is_withdrawn());
    withdraw_generators();
    EXPECT_EQ(alive, 0);
    EXPECT_TRUE(foreign.is_withdrawn());
    EXPECT_FALSE(foreign.bounds(kBrick).uniform());
    EXPECT_EQ(foreign.uniform_material(kBrick), std::nullopt);
    EXPECT_THAT([&] { (void)samples_of(foreign, kBrick); },
                ThrowsMessage<std::runtime_error>(HasSubstr("unloaded or reloaded")));
    EXPECT_THAT([&] { (void)materials_of(foreign, kBrick); },
                ThrowsMessage<std::runtime_error>(HasSubstr("unloaded or reloaded")));
}

TEST(ForeignGenerator, IsWaitedForWhileAWorldEnds) {
    for (int round = 0; round < 20; ++round) {
        std::atomic<int> alive{0};
        std::atomic<bool> ending{false};
        std::thread worker([&] {
            const ForeignGenerator foreign(made({.alive = &alive, .ends_slowly = true}), {});
            ending = true;
        });
        while (!ending) std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::microseconds(500));
        withdraw_generators();
        EXPECT_EQ(alive, 0);
        worker.join();
    }
}

// The maker's library is gone when withdraw_generators() returns, so nothing of it may be running or
// alive then; and the worlds end at the same time.
TEST(ForeignGenerator, IsWithdrawnWhileWorkersAskAndWorldsEnd) {
    constexpr int kRounds = 60;
    constexpr int kWorlds = 3;
    for (int round = 0; round < kRounds; ++round) {
        std::atomic<int> alive{0};
        std::atomic<int> ready{0};
        std::vector<std::thread> workers;
        for (int i = 0; i < kWorlds; ++i) {
            workers.emplace_back([&, i] {
                const ForeignGenerator foreign(made({.alive = &alive}), {});
                ++ready;
                // The first worlds end at once, others are asked until they are withdrawn.
                try {
                    while (i != 0) (void)samples_of(foreign, kBrick);
                } catch (const std::runtime_error&) {
                    EXPECT_TRUE(foreign.is_withdrawn());
                }
            });
        }
        while (ready < kWorlds) std::this_thread::yield();
        withdraw_generators();
        EXPECT_EQ(alive, 0);
        for (std::thread& worker : workers) worker.join();
    }
}

}  // namespace
}  // namespace nebula::godot
