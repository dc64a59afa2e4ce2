// SPDX-License-Identifier: MIT
#include "world_samples.hpp"

#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/gen/noise_generator.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

BrickPtr generated(const Generator& generator, BrickId brick) {
    Brick samples;
    generator.generate(brick_region(brick), samples.samples.data(), kBrickSize,
                       kBrickSize * kBrickSize);
    return make_brick(samples);
}

BrickPtr filled(Sample value) {
    Brick samples;
    samples.samples.fill(value);
    return make_brick(samples);
}

// Checks a whole block against samples read one by one.
void expect_gathers_truth(Volume& volume, ChunkId chunk) {
    SampleBlock block;
    block.samples.fill(0);
    const BlockContent content = volume.gather(chunk, block);
    EXPECT_EQ(block.chunk, chunk);
    int wrong = 0;
    for_each_in_block([&](Vec3i p) {
        const Sample truth = sample_of(volume, chunk.at * kChunkSize + p, chunk.level);
        switch (content) {
            case BlockContent::Air:
                wrong += is_inside(truth) ? 1 : 0;
                break;
            case BlockContent::Solid:
                wrong += is_inside(truth) ? 0 : 1;
                break;
            case BlockContent::Mixed:
                wrong += block.at(p.x, p.y, p.z) != truth ? 1 : 0;
                break;
        }
    });
    EXPECT_EQ(wrong, 0) << "chunk " << chunk.at.x << ' ' << chunk.at.y << ' ' << chunk.at.z
                        << " of level " << chunk.level;
}

template <class F>
void for_each_chunk_around(Vec3i centre, F&& f) {
    for (int x = -1; x <= 0; ++x)
        for (int y = -1; y <= 0; ++y)
            for (int z = -1; z <= 0; ++z) f(centre + Vec3i{x, y, z});
}

TEST(Brick, UniformOnesAreSharedAndOwnNoMemory) {
    EXPECT_EQ(filled(kSampleMax).get(), &kAirBrick);
    EXPECT_EQ(filled(kSampleMin).get(), &kSolidBrick);
    EXPECT_FALSE(is_uniform(filled(5).get()));
}

TEST(Volume, AnUntouchedWorldGathersWhatTheGeneratorSays) {
    Volume volume(low_hills());
    for_each_chunk_around({0, 0, 0}, [&](Vec3i c) {
        for (const Level level : {0, 1, 3}) expect_gathers_truth(volume, {c, level});
    });
    EXPECT_EQ(volume.brick_count(), 0U) << "gathering stores nothing";
}

// Whatever subset of bricks exists, and whether edited or generated, a block is the same.
TEST(Volume, AGatherSeesTheNewestSamplesWhicheverBricksExist) {
    Dice dice(1);
    for (int round = 0; round < 4; ++round) {
        Volume volume(low_hills());
        for (int i = 0; i < 40; ++i) {
            const BrickId brick{{dice.whole(-3, 4), dice.whole(-3, 4), dice.whole(-3, 4)},
                                dice.whole(0, 3)};
            volume.publish_generated(brick, generated(volume.generator(), brick));
        }
        for (int i = 0; i < 3; ++i)
            ASSERT_TRUE(apply(volume, {i == 1 ? SphereEdit::Kind::Add : SphereEdit::Kind::Dig,
                                       dice.point(40.0F), dice.real(1.0F, 12.0F)}));
        for_each_chunk_around({0, 0, 0}, [&](Vec3i c) {
            for (const Level level : {0, 1, 3}) expect_gathers_truth(volume, {c, level});
        });
    }
}

TEST(Volume, NeighboursShareTheirBorderSamplesAfterEditsOnBordersAndCorners) {
    Volume volume(low_hills());
    Dice dice(2);
    for (int i = 0; i < 10; ++i)
        ASSERT_TRUE(
            apply(volume, {SphereEdit::Kind::Dig,
                           {static_cast<float>(dice.whole(-1, 1) * 32), dice.real(-4.0F, 4.0F),
                            static_cast<float>(dice.whole(-1, 1) * 32)},
                           dice.real(1.0F, 7.0F)}));
    std::map<Vec3i, Sample> seen;
    SampleBlock block;
    for_each_chunk_around({0, 0, 0}, [&](Vec3i chunk) {
        if (volume.gather({chunk}, block) != BlockContent::Mixed) return;
        for_each_in_block([&](Vec3i p) {
            const auto [at, fresh] = seen.emplace(chunk * kChunkSize + p, block.at(p.x, p.y, p.z));
            ASSERT_EQ(at->second, block.at(p.x, p.y, p.z));
        });
    });
}

void publish_edited(Volume& volume, BrickId brick, BrickPtr samples) {
    std::vector<EditedBrick> bricks;
    bricks.push_back({brick, std::move(samples)});
    volume.publish_edited(volume.prepare(std::move(bricks)));
}

TEST(Volume, EditedBricksWinOverGeneratedOnesAndSurviveADrop) {
    Volume volume(low_hills());
    const BrickId brick{{1, -2, 3}, 2};
    EXPECT_TRUE(volume.publish_generated(brick, filled(9)));
    publish_edited(volume, brick, filled(-9));
    EXPECT_FALSE(volume.publish_generated(brick, filled(9)));
    volume.drop_generated(brick);
    ASSERT_NE(volume.find(brick), nullptr);
    EXPECT_EQ(volume.find(brick)->at(0, 0, 0), -9);
    EXPECT_EQ(volume.edited_count(), 1U);
}

