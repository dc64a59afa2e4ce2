// SPDX-License-Identifier: MIT
#include "brush_oracle.hpp"
#include "streamed_world.hpp"
#include "world_samples.hpp"

#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/edit/big_edit.hpp"
#include "nebula/voxel/gen/noise_generator.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/mesh/build_chunk.hpp"
#include "nebula/voxel/stream/terrain.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

using namespace std::chrono_literals;

TerrainSettings far_view() {
    TerrainSettings settings;
    settings.view_distance = 300.0F;
    settings.detail_distance = 40.0F;
    settings.update_budget = 1h;
    return settings;
}

/// Without workers, update() builds one job and no more.
TerrainSettings a_job_a_call() {
    TerrainSettings settings = far_view();
    settings.update_budget = Clock::duration::zero();
    return settings;
}

/// One frame, in which the shown set is audited.
void frame(Terrain& terrain, LevelSink& sink, Clock::duration budget = 1h) {
    terrain.update();
    terrain.commit(sink, budget);
    if (terrain.edits_pending()) terrain.commit_edits(sink, Clock::time_point::max());
    if (kShort) return;
    ASSERT_EQ(terrain.audit(), "");
}

void load(Terrain& terrain, LevelSink& sink) {
    const Clock::time_point guard = Clock::now() + 60s;
    while (!terrain.is_loaded()) {
        ASSERT_LT(Clock::now(), guard) << "it never ends";
        ASSERT_NO_FATAL_FAILURE(frame(terrain, sink));
        std::this_thread::yield();
    }
    EXPECT_TRUE(sink.staged.empty());
}

class StreamerLevels : public testing::TestWithParam<int> {};  // the parameter: workers
INSTANTIATE_TEST_SUITE_P(Workers, StreamerLevels, testing::Values(0, 1, 2, 8));

TEST_P(StreamerLevels, AWorldLoadsWithEveryLevelAndTheBytesItMustHave) {
    if (kShort && GetParam() != 2) GTEST_SKIP() << "the history below has them all";
    WorkerPool pool(workers(GetParam()));
    const auto generator = mountains();
    Terrain terrain(pool, generator, far_view());
    LevelSink sink;
    ASSERT_TRUE(terrain.set_viewer({10.0F, 30.0F, -20.0F}));
    ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
    const std::set<ChunkId> chunks = shown_chunks(terrain);
    std::map<Level, int> per_level;
    for (const ChunkId chunk : chunks) ++per_level[chunk.level];
    EXPECT_EQ(per_level.size(), 4U) << "40, 80, 160, 320";
    EXPECT_EQ(terrain.stats().wanted, terrain.stats().loaded);
    EXPECT_EQ(chunks.size(), terrain.stats().loaded);
    EXPECT_TRUE(sink.shown == truth(generator, {}, chunks));
    EXPECT_GT(sink.shown.size(), 100U);
}

// Moves, teleports, digs near and far, budgets that stage a chunk at a time: at every moment the
// shown set is a partition with the right strips, and in the end it is what one thread computes.
TEST_P(StreamerLevels, AfterAnyHistoryTheScreenEqualsTheWorld) {
    WorkerPool pool(workers(GetParam()));
    const auto generator = mountains();
    for (std::uint32_t seed = 1; seed <= (kShort ? 1 : 3); ++seed) {
        SCOPED_TRACE(seed);
        Dice dice(seed * 10 + static_cast<std::uint32_t>(GetParam()));
        TerrainSettings settings = far_view();
        settings.view_distance = kShort ? 60.0F : 120.0F;
        Terrain terrain(pool, generator, settings);
        LevelSink sink;
        std::vector<SphereEdit> edits;
        Vec3f viewer{};
        for (int i = 0; i < (kShort ? 20 : 50); ++i) {
            if (dice.whole(0, 20) == 0) viewer = dice.point(1500.0F);
            viewer = viewer + dice.point(dice.whole(0, 3) == 0 ? 60.0F : 3.0F);
            ASSERT_TRUE(terrain.set_viewer(viewer, dice.point(1.0F)));
            if (dice.whole(0, 2) == 0) {
                edits.push_back(
                    {dice.whole(0, 3) == 0 ? SphereEdit::Kind::Add : SphereEdit::Kind::Dig,
                     viewer + dice.point(dice.whole(0, 3) == 0 ? 300.0F : 60.0F),
                     dice.real(1.0F, 16.0F)});
                ASSERT_TRUE(terrain.edit(edits.back()));
            }
            terrain.update();
            terrain.commit(sink, std::chrono::microseconds(dice.whole(0, 1500)));
            ASSERT_EQ(terrain.audit(), "");
            if (terrain.edits_pending() && dice.whole(0, 3) != 0)
                terrain.commit_edits(
                    sink, dice.whole(0, 1) == 0
                              ? Clock::time_point::min()
                              : Clock::now() + std::chrono::microseconds(dice.whole(0, 2000)));
            ASSERT_EQ(terrain.audit(), "");
        }
        ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
        EXPECT_TRUE(sink.shown == truth(generator, edits, shown_chunks(terrain)));
        const TerrainStats stats = terrain.stats();
        EXPECT_EQ(stats.queued + stats.in_flight + stats.waiting + stats.waiting_bytes, 0U);
    }
}

