// SPDX-License-Identifier: MIT
#include "faulty_files.hpp"
#include "stored_bricks.hpp"

#include "nebula/base/utf8_path.hpp"
#include "nebula/voxel/store/seal.hpp"
#include "nebula/voxel/store/world_copy.hpp"
#include "nebula/voxel/store/world_file.hpp"
#include "tests/base/resident_memory.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#if defined(_WIN32)
#include <windows.h>
#undef far  // an ordinary word elsewhere
#else
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <ios>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

using Kind = VoxelError::Kind;
using Seeds = std::map<BrickKey, std::uint64_t>;

std::unique_ptr<WorldFile> opened(const std::string& path, const WorldFileSettings& settings = {}) {
    auto file = WorldFile::open(path, settings);
    EXPECT_TRUE(file) << file.error().message;
    return file ? std::move(*file) : nullptr;
}

VoxelError refused(const std::string& path, const WorldFileSettings& settings = {}) {
    const auto file = WorldFile::open(path, settings);
    EXPECT_FALSE(file) << path << " was opened";
    return file ? VoxelError{} : file.error();
}

tl::expected<void, VoxelError> save(WorldFile& file, const Seeds& seeds,
                                    const std::vector<StoredOperation>& operations = {}) {
    std::vector<PackedBrick> bricks;
    for (const auto& [key, seed] : seeds)
        file.pack(key, *brick_of_seed(seed), bricks.emplace_back());
    if (auto done = file.begin(); !done) return done;
    if (auto done = file.write(bricks); !done) return done;
    if (auto done = file.write(operations); !done) return done;
    return file.commit();
}

StoredOperation operation(std::uint64_t sequence) {
    return {sequence, std::vector<std::byte>(3 + sequence, static_cast<std::byte>(sequence))};
}

// How many of these bricks the file has as they are here; each other one must be missing.
std::size_t intact(WorldFile& file, const Seeds& seeds) {
    std::size_t count = 0;
    for (const auto& [key, seed] : seeds) {
        const auto brick = file.read(key);
        EXPECT_TRUE(brick) << brick.error().message;
        if (!brick || *brick == nullptr) continue;
        EXPECT_TRUE(equal(*brick, brick_of_seed(seed))) << "brick " << key;
        ++count;
    }
    return count;
}

Seeds seeds_from(int first, int end) {
    Seeds seeds;
    for (int i = first; i < end; ++i) seeds[key_number(i)] = static_cast<std::uint64_t>(i) * 3 + 1;
    return seeds;
}

void run_sql(const std::string& path, const char* sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database);
    sqlite3_close(database);
}

TEST(WorldFile, WhatWasSavedIsThereWhenItIsOpenedAgain) {
    const TemporaryFolder folder;
#if defined(_WIN32)  // where no name may have a question mark
    const std::string path = folder.file("wörld#%.nebula");
#else
    const std::string path = folder.file("wörld?#%.nebula");
#endif
    Seeds seeds = seeds_from(0, 300);
    {
        const auto file = opened(path, {.generator = "hills 7", .units = "metres"});
        EXPECT_TRUE(file->report().created);
        ASSERT_TRUE(save(*file, seeds, {operation(1), operation(2)}));
        for (auto& [key, seed] : seeds_from(100, 150)) seeds[key] = seed + 1000;
        Seeds changed = seeds_from(100, 150);
        for (auto& [key, seed] : changed) seed += 1000;
        ASSERT_TRUE(save(*file, changed, {operation(5)}));
        EXPECT_EQ(intact(*file, seeds), seeds.size());
    }
    EXPECT_FALSE(std::filesystem::exists(path + "-wal"));
    const auto file = opened(path, {.generator = "hills 7", .units = "metres"});
    const WorldFileReport& report = file->report();
    EXPECT_FALSE(report.created);
    EXPECT_FALSE(report.read_only);
    EXPECT_EQ(report.other_generator, "");
    EXPECT_EQ(report.other_units, "");
    EXPECT_EQ(report.warning, "");
    EXPECT_EQ(report.bricks, seeds.size());
    EXPECT_EQ(report.last_operation, 5U);
    EXPECT_EQ(intact(*file, seeds), seeds.size());
    const auto first = file->read_operations(0, 2);
    ASSERT_TRUE(first);
    ASSERT_EQ(first->size(), 2U);
    EXPECT_EQ((*first)[1].record, operation(2).record);
    EXPECT_EQ(file->read_operations(2, 9)->front().sequence, 5U);
    EXPECT_TRUE(file->read_operations(5, 9)->empty());
    EXPECT_EQ(*file->read(*key_of({{999, 0, 0}, 0})), nullptr);
}

