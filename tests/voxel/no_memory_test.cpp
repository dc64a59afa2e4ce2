// SPDX-License-Identifier: MIT
// Makes allocations fail, hence linked with an allocator of its own.
#include "stored_bricks.hpp"
#include "streamed_world.hpp"
#include "world_samples.hpp"

#include "nebula/base/clock.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/edit/big_edit.hpp"
#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/field/epoch.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/stream/terrain.hpp"
#include "nebula/voxel/world/world.hpp"
#include "nebula/voxel/world/world_saver.hpp"
#include "tests/threading/counting_allocator.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

using namespace std::chrono_literals;

using test::FailingAllocation;
using test::SteadyAllocation;

class SteadySink final : public CommitSink {
public:
    void stage(ChunkId chunk, Surface& surface) noexcept override {
        const SteadyAllocation steady;
        inner.stage(chunk, surface);
    }
    void show(ChunkId chunk) noexcept override {
        const SteadyAllocation steady;
        inner.show(chunk);
    }
    void remove(ChunkId chunk) noexcept override { inner.remove(chunk); }
    void discard(ChunkId chunk) noexcept override { inner.discard(chunk); }
    void failed(ChunkId chunk, const VoxelError& error) noexcept override {
        const SteadyAllocation steady;
        inner.failed(chunk, error);
    }

    LevelSink inner;
};

