// SPDX-License-Identifier: MIT
#include "world_samples.hpp"

#include "nebula/base/log.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/gen/noise_generator.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/mesh/smooth_mesher.hpp"
#include "nebula/voxel/stream/terrain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <source_location>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

using namespace std::chrono_literals;

// ---- Worlds ----

std::shared_ptr<const Generator> hills() {
    NoiseSettings s;
    s.amplitude = 20.0F;
    s.period = 80.0F;
    return std::make_shared<NoiseGenerator>(s);
}

/// Another generator, of which one call can be held inside `generate`.
class GatedGenerator final : public Generator {
public:
    explicit GatedGenerator(std::shared_ptr<const Generator> inner) : inner_(std::move(inner)) {}

    /// The next box that contains `point` waits for open(). Later ones do not.
    void hold_at(Vec3i point) {
        point_ = point;
        state_.store(kArmed);
    }
    void wait_until_held() const {
        for (int s = state_.load(); s != kHeld; s = state_.load()) state_.wait(s);
    }
    void open() {
        state_.store(kOpen);
        state_.notify_all();
    }

    void generate(const Region& region, Sample* out, std::ptrdiff_t stride_y,
                  std::ptrdiff_t stride_z) const override {
        int armed = kArmed;
        if (state_.load() == kArmed && region.box.contains(point_) &&
            state_.compare_exchange_strong(armed, kHeld)) {
            state_.notify_all();
            state_.wait(kHeld);
        }
        inner_->generate(region, out, stride_y, stride_z);
    }
    Range bounds(const Region& region) const noexcept override { return inner_->bounds(region); }

private:
    enum : int { kOpen, kArmed, kHeld };
    std::shared_ptr<const Generator> inner_;
    Vec3i point_;
    mutable std::atomic<int> state_{kOpen};
};

// ---- A stand-in for the engine ----

/// Keeps what is shown, by hash, and holds Terrain to the sink's contract.
class RecordingSink final : public CommitSink {
public:
    void stage(ChunkId chunk, Surface& surface) noexcept override {
        const ChunkMesh& mesh = static_cast<const MeshSurface&>(surface).mesh;
        EXPECT_FALSE(mesh.empty());
        staged[chunk.at] = mesh_hash(mesh);
        order.push_back(chunk.at);
        fake_now += cost;
    }
    void show(ChunkId chunk) noexcept override {
        const auto at = staged.find(chunk.at);
        ASSERT_NE(at, staged.end()) << "nothing is staged";
        shown[chunk.at] = at->second;
        staged.erase(at);
    }
    void remove(ChunkId chunk) noexcept override {
        EXPECT_EQ(shown.erase(chunk.at), 1U) << "removed a chunk that was not shown";
        removed.push_back(chunk.at);
        fake_now += cost;
    }
    void discard(ChunkId chunk) noexcept override {
        EXPECT_EQ(staged.erase(chunk.at), 1U) << "discarded a mesh that was not staged";
    }
    void failed(ChunkId chunk, const VoxelError& error) noexcept override {
        errors.push_back({chunk.at, error});
    }

    std::map<Vec3i, std::uint64_t> staged;
    std::map<Vec3i, std::uint64_t> shown;
    std::vector<Vec3i> order;
    std::vector<Vec3i> removed;
    struct Failure {
        Vec3i chunk;
        VoxelError error;
    };
    std::vector<Failure> errors;
    Clock::duration cost{};

    static inline Clock::time_point fake_now{};
    static Clock::time_point now() { return fake_now; }
};

constexpr Clock::time_point kNoDeadline = Clock::time_point::max();
constexpr Clock::time_point kPassed = Clock::time_point::min();
constexpr Clock::duration kNoBudget = std::chrono::hours(1);
const Vec3f kHome{16.0F, 16.0F, 16.0F};

TerrainSettings small_view() {
    TerrainSettings s;
    s.update_budget = kNoBudget;  // one update requests everything
    s.view_distance = 20.0F;
    s.detail_distance = 20.0F;  // one level
    return s;
}

/// 0: no threads at all, everything runs where it is spawned.
WorkerPoolConfig workers(int count) {
    WorkerPoolConfig config;
    config.run_inline = count == 0;
    if (count > 0) config.thread_count_override = count;
    return config;
}

/// Runs frames until `done`; false if that takes a minute, which only a bug does.
template <class F>
[[nodiscard]] bool frames_until(Terrain& terrain, CommitSink& sink, F&& done) {
    const Clock::time_point guard = Clock::now() + 60s;
    while (!done()) {
        if (Clock::now() > guard) return false;
        terrain.update();
        terrain.commit(sink, kNoBudget);
        if (terrain.edits_pending()) terrain.commit_edits(sink, kNoDeadline);
        std::this_thread::yield();
    }
    return true;
}

[[nodiscard]] bool load(Terrain& terrain, CommitSink& sink) {
    return frames_until(terrain, sink, [&] { return terrain.is_loaded(); });
}

/// Lets all requested chunks be finished without committing any.
[[nodiscard]] bool finish_requests(Terrain& terrain) {
    const Clock::time_point guard = Clock::now() + 60s;
    for (;;) {
        terrain.update();
        const TerrainStats s = terrain.stats();
        if (s.queued == 0 && s.in_flight == 0) return true;
        if (Clock::now() > guard) return false;
        std::this_thread::yield();
    }
}

std::int64_t distance2(Vec3i chunk, Vec3i from = {}) {
    const Vec3i d = chunk - from;
    return std::int64_t{d.x} * d.x + std::int64_t{d.y} * d.y + std::int64_t{d.z} * d.z;
}

/// What the chunks of a view must show, computed by the shortest way: one thread, no streaming.
std::map<Vec3i, std::uint64_t> truth(const std::shared_ptr<const Generator>& generator,
                                     const std::vector<SphereEdit>& edits,
                                     const std::vector<Vec3i>& chunks) {
    Volume volume(generator);
    for (const SphereEdit& e : edits) EXPECT_TRUE(apply(volume, e));
    SmoothMesher mesher;
    const auto block = std::make_unique<SampleBlock>();
    ChunkMesh mesh;
    std::map<Vec3i, std::uint64_t> result;
    for (const Vec3i chunk : chunks) {
        if (volume.gather({chunk}, *block) != BlockContent::Mixed) continue;
        EXPECT_TRUE(mesher.mesh(*block, mesh));
        if (!mesh.empty()) result[chunk] = mesh_hash(mesh);
    }
    return result;
}

