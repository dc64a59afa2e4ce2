// SPDX-License-Identifier: MIT
#include "nebula/threading/par.hpp"

#include "support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nebula {
namespace {

class ParOn : public testing::TestWithParam<int> {  // the parameter: workers; 0 is inline
protected:
    WorkerPool pool_{GetParam() == 0 ? WorkerPoolConfig{.run_inline = true}
                                     : WorkerPoolConfig{.thread_count_override = GetParam()}};
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

// It called nothing, silently: both ends were taken as unsigned.
TEST_P(ParOn, ForTakesRangesThatBeginBelowZero) {
    std::mutex mutex;
    std::set<int> seen;
    par_for(pool_, -8, 8, 3, [&](int i) {
        const std::lock_guard lock(mutex);
        EXPECT_TRUE(seen.insert(i).second);
    });
    EXPECT_EQ(seen.size(), 16U);
    EXPECT_EQ(*seen.begin(), -8);
    EXPECT_EQ(*seen.rbegin(), 7);
    std::atomic<std::int64_t> sum{0};
    par_for(pool_, std::int64_t{-100}, -90, 4, [&](BasicIndexRange<std::int64_t> range) {
        for (std::int64_t i = range.begin; i < range.end; ++i) sum += i;
    });
    EXPECT_EQ(sum, -955);
}

TEST_P(ParOn, ForCountsInTheTypesItIsGiven) {
    static constexpr auto kLeast = std::numeric_limits<std::int8_t>::min();
    static constexpr auto kMost = std::numeric_limits<std::int8_t>::max();
    std::atomic<int> visits{0};
    par_for(pool_, kLeast, kMost, 100, [&](std::int8_t) { ++visits; });
    EXPECT_EQ(visits, 255);  // more than the type can count
    static constexpr auto kEnd = std::numeric_limits<std::uint64_t>::max();
    par_for(pool_, kEnd - 5, kEnd, 2, [&](std::uint64_t i) { visits += i >= kEnd - 5 ? 1 : 1000; });
    EXPECT_EQ(visits, 260);
}

TEST_P(ParOn, ForIsEmptyOnlyWhenItIsEmpty) {
    int visits = 0;
    const auto count = [&](auto) { ++visits; };
    par_for(pool_, 3, 3, 1, count);
    par_for(pool_, 5, -5, 1, count);
    par_for(pool_, 5, std::size_t{0}, 1, count);
    par_for(pool_, std::size_t{0}, -1, 1, count);
    EXPECT_EQ(visits, 0);
    EXPECT_THROW(par_for(pool_, -8, std::size_t{8}, 1, count), std::invalid_argument);
    EXPECT_THROW(par_for(pool_, -8, 8, -1, count), std::invalid_argument);
    EXPECT_THROW(par_for(pool_, -8, 8, 1, [](IndexRange) {}), std::invalid_argument);
    EXPECT_THROW(par_for(pool_, -8, 8, 1, [](std::size_t) {}), std::invalid_argument);
}

// Two milliards of chunks were queued before the first call.
TEST_P(ParOn, AHugeRangeEndsAtOnceWhenACallThrows) {
    const test::HangGuard guard("a range of 2^64 indices was cut before it was begun");
    const auto throws = [](auto) { throw std::runtime_error("first"); };
    EXPECT_THROW(par_for(pool_, std::size_t{0}, SIZE_MAX, 1, throws), std::runtime_error);
    EXPECT_THROW(par_for(pool_, INT64_MIN, INT64_MAX, 1, throws), std::runtime_error);
    EXPECT_THROW(pool_.scope([&](Scope<>& s) {
        s.group().spawn_batch(SIZE_MAX, [&](std::size_t i) {
            if (i == 3) {
                s.cancel();
                throw std::runtime_error("later");
            }
        });
    }),
                 std::runtime_error);
}

TEST_P(ParOn, WithoutAGrainTheRangeIsCutIntoAtMost256Pieces) {
    for (const std::size_t size : {0U, 1U, 255U, 256U, 257U, 100'000U}) {
        std::atomic<std::size_t> pieces{0};
        std::atomic<std::size_t> indices{0};
        par_for(pool_, std::size_t{0}, size, [&](IndexRange range) {
            ++pieces;
            indices += range.end - range.begin;
        });
        EXPECT_EQ(indices, size);
        EXPECT_LE(pieces, 256U);
        EXPECT_GE(pieces, std::min<std::size_t>(size, 128));
    }
}

TEST_P(ParOn, TheFunctionsTakeAnyContainerWhoseElementsLieSideBySide) {
    std::vector<int> numbers{3, 1, 2};
    const std::vector<int> constant = numbers;
    const auto twice = [](int i) { return 2 * i; };
    EXPECT_EQ(par_map(pool_, numbers, 1, twice), (std::vector<int>{6, 2, 4}));
    EXPECT_EQ(par_map(pool_, constant, twice), (std::vector<int>{6, 2, 4}));
    EXPECT_EQ(par_map(pool_, std::vector<int>{1, 2}, twice), (std::vector<int>{2, 4}));
    EXPECT_EQ(par_map(pool_, std::array<int, 2>{5, 6}, 1, twice), (std::vector<int>{10, 12}));
    int array[] = {7, 8};
    EXPECT_EQ(par_map(pool_, array, 1, twice), (std::vector<int>{14, 16}));
    // A temporary may give its elements away.
    std::vector<std::unique_ptr<int>> boxes;
    boxes.push_back(std::make_unique<int>(9));
    EXPECT_EQ(*par_map(pool_, std::move(boxes),
                       [](std::unique_ptr<int>& box) { return std::move(box); })[0],
              9);
    par_for_each(pool_, numbers, [](int& i) { ++i; });
    par_for_each(pool_, numbers, 1, [](int& i) { ++i; });
    EXPECT_EQ(numbers, (std::vector<int>{5, 3, 4}));
    EXPECT_EQ(par_reduce(pool_, constant, 2, 0, std::plus<>(), std::plus<>()), 6);
    EXPECT_EQ(par_chunk_map(pool_, numbers, 2, [](std::span<int> c) { return c.size(); }),
              (std::vector<std::size_t>{2, 1}));
    par_sort(pool_, numbers);
    EXPECT_EQ(numbers, (std::vector<int>{3, 4, 5}));
}

TEST_P(ParOn, ASmallInputStaysOnTheCallingThread) {
    std::thread::id where;
    par_for(pool_, 0, 16, 16, [&](std::size_t) { where = std::this_thread::get_id(); });
    EXPECT_EQ(where, std::this_thread::get_id());
    for (const WorkerCounters& worker : pool_.counters()) EXPECT_EQ(worker.tasks, 0U);
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

TEST_P(ParOn, ChunkFunctionsMayTakeTheChunksNumberFirst) {
    const std::vector<int> data(10, 1);
    EXPECT_EQ(par_chunk_map(
                  pool_, std::span(data), 4,
                  [](std::size_t i, std::span<const int> chunk) { return 10 * i + chunk.size(); }),
              (std::vector<std::size_t>{4, 14, 22}));
}

// A grain is often a quotient, and the one input that makes it 0 comes at a player's.
TEST_P(ParOn, AGrainOf0IsRefusedWithWhatToGiveInstead) {
    std::vector<int> data(100, 1);
    const std::span<int> slice(data);
    const auto nothing = [](std::size_t) { FAIL() << "called"; };
    EXPECT_THROW(par_for(pool_, 0, 100, 0, nothing), std::invalid_argument);
    EXPECT_THROW(par_for(pool_, 0, 0, 0, nothing), std::invalid_argument) << "of any range";
    EXPECT_THROW(par_for_each(pool_, slice, 0, [](int&) {}), std::invalid_argument);
    EXPECT_THROW(par_map(pool_, slice, 0, [](int& i) { return i; }), std::invalid_argument);
    EXPECT_THROW(par_chunk_map(pool_, slice, 0, [](std::span<int>) {}), std::invalid_argument);
    EXPECT_THROW(par_splat_map(pool_, slice, 0, [](std::span<int>) {}), std::invalid_argument);
    EXPECT_THROW((void)par_reduce(pool_, slice, 0, 0, std::plus<>(), std::plus<>()),
                 std::invalid_argument);
    try {
        par_for(pool_, 0, 100, 0, nothing);
    } catch (const std::invalid_argument& error) {
        EXPECT_STREQ(error.what(), "with a grain below 1 the loop would never end; use 1 or more");
    }
}

// Converted to std::size_t, it was one chunk for the whole slice, or calls without end.
TEST_P(ParOn, ANegativeCountIsRefusedWhereverOneIsTaken) {
    const std::vector<int> data(100, 1);
    const int minus = -1;
    std::atomic<int> calls{0};
    const auto count = [&](std::size_t) { ++calls; };
    EXPECT_THROW(par_for_each(pool_, data, minus, [](int) {}), std::invalid_argument);
    EXPECT_THROW(par_map(pool_, data, minus, [](int i) { return i; }), std::invalid_argument);
    EXPECT_THROW(par_chunk_map(pool_, data, minus, [](std::span<const int>) {}),
                 std::invalid_argument);
    EXPECT_THROW(par_splat_map(pool_, data, minus, [](std::span<const int>) {}),
                 std::invalid_argument);
    EXPECT_THROW((void)par_reduce(pool_, data, minus, 0, std::plus<>(), std::plus<>()),
                 std::invalid_argument);
    EXPECT_THROW(pool_.spawn_batch(minus, count), std::invalid_argument);
    EXPECT_THROW(pool_.spawn_batch(std::size_t{0} - 8, count), std::invalid_argument);
    TaskGroup group(pool_);
    EXPECT_THROW(group.spawn_batch(minus, count), std::invalid_argument);
    EXPECT_THROW(pool_.scope([&](Scope<>& s) { s.spawn_batch(minus, count); }),
                 std::invalid_argument);
    EXPECT_THROW(pool_.scope([&](Scope<std::size_t>& s) {
        s.spawn_batch(minus, [](std::size_t i) { return i; });
    }),
                 std::invalid_argument);
    group.spawn_batch(std::int8_t{5}, count);
    group.wait();
    EXPECT_EQ(calls, 5);
}

// `char` was an index, and then failed somewhere inside the standard library.
static_assert(IndexType<signed char> && IndexType<const unsigned long> && IndexType<short>);
static_assert(!IndexType<char> && !IndexType<const char8_t> && !IndexType<wchar_t> &&
              !IndexType<char16_t> && !IndexType<char32_t> && !IndexType<bool> &&
              !IndexType<float>);

TEST_P(ParOn, ARangeThatEndsBeforeItBeginsIsEmpty) {
    par_for(pool_, 7, 3, 1, [](std::size_t) { FAIL() << "called"; });
}

// ---- splat

// Rounding the chunk size down gives four pieces of ten elements for three tasks.
TEST_P(ParOn, SplatMapNeverMakesMorePiecesThanAsked) {
    for (std::size_t size = 0; size < 70; ++size)
        for (std::size_t tasks = 1; tasks < 20; ++tasks) {
            std::vector<int> data(size, 1);
            const std::vector<std::size_t> sizes =
                par_splat_map(pool_, std::span(data), tasks, [](std::span<int> chunk) {
                    for (int& value : chunk) ++value;
                    return chunk.size();
                });
            ASSERT_LE(sizes.size(), tasks) << size;
            ASSERT_EQ(std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}), size);
            ASSERT_EQ(data, std::vector<int>(size, 2));
        }
}

TEST_P(ParOn, SplatMapWithoutANumberMakesOnePieceForEachWorker) {
    const std::vector<int> data(1000, 1);
    const std::vector<std::size_t> sizes = par_splat_map(
        pool_, std::span(data), std::nullopt, [](std::span<const int> c) { return c.size(); });
    EXPECT_EQ(sizes.size(), static_cast<std::size_t>(std::max(pool_.thread_count(), 1)));
}

// ---- map

TEST_P(ParOn, MapEqualsTheSerialMapForAllAwkwardSizes) {
    static constexpr std::size_t kGrain = 64;
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, kGrain - 1, kGrain, kGrain + 1, std::size_t{1'000'000}}) {
        std::vector<std::uint32_t> data(size);
        std::iota(data.begin(), data.end(), 7U);
        std::vector<std::uint32_t> serial;
        for (const std::uint32_t value : data) serial.push_back(value * 2654435761U);
        ASSERT_EQ(par_map(pool_, std::span<const std::uint32_t>(data), kGrain,
                          [](std::uint32_t value) { return value * 2654435761U; }),
                  serial)
            << "size " << size;
    }
}

