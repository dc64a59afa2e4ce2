// SPDX-License-Identifier: MIT
// Time to turn the blocks of a chunk into quads. bench/voxel/README.md has figures.
#include "nebula/voxel/mesh/blocky_mesher.hpp"

#include "tests/voxel/block_worlds.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

namespace nebula::voxel {
namespace {

// Below 0 is a block. The fields are those that other meshers were measured with.
double plane(Vec3i p, double height) {
    return p.y - height - 6 * std::sin(0.3 * p.x) * std::cos(0.25 * p.z);
}
double sphere(Vec3i p) { return std::hypot(p.x - 16, p.y - 16, p.z - 16) - 0.375 * 32; }
double gyroid(Vec3i p) {
    const double x = 0.4 * p.x, y = 0.4 * p.y, z = 0.4 * p.z;
    return std::sin(x) * std::cos(y) + std::sin(y) * std::cos(z) + std::sin(z) * std::cos(x);
}
BlockId one_type(double distance) { return distance < 0 ? BlockId{1} : kAir; }
// Grass on three of earth on stone.
BlockId three_types(double distance) {
    return distance >= 0 ? kAir : static_cast<BlockId>(distance >= -1 ? 3 : distance >= -4 ? 2 : 1);
}

struct Workload {
    const char* name;
    std::uint64_t hash;
    int size;
    BlockId (*block)(Vec3i p);
};

const Workload kWorkloads[] = {
    {"empty", 0, 32, [](Vec3i) { return kAir; }},
    {"plane", 0x65bed2043e0a5939, 32, [](Vec3i p) { return one_type(plane(p, 16)); }},
    {"sphere", 0x271af189896f93ea, 32, [](Vec3i p) { return one_type(sphere(p)); }},
    {"gyroid", 0xf79347ce80d5d1c1, 32, [](Vec3i p) { return one_type(gyroid(p)); }},
    {"62", 0x265376d824cbfc9a, 62, [](Vec3i p) { return one_type(plane(p, 31)); }},
    {"empty.62", 0, 62, [](Vec3i) { return kAir; }},
    // The same with more types, and with water in the valleys.
    {"plane.types", 0xfac4c9a945fff4c0, 32, [](Vec3i p) { return three_types(plane(p, 16)); }},
    {"plane.water", 0xedd7691f6855daa3, 32,
     [](Vec3i p) {
         const BlockId ground = three_types(plane(p, 16));
         return ground == kAir && p.y < 15 ? BlockId{4} : ground;
     }},
    {"62.types", 0xbb8d727a2ccfa20d, 62, [](Vec3i p) { return three_types(plane(p, 31)); }},
    {"noise", 0x957da19b4253bda1, 32, [](Vec3i p) { return test::block_noise(31, 50, 3)(p); }},
};

void mesh_blocks(benchmark::State& state, const Workload& workload) {
    BlockTypes types;
    for (int i = 0; i < 3; ++i) types.add(BlockKind::Opaque);
    types.add(BlockKind::SeeThrough);
    BlockGrid grid(workload.size);
    test::fill(grid, {0, 0, 0}, workload.block);
    BlockyMesher mesher;
    BlockyMesh mesh;
    bool ok = mesher.mesh(grid, types, mesh).has_value();  // grows the buffers before the clock
    for ([[maybe_unused]] auto _ : state) {
        ok = mesher.mesh(grid, types, mesh).has_value() && ok;
        benchmark::DoNotOptimize(mesh.surface.index_data.data());
        benchmark::ClobberMemory();
    }
    if (!ok || mesh_hash(mesh) != workload.hash) {
        char text[64];
        std::snprintf(text, sizeof text, "wrong mesh, 0x%llx: no time reported",
                      static_cast<unsigned long long>(mesh_hash(mesh)));
        state.SkipWithError(text);
    }
    state.counters["quads"] = static_cast<double>(mesh.quad_count());
    if (!mesh.empty()) {
        state.counters["s_per_quad"] = benchmark::Counter(
            static_cast<double>(mesh.quad_count()),
            benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
    }
}

}  // namespace
}  // namespace nebula::voxel

int main(int argc, char** argv) {
#if !defined(NDEBUG) || defined(NEBULA_SANITIZED)
    std::fputs("blocky_mesher_bench: no times from a build with assertions or sanitizers\n",
               stderr);
    return 1;
#endif
    for (const auto& workload : nebula::voxel::kWorkloads) {
        benchmark::RegisterBenchmark((std::string("greedy.") + workload.name).c_str(),
                                     nebula::voxel::mesh_blocks, workload)
            ->Unit(benchmark::kMicrosecond);
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