// A root that appears was built with an edit whose other chunks had yet to be rebuilt: its half of the
// crater was visible first.
TEST(StreamerEdits, ARootDoesNotShowAnEditBeforeTheOtherChunks) {
    WorkerPool pool(workers(0));
    const auto generator = std::make_shared<FlatGenerator>(0.0F);
    TerrainSettings settings = far_view();
    settings.view_distance = 100.0F;
    settings.detail_distance = 100.0F;
    Terrain terrain(pool, generator, settings);
    LevelSink sink;
    ASSERT_TRUE(terrain.set_viewer({}));
    ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
    float edge = 0.0F;
    while (terrain.shown_chunk_at({edge, 0.0F, 0.0F})) edge += float{kChunkSize};
    ASSERT_TRUE(terrain.set_viewer({3.0F * float{kChunkSize}, 0.0F, 0.0F}));
    const SphereEdit crater{SphereEdit::Kind::Dig, {edge, 0.0F, 0.0F}, 20.0F};
    ASSERT_TRUE(terrain.edit(crater));
    const Vec3f beyond{edge + 8.0F, 0.0F, 0.0F};
    for (int frame = 0; frame < 3; ++frame) {
        terrain.commit_edits(sink, Clock::time_point::min());  // one chunk
        ASSERT_TRUE(terrain.edits_pending());
        terrain.update();
        terrain.commit(sink, 1h);
        EXPECT_FALSE(terrain.shown_chunk_at(beyond)) << "before the other half";
    }
    ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
    EXPECT_TRUE(terrain.shown_chunk_at(beyond));
    EXPECT_TRUE(sink.shown == truth(generator, {crater}, shown_chunks(terrain)));
}

// What is undone, or done in the background, is shown as any other edit.
TEST(StreamerEdits, UndoAndBigEditsAreShown) {
    WorkerPool pool(workers(0));
    TerrainSettings settings = far_view();
    settings.view_distance = settings.detail_distance = 100.0F;
    Terrain terrain(pool, mountains(), settings);
    terrain.set_undo_limit(std::size_t{64} << 20U);
    LevelSink sink;
    ASSERT_TRUE(terrain.set_viewer({}));
    ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
    const SphereEdit crater{SphereEdit::Kind::Dig, {10.0F, 0.0F, 0.0F}, 20.0F};
    const SphereEdit large{SphereEdit::Kind::Dig, {-20.0F, 0.0F, 0.0F}, 50.0F};
    ASSERT_TRUE(terrain.edit(crater));
    const auto big = terrain.begin_edit(operation_of(large));
    ASSERT_TRUE(big);
    while ((*big)->advance(Clock::time_point::min()) == BigEdit::State::Working) continue;
    ASSERT_TRUE(terrain.finish_edit(**big));
    ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
    EXPECT_TRUE(sink.shown == truth(mountains(), {crater, large}, shown_chunks(terrain)));
    ASSERT_TRUE(terrain.undo(0));
    ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
    EXPECT_TRUE(sink.shown == truth(mountains(), {crater}, shown_chunks(terrain)));
    EXPECT_TRUE(terrain.stroke_to_undo(0) && terrain.stroke_to_redo(0) &&
                !terrain.stroke_to_undo(1));
    ASSERT_TRUE(terrain.undo(0));
    EXPECT_FALSE(terrain.stroke_to_undo(0));
    ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
    EXPECT_TRUE(sink.shown == truth(mountains(), {}, shown_chunks(terrain)));
}

// Whoever digs in every frame, and so much that each group is late, held up all steps: what a group
// had built anew for a step was stale again in the call that brought it. And a jump was never made up
// for, because there was always a group.
TEST(StreamerEdits, GroupsThatAreAlwaysLateHoldUpNothing) {
    WorkerPool pool(workers(2));
    const auto generator = mountains();
    Terrain terrain(pool, generator, far_view());
    LevelSink sink;
    std::vector<Viewer> viewers{{{}, 100.0F, 40.0F, {}, 1}, {{90.0F, 0, 0}, 100.0F, 40.0F, {}, 2}};
    ASSERT_TRUE(terrain.set_viewers(viewers));
    ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
    viewers[0].position = {0.0F, 0.0F, 250.0F};
    std::vector<SphereEdit> edits;
    const auto is_fine = [&](const Viewer& viewer) {
        const std::optional<ChunkId> shown = terrain.shown_chunk_at(viewer.position);
        return shown && shown->level == 0;
    };
    int late = 0;
    int frames = 0;
    for (; frames < 4 || !is_fine(viewers[0]) || !is_fine(viewers[1]); ++frames) {
        ASSERT_LT(frames, 5000) << terrain.why_late(viewers[0].position) << "; "
                                << terrain.why_late(viewers[1].position);
        if (frames == 3) viewers[1].position = {3000.0F, 0.0F, 0.0F};  // while a group is late
        ASSERT_TRUE(terrain.set_viewers(viewers));
        terrain.update();
        // At one place, so that the same chunks are stale each time.
        edits.push_back({.kind = frames % 2 == 0 ? SphereEdit::Kind::Dig : SphereEdit::Kind::Add,
                         .centre = viewers[0].position,
                         .radius = 20.0F});
        ASSERT_TRUE(terrain.edit(edits.back()));
        terrain.commit(sink, 1h);
        terrain.commit_edits(sink, Clock::time_point::min());  // workers need a while
        ASSERT_EQ(terrain.audit(), "");
        late += terrain.edits_pending() ? 1 : 0;
        std::this_thread::sleep_for(1ms);
    }
    EXPECT_GT(late, frames / 2) << "a busy machine may have some in time";
    ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
    EXPECT_TRUE(sink.shown == truth(generator, edits, shown_chunks(terrain)));
}

