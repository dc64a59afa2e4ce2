// SPDX-License-Identifier: MIT
// Edits, undo, large edits and saves in any order, against a record of what should be there.
#include "brush_oracle.hpp"
#include "faulty_files.hpp"
#include "stored_bricks.hpp"
#include "world_samples.hpp"

#include "nebula/base/clock.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/edit/big_edit.hpp"
#include "nebula/voxel/edit/detail/edit_changes.hpp"
#include "nebula/voxel/edit/operation_log.hpp"
#include "nebula/voxel/world/world.hpp"
#include "nebula/voxel/world/world_saver.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

using Contents = std::map<BrickId, std::uint64_t>;

// So little that strokes are forgotten now and then.
constexpr std::size_t kUndoBytes = std::size_t{600} << 10U;

WorkerPoolConfig no_workers() {
    WorkerPoolConfig config;
    config.run_inline = true;
    return config;
}

/// One world file, and the games that are played with it one after the other.
class Games {
public:
    Games(std::uint32_t seed, std::optional<std::size_t> memory_limit)
        : dice_(seed), memory_limit_(memory_limit) {}

    /// Loads the world, changes and saves it, and leaves it at some moment.
    void play(int steps) {
        if (std::filesystem::exists(path_)) std::filesystem::copy_file(path_, first_);
        {
            World world(ground_);
            world.set_undo_limit(kUndoBytes);
            OperationLog log;
            world.record_to(&log);
            WorldSaver saver(world, path_,
                             {.file = {.vfs = FaultyFiles::kName},
                              .autosave = {},
                              .memory_limit = memory_limit_});
            saver.wait();
            ASSERT_EQ(saver.state(), WorldSaver::State::Ready) << saver.error().message;
            ASSERT_EQ(saver.damaged(), 0U);
            ASSERT_EQ(world.volume().unsaved_count(), 0U);
            durable_if_lost_.reset();
            // What was loaded counts as edited: unloading the terrain does not take it away.
            for (const BrickId id : touched_) world.volume().drop_generated(id);
            expect_contents(world, durable_, "loaded");
            for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) step(world, saver);
            counts.dropped += world.volume().dropped();
            replay(world, log);
            leave(world, saver);
            while (!big_edits_.empty()) drop(world);
        }
        files_.heal();
        std::filesystem::remove(first_);
        settle_what_was_lost();
    }

    struct Counts {
        int edits = 0, undone = 0, redone = 0, big = 0, saved = 0, failed = 0, during_saves = 0;
        std::uint64_t dropped = 0;
    };
    Counts counts;