/// The chunks of a view: a box around an even chunk.
std::vector<Vec3i> view(Vec3i middle, std::int32_t half = 2) {
    std::vector<Vec3i> chunks;
    for (int x = -half; x < half; ++x)
        for (int y = -half; y < half; ++y)
            for (int z = -half; z < half; ++z) chunks.push_back(middle + Vec3i{x, y, z});
    return chunks;
}

// ---- Loading ----

class TerrainLoading : public testing::TestWithParam<int> {};  // the parameter: workers

// Whatever the number of workers and the order they finish in, each chunk's bytes are the truth's.
TEST_P(TerrainLoading, ShowsExactlyTheChunksInViewWithTheBytesTheyMustHave) {
    WorkerPool pool(workers(GetParam()));
    const auto generator = hills();
    Terrain terrain(pool, generator, small_view());
    RecordingSink sink;
    EXPECT_FALSE(terrain.is_loaded()) << "nobody said where";
    ASSERT_TRUE(terrain.set_viewer(kHome));
    ASSERT_TRUE(load(terrain, sink));
    EXPECT_EQ(sink.shown, truth(generator, {}, view({0, 0, 0})));
    EXPECT_GT(sink.shown.size(), 10U);
    const TerrainStats s = terrain.stats();
    EXPECT_EQ(s.wanted, view({0, 0, 0}).size());
    EXPECT_EQ(s.loaded, s.wanted);
    EXPECT_EQ(s.shown, sink.shown.size());
    EXPECT_EQ(s.queued + s.in_flight + s.waiting, 0U);
    EXPECT_GT(s.triangles, 0U);
    EXPECT_EQ(s.edited_bricks, 0U);
}

// Random walks, digs and deadlines. Whatever happened on the way, once all is settled the sink
// shows what a single thread computes from the same edits.
TEST_P(TerrainLoading, AfterAnyHistoryTheScreenEqualsTheWorld) {
    WorkerPool pool(workers(GetParam()));
    const auto generator = hills();
    for (std::uint32_t seed = 1; seed <= 3; ++seed) {
        SCOPED_TRACE(seed);
        Dice dice(seed * 100 + static_cast<std::uint32_t>(GetParam()));
        TerrainSettings settings = small_view();
        // In one go, in some slices, and one slice a call: plans then meet results, edits and
        // moves.
        settings.update_budget = seed == 1 ? kNoBudget : seed == 2 ? 50us : 0us;
        Terrain terrain(pool, generator, settings);
        RecordingSink sink;
        std::vector<SphereEdit> edits;
        Vec3f viewer = kHome;
        for (int frame = 0; frame < 60; ++frame) {
            if (dice.whole(0, 4) == 0)
                viewer = viewer + Vec3f{dice.real(-40, 40), dice.real(-10, 10), dice.real(-40, 40)};
            ASSERT_TRUE(terrain.set_viewer(viewer));
            terrain.update();
            terrain.commit(sink, std::chrono::microseconds(dice.whole(0, 300)));
            if (dice.whole(0, 1) == 0) {
                edits.push_back(
                    {dice.whole(0, 3) == 0 ? SphereEdit::Kind::Add : SphereEdit::Kind::Dig,
                     viewer + dice.point(60.0F), dice.real(1.0F, 8.0F)});
                ASSERT_TRUE(terrain.edit(edits.back()));
            }
            if (terrain.edits_pending() && dice.whole(0, 3) != 0)
                terrain.commit_edits(
                    sink, dice.whole(0, 1) == 0
                              ? kPassed
                              : Clock::now() + std::chrono::microseconds(dice.whole(0, 2000)));
        }
        ASSERT_TRUE(load(terrain, sink));
        // Where the box of the view lies depends on the way there.
        const std::vector<Vec3i> chunks = on_level(0, terrain.shown_chunks());
        EXPECT_EQ(chunks.size(), view({}).size());
        EXPECT_EQ(sink.shown, truth(generator, edits, chunks));
    }
}

TEST_P(TerrainLoading, DestructionInMidLoadWaitsForItsWorkAndKeepsNothing) {
    WorkerPool pool(workers(GetParam()));
    std::weak_ptr<const Generator> watch;
    for (int round = 0; round < 10; ++round) {
        const auto generator = hills();
        watch = generator;
        Terrain terrain(pool, generator);
        RecordingSink sink;
        ASSERT_TRUE(terrain.set_viewer(kHome));
        terrain.update();
        if (round % 2 == 0) {
            terrain.commit(sink, kNoBudget);
            ASSERT_TRUE(terrain.dig_sphere({0, 0, 0}, 20.0F));
            terrain.commit_edits(sink, kPassed);  // leaves a group at work
        }
    }
    EXPECT_TRUE(watch.expired());
}

INSTANTIATE_TEST_SUITE_P(Workers, TerrainLoading, testing::Values(0, 1, 2, 8));

// The same for the rest; where a test needs a thread beside its own to wait in, there is one.
class TerrainStreaming : public testing::TestWithParam<int> {};
class TerrainEdit : public testing::TestWithParam<int> {};
class TerrainFailure : public testing::TestWithParam<int> {};
class TerrainInOrder : public testing::TestWithParam<int> {};
class TerrainWithAHeldWorker : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Workers, TerrainStreaming, testing::Values(0, 1, 2, 8));
INSTANTIATE_TEST_SUITE_P(Workers, TerrainEdit, testing::Values(0, 1, 2, 8));
INSTANTIATE_TEST_SUITE_P(Workers, TerrainFailure, testing::Values(0, 1, 2, 8));
INSTANTIATE_TEST_SUITE_P(Workers, TerrainInOrder, testing::Values(0, 1));
INSTANTIATE_TEST_SUITE_P(Workers, TerrainWithAHeldWorker, testing::Values(1, 2, 8));

TEST_P(TerrainInOrder, ChunksAreFinishedNearestFirst) {
    WorkerPool pool(workers(GetParam()));
    Terrain terrain(pool, hills(), small_view());
    RecordingSink sink;
    ASSERT_TRUE(terrain.set_viewer(kHome));
    ASSERT_TRUE(load(terrain, sink));
    for (std::size_t i = 1; i < sink.order.size(); ++i)
        EXPECT_LE(distance2(sink.order[i - 1]), distance2(sink.order[i])) << "at " << i;
}