TEST(WorldFile, BeginsWithWhatIsPutThereIfThereIsNone) {
    const TemporaryFolder folder;
    const std::string first = folder.file("first.nebula");
    const std::string second = folder.file("second.nebula");
    const Seeds seeds = seeds_from(0, 20);
    {
        const auto file = opened(first);
        ASSERT_TRUE(save(*file, seeds));
    }
    int calls = 0;
    WorldFileSettings settings;
    settings.begin_with = [&](const std::string&) -> tl::expected<void, VoxelError> {
        ++calls;
        return tl::unexpected(VoxelError{Kind::FileFailed, "no copy"});
    };
    EXPECT_EQ(refused(second, settings).message, '"' + second + "\" could not be made: no copy");
    EXPECT_FALSE(std::filesystem::exists(second)) << "it begins with nothing in its place";
    settings.begin_with = [&](const std::string& path) -> tl::expected<void, VoxelError> {
        ++calls;
        std::filesystem::copy_file(first, path);
        return {};
    };
    for (int opening = 0; opening < 2; ++opening) {
        const auto file = opened(second, settings);
        EXPECT_FALSE(file->report().created);
        EXPECT_EQ(intact(*file, seeds), seeds.size());
    }
    EXPECT_EQ(calls, 2) << "a file that is there is opened as it is";
    refused("no folder.nebula", settings);
    EXPECT_EQ(calls, 2) << "nothing is made under a name that is refused";
}

// As a program that was killed leaves it, when somebody removes the world and does not know of the other file.
TEST(WorldFile, SavesOfARemovedFileDoNotGetIntoTheNewOne) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    const std::string kept = folder.file("kept");
    {
        const auto file = opened(path);
        ASSERT_TRUE(save(*file, seeds_from(0, 300)));
        std::filesystem::copy_file(path + "-wal", kept);
    }
    std::filesystem::remove(path);
    std::filesystem::rename(kept, path + "-wal");
    const auto file = opened(path);
    EXPECT_TRUE(file->report().created);
    EXPECT_EQ(file->report().bricks, 0U);
    EXPECT_EQ(intact(*file, seeds_from(0, 300)), 0U);
}

// A file on the disk, and what happens after it was read.
struct WatchedSource {
    std::string path;
    std::function<void(std::string_view ending)> after;

    [[nodiscard]] WorldSource source() const {
        return {path, [this](std::string_view ending) -> ReadBytes {
                    const auto in = std::make_shared<std::ifstream>(path + std::string(ending),
                                                                    std::ios::binary);
                    if (!*in) return {};
                    return [this, in, ending](std::span<std::byte> bytes) {
                        in->read(reinterpret_cast<char*>(bytes.data()),
                                 static_cast<std::streamsize>(bytes.size()));
                        const auto size = static_cast<std::size_t>(in->gcount());
                        if (size == 0 && after) after(ending);
                        return std::optional(size);
                    };
                }};
    }
};

TEST(WorldFile, ACopyHasWholeSavesAlthoughSavesAreMadeMeanwhile) {
    const TemporaryFolder folder;
    const auto file = opened(folder.file("world"));
    const std::string copy = folder.file("copy");
    ASSERT_TRUE(save(*file, seeds_from(0, 300)));
    int saves = 0;
    // The first is moved into the file and the second begins the WAL anew, so neither half of the copy has
    // the first.
    const WatchedSource world{folder.file("world"), [&](std::string_view ending) {
                                  if (!ending.empty() || saves > 0) return;
                                  EXPECT_TRUE(file->checkpoint());
                                  EXPECT_TRUE(save(*file, seeds_from(300, 310)));
                                  ++saves;
                              }};
    ASSERT_TRUE(copy_world(world.source(), copy));
    EXPECT_EQ(intact(*opened(copy), seeds_from(0, 310)), 310U);
    EXPECT_EQ(saves, 1);
}

TEST(WorldFile, AWorldThatIsSavedAllTheTimeIsNotCopied) {
    const TemporaryFolder folder;
    const auto file = opened(folder.file("world"));
    ASSERT_TRUE(save(*file, seeds_from(0, 3)));
    int saves = 0;
    const WatchedSource world{folder.file("world"), [&](std::string_view ending) {
                                  if (!ending.empty()) return;
                                  EXPECT_TRUE(file->checkpoint());
                                  ++saves;
                                  EXPECT_TRUE(save(*file, seeds_from(saves, saves + 3)));
                              }};
    WorldFileSettings settings;
    settings.begin_with = [&](const std::string& path) { return copy_world(world.source(), path); };
    EXPECT_NE(refused(folder.file("copy"), settings).message.find("so often"), std::string::npos);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.file("")), {}), 2)
        << "something is left";
}

TEST(WorldFile, ASaveThatIsRefusedHalfwayHasDoneNothing) {
    const TemporaryFolder folder;
    const auto file = opened(folder.file("world"));
    ASSERT_TRUE(save(*file, seeds_from(0, 3)));
    const auto done =
        save(*file, seeds_from(3, 6), {{1, std::vector<std::byte>(kMostRecordBytes + 1)}});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().message, "an operation's record is longer than 64 megabytes");
    EXPECT_EQ(intact(*file, seeds_from(0, 6)), 3U);
    ASSERT_TRUE(save(*file, seeds_from(6, 9)));
    EXPECT_EQ(intact(*file, seeds_from(0, 9)), 6U);
}

