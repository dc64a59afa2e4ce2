// SPDX-License-Identifier: MIT
// Bricks that leave the memory and come back, while somebody edits, saves and looks.
#include "faulty_files.hpp"
#include "stored_bricks.hpp"
#include "world_samples.hpp"

#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/edit/detail/edit_changes.hpp"
#include "nebula/voxel/space/hash_bytes.hpp"
#include "nebula/voxel/world/world_saver.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace nebula::voxel {
namespace {

WorldSaverSettings in_file(std::size_t bytes = 0) {
    WorldSaverSettings settings;
    settings.memory_limit = bytes;
    settings.autosave = {};
    return settings;
}

SphereEdit dig_at(Vec3f at, float radius) { return {SphereEdit::Kind::Dig, at, radius}; }

/// Until all that may leave the memory has left it.
void save_and_drop(World& world, WorldSaver& saver) {
    ASSERT_TRUE(saver.finish());
    for (int i = 0; i < 100 && world.volume().edited_count() > 0; ++i) saver.update();
}

std::uint64_t hash_of(const World& world, BrickId id) {
    Brick brick;
    detail::read_brick(world.volume(), id, brick);
    return voxel::hash_of(brick);
}

/// Of the chunk's block, as a worker gathers it.
std::uint64_t block_hash(Volume& volume, ChunkId chunk) {
    const auto block = std::make_unique<SampleBlock>();
    switch (volume.gather(chunk, *block)) {
        case BlockContent::Air:
            return 1;
        case BlockContent::Solid:
            return 2;
        case BlockContent::Mixed:
            return hash_bytes(std::as_bytes(std::span(block->samples))) | 4U;
    }
    return 0;
}

TEST(FileBricks, LeaveTheMemoryAndAreFoundByWhoeverLooks) {
    const TemporaryFolder folder;
    World world(low_hills()), whole(low_hills());
    WorldSaver saver(world, folder.file("world"), in_file());
    saver.wait();
    std::set<BrickId> bricks;
    for (World* each : {&world, &whole}) {
        const auto report = each->apply(dig_at({3, 2, 5}, 9));
        ASSERT_TRUE(report);
        bricks.insert(report->bricks.begin(), report->bricks.end());
    }
    ASSERT_GT(world.volume().edited_count(), 8U);
    save_and_drop(world, saver);
    EXPECT_EQ(world.volume().edited_count(), 0U);
    EXPECT_EQ(world.volume().brick_count(), 0U);
    for (const BrickId id : bricks) EXPECT_EQ(hash_of(world, id), hash_of(whole, id));
    for (const ChunkId chunk : {ChunkId{}, ChunkId{{-1, -1, 0}, 0}, ChunkId{{0, 0, 0}, 1}})
        EXPECT_EQ(block_hash(world.volume(), chunk), block_hash(whole.volume(), chunk));
    const auto ray = world.raycast({3, 30, 5}, {0, -1, 0}, 60);
    const auto same_ray = whole.raycast({3, 30, 5}, {0, -1, 0}, 60);
    ASSERT_TRUE(ray && *ray && same_ray && *same_ray);
    EXPECT_EQ((*ray)->position, (*same_ray)->position);
    EXPECT_EQ(world.volume().brick_count(), 0U) << "to look brings nothing back";
    // An edit clones what is in the file.
    for (World* each : {&world, &whole}) ASSERT_TRUE(each->apply(dig_at({6, -4, 5}, 5)));
    for (const BrickId id : bricks) EXPECT_EQ(hash_of(world, id), hash_of(whole, id));
}

// The ray's copy of a brick outlives its stay in the file.
TEST(FileBricks, ARayNeverSeesWhatWasThereBefore) {
    const TemporaryFolder folder;
    World world(low_hills());
    world.set_undo_limit(std::size_t{1} << 24U);
    WorldSaver saver(world, folder.file("world"), in_file());
    saver.wait();
    const auto depth = [&] {
        const auto hit = world.raycast({0, 40, 0}, {0, -1, 0}, 120);
        return hit && *hit ? (*hit)->distance : -1.0F;
    };
    const float ground = depth();
    ASSERT_TRUE(world.apply(dig_at({0, 0, 0}, 20)));
    save_and_drop(world, saver);
    const float crater = depth();
    EXPECT_GT(crater, ground + 5.0F);
    ASSERT_TRUE(world.apply(dig_at({0, -20, 0}, 12)));
    save_and_drop(world, saver);
    EXPECT_GT(depth(), crater + 5.0F);
    ASSERT_TRUE(world.undo(0));
    EXPECT_EQ(depth(), crater);
    ASSERT_TRUE(world.undo(0));
    EXPECT_EQ(depth(), ground) << "although the file still has the crater";
    ASSERT_TRUE(saver.finish());
    EXPECT_EQ(depth(), ground);
    EXPECT_TRUE(saver.store().keys().size() == 0);
    ASSERT_TRUE(world.redo(0));
    EXPECT_EQ(depth(), crater);
}

// Undone while the save that has the edit is under way: the file has it then, and the world has not.
TEST(FileBricks, WhatIsUndoneDuringItsSaveStaysUndone) {
    const TemporaryFolder folder;
    World world(low_hills());
    world.set_undo_limit(std::size_t{1} << 24U);
    WorldSaver saver(world, folder.file("world"), in_file());
    saver.wait();
    const std::uint64_t before = block_hash(world.volume(), {});
    ASSERT_TRUE(world.apply(dig_at({8, 0, 8}, 6)));
    saver.save({});
    ASSERT_TRUE(world.undo(0));
    saver.wait();
    EXPECT_GT(saver.store().keys().size(), 0U);
    EXPECT_EQ(block_hash(world.volume(), {}), before);
    ASSERT_TRUE(saver.finish());
    EXPECT_EQ(saver.store().keys().size(), 0U);
    EXPECT_EQ(block_hash(world.volume(), {}), before);
}

// Nothing leaves that the file does not have.
TEST(FileBricks, StayUntilASaveHasSucceeded) {
    const TemporaryFolder folder;
    FaultyFiles files;
    World world(low_hills());
    WorldSaverSettings settings = in_file();
    settings.file.vfs = FaultyFiles::kName;
    WorldSaver saver(world, folder.file("world"), settings);
    saver.wait();
    ASSERT_TRUE(world.apply(dig_at({3, 2, 5}, 9)));
    const std::size_t count = world.volume().edited_count();
    const std::uint64_t hash = block_hash(world.volume(), {});
    files.fail(FaultyFiles::Fault::Full, 0);
    EXPECT_FALSE(saver.finish());
    for (int i = 0; i < 10; ++i) saver.update();
    EXPECT_EQ(world.volume().edited_count(), count);
    files.heal();
    save_and_drop(world, saver);
    EXPECT_EQ(world.volume().edited_count(), 0U);
    EXPECT_EQ(block_hash(world.volume(), {}), hash);
}

// Ten times as much as the limit is dug.
TEST(FileBricks, TakeNoMoreMemoryThanTheLimit) {
    constexpr std::size_t limit = std::size_t{4} << 20U;
    const TemporaryFolder folder;
    World world(low_hills());
    WorldSaverSettings settings = in_file(limit);
    settings.autosave = std::chrono::hours(1);
    WorldSaver saver(world, folder.file("world"), settings);
    saver.wait();
    std::size_t most = 0;
    for (int i = 0; i < 120; ++i) {
        ASSERT_TRUE(world.apply(dig_at({static_cast<float>(i) * 40.0F, 0, 0}, 18)));
        // What is unsaved takes half of the limit, and what a save has as much again.
        for (int j = 0; j < 4; ++j) saver.update();
        if (saver.is_saving()) saver.wait();
        for (int j = 0; j < 4; ++j) saver.update();
        const ChunkId chunk{{(i * 37) % (i + 1) * 40 / 32, -1, 0}, 0};
        (void)block_hash(world.volume(), chunk);
        most = std::max(
            most, world.volume().edited_count() * sizeof(Brick) + world.file_bricks().bytes());
    }
    ASSERT_TRUE(saver.finish());
    EXPECT_GT(saver.store().keys().size() * sizeof(Brick), 3 * limit);
    EXPECT_LT(most, 2 * limit);
}

// Arrays of materials are as large as the samples.
TEST(FileBricks, TakeNoMoreMemoryThanTheLimitWhereTheyArePainted) {
    constexpr std::size_t limit = std::size_t{2} << 20U;
    const TemporaryFolder folder;
    World world(low_hills());
    WorldSaver saver(world, folder.file("world"), in_file(limit));
    saver.wait();
    for (int i = 0; i < 40; ++i)
        ASSERT_TRUE(
            world.apply(Operation{.mode = Mode::Paint,
                                  .shape = SphereShape{{static_cast<float>(i % 10) * 40.0F, 0,
                                                        static_cast<float>(i / 10) * 40.0F},
                                                       17.0F},
                                  .material = 3}));
    const std::size_t before = world.volume().edited_bytes();
    EXPECT_GT(before, world.volume().edited_count() * sizeof(Brick) * 5 / 4) << "most have one";
    EXPECT_GT(before, limit);
    ASSERT_TRUE(saver.finish());
    for (int i = 0; i < 20; ++i) saver.update();
    EXPECT_LT(world.volume().edited_bytes(), limit / 2 + 1);
    EXPECT_GT(world.volume().edited_bytes(), limit / 3);
    for (const BrickKey key : [&] {
             std::vector<BrickKey> all;
             saver.store().keys().for_each([&](BrickKey k) { all.push_back(k); });
             return all;
         }())
        (void)world.file_bricks().kept(*brick_of(key));
    EXPECT_LT(world.file_bricks().bytes(), std::max(limit / 2, 512 * sizeof(Brick)) + 1);
}

TEST(FileBricks, ThatCannotBeReadAreAnErrorAndNotTheGeneratorsGround) {
    const TemporaryFolder folder;
    World world(low_hills());
    {
        WorldSaver saver(world, folder.file("world"), in_file());
        saver.wait();
        ASSERT_TRUE(world.apply(dig_at({3, 2, 5}, 9)));
        save_and_drop(world, saver);
    }
    SampleBlock block;
    EXPECT_THROW((void)world.volume().gather({}, block), std::runtime_error);
    const auto edit = world.apply(dig_at({4, 2, 5}, 9));
    ASSERT_FALSE(edit);
    EXPECT_EQ(edit.error().message, "the world's file was closed");
    EXPECT_FALSE(world.raycast({3, 30, 5}, {0, -1, 0}, 60));
    EXPECT_TRUE(world.apply(dig_at({3000, 2, 5}, 3))) << "what is not in the file can be edited";
}

// Before the file was open, a ray saw the generator's ground, and remembered it.
TEST(FileBricks, ARayThatCameBeforeThemSeesThem) {
    const TemporaryFolder folder;
    const auto depth = [](World& world) {
        const auto hit = world.raycast({3, 30, 5}, {0, -1, 0}, 60);
        return hit && *hit ? (*hit)->distance : -1.0F;
    };
    float crater = 0.0F;
    {
        World world(low_hills());
        WorldSaver saver(world, folder.file("world"), in_file());
        saver.wait();
        ASSERT_TRUE(world.apply(dig_at({3, 2, 5}, 9)));
        crater = depth(world);
        ASSERT_TRUE(saver.finish());
    }
    World world(low_hills());
    EXPECT_LT(depth(world), crater);
    WorldSaver saver(world, folder.file("world"), in_file());
    EXPECT_LT(depth(world), crater) << "it is still being loaded";
    saver.wait();
    EXPECT_EQ(depth(world), crater);
}

// What the world has of the one file would be looked for in the other one.
TEST(FileBricks, AWorldHasOneFileInItsLife) {
    const TemporaryFolder folder;
    World world(low_hills());
    WorldSaver(world, folder.file("one"), in_file()).wait();
    for (const bool limited : {false, true}) {
        WorldSaver saver(world, folder.file("other"), limited ? in_file() : WorldSaverSettings{});
        saver.wait();
        EXPECT_EQ(saver.state(), WorldSaver::State::Failed);
    }
}

TEST(FileBricks, AFailedReadFailsTheEditAndNothingElse) {
    const TemporaryFolder folder;
    FaultyFiles files;
    WorldSaverSettings settings = in_file();
    settings.file.vfs = FaultyFiles::kName;
    World whole(low_hills());
    const auto dig_many = [](World& world) {
        for (int i = 0; i < 40; ++i)
            ASSERT_TRUE(world.apply(dig_at({static_cast<float>(i) * 20.0F, 0, 0}, 10)));
    };
    dig_many(whole);
    {
        World world(low_hills());
        WorldSaver saver(world, folder.file("world"), settings);
        saver.wait();
        dig_many(world);
        ASSERT_TRUE(saver.finish());
    }
    World world(low_hills());
    WorldSaver saver(world, folder.file("world"), settings);
    saver.wait();
    const auto report = whole.apply(dig_at({400, 0, 0}, 14));
    int failed = 0;
    for (bool done = false; !done;) {
        files.fail(FaultyFiles::Fault::Read, failed);
        const std::uint64_t version = world.volume().version();
        const auto edit = world.apply(dig_at({400, 0, 0}, 14));
        done = edit.has_value();
        EXPECT_EQ(files.heal(), !done);
        if (done) break;
        ++failed;
        ASSERT_LT(failed, 100);
        EXPECT_EQ(world.volume().version(), version);
        EXPECT_EQ(world.volume().unsaved_count(), 0U);
    }
    EXPECT_GT(failed, 0);
    for (const BrickId id : report->bricks) EXPECT_EQ(hash_of(world, id), hash_of(whole, id));
}

// One by one, each would be waited for on its own.
TEST(FileBricks, WhatAnEditReplacesIsReadTogether) {
    BrickKeys keys;
    std::vector<EditedBrick> bricks;
    for (std::int32_t i = 0; i < 300; ++i) {
        bricks.push_back({{{i, 0, 0}}, brick_of_seed(1)});
        keys.insert(*key_of({{i, 0, 0}}));
    }
    int reads = 0;
    FileBricks file;
    file.open(
        keys,
        [&reads](std::span<const BrickKey> wanted) {
            ++reads;
            return std::vector<std::shared_ptr<const Brick>>(wanted.size(), brick_of_seed(2));
        },
        0);
    Volume volume(low_hills());
    volume.set_kept(&file);
    (void)volume.prepare(std::move(bricks));
    EXPECT_EQ(volume.edited_count(), 0U) << "an edit that is not made leaves nothing in memory";
    EXPECT_EQ(reads, 2);
}

// The workers of a big edit read what it replaces. The owner thread read all of it again when the edit was
// finished: a second for 85 000 bricks.
TEST(FileBricks, WhatABigEditReplacesIsBroughtAlong) {
    WorkerPoolConfig config;
    config.thread_count_override = 1;
    WorkerPool pool(config);
    World world(low_hills());
    world.set_undo_limit(std::size_t{1} << 28U);
    BrickKeys keys;
    std::vector<BrickId> kept;
    for (std::int32_t i = 0; i < 1000; ++i) {  // more than the last read ones
        kept.push_back({{i % 10 - 5, i / 10 % 10 - 5, i / 100 - 5}});
        keys.insert(*key_of(kept.back()));
    }
    int waits = 0;
    world.file_bricks().open(
        keys,
        [&waits, owner = std::this_thread::get_id()](std::span<const BrickKey> wanted) {
            if (std::this_thread::get_id() == owner) ++waits;
            std::vector<std::shared_ptr<const Brick>> bricks;
            for (const BrickKey key : wanted) bricks.emplace_back(brick_of_seed(key));
            return bricks;
        },
        0);
    world.volume().set_kept(&world.file_bricks());
    const auto edit = world.begin(pool, operation_of(dig_at({0, 0, 0}, 80)));
    ASSERT_TRUE(edit);
    while ((*edit)->advance(Clock::now()) == BigEdit::State::Working) std::this_thread::yield();
    EXPECT_EQ(world.volume().edited_count(), 0U) << "nor does it bring them into the memory";
    ASSERT_TRUE(world.finish(**edit));
    EXPECT_EQ(waits, 0);
    ASSERT_TRUE(world.undo(0));
    EXPECT_EQ(waits, 0);
    for (const BrickId id : kept)
        if (const Brick* brick = world.volume().find(id)) {
            EXPECT_TRUE(brick->samples == brick_of_seed(*key_of(id))->samples);
        }
    EXPECT_GT(world.volume().edited_count(), 600U);
}

// As many as a large undo hides.
TEST(FileBricks, ThatAreHiddenAreShownAgain) {
    constexpr std::int32_t edge = 52;
    const auto for_all = [](auto&& f) {
        for (std::int32_t x = 0; x < edge; ++x)
            for (std::int32_t y = 0; y < edge; ++y)
                for (std::int32_t z = 0; z < edge; ++z) f(BrickId{{x, y, z}});
    };
    BrickKeys keys;
    for_all([&](BrickId id) { keys.insert(*key_of(id)); });
    FileBricks bricks;
    bricks.open(
        keys, [](auto) { return std::vector<std::shared_ptr<const Brick>>{}; }, 0);
    for_all([&](BrickId id) {
        EXPECT_TRUE(bricks.has(id));
        bricks.make_room_to_hide(id);
        bricks.hide(id);
        EXPECT_FALSE(bricks.has(id));
    });
    bricks.show_if([](BrickId id) { return id.at.x % 2 == 0; });
    for_all([&](BrickId id) { EXPECT_EQ(bricks.has(id), id.at.x % 2 == 0); });
}

// A save of many bricks took them all into its own form before it looked who waits.
TEST(FileBricks, AreReadWhileASaveIsEncoded) {
    const TemporaryFolder folder;
    World world(low_hills());
    WorldSaver saver(world, folder.file("world"), in_file());
    saver.wait();
    ASSERT_TRUE(world.apply(dig_at({3, 2, 5}, 9)));
    save_and_drop(world, saver);
    ASSERT_EQ(world.volume().edited_count(), 0U);
    const BrickPtr any = brick_of_seed(7);
    std::vector<EditedBrick> many;
    for (std::int32_t i = 0; i < 8000; ++i)
        many.push_back({{{1000 + i % 20, i / 20 % 20, i / 400}}, make_brick(*any)});
    world.volume().publish_edited(world.volume().prepare(std::move(many)));
    saver.save({});
    // Replaced, and kept by the save's pin until all is encoded.
    std::vector<EditedBrick> one;
    one.push_back({{{1000, 0, 0}}, brick_of_seed(8)});
    world.volume().publish_edited(world.volume().prepare(std::move(one)));
    EXPECT_TRUE(world.volume().read({{0, 0, 0}}));
    EXPECT_EQ(world.volume().collect(), 0U) << "the read came after the last brick was encoded";
    saver.wait();
    EXPECT_GT(world.volume().collect(), 0U);
}

// Threads look at one place while the owner edits, saves, undoes there and drops what is saved. A look during
// which nothing was edited has seen exactly what the edits before it left. The version would not tell: it
// goes up when the last brick of an edit is published, and a look may meet the first of them.
// Whoever waited for a brick waited for all of them.
TEST(FileBricks, AreReadBeforeThePagesOfASaveAreMoved) {
    const TemporaryFolder folder;
    FaultyFiles files;
    WorldSaverSettings settings = in_file();
    settings.file.vfs = FaultyFiles::kName;
    World world(low_hills());
    WorldSaver saver(world, folder.file("world"), settings);
    saver.wait();
    std::vector<EditedBrick> bricks;
    for (std::int32_t i = 0; i < 2000; ++i)
        bricks.push_back({{{i % 100, i / 100, 0}}, brick_of_seed(static_cast<std::uint64_t>(i))});
    const BrickKey key = *key_of(bricks[7].id);
    world.volume().publish_edited(world.volume().prepare(std::move(bricks)));
    const int before = files.pages();
    files.set_slow(true);
    ASSERT_TRUE(saver.finish());
    while (files.pages() == before) std::this_thread::yield();
    EXPECT_TRUE(equal(saver.store().read_now({&key, 1})[0], brick_of_seed(7)));
    EXPECT_LT(files.pages() - before, 100);
    files.set_slow(false);
    const int stopped = files.pages();
    for (int i = 0; i < 1000 && files.pages() - stopped < 300; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_GE(files.pages() - stopped, 300) << "they are moved afterwards";
}

TEST(FileBricks, ReadersSeeEachVersionWhole) {
    constexpr ChunkId chunk{};
    const TemporaryFolder folder;
    World world(low_hills()), oracle(low_hills());
    for (World* each : {&world, &oracle}) each->set_undo_limit(std::size_t{1} << 24U);
    WorldSaver saver(world, folder.file("world"), in_file());
    saver.wait();
    std::mutex mutex;
    std::vector<std::uint64_t> truth{block_hash(oracle.volume(), chunk)};
    std::atomic<std::size_t> edits{0};  // twice as many as there were, and one more during an edit
    std::atomic<int> looks{0}, wrong{0};
    {
        std::vector<std::jthread> readers;
        for (int i = 0; i < 2; ++i)
            readers.emplace_back([&](const std::stop_token& stop) {
                while (!stop.stop_requested()) {
                    const std::size_t before = edits.load();
                    const std::uint64_t seen = block_hash(world.volume(), chunk);
                    if (before % 2 != 0 || edits.load() != before) continue;
                    const std::lock_guard lock(mutex);
                    looks.fetch_add(1);
                    wrong.fetch_add(truth[before / 2] != seen ? 1 : 0);
                }
            });
        Dice dice(9);
        for (int round = 0; round < 60; ++round) {
            const int what = dice.whole(0, 9);
            const Vec3f at{dice.real(0, 30), dice.real(-6, 6), dice.real(0, 30)};
            edits.fetch_add(1);
            for (World* each : {&world, &oracle}) {
                if (what < 3)
                    (void)each->undo(0);
                else if (what < 4)
                    (void)each->redo(0);
                else
                    ASSERT_TRUE(each->apply(dig_at(at, 3)));
            }
            {
                const std::lock_guard lock(mutex);
                truth.push_back(block_hash(oracle.volume(), chunk));
            }
            edits.fetch_add(1);
            ASSERT_EQ(block_hash(world.volume(), chunk), truth.back()) << "round " << round;
            if (round % 2 == 0) saver.save({});
            if (dice.whole(0, 1) == 0) saver.wait();
            for (int i = 0; i < 3; ++i) saver.update();
        }
    }
    EXPECT_EQ(wrong.load(), 0);
    EXPECT_GT(looks.load(), 10);
    EXPECT_GT(world.volume().dropped(), 20U);
}

}  // namespace
}  // namespace nebula::voxel