// A step is shown whole: while one of its chunks is missing, the others are staged at most.
TEST_P(TerrainWithAHeldWorker, AStepIsShownWholeHoweverItsChunksArrive) {
    WorkerPool pool(workers(GetParam()));
    auto generator = std::make_shared<GatedGenerator>(hills());
    generator->hold_at({16, 0, 16});
    Terrain terrain(pool, generator, small_view());
    RecordingSink sink;
    ASSERT_TRUE(terrain.set_viewer(kHome));
    terrain.update();
    generator->wait_until_held();
    for (int i = 0; i < 20; ++i) {
        terrain.update();
        terrain.commit(sink, kNoBudget);
        EXPECT_TRUE(sink.shown.empty());
        std::this_thread::sleep_for(1ms);
    }
    EXPECT_EQ(terrain.audit(), "");
    generator->open();
    ASSERT_TRUE(finish_requests(terrain));
    terrain.commit(sink, kNoBudget);
    EXPECT_EQ(sink.shown, truth(hills(), {}, view({0, 0, 0})));
}

// ---- Budget ----

struct BudgetCase {
    Clock::duration budget;
    std::size_t commits;
};

class TerrainBudget : public testing::TestWithParam<std::tuple<int, BudgetCase>> {};  // workers

// A mesh costs this sink exactly 1 ms of a clock that nothing else moves, so the decision is exact.
TEST_P(TerrainBudget, DecidesExactly) {
    const BudgetCase budget_case = std::get<1>(GetParam());
    WorkerPool pool(workers(std::get<0>(GetParam())));
    TerrainSettings settings = small_view();
    settings.now = &RecordingSink::now;
    Terrain terrain(pool, hills(), settings);
    RecordingSink sink;
    sink.cost = 1ms;
    ASSERT_TRUE(terrain.set_viewer(kHome));
    terrain.update();
    ASSERT_TRUE(finish_requests(terrain));
    // The first call has no cost to predict from and may overrun by one; from then on none does.
    terrain.commit(sink, 0ms);
    EXPECT_EQ(sink.order.size(), 1U) << "at least one";
    for (int call = 0; call < 2; ++call) {
        const CommitReport report = terrain.commit(sink, budget_case.budget);
        EXPECT_EQ(report.committed, budget_case.commits);
        EXPECT_EQ(report.spent, report.committed * 1ms);
        EXPECT_GT(report.waiting, 0U);
    }
}

INSTANTIATE_TEST_SUITE_P(Budgets, TerrainBudget,
                         testing::Combine(testing::Values(0, 1, 2, 8),
                                          testing::Values(BudgetCase{0ms, 1}, BudgetCase{1ms, 1},
                                                          BudgetCase{2500us, 2},
                                                          BudgetCase{4ms, 4})));

TEST_P(TerrainStreaming, RemovalsKeepInsideTheBudgetToo) {
    WorkerPool pool(workers(GetParam()));
    TerrainSettings settings = small_view();
    settings.now = &RecordingSink::now;
    Terrain terrain(pool, std::make_shared<FlatGenerator>(0.0F), settings);
    RecordingSink sink;
    ASSERT_TRUE(terrain.set_viewer(kHome));
    ASSERT_TRUE(load(terrain, sink));
    const std::size_t shown = sink.shown.size();
    sink.cost = 1ms;
    ASSERT_TRUE(terrain.set_viewer({16.0F, 5000.0F, 16.0F}));  // into the empty sky
    terrain.update();
    ASSERT_TRUE(finish_requests(terrain));
    terrain.commit(sink, 3ms);  // the step that gives them up
    EXPECT_EQ(terrain.commit(sink, 3ms).removed, 3U);
    EXPECT_EQ(sink.shown.size(), shown - 3);
    while (!sink.shown.empty()) ASSERT_GT(terrain.commit(sink, 3ms).removed, 0U);
    ASSERT_TRUE(load(terrain, sink));
    EXPECT_EQ(terrain.stats().bricks, 0U) << "the sky needs none";
}

// A chunk that failed, left the view, came back and was asked for again, all before anything of it
// was shown or removed.
TEST_P(TerrainStreaming, AFailedChunkMayBeRetriedAndLeftBehindBeforeItsRemovalIsDue) {
    WorkerPool pool(workers(GetParam()));
    const auto generator = std::make_shared<FunctionGenerator>(
        [](Vec3f) -> float { throw std::runtime_error("no ground today"); });
    TerrainSettings settings = small_view();
    Terrain terrain(pool, generator, settings);
    RecordingSink sink;
    ASSERT_TRUE(terrain.set_viewer(kHome));
    ASSERT_TRUE(load(terrain, sink));
    ASSERT_GT(terrain.stats().failed, 0U);
    const auto go = [&](float x) {
        ASSERT_TRUE(terrain.set_viewer({x, 16.0F, 16.0F}));
        terrain.update();
    };
    go(5000.0F);
    go(16.0F);
    ASSERT_GT(terrain.retry_failed(), 0U);
    terrain.update();
    go(5000.0F);
    for (int i = 0; i < 1000; ++i) terrain.commit(sink);
    EXPECT_TRUE(sink.shown.empty());
}

// Fake time that passes by 10 us with every look at the clock: what a call does is then counted in
// looks, and it looks after every step that it plans.
struct TickingClock {
    static inline std::int64_t looks = 0;
    static Clock::time_point now() { return Clock::time_point(++looks * 10us); }
};

TEST_P(TerrainStreaming, UpdatePlansNoStepBeyondItsBudget) {
    WorkerPool pool(workers(GetParam()));
    TerrainSettings settings;
    settings.view_distance = 200.0F;
    settings.detail_distance = 32.0F;
    settings.update_budget = 10us;
    settings.now = &TickingClock::now;
    Terrain terrain(pool, std::make_shared<FlatGenerator>(0.0F), settings);
    RecordingSink sink;
    ASSERT_TRUE(terrain.set_viewer(kHome));
    for (std::size_t call = 1; call <= 4; ++call) {
        terrain.update();
        EXPECT_EQ(terrain.stats().steps, call) << "one, whatever there is to plan";
    }
    terrain.update();
    EXPECT_EQ(terrain.stats().steps, 4U) << "no more until one is shown";
}

