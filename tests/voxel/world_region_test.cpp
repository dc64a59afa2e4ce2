// SPDX-License-Identifier: MIT
// Regions that one world exported and another one takes in.
#include "stored_bricks.hpp"
#include "world_samples.hpp"

#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/edit/big_edit.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/world/world_region.hpp"
#include "nebula/voxel/world/world_saver.hpp"
#include "tests/base/resident_memory.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>

namespace nebula::voxel {
namespace {

using Kind = VoxelError::Kind;

constexpr const char* kWords = "hills";
constexpr Box3i kRegion{{-9, -14, -11}, {25, 12, 30}};

SphereEdit sphere(SphereEdit::Kind kind, Vec3f at, float radius) { return {kind, at, radius}; }

/// A world with a house and a cellar in the region, and a hole outside of it, and what it exported.
class Exported {
public:
    explicit Exported(std::shared_ptr<const Generator> ground = low_hills())
        : world(std::move(ground)) {
        saver_.wait();
        for (const SphereEdit& edit : {sphere(SphereEdit::Kind::Dig, {4, 0, 4}, 9),
                                       sphere(SphereEdit::Kind::Add, {12, 3, 20}, 6.5F),
                                       sphere(SphereEdit::Kind::Dig, {60, 0, 4}, 7)})
            EXPECT_TRUE(world.apply(edit));
        if (has_materials()) {
            const SphereShape ball{{12, 3, 20}, 7.0F}, deep{{0, -11, 0}, 4.0F};
            EXPECT_TRUE(world.apply({.mode = Mode::Paint, .shape = ball, .material = 9}));
            EXPECT_TRUE(world.apply({.mode = Mode::Paint, .shape = deep, .material = 7}));
        }
        export_box(kRegion, "region");
    }

    std::string export_box(const Box3i& box, const char* name) {
        std::string to = folder.file(name);
        tl::expected<std::size_t, VoxelError> count;
        saver_.export_region(to, box, [&](auto&& result) { count = result; });
        saver_.wait();
        saver_.store().wait();
        EXPECT_TRUE(count) << count.error().message;
        return to;
    }

    [[nodiscard]] bool has_materials() const {
        return !world.volume().generator().uniform_material({kRegion, 0});
    }

