// SPDX-License-Identifier: MIT
#include "faulty_files.hpp"
#include "stored_bricks.hpp"
#include "world_samples.hpp"

#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/world/world_saver.hpp"

#include <gtest/gtest.h>

#if !defined(_WIN32)
#include <sys/wait.h>
#include <unistd.h>
#endif

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

using Kind = VoxelError::Kind;
using State = WorldSaver::State;

SphereEdit dig(int i) {
    Dice dice(static_cast<std::uint32_t>(i));
    return {i % 3 == 2 ? SphereEdit::Kind::Add : SphereEdit::Kind::Dig,
            {dice.real(-30, 30), dice.real(-12, 12), dice.real(-30, 30)},
            dice.real(1, 6)};
}

void dig_from(World& world, int first, int end) {
    for (int i = first; i < end; ++i) ASSERT_TRUE(world.apply(dig(i)));
}

// Whether every brick that `a` has edited is edited and the same in `b`.
bool has_all_of(World& a, World& b) {
    const Volume::Unsaved all = a.volume().begin_save();
    bool same = true;
    for (const auto& [id, samples] : all.bricks) {
        const Brick* other = b.volume().find(id);
        same &= other != nullptr && b.volume().is_edited(id) && other->samples == samples->samples;
    }
    a.volume().end_save(false);
    return same;
}

// That `world` is what `count` digs make of a new one.
void expect_digs(World& world, int count) {
    World expected(low_hills());
    dig_from(expected, 0, count);
    EXPECT_EQ(world.volume().edited_count(), expected.volume().edited_count());
    EXPECT_TRUE(has_all_of(expected, world)) << "after " << count << " digs";
}

// The world in a file.
void expect_file(const std::string& path, int count) {
    World world(low_hills());
    WorldSaver saver(world, path, {});
    saver.wait();
    ASSERT_EQ(saver.state(), State::Ready) << saver.error().message;
    EXPECT_EQ(saver.report().warning, "");
    EXPECT_EQ(saver.damaged(), 0U);
    EXPECT_EQ(world.volume().unsaved_count(), 0U);
    expect_digs(world, count);
}

struct Outcome {
    int answers = 0;
    tl::expected<SaveReport, VoxelError> result;
};
void save(WorldSaver& saver, Outcome& outcome) {
    saver.save([&outcome](auto&& result) {
        ++outcome.answers;
        outcome.result = std::forward<decltype(result)>(result);
    });
}

TEST(VolumeSaves, ASaveHasTheBricksAsOfItsBeginning) {
    World world(low_hills());
    dig_from(world, 0, 5);
    Volume& volume = world.volume();
    ASSERT_EQ(volume.unsaved_count(), volume.edited_count());
    World reference(low_hills());
    dig_from(reference, 0, 5);
    Volume::Unsaved save = volume.begin_save();
    EXPECT_EQ(volume.unsaved_count(), 0U);
    dig_from(world, 0, 40);
    volume.collect();
    for (const auto& [id, samples] : save.bricks)
        EXPECT_EQ(samples->samples, reference.volume().find(id)->samples);
    save.pin.reset();

    const std::size_t changed = volume.unsaved_count();
    volume.end_save(true);
    EXPECT_EQ(volume.unsaved_count(), changed) << "the save has nothing of the later edits";
    Volume::Unsaved rest = volume.begin_save();
    EXPECT_EQ(rest.bricks.size(), changed);
    volume.end_save(false);
    EXPECT_EQ(volume.unsaved_count(), changed) << "a save that failed gives its bricks back";
    rest = volume.begin_save();
    dig_from(world, 0, 1);  // changes nothing any more
    dig_from(world, 50, 55);
    volume.end_save(false);
    EXPECT_LE(volume.unsaved_count(), volume.edited_count()) << "no brick is listed twice";
}

