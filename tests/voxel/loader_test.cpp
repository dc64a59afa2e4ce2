// SPDX-License-Identifier: MIT
#include "nebula/voxel/stream/detail/loader.hpp"

#include "test_fields.hpp"

#include "nebula/base/clock.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/mesh/smooth_mesher.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
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

constexpr int kRequests = 4000;
constexpr int kItems = 5000;
constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

class LoaderRace : public testing::TestWithParam<int> {};  // the parameter: workers

// The owner publishes the next request at once when it has seen the last result, which is when the
// runners are about to end. If one can end unseen, the request lies until the guard gives up.
TEST_P(LoaderRace, NoRequestIsLeftLyingWhenRunnersEnd) {
    WorkerPool pool(workers(GetParam()));
    Volume volume(std::make_shared<FlatGenerator>(0.0F));
    MeshScratchList scratches;
    Loader loader(pool, volume, scratches, kNoLimit);
    for (int round = 0; round < 400; ++round) {
        const int count = 1 + round % 3;
        std::vector<Vec3i> sky;  // proven empty, so a runner is done in no time
        for (int i = 0; i < count; ++i) sky.push_back({round, 100, i});
        loader.requests().close();
        loader.requests().publish(std::move(sky));
        loader.start_runners();
        const Clock::time_point guard = Clock::now() + std::chrono::seconds(20);
        for (int received = 0; received < count;) {
            while (loader.results().take([&](std::unique_ptr<LoadResult> result) {
                EXPECT_EQ(result->chunk.x, round);
                ++received;
            })) {
            }
            ASSERT_LT(Clock::now(), guard) << "round " << round << ": a request nobody takes";
            if (received < count) std::this_thread::yield();
        }
    }
}

// The limit is that of three chunks, so runners pause all the time, and the owner makes room just
// as they do.
TEST_P(LoaderRace, NoRequestIsLeftLyingWhenRunnersPause) {
    constexpr std::size_t kChunkBytes = 4096;  // what an empty chunk counts for
    constexpr std::size_t kMost = 3 * kChunkBytes;
    WorkerPool pool(workers(GetParam()));
    Volume volume(std::make_shared<FlatGenerator>(0.0F));
    MeshScratchList scratches;
    Loader loader(pool, volume, scratches, kMost);
    std::vector<Vec3i> sky;
    for (int i = 0; i < kRequests; ++i) sky.push_back({i, 100, 0});
    loader.requests().close();
    loader.requests().publish(std::move(sky));
    loader.start_runners();
    const Clock::time_point guard = Clock::now() + std::chrono::seconds(60);
    for (int received = 0; received < kRequests;) {
        EXPECT_LE(loader.bytes_in_flight(),
                  kMost + static_cast<std::size_t>(GetParam()) * kChunkBytes);
        const bool any = loader.results().take([&](std::unique_ptr<LoadResult> result) {
            loader.release(*result);
            ++received;
        });
        if (any)
            loader.start_runners();
        else
            std::this_thread::yield();
        ASSERT_LT(Clock::now(), guard) << received << " received: a request nobody takes";
    }
    EXPECT_EQ(loader.bytes_in_flight(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Workers, LoaderRace, testing::Values(1, 2, 4));

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
        Loader loader(pool, volume, scratches, kNoLimit);
        int interrupts = 0;
        generator->interrupt = [&] {
            ++interrupts;
            const auto help = [&pool] { EXPECT_TRUE(pool.try_tick()); };
            if (same_thread)
                help();
            else
                std::jthread{help};
        };
        loader.requests().close();
        loader.requests().publish({{0, 0, 0}, {5, 0, 0}, {0, 5, 0}});
        loader.start_runners();
        loader.run_here(Clock::time_point::max(), &Clock::now);  // a runner interrupts it
        EXPECT_EQ(interrupts, 1);
        int received = 0;
        while (loader.results().take([&](std::unique_ptr<LoadResult> result) {
            SampleBlock block;
            (void)volume.gather({result->chunk}, block);
            ChunkMesh alone;
            ASSERT_TRUE(SmoothMesher().mesh(block, alone));
            EXPECT_EQ(mesh_hash(result->mesh), mesh_hash(alone))
                << (same_thread ? "same" : "other") << " thread, chunk " << result->chunk.x << ' '
                << result->chunk.y;
            ++received;
        })) {
        }
        EXPECT_EQ(received, 3);
        end.release();
    }
}

// ---- Requests and results ----

// Takers race for each entry while the owner closes lists and publishes the rest of them anew.
TEST(RequestListRace, EveryRequestIsTakenExactlyOnce) {
    EpochDomain epochs;
    RequestList list(epochs);
    std::vector<std::vector<Vec3i>> taken(3);
    std::atomic<int> count = 0;
    {
        std::vector<Vec3i> all;
        for (int i = 0; i < kRequests; ++i) all.push_back({i, 0, 0});
        list.close();
        list.publish(all);
        std::vector<std::jthread> takers;
        for (auto& mine : taken)
            takers.emplace_back([&](const std::stop_token& stop) {
                while (!stop.stop_requested())
                    if (const auto chunk = list.take()) {
                        mine.push_back(*chunk);
                        ++count;
                    }
            });
        while (count < kRequests) {
            const std::size_t gone = list.close();
            const std::vector<Vec3i>& old = list.chunks();
            list.publish({old.begin() + static_cast<std::ptrdiff_t>(gone), old.end()});
            std::this_thread::yield();
        }
    }
    std::set<Vec3i> distinct;
    std::size_t total = 0;
    for (const auto& mine : taken) {
        total += mine.size();
        distinct.insert(mine.begin(), mine.end());
        // Nearest first, for each taker.
        EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
    }
    EXPECT_EQ(total, std::size_t{kRequests});
    EXPECT_EQ(distinct.size(), std::size_t{kRequests});
}

TEST(CompletionQueueRace, EveryItemArrivesOnce) {
    struct Item {
        int number = 0;
        Item* next = nullptr;
    };
    CompletionQueue<Item> queue;
    std::set<int> arrived;
    {
        std::vector<std::jthread> producers;
        for (int p = 0; p < 3; ++p)
            producers.emplace_back([&queue, p] {
                for (int i = 0; i < kItems; ++i) {
                    auto item = std::make_unique<Item>();
                    item->number = p * kItems + i;
                    queue.push(std::move(item));
                }
            });
        while (arrived.size() < 3 * kItems)
            queue.take([&](std::unique_ptr<Item> item) {
                EXPECT_TRUE(arrived.insert(item->number).second);
            });
    }
    EXPECT_EQ(*arrived.rbegin(), 3 * kItems - 1);
}

}  // namespace
}  // namespace nebula::voxel::detail