TEST(Volume, AGeneratedBrickCanBeDroppedAndComeBack) {
    Volume volume(low_hills());
    const BrickId brick{{1, -2, 3}, 2};
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(volume.publish_generated(brick, filled(9)));
        EXPECT_EQ(volume.brick_count(), 1U);
        volume.drop_generated(brick);
        EXPECT_EQ(volume.find(brick), nullptr);
        EXPECT_EQ(volume.brick_count(), 0U);
    }
    volume.collect();
    EXPECT_EQ(volume.epochs().retired(), 0U);
}

// Walking far leaves keys behind; the table is rebuilt rather than grown for them.
TEST(Volume, AWalkThroughTheWorldDoesNotGrowTheTable) {
    Volume volume(low_hills());
    for (std::int32_t x = 0; x < 50'000; ++x) {
        volume.publish_generated({{x, 0, -x}}, filled(kSampleMax));
        if (x >= 100) volume.drop_generated({{x - 100, 0, 100 - x}});
    }
    EXPECT_EQ(volume.brick_count(), 100U);
    EXPECT_LE(volume.bytes(), 130'000U) << "26 pages for 100 bricks on a diagonal";
    for (std::int32_t x = 49'900; x < 50'000; ++x) EXPECT_EQ(volume.find({{x, 0, -x}}), &kAirBrick);
}

TEST(Volume, BricksBeyondTheTablesReachAreSimplyPristine) {
    Volume volume(std::make_shared<FlatGenerator>(0.0F));
    EXPECT_EQ(volume.find({{1 << 20, 0, 0}}), nullptr);
    EXPECT_EQ(volume.find({{0, -(1 << 20) - 1, 0}}), nullptr);
    EXPECT_FALSE(volume.publish_generated({{1 << 20, 0, 0}}, filled(3)));
}

constexpr int kVersions = 50;  // each a number that a sample can hold

// The writer rewrites all bricks of a block with one number per version. A
// gather beside it finds bricks that are whole, and none older than the version it read first.
TEST(Volume, AConcurrentGatherSeesWholeBricksNoOlderThanItsVersion) {
    Volume volume(std::make_shared<FlatGenerator>(0.0F));
    const Vec3i chunk{0, 0, 0};
    const auto publish_all = [&](int number) {
        std::vector<EditedBrick> bricks;
        for (int z = -1; z <= 2; ++z)
            for (int y = -1; y <= 2; ++y)
                for (int x = -1; x <= 2; ++x)
                    bricks.push_back({{{x, y, z}}, filled(static_cast<Sample>(number))});
        volume.publish_edited(volume.prepare(std::move(bricks)));
        volume.collect();
    };
    publish_all(1);
    std::atomic<int> bad = 0;
    std::atomic<int> gathers = 0;
    {
        std::vector<std::jthread> readers;
        for (int r = 0; r < 2; ++r)
            readers.emplace_back([&](const std::stop_token& stop) {
                const auto block = std::make_unique<SampleBlock>();
                while (!stop.stop_requested()) {
                    const auto at_least = static_cast<int>(volume.version());
                    if (volume.gather({chunk}, *block) != BlockContent::Mixed) ++bad;
                    for (int i = 0; i < kOwnBricks; ++i) {
                        const int x = (i & 1) * kBrickSize;
                        const int y = ((i >> 1) & 1) * kBrickSize;
                        const int z = ((i >> 2) & 1) * kBrickSize;
                        const Sample number = block->at(x, y, z);
                        if (number < at_least || number > kVersions) ++bad;
                        for (int row = 0; row < kBrickSize; ++row)
                            for (int k = 0; k < kBrickSize; ++k)
                                if (block->at(x + row, y + k, z + row) != number) ++bad;
                    }
                    ++gathers;
                }
            });
        for (int number = 2; number <= kVersions; ++number) {
            publish_all(number);
            // Lets the readers see more than the first and the last, on any number of cores.
            const int seen = gathers;
            while (gathers == seen) std::this_thread::yield();
        }
    }
    EXPECT_EQ(bad, 0);
    EXPECT_EQ(volume.version(), static_cast<std::uint64_t>(kVersions));
}

// Growth replaces the table under the readers' eyes.
TEST(Volume, AReaderNeverMissesABrickWhileTheTableGrows) {
    Volume volume(std::make_shared<FlatGenerator>(0.0F));
    const Vec3i anchor{5, 5, 5};
    publish_edited(volume, {anchor}, filled(7));
    std::atomic<int> missed = 0;
    std::atomic<int> looks = 0;
    {
        std::jthread reader([&](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                const auto pin = volume.epochs().pin();
                const Brick* brick = volume.find({anchor});
                if (brick == nullptr || brick->at(3, 3, 3) != 7) ++missed;
                ++looks;
            }
        });
        for (std::int32_t i = 0; i < 40'000 || looks < 100; ++i) {
            volume.publish_generated({{i, 1, -i}}, filled(3));
            if (i % 7 == 0) volume.drop_generated({{i - 7, 1, 7 - i}});
            if (i % 50 == 0) volume.collect();
        }
    }
    EXPECT_EQ(missed, 0);
}

}  // namespace
}  // namespace nebula::voxel
