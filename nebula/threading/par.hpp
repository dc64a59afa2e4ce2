// SPDX-License-Identifier: MIT
// Loops, maps, sums and sorting over ranges and slices on a pool.
#pragma once

#include "nebula/base/require.hpp"
#include "nebula/threading/detail/merge_sort.hpp"
#include "nebula/threading/task_group.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace nebula {

/// Half-open.
struct IndexRange {
    std::size_t begin;
    std::size_t end;
};

struct ParOptions {
    Band band = Band::Frame;
    const char* name = "par_for";  ///< For the panic handler; a literal.
};

namespace detail {

/// Calls chunk(0) to chunk(count - 1), each once, on the workers and the calling thread.
template <class Chunk>
void for_each_chunk(WorkerPool& pool, std::size_t count, Chunk& chunk, ParOptions options) {
    if (count < 2) {
        if (count == 1) chunk(std::size_t{0});
        return;
    }
    // One that throws leaves those that have not begun. Threads begin far from each other: memory
    // that two of them work on at once lies at the seams only.
    TaskGroup group(pool, options.band, OnError::CancelRest);
    group.spawn_batch(
        count, [&chunk](std::size_t i) { chunk(i); }, options.name);
    group.wait();
    group.rethrow_first();
}

inline std::size_t chunk_count(std::size_t size, std::size_t chunk_size) noexcept {
    return size / chunk_size + (size % chunk_size != 0 ? 1 : 0);
}

/// Results by place, each set once, by any thread.
template <class Result>
class MapSlots {
    // Made beforehand where that is possible; vector<bool> would let neighbours share a byte.
    static constexpr bool kInPlace = std::is_default_constructible_v<Result> &&
                                     std::is_move_assignable_v<Result> &&
                                     !std::is_same_v<Result, bool>;
    using Slot = std::conditional_t<kInPlace, Result, std::optional<Result>>;

public:
    explicit MapSlots(std::size_t count) : slots_(count) {}

    template <class Value>
    void set(std::size_t i, Value&& value) {
        if constexpr (kInPlace)
            slots_[i] = std::forward<Value>(value);
        else
            slots_[i].emplace(std::forward<Value>(value));
    }
    /// After all were set.
    [[nodiscard]] std::vector<Result> take() {
        if constexpr (kInPlace) {
            return std::move(slots_);
        } else {
            std::vector<Result> results;
            results.reserve(slots_.size());
            for (Slot& slot : slots_) results.push_back(std::move(*slot));
            return results;
        }
    }

private:
    std::vector<Slot> slots_;
};

/// fn(i) for all i < count; their results in order, if they have any.
template <class F>
auto map_chunks(WorkerPool& pool, std::size_t count, F fn, ParOptions options) {
    using Result = std::invoke_result_t<F&, std::size_t>;
    if constexpr (std::is_void_v<Result>) {
        for_each_chunk(pool, count, fn, options);
    } else {
        MapSlots<std::decay_t<Result>> slots(count);
        auto chunk = [&](std::size_t i) { slots.set(i, fn(i)); };
        for_each_chunk(pool, count, chunk, options);
        return slots.take();
    }
}

template <class F, class T>
concept ChunkFunction =
    std::is_invocable_v<F&, std::span<T>> || std::is_invocable_v<F&, std::size_t, std::span<T>>;

template <class F, class T>
decltype(auto) call_with_chunk(F& fn, std::size_t i, std::span<T> chunk) {
    if constexpr (std::is_invocable_v<F&, std::size_t, std::span<T>>)
        return fn(i, chunk);
    else
        return fn(chunk);
}

}  // namespace detail

