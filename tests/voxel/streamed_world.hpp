// SPDX-License-Identifier: MIT
// What tests of a streamed world share: a sink that holds the terrain to its contract, and the oracle
// for what it must show.
#pragma once

#include "world_samples.hpp"

#include "nebula/base/clock.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/gen/noise_generator.hpp"
#include "nebula/voxel/mesh/build_chunk.hpp"
#include "nebula/voxel/stream/detail/chunk_tree.hpp"
#include "nebula/voxel/stream/terrain.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace nebula::voxel {

// Sanitizers take twenty times as long, for the same code paths.
#if defined(NEBULA_SANITIZED)
inline constexpr bool kShort = true;
#else
inline constexpr bool kShort = false;
#endif

/// 0: no threads at all, everything runs where it is spawned.
inline WorkerPoolConfig workers(int count) {
    WorkerPoolConfig config;
    config.run_inline = count == 0;
    if (count > 0) config.thread_count_override = count;
    return config;
}

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

/// A world with the first edits of a history, and what each chunk shows of it, by the shortest way: one
/// thread, no streaming. A chunk is built once, and again after an edit near it.
class KnownWorld {
public:
    explicit KnownWorld(std::shared_ptr<const Generator> generator)
        : volume_(std::move(generator)) {}

    void edit(const SphereEdit& edit) {
        EXPECT_TRUE(apply(volume_, edit));
        // An edit changes samples up to 4 voxels away, and a strip reads those of the level above.
        std::erase_if(hashes_, [&](const auto& entry) {
            const ChunkId chunk = entry.first.first;
            const float voxel = voxel_size(chunk.level);
            const float reach = edit.radius + 16.0F * voxel;
            const auto near = [&](std::int32_t at, float centre) {
                const float low = static_cast<float>(at * kChunkSize) * voxel;
                return centre > low - reach && centre < low + float{kChunkSize} * voxel + reach;
            };
            return near(chunk.at.x, edit.centre.x) && near(chunk.at.y, edit.centre.y) &&
                   near(chunk.at.z, edit.centre.z);
        });
    }

    /// What they show: the hash of each mesh that is not empty.
    std::map<ChunkId, std::uint64_t> shown_by(const std::set<ChunkId>& chunks) {
        std::map<ChunkId, std::uint64_t> result;
        for (const ChunkId chunk : chunks)
            if (const auto hash = hash_of(chunk, mask_of(chunk, chunks)))
                result.emplace_hint(result.end(), chunk, *hash);
        return result;
    }

    /// The strips are where the neighbour across a face is coarser.
    [[nodiscard]] static std::uint8_t mask_of(ChunkId chunk, const std::set<ChunkId>& chunks) {
        unsigned mask = 0;
        for (unsigned face = 0; face < 6; ++face)
            if (chunks.contains((chunk + detail::kFaceNeighbours[face]).parent()))
                mask |= 1U << face;
        return static_cast<std::uint8_t>(mask);
    }

    /// Of the chunk's mesh with these strips; nothing if that is empty.
    std::optional<std::uint64_t> hash_of(ChunkId chunk, std::uint8_t mask) {
        const auto [at, is_new] = hashes_.try_emplace({chunk, mask});
        if (is_new) {
            EXPECT_TRUE(build_chunk(scratches_, volume_.generator(), volume_.look_up(chunk, mask),
                                    false,
                                    [hash = &at->second](const MeshScratch& built, BlockContent) {
                                        if (!built.mesh.empty()) *hash = mesh_hash(built.mesh);
                                    }));
        }
        return at->second;
    }

private:
    Volume volume_;
    MeshScratchList scratches_;
    std::map<std::pair<ChunkId, std::uint8_t>, std::optional<std::uint64_t>> hashes_;
};

/// What they must show after these edits.
inline std::map<ChunkId, std::uint64_t> truth(const std::shared_ptr<const Generator>& generator,
                                              const std::vector<SphereEdit>& edits,
                                              const std::set<ChunkId>& chunks) {
    KnownWorld world(generator);
    for (const SphereEdit& e : edits) world.edit(e);
    return world.shown_by(chunks);
}

/// One thread plays everything: a clock that jumps, and workers that finish in any order. So without
/// workers a seed always gives the same run.
struct Simulation {
    static inline Dice dice{0};
    static inline Clock::time_point time;

    static Clock::time_point now() { return time += std::chrono::microseconds(dice.whole(0, 150)); }
    static std::size_t pick_job(std::size_t count) {
        return static_cast<std::size_t>(dice.whole(0, static_cast<int>(count) - 1));
    }
};

}  // namespace nebula::voxel