// The roots may rise, but an edit group is late. The question was not asked again before something
// else changed on the screen, and nothing did.
TEST(StreamerDistance, ALateGroupOnlyDelaysTheNextLevel) {
    WorkerPool pool(workers(0));
    const auto generator = mountains();
    TerrainSettings settings = far_view();
    settings.view_distance = 70.0F;
    Terrain terrain(pool, generator, settings);
    LevelSink sink;
    ASSERT_TRUE(terrain.set_viewer({}));
    ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
    const SphereEdit crater{SphereEdit::Kind::Dig, {}, 30.0F};
    ASSERT_TRUE(terrain.edit(crater));
    terrain.commit_edits(sink, Clock::time_point::min());  // one chunk
    ASSERT_TRUE(terrain.edits_pending());
    ASSERT_TRUE(terrain.set_distances(300.0F, 40.0F));
    ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
    EXPECT_TRUE(terrain.shown_chunk_at({290.0F, 0.0F, 0.0F}));
    EXPECT_TRUE(sink.shown == truth(generator, {crater}, shown_chunks(terrain)));
}

/// Each look at it takes a tenth of a millisecond.
struct TickingClock {
    static inline Clock::time_point time;
    static Clock::time_point now() { return time += 100us; }
};

// What commit() has spent is over for commit_edits(), which shows steps, too.
TEST(StreamerBudget, IsOneForCommitsAndForTheStepsThatAreShownWithEdits) {
    std::array<std::size_t, 2> most{};
    for (const bool digs : {false, true}) {
        WorkerPool pool(workers(0));
        TerrainSettings settings = far_view();
        settings.view_distance = settings.detail_distance = 60.0F;
        settings.now = &TickingClock::now;
        settings.commit_budget = 2ms;
        Terrain terrain(pool, mountains(), settings);
        LevelSink sink;
        ASSERT_TRUE(terrain.set_viewer({}));
        terrain.update();  // builds all
        for (int i = 0; !terrain.is_loaded(); ++i) {
            ASSERT_LT(i, 1000);
            const std::size_t before = sink.stagings;
            terrain.update();
            terrain.commit(sink);
            if (digs) {
                const float radius = 2.0F + 0.01F * static_cast<float>(i);
                ASSERT_TRUE(terrain.dig_sphere({9000.0F, 0.0F, 0.0F}, radius));  // out of view
                terrain.commit_edits(sink, Clock::time_point::max());
            }
            std::size_t& here = most[digs ? 1 : 0];
            here = std::max(here, sink.stagings - before);
        }
    }
    EXPECT_GT(most[0], 3U);
    EXPECT_LE(most[1], most[0] + 1);
}

