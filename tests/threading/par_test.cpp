// SPDX-License-Identifier: MIT
#include "nebula/threading/par.hpp"

#include "support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <numeric>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nebula {
namespace {

class ParOn : public testing::TestWithParam<int> {  // the parameter: workers
protected:
    WorkerPool pool_{{.thread_count_override = GetParam()}};
};

TEST_P(ParOn, ForVisitsEveryIndexOnce) {
    for (const std::size_t size : {0U, 1U, 6U, 7U, 8U, 14U, 10'000U}) {
        std::vector<int> visits(size + 20);
        par_for(pool_, 10, 10 + size, 7, [&](std::size_t i) { ++visits[i]; });
        for (std::size_t i = 0; i < visits.size(); ++i)
            ASSERT_EQ(visits[i], i >= 10 && i < 10 + size ? 1 : 0) << i << " of " << size;
    }
}

TEST_P(ParOn, ForCutsTheSamePiecesWhateverTheNumberOfWorkers) {
    std::mutex mutex;
    std::set<std::pair<std::size_t, std::size_t>> pieces;
    par_for(pool_, 5, 31, 10, [&](IndexRange range) {
        const std::lock_guard lock(mutex);
        pieces.emplace(range.begin, range.end);
    });
    EXPECT_EQ(pieces, (std::set<std::pair<std::size_t, std::size_t>>{{5, 15}, {15, 25}, {25, 31}}));
}

TEST_P(ParOn, ASmallInputStaysOnTheCallingThread) {
    std::thread::id where;
    par_for(pool_, 0, 16, 16, [&](std::size_t) { where = std::this_thread::get_id(); });
    EXPECT_EQ(where, std::this_thread::get_id());
    EXPECT_EQ(pool_.counters(0).tasks, 0U);
}

TEST_P(ParOn, ForThrowsAfterAllPiecesThatWereBegunHaveEnded) {
    std::atomic<int> inside{0};
    EXPECT_THROW(par_for(pool_, 0, 1000, 1,
                         [&](std::size_t i) {
                             ++inside;
                             if (i == 500) {
                                 --inside;
                                 throw std::runtime_error("piece");
                             }
                             --inside;
                         }),
                 std::runtime_error);
    EXPECT_EQ(inside, 0);
    // In place as well.
    EXPECT_THROW(par_for(pool_, 0, 1, 1, [](std::size_t) { throw 1; }), int);
}

TEST_P(ParOn, ForEachReachesEveryElement) {
    std::vector<int> values(1000, 1);
    par_for_each(pool_, std::span(values), 64, [](int& value) { value += 1; });
    EXPECT_EQ(values, std::vector<int>(1000, 2));
}

TEST_P(ParOn, ChunkMapEqualsTheSerialMapForAllAwkwardSizes) {
    static constexpr std::size_t kChunk = 64;
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kChunk - 1, kChunk, kChunk + 1,
                                   2 * kChunk, std::size_t{100'000}}) {
        std::vector<int> data(size);
        std::iota(data.begin(), data.end(), 0);
        const auto sum_of = [](std::span<const int> chunk) {
            return std::accumulate(chunk.begin(), chunk.end(), 0L);
        };
        std::vector<long> serial;
        for (std::size_t i = 0; i < size; i += kChunk)
            serial.push_back(sum_of(std::span(data).subspan(i, std::min(kChunk, size - i))));
        EXPECT_EQ(par_chunk_map(pool_, std::span<const int>(data), kChunk, sum_of), serial)
            << "size " << size;
    }
}

TEST_P(ParOn, ChunkMapOfAMutableSliceMayWrite) {
    std::vector<int> data(1000, 1);
    const std::vector<std::size_t> sizes =
        par_chunk_map(pool_, std::span(data), 300, [](std::span<int> chunk) {
            for (int& value : chunk) value = 2;
            return chunk.size();
        });
    EXPECT_EQ(sizes, (std::vector<std::size_t>{300, 300, 300, 100}));
    EXPECT_EQ(data, std::vector<int>(1000, 2));
    // And without results.
    par_chunk_map(pool_, std::span(data), 300, [](std::span<int> chunk) {
        for (int& value : chunk) value = 3;
    });
    EXPECT_EQ(data, std::vector<int>(1000, 3));
}

// Floats added in fixed chunks give the same bits on any number of workers.
TEST_P(ParOn, SumsOfFloatsAreBitEqual) {
    std::vector<float> data(10'000);
    for (std::size_t i = 0; i < data.size(); ++i)
        data[i] = 1.0F / static_cast<float>(i * 7919 % 10'007 + 1);
    const auto sum = [&](WorkerPool& pool) {
        const std::vector<float> parts =
            par_chunk_map(pool, std::span(data), 128, [](std::span<float> chunk) {
                return std::accumulate(chunk.begin(), chunk.end(), 0.0F);
            });
        return std::accumulate(parts.begin(), parts.end(), 0.0F);
    };
    WorkerPool one({.thread_count_override = 1});
    EXPECT_EQ(sum(pool_), sum(one));
}

TEST_P(ParOn, NestsInsideTasks) {
    const test::HangGuard guard("nested loops wait for each other");
    std::atomic<int> visits{0};
    par_for(pool_, 0, 20, 1,
            [&](std::size_t) { par_for(pool_, 0, 100, 10, [&](std::size_t) { ++visits; }); });
    EXPECT_EQ(visits, 2000);
}

INSTANTIATE_TEST_SUITE_P(Workers, ParOn, testing::Values(1, 2, 8));

}  // namespace
}  // namespace nebula