/// Calls fn(i), or fn(IndexRange), for all of [begin, end), in pieces of `grain`; for none if end
/// is not above begin. The pieces depend on the arguments alone, never on the number of workers. Up
/// to one grain: here, in place.
///
///     par_for(pool, 0, columns.size(), 64, [&](std::size_t i) { fill(columns[i]); });
///
/// Threads:   any thread; fn runs on several at once, the calling one included.
/// Cost:      one atomic exchange per piece, on a line of each thread's own until the end.
/// Throws:    the first exception of fn; pieces not begun by then may be left out.
///            std::invalid_argument for a grain of 0.
template <class F>
void par_for(WorkerPool& pool, std::size_t begin, std::size_t end, std::size_t grain, F&& fn,
             ParOptions options = {}) {
    require_argument(grain > 0, "a grain of 0 never gets through the range; give 1 or more");
    if (begin >= end) return;
    auto chunk = [&fn, begin, end, grain](std::size_t i) {
        const std::size_t first = begin + i * grain;
        const std::size_t last = first + std::min(grain, end - first);
        if constexpr (std::is_invocable_v<F&, std::size_t>) {
            for (std::size_t k = first; k < last; ++k) fn(k);
        } else {
            fn(IndexRange{first, last});
        }
    };
    detail::for_each_chunk(pool, detail::chunk_count(end - begin, grain), chunk, options);
}

/// Calls fn(element) for all elements of a slice, in pieces of `grain`; otherwise as par_for.
template <class T, class F>
    requires std::is_invocable_v<F&, T&>
void par_for_each(WorkerPool& pool, std::span<T> slice, std::size_t grain, F&& fn,
                  ParOptions options = {.name = "par_for_each"}) {
    par_for(
        pool, 0, slice.size(), grain, [&](std::size_t i) { fn(slice[i]); }, options);
}

/// Calls fn(chunk) for consecutive chunks of a slice, each of `chunk_size` but the last, and
/// returns the results in the order of the chunks; of a mutable slice the chunks are mutable. fn
/// may take the chunk's number first: fn(std::size_t, chunk). One chunk: here, in place. Otherwise
/// as par_for.
///
///     std::vector<int> sums = par_chunk_map(pool, std::span(heights), 256, sum_of);
template <class T, class F>
    requires detail::ChunkFunction<F, T>
auto par_chunk_map(WorkerPool& pool, std::span<T> slice, std::size_t chunk_size, F&& fn,
                   ParOptions options = {.name = "par_chunk_map"}) {
    require_argument(chunk_size > 0, "a chunk of 0 never gets through the slice; give 1 or more");
    return detail::map_chunks(
        pool, detail::chunk_count(slice.size(), chunk_size),
        [&fn, slice, chunk_size](std::size_t i) {
            const std::size_t first = i * chunk_size;
            return detail::call_with_chunk(
                fn, i, slice.subspan(first, std::min(chunk_size, slice.size() - first)));
        },
        options);
}

/// par_chunk_map with as many equal chunks as can be, but never more than `max_tasks`: the chunk
/// size is rounded up. Without a number: as many as there are workers, and then, unlike all else
/// here, the chunks depend on the pool.
///
///     std::vector<Aabb> boxes = par_splat_map(pool, std::span(points), 8, box_of);
template <class T, class F>
    requires detail::ChunkFunction<F, T>
auto par_splat_map(WorkerPool& pool, std::span<T> slice, std::optional<std::size_t> max_tasks,
                   F&& fn, ParOptions options = {.name = "par_splat_map"}) {
    require_argument(max_tasks != std::size_t{0},
                     "0 tasks do no work; give 1 or more, or no number");
    // A pool without workers has the calling thread.
    const std::size_t tasks =
        max_tasks.value_or(static_cast<std::size_t>(std::max(pool.thread_count(), 1)));
    return par_chunk_map(pool, slice,
                         std::max(detail::chunk_count(slice.size(), tasks), std::size_t{1}), fn,
                         options);
}

/// Calls fn(element) for all elements of a slice, in pieces of `grain`, and returns the results in
/// the order of the elements. Otherwise as par_for.
///
///     std::vector<float> heights = par_map(pool, std::span(columns), 64, height_of);
template <class T, class F>
    requires std::is_invocable_v<F&, T&>
auto par_map(WorkerPool& pool, std::span<T> slice, std::size_t grain, F&& fn,
             ParOptions options = {.name = "par_map"}) {
    using Result = std::decay_t<std::invoke_result_t<F&, T&>>;
    static_assert(!std::is_void_v<Result>, "for no results there is par_for_each");
    detail::MapSlots<Result> slots(slice.size());
    par_for(
        pool, 0, slice.size(), grain, [&](std::size_t i) { slots.set(i, fn(slice[i])); }, options);
    return slots.take();
}