TEST_P(TerrainStreaming, NothingIsPlannedWhileFinishedChunksReachTheirLimit) {
    WorkerPool pool(workers(GetParam()));
    const auto generator = hills();
    TerrainSettings settings = small_view();
    settings.view_distance = 100.0F;
    settings.detail_distance = 100.0F;
    settings.most_waiting_bytes = std::size_t{1} << 20U;
    Terrain terrain(pool, generator, settings);
    RecordingSink sink;
    ASSERT_TRUE(terrain.set_viewer(kHome));
    const auto steps_under_way = [&] {
        std::size_t most = 0;
        const Clock::time_point guard = Clock::now() + 60s;
        do {
            terrain.update();
            most = std::max(most, terrain.stats().steps);
            std::this_thread::yield();
        } while (terrain.stats().waiting_bytes < settings.most_waiting_bytes &&
                 Clock::now() < guard);
        return most;
    };
    // Nothing is committed: everything that is finished waits, and no step joins it.
    const std::size_t before = steps_under_way();
    ASSERT_TRUE(finish_requests(terrain));
    EXPECT_LE(terrain.stats().steps, std::max<std::size_t>(before, 4));
    ASSERT_TRUE(load(terrain, sink)) << "they go on when chunks are committed";
    EXPECT_EQ(terrain.stats().waiting_bytes, 0U);
    EXPECT_EQ(terrain.stats().loaded, terrain.stats().wanted);
}

std::atomic<bool> end_was_named{false};

void note_the_end(LogLevel, std::string_view line, const std::source_location&) noexcept {
    if (line.find("the end of a VoxelTerrain is waiting for the chunks") != std::string_view::npos)
        end_was_named = true;
}

// It waited without a word.
TEST(TerrainEnd, WhichAGeneratorHoldsUpIsNamed) {
    struct Logging {
        const LogSink before = set_log_sink(note_the_end);
        Logging() = default;
        Logging(const Logging&) = delete;
        Logging& operator=(const Logging&) = delete;
        ~Logging() { set_log_sink(before); }
    } logging;
    WorkerPool pool(workers(1));
    const auto generator = std::make_shared<GatedGenerator>(hills());
    std::jthread opener;
    {
        Terrain terrain(pool, generator, small_view());
        generator->hold_at({0, 0, 0});
        ASSERT_TRUE(terrain.set_viewer(kHome));
        terrain.update();
        generator->wait_until_held();
        opener = std::jthread([&generator] {
            for (int i = 0; i < 1000 && !end_was_named; ++i) std::this_thread::sleep_for(10ms);
            generator->open();
        });
    }
    EXPECT_TRUE(end_was_named);
}

// Every sample costs: a call of this generator takes a millisecond of a clock that nothing else
// moves.
class CostlyGenerator final : public Generator {
public:
    void generate(const Region& region, Sample* out, std::ptrdiff_t stride_y,
                  std::ptrdiff_t stride_z) const override {
        RecordingSink::fake_now += 1ms;
        FlatGenerator(0.5F).generate(region, out, stride_y, stride_z);
    }
};

TEST(TerrainWithoutWorkers, UpdateBuildsChunksWithinItsBudgetAndAtLeastOne) {
    WorkerPool pool(workers(0));
    TerrainSettings settings = small_view();
    settings.now = &RecordingSink::now;
    for (const auto& [budget, chunks] : {std::pair{3ms, 3U}, std::pair{0ms, 1U}}) {
        settings.update_budget = budget;
        Terrain terrain(pool, std::make_shared<CostlyGenerator>(), settings);
        RecordingSink sink;
        ASSERT_TRUE(terrain.set_viewer(kHome));
        for (int call = 0; call < 10; ++call) {
            const auto unbuilt = [&] { return terrain.stats().queued + terrain.stats().in_flight; };
            const std::size_t before = call == 0 ? 64 : unbuilt();
            ASSERT_GT(before, chunks);
            terrain.update();
            EXPECT_EQ(before - unbuilt(), call == 0 ? 0 : chunks)
                << "what is built is received next";
        }
        ASSERT_TRUE(load(terrain, sink));
    }
}

TEST(TerrainWithoutWorkers, ALateGroupMovesOnByAChunkACall) {
    WorkerPool pool(workers(0));
    Terrain terrain(pool, hills(), small_view());
    RecordingSink sink;
    ASSERT_TRUE(terrain.set_viewer(kHome));
    ASSERT_TRUE(load(terrain, sink));
    ASSERT_TRUE(terrain.dig_sphere({0.0F, 0.0F, 0.0F}, 20.0F));
    const std::size_t pending = terrain.commit_edits(sink, kPassed).pending;
    ASSERT_GE(pending, 8U);
    std::size_t calls = 1;
    for (; terrain.edits_pending(); ++calls) {
        ASSERT_LT(calls, pending);
        terrain.commit_edits(sink, kPassed);
    }
    EXPECT_EQ(calls, pending);
}

// ---- One thread ----

#if !defined(NDEBUG) || defined(NEBULA_ASSERTIONS)
// A script on another thread dug in the wrong place and corrupted the heap. In a test build every
// function says so instead; the node refuses such calls before they get here.
TEST(TerrainDeathTest, EveryFunctionRefusesOtherThreads) {
    GTEST_FLAG_SET(death_test_style, "fast");
    WorkerPool pool(workers(0));
    Terrain terrain(pool, hills(), small_view());
    RecordingSink sink;
    const std::vector<std::function<void()>> calls{
        [&] { (void)terrain.set_viewer(kHome); },
        [&] { (void)terrain.set_distances(50, 50); },
        [&] { terrain.update(); },
        [&] { terrain.commit(sink); },
        [&] { (void)terrain.dig_sphere(kHome, 1.0F); },
        [&] { (void)terrain.add_sphere(kHome, 1.0F); },
        [&] { (void)terrain.edit(SphereEdit{}); },
        [&] { (void)terrain.edits_pending(); },
        [&] { terrain.commit_edits(sink); },
        [&] {
            (void)terrain.raycast(kHome, {0, -1, 0}, 10.0F);
        },
        [&] { (void)terrain.build_chunk({}); },
        [&] { terrain.retry_failed(); },
        [&] { (void)terrain.is_loaded(); },
        [&] { (void)terrain.stats(); },
        [&] { (void)terrain.load_utilization(); },
    };
    for (std::size_t i = 0; i < calls.size(); ++i) {
        SCOPED_TRACE(i);
        EXPECT_DEATH(std::thread(calls[i]).join(),
                     "only the thread that constructed a terrain may use it");
    }
}
#endif

// ---- Moving ----