/// Calls f; false if it threw std::bad_alloc.
template <class F>
bool had_memory(F&& f) {
    try {
        f();
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

std::map<BrickId, Brick> bricks_of(const Volume& volume, const std::vector<BrickId>& ids) {
    std::map<BrickId, Brick> found;
    for (const BrickId id : ids)
        if (const Brick* brick = volume.find(id); brick != nullptr) found[id] = *brick;
    return found;
}

// Whichever allocation fails, the edit is made whole or not at all.
TEST(EditWithoutMemory, IsMadeWholeOrNotAtAll) {
    const auto generator = layered_hills();
    const Operation first{.shape = SphereShape{{2.0F, 0.0F, 3.0F}, 9.0F}};
    const Operation second{
        .mode = Mode::Add, .shape = SphereShape{{9.0F, 3.0F, 3.0F}, 11.0F}, .material = 3};
    Volume whole(generator);
    ASSERT_TRUE(apply(whole, first));
    const auto report = apply(whole, second);
    ASSERT_TRUE(report);
    const std::map<BrickId, Brick> expected = bricks_of(whole, report->bricks);
    ASSERT_GT(expected.size(), 20U);

    int failures = 0;
    for (bool made = false; !made; ++failures) {
        ASSERT_LT(failures, 10'000);
        Volume volume(generator);
        ASSERT_TRUE(apply(volume, first));
        // A reader that began before: what is replaced must outlive its pin.
        const EpochDomain::Pin pin = volume.epochs().pin();
        const std::map<BrickId, Brick> before = bricks_of(volume, report->bricks);
        const std::uint64_t version = volume.version();
        const std::size_t edited = volume.edited_count();
        std::optional<VoxelError> error;
        {
            const FailingAllocation failing(failures);
            auto done = apply(volume, second);
            made = !failing.has_failed();
            if (!done) error = std::move(done.error());
        }
        if (made || !error) {
            EXPECT_FALSE(error);
            EXPECT_TRUE(bricks_of(volume, report->bricks).size() == expected.size());
            continue;
        }
        EXPECT_EQ(error->kind, VoxelError::Kind::OutOfMemory);
        EXPECT_EQ(volume.version(), version);
        EXPECT_EQ(volume.edited_count(), edited);
        const std::map<BrickId, Brick> after = bricks_of(volume, report->bricks);
        ASSERT_EQ(after.size(), before.size());
        for (const auto& [id, brick] : before)
            ASSERT_EQ(hash_of(after.at(id)), hash_of(brick)) << "a part of the edit was made";
        // And it can be made later.
        ASSERT_TRUE(apply(volume, second));
        for (const auto& [id, brick] : expected)
            ASSERT_EQ(hash_of(*volume.find(id)), hash_of(brick));
    }
    EXPECT_GT(failures, 30);
}

// So is one that is worked out in slices, of which each has lists of its own.
TEST(EditWithoutMemory, IsMadeInTheBackgroundWholeOrNotAtAll) {
    WorkerPoolConfig config;
    config.run_inline = true;
    WorkerPool pool(config);
    const Operation soft{.mode = Mode::Grow, .shape = SphereShape{{5.0F, 0.0F, 3.0F}, 4.0F}};
    int failures = 0;
    for (bool made = false; !made; ++failures) {
        ASSERT_LT(failures, 10'000);
        World world(layered_hills());
        std::optional<VoxelError> error;
        {
            const FailingAllocation failing(failures);
            if (const auto edit = world.begin(pool, soft)) {
                while ((*edit)->advance(Clock::time_point::max()) == BigEdit::State::Working) {
                }
                if (auto report = world.finish(**edit); !report) error = std::move(report.error());
            } else {
                error = edit.error();
            }
            made = !failing.has_failed();
        }
        if (error) {
            ASSERT_EQ(error->kind, VoxelError::Kind::OutOfMemory) << error->message;
        }
        ASSERT_EQ(world.volume().edited_count() == 0, error.has_value());
    }
    EXPECT_GT(failures, 30);
}

// So are its parts in the history and in the log, and so is undoing it.
TEST(EditWithoutMemory, IsUndoneWholeOrNotAtAll) {
    const auto generator = layered_hills();
    const Operation first{.shape = SphereShape{{2.0F, 0.0F, 3.0F}, 3.0F}, .stroke = 1};
    const Operation second{
        .mode = Mode::Grow, .shape = SphereShape{{5.0F, 0.0F, 3.0F}, 4.0F}, .stroke = 1};
    int failures = 0;
    for (bool made = false; !made; ++failures) {
        ASSERT_LT(failures, 10'000);
        OperationLog log;
        World world(generator);
        world.set_undo_limit(std::size_t{64} << 20U);
        world.record_to(&log);
        ASSERT_TRUE(world.apply(first));
        bool done = false;
        {
            const FailingAllocation failing(failures);
            done = world.apply(second).has_value();
            made = !failing.has_failed();
        }
        if (!done) {
            ASSERT_EQ(log.size(), 1U);
            ASSERT_EQ(world.edits(), 1U);
            ASSERT_TRUE(world.apply(second));
        }
        ASSERT_EQ(log.size(), 2U);
        {
            const FailingAllocation failing(failures);
            done = world.undo(0).has_value();
        }
        if (!done) {
            ASSERT_GT(world.volume().edited_count(), 0U);
            ASSERT_TRUE(world.undo(0));
        }
        ASSERT_EQ(log.size(), 3U);
        ASSERT_EQ(world.volume().edited_count(), 0U);
        ASSERT_TRUE(world.redo(0));
    }
    EXPECT_GT(failures, 30);
}

// So is its part on the screen: what the edit changes is listed before it is made.
TEST(EditWithoutMemory, LeavesNoChunkOfTheScreenUnmarked) {
    const auto generator = mountains();
    WorkerPoolConfig config;
    config.run_inline = true;
    WorkerPool pool(config);
    TerrainSettings settings;
    settings.view_distance = settings.detail_distance = 60.0F;
    settings.update_budget = 1h;
    Terrain terrain(pool, generator, settings);
    SteadySink sink;
    ASSERT_TRUE(terrain.set_viewer({}));
    const auto frame = [&] {
        terrain.update();
        terrain.commit(sink, 1h);
        terrain.commit_edits(sink, Clock::time_point::max());
    };
    while (!terrain.is_loaded()) frame();
    const SphereEdit edit{SphereEdit::Kind::Dig, {}, 40.0F};
    int failures = 0;
    for (bool made = false; !made; failures += made ? 0 : 1) {
        ASSERT_LT(failures, 10'000);
        const FailingAllocation failing(failures);
        made = terrain.edit(edit).has_value();
    }
    EXPECT_GT(failures, 50);
    while (!terrain.is_loaded()) frame();
    EXPECT_TRUE(sink.inner.shown == truth(generator, {edit}, shown_chunks(terrain)));
}

// A brick that there was no memory for would count as pristine, and be lost with the next edit there.
TEST(SavingWithoutMemory, AWorldIsLoadedWholeOrRefused) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    std::size_t edited = 0;
    {
        World world(low_hills());
        WorldSaver saver(world, path, {});
        saver.wait();
        for (const float x : {0.0F, 150.0F, 900.0F})
            ASSERT_TRUE(world.apply(SphereEdit{SphereEdit::Kind::Dig, {x, 0, 0}, 5.0F}));
        saver.save({});
        saver.wait();
        edited = world.volume().edited_count();
    }
    int refused = 0;
    bool failed = true;
    for (int n = 0; failed; ++n) {
        World world(low_hills());
        WorldSaver saver(world, path, {});
        {
            const FailingAllocation failing(n);
            while (saver.state() == WorldSaver::State::Loading) had_memory([&] { saver.wait(); });
            failed = failing.has_failed();
        }
        if (saver.state() == WorldSaver::State::Failed) {
            ++refused;
            EXPECT_EQ(saver.error().kind, VoxelError::Kind::OutOfMemory);
            EXPECT_FALSE(world.apply(SphereEdit{SphereEdit::Kind::Dig, {}, 5.0F}));
        } else {
            EXPECT_EQ(world.volume().edited_count(), edited) << "allocation " << n;
        }
    }
    EXPECT_GT(refused, 3);
}

// By an answer or by an exception, and not by both.
TEST(SavingWithoutMemory, ASaveIsAnsweredOnce) {
    const TemporaryFolder folder;
    World world(low_hills());
    WorldSaver saver(world, folder.file("world"), {});
    saver.wait();
    bool failed = true;
    for (int n = 0; failed; ++n) {
        ASSERT_TRUE(world.apply(
            SphereEdit{SphereEdit::Kind::Dig, {static_cast<float>(n) * 150.0F, 0, 0}, 5.0F}));
        int answers = 0;
        {
            const FailingAllocation failing(n);
            answers += had_memory([&] { saver.save([&](auto&&) { ++answers; }); }) ? 0 : 1;
            had_memory([&] { saver.wait(); });
            failed = failing.has_failed();
        }
        saver.wait();
        EXPECT_EQ(answers, 1) << "allocation " << n;
        EXPECT_FALSE(saver.is_saving());
    }
    saver.save({});
    saver.wait();
    EXPECT_EQ(world.volume().unsaved_count(), 0U);
}

// Whatever fails while a world is loaded, dug and left: no edit is half shown for good, no chunk is
// lost, and in the end the screen is what it would have been.
class StreamingWithoutMemory : public testing::TestWithParam<int> {};  // the parameter: workers
INSTANTIATE_TEST_SUITE_P(Workers, StreamingWithoutMemory, testing::Values(0, 2));

TEST_P(StreamingWithoutMemory, GoesOnWhenThereIsMemoryAgain) {
    const auto generator = mountains();
    WorkerPoolConfig config;
    config.run_inline = GetParam() == 0;
    if (GetParam() > 0) config.thread_count_override = GetParam();
    WorkerPool pool(config);
#if defined(NEBULA_SANITIZED)
    constexpr std::uint32_t kRuns = 2;
#else
    constexpr std::uint32_t kRuns = 8;
#endif
    int failures = 0;
    std::size_t remeshed = 0;
    for (std::uint32_t seed = 1; seed <= kRuns; ++seed) {
        SCOPED_TRACE(seed);
        Dice dice(seed);
        TerrainSettings settings;
        settings.view_distance = 80.0F;
        settings.detail_distance = 30.0F;
        settings.update_budget = 2ms;
        Terrain terrain(pool, generator, settings);
        SteadySink sink;
        std::vector<SphereEdit> edits;
        std::vector<Viewer> viewers{{{}, 80.0F, 30.0F, {}, 1}};
        const auto failing = [&](auto&& f) {
            // Most calls allocate little: early failures are the likelier ones.
            const FailingAllocation fail(
                dice.whole(0, 2) == 0 ? -1 : dice.whole(0, 1 << dice.whole(0, 8)));
            return had_memory(f);
        };
        // With memory.
        const auto settle = [&] {
            const Clock::time_point guard = Clock::now() + 20s;
            ASSERT_TRUE(terrain.set_viewers(viewers));
            for (bool loaded = false; !loaded;) {
                ASSERT_LT(Clock::now(), guard)
                    << "it never ends: " << terrain.why_late(viewers[0].position) << "; "
                    << terrain.stats().queued << " queued, " << terrain.stats().in_flight
                    << " in flight, " << terrain.stats().failed << " failed";
                terrain.update();
                terrain.commit(sink, 1h);
                terrain.commit_edits(sink, Clock::time_point::max());
                ASSERT_EQ(terrain.audit(), "");
                loaded = terrain.is_loaded() && terrain.retry_failed() == 0;
                std::this_thread::yield();
            }
        };
        for (int step = 0; step < 150; ++step) {
            if (step % 30 == 0) {
                ASSERT_NO_FATAL_FAILURE(settle());
            }
            if (dice.whole(0, 3) == 0)
                viewers[0].position =
                    viewers[0].position + dice.point(dice.whole(0, 20) == 0 ? 1000.0F : 20.0F);
            if (dice.whole(0, 30) == 0) viewers[0].view_distance = dice.real(20.0F, 120.0F);
            failures += failing([&] { (void)terrain.set_viewers(viewers); }) ? 0 : 1;
            if (dice.whole(0, 2) != 0) {
                const SphereEdit edit{SphereEdit::Kind::Dig,
                                      viewers[0].position + dice.point(40.0F),
                                      dice.real(1.0F, 12.0F)};
                bool made = false;
                ASSERT_TRUE(failing([&] { made = terrain.edit(edit).has_value(); }))
                    << "an edit answers with an error";
                failures += made ? 0 : 1;
                if (made) edits.push_back(edit);
            }
            failures += failing([&] { terrain.update(); }) ? 0 : 1;
            failures += failing([&] { terrain.commit(sink, 10ms); }) ? 0 : 1;
            failures +=
                failing([&] { (void)terrain.commit_edits(sink, Clock::now() + 1ms); }) ? 0 : 1;
            ASSERT_EQ(terrain.audit(), "") << "in step " << step;
        }
        remeshed += terrain.stats().remeshed;
        ASSERT_NO_FATAL_FAILURE(settle());
        EXPECT_TRUE(sink.inner.staged.empty());
        EXPECT_TRUE(sink.inner.shown == truth(generator, edits, shown_chunks(terrain)));
        EXPECT_EQ(terrain.stats().edits, edits.size());
        EXPECT_FALSE(terrain.edits_pending());
    }
    EXPECT_GT(failures, 20) << "too few calls failed to tell anything";
    EXPECT_GT(remeshed, 100U) << "too little was edited where it is shown";
}

}  // namespace
}  // namespace nebula::voxel