// They stayed for ever: a save needs their bits, and nobody looked again after it.
TEST(VolumeSaves, PagesThatBecameEmptyGoWithTheSave) {
    World world(low_hills());
    world.set_undo_limit(std::size_t{1} << 24U);
    Volume& volume = world.volume();
    const std::size_t before = volume.bytes();
    ASSERT_TRUE(world.apply(dig(0)));
    ASSERT_TRUE(world.undo(0));
    EXPECT_GT(volume.bytes(), before);
    (void)volume.begin_save();
    const BrickId far{{800, 0, 0}, 0};
    ASSERT_TRUE(volume.publish_generated(far, make_brick(Brick{})));
    volume.drop_generated(far);
    volume.end_save(false);
    EXPECT_GT(volume.bytes(), before) << "the next save needs them";
    (void)volume.begin_save();
    ASSERT_TRUE(world.redo(0));
    ASSERT_TRUE(world.undo(0));
    volume.end_save(true);
    EXPECT_GT(volume.bytes(), before) << "undone while it was being saved";
    (void)volume.begin_save();
    volume.end_save(true);
    EXPECT_EQ(volume.bytes(), before);
}

TEST(WorldSaver, WhatWasDugIsThereInTheNextGame) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    {
        World world(low_hills());
        WorldSaver saver(world, path, {});
        const auto early = world.apply(dig(0));
        ASSERT_FALSE(early);
        EXPECT_EQ(early.error().message,
                  "the world is still being loaded; edit it when that has ended");
        saver.wait();
        EXPECT_TRUE(saver.report().created);
        dig_from(world, 0, 20);
        EXPECT_EQ(saver.note_operation({std::byte{1}}), 1U);
        Outcome all;
        save(saver, all);
        saver.wait();
        ASSERT_TRUE(all.result) << all.result.error().message;
        EXPECT_EQ(all.result->bricks, world.volume().edited_count());
        // Only what changed is saved again.
        const auto report = world.apply(dig(20));
        ASSERT_TRUE(report);
        EXPECT_EQ(saver.note_operation({std::byte{2}}), 2U);
        Outcome one;
        save(saver, one);
        saver.wait();
        ASSERT_TRUE(one.result);
        EXPECT_EQ(one.result->bricks, report->bricks.size());
    }
    expect_file(path, 21);
}

TEST(WorldSaver, CallsDuringASaveShareTheNextOne) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    {
        World world(low_hills());
        WorldSaver saver(world, path, {});
        saver.wait();
        Outcome outcomes[4];
        dig_from(world, 0, 3);
        save(saver, outcomes[0]);
        dig_from(world, 3, 6);
        save(saver, outcomes[1]);
        save(saver, outcomes[2]);
        dig_from(world, 6, 9);
        save(saver, outcomes[3]);
        saver.wait();
        for (const Outcome& outcome : outcomes) {
            EXPECT_EQ(outcome.answers, 1);
            EXPECT_TRUE(outcome.result);
        }
        EXPECT_GT(outcomes[1].result->bricks, 0U);
        EXPECT_EQ(outcomes[1].result->bricks, outcomes[3].result->bricks) << "the same save";
        EXPECT_EQ(world.volume().unsaved_count(), 0U);
    }
    expect_file(path, 9);
}

// All of it in one call was a long frame.
TEST(WorldSaver, ALargeSaveEndsInParts) {
    const TemporaryFolder folder;
    World world(low_hills());
    WorldSaverSettings settings;
    settings.memory_limit = 0;
    settings.autosave = {};
    WorldSaver saver(world, folder.file("world"), settings);
    saver.wait();
    Volume& volume = world.volume();
    constexpr auto count = static_cast<std::int32_t>(2 * WorldSaver::kEndedAtOnce + 100);
    std::vector<EditedBrick> bricks;
    for (std::int32_t i = 0; i < count; ++i)
        bricks.push_back({{{i % 100, i / 100 % 100, i / 10000}}, BrickPtr(&kAirBrick)});
    const BrickId first = bricks.front().id;
    volume.publish_edited(volume.prepare(std::move(bricks)));
    Outcome saved;
    save(saver, saved);
    int parts = 0;
    for (std::size_t left = volume.being_saved().size(); saver.is_saving(); ++parts) {
        saver.update();
        const std::size_t done = left - volume.being_saved().size();
        EXPECT_LE(done, WorldSaver::kEndedAtOnce);
        if (done == 0) {  // it is still being written
            --parts;
            continue;
        }
        left -= done;
        if (parts > 0) continue;
        EXPECT_EQ(saved.answers, 0);
        std::vector<EditedBrick> later;
        later.push_back({first, BrickPtr(&kSolidBrick)});
        volume.publish_edited(volume.prepare(std::move(later)));
    }
    EXPECT_EQ(parts, 3);
    EXPECT_EQ(saved.answers, 1);
    EXPECT_TRUE(saved.result);
    EXPECT_EQ(volume.unsaved_count(), 1U) << "what was edited meanwhile is in the next save";
    for (int i = 0; i < count && volume.edited_count() > 1; ++i) saver.update();
    EXPECT_EQ(volume.edited_count(), 1U) << "all others may leave the memory";
}