TEST_P(ParOn, MapGivesWhatCannotBeMadeBeforehandAndWhatCannotBeCopied) {
    struct Named {
        explicit Named(int n) : number(n) {}
        int number;
    };
    std::vector<int> data(1000);
    std::iota(data.begin(), data.end(), 0);
    const std::vector<Named> named =
        par_map(pool_, std::span(data), 10, [](int value) { return Named(value); });
    const auto boxes =
        par_map(pool_, std::span(data), 10, [](int value) { return std::make_unique<int>(value); });
    const std::vector<bool> odd =  // whose elements share bytes
        par_map(pool_, std::span(data), 1, [](int value) { return value % 2 != 0; });
    for (std::size_t i = 0; i < data.size(); ++i) {
        ASSERT_EQ(named[i].number, data[i]);
        ASSERT_EQ(*boxes[i], data[i]);
        ASSERT_EQ(odd[i], data[i] % 2 != 0);
    }
}

TEST_P(ParOn, MapOfAMutableSliceMayWrite) {
    std::vector<int> data(500, 1);
    const std::vector<int> before =
        par_map(pool_, std::span(data), 16, [](int& value) { return std::exchange(value, 9); });
    EXPECT_EQ(before, std::vector<int>(500, 1));
    EXPECT_EQ(data, std::vector<int>(500, 9));
}

