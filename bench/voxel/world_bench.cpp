// SPDX-License-Identifier: MIT
// What the world costs apart from meshing: generating, proving empty, digging, casting, and keeping
// up with the viewer.
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/field/sample_block.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/gen/noise_generator.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/query/raycast.hpp"
#include "nebula/voxel/stream/terrain.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <utility>

namespace nebula::voxel {
namespace {

constexpr Vec3i kBlockSize{SampleBlock::kEdge, SampleBlock::kEdge, SampleBlock::kEdge};

struct NoiseCase {
    const char* name;
    float warp;
    float overhang;
    std::uint64_t expected_sum;  // of the samples, as unsigned bytes: the world of a seed is fixed
};
constexpr NoiseCase kNoise[] = {
    {"hills", 0, 0, 5481816}, {"warped", 40, 0, 5480523}, {"overhanging", 0, 24, 5567881}};

// One block of 35^3 samples that the surface passes through, six octaves.
void BM_Generate(benchmark::State& state) {
    const NoiseCase& c = kNoise[state.range(0)];
    NoiseSettings settings;
    settings.warp = c.warp;
    settings.overhang = c.overhang;
    const NoiseGenerator noise(settings);
    auto block = std::make_unique<SampleBlock>();
    for (auto _ : state) {
        noise.generate({{{-1, -17, -1}, Vec3i{-1, -17, -1} + kBlockSize}}, block->samples.data(),
                       SampleBlock::kStepY, SampleBlock::kStepZ);
        benchmark::DoNotOptimize(block->samples.data());
    }
    std::uint64_t sum = 0;
    for (const Sample s : block->samples) sum += static_cast<std::uint8_t>(s);
    if (sum != c.expected_sum) state.SkipWithError(("sum is " + std::to_string(sum)).c_str());
    state.SetLabel(c.name);
    state.counters["ns/sample"] = benchmark::Counter(
        static_cast<double>(SampleBlock::kCount) * 1e-9,
        benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_Generate)->DenseRange(0, 2)->Unit(benchmark::kMicrosecond);

// The interval pass over a chunk's block: far above, and near enough to need the octaves.
void BM_Bounds(benchmark::State& state) {
    const NoiseGenerator noise(NoiseSettings{});
    const Vec3i corner{100, static_cast<std::int32_t>(state.range(0)), 100};
    bool proven = true;
    for (auto _ : state) {
        const Range range = noise.bounds({{corner, corner + kBlockSize}});
        proven &= range.all_air();
    }
    if (!proven) state.SkipWithError("not proven empty");
}
BENCHMARK(BM_Bounds)->ArgName("y")->Arg(200)->Arg(40);

// Two digs that move along the ground: every one changes samples.
void BM_Dig(benchmark::State& state) {
    const auto radius = static_cast<float>(state.range(0));
    Volume volume(std::make_shared<NoiseGenerator>(NoiseSettings{}));
    const auto& noise = static_cast<const NoiseGenerator&>(volume.generator());
    std::int32_t x = 0;
    std::size_t bricks = 0;
    for (auto _ : state) {
        const Vec3f centre{static_cast<float>(x), noise.height(x, 0), 0.0F};
        const auto report = apply(volume, {SphereEdit::Kind::Dig, centre, radius});
        if (!report || report->bricks.empty()) state.SkipWithError("the dig changed nothing");
        bricks += report->bricks.size();
        x += 5;
    }
    state.counters["bricks"] =
        benchmark::Counter(static_cast<double>(bricks), benchmark::Counter::kAvgIterations);
}
BENCHMARK(BM_Dig)->ArgName("radius")->Arg(4)->Arg(16)->Unit(benchmark::kMicrosecond);

// A camera's ray, 200 m to the ground; bricks not stored, so generated once and then cached.
void BM_Raycast(benchmark::State& state) {
    const Volume volume(std::make_shared<NoiseGenerator>(NoiseSettings{}));
    Raycaster caster(volume);
    for (auto _ : state) {
        const auto hit = caster.cast({0, 100, 0}, {1.0F, -0.55F, 0.3F}, 1000.0F);
        if (!hit || !*hit) state.SkipWithError("no hit");
        benchmark::DoNotOptimize(hit);
    }
}
BENCHMARK(BM_Raycast)->Unit(benchmark::kMicrosecond);

class NoSink final : public CommitSink {
    void stage(ChunkId /*chunk*/, const ChunkMesh& /*mesh*/) noexcept override {}
    void show(ChunkId /*chunk*/) noexcept override {}
    void remove(ChunkId /*chunk*/) noexcept override {}
    void discard(ChunkId /*chunk*/) noexcept override {}
    void failed(ChunkId /*chunk*/, const VoxelError& /*error*/) noexcept override {}
};

// The calling thread's CPU time: the machine's other work cannot lengthen it.
Clock::time_point cpu_now() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return Clock::time_point(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
}

// The viewer moves by a chunk in a view of 4096 voxels over hills, and the owner thread calls
// update() and commit() until all is shown. The sink costs nothing.
void BM_CrossBorder(benchmark::State& state) {
    WorkerPoolConfig config;
    config.thread_count_override = 1;
    WorkerPool pool(config);
    TerrainSettings settings;
    settings.view_distance = 4096.0F;
    settings.detail_distance = 128.0F;
    settings.now = cpu_now;
    Terrain terrain(pool, std::make_shared<NoiseGenerator>(NoiseSettings{}), settings);
    NoSink sink;
    float x = 0.0F;
    Clock::duration longest_update{};
    Clock::duration longest_commit{};
    std::size_t updates = 0;
    const auto settle = [&] {
        if (!terrain.set_viewer({x, 20.0F, 0.0F})) state.SkipWithError("outside the world");
        do {
            terrain.update();
            ++updates;
            longest_update = std::max(longest_update, terrain.stats().last_update);
            terrain.commit(sink);
            longest_commit = std::max(longest_commit, terrain.stats().last_commit);
        } while (!terrain.is_loaded());
    };
    settle();
    const Clock::duration loading = std::exchange(longest_update, {});
    longest_commit = {};
    updates = 0;
    for (auto _ : state) {
        x += 32.0F;
        settle();
    }
    const auto ms = [](Clock::duration d) {
        return std::chrono::duration<double, std::milli>(d).count();
    };
    state.counters["loading_update_ms"] = ms(loading);
    state.counters["longest_update_ms"] = ms(longest_update);
    state.counters["longest_commit_ms"] = ms(longest_commit);
    state.counters["calls"] =
        benchmark::Counter(static_cast<double>(updates), benchmark::Counter::kAvgIterations);
}
BENCHMARK(BM_CrossBorder)->Unit(benchmark::kMillisecond)->Iterations(64)->UseRealTime();

}  // namespace
}  // namespace nebula::voxel

int main(int argc, char** argv) {
#if !defined(NDEBUG) || defined(NEBULA_SANITIZED)
    std::fputs("world_bench: no times from a build with assertions or sanitizers\n", stderr);
    return 1;
#else
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
#endif
}
