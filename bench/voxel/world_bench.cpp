// SPDX-License-Identifier: MIT
// What the world costs apart from meshing: generating, proving empty, digging, casting, and keeping
// up with the viewer.
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/sample_block.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/gen/noise_generator.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/query/islands.hpp"
#include "nebula/voxel/query/mover.hpp"
#include "nebula/voxel/query/raycast.hpp"
#include "nebula/voxel/stream/terrain.hpp"
#include "nebula/voxel/world/world.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

constexpr Vec3i kBlockSize{SampleBlock::kEdge, SampleBlock::kEdge, SampleBlock::kEdge};

struct NoiseCase {
    const char* name;
    int edge;  // of the block, which the surface passes through
    Level level;
    float warp;
    float overhang;
    float amplitude;
    std::uint64_t expected_sum;  // of the samples, as unsigned bytes: the world of a seed is fixed
};
// In noise.overhang every sample is within the overhangs' reach, so each needs the noise.
constexpr NoiseCase kNoise[] = {{"noise.height.6", 32, 0, 0, 0, 48, 4190507},
                                {"noise.coarse.0", 35, 0, 0, 0, 48, 5481816},
                                {"noise.coarse.2", 35, 2, 0, 0, 48, 5488335},
                                {"noise.coarse.4", 35, 4, 0, 0, 48, 5480595},
                                {"noise.coarse.6", 35, 6, 0, 0, 48, 5467442},
                                {"noise.warp", 35, 0, 40, 0, 48, 5480523},
                                {"noise.overhang", 32, 0, 0, 24, 4, 4343086},
                                {"noise.overhang.coarse.4", 35, 4, 0, 24, 48, 5487068},
                                {"noise.overhang.chunk", 35, 0, 0, 24, 48, 5567881}};