TEST_P(TerrainStreaming, WalkingToAndFroOverABorderLoadsNothingTwice) {
    WorkerPool pool(workers(GetParam()));
    TerrainSettings settings = small_view();
    Terrain terrain(pool, hills(), settings);
    RecordingSink sink;
    for (const float x : {30.0F, 36.0F}) {
        ASSERT_TRUE(terrain.set_viewer({x, 16.0F, 16.0F}));
        ASSERT_TRUE(load(terrain, sink));
    }
    const std::uint64_t meshed = terrain.stats().meshed;
    for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(terrain.set_viewer({i % 2 == 0 ? 30.0F : 36.0F, 16.0F, 16.0F}));
        ASSERT_TRUE(load(terrain, sink));
    }
    EXPECT_EQ(terrain.stats().meshed, meshed);
    EXPECT_TRUE(sink.removed.empty());
}

TEST_P(TerrainStreaming, AChangedViewDistanceLoadsAndUnloads) {
    WorkerPool pool(workers(GetParam()));
    const auto generator = hills();
    Terrain terrain(pool, generator, small_view());
    RecordingSink sink;
    ASSERT_TRUE(terrain.set_viewer(kHome));
    ASSERT_TRUE(load(terrain, sink));
    for (const auto& [distance, half] : {std::pair{70.0F, 4}, std::pair{20.0F, 2}}) {
        ASSERT_TRUE(terrain.set_distances(distance, distance));
        EXPECT_FALSE(terrain.is_loaded());
        ASSERT_TRUE(load(terrain, sink));
        EXPECT_EQ(sink.shown, truth(generator, {}, view({0, 0, 0}, half)));
    }
}

// ---- Edits ----

TEST_P(TerrainEdit, EveryTouchedChunkIsOnTheScreenInTheSameCall) {
    WorkerPool pool(workers(GetParam()));
    const auto generator = hills();
    Terrain terrain(pool, generator, small_view());
    RecordingSink sink;
    ASSERT_TRUE(terrain.set_viewer(kHome));
    ASSERT_TRUE(load(terrain, sink));
    // Where eight chunks meet; ten digs there, and each chunk is meshed once.
    std::vector<SphereEdit> edits;
    std::set<Vec3i> touched;
    for (int i = 0; i < 10; ++i) {
        edits.push_back({SphereEdit::Kind::Dig, {static_cast<float>(i) * 0.3F, 0.0F, 0.5F}, 6.0F});
        const auto report = terrain.edit(edits.back());
        ASSERT_TRUE(report);
        const std::vector<Vec3i> chunks = on_level(0, report->chunks);
        touched.insert(chunks.begin(), chunks.end());
    }
    EXPECT_TRUE(terrain.edits_pending());
    sink.order.clear();
    const EditCommit done = terrain.commit_edits(sink, kNoDeadline);
    EXPECT_FALSE(terrain.edits_pending());
    EXPECT_TRUE(done.same_frame);
    EXPECT_EQ(done.chunks, touched.size());
    EXPECT_EQ(done.pending, 0U);
    EXPECT_GT(done.since_first_edit, 0ns);
    EXPECT_LE(sink.order.size(), touched.size());
    EXPECT_EQ(std::set<Vec3i>(sink.order.begin(), sink.order.end()).size(), sink.order.size());
    EXPECT_EQ(sink.shown, truth(generator, edits, view({0, 0, 0})));
    EXPECT_EQ(terrain.stats().remeshed, touched.size());
}

// One chunk of the group is held in its generator, so the deadline is missed for certain. (Bricks
// beyond the view are pristine; chunks at its edge ask the generator for them when remeshed.)
TEST_P(TerrainWithAHeldWorker, PastTheDeadlineTheGroupGoesWholeIntoALaterCall) {
    WorkerPool pool(workers(GetParam()));
    const auto flat = std::make_shared<FlatGenerator>(0.5F);
    auto generator = std::make_shared<GatedGenerator>(flat);
    Terrain terrain(pool, generator, small_view());
    RecordingSink sink;
    ASSERT_TRUE(terrain.set_viewer(kHome));
    ASSERT_TRUE(load(terrain, sink));
    const auto before = sink.shown;
    const SphereEdit crater{SphereEdit::Kind::Dig, {58.0F, 0.0F, 16.0F}, 5.0F};
    const auto report = terrain.edit(crater);
    ASSERT_TRUE(report);
    const std::vector<Vec3i> chunks = on_level(0, report->chunks);
    const auto in_view = static_cast<std::size_t>(
        std::count_if(chunks.begin(), chunks.end(), [](Vec3i c) { return c.x < 2; }));
    ASSERT_GE(in_view, 2U);
    ASSERT_LT(in_view, chunks.size());
    generator->hold_at({64, 0, 20});
    sink.order.clear();
    EditCommit late = terrain.commit_edits(sink, kPassed);
    generator->wait_until_held();
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(late.chunks, 0U);
        EXPECT_EQ(late.pending, in_view);
        EXPECT_FALSE(late.same_frame);
        EXPECT_EQ(sink.shown, before) << "not one chunk of it shows";
        EXPECT_TRUE(terrain.edits_pending());
        late = terrain.commit_edits(sink, Clock::now() + 1ms);
    }
    generator->open();
    const EditCommit next = terrain.commit_edits(sink, kNoDeadline);
    EXPECT_EQ(next.chunks, in_view);
    EXPECT_FALSE(next.same_frame) << "it took several calls";
    EXPECT_FALSE(terrain.edits_pending());
    EXPECT_EQ(sink.shown, truth(flat, {crater}, view({0, 0, 0})));
}