private:
    void note(const tl::expected<EditReport, VoxelError>& report, int& count,
              const WorldSaver& saver) {
        if (!report) return;
        ++count;
        counts.during_saves += saver.is_saving() ? 1 : 0;
        for (const BrickId id : report->bricks) touched_.insert(id);
    }

    [[nodiscard]] Contents contents(const World& world) {
        Contents all;
        for (const BrickId id : touched_) {
            Brick brick;
            detail::read_brick(world.volume(), id, brick);
            all[id] = hash_of(brick);
        }
        return all;
    }
    std::uint64_t pristine(BrickId id) {
        std::uint64_t& known = pristine_[id];
        if (known != 0) return known;
        Brick brick;
        ground_->generate(brick_region(id), brick.samples.data(), kBrickSize,
                          kBrickSize * kBrickSize);
        return known = hash_of(brick);
    }
    // A brick that a set of contents does not name was not touched when it was made.
    void expect_contents(const World& world, const Contents& expected, const char* what) {
        for (const auto& [id, hash] : contents(world)) {
            const auto known = expected.find(id);
            ASSERT_EQ(hash, known == expected.end() ? pristine(id) : known->second)
                << what << ": level " << id.level << " at " << id.at.x << ' ' << id.at.y << ' '
                << id.at.z;
        }
    }

    Operation any_operation(float size) {
        Operation o;
        o.mode = static_cast<Mode>(
            std::array{0, 1, 2, 3, 5, 7}[static_cast<std::size_t>(dice_.whole(0, 5))]);
        o.material = static_cast<Material>(dice_.whole(0, 4));
        if (dice_.whole(0, 3) == 0) {
            o.only = MaterialSet::none();
            for (const Material m : std::array<Material, 3>{0, 1, 3}) o.only.insert(m);
        }
        if (dice_.whole(0, 3) == 0) o.hardness = {{2, 1.0F}, {3, 1.0F}};
        const int kind = o.mode == Mode::Paste ? 5 : dice_.whole(0, test::kShapeKinds - 1);
        o.shape = test::any_shape(dice_, kind, 10.0F, size);
        o.user = static_cast<std::uint32_t>(dice_.whole(1, 2));
        o.stroke = static_cast<std::uint32_t>(dice_.whole(0, 1) == 0 ? 0 : 1 + stroke_++ / 3);
        return o;
    }

    void step(World& world, WorldSaver& saver) {
        const auto user = static_cast<std::uint32_t>(dice_.whole(1, 2));
        switch (dice_.whole(0, 11)) {
            case 0:
            case 1:
                note(world.undo(user), counts.undone, saver);
                if (dice_.whole(0, 1) == 0) note(world.redo(user), counts.redone, saver);
                return;
            case 2:
                return note(world.redo(user), counts.redone, saver);
            case 3:
            case 4:
                return big(world, saver);
            case 5:
            case 6:
                return save(world, saver);
            case 7:
                return saver.update();
            default:
                return note(world.apply(any_operation(7.0F)), counts.edits, saver);
        }
    }

    void big(World& world, WorldSaver& saver) {
        if (big_edits_.empty() || (big_edits_.size() < 3 && dice_.whole(0, 1) == 0)) {
            Operation o = any_operation(14.0F);
            o.mode = std::array{Mode::Dig, Mode::Add,
                                Mode::Paint}[static_cast<std::size_t>(dice_.whole(0, 2))];
            const auto begun = world.begin(pool_, o);
            ASSERT_TRUE(begun) << begun.error().message;
            big_edits_.push_back(*begun);
            // Some of its slices are done before what others do next, and some after.
            for (int i = dice_.whole(0, 12); i > 0; --i)
                (void)(*begun)->advance(Clock::time_point::min());
            return;
        }
        if (dice_.whole(0, 3) == 0) return drop(world);
        while (big_edits_.back()->advance(Clock::time_point::min()) == BigEdit::State::Working) {
        }
        const auto done = world.finish(*big_edits_.back());
        big_edits_.pop_back();
        ASSERT_TRUE(done) << done.error().message;
        note(done, counts.big, saver);
    }
    void drop(World& world) {
        world.drop(*big_edits_.back());
        big_edits_.pop_back();
    }

    // The contents as of now become durable if the save succeeds.
    void save(World& world, WorldSaver& saver) {
        if (saver.is_saving()) {
            saver.wait();
            files_.heal();
        }
        if (dice_.whole(0, 2) == 0)
            files_.fail(static_cast<FaultyFiles::Fault>(dice_.whole(0, 3)), dice_.whole(0, 12));
        durable_if_lost_ = contents(world);
        saver.save([this](const tl::expected<SaveReport, VoxelError>& result) {
            ++(result ? counts.saved : counts.failed);
            if (result) durable_ = std::move(*durable_if_lost_);
            durable_if_lost_.reset();
        });
        ASSERT_TRUE(saver.is_saving());
        if (dice_.whole(0, 1) == 0) return;
        saver.wait();
        files_.heal();
    }

    // In order, saved; in the middle of a save, whose end nobody sees; or with changes that are lost.
    void leave(World& world, WorldSaver& saver) {
        if (dice_.whole(0, 2) == 0) return;
        if (saver.is_saving()) saver.wait();
        files_.heal();
        if (dice_.whole(0, 1) == 0) return;
        durable_if_lost_.reset();
        saver.save([this, &world](const auto& result) {
            ASSERT_TRUE(result) << result.error().message;
            durable_ = contents(world);
        });
        saver.wait();
        EXPECT_EQ(world.volume().unsaved_count(), 0U);
    }

    // The file has the last save or not, and not a part of it.
    void settle_what_was_lost() {
        if (!durable_if_lost_) return;
        World world(ground_);
        WorldSaver saver(world, path_, {});
        saver.wait();
        Contents file = contents(world);
        for (const BrickId id : touched_) {
            durable_.try_emplace(id, pristine(id));
            durable_if_lost_->try_emplace(id, pristine(id));
        }
        EXPECT_TRUE(file == durable_ || file == *durable_if_lost_);
        durable_ = std::move(file);
    }

    // The log alone, from the same file, leads to the same bricks.
    void replay(World& world, const OperationLog& log) {
        if (testing::Test::HasFailure()) return;
        World again(ground_);
        again.set_undo_limit(kUndoBytes);
        std::optional<WorldSaver> saver;
        if (std::filesystem::exists(first_)) {
            saver.emplace(again, first_, WorldSaverSettings{});
            saver->wait();
        }
        for (std::uint64_t i = log.first(); i < log.size(); ++i) {
            const auto entry = parse_entry(log.record(i));
            ASSERT_TRUE(entry) << entry.error().message;
            const auto report = again.replay(*entry);
            ASSERT_TRUE(report) << report.error().message;
        }
        expect_contents(again, contents(world), "replayed");
    }

    Dice dice_;
    const std::optional<std::size_t> memory_limit_;
    TemporaryFolder folder_;
    FaultyFiles files_;
    const std::string path_ = folder_.file("world");
    const std::string first_ = folder_.file("before");  // as of the game's beginning
    std::shared_ptr<const Generator> ground_ = layered_hills();
    WorkerPool pool_{no_workers()};
    std::vector<BigEdit*> big_edits_;
    std::uint32_t stroke_ = 0;
    std::set<BrickId> touched_;  // ever, on all levels
    std::map<BrickId, std::uint64_t> pristine_;
    Contents durable_;
    std::optional<Contents> durable_if_lost_;  // of the save whose answer has not come
};