TEST(WorldSaver, AtItsEndEverythingIsSavedOrTheReasonIsTold) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    FaultyFiles files;
    {
        World world(low_hills());
        std::vector<bool> saves;
        WorldSaver saver(
            world, path,
            {.file = {.vfs = FaultyFiles::kName},
             .after_save = [&](const auto& saved) { saves.push_back(saved.has_value()); }});
        EXPECT_TRUE(saver.finish()) << "it does not wait for a world that is being loaded";
        EXPECT_EQ(saver.state(), State::Loading);
        saver.wait();
        dig_from(world, 0, 3);
        files.fail(FaultyFiles::Fault::Io, 0);
        saver.save({});
        dig_from(world, 3, 6);
        EXPECT_TRUE(saver.finish()) << "after a save that failed, and one for all of it";
        EXPECT_EQ(saves, (std::vector{false, true}));
        dig_from(world, 6, 12);
        ASSERT_TRUE(saver.has_unsaved());
        files.fail(FaultyFiles::Fault::Full, 0);
        const auto lost = saver.finish();
        ASSERT_FALSE(lost);
        EXPECT_EQ(lost.error().kind, Kind::DiskFull);
        files.heal();
        EXPECT_TRUE(saver.finish());
    }
    expect_file(path, 12);
}

TEST(WorldSaver, ASaveThatFailedIsMadeUpFor) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    FaultyFiles files;
    {
        World world(low_hills());
        WorldSaver saver(world, path, {.file = {.vfs = FaultyFiles::kName}});
        saver.wait();
        dig_from(world, 0, 4);
        EXPECT_EQ(saver.note_operation({std::byte{1}}), 1U);
        files.fail(FaultyFiles::Fault::Full, 0);
        Outcome failed;
        save(saver, failed);
        dig_from(world, 4, 8);  // while it is being saved
        saver.wait();
        ASSERT_FALSE(failed.result);
        EXPECT_EQ(failed.result.error().kind, Kind::DiskFull);
        EXPECT_EQ(failed.result.error().message,
                  "the disk is full, so \"" + path + "\" was not saved; make room and save again");
        EXPECT_EQ(saver.failed_saves(), 1U);
        files.heal();
        EXPECT_EQ(world.volume().unsaved_count(), world.volume().edited_count());
        Outcome made_up;
        save(saver, made_up);
        saver.wait();
        ASSERT_TRUE(made_up.result) << made_up.result.error().message;
    }
    expect_file(path, 8);
    const auto file = WorldFile::open(path, {});
    ASSERT_TRUE(file);
    EXPECT_EQ((*file)->report().last_operation, 1U);
}

// What was edited before would replace what the file has.
TEST(WorldSaver, LoadsIntoAnUntouchedWorldOnly) {
    const TemporaryFolder folder;
    WorkerPoolConfig inline_pool;
    inline_pool.run_inline = true;
    WorkerPool pool(inline_pool);
    for (const bool is_big : {false, true}) {
        World world(low_hills());
        const Operation operation{.shape = SphereShape{{0, 0, 0}, 4.0F}};
        BigEdit* big = nullptr;
        if (is_big) {
            const auto begun = world.begin(pool, operation);
            ASSERT_TRUE(begun);
            big = *begun;
        } else {
            ASSERT_TRUE(world.apply(operation));
        }
        {
            WorldSaver saver(world, folder.file("world"), {});
            EXPECT_EQ(saver.state(), State::Failed);
            EXPECT_EQ(saver.error().message,
                      "a world file must be loaded into a new world, before anything edits it");
            saver.wait();
            if (is_big) {
                EXPECT_EQ(world.finish(*big).error().kind, Kind::NotLoaded);
            }
            EXPECT_FALSE(world.apply(dig(0)));
        }
        EXPECT_TRUE(world.apply(dig(0)));
    }
}