TEST(StreamerViewers, TwoOfOneIdAreTwo) {
    WorkerPool pool(workers(0));
    Terrain terrain(pool, mountains(), a_job_a_call());
    LevelSink sink;
    const std::vector<Viewer> viewers{{{}, 60.0F, 40.0F, {}, 7},
                                      {{2000.0F, 0, 0}, 60.0F, 40.0F, {}, 7}};
    for (int i = 0; !terrain.is_loaded(); ++i) {
        ASSERT_LT(i, 20'000) << "each takes the other for itself";
        ASSERT_TRUE(terrain.set_viewers(viewers));
        ASSERT_NO_FATAL_FAILURE(frame(terrain, sink));
    }
}

// A viewer that went away moved those behind it up in the list, and each counted as one that had
// jumped: what was being loaded for it was thrown away.
TEST(StreamerViewers, WhoeverLeavesDoesNotMakeTheOthersJump) {
    WorkerPool pool(workers(0));
    Terrain terrain(pool, mountains(), a_job_a_call());
    LevelSink sink;
    const Viewer first{{}, 100.0F, 40.0F, {}, 7};
    const Viewer second{{3000.0F, 0.0F, 0.0F}, 100.0F, 40.0F, {}, 8};
    ASSERT_TRUE(terrain.set_viewers(std::vector{first, second}));
    while (terrain.stats().waiting < 8) terrain.update();
    terrain.commit(sink, 1h);
    const std::size_t steps = terrain.stats().steps;
    const std::size_t waiting = terrain.stats().waiting;
    ASSERT_GT(steps, 0U);
    ASSERT_GT(waiting, 0U);
    ASSERT_TRUE(terrain.set_viewers(std::vector{second}));
    terrain.update();
    EXPECT_GE(terrain.stats().waiting, waiting) << "what was built is kept";
    ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
    for (const ChunkId chunk : terrain.shown_chunks())
        EXPECT_GT(static_cast<float>(chunk.at.x) * voxel_size(chunk.level), 50.0F);
}

// A level more or less at the coarse end made the whole world anew: somebody who turned up the view
// distance in a menu stood over nothing.
TEST(StreamerDistance, ALevelMoreOrLessKeepsWhatIsShown) {
    WorkerPool pool(workers(0));
    const auto generator = mountains();
    Terrain terrain(pool, generator, far_view());
    LevelSink sink;
    const Vec3f here{5.0F, 10.0F, -7.0F};
    ASSERT_TRUE(terrain.set_viewer(here));
    std::size_t levels = 0;
    for (const float distance : {70.0F, 300.0F, 1200.0F, 100.0F, 600.0F, 2500.0F, 300.0F}) {
        SCOPED_TRACE(distance);
        ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
        std::set<ChunkId> finest = shown_chunks(terrain);
        std::erase_if(finest, [](ChunkId chunk) { return chunk.level > 0; });
        const std::size_t stagings = sink.stagings;
        const std::size_t shown = sink.shown.size();
        ASSERT_TRUE(terrain.set_distances(distance, 40.0F));
        const Clock::time_point guard = Clock::now() + 60s;
        while (!terrain.is_loaded()) {
            ASSERT_LT(Clock::now(), guard) << "it never ends";
            ASSERT_NO_FATAL_FAILURE(frame(terrain, sink));
            const std::optional<ChunkId> below = terrain.shown_chunk_at(here);
            ASSERT_TRUE(below && below->level == 0);
        }
        std::size_t kept = 0;
        for (const ChunkId chunk : shown_chunks(terrain)) kept += finest.count(chunk);
        EXPECT_EQ(kept, finest.size()) << "of the finest level";
        // Some of what is shown gets other strips, or was coarser.
        EXPECT_LT(sink.stagings - stagings, sink.shown.size() + shown / 2);
        EXPECT_TRUE(sink.shown == truth(generator, {}, shown_chunks(terrain)));
        const auto per_level = terrain.stats().levels;
        const auto used = static_cast<std::size_t>(
            std::count_if(per_level.begin(), per_level.end(), [](auto n) { return n > 0; }));
        EXPECT_NE(used, levels) << "the coarsest level did not change";
        levels = used;
    }
}

// A view several levels longer rises level by level. Roots that were not whole families when the next
// level became the roots' left again: far ground came, went and came.
TEST(StreamerDistance, AViewThatGrowsByLevelsTakesNothingBack) {
    WorkerPool pool(workers(0));
    Terrain terrain(pool, mountains(), a_job_a_call());
    LevelSink sink;
    ASSERT_TRUE(terrain.set_viewer({}));
    ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
    constexpr float kView = 10'000.0F;
    ASSERT_TRUE(terrain.set_distances(kView, 40.0F));
    // In chunks of level 0. Splits and merges leave it as it is.
    const auto volume = [&] {
        double sum = 0.0;
        const auto levels = terrain.stats().levels;
        for (std::size_t level = 0; level < levels.size(); ++level)
            sum += std::pow(8.0, level) * static_cast<double>(levels[level]);
        return sum;
    };
    double shown = volume();
    for (int i = 0; shown < std::pow(2.0F * kView / float{kChunkSize}, 3.0F); ++i) {
        ASSERT_LT(i, 20'000);
        terrain.update();
        terrain.commit(sink, 1h);
        const double now = volume();
        ASSERT_GE(now, shown) << "something has gone in frame " << i;
        shown = now;
    }
    EXPECT_EQ(terrain.audit(), "");
}

Viewer any_viewer(Dice& dice, Vec3f near) {
    return {near + dice.point(dice.whole(0, 9) == 0 ? 2000.0F : 30.0F), dice.real(20.0F, 120.0F),
            dice.real(10.0F, 40.0F), dice.point(1.0F)};
}

// Moving, jumping, viewers that come and go and change their distances, digging everywhere, with
// budgets that end anywhere. After each commit, what is shown is a partition with the right strips.
void simulate(std::uint32_t seed, int steps) {
    SCOPED_TRACE(seed);
    Dice& dice = Simulation::dice = Dice(seed);
    const auto generator = mountains();
    WorkerPool pool(workers(0));
    TerrainSettings settings;
    settings.update_budget = 1ms;
    settings.now = &Simulation::now;
    settings.pick_job = &Simulation::pick_job;
    Terrain terrain(pool, generator, settings);
    LevelSink sink;
    std::vector<SphereEdit> edits;
    std::vector<Viewer> viewers{any_viewer(dice, {})};
    for (int step = 0; step < steps; ++step) {
        if (dice.whole(0, 1) == 0 && !viewers.empty()) {
            Viewer& moved = viewers[static_cast<std::size_t>(
                dice.whole(0, static_cast<int>(viewers.size()) - 1))];
            moved.position = moved.position + dice.point(dice.whole(0, 30) == 0 ? 2000.0F : 40.0F);
        }
        const Vec3f near = viewers.empty() ? Vec3f{} : viewers.back().position;
        if (dice.whole(0, 30) == 0) viewers.push_back(any_viewer(dice, near));
        if (viewers.size() > 3 || (!viewers.empty() && dice.whole(0, 40) == 0)) viewers.pop_back();
        if (!viewers.empty() && dice.whole(0, 60) == 0) viewers.front() = any_viewer(dice, near);
        ASSERT_TRUE(terrain.set_viewers(viewers));
        if (dice.whole(0, 4) == 0) {
            edits.push_back({dice.whole(0, 3) == 0 ? SphereEdit::Kind::Add : SphereEdit::Kind::Dig,
                             near + dice.point(dice.whole(0, 3) == 0 ? 300.0F : 50.0F),
                             dice.real(1.0F, 16.0F)});
            ASSERT_TRUE(terrain.edit(edits.back()));
        }
        terrain.update();
        terrain.commit(sink, std::chrono::microseconds(dice.whole(0, 3000)));
        ASSERT_EQ(terrain.audit(), "") << "in step " << step;
        if (terrain.edits_pending() && dice.whole(0, 3) != 0)
            terrain.commit_edits(
                sink, dice.whole(0, 2) == 0 ? Clock::time_point::min() : Clock::time_point::max());
        ASSERT_EQ(terrain.audit(), "") << "after the edits of step " << step;
    }
    ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
    EXPECT_TRUE(sink.shown == truth(generator, edits, shown_chunks(terrain)));
    ASSERT_TRUE(terrain.set_viewers({}));
    ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
    EXPECT_TRUE(sink.shown.empty());
    EXPECT_EQ(terrain.stats().bricks, terrain.stats().edited_bricks)
        << "the others go with their chunk";
}

TEST(StreamerSimulation, WorkersMayFinishInAnyOrder) {
    const Clock::time_point start = Clock::now();
    std::uint32_t rounds = kShort ? 1 : 4;
    for (std::uint32_t seed = 1; seed <= rounds; ++seed) {
        ASSERT_NO_FATAL_FAILURE(simulate(seed, kShort ? 60 : 200));
        if (std::getenv("NEBULA_LONG") != nullptr && Clock::now() - start < 10min) ++rounds;
    }
}

/// Keeps the meshes themselves.
class MeshSink final : public CommitSink {
public:
    void stage(ChunkId chunk, Surface& surface) noexcept override {
        staged[chunk] = std::move(static_cast<MeshSurface&>(surface).mesh);
    }
    void show(ChunkId chunk) noexcept override {
        shown[chunk] = std::move(staged[chunk]);
        staged.erase(chunk);
    }
    void remove(ChunkId chunk) noexcept override { shown.erase(chunk); }
    void discard(ChunkId chunk) noexcept override { staged.erase(chunk); }
    void failed(ChunkId, const VoxelError&) noexcept override {}

    std::map<ChunkId, ChunkMesh> shown;
    std::map<ChunkId, ChunkMesh> staged;
};

bool lies_on_a_face(Vec3f a, Vec3f b) {
    const auto on = [](float p, float q) { return p == q && (p == 0.0F || p == 32.0F); };
    return on(a.x, b.x) || on(a.y, b.y) || on(a.z, b.z);
}

/// Where chunks meet: how many edges of shown triangles no neighbour runs along the other way, apart from those at the
/// end of what is loaded. Positions are exact: in units of level 0.
std::size_t unmatched_edges(const Terrain& terrain, const MeshSink& sink) {
    using Point = std::array<std::int64_t, 3>;
    constexpr int units = ChunkMesh::kUnitsPerVoxel;
    struct Edge {
        Point low, high;
        int direction;
    };
    std::vector<Edge> edges;
    std::size_t inexact = 0;
    for (const auto& [chunk, mesh] : sink.shown) {
        const std::int64_t size = std::int64_t{1} << chunk.level;
        std::vector<Vec3f> positions;
        std::vector<Point> points;
        for (std::uint32_t i = 0; i < mesh.vertex_count; ++i) {
            const Vec3f p = mesh.position(i);
            positions.push_back(p);
            const auto exact = [&](float local, std::int32_t at) {
                const float fine = local * units;
                if (fine != std::floor(fine)) ++inexact;
                return (static_cast<std::int64_t>(fine) + std::int64_t{at} * kChunkSize * units) *
                       size;
            };
            points.push_back(
                {exact(p.x, chunk.at.x), exact(p.y, chunk.at.y), exact(p.z, chunk.at.z)});
        }
        for (std::uint32_t i = 0; i < mesh.index_count; i += 3)
            for (std::uint32_t k = 0; k < 3; ++k) {
                const std::uint32_t from = mesh.index(i + k);
                const std::uint32_t to = mesh.index(i + (k + 1) % 3);
                if (!lies_on_a_face(positions[from], positions[to])) continue;
                const Point& a = points[from];
                const Point& b = points[to];
                if (a != b) edges.push_back({std::min(a, b), std::max(a, b), a < b ? 1 : -1});
            }
    }
    EXPECT_EQ(inexact, 0U);
    std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) {
        return a.low != b.low ? a.low < b.low : a.high < b.high;
    });
    const auto at_the_end = [&](const Edge& edge) {
        for (int i = 0; i < 6; ++i) {
            std::array<float, 3> p{};
            for (std::size_t c = 0; c < 3; ++c)
                p[c] = static_cast<float>(edge.low[c] + edge.high[c]) / 2 / units;
            p[static_cast<std::size_t>(i / 2)] += i % 2 == 0 ? 0.01F : -0.01F;
            if (!terrain.shown_chunk_at({p[0], p[1], p[2]})) return true;
        }
        return false;
    };
    std::size_t unmatched = 0;
    for (std::size_t i = 0; i < edges.size();) {
        int sum = 0;
        const std::size_t first = i;
        for (; i < edges.size() && edges[i].low == edges[first].low &&
               edges[i].high == edges[first].high;
             ++i)
            sum += edges[i].direction;
        if (sum != 0 && !at_the_end(edges[first])) ++unmatched;
    }
    return unmatched;
}