// SQLite takes back a save in which a read fails. What was written after that was durable row by row, although
// the save was answered with an error.
TEST(WorldFile, ASaveInWhichAReadFailsHasDoneNothing) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    const WorldFileSettings settings{.vfs = FaultyFiles::kName};
    FaultyFiles files;
    const Seeds before = seeds_from(0, 600);
    {
        const auto file = opened(path, settings);
        ASSERT_TRUE(save(*file, before));
    }
    {
        const auto file = opened(path, settings);  // whose rows are not in memory
        const auto write = [&](int i) {
            std::vector<PackedBrick> one(1);
            file->pack(key_number(i), *brick_of_seed(1), one[0]);
            return file->write(one);
        };
        ASSERT_TRUE(file->begin());
        ASSERT_TRUE(write(700));
        files.fail(FaultyFiles::Fault::Read, 0);
        for (int i = 0; i < 600 && file->read(key_number(i)); ++i) {
        }
        ASSERT_TRUE(files.heal());
        const auto done = write(701);
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().kind, Kind::FileFailed);
        EXPECT_FALSE(file->commit());
    }
    const auto file = opened(path, settings);
    EXPECT_EQ(intact(*file, before), before.size());
    EXPECT_EQ(intact(*file, seeds_from(700, 702)), 0U);
    EXPECT_TRUE(save(*file, seeds_from(700, 702))) << "the next one succeeds";
}

TEST(WorldFile, AnotherGeneratorIsToldUntilASaveHasNotedIt) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    const WorldFileSettings changed{.generator = "hills 8", .units = "feet"};
    opened(path, {.generator = "hills 7", .units = "metres"});
    for (int i = 0; i < 2; ++i) {
        const auto file = opened(path, changed);
        EXPECT_EQ(file->report().other_generator, "hills 7") << "who only looks is told again";
        EXPECT_EQ(file->report().other_units, "metres");
        if (i == 0) continue;
        const auto refused = save(*file, {}, {{1, std::vector<std::byte>(kMostRecordBytes + 1)}});
        ASSERT_FALSE(refused);
        ASSERT_TRUE(save(*file, seeds_from(0, 3)));
        const std::string region = folder.file("region_of_this_save");
        ASSERT_TRUE(file->export_to(region, {{0, 0, 0}, {9, 9, 9}}, false));
        EXPECT_EQ(opened(region, changed)->report().other_generator, "");
    }
    {
        const auto file = opened(path, changed);
        EXPECT_EQ(file->report().other_generator, "");
        EXPECT_EQ(file->report().other_units, "");
        const std::string region = folder.file("region");
        ASSERT_TRUE(file->export_to(region, {{0, 0, 0}, {9, 9, 9}}, false));
        EXPECT_EQ(opened(region, changed)->report().other_generator, "");
    }
    EXPECT_EQ(opened(path, {.generator = "hills 7", .units = "metres"})->report().other_generator,
              "hills 8");
}

TEST(WorldFile, WhatIsNoWorldIsRefusedAndLeftAsItIs) {
    const TemporaryFolder folder;
    const auto expect_refused = [](const std::string& path, Kind kind, const std::string& words) {
        const std::string before = content(path);
        const VoxelError error = refused(path);
        EXPECT_EQ(error.kind, kind);
        EXPECT_EQ(error.message, '"' + path + '"' + words);
        EXPECT_EQ(content(path), before);
    };
    const std::string text = folder.file("text");
    for (const char* bytes : {"", "SQLite format 3", "[gd_scene]"}) {
        set_content(text, bytes);
        expect_refused(text, Kind::NotAWorld,
                       " is not a world of Nebula, or its beginning is lost; choose another file");
    }
    const std::string foreign = folder.file("foreign");
    run_sql(foreign, "CREATE TABLE bricks (key); INSERT INTO bricks VALUES (1)");
    expect_refused(foreign, Kind::NotAWorld,
                   " is a database of another program; choose another file");
    const std::string newer = folder.file("newer");
    opened(newer);
    run_sql(newer, "PRAGMA user_version = 9");
    expect_refused(
        newer, Kind::NewerFormat,
        " was written by a newer Nebula (format 9, this one reads up to 2); update Nebula");
    const VoxelError nowhere = refused(folder.file("no/folder"));
    EXPECT_EQ(nowhere.kind, Kind::FileFailed);
    EXPECT_EQ(nowhere.message, '"' + folder.file("no/folder") +
                                   "\" could not be made: there is no folder \"" +
                                   folder.file("no") + "\"; make it, or choose another file");
    const VoxelError missing = refused(folder.file("missing"), {.create = false});
    EXPECT_EQ(missing.message, '"' + folder.file("missing") +
                                   "\" cannot be opened: No such file or directory; check the name "
                                   "and the permissions");
    EXPECT_FALSE(std::filesystem::exists(folder.file("missing")));
}

