// SPDX-License-Identifier: MIT
// After every call, the screen shows the world after exactly the first K edits, for the whole shown set at
// once. K is the number of edits in the groups that commit_edits has reported so far, so it never goes
// down, and an edit is visible when it is reported and not before.
#include "streamed_world.hpp"
#include "world_samples.hpp"

#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/stream/terrain.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

using namespace std::chrono_literals;

/// A streamed world that is compared with the known one after every call.
class ComparedWorld {
public:
    ComparedWorld(WorkerPool& pool, const std::shared_ptr<const Generator>& generator,
                  const TerrainSettings& settings)
        : terrain(pool, generator, settings), known_(generator) {}

    void edit(const SphereEdit& edit) {
        ASSERT_TRUE(terrain.edit(edit));
        edits_.push_back(edit);
        compare("edit");
    }
    void update() {
        terrain.update();
        compare("update");
    }
    void commit(Clock::duration budget) {
        terrain.commit(sink, budget);
        compare("commit");
    }
    void commit_edits(Clock::time_point deadline) {
        const EditCommit done = terrain.commit_edits(sink, deadline);
        for (const EditGroupReport& group : done.groups) {
            for (std::size_t i = 0; i < group.edits; ++i) known_.edit(edits_[reported_++]);
            changed_ |= group.edits > 0;
        }
        compare("commit_edits");
        if (!terrain.edits_pending()) {
            EXPECT_EQ(reported_, edits_.size());
        }
    }
    /// After any other call, too.
    void compare(const char* call) {
        std::vector<ChunkId> listed = terrain.shown_chunks();
        if (listed != listed_) {
            chunks_ = {listed.begin(), listed.end()};
            listed_ = std::move(listed);
            changed_ = true;
        }
        if (std::exchange(changed_, false)) expected_ = known_.shown_by(chunks_);
        if (sink.shown == expected_) return;
        // Two differences are allowed for a while, both where the world ends: strips towards coarser
        // chunks that have gone, and meshes that the sink has yet to remove.
        std::set<ChunkId> differ;
        for (const auto& [chunk, hash] : expected_)
            if (const auto at = sink.shown.find(chunk);
                at == sink.shown.end() || at->second != hash)
                differ.insert(chunk);
        for (const auto& [chunk, hash] : sink.shown)
            if (!expected_.contains(chunk) && shown_at(chunk)) differ.insert(chunk);
        for (const ChunkId chunk : differ)
            ASSERT_TRUE(has_old_strips(chunk))
                << "after " << call << ", chunk (" << chunk.at.x << ", " << chunk.at.y << ", "
                << chunk.at.z << ") of level " << chunk.level << " does not show the first "
                << reported_ << " of " << edits_.size() << " edits";
    }
    /// Nothing is left to remove.
    [[nodiscard]] bool is_equal() const { return sink.shown == expected_; }

    Terrain terrain;
    LevelSink sink;

private:
    /// Whether anything is, where this chunk is.
    [[nodiscard]] bool shown_at(ChunkId chunk) const {
        const float size = float{kChunkSize} * voxel_size(chunk.level);
        const auto middle = [size](std::int32_t c) {
            return (static_cast<float>(c) + 0.5F) * size;
        };
        return terrain.shown_chunk_at({middle(chunk.at.x), middle(chunk.at.y), middle(chunk.at.z)})
            .has_value();
    }
    /// Whether it shows what it must, but for strips where the world ends.
    bool has_old_strips(ChunkId chunk) {
        if (!chunks_.contains(chunk)) return false;
        unsigned ends = 0;
        for (unsigned face = 0; face < 6; ++face)
            if (!shown_at(chunk + detail::kFaceNeighbours[face])) ends |= 1U << face;
        const auto at = sink.shown.find(chunk);
        const auto shows = at != sink.shown.end() ? std::optional(at->second) : std::nullopt;
        const unsigned mask = KnownWorld::mask_of(chunk, chunks_);
        for (unsigned more = ends; more != 0; more = (more - 1) & ends)
            if (known_.hash_of(chunk, static_cast<std::uint8_t>(mask | more)) == shows) return true;
        return false;
    }

    KnownWorld known_;
    std::vector<SphereEdit> edits_;
    std::size_t reported_ = 0;                   // K
    std::vector<ChunkId> listed_;                // what is shown
    std::set<ChunkId> chunks_;                   // the same
    std::map<ChunkId, std::uint64_t> expected_;  // of them
    bool changed_ = true;                        // of that
};