TEST(WorldSaver, AWorldStaysUsableWithoutIt) {
    const TemporaryFolder folder;
    World world(low_hills());
    { const WorldSaver loading(world, folder.file("world"), {}); }
    {
        WorldSaver saver(world, folder.file("world"), {});
        saver.wait();
        dig_from(world, 0, 3);
        saver.save({});
        EXPECT_TRUE(saver.is_saving());
    }
    EXPECT_EQ(world.volume().unsaved_count(), world.volume().edited_count());
    (void)world.volume().begin_save();
    world.volume().end_save(true);
    dig_from(world, 3, 4);
}

// A record of more than a megabyte ended all saving.
TEST(WorldSaver, ALongRecordIsSavedAndOneThatIsTooLongRefused) {
    const TemporaryFolder folder;
    World world(low_hills());
    WorldSaver saver(world, folder.file("world"), {});
    saver.wait();
    dig_from(world, 0, 1);
    EXPECT_EQ(saver.note_operation(std::vector<std::byte>(kMostRecordBytes + 1)), 0U);
    EXPECT_EQ(saver.note_operation(std::vector<std::byte>(std::size_t{3} << 20U)), 1U);
    Outcome outcome;
    save(saver, outcome);
    saver.wait();
    ASSERT_TRUE(outcome.result) << outcome.result.error().message;
    std::size_t length = 0;
    saver.store().fetch_operations(0, 9, [&](auto&& operations) {
        if (operations && operations->size() == 1) length = operations->front().record.size();
    });
    saver.wait();
    EXPECT_EQ(length, std::size_t{3} << 20U);
}

TEST(WorldSaver, AnAnswerThatThrowsTakesNoOtherWithIt) {
    const TemporaryFolder folder;
    World world(low_hills());
    WorldSaver saver(world, folder.file("world"), {});
    saver.wait();
    dig_from(world, 0, 3);
    Outcome first, last;
    save(saver, first);
    saver.save([](auto&&) { throw std::runtime_error("of the game"); });
    save(saver, last);
    EXPECT_THROW(saver.wait(), std::runtime_error);
    saver.wait();
    for (const Outcome& outcome : {first, last}) {
        EXPECT_EQ(outcome.answers, 1);
        EXPECT_TRUE(outcome.result);
    }
}

// The answers of the save that has ended went to the next one, and the other way round.
TEST(WorldSaver, WhoIsToldOfASaveMaySaveAgainAtOnce) {
    const TemporaryFolder folder;
    FaultyFiles files;
    World world(low_hills());
    Outcome first, second;
    WorldSaver* self = nullptr;
    WorldSaver saver(world, folder.file("world"),
                     {.file = {.vfs = FaultyFiles::kName}, .after_save = [&](const auto& saved) {
                          if (saved) return;
                          files.heal();
                          save(*self, second);
                      }});
    self = &saver;
    saver.wait();
    dig_from(world, 0, 3);
    files.fail(FaultyFiles::Fault::Full, 0);
    save(saver, first);
    saver.wait();
    EXPECT_EQ(first.answers, 1);
    EXPECT_FALSE(first.result);
    EXPECT_EQ(second.answers, 1);
    EXPECT_TRUE(second.result);
}