// Nothing is made, neither there nor in the folder in which the program runs.
TEST(WorldFile, ANameThatNoFileCanHaveIsRefused) {
    const TemporaryFolder folder;
    const std::filesystem::path started_in = std::filesystem::current_path();
    std::filesystem::current_path(folder.file(""));
    const std::string blank = " begins or ends with a blank; take it out, or choose another name";
    const std::string no_file =
        " is not the path of a file on a disk, and neither is anything in the pack of a game; "
        "write the path of a file";
    const std::string no_folder =
        " names no folder, so it would lie wherever the program was started; write its folder, too";
    const std::vector<std::pair<std::string, std::string>> names{
        {" ", blank},
        {folder.file("world "), blank},
        {"\t" + folder.file("world"), blank},
        {folder.file("world\n"), blank},
        {":memory:", no_file},
        {"file:world?mode=memory", no_file},
        {"file:" + folder.file("world"), no_file},
        {"res://saves/world", no_file},
        {"world", no_folder},
        {folder.file(""), " is a folder; add the name of a file"},
        {name_of(path_of(folder.file("")).parent_path()), " is a folder; add the name of a file"},
        {folder.file("no/"), " is a folder; add the name of a file"}};
    for (const auto& [name, words] : names)
        EXPECT_EQ(refused(name).message, '"' + name + '"' + words);
    EXPECT_EQ(refused("").message, "a world file must have a name; choose one");
    EXPECT_NE(refused(folder.file({"a\0b", 3})).message.find("a character"), std::string::npos);
    EXPECT_TRUE(std::filesystem::is_empty(folder.file("")));
    const auto file = opened(folder.file("world"));
    ASSERT_NE(file, nullptr);
    for (const auto& [name, words] : names) {
        const auto done = file->export_to(name, {{0, 0, 0}, {9, 9, 9}}, false);
        EXPECT_EQ(done ? "made" : done.error().message, '"' + name + '"' + words);
    }
    std::filesystem::current_path(started_in);
}

#if defined(_WIN32)
TEST(WorldFile, ANameThatWindowsTakesForSomethingElseIsRefused) {
    const TemporaryFolder folder;
    EXPECT_NE(refused("C:world").message.find("names no folder"), std::string::npos);
    EXPECT_NE(refused(folder.file("saves:world")).message.find("has a colon"), std::string::npos);
    for (const char* name : {"nul", "Con", "AUX.nebula", "com1", "LPT9.world.nebula"})
        EXPECT_NE(refused(folder.file(name)).message.find("a device"), std::string::npos) << name;
    for (const char* name : {"null", "com", "com12", "lptx", "aux1", "world.nul"})
        EXPECT_NE(opened(folder.file(name)), nullptr) << name;
}
#endif

TEST(WorldFile, WithoutItsTablesIsSaidToBeDamaged) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    EXPECT_TRUE(save(*opened(path), seeds_from(0, 3)));
    run_sql(path, "DROP TABLE operations");
    EXPECT_EQ(
        refused(path).message,
        '"' + path + "\" is damaged and cannot be read; it stays as it is, so use another file");
}

TEST(WorldFile, AnOlderFormatIsConvertedWholeOrNotAtAll) {
    const TemporaryFolder folder;
    const std::string path = folder.file("old");
    // What was before the first step: our mark and no tables.
    run_sql(path, "PRAGMA application_id = 1312970545; CREATE TABLE x (y); DROP TABLE x");
    const std::string before = content(path);
    FaultyFiles files;
    bool failed = true;
    int faults = 0;
    for (int at = 0; failed; ++at) {
        set_content(path, before);
        files.fail(FaultyFiles::Fault::Full, at);
        const auto file = WorldFile::open(path, {.vfs = FaultyFiles::kName});
        failed = files.heal();
        if (file) continue;
        ++faults;
        EXPECT_EQ(file.error().kind, Kind::DiskFull) << file.error().message;
    }
    EXPECT_GT(faults, 2);
    EXPECT_TRUE(save(*opened(path), seeds_from(0, 3)));
}

// The format before bricks had materials. There is nothing to convert, so it can be read where nothing
// can be written.
TEST(WorldFile, AFileWithoutMaterialsOpensAndIsMarked) {
    const TemporaryFolder folder;
    const std::string path = folder.file("old");
    ASSERT_TRUE(save(*opened(path), seeds_from(0, 3)));
    constexpr std::size_t format_at = 63;  // the last byte of user_version in SQLite's header
    EXPECT_EQ(content(path)[format_at], 2);
    run_sql(path, "PRAGMA user_version = 1");
    {
        const auto file = WorldFile::open(path, {.read_only = true});
        ASSERT_TRUE(file) << file.error().message;
        EXPECT_EQ(intact(**file, seeds_from(0, 3)), 3U);
    }
    EXPECT_EQ(content(path)[format_at], 1) << "a reader writes nothing";
    EXPECT_TRUE(save(*opened(path), seeds_from(3, 6)));
    EXPECT_EQ(content(path)[format_at], 2);
}