// Every brush, soft and hard, one of them large, and some of it undone.
void edit_at_random(Terrain& terrain, Dice& dice) {
    terrain.set_undo_limit(std::size_t{64} << 20U);
    int strokes = 0;  // an edit that changes nothing is none
    for (int i = 0; i < 40; ++i) {
        Operation o;
        o.mode = static_cast<Mode>(dice.whole(0, 6));
        o.shape = test::any_shape(
            dice, o.mode == Mode::Paste ? 5 : dice.whole(0, test::kShapeKinds - 1), 150.0F, 30.0F);
        if (o.mode != Mode::Paste && dice.whole(0, 2) == 0) o.falloff = dice.real(0.0F, 9.0F);
        o.target.normal = {0.3F, 1.0F, 0.2F};
        const auto edit = terrain.edit(o);
        ASSERT_TRUE(edit);
        strokes += edit->bricks.empty() ? 0 : 1;
        if (strokes > 0 && dice.whole(0, 4) == 0) {
            const auto undone = terrain.undo(0);
            ASSERT_TRUE(undone) << i << ": " << undone.error().message;
            --strokes;
        }
    }
    const auto big = terrain.begin_edit(
        {.shape = CapsulePathShape{{dice.point(150.0F), dice.point(150.0F), dice.point(150.0F)},
                                   40.0F}});
    ASSERT_TRUE(big);
    while ((*big)->advance(Clock::time_point::min()) == BigEdit::State::Working)
        std::this_thread::yield();
    ASSERT_TRUE(terrain.finish_edit(**big));
}