// The export took the unsaved bricks from under the save that somebody else had begun meanwhile.
TEST(WorldSaver, AnExportAfterAFailedSaveLeavesTheNextOneAlone) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    FaultyFiles files;
    World world(low_hills());
    WorldSaver saver(world, path, {.file = {.vfs = FaultyFiles::kName}});
    saver.wait();
    dig_from(world, 0, 3);
    files.fail(FaultyFiles::Fault::Full, 0);
    Outcome retry;
    saver.save({});  // the others wait for the one after it
    saver.save([&](auto&& result) {
        EXPECT_FALSE(result);
        files.heal();
        save(saver, retry);
    });
    tl::expected<std::size_t, VoxelError> exported = tl::unexpected(VoxelError{});
    saver.export_region(folder.file("part"), {{-999, -999, -999}, {999, 999, 999}},
                        [&](auto&& result) { exported = result; });
    saver.wait();
    saver.store().wait();
    EXPECT_TRUE(retry.result);
    ASSERT_TRUE(exported) << exported.error().message;
    EXPECT_EQ(*exported, world.volume().edited_count());
    EXPECT_FALSE(saver.has_unsaved());
}

Clock::time_point fake_now{};

TEST(WorldSaver, ChangesAreSavedByThemselvesInTime) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    World world(low_hills());
    WorldSaver saver(world, path,
                     {.autosave = std::chrono::seconds(10), .now = [] { return fake_now; }});
    saver.wait();
    fake_now += std::chrono::seconds(11);
    saver.update();
    EXPECT_FALSE(saver.is_saving()) << "nothing has changed";
    dig_from(world, 0, 2);
    saver.update();
    EXPECT_TRUE(saver.is_saving());
    saver.wait();
    dig_from(world, 2, 4);
    fake_now += std::chrono::seconds(9);
    saver.update();
    EXPECT_FALSE(saver.is_saving());
    fake_now += std::chrono::seconds(1);
    saver.update();
    saver.wait();
    EXPECT_EQ(world.volume().unsaved_count(), 0U);
}

TEST(WorldSaver, AFileThatCannotBeOpenedAnswersEverySaveAndKeepsEditsOut) {
    const TemporaryFolder folder;
    World world(low_hills());
    WorldSaver saver(world, folder.file("no/folder"), {});
    Outcome before, after;
    save(saver, before);
    saver.wait();
    EXPECT_EQ(saver.state(), State::Failed);
    EXPECT_EQ(saver.error().kind, Kind::FileFailed);
    save(saver, after);
    for (const Outcome& outcome : {before, after}) {
        EXPECT_EQ(outcome.answers, 1);
        ASSERT_FALSE(outcome.result);
        EXPECT_EQ(outcome.result.error().message, saver.error().message);
    }
    EXPECT_FALSE(world.apply(dig(0)));
}

// Nothing is written to a torn file any more, but what is intact in it and what was dug since can be
// taken elsewhere.
TEST(WorldSaver, AWorldWhoseFileIsTornIsRescuedToAnotherOne) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    const std::string rescued = folder.file("rescued");
    {
        World world(low_hills());
        WorldSaver saver(world, path, {});
        saver.wait();
        dig_from(world, 0, 12);
        ASSERT_TRUE(saver.finish());
    }
    const auto size = std::filesystem::file_size(path);
    std::filesystem::resize_file(path, size - size / 4);
    World world(low_hills());
    {
        WorldSaver saver(world, path, {});
        saver.wait();
        ASSERT_EQ(saver.state(), State::Ready);
        ASSERT_NE(saver.report().warning, "");
        ASSERT_GT(world.volume().edited_count(), 3U);
        dig_from(world, 12, 15);
        tl::expected<std::size_t, VoxelError> count = tl::unexpected(VoxelError{});
        saver.export_region(rescued, {{-1 << 23, -1 << 23, -1 << 23}, {1 << 23, 1 << 23, 1 << 23}},
                            [&](auto&& result) { count = result; });
        saver.wait();
        saver.store().wait();
        ASSERT_TRUE(count) << count.error().message;
        EXPECT_EQ(*count, world.volume().edited_count());
        EXPECT_TRUE(saver.has_unsaved());
    }
    World again(low_hills());
    WorldSaver saver(again, rescued, {});
    saver.wait();
    EXPECT_EQ(saver.report().warning, "");
    EXPECT_EQ(again.volume().edited_count(), world.volume().edited_count());
    EXPECT_TRUE(has_all_of(world, again));
}

