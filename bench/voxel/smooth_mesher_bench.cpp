// SPDX-License-Identifier: MIT
// Time to mesh one 32^3 chunk, by how much surface it holds. bench/voxel/README.md has figures.
#include "nebula/voxel/mesh/smooth_mesher.hpp"

#include "tests/voxel/test_fields.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdio>
#include <iterator>
#include <memory>

namespace nebula::voxel {
namespace {

struct Shape {
    const char* name;
    std::uint64_t hash;  // as in tests/voxel/smooth_mesher_test.cpp
    void (*fill)(SampleBlock& block);
};

constexpr Vec3i kOrigin{0, 0, 0};
const Shape kShapes[] = {
    {"empty", 0, [](SampleBlock& b) { test::fill(b, kOrigin, [](Vec3i) { return kSampleMax; }); }},
    {"slope", 0x3c612246cbf34ea4, [](SampleBlock& b) { test::fill(b, kOrigin, test::slope); }},
    {"hills", 0x1d27467fac3b294b, [](SampleBlock& b) { test::fill(b, kOrigin, test::hills(11)); }},
    {"caves", 0x8d92a0998fc29846, [](SampleBlock& b) { test::fill(b, kOrigin, test::caves(12)); }},
    {"random_signs", 0x2dcecda38335fa08,
     [](SampleBlock& b) { test::fill(b, kOrigin, test::random_field(13)); }},
};

void mesh_chunk(benchmark::State& state) {
    const Shape& shape = kShapes[state.range(0)];
    state.SetLabel(shape.name);
    const auto block = std::make_unique<SampleBlock>();
    shape.fill(*block);
    SmoothMesher mesher;
    ChunkMesh mesh;
    bool ok = mesher.mesh(*block, mesh).has_value();  // grows the buffers before the clock starts
    for ([[maybe_unused]] auto _ : state) {
        ok = mesher.mesh(*block, mesh).has_value() && ok;
        benchmark::DoNotOptimize(mesh.index_data.data());
    }
    if (!ok || mesh_hash(mesh) != shape.hash) state.SkipWithError("wrong mesh: no time reported");
    const auto triangles = static_cast<double>(mesh.triangle_count());
    state.counters["vertices"] = static_cast<double>(mesh.vertex_count);
    state.counters["triangles"] = triangles;
    if (!mesh.empty()) {
        state.counters["s_per_triangle"] = benchmark::Counter(
            triangles, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
    }
}

}  // namespace
}  // namespace nebula::voxel

int main(int argc, char** argv) {
#if !defined(NDEBUG) || defined(NEBULA_SANITIZED)
    std::fputs("smooth_mesher_bench: no times from a build with assertions or sanitizers\n",
               stderr);
    return 1;
#endif
    benchmark::RegisterBenchmark("mesh_chunk", nebula::voxel::mesh_chunk)
        ->ArgName("shape")
        ->DenseRange(0, static_cast<std::int64_t>(std::size(nebula::voxel::kShapes)) - 1)
        ->Unit(benchmark::kMicrosecond);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