// The whole of it: every level, craters on their borders, several viewers. The surface is closed.
TEST(StreamerGlue, WhatIsShownHasNoCrack) {
    WorkerPool pool(workers(2));
    const TerrainSettings settings = far_view();
    Dice dice(5);
    for (int round = 0; round < (kShort ? 1 : 3); ++round) {
        Terrain terrain(pool, mountains(), settings);
        MeshSink sink;
        std::vector<Viewer> viewers;
        for (int i = 0; i <= round; ++i)
            viewers.push_back(
                {dice.point(150.0F), 200.0F - 50.0F * static_cast<float>(i), 40.0F, {}});
        ASSERT_TRUE(terrain.set_viewers(viewers));
        for (int i = 0; i < 30; ++i)
            ASSERT_TRUE(
                terrain.edit({dice.whole(0, 2) == 0 ? SphereEdit::Kind::Add : SphereEdit::Kind::Dig,
                              dice.point(200.0F), dice.real(2.0F, 30.0F)}));
        ASSERT_NO_FATAL_FAILURE(edit_at_random(terrain, dice));
        const Clock::time_point guard = Clock::now() + 60s;
        while (!terrain.is_loaded() && Clock::now() < guard) {
            terrain.update();
            terrain.commit(sink, 1h);
            if (terrain.edits_pending()) terrain.commit_edits(sink, Clock::time_point::max());
        }
        ASSERT_EQ(terrain.audit(), "");
        EXPECT_EQ(unmatched_edges(terrain, sink), 0U) << "round " << round;
        // The check itself: one chunk less leaves a hole.
        sink.shown.erase(
            std::next(sink.shown.begin(), static_cast<std::ptrdiff_t>(sink.shown.size() / 2)));
        EXPECT_GT(unmatched_edges(terrain, sink), 0U);
    }
}