// Six octaves, and two of overhangs.
void generate(benchmark::State& state, const NoiseCase& c) {
    NoiseSettings settings;
    settings.warp = c.warp;
    settings.overhang = c.overhang;
    settings.amplitude = c.amplitude;
    const NoiseGenerator noise(settings);
    const Vec3i min{-1, -c.edge / 2, -1};
    const Region region{{min, min + Vec3i{c.edge, c.edge, c.edge}}, c.level};
    std::vector<Sample> out(static_cast<std::size_t>(c.edge) * static_cast<std::size_t>(c.edge) *
                            static_cast<std::size_t>(c.edge));
    for (auto _ : state) {
        noise.generate(region, out.data(), c.edge, std::ptrdiff_t{c.edge} * c.edge);
        benchmark::DoNotOptimize(out.data());
    }
    std::uint64_t sum = 0;
    for (const Sample s : out) sum += static_cast<std::uint8_t>(s);
    if (sum != c.expected_sum) state.SkipWithError(("sum is " + std::to_string(sum)).c_str());
    state.counters["ns/sample"] = benchmark::Counter(
        static_cast<double>(out.size()) * 1e-9,
        benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

// The bounds of chunks around the surface of high mountains, twelve octaves: of those that need the
// octaves, since the amplitude alone does not decide. The counter is how many of the chunks without
// surface are proven empty or solid.
void bounds(benchmark::State& state, Level level) {
    NoiseSettings settings;
    settings.amplitude = 2000.0F;
    settings.period = 20000.0F;
    settings.octaves = 12;
    const NoiseGenerator noise(settings);
    constexpr std::int32_t kReach = 6;
    const auto middle = static_cast<std::int32_t>(
        std::floor(noise.height(0, 0) / (kChunkSize * voxel_size(level))));
    auto block = std::make_unique<SampleBlock>();
    std::vector<Region> regions;
    int without_surface = 0;
    int proven = 0;
    for (std::int32_t z = -kReach; z < kReach; ++z)
        for (std::int32_t y = middle - kReach; y < middle + kReach; ++y)
            for (std::int32_t x = -kReach; x < kReach; ++x) {
                const Vec3i min = Vec3i{x, y, z} * kChunkSize + Vec3i{-1, -1, -1};
                const Region region{{min, min + kBlockSize}, level};
                const float low = static_cast<float>(min.y) * voxel_size(level);
                const float high = static_cast<float>(region.box.max.y) * voxel_size(level);
                if (low > settings.amplitude || high < -settings.amplitude) continue;
                regions.push_back(region);
                noise.generate(region, block->samples.data(), SampleBlock::kStepY,
                               SampleBlock::kStepZ);
                const auto [least, most] = std::ranges::minmax(block->samples);
                if (is_inside(least) != is_inside(most)) continue;
                const Range range = noise.bounds(region);
                ++without_surface;
                proven += range.all_air() || range.all_solid() ? 1 : 0;
            }
    std::size_t i = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(noise.bounds(regions[i]));
        i = i + 1 < regions.size() ? i + 1 : 0;
    }
    state.counters["proven_%"] = 100.0 * proven / without_surface;
}

// Most chunks of a view are as far from the surface as this one.
void bounds_far(benchmark::State& state) {
    const NoiseGenerator noise(NoiseSettings{});
    const Vec3i corner{100, 200, 100};
    bool proven = true;
    for (auto _ : state) proven &= noise.bounds({{corner, corner + kBlockSize}}).all_air();
    if (!proven) state.SkipWithError("not proven empty");
}

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

// Hills of which every brick near the surface is stored, as around a player.
struct StoredHills {
    StoredHills() : generator(std::make_shared<NoiseGenerator>(settings())), volume(generator) {
        Brick brick;
        for (std::int32_t z = -1; z <= 1; ++z)
            for (std::int32_t y = -4; y <= 4; ++y)
                for (std::int32_t x = -1; x <= 8; ++x) {
                    generator->generate(brick_region({{x, y, z}}), brick.samples.data(), kBrickSize,
                                        kBrickSize * kBrickSize);
                    volume.publish_generated({{x, y, z}}, make_brick(brick));
                }
    }
    static NoiseSettings settings() {
        NoiseSettings s;
        s.amplitude = 24.0F;
        return s;
    }
    [[nodiscard]] float height(float x, float z) const {
        return generator->height(static_cast<std::int32_t>(std::floor(x)),
                                 static_cast<std::int32_t>(std::floor(z)));
    }

    std::shared_ptr<const NoiseGenerator> generator;
    Volume volume;
};

// 100 voxels, low over the ground, which the ray meets at its end.
void ray_cast(benchmark::State& state) {
    const StoredHills hills;
    Raycaster caster(hills.volume);
    const Vec3f from{4, hills.height(4, 8) + 12, 8};
    const Vec3f to{103, hills.height(103, 8) - 1, 8};
    float distance = 0;
    for (auto _ : state) {
        const auto hit = caster.cast(from, to - from, 200.0F);
        if (!hit || !*hit) state.SkipWithError("no hit");
        distance = (*hit)->distance;
        benchmark::DoNotOptimize(hit);
    }
    if (distance < 60.0F) state.SkipWithError("a hill is in the way");
    state.counters["distance"] = double{distance};
}
BENCHMARK(ray_cast)->Name("ray.cast")->Unit(benchmark::kMicrosecond);

// A capsule of human size that walks a voxel over the ground, at many places.
void mover_cast(benchmark::State& state) {
    const StoredHills hills;
    Mover mover(hills.volume);
    struct Step {
        Capsule capsule;
        Vec3f motion;
    };
    std::vector<Step> steps;
    for (int i = 0; i < 64; ++i) {
        const auto f = static_cast<float>(i);
        const float x = 4.0F + f * 1.5F;
        const float z = 8.0F + 4.0F * std::sin(f);
        Capsule capsule{{x, hills.height(x, z) + 2, z}, {x, hills.height(x, z) + 3, z}, 0.4F};
        const auto down = mover.sweep(capsule, {0, -4, 0});
        if (!down || !*down) return state.SkipWithError("no ground");
        const Vec3f drop{0, -(*down)->distance, 0};
        capsule.a = capsule.a + drop;
        capsule.b = capsule.b + drop;
        steps.push_back({capsule, {std::cos(f), 0, std::sin(f)}});
    }
    std::size_t at = 0;
    for (auto _ : state) {
        const Step& step = steps[at++ % steps.size()];
        benchmark::DoNotOptimize(mover.sweep(step.capsule, step.motion));
    }
}
BENCHMARK(mover_cast)->Name("mover.cast")->Unit(benchmark::kMicrosecond);

// The calling thread's CPU time: the machine's other work cannot lengthen it.
Clock::time_point cpu_now() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return Clock::time_point(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
}

// Low hills with 10^5 edited bricks, and digs with a radius of 4 on them. Each eighth goes through the
// stem of a mushroom, whose cap comes off.
void island_find(benchmark::State& state) {
    NoiseSettings settings;
    settings.amplitude = 8.0F;
    const auto hills = std::make_shared<NoiseGenerator>(settings);
    World world(hills);
    Volume& volume = world.volume();
    std::vector<EditedBrick> bricks;
    Brick brick;
    for (std::int32_t z = -64; z < 64; ++z)
        for (std::int32_t y = -4; y < 3; ++y)
            for (std::int32_t x = -64; x < 64; ++x) {
                const BrickId id{{x, y, z}};
                hills->generate(brick_region(id), brick.samples.data(), kBrickSize,
                                kBrickSize * kBrickSize);
                bricks.push_back({id, make_brick(brick)});
            }
    volume.publish_edited(volume.prepare(std::move(bricks)));
    if (volume.edited_count() < 100'000) return state.SkipWithError("too few edited bricks");
    std::vector<EditReport> digs;
    for (std::int32_t i = 0; i < 64; ++i) {
        const Vec3i at{i % 8 * 100 - 350, 0, i / 8 * 100 - 350};
        const Vec3f top{static_cast<float>(at.x), std::floor(hills->height(at.x, at.z)),
                        static_cast<float>(at.z)};
        Vec3f dug = top;
        if (i % 8 == 0) {
            const Vec3f cap = top + Vec3f{0, 14, 0};
            dug = top + Vec3f{0, 6, 0};
            for (Shape shape : {Shape(CapsulePathShape{{top, cap}, 1.5F}),
                                Shape(SphereShape{cap, 4.0F, {1, 1, 1}})})
                if (!world.apply(Operation{.mode = Mode::Add, .shape = std::move(shape)}))
                    return state.SkipWithError("no mushroom");
        }
        auto report = world.apply(SphereEdit{.centre = dug, .radius = 4.0F});
        if (!report) return state.SkipWithError("no dig");
        digs.push_back(std::move(*report));
    }
    IslandSearch search(volume);
    search.set_largest(kUsualIslandSize);
    std::vector<Island> found;
    std::size_t next = 0;
    std::size_t rounds = 0;
    double longest = 0.0;
    for (auto _ : state) {
        const EditReport& dig = digs[next % digs.size()];
        ++next;
        const Clock::time_point start = cpu_now();
        search.note_edited(dig.bricks, dig.reach[0], dig.volume.removed > 0);
        while (search.pending())
            if (!search.advance(found)) state.SkipWithError("the search failed");
        // The first round brings memory and caches.
        if (next > digs.size())
            longest = std::max(
                longest, std::chrono::duration<double, std::micro>(cpu_now() - start).count());
        if (next % digs.size() != 0) continue;
        ++rounds;
        if (found.size() != rounds * digs.size() / 8)
            state.SkipWithError("not every cap was found");
    }
    state.counters["longest_us"] = longest;
}
BENCHMARK(island_find)->Name("island.find")->Unit(benchmark::kMicrosecond);

class NoSink final : public CommitSink {
    void stage(ChunkId /*chunk*/, Surface& /*surface*/) noexcept override {}
    void show(ChunkId /*chunk*/) noexcept override {}
    void remove(ChunkId /*chunk*/) noexcept override {}
    void discard(ChunkId /*chunk*/) noexcept override {}
    void failed(ChunkId /*chunk*/, const VoxelError& /*error*/) noexcept override {}
};

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
    using namespace nebula::voxel;
    for (const NoiseCase& c : kNoise) benchmark::RegisterBenchmark(c.name, generate, c);
    for (const Level level : {0, 3, 6})
        benchmark::RegisterBenchmark(("noise.bounds." + std::to_string(level)).c_str(), bounds,
                                     level);
    benchmark::RegisterBenchmark("noise.bounds.far", bounds_far);
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
#endif
}