// Continuous digging while a group is late: each group is reported in the call that shows it, and
// the sums over all reports are those of stats().
TEST_P(TerrainEdit, EveryGroupIsReportedOnceAndTheSumsAgreeWithTheStatistics) {
    WorkerPool pool(workers(GetParam()));
    Terrain terrain(pool, hills(), small_view());
    RecordingSink sink;
    ASSERT_TRUE(terrain.set_viewer(kHome));
    ASSERT_TRUE(load(terrain, sink));
    std::size_t edits = 0;
    std::size_t chunks = 0;
    std::size_t reports = 0;
    const auto add = [&](const EditCommit& commit) {
        EXPECT_LE(commit.groups.size(), 2U);
        for (const EditGroupReport& group : commit.groups) {
            edits += group.edits;
            chunks += group.chunks + group.failed;
            ++reports;
        }
    };
    Dice dice(77);
    for (int frame = 0; frame < 40; ++frame) {
        for (int i = 0; i < 5; ++i)
            ASSERT_TRUE(terrain.dig_sphere(kHome + dice.point(50.0F), dice.real(2.0F, 9.0F)));
        ASSERT_TRUE(terrain.dig_sphere({90'000.0F, 0.0F, 0.0F}, 3.0F)) << "in view of nobody";
        add(terrain.commit_edits(sink, frame % 3 == 0 ? kNoDeadline : kPassed));
        if (frame % 3 == 0) {
            EXPECT_FALSE(terrain.edits_pending());
            EXPECT_EQ(edits, terrain.stats().edits);
        }
    }
    add(terrain.commit_edits(sink, kNoDeadline));
    EXPECT_FALSE(terrain.edits_pending());
    EXPECT_EQ(edits, 240U);
    EXPECT_EQ(edits, terrain.stats().edits);
    EXPECT_EQ(chunks, terrain.stats().remeshed);
    EXPECT_GE(reports, 14U);
}

// A sink that digs again at every commit, as a script does that is told of its crater.
TEST_P(TerrainEdit, WhatIsEditedWhileEditsAreShownBelongsToTheNextCall) {
    class DiggingSink final : public CommitSink {
    public:
        void stage(ChunkId /*chunk*/, Surface& /*surface*/) noexcept override {
            if (terrain != nullptr) {
                EXPECT_TRUE(terrain->dig_sphere({16.0F, depth -= 0.5F, 16.0F}, 5.0F));
            }
        }
        void show(ChunkId /*chunk*/) noexcept override {}
        void remove(ChunkId /*chunk*/) noexcept override {}
        void discard(ChunkId /*chunk*/) noexcept override {}
        void failed(ChunkId /*chunk*/, const VoxelError& /*error*/) noexcept override {}
        Terrain* terrain = nullptr;
        float depth = 0.0F;
    };
    WorkerPool pool(workers(GetParam()));
    Terrain terrain(pool, hills(), small_view());
    DiggingSink sink;
    ASSERT_TRUE(terrain.set_viewer(kHome));
    ASSERT_TRUE(load(terrain, sink));
    sink.terrain = &terrain;
    ASSERT_TRUE(terrain.dig_sphere({16.0F, 0.0F, 16.0F}, 5.0F));
    for (int call = 0; call < 10; ++call) {
        const EditCommit done = terrain.commit_edits(sink, kNoDeadline);
        EXPECT_EQ(done.groups.size(), 1U);
        EXPECT_TRUE(done.same_frame);
        EXPECT_TRUE(terrain.edits_pending()) << "dug while the crater was shown";
    }
}

// A frame without a camera: nobody says where the viewer is, so it is where it last was.
TEST_P(TerrainStreaming, TheTerrainStaysWhereTheViewerLastWas) {
    WorkerPool pool(workers(GetParam()));
    Terrain terrain(pool, hills(), small_view());
    RecordingSink sink;
    ASSERT_TRUE(terrain.set_viewer({5000.0F, 16.0F, 16.0F}));
    ASSERT_TRUE(load(terrain, sink));
    const auto shown = sink.shown;
    const std::uint64_t meshed = terrain.stats().meshed;
    for (int frame = 0; frame < 5; ++frame) {
        if (frame == 2) {
            EXPECT_FALSE(terrain.set_viewer({0, std::numeric_limits<float>::quiet_NaN(), 0}));
        }
        if (frame == 3) {
            EXPECT_FALSE(terrain.set_viewer({0, 1e9F, 0}));
        }
        terrain.update();
        terrain.commit(sink, kNoBudget);
    }
    EXPECT_TRUE(terrain.is_loaded());
    EXPECT_EQ(sink.shown, shown);
    EXPECT_TRUE(sink.removed.empty());
    EXPECT_EQ(terrain.stats().meshed, meshed);
}

// The group is one snapshot. The one worker is held in the group's first chunk until a second dig
// is published, so the other chunks are meshed after it; what shows first is the first crater
// alone, in every chunk, and then both.
TEST_P(TerrainWithAHeldWorker, ALateGroupShowsNothingOfLaterEdits) {
    WorkerPool pool(workers(GetParam()));
    auto generator = std::make_shared<GatedGenerator>(std::make_shared<FlatGenerator>(0.5F));
    TerrainSettings settings = small_view();
    Terrain terrain(pool, generator, settings);
    RecordingSink sink;
    ASSERT_TRUE(terrain.set_viewer(kHome));
    ASSERT_TRUE(load(terrain, sink));
    const auto chunks = view({0, 0, 0});
    const SphereEdit first{SphereEdit::Kind::Dig, {58.0F, 0.0F, 16.0F}, 5.0F};
    const SphereEdit second{SphereEdit::Kind::Dig, {54.0F, 0.0F, 18.0F}, 5.0F};
    ASSERT_TRUE(terrain.edit(first));
    generator->hold_at({64, -5, 20});  // in the ring of chunk (1, -1, 0) alone, outside of the view
    ASSERT_GT(terrain.commit_edits(sink, kPassed).pending, 0U);
    generator->wait_until_held();
    ASSERT_TRUE(terrain.edit(second));
    const auto before = sink.shown;
    EXPECT_GT(terrain.commit_edits(sink, kPassed).pending, 0U);
    EXPECT_EQ(sink.shown, before);
    generator->open();
    generator->hold_at({64, -5, 20});  // and now the second group
    const auto flat = std::make_shared<FlatGenerator>(0.5F);
    for (const Clock::time_point guard = Clock::now() + 60s; sink.shown == before;) {
        ASSERT_LT(Clock::now(), guard);
        terrain.commit_edits(sink, kPassed);
        std::this_thread::yield();
    }
    EXPECT_EQ(sink.shown, truth(flat, {first}, chunks)) << "the first crater alone, and whole";
    generator->wait_until_held();
    generator->open();
    terrain.commit_edits(sink, kNoDeadline);
    EXPECT_EQ(sink.shown, truth(flat, {first, second}, chunks));
    EXPECT_FALSE(terrain.edits_pending());
}

// A worker has looked at the pristine bricks of a chunk when an edit is published there. The build is
// outdated when it arrives, and the next call of commit_edits makes another one.
TEST_P(TerrainWithAHeldWorker, AnEditMadeWhileItsChunkLoadsWins) {
    WorkerPool pool(workers(GetParam()));
    auto generator = std::make_shared<GatedGenerator>(hills());
    generator->hold_at({16, 0, 16});
    Terrain terrain(pool, generator, small_view());
    RecordingSink sink;
    ASSERT_TRUE(terrain.set_viewer(kHome));
    terrain.update();
    generator->wait_until_held();
    const SphereEdit crater{SphereEdit::Kind::Dig, {16.0F, 0.0F, 16.0F}, 8.0F};
    ASSERT_TRUE(terrain.edit(crater));
    EXPECT_TRUE(terrain.commit_edits(sink, kNoDeadline).same_frame)
        << "nothing of it is on the screen";
    generator->open();
    ASSERT_TRUE(finish_requests(terrain));
    terrain.commit(sink, kNoBudget);
    EXPECT_EQ(sink.shown.count({0, 0, 0}), 0U) << "the outdated build was shown";
    EXPECT_TRUE(terrain.edits_pending());
    ASSERT_TRUE(load(terrain, sink));
    EXPECT_EQ(sink.shown, truth(hills(), {crater}, view({0, 0, 0})));
    EXPECT_GE(terrain.stats().stale, 1U);
}

// The chunk left view and came back while its old load was still going on; an edit came between,
// when nobody kept count for it.
TEST_P(TerrainWithAHeldWorker, AResultFromBeforeAChunkWasForgottenIsNotTrusted) {
    WorkerPool pool(workers(GetParam()));
    auto generator = std::make_shared<GatedGenerator>(hills());
    generator->hold_at({16, 0, 16});
    Terrain terrain(pool, generator, small_view());
    RecordingSink sink;
    ASSERT_TRUE(terrain.set_viewer(kHome));
    terrain.update();
    generator->wait_until_held();
    ASSERT_TRUE(terrain.set_viewer({16.0F + 3200.0F, 16.0F, 16.0F}));
    terrain.update();
    const SphereEdit crater{SphereEdit::Kind::Dig, {16.0F, 0.0F, 16.0F}, 8.0F};
    ASSERT_TRUE(terrain.edit(crater));
    ASSERT_TRUE(terrain.set_viewer(kHome));
    terrain.update();
    generator->open();
    ASSERT_TRUE(load(terrain, sink));
    EXPECT_EQ(sink.shown, truth(hills(), {crater}, view({0, 0, 0})));
}

TEST_P(TerrainEdit, EditsSurviveUnloadingAndCountWhereNothingIsLoaded) {
    WorkerPool pool(workers(GetParam()));
    const auto generator = hills();
    Terrain terrain(pool, generator, small_view());
    RecordingSink sink;
    const Vec3f far{16.0F + 3200.0F, 16.0F, 16.0F};
    ASSERT_TRUE(terrain.set_viewer(kHome));
    ASSERT_TRUE(load(terrain, sink));
    std::vector<SphereEdit> edits{{SphereEdit::Kind::Dig, {16.0F, 0.0F, 16.0F}, 9.0F},
                                  {SphereEdit::Kind::Add, {3216.0F, 10.0F, 32.0F}, 9.0F}};
    for (const SphereEdit& e : edits) ASSERT_TRUE(terrain.edit(e));
    ASSERT_TRUE(load(terrain, sink));
    ASSERT_TRUE(terrain.set_viewer(far));
    ASSERT_TRUE(load(terrain, sink));
    terrain.commit(sink, kNoBudget);
    EXPECT_EQ(sink.shown, truth(generator, edits, view({100, 0, 0})));
    ASSERT_TRUE(terrain.set_viewer(kHome));
    ASSERT_TRUE(load(terrain, sink));
    terrain.commit(sink, kNoBudget);
    EXPECT_EQ(sink.shown, truth(generator, edits, view({0, 0, 0})));
}

TEST_P(TerrainEdit, AChunkDugEmptyIsTakenAway) {
    WorkerPool pool(workers(GetParam()));
    Terrain terrain(pool, std::make_shared<SphereGenerator>(Vec3f{16, 16, 16}, 6.0F), small_view());
    RecordingSink sink;
    ASSERT_TRUE(terrain.set_viewer(kHome));
    ASSERT_TRUE(load(terrain, sink));
    ASSERT_EQ(sink.shown.size(), 1U);
    ASSERT_TRUE(terrain.dig_sphere({16, 16, 16}, 12.0F));
    EXPECT_TRUE(terrain.commit_edits(sink, kNoDeadline).same_frame);
    EXPECT_TRUE(sink.shown.empty());
    ASSERT_TRUE(terrain.add_sphere({16, 16, 16}, 6.0F));
    terrain.commit_edits(sink, kNoDeadline);
    EXPECT_EQ(sink.shown.size(), 1U);
}

TEST_P(TerrainEdit, AnEditIsFeltByTheNextRayBeforeAnyMesh) {
    WorkerPool pool(workers(GetParam()));
    Terrain terrain(pool, std::make_shared<FlatGenerator>(0.0F), small_view());
    ASSERT_TRUE(terrain.dig_sphere({8, 0, 8}, 5.0F));
    const auto hit = terrain.raycast({8, 20, 8}, {0, -1, 0}, 100.0F);
    ASSERT_TRUE(hit && *hit);
    EXPECT_NEAR((*hit)->position.y, -5.0F, 0.05F);
}

// ---- Failures ----

/// Fails for boxes that reach into one chunk's middle, until repaired.
class BrokenGenerator final : public Generator {
public:
    void generate(const Region& region, Sample* out, std::ptrdiff_t stride_y,
                  std::ptrdiff_t stride_z) const override {
        if (broken && region.box.contains({48, 16, 16})) throw std::runtime_error("a bad sector");
        FlatGenerator(16.5F).generate(region, out, stride_y, stride_z);
    }
    std::atomic<bool> broken = true;
};

TEST_P(TerrainFailure, AThrowingGeneratorCostsItsChunkOnly) {
    WorkerPool pool(workers(GetParam()));
    auto generator = std::make_shared<BrokenGenerator>();
    Terrain terrain(pool, generator, small_view());
    RecordingSink sink;
    ASSERT_TRUE(terrain.set_viewer(kHome));
    ASSERT_TRUE(load(terrain, sink));
    ASSERT_EQ(sink.errors.size(), 1U);
    EXPECT_EQ(sink.errors[0].error.kind, VoxelError::Kind::GeneratorFailed);
    EXPECT_EQ(sink.errors[0].chunk, (Vec3i{1, 0, 0}));
    EXPECT_EQ(sink.errors[0].error.message, "a bad sector");
    const auto flat = std::make_shared<FlatGenerator>(16.5F);
    auto expected = truth(flat, {}, view({0, 0, 0}));
    expected.erase({1, 0, 0});
    EXPECT_EQ(sink.shown, expected);
    EXPECT_EQ(terrain.stats().failed, 1U);
    const auto built = terrain.build_chunk({{1, 0, 0}});
    ASSERT_FALSE(built);
    EXPECT_EQ(built.error().kind, VoxelError::Kind::GeneratorFailed);

    generator->broken = false;
    EXPECT_EQ(terrain.retry_failed(), 1U);
    EXPECT_FALSE(terrain.is_loaded());
    ASSERT_TRUE(load(terrain, sink));
    EXPECT_EQ(sink.shown, truth(flat, {}, view({0, 0, 0})));
    EXPECT_EQ(terrain.retry_failed(), 0U);
}

TEST_P(TerrainFailure, InAnEditTheOthersAreCommittedAndTheFailedOneIsTold) {
    WorkerPool pool(workers(GetParam()));
    auto generator = std::make_shared<BrokenGenerator>();
    Terrain terrain(pool, generator, small_view());
    RecordingSink sink;
    ASSERT_TRUE(terrain.set_viewer(kHome));
    ASSERT_TRUE(load(terrain, sink));
    sink.errors.clear();
    // On the border of (0, 0, 0) and (1, 0, 0); the bricks it clones do not reach the bad sector.
    const auto report = terrain.dig_sphere({32.0F, 16.0F, 8.0F}, 3.0F);
    ASSERT_TRUE(report);
    EXPECT_THAT(report->chunks, testing::Contains(ChunkId{{1, 0, 0}}));
    const EditCommit done = terrain.commit_edits(sink, kNoDeadline);
    EXPECT_EQ(done.failed, 1U);
    EXPECT_EQ(done.chunks, on_level(0, report->chunks).size() - 1);
    ASSERT_EQ(sink.errors.size(), 1U);
    EXPECT_EQ(sink.errors[0].chunk, (Vec3i{1, 0, 0}));
}

TEST_P(TerrainFailure, BuildChunkDistinguishesNotLoadedFromLoaded) {
    WorkerPool pool(workers(GetParam()));
    Terrain terrain(pool, hills(), small_view());
    RecordingSink sink;
    const auto kind = [&](ChunkId chunk) {
        const auto mesh = terrain.build_chunk(chunk);
        return mesh ? std::optional<VoxelError::Kind>() : mesh.error().kind;
    };
    EXPECT_EQ(kind({{0, 0, 0}}), VoxelError::Kind::NotLoaded);
    ASSERT_TRUE(terrain.set_viewer(kHome));
    ASSERT_TRUE(load(terrain, sink));
    EXPECT_EQ(kind({{50, 0, 0}}), VoxelError::Kind::NotLoaded);
    for (const auto& [chunk, hash] : sink.shown) {
        const auto mesh = terrain.build_chunk({chunk});
        ASSERT_TRUE(mesh);
        EXPECT_EQ(mesh_hash(*mesh), hash);
    }
}

TEST_P(TerrainFailure, WrongInputIsAnErrorAndChangesNothing) {
    WorkerPool pool(workers(GetParam()));
    const float nan = std::numeric_limits<float>::quiet_NaN();
    EXPECT_THROW(Terrain(pool, nullptr), std::invalid_argument);
    const auto refuses = [&](auto change) {
        TerrainSettings s;
        change(s);
        EXPECT_THROW(Terrain(pool, hills(), s), std::invalid_argument);
    };
    refuses([&](TerrainSettings& s) { s.view_distance = nan; });
    refuses([](TerrainSettings& s) { s.view_distance = 17000.0F; });
    refuses([](TerrainSettings& s) { s.detail_distance = 0.0F; });
    refuses([](TerrainSettings& s) { s.detail_distance = 513.0F; });
    refuses([](TerrainSettings& s) { s.commit_budget = -1ns; });
    refuses([](TerrainSettings& s) { s.edit_budget = -1ns; });
    refuses([](TerrainSettings& s) { s.update_budget = -1ns; });
    refuses([](TerrainSettings& s) { s.most_waiting_bytes = 0; });
    refuses([](TerrainSettings& s) { s.now = nullptr; });

    Terrain terrain(pool, hills(), small_view());
    RecordingSink sink;
    EXPECT_EQ(terrain.set_viewer({0, nan, 0}).error().kind, VoxelError::Kind::NotFinite);
    EXPECT_EQ(terrain.set_viewer({0, 0, 1e9F}).error().kind, VoxelError::Kind::OutsideWorld);
    EXPECT_EQ(terrain.set_distances(nan, 50).error().kind, VoxelError::Kind::NotFinite);
    EXPECT_EQ(terrain.set_distances(50, 0).error().kind, VoxelError::Kind::OutOfRange);
    // What was refused is repaired by the next right value.
    EXPECT_EQ(terrain.set_distances(0, 50).error().kind, VoxelError::Kind::OutOfRange);
    EXPECT_TRUE(terrain.set_distances(64, 50));
    EXPECT_FALSE(terrain.set_viewers(std::vector<Viewer>{{{}, 64.0F, nan, {}}}));
    EXPECT_FALSE(terrain.set_viewers(std::vector<Viewer>{{{}, 64.0F, 64.0F, {0, nan, 0}}}));
    EXPECT_EQ(terrain.settings().view_distance, 64.0F);
    EXPECT_FALSE(terrain.dig_sphere({nan, 0, 0}, 1.0F));
    EXPECT_FALSE(terrain.add_sphere({0, 0, 0}, -1.0F));
    EXPECT_FALSE(terrain.raycast({0, 0, 0}, {0, 0, 0}, 1.0F));
    EXPECT_FALSE(terrain.edits_pending());
    // All of it harmless before anyone said where the viewer is.
    terrain.update();
    terrain.commit(sink);
    terrain.commit_edits(sink);
    EXPECT_EQ(terrain.stats().wanted, 0U);
}

TEST_P(TerrainStreaming, LoadsAtTheEndOfTheWorld) {
    WorkerPool pool(workers(GetParam()));
    Terrain terrain(pool, std::make_shared<FlatGenerator>(0.5F), small_view());
    RecordingSink sink;
    ASSERT_TRUE(terrain.set_viewer({kWorldLimit, 0.0F, -kWorldLimit}));
    ASSERT_TRUE(load(terrain, sink));
    EXPECT_GT(sink.shown.size(), 5U);
}

}  // namespace
}  // namespace nebula::voxel
