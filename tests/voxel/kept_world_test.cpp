// SPDX-License-Identifier: MIT
// A streamed world in a file.
#include "stored_bricks.hpp"
#include "streamed_world.hpp"

#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/stream/terrain.hpp"
#include "nebula/voxel/world/world_saver.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
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

TEST(KeptWorld, TheNextGameShowsWhatWasDugOnEveryLevel) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    WorkerPool pool(workers(0));
    {
        Terrain terrain(pool, mountains(), kept_view(200));
        terrain.keep_in(path, {});
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
    terrain.keep_in(path, {});
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

TEST(KeptWorld, WithoutItsFileTheGroundIsShownAndNoEditIsTaken) {
    const TemporaryFolder folder;
    WorkerPool pool(workers(0));
    Terrain terrain(pool, mountains(), kept_view(20));
    terrain.keep_in(folder.file("no/world"), {});
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

}  // namespace
}  // namespace nebula::voxel