// ---- reduce

TEST_P(ParOn, ReduceEqualsTheSerialSumForAllAwkwardSizes) {
    static constexpr std::size_t kChunk = 100;
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kChunk - 1, kChunk, kChunk + 1,
                                   3 * kChunk, 5 * kChunk + 1, std::size_t{1'000'000}}) {
        std::vector<std::int64_t> data(size);
        std::iota(data.begin(), data.end(), -5);
        const auto plus = [](std::int64_t a, std::int64_t b) { return a + b; };
        EXPECT_EQ(par_reduce(pool_, std::span<const std::int64_t>(data), kChunk, std::int64_t{0},
                             plus, plus),
                  std::accumulate(data.begin(), data.end(), std::int64_t{0}))
            << "size " << size;
    }
}

// An operation that is associative but not commutative: neighbours only may meet, in order.
TEST_P(ParOn, ReduceKeepsTheOrder) {
    std::vector<int> data(777);
    std::iota(data.begin(), data.end(), 0);
    std::string serial;
    for (const int value : data) serial += std::to_string(value) + ",";
    EXPECT_EQ(par_reduce(
                  pool_, std::span<const int>(data), 10, std::string(),
                  [](std::string text, int value) { return text + std::to_string(value) + ","; },
                  [](const std::string& a, const std::string& b) { return a + b; }),
              serial);
}