#if !defined(_WIN32)  // which cannot fork
// Digs from where the file ends, and writes to `out` how many digs are durable, until it is killed.
[[noreturn]] void dig_and_save_until_killed(const std::string& path, int out) {
    World world(low_hills());
    WorldSaver saver(world, path, {});
    saver.wait();
    if (saver.state() != State::Ready) ::_exit(1);
    for (int digs = static_cast<int>(saver.report().last_operation);;) {
        for (const int end = digs + 1 + digs % 3; digs < end; ++digs) {
            if (!world.apply(dig(digs))) ::_exit(2);
            if (saver.note_operation({std::byte{7}}) == 0) ::_exit(4);
        }
        saver.save([&, digs](const auto& result) {
            if (!result || ::write(out, &digs, sizeof digs) != sizeof digs) ::_exit(3);
        });
        // Sometimes digs on while it saves.
        if (digs % 2 == 0) saver.wait();
        saver.update();
    }
}

// Kills a program at any moment while it digs and saves, again and again with the same file. The
// file holds what some number of digs make, and at least those that were acknowledged.
TEST(WorldSaver, AKilledProgramLosesNothingThatWasAcknowledged) {
    const bool is_long = std::getenv("NEBULA_LONG") != nullptr;
    const int kills = is_long ? 200 : 6;
    const TemporaryFolder folder;
    std::mt19937 dice(3);
    std::string path;
    for (int kill = 0; kill < kills; ++kill) {
        if (kill % 20 == 0) path = folder.file("world" + std::to_string(kill));
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) dig_and_save_until_killed(path, ends[1]);
        ::close(ends[1]);
        std::this_thread::sleep_for(std::chrono::microseconds(dice() % 40'000));
        ::kill(child, SIGKILL);
        int status = 0;
        ::waitpid(child, &status, 0);
        ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself: " << WEXITSTATUS(status);
        int acknowledged = 0;
        while (::read(ends[0], &acknowledged, sizeof acknowledged) > 0) {
        }
        ::close(ends[0]);
        int digs = 0;
        {
            const auto file = WorldFile::open(path, {});
            ASSERT_TRUE(file) << file.error().message;
            digs = static_cast<int>((*file)->report().last_operation);
        }
        ASSERT_GE(digs, acknowledged) << "kill " << kill;
        expect_file(path, digs);
        if (testing::Test::HasFailure()) return;
    }
}
#endif

// The file had what was undone, and would bring it back.
TEST(WorldSaver, WhatWasUndoneAfterASaveIsGoneInTheFile) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    {
        World world(low_hills());
        world.set_undo_limit(64U << 20U);
        WorldSaver saver(world, path, {});
        saver.wait();
        ASSERT_TRUE(world.apply(dig(0)));
        Outcome outcome;
        save(saver, outcome);
        saver.wait();
        ASSERT_TRUE(outcome.result);
        ASSERT_TRUE(world.undo(0));
        ASSERT_EQ(world.volume().edited_count(), 0U);
        EXPECT_GT(world.volume().unsaved_count(), 0U);
        save(saver, outcome);
        saver.wait();
        ASSERT_TRUE(outcome.result);
        EXPECT_EQ(world.volume().unsaved_count(), 0U);
        EXPECT_EQ(outcome.result->bricks, 0U) << "removed, not written";
        EXPECT_EQ(saver.store().keys().size(), 0U);
    }
    World pristine(low_hills());
    World world(low_hills());
    WorldSaver saver(world, path, {});
    saver.wait();
    EXPECT_EQ(saver.report().bricks, 0U);
    EXPECT_EQ(world.volume().edited_count(), 0U);
    World dug(low_hills());
    const auto report = dug.apply(dig(0));
    ASSERT_TRUE(report);
    for (const ChunkId chunk : report->chunks) {
        SampleBlock loaded;
        SampleBlock expected;
        world.volume().gather(chunk, loaded);
        pristine.volume().gather(chunk, expected);
        EXPECT_EQ(loaded.samples, expected.samples);
    }
}

}  // namespace
}  // namespace nebula::voxel