// Whether another program would find it locked.
#if defined(_WIN32)
bool is_locked(const std::string& path) {
    const HANDLE file =
        CreateFileW(path_of(path).c_str(), GENERIC_READ | GENERIC_WRITE,
                    FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_EXISTING, 0, nullptr);
    OVERLAPPED from_the_start{};
    const DWORD all = ~DWORD{0};
    const bool is_free = LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0,
                                    all, 0, &from_the_start) != 0;
    CloseHandle(file);  // and with it the lock
    return !is_free;
}
#else
// Asks in a child, because a process does not see its own locks.
bool is_locked(const std::string& path) {
    const pid_t child = ::fork();
    if (child == 0) {
        struct flock lock {};
        lock.l_type = F_WRLCK;
        lock.l_whence = SEEK_SET;
        const int file = ::open(path.c_str(), O_RDWR);
        ::_exit(::fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? 0 : 1);
    }
    int status = -1;
    return ::waitpid(child, &status, 0) == child && status == 0;
}
#endif

TEST(WorldFile, AFileThatIsOpenAlreadyIsToldAndStaysLocked) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    const auto file = opened(path);
    ASSERT_TRUE(save(*file, seeds_from(0, 5)));
    ASSERT_TRUE(is_locked(path));
    for (const bool read_only : {false, true}) {
        const VoxelError error = refused(path, {.read_only = read_only});
        EXPECT_EQ(error.kind, Kind::FileInUse);
        EXPECT_EQ(error.message,
                  '"' + path + "\" is open already; close it first, or choose another file");
    }
    EXPECT_EQ(refused(folder.file("./world")).kind, Kind::FileInUse);
    EXPECT_EQ(intact(*file, seeds_from(0, 5)), 5U);
    EXPECT_TRUE(is_locked(path)) << "for other programs, too";
}

TEST(WorldFile, AFileThatIsOpenInAnotherProgramIsTold) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    opened(path);
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &other), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(other, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
    for (const bool read_only : {false, true}) {
        const VoxelError error = refused(path, {.read_only = read_only});
        EXPECT_EQ(error.kind, Kind::FileInUse);
        EXPECT_EQ(error.message, '"' + path +
                                     "\" is open in another program; close it there, or choose "
                                     "another file");
    }
    sqlite3_close(other);
    opened(path);
}

TEST(WorldFile, AFileThatCannotBeWrittenIsReadAndSaysSo) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    ASSERT_TRUE(save(*opened(path), seeds_from(0, 50)));
    const auto expect_reads_only = [&](const WorldFileSettings& settings) {
        const auto file = opened(path, settings);
        ASSERT_NE(file, nullptr);
        EXPECT_TRUE(file->report().read_only);
        EXPECT_EQ(intact(*file, seeds_from(0, 50)), 50U);
        const auto done = save(*file, seeds_from(50, 60));
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().message, '"' + path +
                                            "\" cannot be written to; check its permissions, or "
                                            "save to another file");
    };
    expect_reads_only({.read_only = true});
    FaultyFiles files;
    files.set_read_only(true);
    expect_reads_only({.vfs = FaultyFiles::kName});
}

// As a killed program leaves it: saves are in the WAL.
TEST(WorldFile, UnfinishedSavesAreTakenInWhereTheyCanBe) {
    const TemporaryFolder folder;
    const std::string path = folder.file("copy");
    {
        const auto file = opened(folder.file("world"));
        ASSERT_TRUE(save(*file, seeds_from(0, 20)));
        for (const char* part : {"", "-wal"})
            set_content(path + part, content(folder.file("world") + part));
    }
    {
        FaultyFiles files;
        files.set_read_only(true);
        const VoxelError error = refused(path, {.vfs = FaultyFiles::kName});
        EXPECT_EQ(error.kind, Kind::ReadOnly);
        EXPECT_EQ(error.message, '"' + path +
                                     "\" has unfinished saves, and nothing can be written to its "
                                     "folder; copy it to another folder, together with the file of "
                                     "the same name and -wal");
    }
    EXPECT_EQ(intact(*opened(path), seeds_from(0, 20)), 20U);
}

class WorldFileFaults : public testing::TestWithParam<FaultyFiles::Fault> {};