// After a jump, what was planned for the place before is not built to the end.
TEST(StreamerJump, TheNewPlaceDoesNotWaitForTheOldOne) {
    WorkerPool pool(workers(0));
    Terrain terrain(pool, mountains(), a_job_a_call());
    LevelSink sink;
    ASSERT_TRUE(terrain.set_viewer({}));
    for (int i = 0; i < 300; ++i) {
        terrain.update();
        terrain.commit(sink, 0ms);
    }
    ASSERT_GT(terrain.stats().steps, 0U);
    const Vec3f there{3000.0F, 0.0F, 0.0F};
    ASSERT_TRUE(terrain.set_viewer(there));
    EXPECT_EQ(terrain.stats().steps, 0U);
    ASSERT_EQ(terrain.audit(), "");
    ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
    EXPECT_TRUE(terrain.is_area_ready({there, there}));
    EXPECT_TRUE(sink.shown == truth(mountains(), {}, shown_chunks(terrain)));
    EXPECT_EQ(terrain.stats().queued + terrain.stats().in_flight + terrain.stats().waiting, 0U);
    EXPECT_EQ(terrain.stats().waiting_bytes, 0U);
}

// There and back again before what was fine is merged: the roots that have vanished lie beside what is
// fine and wanted again. No root could appear, nothing was left to do, and the half of the world was
// missing until somebody moved.
TEST(StreamerJump, ThereAndBackAtOnceLosesNoHalfOfTheWorld) {
    WorkerPool pool(workers(0));
    TerrainSettings settings = far_view();
    Terrain terrain(pool, mountains(), settings);
    LevelSink sink;
    ASSERT_TRUE(terrain.set_viewer({}));
    ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
    const Vec3f beside{-20.0F, 0.0F, 0.0F};
    ASSERT_TRUE(terrain.shown_chunk_at(beside));
    // Six roots away: those on this side vanish, and the place where the viewer was stays, as fine as
    // it was.
    ASSERT_TRUE(terrain.set_viewer({6.0F * 256.0F, 0.0F, 0.0F}));
    for (int i = 0; terrain.shown_chunk_at(beside); ++i) {
        ASSERT_LT(i, 10);
        ASSERT_NO_FATAL_FAILURE(frame(terrain, sink));
    }
    const std::optional<ChunkId> still_fine = terrain.shown_chunk_at({20.0F, 0.0F, 0.0F});
    ASSERT_TRUE(still_fine && still_fine->level == 0);
    ASSERT_TRUE(terrain.set_viewer({}));
    ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
    EXPECT_TRUE(terrain.is_area_ready({beside, {20.0F, 0.0F, 0.0F}}));
    EXPECT_TRUE(sink.shown == truth(mountains(), {}, shown_chunks(terrain)));
}

// Chunks on the screen have builds in steps, too. After a jump those are gone, and an edit must not
// look for them.
TEST(StreamerJump, AnEditAfterItFindsNoBuildsOfAbandonedSteps) {
    WorkerPool pool(workers(0));
    TerrainSettings settings = far_view();
    settings.view_distance = 64.0F;  // two levels: the first steps reach the finer one
    std::size_t abandoned = 0;
    for (int frames = kShort ? 2 : 0; frames < 4; ++frames) {
        Terrain terrain(pool, mountains(), settings);
        LevelSink sink;
        ASSERT_TRUE(terrain.set_viewer({}));
        ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
        ASSERT_TRUE(terrain.set_viewer({100.0F, 0.0F, 0.0F}));  // another box of each level
        for (int i = 0; i < frames; ++i) ASSERT_NO_FATAL_FAILURE(frame(terrain, sink));
        for (int i = 0; i < 8; ++i) terrain.update();  // as many steps as there may be
        abandoned += terrain.stats().steps;
        ASSERT_TRUE(terrain.set_viewer({100.0F, 0.0F, 3000.0F}));
        ASSERT_EQ(terrain.stats().steps, 0U);
        terrain.update();  // receives what was built for them, and frees it
        std::vector<SphereEdit> edits;
        for (float x = -100.0F; x < 320.0F; x += 20.0F)
            edits.push_back(
                {.kind = SphereEdit::Kind::Dig, .centre = {x, 0.0F, 0.0F}, .radius = 20.0F});
        for (const SphereEdit& edit : edits) ASSERT_TRUE(terrain.edit(edit));
        ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
        EXPECT_TRUE(sink.shown == truth(mountains(), edits, shown_chunks(terrain)));
    }
    EXPECT_GT(abandoned, 2U);
}

