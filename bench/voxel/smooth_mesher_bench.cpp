// SPDX-License-Identifier: MIT
// Time to mesh one 32^3 chunk, by how much surface it holds. bench/voxel/README.md has figures.
#include "nebula/voxel/mesh/smooth_mesher.hpp"

#include "tests/voxel/test_fields.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

namespace nebula::voxel {
namespace {

constexpr Vec3i kOrigin{0, 0, 0};
constexpr std::uint8_t kAllFaces = 0x3F;

double number(std::int32_t v) { return static_cast<double>(v); }

// The fields in which other meshers were timed, too.
Sample plane(Vec3i p) {
    return quantize(static_cast<float>(
        number(p.y) - 16.0 - 6.0 * std::sin(0.3 * number(p.x)) * std::cos(0.25 * number(p.z))));
}
Sample gyroid(Vec3i p) {
    constexpr double a = 0.4;
    const double x = a * number(p.x);
    const double y = a * number(p.y);
    const double z = a * number(p.z);
    return quantize(static_cast<float>(
        (std::sin(x) * std::cos(y) + std::sin(y) * std::cos(z) + std::sin(z) * std::cos(x)) / a));
}

Sample hills(Vec3i p) { return test::hills(11)(p); }

struct Shape {
    const char* name;
    std::uint64_t hash;  // as in tests/voxel/smooth_mesher_test.cpp; with the materials
    Sample (*field)(Vec3i voxel);
    std::uint8_t strips = 0;                   // the faces that have one
    Material (*materials)(Vec3i p) = nullptr;  // null: one
};
const Shape kShapes[] = {
    {"mesh.empty", 0, [](Vec3i) { return kSampleMax; }},
    {"mesh.slope", 0xbed6abd5ec14c740, test::slope},
    {"mesh.hills", 0xc0557678edc6ec67, hills},
    {"mesh.caves", 0xe65337c3fe08d28e, [](Vec3i p) { return test::caves(12)(p); }},
    {"mesh.random_signs", 0x0ee4b212998e40ff, [](Vec3i p) { return test::random_field(13)(p); }},
    {"mesh.plane", 0x2fd5028dc590ef84, plane},
    {"mesh.sphere", 0x6491f298d08f8ca2,
     [](Vec3i p) {
         return test::sphere({16, 16, 16}, 12)(p);
     }},
    {"mesh.gyroid", 0x6a80e18d7e766430, gyroid},
    {"mesh.plane.strips", 0x37f3a57654f9adb7, plane, kAllFaces},
    {"mesh.gyroid.strips", 0x0b0d899cdf1e0c8d, gyroid, kAllFaces},
    {"mesh.materials", 0x262bf7153accddb, hills, 0,
     [](Vec3i p) { return test::patches(16, 2)(p); }},
    {"mesh.materials.16", 0x7ecb352e5a5535fd, hills, 0,
     [](Vec3i p) { return test::patches(16, 4)(p); }},
};

void mesh_chunk(benchmark::State& state, const Shape& shape) {
    const auto block = std::make_unique<SampleBlock>();
    const auto strips = std::make_unique<StripSamples>();
    const auto materials = std::make_unique<MaterialBlock>();
    test::fill(*block, kOrigin, shape.field);
    test::fill(*strips, shape.strips, kOrigin, test::picked(shape.field));
    if (shape.materials != nullptr) test::fill(*materials, kOrigin, shape.materials);
    SmoothMesher mesher;
    ChunkMesh mesh;
    const auto run = [&] { return mesher.mesh(*block, *strips, *materials, mesh).has_value(); };
    bool ok = run();  // grows the buffers before the clock starts
    for ([[maybe_unused]] auto _ : state) {
        ok = run() && ok;
        benchmark::DoNotOptimize(mesh.index_data.data());
    }
    const std::uint64_t hash =
        mesh.attribute_data.empty() ? mesh_hash(mesh) : mesh_hash(mesh, mesh.attribute_data);
    if (!ok || hash != shape.hash) {
        std::array<char, 64> text{};
        std::snprintf(text.data(), text.size(), "wrong mesh, 0x%llx: no time reported",
                      static_cast<unsigned long long>(hash));
        state.SkipWithError(text.data());
    }
    const auto triangles = static_cast<double>(mesh.triangle_count());
    state.counters["vertices"] = static_cast<double>(mesh.vertex_count);
    state.counters["triangles"] = triangles;
    if (!mesh.empty()) {
        state.counters["s_per_triangle"] = benchmark::Counter(
            triangles, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
    }
}

// What the memory alone costs: reads as many bytes as the block of `mesh.plane` has, and writes as
// many as its mesh, by copying that block over and over.
void copy_plane(benchmark::State& state) {
    const auto block = std::make_unique<SampleBlock>();
    test::fill(*block, kOrigin, plane);
    SmoothMesher mesher;
    ChunkMesh mesh;
    if (!mesher.mesh(*block, mesh)) state.SkipWithError("no mesh");
    const std::size_t bytes = mesh.vertex_data.size() + mesh.index_data.size();
    std::vector<Sample> out(bytes);
    for ([[maybe_unused]] auto _ : state) {
        for (std::size_t at = 0; at < bytes; at += SampleBlock::kCount)
            std::memcpy(out.data() + at, block->samples.data(),
                        std::min(SampleBlock::kCount, bytes - at));
        benchmark::DoNotOptimize(out.data());
        benchmark::ClobberMemory();
    }
    state.counters["bytes_in"] = static_cast<double>(SampleBlock::kCount);
    state.counters["bytes_out"] = static_cast<double>(bytes);
}

}  // namespace
}  // namespace nebula::voxel

int main(int argc, char** argv) {
#if !defined(NDEBUG) || defined(NEBULA_SANITIZED)
    std::fputs("smooth_mesher_bench: no times from a build with assertions or sanitizers\n",
               stderr);
    return 1;
#endif
    for (const nebula::voxel::Shape& shape : nebula::voxel::kShapes) {
        benchmark::RegisterBenchmark(shape.name, nebula::voxel::mesh_chunk, shape)
            ->Unit(benchmark::kMicrosecond);
    }
    benchmark::RegisterBenchmark("mesh.plane.copy", nebula::voxel::copy_plane)
        ->Unit(benchmark::kMicrosecond);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
