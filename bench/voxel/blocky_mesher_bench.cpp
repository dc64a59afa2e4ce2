// SPDX-License-Identifier: MIT
// Time to turn the blocks of a chunk into quads. bench/voxel/README.md has figures.
#include "nebula/voxel/mesh/blocky_mesher.hpp"

#include "tests/voxel/block_worlds.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

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
    int chunks;  // side by side along x, meshed in turn
    BlockId (*block)(Vec3i p);
};

const Workload kWorkloads[] = {
    {"empty", 0, 32, 1, [](Vec3i) { return kAir; }},
    {"plane", 0x65bed2043e0a5939, 32, 1, [](Vec3i p) { return one_type(plane(p, 16)); }},
    {"sphere", 0x271af189896f93ea, 32, 1, [](Vec3i p) { return one_type(sphere(p)); }},
    {"gyroid", 0xf79347ce80d5d1c1, 32, 1, [](Vec3i p) { return one_type(gyroid(p)); }},
    {"62", 0x265376d824cbfc9a, 62, 1, [](Vec3i p) { return one_type(plane(p, 31)); }},
    // The same with more types, and with water in the valleys.
    {"plane.types", 0xfac4c9a945fff4c0, 32, 1, [](Vec3i p) { return three_types(plane(p, 16)); }},
    {"plane.water", 0xedd7691f6855daa3, 32, 1,
     [](Vec3i p) {
         const BlockId ground = three_types(plane(p, 16));
         return ground == kAir && p.y < 15 ? BlockId{4} : ground;
     }},
    {"62.types", 0xbb8d727a2ccfa20d, 62, 1, [](Vec3i p) { return three_types(plane(p, 31)); }},
    // Too many for the processor to learn their branches, and for the second-level cache.
    {"plane.many", 0xb060b1d704c9e791, 32, 64, [](Vec3i p) { return one_type(plane(p, 16)); }},
    {"gyroid.many", 0x25d51a10620a9305, 32, 64, [](Vec3i p) { return one_type(gyroid(p)); }},
    {"plane.types.many", 0x3af2bd0ec8f914fd, 32, 64,
     [](Vec3i p) { return three_types(plane(p, 16)); }},
    {"noise", 0x957da19b4253bda1, 32, 1, [](Vec3i p) { return test::block_noise(31, 50, 3)(p); }},
};

void mesh_blocks(benchmark::State& state, const Workload& workload) {
    BlockTypes types;
    for (int i = 0; i < 3; ++i) types.add(BlockKind::Opaque);
    types.add(BlockKind::SeeThrough);
    std::vector<BlockGrid> grids(static_cast<std::size_t>(workload.chunks),
                                 BlockGrid(workload.size));
    for (int i = 0; i < workload.chunks; ++i) {
        test::fill(grids[static_cast<std::size_t>(i)], {i, 0, 0}, workload.block);
    }
    BlockyMesher mesher;
    BlockyMesh mesh;
    bool ok = true;
    std::uint64_t hash = 0;
    double quads = 0;
    for (const BlockGrid& grid : grids) {  // grows the buffers before the clock starts
        ok = mesher.mesh(grid, types, mesh).has_value() && ok;
        hash = hash * 31 + mesh_hash(mesh);
        quads += mesh.quad_count();
    }
    std::size_t next = 0;
    for ([[maybe_unused]] auto _ : state) {
        ok = mesher.mesh(grids[next], types, mesh).has_value() && ok;
        next = next + 1 == grids.size() ? 0 : next + 1;
        benchmark::DoNotOptimize(mesh.surface.index_data.data());
        benchmark::ClobberMemory();
    }
    if (!ok || hash != workload.hash) state.SkipWithError("wrong mesh: no time reported");
    quads /= workload.chunks;
    state.counters["quads"] = quads;
    if (quads > 0) {
        state.counters["s_per_quad"] = benchmark::Counter(
            quads, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
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
