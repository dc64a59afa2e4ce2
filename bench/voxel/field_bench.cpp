// SPDX-License-Identifier: MIT
// Where a chunk's samples come from, and what an edit costs without a terrain around it. Rows of
// ./run bench voxel; README.md says what each of them holds.
#include "nebula/base/clock.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/edit/big_edit.hpp"
#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/sample_block.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/gen/noise_generator.hpp"
#include "nebula/voxel/world/world.hpp"

#include "tests/voxel/test_fields.hpp"

#include <benchmark/benchmark.h>

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

/// The calling thread's CPU time, in seconds.
double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// ---- gather.*

Brick brick_of(BrickId id, Sample (*field)(Vec3i voxel)) {
    Brick brick;
    const Vec3i origin = id.at * kBrickSize;
    for (int z = 0; z < kBrickSize; ++z)
        for (int y = 0; y < kBrickSize; ++y)
            for (int x = 0; x < kBrickSize; ++x)
                brick.samples[Brick::index(x, y, z)] = field(origin + Vec3i{x, y, z});
    return brick;
}

Sample caves(Vec3i voxel) { return test::caves(12)(voxel); }

// Every brick that the chunk's block reaches into was edited, and none is uniform.
void gather_edited(benchmark::State& state) {
    Volume volume(std::make_shared<NoiseGenerator>(NoiseSettings{}));
    constexpr ChunkId kChunk{};
    std::vector<EditedBrick> bricks;
    for (int z = -1; z < 3; ++z)
        for (int y = -1; y < 3; ++y)
            for (int x = -1; x < 3; ++x) {
                const BrickId id{{x, y, z}};
                bricks.push_back({id, make_brick(brick_of(id, caves))});
            }
    volume.publish_edited(volume.prepare(std::move(bricks)));
    const auto block = std::make_unique<SampleBlock>();
    const auto expected = std::make_unique<SampleBlock>();
    test::fill(*expected, kChunk.at, caves);
    for (auto _ : state) {
        const BlockContent content = volume.gather(kChunk, *block);
        benchmark::DoNotOptimize(content);
        benchmark::ClobberMemory();
    }
    if (block->samples != expected->samples) state.SkipWithError("wrong samples");
}

// A chunk of which no brick exists. The generator is asked for the same block in turns with the
// gather, so that the counter, which is what the gather takes beyond it, has both at one speed.
void gather_pristine(benchmark::State& state) {
    Volume volume(std::make_shared<NoiseGenerator>(NoiseSettings{}));
    const auto& noise = static_cast<const NoiseGenerator&>(volume.generator());
    const auto y = static_cast<std::int32_t>(std::floor(noise.height(16, 16) / kChunkSize));
    const ChunkId chunk{{0, y, 0}};
    const Vec3i min = chunk.at * kChunkSize + Vec3i{-1, -1, -1};
    constexpr std::int32_t kEdge = SampleBlock::kEdge;
    const Region region{{min, min + Vec3i{kEdge, kEdge, kEdge}}};
    const auto block = std::make_unique<SampleBlock>();
    const auto expected = std::make_unique<SampleBlock>();
    std::vector<double> beyond;
    for (auto _ : state) {
        const double start = cpu_seconds();
        noise.generate(region, expected->samples.data(), SampleBlock::kStepY, SampleBlock::kStepZ);
        benchmark::ClobberMemory();
        const double generated = cpu_seconds();
        const BlockContent content = volume.gather(chunk, *block);
        benchmark::DoNotOptimize(content);
        benchmark::ClobberMemory();
        const double gathered = cpu_seconds();
        state.SetIterationTime(gathered - generated);
        beyond.push_back((gathered - generated) - (generated - start));
    }
    if (block->samples != expected->samples) state.SkipWithError("wrong samples");
    const auto middle = beyond.begin() + static_cast<std::ptrdiff_t>(beyond.size() / 2);
    std::nth_element(beyond.begin(), middle, beyond.end());
    state.counters["us_beyond"] = *middle * 1e6;
}

// ---- edit.apply.*

// As in the rows of ./run bench terrain: hills, and sites on a disc of 110 m.
constexpr int kSites = 200;
std::shared_ptr<NoiseGenerator> hills() {
    NoiseSettings settings;
    settings.amplitude = 120.0F;
    settings.period = 170.0F;
    return std::make_shared<NoiseGenerator>(settings);
}
// On the ground as it is now, craters included.
std::optional<Vec3f> site(World& world, int i) {
    const float away = 110.0F * std::sqrt((static_cast<float>(i) + 0.5F) / kSites);
    const float angle = 2.399963F * static_cast<float>(i);  // the golden one, so that they spread
    const Vec3f above{away * std::cos(angle), 300.0F, away * std::sin(angle)};
    const auto hit = world.raycast(above, {0, -1, 0}, 600.0F);
    if (!hit || !*hit) return std::nullopt;
    return (*hit)->position;
}

// Stores what a terrain that shows the disc in full detail has stored: the bricks of all chunks that
// may have a surface. Those of coarser levels are stored where coarser levels are shown.
void load_disc(Volume& volume) {
    constexpr std::int32_t kReach = 5;  // in chunks
    const auto brick = std::make_unique<Brick>();
    const Generator& generator = volume.generator();
    for (std::int32_t z = -kReach; z < kReach; ++z)
        for (std::int32_t y = -kReach; y < kReach; ++y)
            for (std::int32_t x = -kReach; x < kReach; ++x) {
                const ChunkId chunk{{x, y, z}};
                const Vec3i min = chunk.at * kChunkSize;
                const Vec3i size{kChunkSize, kChunkSize, kChunkSize};
                const Range range = generator.bounds({{min, min + size}});
                if (range.all_air() || range.all_solid()) continue;
                for (int i = 0; i < kOwnBricks; ++i) {
                    const BrickId id = own_brick(chunk, i);
                    generator.generate(brick_region(id), brick->samples.data(), kBrickSize,
                                       std::ptrdiff_t{kBrickSize} * kBrickSize);
                    volume.publish_generated(id, make_brick(*brick));
                }
            }
}

