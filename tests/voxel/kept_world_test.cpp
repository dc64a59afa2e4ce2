// SPDX-License-Identifier: MIT
// A streamed world in a file.
#include "stored_bricks.hpp"
#include "streamed_world.hpp"
#include "world_samples.hpp"

#include "nebula/base/clock.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/stream/terrain.hpp"
#include "nebula/voxel/world/world_saver.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace nebula::voxel {
namespace {

using namespace std::chrono_literals;

constexpr Vec3f kKeptViewer{0.0F, 20.0F, 0.0F};

TerrainSettings kept_view(float distance) {
    TerrainSettings settings;
    settings.view_distance = distance;
    settings.detail_distance = 20.0F;
    settings.update_budget = 1s;  // a pool without workers builds there
    return settings;
}

struct KeptWorld : testing::TestWithParam<std::optional<std::size_t>> {
    [[nodiscard]] WorldSaverSettings settings() const {
        WorldSaverSettings settings;
        settings.memory_limit = GetParam();
        return settings;
    }
};

void load_kept(Terrain& terrain, LevelSink& sink) {
    for (int frame = 0; !terrain.is_loaded() && frame < 100'000; ++frame) {
        ASSERT_TRUE(terrain.set_viewer(kKeptViewer));
        if (terrain.saver()->state() == WorldSaver::State::Loading) {
            // Bricks may be missing, so there is nothing that could be shown.
            EXPECT_FALSE(terrain.edits_pending());
            EXPECT_EQ(terrain.stats().queued + terrain.stats().meshed, 0U);
            EXPECT_EQ(terrain.audit(), "");
        }
        terrain.update();
        terrain.commit(sink, 1s);
    }
    EXPECT_TRUE(terrain.is_loaded());
}

// Near, across levels and far, so that chunks of several levels change.
std::vector<SphereEdit> craters() {
    return {{SphereEdit::Kind::Dig, {5, 0, 5}, 12},
            {SphereEdit::Kind::Dig, {90, 10, -40}, 30},
            {SphereEdit::Kind::Add, {-150, 20, 80}, 40}};
}

TEST_P(KeptWorld, TheNextGameShowsWhatWasDugOnEveryLevel) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    WorkerPool pool(workers(0));
    {
        Terrain terrain(pool, mountains(), kept_view(200));
        terrain.keep_in(path, settings());
        const auto early = terrain.edit(craters()[0]);
        ASSERT_FALSE(early);
        EXPECT_EQ(early.error().kind, VoxelError::Kind::NotLoaded);
        EXPECT_EQ(terrain.why_late(kKeptViewer), "the world is being loaded from its file");
        terrain.saver()->wait();
        for (const SphereEdit& edit : craters()) ASSERT_TRUE(terrain.edit(edit));
        ASSERT_TRUE(terrain.saver()->finish());
        EXPECT_FALSE(terrain.saver()->has_unsaved());
    }
    Terrain terrain(pool, mountains(), kept_view(200));
    terrain.keep_in(path, settings());
    LevelSink sink;
    load_kept(terrain, sink);
    const std::set<ChunkId> chunks = shown_chunks(terrain);
    std::set<Level> levels;
    for (const ChunkId chunk : chunks) levels.insert(chunk.level);
    EXPECT_GT(levels.size(), 2U);
    EXPECT_EQ(sink.shown, truth(mountains(), craters(), chunks));
    EXPECT_NE(sink.shown, truth(mountains(), {}, chunks));
    EXPECT_TRUE(terrain.edit({SphereEdit::Kind::Dig, {0, 0, 0}, 4}));
}

TEST_P(KeptWorld, WithoutItsFileTheGroundIsShownAndNoEditIsTaken) {
    const TemporaryFolder folder;
    WorkerPool pool(workers(0));
    Terrain terrain(pool, mountains(), kept_view(20));
    terrain.keep_in(folder.file("no/world"), settings());
    LevelSink sink;
    load_kept(terrain, sink);
    EXPECT_EQ(terrain.saver()->state(), WorldSaver::State::Failed);
    EXPECT_EQ(sink.shown, truth(mountains(), {}, shown_chunks(terrain)));
    const auto refused = terrain.edit(craters()[0]);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message,
              "what is changed could not be saved, because " + terrain.saver()->error().message);
    EXPECT_TRUE(terrain.saver()->finish()) << "there is nothing to save";
}

void expect_shown(const LevelSink& sink, const std::vector<SphereEdit>& edits, Terrain& terrain,
                  int round) {
    ASSERT_EQ(sink.shown, truth(mountains(), edits, shown_chunks(terrain))) << "round " << round;
}

// Digs, saves and walks about; whatever leaves the memory meanwhile, each chunk is what was dug.
TEST_P(KeptWorld, IsShownAsItIsWhereverTheViewerGoes) {
#if defined(NEBULA_SANITIZED)  // too slow for more
    const std::vector<int> counts{2};
    constexpr int rounds = 2;
#else
    const std::vector<int> counts{0, 2};
    constexpr int rounds = 4;
#endif
    for (const int count : counts) {
        const TemporaryFolder folder;
        WorkerPool pool(workers(count));
        Terrain terrain(pool, mountains(), kept_view(50));
        terrain.keep_in(folder.file("world"), settings());
        terrain.saver()->wait();
        LevelSink sink;
        std::vector<SphereEdit> edits;
        Dice dice(7);
        for (int round = 0; round < rounds; ++round) {
            const Vec3f viewer{dice.real(-90, 90), dice.real(0, 40), dice.real(-90, 90)};
            ASSERT_TRUE(terrain.set_viewer(viewer));
            for (int i = 0; i < 3; ++i) {
                edits.push_back({i == 2 ? SphereEdit::Kind::Add : SphereEdit::Kind::Dig,
                                 {dice.real(-110, 110), dice.real(-20, 40), dice.real(-110, 110)},
                                 dice.real(4, 16)});
                ASSERT_TRUE(terrain.edit(edits.back()));
                terrain.update();
                terrain.commit(sink, 1s);
                if (terrain.edits_pending()) terrain.commit_edits(sink);
            }
            if (round % 2 == 0) terrain.saver()->save({});
            if (round % 4 == 0) terrain.saver()->wait();
            // By the clock: workers may have to wait for a CPU, and for the file.
            const auto end = Clock::now() + 300s;
            while (!terrain.is_loaded() && Clock::now() < end) {
                terrain.update();
                terrain.commit(sink, 1s);
                if (terrain.edits_pending()) terrain.commit_edits(sink);
                ASSERT_EQ(terrain.audit(), "");
                std::this_thread::yield();
            }
            ASSERT_TRUE(terrain.is_loaded()) << terrain.why_late(viewer);
            if (round % 2 == 1) expect_shown(sink, edits, terrain, round);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(, KeptWorld, testing::Values(std::nullopt, std::optional<std::size_t>{0}),
                         [](const auto& info) {
                             return std::string(info.param ? "KeptInTheFile" : "KeptInMemory");
                         });

}  // namespace
}  // namespace nebula::voxel