// Every write, sync, truncation and removal of a life of a file fails once: while it is made, saved,
// saved again, and closed. What was acknowledged is there, what failed can be saved again, and no
// brick is half old and half new.
TEST_P(WorldFileFaults, NothingThatWasAcknowledgedIsLost) {
    const TemporaryFolder folder;
    FaultyFiles files;
    const WorldFileSettings settings{.vfs = FaultyFiles::kName};
    Seeds first = seeds_from(0, 10);
    Seeds second = seeds_from(5, 15);
    for (auto& [key, seed] : second) seed += 5000;
    bool failed = true;
    int refusals = 0;
    for (int at = 0; failed; ++at) {
        failed = false;
        ASSERT_LT(at, 200) << "a life has fewer changes";
        const std::string path = folder.file("world" + std::to_string(at));
        Seeds expected;
        files.fail(GetParam(), at);
        auto file = WorldFile::open(path, settings);
        const auto expect_one_sentence = [&](const VoxelError& error) {
            ++refusals;
            EXPECT_NE(error.message.find(path), std::string::npos) << error.message;
            EXPECT_EQ(error.kind,
                      GetParam() == FaultyFiles::Fault::Full ? Kind::DiskFull : Kind::FileFailed)
                << error.message;
        };
        if (!file) {
            expect_one_sentence(file.error());
            failed = files.heal();
            file = WorldFile::open(path, settings);
            ASSERT_TRUE(file) << file.error().message;
        }
        for (const Seeds& batch : {first, second}) {
            auto done = save(**file, batch);
            if (!done) {
                expect_one_sentence(done.error());
                EXPECT_EQ(intact(**file, expected), expected.size()) << "change " << at;
                failed = files.heal();
                done = save(**file, batch);
                ASSERT_TRUE(done) << done.error().message << ", change " << at;
            }
            for (const auto& [key, seed] : batch) expected[key] = seed;
            (*file)->checkpoint();
        }
        file->reset();
        failed |= files.heal();
        const auto again = opened(path, settings);
        ASSERT_NE(again, nullptr);
        EXPECT_EQ(again->report().warning, "");
        ASSERT_EQ(intact(*again, expected), expected.size()) << "change " << at;
    }
    EXPECT_GT(refusals, 2);
}
INSTANTIATE_TEST_SUITE_P(, WorldFileFaults,
                         testing::Values(FaultyFiles::Fault::Io, FaultyFiles::Fault::Sync,
                                         FaultyFiles::Fault::ShortWrite, FaultyFiles::Fault::Full));

TEST(WorldFile, ADamagedBrickIsLeftOutAndItsBytesAreKept) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    const Seeds seeds = seeds_from(0, 20);
    ASSERT_TRUE(save(*opened(path), seeds, {operation(1), operation(2)}));
    const BrickKey bad = key_number(3);
    const BrickKey gone = key_number(4);
    const auto row = [](BrickKey key) { return std::to_string(static_cast<std::int64_t>(key)); };
    run_sql(path, ("UPDATE bricks SET bytes = x'0102' WHERE key = " + row(bad) +
                   ";DELETE FROM bricks WHERE key = " + row(gone) +
                   ";UPDATE operations SET record = x'03' WHERE sequence = 1")
                      .c_str());
    {
        const auto file = opened(path);
        EXPECT_EQ(intact(*file, seeds), 18U);
        EXPECT_EQ(file->damaged(), 2U);
        EXPECT_EQ(file->read_operations(0, 9)->front().sequence, 2U);
        ASSERT_TRUE(save(*file, {{bad, 77}}));
        EXPECT_EQ(file->damaged(), 1U);
        EXPECT_EQ(intact(*file, {{bad, 77}}), 1U);
    }
    run_sql(path, ("CREATE TABLE x (y CHECK (y = 1)); INSERT INTO x SELECT count(*) FROM damaged "
                   "WHERE bytes = x'0102' AND key = " +
                   row(bad))
                      .c_str());
}

// How many of these bricks SQLite finds whole when it is asked for each of them.
std::size_t readable(const std::string& path, const Seeds& seeds) {
    sqlite3* database = nullptr;
    sqlite3_open_v2(("file:" + path + "?immutable=1").c_str(), &database,
                    SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_WRITABLE_SCHEMA, 1, nullptr);
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(database, "SELECT bytes FROM bricks WHERE key = ?", -1, &statement, nullptr);
    std::size_t count = 0;
    for (const auto& [key, seed] : seeds) {
        sqlite3_bind_int64(statement, 1, static_cast<std::int64_t>(key));
        if (sqlite3_step(statement) == SQLITE_ROW) {
            const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(statement, 0));
            const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, 0));
            count += unseal(key, {bytes, size}) ? 1U : 0U;
        }
        sqlite3_reset(statement);
    }
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return count;
}