/// Folds each chunk of `chunk_size` elements, starting from a copy of `identity`, and combines the
/// results of neighbouring chunks, then of neighbouring pairs, and so on. Which numbers meet
/// depends on the slice's size and on chunk_size alone, so a sum of floats has the same bits on
/// any number of workers.
///
///     float area = par_reduce(pool, std::span<const Triangle>(mesh), 1024, 0.0F,
///                             [](float sum, const Triangle& t) { return sum + t.area(); },
///                             std::plus<>());
///
/// Threads:   any thread; fold runs on several at once, combine on the calling one.
/// Cost:      as par_for, and a vector of one value per chunk.
/// Throws:    as par_for.
template <class T, class Value, class Fold, class Combine>
    requires std::is_invocable_r_v<Value, Fold&, Value, T&> &&
             std::is_invocable_r_v<Value, Combine&, Value, Value>
[[nodiscard]] Value par_reduce(WorkerPool& pool, std::span<T> slice, std::size_t chunk_size,
                               Value identity, Fold&& fold, Combine&& combine,
                               ParOptions options = {.name = "par_reduce"}) {
    if (slice.empty()) return identity;
    std::vector<Value> values = par_chunk_map(
        pool, slice, chunk_size,
        [&](std::span<T> chunk) -> Value {
            Value value = identity;
            for (T& element : chunk) value = fold(std::move(value), element);
            return value;
        },
        options);
    for (std::size_t step = 1; step < values.size(); step *= 2)
        for (std::size_t i = 0; i + step < values.size(); i += 2 * step)
            values[i] = combine(std::move(values[i]), std::move(values[i + step]));
    return std::move(values.front());
}

/// Sorts a slice; equals keep their order, so there is one result whatever the number of workers.
///
///     par_sort(pool, std::span(chunks), [](auto& a, auto& b) { return a.depth < b.depth; });
///
/// `less` must be a strict weak order, as for std::sort; with any other the behaviour is undefined.
///
/// Threads:   any thread; less runs on several at once, the calling one included.
/// Cost:      up to kParSortThreshold elements: std::stable_sort, here. Beyond: a buffer as large
///            as the slice and a small table, and log2(size / 2048) + 1 passes over the pool.
/// Throws:    what less throws, and then some elements may be moved-from; std::bad_alloc before
///            anything is done. Elements must move without throwing.
inline constexpr std::size_t kParSortThreshold = 2 * detail::kSortRun;

template <class T, class Less = std::less<>>
    requires std::is_invocable_r_v<bool, Less&, T&, T&> && (!std::is_const_v<T>)
void par_sort(WorkerPool& pool, std::span<T> slice, Less less = {},
              ParOptions options = {.name = "par_sort"}) {
    const std::size_t size = slice.size();
    if (size <= kParSortThreshold) {
        std::stable_sort(slice.begin(), slice.end(), std::ref(less));
        return;
    }
    const std::size_t runs = detail::chunk_count(size, detail::kSortRun);
    std::vector<std::size_t> cuts(runs);
    detail::SortBuffer<T> buffer(size);
    buffer.fill_from(slice);
    // Back and forth between the two; the last level has to end in the slice.
    T* from = buffer.data();
    T* to = slice.data();
    const auto levels = static_cast<std::size_t>(std::bit_width(runs - 1)) + detail::kSortRunLevels;
    if (levels % 2 == 0) std::swap(from, to);
    auto sort_one = [&](std::size_t i) {
        const std::size_t begin = i * detail::kSortRun;
        const std::size_t end = std::min(begin + detail::kSortRun, size);
        if (from == slice.data()) std::move(to + begin, to + end, from + begin);
        detail::sort_run(from, to, begin, end, less);
    };
    detail::for_each_chunk(pool, runs, sort_one, options);
    if (detail::kSortRunLevels % 2 != 0) std::swap(from, to);
    for (std::size_t width = detail::kSortRun; width < size; width *= 2, std::swap(from, to)) {
        const detail::MergeLevel<T, Less> level(from, to, size, width, cuts, less);
        auto merge_one = [&level](std::size_t i) { level.merge_piece(i); };
        detail::for_each_chunk(pool, runs, merge_one, options);
    }
}

}  // namespace nebula