// One dig at each site. The first ones make the bricks of the coarser levels, too.
template <class Shaped>  // makes an edit at a place
void apply_edit(benchmark::State& state, Shaped&& edit_at) {
    World world(hills());
    load_disc(world.volume());
    double bricks = 0;
    int next = 0;
    for (auto _ : state) {
        const std::optional<Vec3f> centre = site(world, next++);
        if (!centre) return state.SkipWithError("there is no ground");
        const auto edit = edit_at(*centre);
        const double start = cpu_seconds();
        const auto report = world.apply(edit);
        state.SetIterationTime(cpu_seconds() - start);
        if (!report || report->bricks.empty()) state.SkipWithError("the dig changed nothing");
        if (report) bricks += static_cast<double>(report->bricks.size());
    }
    state.counters["bricks"] = benchmark::Counter(bricks, benchmark::Counter::kAvgIterations);
}

SphereEdit sphere_at(Vec3f centre, float radius) {
    return {.kind = SphereEdit::Kind::Dig, .centre = centre, .radius = radius};
}
// About as large as a sphere with a radius of 8.
Operation box_at(Vec3f centre) {
    return {.shape = BoxShape{centre, {8.0F, 6.0F, 6.0F}, {0.2F, 0.3F, 0.1F, 0.9F}}};
}
Operation capsule_at(Vec3f centre) {
    return {
        .shape = CapsulePathShape{
            {centre - Vec3f{8.0F, 2.0F, 0.0F}, centre, centre + Vec3f{4.0F, -3.0F, 7.0F}}, 4.0F}};
}

// ---- brush.big

// A dig with a radius of 256, as a game makes it: the owner thread looks after it a thousand times a
// second, until it is published. The time is that of the wall, from the call to the publication. Of the
// owner thread's calls, `span_ms` is the longest by its own clock; in undo.big, the dig is then undone.
void big_dig(benchmark::State& state, bool undo) {
    WorkerPoolConfig config;
    config.thread_count_override = 2;
    WorkerPool pool(config);
    double longest = 0;
    double bricks = 0;
    for (auto _ : state) {
        World world(hills());
        if (undo) world.set_undo_limit(std::size_t{256} << 20U);
        const Operation dig{.shape = SphereShape{{0.0F, 20.0F, 0.0F}, 256.0F}};
        const auto timed = [&](auto&& call) {
            const double start = cpu_seconds();
            auto result = call();
            longest = std::max(longest, cpu_seconds() - start);
            return result;
        };
        const Clock::time_point start = Clock::now();
        const auto edit = timed([&] { return world.begin(pool, dig); });
        if (!edit) return state.SkipWithError(edit.error().message.c_str());
        while (timed([&] { return (*edit)->advance(Clock::time_point::min()); }) ==
               BigEdit::State::Working)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        const auto report = timed([&] { return world.finish(**edit); });
        state.SetIterationTime(std::chrono::duration<double>(Clock::now() - start).count());
        if (!report) return state.SkipWithError(report.error().message.c_str());
        bricks += static_cast<double>(report->bricks.size());
        if (undo && !timed([&] { return world.undo(0); }))
            return state.SkipWithError("the dig could not be undone");
    }
    state.counters["bricks"] = benchmark::Counter(bricks, benchmark::Counter::kAvgIterations);
    state.counters["span_ms"] = longest * 1e3;
}

}  // namespace
}  // namespace nebula::voxel

int main(int argc, char** argv) {
#if !defined(NDEBUG) || defined(NEBULA_SANITIZED)
    std::fputs("field_bench: no times from a build with assertions or sanitizers\n", stderr);
    return 1;
#endif
    using namespace nebula::voxel;
    benchmark::RegisterBenchmark("gather.edited", gather_edited)->Unit(benchmark::kMicrosecond);
    benchmark::RegisterBenchmark("gather.pristine", gather_pristine)
        ->Unit(benchmark::kMicrosecond)
        ->UseManualTime();
    for (const int radius : {4, 8, 16})
        benchmark::RegisterBenchmark(("edit.apply.r" + std::to_string(radius)).c_str(),
                                     [radius](benchmark::State& state) {
                                         apply_edit(state, [radius](Vec3f centre) {
                                             return sphere_at(centre, static_cast<float>(radius));
                                         });
                                     })
            ->Unit(benchmark::kMicrosecond)
            ->Iterations(kSites)
            ->UseManualTime();
    const auto brush = [](const char* name, Operation (*at)(Vec3f)) {
        benchmark::RegisterBenchmark(name, [at](benchmark::State& state) { apply_edit(state, at); })
            ->Unit(benchmark::kMicrosecond)
            ->Iterations(kSites)
            ->UseManualTime();
    };
    brush("brush.box", box_at);
    brush("brush.capsule", capsule_at);
    for (const bool undo : {false, true})
        benchmark::RegisterBenchmark(undo ? "undo.big" : "brush.big", big_dig, undo)
            ->Unit(benchmark::kMillisecond)
            ->Iterations(3)
            ->UseManualTime();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