    TemporaryFolder folder;
    World world;

private:
    WorldSaver saver_{world, folder.file("world"), {.file = {.generator = kWords}}};

public:
    std::string path = folder.file("region");
};

tl::expected<EditReport, VoxelError> paste(World& world, const WorldRegion& region, Vec3i moved_by,
                                           std::uint32_t user = 0) {
    auto operation = paste_of(region, moved_by);
    if (!operation) return tl::unexpected(std::move(operation.error()));
    operation->user = user;
    WorkerPoolConfig config;
    config.run_inline = true;
    WorkerPool pool(config);
    const auto edit = world.begin(pool, *operation);
    if (!edit) return tl::unexpected(edit.error());
    while ((*edit)->advance(Clock::time_point::min()) == BigEdit::State::Working) {
    }
    return world.finish(**edit);
}

// Every sample of level 0 around the place of the region, and the materials of its ground; and whether all
// levels agree about signs and materials there.
void expect_region(const World& to, const World& from, const World& before, Vec3i moved_by) {
    const Volume& volume = to.volume();
    const Box3i place{kRegion.min + moved_by, kRegion.max + moved_by};
    const Vec3i margin{6, 6, 6};
    int wrong = 0, torn = 0;
    for (std::int32_t z = place.min.z - margin.z; z < place.max.z + margin.z; ++z)
        for (std::int32_t y = place.min.y - margin.y; y < place.max.y + margin.y; ++y)
            for (std::int32_t x = place.min.x - margin.x; x < place.max.x + margin.x; ++x) {
                const Vec3i p{x, y, z};
                const Sample here = sample_of(volume, p);
                const Material material = material_of(volume, p, 0);
                const Volume& as = place.contains(p) ? from.volume() : before.volume();
                const Vec3i there = place.contains(p) ? p + moved_by * -1 : p;
                wrong += here != sample_of(as, there) ? 1 : 0;
                wrong += is_inside(here) && material != material_of(as, there, 0) ? 1 : 0;
                for (Level level = 1; level < 5; ++level) {
                    const std::int32_t step = std::int32_t{1} << level;
                    if (floor_mod(p, step) != Vec3i{}) break;
                    const Vec3i shared = floor_div(p, step);
                    torn += is_inside(sample_of(volume, shared, level)) != is_inside(here) ? 1 : 0;
                    torn += material_of(volume, shared, level) != material ? 1 : 0;
                }
            }
    EXPECT_EQ(wrong, 0) << "samples and materials";
    EXPECT_EQ(torn, 0) << "points where levels disagree";
}

TEST(WorldRegion, BecomesWhatItWasWhereverItGoes) {
    const Exported from;
    const auto region = read_world_region(from.path, *low_hills(), kWords);
    ASSERT_TRUE(region) << region.error().message;
    EXPECT_EQ(region->at, kRegion.min);
    EXPECT_EQ(region->grid.size, kRegion.max - kRegion.min);
    EXPECT_EQ(region->other_generator, "");
    EXPECT_EQ(region->loss, "");
    for (const Vec3i moved_by : {Vec3i{}, Vec3i{37, -3, 101}, Vec3i{-1025, 16, -33}}) {
        World world(low_hills()), before(low_hills());
        for (World* each : {&world, &before})
            ASSERT_TRUE(each->apply(sphere(SphereEdit::Kind::Dig, {20.0F, 2.0F, 0.0F}, 8.0F)));
        const auto report = paste(world, *region, moved_by);
        ASSERT_TRUE(report) << report.error().message;
        EXPECT_FALSE(report->bricks.empty());
        expect_region(world, from.world, before, moved_by);
    }
}

// Placed or generated there, and wherever other layers lie at the new place.
TEST(WorldRegion, KeepsItsMaterials) {
    const Exported from(layered_hills());
    const auto region = read_world_region(from.path, *layered_hills(), kWords);
    ASSERT_TRUE(region) << region.error().message;
    const std::set<Material> all(region->grid.materials.begin(), region->grid.materials.end());
    EXPECT_EQ(all, (std::set<Material>{1, 2, 3, 7, 9}));
    for (const Vec3i moved_by : {Vec3i{}, Vec3i{37, -30, 101}, Vec3i{-1025, 16, -33}}) {
        World world(layered_hills());
        const World before(layered_hills());
        ASSERT_TRUE(paste(world, *region, moved_by));
        expect_region(world, from.world, before, moved_by);
    }
}

TEST(WorldRegion, IsUndoneAndSavedAsAnyEdit) {
    const Exported from;
    const auto region = read_world_region(from.path, *low_hills(), kWords);
    ASSERT_TRUE(region);
    const TemporaryFolder folder;
    {
        World world(low_hills());
        WorldSaver saver(world, folder.file("world"), {});
        saver.wait();
        world.set_undo_limit(std::size_t{1} << 24U);
        ASSERT_TRUE(paste(world, *region, {64, 0, 0}, 3));
        EXPECT_TRUE(saver.has_unsaved());
        ASSERT_TRUE(world.undo(3));
        EXPECT_EQ(world.volume().edited_count(), 0U);
        ASSERT_TRUE(world.redo(3));
        ASSERT_TRUE(saver.finish());
    }
    World world(low_hills()), before(low_hills());
    WorldSaver saver(world, folder.file("world"), {});
    saver.wait();
    expect_region(world, from.world, before, {64, 0, 0});
}

TEST(WorldRegion, OfAnotherGeneratorIsToldAndFilledFromThisOne) {
    const Exported from;
    const FlatGenerator flat(100.0F, kLayers);
    const auto region = read_world_region(from.path, flat, "flat");
    ASSERT_TRUE(region);
    EXPECT_EQ(region->other_generator, kWords);
    EXPECT_EQ(region->grid.materials[0], 3) << "nobody placed one";
    EXPECT_LT(region->grid.at(0, 0, 0), 0) << "that brick was not changed, and lies deep here";
}

// A world's own file has no box: it is that of its changes.
TEST(WorldRegion, MayBeAWholeWorld) {
    const TemporaryFolder folder;
    const std::string path = folder.file("world");
    {
        World world(low_hills());
        WorldSaver saver(world, path, {});
        saver.wait();
        ASSERT_TRUE(world.apply(sphere(SphereEdit::Kind::Add, {8, 8, 8}, 3)));
        ASSERT_TRUE(saver.finish());
    }
    const auto region = read_world_region(path, *low_hills(), {});
    ASSERT_TRUE(region) << region.error().message;
    EXPECT_EQ(region->at, (Vec3i{0, 0, 0}));
    EXPECT_EQ(region->grid.size, (Vec3i{16, 16, 16}));
    {
        World world(low_hills());
        WorldSaver saver(world, path, {});
        saver.wait();
        ASSERT_TRUE(world.apply(sphere(SphereEdit::Kind::Add, {296, 8, 8}, 3)));
        ASSERT_TRUE(saver.finish());
    }
    const auto wide = read_world_region(path, *low_hills(), {});
    ASSERT_FALSE(wide);
    EXPECT_EQ(wide.error().message,
              '"' + path +
                  "\" is a region of 304 x 16 x 16 voxels, and at most 256 along each axis can be "
                  "read at once; export it in parts");
}

// What is saved to is a world, whose box is that of its changes.
TEST(WorldRegion, IsNoLongerOneWhenItWasPlayed) {
    Exported from;
    {
        World world(low_hills());
        WorldSaver saver(world, from.path, {.file = {.generator = kWords}});
        saver.wait();
        EXPECT_EQ(saver.report().region, std::optional(kRegion));
        ASSERT_TRUE(world.apply(sphere(SphereEdit::Kind::Dig, {40, 0, 8}, 3)));
        ASSERT_TRUE(saver.finish());
    }
    const auto file = WorldFile::open(from.path, {});
    ASSERT_TRUE(file);
    EXPECT_EQ((*file)->report().region, std::nullopt);
}

TEST(WorldRegion, WhatCannotBeReadIsToldInOneSentence) {
    Exported from;
    const auto refused = [](const std::string& path) {
        const auto region = read_world_region(path, *low_hills(), kWords);
        EXPECT_FALSE(region);
        return region ? VoxelError{} : region.error();
    };
    const std::string missing = from.folder.file("missing");
    EXPECT_NE(refused(missing).message.find(missing), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(missing));
    const std::string foreign = from.folder.file("foreign");
    std::ofstream(foreign) << "shopping: milk, eggs";
    EXPECT_EQ(refused(foreign).kind, Kind::NotAWorld);
    const std::string empty = from.folder.file("empty");
    ASSERT_TRUE(WorldFile::open(empty, {}));
    EXPECT_EQ(refused(empty).message,
              '"' + empty + "\" has no changed ground, so nothing can be read");
    EXPECT_EQ(refused(from.folder.file("world")).kind, Kind::FileInUse);
    const std::string newer = from.export_box(kRegion, "newer");
    std::fstream(newer, std::ios::in | std::ios::out | std::ios::binary).seekp(63) << '\x7F';
    EXPECT_EQ(refused(newer).kind, Kind::NewerFormat);
    const std::string wide = from.export_box({{0, 0, 0}, {20, 20, 257}}, "wide");
    EXPECT_EQ(refused(wide).kind, Kind::OutOfRange);

    const auto region = read_world_region(from.path, *low_hills(), kWords);
    ASSERT_TRUE(region);
    for (const Vec3i away :
         {Vec3i{20'000'000, 0, 0}, Vec3i{0, INT32_MAX, 0}, Vec3i{0, 0, INT32_MIN}}) {
        const auto operation = paste_of(*region, away);
        ASSERT_FALSE(operation);
        EXPECT_EQ(operation.error().kind, Kind::OutsideWorld);
    }
}

// A file that is cut anywhere: whoever is told nothing has all of it, and half a file is not nothing.
TEST(WorldRegion, OfWhatIsCutOffTheRestIsThereAndTheLossIsTold) {
    const Exported from;
    const std::string whole = content(from.path);
    const auto intact = read_world_region(from.path, *low_hills(), kWords);
    ASSERT_TRUE(intact);
    const std::string path = from.folder.file("cut");
    int told = 0;
    for (std::size_t parts = 1; parts < 32; ++parts) {
        set_content(path, whole.substr(0, whole.size() * parts / 32));
        const auto region = read_world_region(path, *low_hills(), kWords);
        if (!region) {
            EXPECT_NE(region.error().message.find(path), std::string::npos);
            continue;
        }
        if (region->loss.empty()) {
            EXPECT_EQ(region->grid.distances, intact->grid.distances) << parts;
            continue;
        }
        ++told;
        EXPECT_EQ(region->loss,
                  '"' + path +
                      "\" is damaged: what is intact was imported, and the generator's "
                      "ground is in place of what was lost");
        if (parts == 16) {
            EXPECT_NE(region->grid.distances, intact->grid.distances) << "what this test is about";
        }
    }
    EXPECT_GT(told, 10);
}

// One brick whose bytes are not what was sealed.
TEST(WorldRegion, ADamagedBrickIsCounted) {
    const Exported from;
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(from.path.c_str(), &database), SQLITE_OK);
    const auto key = std::to_string(static_cast<std::int64_t>(*key_of({{0, 0, 0}})));
    sqlite3_exec(database, ("UPDATE bricks SET bytes = x'00' WHERE key = " + key).c_str(), nullptr,
                 nullptr, nullptr);
    sqlite3_close(database);
    const auto region = read_world_region(from.path, *low_hills(), kWords);
    ASSERT_TRUE(region);
    EXPECT_EQ(region->damaged, 1U);
    EXPECT_EQ(region->loss, '"' + from.path +
                                "\" is damaged: what is intact was imported, and the generator's "
                                "ground is in place of bricks that could not be read: 1");
}

// Cut ends, flipped bytes anywhere, and most of all in the box. There is a region of some size or one
// sentence, and no file asks for more memory than a region has.
TEST(WorldRegion, ADamagedFileGivesARegionOrASentence) {
    const bool is_long = std::getenv("NEBULA_LONG") != nullptr;
    const int rounds = is_long ? 1'000'000 : 250;
    Exported from;
    const std::string whole = content(from.export_box({{0, 0, 0}, {18, 17, 16}}, "small"));
    const std::size_t box_at = whole.find("region0 0 0 18 17 16");
    ASSERT_NE(box_at, std::string::npos);
    const std::string path = from.folder.file("damaged");
    const FlatGenerator flat(0.0F);
    std::mt19937_64 dice(5);
    int read = 0;
    const double memory_before = test::peak_resident_mb();
    for (int i = 0; i < rounds; ++i) {
        std::string bytes = whole;
        switch (dice() % 4) {
            case 0:
                bytes.resize(dice() % bytes.size());
                break;
            case 1:
                bytes[box_at + 6 + dice() % 14] = "0123456789 -x"[dice() % 13];
                break;
            default:
                for (std::uint64_t n = 1 + dice() % 8; n > 0; --n)
                    bytes[dice() % bytes.size()] ^= static_cast<char>(1 + dice() % 255);
        }
        std::filesystem::remove(path + "-wal");
        set_content(path, bytes);
        const auto region = read_world_region(path, flat, kWords);
        if (region) {
            ++read;
            ASSERT_FALSE(check(region->grid) && region->grid.size.x > 1 &&
                         region->grid.size.y > 1 && region->grid.size.z > 1)
                << "round " << i;
            continue;
        }
        ASSERT_NE(region.error().message.find(path), std::string::npos) << region.error().message;
        ASSERT_EQ(region.error().message.find('\n'), std::string::npos);
    }
    EXPECT_GT(read, rounds / 10);
    EXPECT_LT(read, rounds);
    EXPECT_LT(test::peak_resident_mb() - memory_before, 300);
}

}  // namespace
}  // namespace nebula::voxel