// A chunk is built anew for a step, after an edit that is late: both have a mesh for it, and the sink
// has one place for each chunk.
TEST(StreamerEdits, AStepDoesNotStageWhatALateEditIsAboutToShow) {
    for (const float away : {70.0F, 130.0F}) {
        WorkerPool pool(workers(0));
        TerrainSettings settings = far_view();
        settings.view_distance = 120.0F;
        settings.update_budget = 0ms;  // a step and a job a call
        Terrain terrain(pool, mountains(), settings);
        LevelSink sink;
        ASSERT_TRUE(terrain.set_viewer({10.0F, 30.0F, -20.0F}));
        ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
        ASSERT_TRUE(terrain.set_viewer({10.0F + away, 30.0F, -20.0F}));
        terrain.update();
        std::vector<SphereEdit> edits;
        for (float x = -190.0F; x <= 200.0F; x += 32.0F)
            for (float z = -150.0F; z <= 150.0F; z += 50.0F)
                edits.push_back({.kind = SphereEdit::Kind::Dig,
                                 .centre = {10.0F + away + x, 0.0F, z},
                                 .radius = 60.0F});
        for (const SphereEdit& edit : edits) ASSERT_TRUE(terrain.edit(edit));
        EXPECT_FALSE(terrain.commit_edits(sink, Clock::time_point::min()).same_frame);
        for (int i = 0; i < 400; ++i) terrain.update();  // builds all of the step
        terrain.commit(sink, 1h);
        ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
        EXPECT_TRUE(sink.shown == truth(mountains(), edits, shown_chunks(terrain)));
    }
}

// Nothing of an edit is shown before the rest, also while its group has yet to begin.
TEST(StreamerEdits, AStepIsNotShownBesideChunksWhoseEditIsNot) {
    WorkerPool pool(workers(0));
    TerrainSettings settings = far_view();
    settings.view_distance = 120.0F;
    settings.update_budget = 0ms;
    Terrain terrain(pool, mountains(), settings);
    LevelSink sink;
    ASSERT_TRUE(terrain.set_viewer({10.0F, 30.0F, -20.0F}));
    ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
    const std::map<ChunkId, std::uint64_t> before = sink.shown;
    ASSERT_TRUE(terrain.set_viewer({80.0F, 30.0F, -20.0F}));
    terrain.update();
    std::vector<SphereEdit> edits;
    for (float x = -100.0F; x <= 240.0F; x += 30.0F)
        edits.push_back(
            {.kind = SphereEdit::Kind::Dig, .centre = {x, 0.0F, -20.0F}, .radius = 60.0F});
    for (const SphereEdit& edit : edits) ASSERT_TRUE(terrain.edit(edit));
    for (int i = 0; i < 400; ++i) terrain.update();
    terrain.commit(sink, 1h);
    EXPECT_TRUE(sink.shown == before);
    ASSERT_NO_FATAL_FAILURE(load(terrain, sink));
    EXPECT_TRUE(sink.shown == truth(mountains(), edits, shown_chunks(terrain)));
}

// What a game asks before it puts somebody on the ground.
TEST(StreamerArea, IsReadyWhenItIsShownFinelyEnough) {
    WorkerPool pool(workers(0));
    Terrain terrain(pool, mountains(), a_job_a_call());
    LevelSink sink;
    const Aabb near{{-20, -40, -20}, {20, 40, 20}};
    EXPECT_FALSE(terrain.is_area_ready(near));
    EXPECT_EQ(terrain.why_late({}), "no viewer has been set");
    ASSERT_TRUE(terrain.set_viewer({}));
    EXPECT_NE(terrain.why_late({}), "");
    Level best = kLevels;
    std::set<std::string> reasons;
    while (!terrain.is_loaded()) {
        terrain.update();
        terrain.commit(sink, 0ms);
        reasons.insert(terrain.why_late({}).substr(0, 14));
        Level level = 0;
        while (level < kLevels && !terrain.is_area_ready(near, level)) ++level;
        EXPECT_LE(level, best) << "it never gets coarser again";
        best = level;
    }
    EXPECT_EQ(best, 0);
    EXPECT_TRUE(terrain.is_area_ready(near));
    EXPECT_EQ(terrain.why_late({}), "");
    EXPECT_EQ(reasons, (std::set<std::string>{"", "not shown yet,", "shown by level"}));
    EXPECT_EQ(terrain.why_late({1e6F, 0, 0}),
              "no viewer asks for this place: it is beyond every view distance");
    EXPECT_FALSE(terrain.is_area_ready({{0, 0, 0}, {900, 1, 1}})) << "only coarser levels there";
    EXPECT_TRUE(terrain.is_area_ready({{0, 0, 0}, {300, 1, 1}}, 3));
    EXPECT_FALSE(terrain.is_area_ready({{0, 0, 0}, {1e9F, 1, 1}}, 3));
    ASSERT_TRUE(terrain.dig_sphere({}, 5.0F));
    EXPECT_FALSE(terrain.is_area_ready(near)) << "an edit is to be shown";
    terrain.commit_edits(sink, Clock::time_point::max());
    EXPECT_TRUE(terrain.is_area_ready(near));
}

}  // namespace
}  // namespace nebula::voxel