// The calls of a game in any order: edits, overlapping, near and far, while the world loads, moves, jumps
// and sees farther or finer; groups that are late, and commits without a budget.
void play(WorkerPool& pool, std::uint32_t seed, int calls) {
    SCOPED_TRACE(seed);
    Dice& dice = Simulation::dice = Dice(seed);
    // Not far from the surface.
    const auto near = [&dice](Vec3f place, float reach) {
        const Vec3f away = dice.point(reach);
        return Vec3f{place.x + away.x, dice.real(-40.0F, 40.0F), place.z + away.z};
    };
    TerrainSettings settings;
    settings.view_distance = 60.0F;
    settings.detail_distance = 30.0F;
    settings.update_budget = 20ms;
    settings.now = &Simulation::now;
    settings.pick_job = &Simulation::pick_job;
    ComparedWorld world(pool, mountains(), settings);
    Vec3f viewer{};
    Vec3f dug{};
    ASSERT_TRUE(world.terrain.set_viewer(viewer));
    for (int call = 0; call < calls; ++call) {
        SCOPED_TRACE(call);
        const int kind = dice.whole(0, 8);
        if (kind == 0) {
            viewer = near(viewer, dice.whole(0, 3) == 0 ? 500.0F : 30.0F);
            ASSERT_TRUE(world.terrain.set_viewer(viewer, dice.point(1.0F)));
            if (dice.whole(0, 5) == 0) {
                ASSERT_TRUE(
                    world.terrain.set_distances(dice.real(20.0F, 130.0F), dice.real(10.0F, 40.0F)));
            }
            ASSERT_NO_FATAL_FAILURE(world.compare("set_viewer"));
        } else if (kind < 4) {
            ASSERT_NO_FATAL_FAILURE(world.update());
        } else if (kind < 7) {
            const auto some = std::chrono::microseconds(dice.whole(0, 20000));
            ASSERT_NO_FATAL_FAILURE(world.commit(dice.whole(0, 1) == 0   ? 1h
                                                 : dice.whole(0, 2) == 0 ? 0us
                                                                         : some));
        } else if (kind == 7) {
            // A deadline in between would make a history differ from run to run.
            ASSERT_NO_FATAL_FAILURE(world.commit_edits(
                dice.whole(0, 1) == 0 ? Clock::time_point::max() : Clock::time_point::min()));
        } else {
            for (int left = dice.whole(1, 4); left > 0; --left) {
                dug = dice.whole(0, 2) == 0 ? near(dug, 10.0F)
                                            : near(viewer, dice.whole(0, 3) == 0 ? 200.0F : 70.0F);
                ASSERT_NO_FATAL_FAILURE(world.edit(
                    {dice.whole(0, 3) == 0 ? SphereEdit::Kind::Add : SphereEdit::Kind::Dig, dug,
                     dice.real(1.0F, dice.whole(0, 2) == 0 ? 30.0F : 12.0F)}));
            }
        }
    }
    const Clock::time_point guard = Clock::now() + 60s;
    while (!world.terrain.is_loaded()) {
        ASSERT_LT(Clock::now(), guard)
            << "it never ends: " << world.terrain.why_late(viewer) << "; " << world.terrain.audit();
        ASSERT_NO_FATAL_FAILURE(world.update());
        ASSERT_NO_FATAL_FAILURE(world.commit(1h));
        ASSERT_NO_FATAL_FAILURE(world.commit_edits(Clock::time_point::max()));
        std::this_thread::yield();
    }
    EXPECT_TRUE(world.is_equal()) << "something is left to remove";
}

class StreamerEditOracle : public testing::TestWithParam<int> {};  // the parameter: workers
INSTANTIATE_TEST_SUITE_P(Workers, StreamerEditOracle, testing::Values(0, 2));

// NEBULA_LONG_TESTS=1 plays 200 long histories.
TEST_P(StreamerEditOracle, TheScreenShowsTheFirstEditsAndNoOther) {
    if (kShort && GetParam() != 2) GTEST_SKIP() << "with workers there is more to find";
    WorkerPool pool(workers(GetParam()));
    if (std::getenv("NEBULA_LONG_TESTS") != nullptr) {
        for (std::uint32_t seed = 1; seed <= 200; ++seed) play(pool, seed, 400);
        return;
    }
    // Of the first thirty, those that find most of the bugs that were put back.
    play(pool, 26, 120);
    if (!kShort) play(pool, 7, 120);
}

}  // namespace
}  // namespace nebula::voxel