// There is no second copy of the page from which SQLite finds the bricks. The file opens, so that its operations can
// be read, and says that it is damaged.
TEST(WorldFile, WithoutTheRootOfItsBricksHasNone) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    const Seeds seeds = seeds_from(0, 100);
    ASSERT_TRUE(save(*opened(path), seeds, {operation(1)}));
    sqlite3* database = nullptr;
    sqlite3_open(path.c_str(), &database);
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(database, "SELECT rootpage FROM sqlite_master WHERE name = 'bricks'", -1,
                       &statement, nullptr);
    ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
    const auto root = static_cast<std::size_t>(sqlite3_column_int64(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(database);
    std::string bytes = content(path);
    bytes[(root - 1) * 8192] ^= '\x55';
    set_content(path, bytes);
    const auto file = opened(path);
    ASSERT_NE(file, nullptr);
    EXPECT_EQ(intact(*file, seeds), 0U);
    EXPECT_EQ(readable(path, seeds), 0U);
    EXPECT_NE(file->report().warning, "");
    EXPECT_EQ(file->read_operations(0, 9)->size(), 1U);
}

// Flipped bytes and cut ends anywhere. A file that opens has each brick as it was saved or not at all,
// and a file that is only cut or damaged in places keeps most of them.
TEST(WorldFile, ADamagedFileKeepsWhatIsIntact) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    const Seeds seeds = seeds_from(0, 200);
    // In ten saves, so that database pages do not follow each other as their keys do.
    for (int i = 0; i < 10; ++i) {
        Seeds tenth;
        for (int j = i; j < 200; j += 10) tenth[key_number(j)] = seeds.at(key_number(j));
        ASSERT_TRUE(save(*opened(path), tenth, {operation(1), operation(2)}));
    }
    const std::string whole = content(path);
    // As if the table of pages were cut off as well, so that keys are looked for among what is left.
    run_sql(path, "UPDATE pages SET bits = x'00'");
    const std::string torn = content(path);
    const bool is_long = std::getenv("NEBULA_LONG") != nullptr;
    const int rounds = is_long ? 1'000'000 / 20 : 40;
    std::mt19937_64 dice(11);
    int opened_damaged = 0;
    int without_root = 0;
    std::size_t left_of_cut = 0;
    for (int i = 0; i < rounds; ++i) {
        std::string bytes = i % 8 == 0 ? torn : whole;
        if (i % 4 == 0)
            bytes.resize(100 + dice() % (whole.size() - 100));
        else
            for (std::uint64_t n = 1 + dice() % 20; n > 0; --n)
                bytes[dice() % bytes.size()] ^= static_cast<char>(1 + dice() % 255);
        set_content(path, bytes);
        std::filesystem::remove(path + "-wal");
        const auto file = WorldFile::open(path, {});
        if (!file) {
            EXPECT_NE(file.error().message.find(path), std::string::npos) << file.error().message;
            continue;
        }
        const std::size_t left = intact(**file, seeds);
        left_of_cut += i % 4 == 0 ? left : 0U;
        if (i % 4 == 0)
            EXPECT_EQ(left, readable(path, seeds)) << "cut to " << bytes.size();
        else if (left < seeds.size() / 4) {
            // A byte damages a brick, or a page with the keys of some 7; or the one page that leads to all, or its name.
            EXPECT_EQ(left, readable(path, seeds)) << "round " << i;
            ++without_root;
        }
        EXPECT_TRUE((*file)->read_operations(0, 9));
        if ((*file)->report().warning.empty()) continue;
        ++opened_damaged;
        const auto done = save(**file, {{key_number(1), 5}});
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().message,
                  '"' + path + "\" is damaged, so nothing was written to it; save to another file");
    }
    EXPECT_LE(without_root, rounds / 1000);
    EXPECT_GT(opened_damaged, rounds / 20);
    EXPECT_GT(left_of_cut, seeds.size());
}

// The same with a small file, a million times in the long run: a sentence, or bricks as they were saved, and
// no file asks for more memory than it has bricks.
TEST(WorldFile, ADamagedSmallFileIsReadOrRefused) {
    const int rounds = std::getenv("NEBULA_LONG") != nullptr ? 1'000'000 : 200;
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    const Seeds seeds = seeds_from(0, 12);
    ASSERT_TRUE(save(*opened(path), seeds, {operation(1), operation(2)}));
    std::map<BrickKey, BrickPtr> bricks;
    for (const auto& [key, seed] : seeds) bricks[key] = brick_of_seed(seed);
    const std::string whole = content(path);
    std::mt19937_64 dice(12);
    int read = 0;
    const double memory_before = test::peak_resident_mb();
    for (int i = 0; i < rounds; ++i) {
        std::string bytes = whole;
        if (dice() % 8 == 0) bytes.resize(dice() % bytes.size());
        // Most of all at the front of a page, where SQLite keeps what it follows.
        for (std::uint64_t n = 1 + dice() % 8; n > 0 && !bytes.empty(); --n) {
            const std::uint64_t at = dice() % 2 == 0 ? dice() : dice() % 8 * 8192 + dice() % 128;
            bytes[at % bytes.size()] ^= static_cast<char>(1 + dice() % 255);
        }
        set_content(path, bytes);
        std::filesystem::remove(path + "-wal");
        const auto file = WorldFile::open(path, {});
        if (!file) {
            ASSERT_NE(file.error().message.find(path), std::string::npos) << file.error().message;
            continue;
        }
        std::vector<BrickKey> keys;
        (*file)->keys().for_each([&](BrickKey key) { keys.push_back(key); });
        for (const BrickKey key : keys) {
            const auto brick = (*file)->read(key);
            ASSERT_TRUE(brick) << brick.error().message;
            if (*brick == nullptr) continue;
            ++read;
            ASSERT_TRUE(bricks.contains(key) && equal(*brick, bricks.at(key))) << "round " << i;
        }
        const auto operations = (*file)->read_operations(0, 9);
        ASSERT_TRUE(operations) << operations.error().message;
        for (const StoredOperation& each : *operations)
            ASSERT_EQ(each.record, operation(each.sequence).record);
    }
    EXPECT_GT(read, rounds);
    EXPECT_LT(test::peak_resident_mb() - memory_before, 300);
}

