// SPDX-License-Identifier: MIT
#include "nebula/voxel/stream/detail/loader.hpp"

#include "test_fields.hpp"

#include "nebula/base/clock.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/mesh/smooth_mesher.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <semaphore>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace nebula::voxel::detail {
namespace {

WorkerPoolConfig workers(int count) {
    WorkerPoolConfig config;
    config.thread_count_override = count;
    return config;
}

const MeshSurfaceMaker kSurfaces;

/// A group with one job for each chunk.
CommitGroup& fill(CommitGroup& group, const std::vector<ChunkId>& chunks) {
    for (const ChunkId chunk : chunks) group.items.emplace_back(chunk).group = &group;
    for (std::uint32_t i = 0; i < chunks.size(); ++i)
        group.jobs.push_back({.group = &group, .first = i, .count = 1});
    return group;
}

class LoaderRace : public testing::TestWithParam<int> {};  // the parameter: workers
INSTANTIATE_TEST_SUITE_P(Workers, LoaderRace, testing::Values(1, 2, 4));

// The owner adds the next jobs at once when it has seen the last result, which is when the runners
// are about to end. If one can end unseen, a job lies until the guard gives up.
TEST_P(LoaderRace, NoJobIsLeftLyingWhenRunnersEnd) {
    WorkerPool pool(workers(GetParam()));
    Volume volume(std::make_shared<FlatGenerator>(0.0F));
    MeshScratchList scratches;
    std::vector<std::unique_ptr<CommitGroup>> groups;
    Loader loader(pool, volume, scratches, kSurfaces);
    for (int round = 0; round < 400; ++round) {
        const int count = 1 + round % 3;
        std::vector<ChunkId> sky;  // proven empty, so a runner is done in no time
        for (int i = 0; i < count; ++i) sky.push_back({{round, 100, i}});
        groups.push_back(std::make_unique<CommitGroup>());
        loader.add(fill(*groups.back(), sky));
        loader.start_runners();
        const Clock::time_point guard = Clock::now() + std::chrono::seconds(20);
        for (int received = 0; received < count;) {
            while (loader.receive([&](BuildJob& job) {
                EXPECT_EQ(job.group->items[job.first].id.at.x, round);
                ++received;
            })) {
            }
            ASSERT_LT(Clock::now(), guard) << "round " << round << ": a job nobody takes";
            if (received < count) std::this_thread::yield();
        }
    }
    EXPECT_EQ(loader.queued(), 0U);
}

// What will never be shown is not built, but answered.
TEST_P(LoaderRace, AnAbandonedGroupIsAnsweredWithoutAsking) {
    WorkerPool pool(workers(GetParam()));
    std::atomic<int> asked = 0;
    Volume volume(std::make_shared<FunctionGenerator>([&](Vec3f p) {
        ++asked;
        return p.y;
    }));
    MeshScratchList scratches;
    CommitGroup group;
    Loader loader(pool, volume, scratches, kSurfaces);
    std::vector<ChunkId> chunks;
    for (int i = 0; i < 40; ++i) chunks.push_back({{i, 0, 0}});
    fill(group, chunks).abandoned = true;
    loader.add(group);
    loader.start_runners();
    const Clock::time_point guard = Clock::now() + std::chrono::seconds(20);
    for (int received = 0; received < 40;) {
        ASSERT_LT(Clock::now(), guard);
        if (!loader.receive([&](BuildJob&) { ++received; })) std::this_thread::yield();
    }
    EXPECT_EQ(asked, 0);
}

// ---- Who builds at once ----

/// The value is a hash, so no block equals another, and a chunk's mesh shows whose samples it has.
/// The first call stops half-way to call `interrupt`.
class InterruptedGenerator final : public Generator {
public:
    void generate(const Region& region, Sample* out, std::ptrdiff_t stride_y,
                  std::ptrdiff_t stride_z) const override {
        const Box3i& box = region.box;
        const std::int32_t middle = (box.min.z + box.max.z) / 2;
        for (std::int32_t z = box.min.z; z < box.max.z; ++z) {
            if (z == middle && interrupt) std::exchange(interrupt, nullptr)();
            for (std::int32_t y = box.min.y; y < box.max.y; ++y)
                for (std::int32_t x = box.min.x; x < box.max.x; ++x)
                    out[(x - box.min.x) + (y - box.min.y) * stride_y + (z - box.min.z) * stride_z] =
                        field_({x, y, z});
        }
    }
    mutable std::function<void()> interrupt;

private:
    decltype(test::random_field(0)) field_ = test::random_field(3);
};

// Not only workers run a pool's tasks, and a generator may wait and thereby help. Each time, a
// second build begins and ends in the middle of another one. With a scratch for each worker and one
// for all other threads, both had the same one: meshes of mixed samples, and a corrupted heap.
TEST(Loader, ABuildInTheMiddleOfAnotherHasMemoryOfItsOwn) {
    for (const bool same_thread : {true, false}) {
        std::binary_semaphore busy{0};  // before the pool: a worker waits on them
        std::binary_semaphore end{0};
        WorkerPool pool(workers(1));
        pool.spawn([&] {
            busy.release();
            end.acquire();  // so that only this test's threads build
        });
        busy.acquire();
        const auto generator = std::make_shared<InterruptedGenerator>();
        Volume volume(generator);
        MeshScratchList scratches;
        CommitGroup group;
        Loader loader(pool, volume, scratches, kSurfaces);
        int interrupts = 0;
        generator->interrupt = [&] {
            ++interrupts;
            const auto help = [&pool] { EXPECT_TRUE(pool.try_tick()); };
            if (same_thread)
                help();
            else
                std::jthread{help};
        };
        loader.add(fill(group, {{{0, 0, 0}}, {{5, 0, 0}}, {{0, 5, 0}}}));
        loader.start_runners();
        loader.run_here(Clock::time_point::max(), &Clock::now);  // a runner interrupts it
        EXPECT_EQ(interrupts, 1);
        int received = 0;
        while (loader.receive([&](BuildJob& job) {
            const ChunkItem& built = job.group->items[job.first];
            SampleBlock block;
            (void)volume.gather(built.id, block);
            ChunkMesh alone;
            ASSERT_TRUE(SmoothMesher().mesh(block, alone));
            EXPECT_EQ(mesh_hash(static_cast<const MeshSurface&>(*built.surface).mesh),
                      mesh_hash(alone))
                << (same_thread ? "same" : "other") << " thread, chunk " << built.id.at.x << ' '
                << built.id.at.y;
            ++received;
        })) {
        }
        EXPECT_EQ(received, 3);
        end.release();
    }
}

// ---- Results ----

TEST(CompletionQueueRace, EveryItemArrivesOnce) {
    constexpr int kItems = 5000;
    struct Item {
        int number = 0;
        Item* next = nullptr;
    };
    std::vector<Item> items(3 * kItems);
    for (int i = 0; i < 3 * kItems; ++i) items[static_cast<std::size_t>(i)].number = i;
    CompletionQueue<Item> queue;
    std::set<int> arrived;
    {
        std::vector<std::jthread> producers;
        for (int p = 0; p < 3; ++p)
            producers.emplace_back([&, p] {
                for (int i = 0; i < kItems; ++i)
                    queue.push(items[static_cast<std::size_t>(p * kItems + i)]);
            });
        while (arrived.size() < 3 * kItems)
            queue.take([&](Item& item) { EXPECT_TRUE(arrived.insert(item.number).second); });
    }
    EXPECT_EQ(*arrived.rbegin(), 3 * kItems - 1);
}

}  // namespace
}  // namespace nebula::voxel::detail
