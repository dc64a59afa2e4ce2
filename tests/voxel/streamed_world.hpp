// SPDX-License-Identifier: MIT
// What tests of a streamed world share: a sink that holds the terrain to its contract, and the oracle
// for what it must show.
#pragma once

#include "world_samples.hpp"

#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/gen/noise_generator.hpp"
#include "nebula/voxel/mesh/build_chunk.hpp"
#include "nebula/voxel/stream/terrain.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace nebula::voxel {

/// Keeps the hash of what is shown, and holds the terrain to the sink's contract.
class LevelSink final : public CommitSink {
public:
    void stage(ChunkId chunk, Surface& surface) noexcept override {
        // As it may: the surface is never seen again.
        const ChunkMesh mesh = std::move(static_cast<MeshSurface&>(surface).mesh);
        EXPECT_FALSE(mesh.empty());
        EXPECT_FALSE(mesh.vertex_data.empty()) << "this surface was staged before";
        staged[chunk] = mesh_hash(mesh);
        ++stagings;
    }
    void show(ChunkId chunk) noexcept override {
        const auto at = staged.find(chunk);
        ASSERT_NE(at, staged.end()) << "nothing is staged";
        shown[chunk] = at->second;
        staged.erase(at);
    }
    void remove(ChunkId chunk) noexcept override {
        EXPECT_EQ(shown.erase(chunk), 1U) << "removed a chunk that was not shown";
    }
    void discard(ChunkId chunk) noexcept override {
        EXPECT_EQ(staged.erase(chunk), 1U) << "discarded a mesh that was not staged";
    }
    void failed(ChunkId, const VoxelError&) noexcept override { ++failures; }

    std::map<ChunkId, std::uint64_t> shown;
    std::map<ChunkId, std::uint64_t> staged;
    std::size_t stagings = 0;
    std::size_t failures = 0;
};

inline std::shared_ptr<const Generator> mountains() {
    NoiseSettings settings;
    settings.amplitude = 60.0F;
    settings.period = 170.0F;
    return std::make_shared<NoiseGenerator>(settings);
}

inline std::set<ChunkId> shown_chunks(const Terrain& terrain) {
    const std::vector<ChunkId> chunks = terrain.shown_chunks();
    return {chunks.begin(), chunks.end()};
}

/// What they must show, by the shortest way: one thread, no streaming. The strips are where the
/// neighbour across a face is coarser.
inline std::map<ChunkId, std::uint64_t> truth(const std::shared_ptr<const Generator>& generator,
                                              const std::vector<SphereEdit>& edits,
                                              const std::set<ChunkId>& chunks) {
    Volume volume(generator);
    for (const SphereEdit& e : edits) EXPECT_TRUE(apply(volume, e));
    constexpr Vec3i kFaces[] = {{-1, 0, 0}, {1, 0, 0},  {0, -1, 0},
                                {0, 1, 0},  {0, 0, -1}, {0, 0, 1}};
    MeshScratchList scratches;
    std::map<ChunkId, std::uint64_t> result;
    for (const ChunkId chunk : chunks) {
        unsigned mask = 0;
        for (unsigned face = 0; face < 6; ++face)
            if (chunks.contains((chunk + kFaces[face]).parent())) mask |= 1U << face;
        EXPECT_TRUE(build_chunk(scratches, volume.generator(),
                                volume.look_up(chunk, static_cast<std::uint8_t>(mask)),
                                [&](const MeshScratch& built, BlockContent) {
                                    if (!built.mesh.empty()) result[chunk] = mesh_hash(built.mesh);
                                }));
    }
    return result;
}

}  // namespace nebula::voxel