TEST(WorldFile, ATornTableOfPagesIsMadeGoodFromTheBricks) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    const Seeds seeds = seeds_from(0, 200);
    ASSERT_TRUE(save(*opened(path), seeds));
    run_sql(path, "UPDATE pages SET bits = x'00'");
    const auto file = opened(path);
    EXPECT_EQ(intact(*file, seeds), seeds.size());
    EXPECT_EQ(file->report().warning, '"' + path +
                                          "\" is damaged: what is intact was read, and nothing "
                                          "will be written to it; save to another file");
    const std::string saved = folder.file("saved");
    const Box3i all{{-1 << 24, -1 << 24, -1 << 24}, {1 << 24, 1 << 24, 1 << 24}};
    ASSERT_EQ(*file->export_to(saved, all, true), seeds.size());
    EXPECT_EQ(intact(*opened(saved), seeds), seeds.size());
}

TEST(WorldFile, AnExportHasWhatIsUnsaved) {
    const TemporaryFolder folder;
    const auto file = opened(folder.file("world"));
    ASSERT_TRUE(save(*file, seeds_from(0, 40)));
    Seeds wanted = seeds_from(3, 45);
    for (int i = 38; i < 45; ++i) wanted[key_number(i)] += 500;
    std::vector<PackedBrick> newer;
    for (int i = 38; i < 45; ++i)
        file->pack(key_number(i), *brick_of_seed(wanted[key_number(i)]), newer.emplace_back());
    const std::vector<BrickKey> pristine{key_number(0), key_number(1), key_number(2)};
    const Box3i all{{-1 << 24, -1 << 24, -1 << 24}, {1 << 24, 1 << 24, 1 << 24}};
    const std::string path = folder.file("copy");
    EXPECT_EQ(*file->export_to(path, all, false, {newer, pristine}), wanted.size());
    const auto copy = opened(path);
    EXPECT_EQ(copy->keys().size(), wanted.size());
    EXPECT_EQ(intact(*copy, wanted), wanted.size());
    EXPECT_EQ(file->keys().size(), 40U) << "nothing was saved";
}

TEST(WorldFile, ARegionIsExportedToAFileOfItsOwn) {
    const TemporaryFolder folder;
    const auto file = opened(folder.file("world"), {.generator = "hills 7"});
    const Seeds seeds = seeds_from(0, 200);
    ASSERT_TRUE(save(*file, seeds, {operation(4)}));
    const Box3i voxels{{0, 0, 0}, {33, 16, 16}};
    Seeds wanted;
    for (const auto& [key, seed] : seeds) {
        const BrickId brick = *brick_of(key);
        const Vec3i low = to_level_0(brick_region(brick).box.min, brick.level);
        const Vec3i high = to_level_0(brick_region(brick).box.max, brick.level);
        if (!intersection({low, high}, voxels).empty()) wanted[key] = seed;
    }
    ASSERT_GT(wanted.size(), 2U);
    const std::string path = folder.file("region");
    const auto count = file->export_to(path, voxels, false);
    ASSERT_TRUE(count) << count.error().message;
    EXPECT_EQ(*count, wanted.size());
    EXPECT_FALSE(std::filesystem::exists(path + "-wal"));
    {
        const auto region = opened(path, {.generator = "hills 7", .read_only = true});
        EXPECT_EQ(region->keys().size(), wanted.size());
        EXPECT_EQ(region->report().other_generator, "");
        EXPECT_EQ(region->report().last_operation, 0U);
        EXPECT_EQ(intact(*region, wanted), wanted.size());
    }
    const auto again = file->export_to(path, voxels, false);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().message, '"' + path + "\" exists already; choose another name");
    const std::string nowhere = folder.file("nowhere/region");
    const auto lost = file->export_to(nowhere, voxels, false);
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().message, '"' + nowhere + "\" could not be made: there is no folder \"" +
                                        folder.file("nowhere") +
                                        "\"; make it, or choose another file");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.file("")), {}), 3)
        << "world, its -wal, and region";
}

}  // namespace
}  // namespace nebula::voxel