struct WorldRoundTrip : testing::TestWithParam<std::optional<std::size_t>> {};

// The world is what was done to it, and its file what was saved last, whatever happens in between; also if
// everything that was saved leaves the memory at once.
TEST_P(WorldRoundTrip, EveryGameFindsWhatTheLastOneSaved) {
    const bool is_long = std::getenv("NEBULA_LONG") != nullptr;
    Games::Counts sum;
    for (std::uint32_t seed = 1; seed <= (is_long ? 100U : 3U); ++seed) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        Games games(seed, GetParam());
        for (int game = 0; game < 4; ++game) {
            games.play(40);
            if (testing::Test::HasFailure()) return;
        }
        sum.undone += games.counts.undone;
        sum.redone += games.counts.redone;
        sum.big += games.counts.big;
        sum.saved += games.counts.saved;
        sum.failed += games.counts.failed;
        sum.during_saves += games.counts.during_saves;
        sum.dropped += games.counts.dropped;
    }
    // Or it shows nothing.
    EXPECT_GT(sum.undone, 5);
    EXPECT_GT(sum.redone, 2);
    EXPECT_GT(sum.big, 8);
    EXPECT_GT(sum.saved, 10);
    EXPECT_GT(sum.failed, 3);
    EXPECT_GT(sum.during_saves, 5);
    if (GetParam()) {
        EXPECT_GT(sum.dropped, 200U);
    }
}
INSTANTIATE_TEST_SUITE_P(, WorldRoundTrip,
                         testing::Values(std::nullopt, std::optional<std::size_t>{0}),
                         [](const auto& info) {
                             return std::string(info.param ? "KeptInTheFile" : "KeptInMemory");
                         });

}  // namespace
}  // namespace nebula::voxel