TEST_P(ParOn, ReducedFloatsAreBitEqualOnAnyNumberOfWorkers) {
    std::vector<float> data(1'000'003);
    for (std::size_t i = 0; i < data.size(); ++i)
        data[i] = 1.0F / static_cast<float>(i * 7919 % 10'007 + 1);
    const auto sum = [&](WorkerPool& pool) {
        return par_reduce(pool, std::span<const float>(data), 1000, 0.0F, std::plus<>(),
                          std::plus<>());
    };
    WorkerPool one({.thread_count_override = 1});
    EXPECT_EQ(std::bit_cast<std::uint32_t>(sum(pool_)), std::bit_cast<std::uint32_t>(sum(one)));
    // The very tree: 1 + 2^-24 is 1 in floats, so where the small ones meet first shows.
    const std::vector<float> small = {1.0F, 0x1p-24F, 0x1p-24F, 0x1p-24F};
    EXPECT_EQ(
        par_reduce(pool_, std::span<const float>(small), 1, 0.0F, std::plus<>(), std::plus<>()),
        (1.0F + 0x1p-24F) + (0x1p-24F + 0x1p-24F));
}

// ---- sort

struct Keyed {
    std::uint32_t key;
    std::uint32_t place;
    bool operator==(const Keyed&) const = default;
};

// The sanitizers multiply each comparison.
#if defined(NEBULA_SANITIZED)
constexpr std::size_t kLargest = 100'000;
#else
constexpr std::size_t kLargest = 1'000'000;
#endif

TEST_P(ParOn, SortEqualsStableSortForAllAwkwardSizesAndOrders) {
    static constexpr std::size_t kRun = detail::kSortRun;
    const std::size_t sizes[] = {0,
                                 1,
                                 2,
                                 kRun - 1,
                                 kRun,
                                 kRun + 1,
                                 2 * kRun - 1,
                                 2 * kRun,
                                 2 * kRun + 1,
                                 3 * kRun,
                                 4 * kRun,
                                 4 * kRun + 1,
                                 5 * kRun - 1,
                                 17 * kRun + 3,
                                 kLargest};
    for (const std::size_t size : sizes)
        for (int order = 0; order < 5; ++order) {
            std::mt19937 random(static_cast<unsigned>(size));
            std::vector<Keyed> data(size);
            for (std::uint32_t i = 0; i < size; ++i) {
                const auto count = static_cast<std::uint32_t>(size);
                const std::uint32_t keys[] = {static_cast<std::uint32_t>(random()),
                                              static_cast<std::uint32_t>(random()) % 10, i,
                                              count - i, 0};
                data[i] = {keys[order], i};
            }
            const auto by_key = [](const Keyed& a, const Keyed& b) { return a.key < b.key; };
            std::vector<Keyed> serial = data;
            std::stable_sort(serial.begin(), serial.end(), by_key);
            par_sort(pool_, std::span(data), by_key);
            ASSERT_TRUE(data == serial) << "size " << size << ", order " << order;
        }
}

TEST_P(ParOn, SortMovesWhatCannotBeCopied) {
    std::mt19937 random(3);
    std::vector<std::unique_ptr<std::uint64_t>> data(50'000);
    for (auto& box : data) box = std::make_unique<std::uint64_t>(random());
    par_sort(pool_, std::span(data), [](const auto& a, const auto& b) { return *a < *b; });
    for (std::size_t i = 1; i < data.size(); ++i) ASSERT_LE(*data[i - 1], *data[i]);
}

TEST_P(ParOn, SortThrowsWhatItsComparisonThrew) {
    for (const std::size_t size : {std::size_t{100}, std::size_t{200'000}}) {
        std::vector<std::string> data;
        for (std::size_t i = 0; i < size; ++i)
            data.push_back(std::to_string(i * 7919 % size) + " long enough for the heap, it is");
        std::atomic<std::size_t> calls{0};
        EXPECT_THROW(par_sort(pool_, std::span(data),
                              [&](const std::string& a, const std::string& b) {
                                  if (++calls == 3 * size) throw std::runtime_error("less");
                                  return a < b;
                              }),
                     std::runtime_error);
        EXPECT_EQ(data.size(), size);  // and the sanitizers see every string freed once
    }
}

// A NaN is neither below nor above anything, so the searches that cut the merges contradicted each
// other, and pieces wrote past the end of the slice. An element that is lost or doubled shows here,
// one that is out of bounds under the address sanitizer.
TEST_P(ParOn, SortKeepsEveryElementWhateverTheComparisonSays) {
    std::mt19937 random(11);
    const auto bits_of = [](const std::vector<float>& values) {
        std::vector<std::uint32_t> bits;
        for (const float value : values) bits.push_back(std::bit_cast<std::uint32_t>(value));
        std::sort(bits.begin(), bits.end());
        return bits;
    };
    std::atomic<std::uint32_t> counter{0};
    const std::function<bool(float, float)> orders[] = {
        std::less<float>(), std::less_equal<float>(), [](float, float) { return true; },
        [](float, float) { return false; },
        [&](float, float) { return (counter++ * 2654435761U >> 16U) % 2 == 0; }};
    for (const std::size_t size : {5U, 31U, 100U, 4096U, 4097U, 50'000U})
        for (const auto& less : orders) {
            std::vector<float> values(size);
            for (float& value : values)
                value = random() % 3 != 0 ? static_cast<float>(random() % 1000)
                                          : std::numeric_limits<float>::quiet_NaN();
            const std::vector<std::uint32_t> before = bits_of(values);
            par_sort(pool_, values, less);
            ASSERT_TRUE(bits_of(values) == before)
                << "size " << size << ", order " << &less - orders;
        }
}

TEST_P(ParOn, ASmallSortStaysOnTheCallingThread) {
    std::vector<int> data(kParSortThreshold);
    std::iota(data.rbegin(), data.rend(), 0);
    par_sort(pool_, std::span(data));
    EXPECT_TRUE(std::is_sorted(data.begin(), data.end()));
    for (const WorkerCounters& worker : pool_.counters()) EXPECT_EQ(worker.tasks, 0U);
}

TEST_P(ParOn, NestsInsideTasks) {
    const test::HangGuard guard("nested loops wait for each other");
    std::atomic<int> visits{0};
    par_for(pool_, 0, 20, 1,
            [&](std::size_t) { par_for(pool_, 0, 100, 10, [&](std::size_t) { ++visits; }); });
    EXPECT_EQ(visits, 2000);
}

#if defined(NEBULA_SANITIZED)  // one thread, and more than there are processors
INSTANTIATE_TEST_SUITE_P(Workers, ParOn, testing::Values(0, 8));
#else
INSTANTIATE_TEST_SUITE_P(Workers, ParOn, testing::Values(0, 1, 2, 8));
#endif

}  // namespace
}  // namespace nebula
