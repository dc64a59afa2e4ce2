// SPDX-License-Identifier: MIT
// Loops, maps, sums and sorting over ranges and slices on a pool.
#pragma once

#include "nebula/base/require.hpp"
#include "nebula/threading/detail/merge_sort.hpp"
#include "nebula/threading/index_range.hpp"
#include "nebula/threading/nesting.hpp"
#include "nebula/threading/task_group.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace nebula {

struct ParOptions {
    Band band = Band::Frame;
    const char* name = "par_for";  ///< For the panic handler; a literal.
};

namespace detail {

/// Calls chunk(0) to chunk(count - 1), each once, on workers and the calling thread.
template <class Chunk>
void for_each_chunk(WorkerPool& pool, std::size_t count, Chunk& chunk, ParOptions options) {
    if (count < 2) {
        if (count == 1) {
            require_stack();  // as the group below does
            chunk(std::size_t{0});
        }
        return;
    }
    // If one throws, those that have not begun are dropped. Threads begin far from each other, so
    // they work on adjacent memory only where their parts meet.
    TaskGroup group(pool, options.band, OnError::CancelRest);
    group.spawn_batch(
        count, [&chunk](std::size_t i) { chunk(i); }, options.name);
    group.wait();
    group.rethrow_first();
}

inline std::size_t chunk_count(std::size_t size, std::size_t chunk_size) noexcept {
    return size / chunk_size + (size % chunk_size != 0 ? 1 : 0);
}

/// Results by index, each set once, by any thread.
template <class Result>
class MapSlots {
    // Default-constructed in place if possible; in a vector<bool>, neighbours would share a byte.
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
    /// Call it after all are set.
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

/// Calls fn(i) for all i < count; returns the results in order, if there are any.
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

namespace detail {

template <class Range>
concept Slice = std::ranges::contiguous_range<Range> && std::ranges::sized_range<Range>;
template <class Range>
using SliceElement = std::remove_reference_t<std::ranges::range_reference_t<Range>>;

/// A view of a contiguous container; a temporary container lives as long as the call.
template <class Range>
[[nodiscard]] auto slice_of(Range& range) {
    static_assert(Slice<Range>,
                  "the elements must be contiguous: pass a std::vector (of anything but bool), "
                  "std::array, std::span, std::string or C array. For any other container, loop "
                  "over indices with par_for");
    return std::span<SliceElement<Range>>(std::ranges::data(range), std::ranges::size(range));
}

inline constexpr const char* kNoTasks =
    "fewer than 1 task would do no work; use 1 or more, or leave the number out";

/// How many pieces par_for without a grain makes.
inline constexpr std::size_t kPiecesWithoutGrain = 256;
[[nodiscard]] constexpr std::size_t default_grain(std::uint64_t size) noexcept {
    return static_cast<std::size_t>((size + kPiecesWithoutGrain - 1) / kPiecesWithoutGrain);
}

/// The type of the index that fn gets: the common type of both ends.
template <class Begin, class End>
using IndexOf = std::common_type_t<std::remove_cv_t<Begin>, std::remove_cv_t<End>>;

/// The parameter type of a function object that is not generic; `Otherwise` for any other.
template <class F, class Otherwise>
struct ParameterOf : std::type_identity<Otherwise> {};
template <class R, class C, class P, class Otherwise>
struct ParameterOf<R (C::*)(P), Otherwise> : std::type_identity<std::remove_cvref_t<P>> {};
template <class R, class C, class P, class Otherwise>
struct ParameterOf<R (C::*)(P) const, Otherwise> : std::type_identity<std::remove_cvref_t<P>> {};
template <class R, class C, class P, class Otherwise>
struct ParameterOf<R (C::*)(P) noexcept, Otherwise> : std::type_identity<std::remove_cvref_t<P>> {};
template <class R, class C, class P, class Otherwise>
struct ParameterOf<R (C::*)(P) const noexcept, Otherwise>
    : std::type_identity<std::remove_cvref_t<P>> {};
template <class F, class Otherwise>
    requires requires { &F::operator(); }
struct ParameterOf<F, Otherwise> : ParameterOf<decltype(&F::operator()), Otherwise> {};

template <class Index, class F>
void call_with_indices(F& fn, Index first, Index last) {
    if constexpr (std::is_invocable_v<F&, Index>) {
        // par_for(pool, 0, 100, 1, [](std::size_t i) { ... }) counts in int but calls with the type
        // that the function takes, so that strict builds see no hidden conversion.
        using Parameter = typename ParameterOf<std::remove_cv_t<F>, Index>::type;
        if constexpr (IndexType<Parameter>) {
            require_argument(
                std::in_range<Parameter>(first) && std::in_range<Parameter>(last - 1),
                "fn takes its index as a type that cannot hold every index of the range");
            for (Index k = first; k != last; ++k) fn(static_cast<Parameter>(k));
        } else {
            for (Index k = first; k != last; ++k) fn(k);
        }
    } else if constexpr (std::is_invocable_v<F&, BasicIndexRange<Index>>) {
        fn(BasicIndexRange<Index>{first, last});
    } else {
        static_assert(std::is_invocable_v<F&, IndexRange>,
                      "par_for calls fn(i) or fn(IndexRange): fn takes neither an index of the "
                      "type of `begin` and `end` nor a range of them");
        require_argument(std::cmp_greater_equal(first, 0),
                         "an IndexRange holds no negative indices; take a BasicIndexRange<int>");
        fn(IndexRange{static_cast<std::size_t>(first), static_cast<std::size_t>(last)});
    }
}

/// The pieces of a loop over [begin, end).
template <class Index>
class LoopPieces {
public:
    /// \throws std::invalid_argument as par_for does.
    template <IndexType Begin, IndexType End, IndexType Grain>
    LoopPieces(Begin begin, End end, Grain grain) {
        require_argument(std::cmp_greater(grain, 0),
                         "with a grain below 1 the loop would never end; use 1 or more");
        if (std::cmp_greater_equal(begin, end)) return;
        require_argument(std::in_range<Index>(begin),
                         "the range begins below 0, but its end has an unsigned type: use the same "
                         "signed type for both");
        first_ = static_cast<Index>(begin);
        // Unsigned: also correct if end - begin is more than Index can hold.
        size_ = static_cast<std::uint64_t>(end) - static_cast<std::uint64_t>(begin);
        grain_ = static_cast<std::uint64_t>(grain);
    }

    [[nodiscard]] std::size_t count() const noexcept { return chunk_count(size_, grain_); }
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }  ///< In indices.

    /// Calls fn for all indices of piece i, or for their range.
    template <class F>
    void call(F& fn, std::size_t i) const {
        const std::uint64_t at = i * grain_;
        const auto from = static_cast<std::uint64_t>(first_) + at;
        call_with_indices(fn, static_cast<Index>(from),
                          static_cast<Index>(from + std::min(grain_, size_ - at)));
    }

private:
    Index first_{};
    std::uint64_t size_ = 0;
    std::uint64_t grain_ = 1;
};
template <IndexType Begin, IndexType End, IndexType Grain>
LoopPieces(Begin, End, Grain) -> LoopPieces<IndexOf<Begin, End>>;

}  // namespace detail

/// Calls fn(i), or fn(range), for all of [begin, end), in pieces of `grain`; for none if end is not
/// above begin. Both ends may be any integers, also negative ones; fn gets the common type of the
/// two, or a BasicIndexRange of it. The pieces depend only on the arguments, never on the number of
/// workers. A range of up to one grain is done here, in place.
///
///     par_for(pool, 0, columns.size(), 64, [&](std::size_t i) { fill(columns[i]); });
///     par_for(pool, -8, 8, 1, [&](int x) { fill_layer(x); });
///
/// Choose the grain so that a piece takes five microseconds or more; the exchange per piece is then
/// negligible. If an item takes a microsecond or more, leave the grain out, see below.
///
/// Threads:   any thread; fn runs on several at once, including the calling one.
/// Cost:      one atomic exchange per piece, on each thread's own cache line until the end.
/// Throws:    the first exception of fn; pieces that have not begun by then may be left out.
///            std::invalid_argument for a grain below 1; for a negative begin with an end of an
///            unsigned type that cannot hold it; and if fn takes its index as a type that cannot
///            hold every index of the piece (the pieces before it may have run by then).
template <IndexType Begin, IndexType End, IndexType Grain, class F>
void par_for(WorkerPool& pool, Begin begin, End end, Grain grain, F&& fn, ParOptions options = {}) {
    const detail::LoopPieces pieces(begin, end, grain);
    auto chunk = [&fn, &pieces](std::size_t i) { pieces.call(fn, i); };
    detail::for_each_chunk(pool, pieces.count(), chunk, options);
}

/// The same without a grain: 256 pieces of equal length, or one per index if there are fewer. For
/// items that take a microsecond or more each, or for a great many items: 256 exchanges cost about
/// five microseconds, and the last piece is short, so nobody waits long for it.
template <IndexType Begin, IndexType End, class F>
    requires(!IndexType<std::remove_cvref_t<F>>)
void par_for(WorkerPool& pool, Begin begin, End end, F&& fn, ParOptions options = {}) {
    const std::uint64_t size = std::cmp_less(begin, end) ? static_cast<std::uint64_t>(end) -
                                                               static_cast<std::uint64_t>(begin)
                                                         : 1;
    par_for(pool, begin, end, detail::default_grain(size), fn, options);
}

/// Calls fn(element) for all elements of a slice, in pieces of `grain`; otherwise like par_for.
/// Each function below takes anything that std::span can view: a std::vector, std::array, std::span
/// or C array, constant or not, also a temporary one.
template <class Range, IndexType Grain, class F>
void par_for_each(WorkerPool& pool, Range&& range, Grain grain, F&& fn,
                  ParOptions options = {.name = "par_for_each"}) {
    const auto slice = detail::slice_of(range);
    par_for(
        pool, std::size_t{0}, slice.size(), grain, [&](std::size_t i) { fn(slice[i]); }, options);
}
/// The same without a grain: see par_for.
template <class Range, class F>
    requires(!IndexType<std::remove_cvref_t<F>>)
void par_for_each(WorkerPool& pool, Range&& range, F&& fn,
                  ParOptions options = {.name = "par_for_each"}) {
    par_for_each(pool, range, detail::default_grain(std::max(std::size(range), std::size_t{1})), fn,
                 options);
}

/// Calls fn(chunk) for consecutive chunks of a slice and returns the results in order. All chunks
/// have `chunk_size` elements except the last one; the chunks of a mutable slice are mutable. fn
/// may take the chunk's number first: fn(std::size_t, chunk). A single chunk is done here, in
/// place. Otherwise like par_for.
///
///     std::vector<int> sums = par_chunk_map(pool, heights, 256, sum_of);
template <class Range, IndexType ChunkSize, class F>
auto par_chunk_map(WorkerPool& pool, Range&& range, ChunkSize chunk_size, F&& fn,
                   ParOptions options = {.name = "par_chunk_map"}) {
    const auto slice = detail::slice_of(range);
    using T = typename decltype(slice)::element_type;
    static_assert(detail::ChunkFunction<F, T>,
                  "par_chunk_map calls fn(std::span<T>) or fn(std::size_t, std::span<T>)");
    const std::size_t length = detail::count_of(
        chunk_size, 1, "chunks of fewer than 1 element never finish the slice; use 1 or more");
    return detail::map_chunks(
        pool, detail::chunk_count(slice.size(), length),
        [&fn, slice, length](std::size_t i) {
            const std::size_t first = i * length;
            return detail::call_with_chunk(
                fn, i, slice.subspan(first, std::min(length, slice.size() - first)));
        },
        options);
}

/// par_chunk_map with at most `max_tasks` chunks of equal size; the chunk size is rounded up.
/// Without a number there is one chunk per worker; unlike elsewhere in this file, the chunks then
/// depend on the pool.
///
///     std::vector<Aabb> boxes = par_splat_map(pool, points, 8, box_of);
template <class Range, class F>
auto par_splat_map(WorkerPool& pool, Range&& range, std::optional<std::size_t> max_tasks, F&& fn,
                   ParOptions options = {.name = "par_splat_map"}) {
    require_argument(max_tasks != std::size_t{0}, detail::kNoTasks);
    const auto slice = detail::slice_of(range);
    // A pool without workers still has the calling thread.
    const std::size_t tasks =
        max_tasks.value_or(static_cast<std::size_t>(std::max(pool.thread_count(), 1)));
    return par_chunk_map(pool, slice,
                         std::max(detail::chunk_count(slice.size(), tasks), std::size_t{1}), fn,
                         options);
}
template <class Range, IndexType Count, class F>
auto par_splat_map(WorkerPool& pool, Range&& range, Count max_tasks, F&& fn,
                   ParOptions options = {.name = "par_splat_map"}) {
    const std::optional<std::size_t> most = detail::count_of(max_tasks, 1, detail::kNoTasks);
    return par_splat_map(pool, range, most, fn, options);
}

/// Calls fn(element) for all elements of a slice, in pieces of `grain`, and returns the results in
/// the order of the elements. Otherwise like par_for.
///
///     std::vector<float> heights = par_map(pool, columns, 64, height_of);
template <class Range, IndexType Grain, class F>
auto par_map(WorkerPool& pool, Range&& range, Grain grain, F&& fn,
             ParOptions options = {.name = "par_map"}) {
    const auto slice = detail::slice_of(range);
    using T = typename decltype(slice)::element_type;
    static_assert(std::is_invocable_v<F&, T&>, "par_map calls fn(element)");
    using Result = std::decay_t<std::invoke_result_t<F&, T&>>;
    static_assert(!std::is_void_v<Result>,
                  "the function returns nothing; use par_for_each instead");
    detail::MapSlots<Result> slots(slice.size());
    par_for(
        pool, std::size_t{0}, slice.size(), grain,
        [&](std::size_t i) { slots.set(i, fn(slice[i])); }, options);
    return slots.take();
}
/// The same without a grain: see par_for.
template <class Range, class F>
    requires(!IndexType<std::remove_cvref_t<F>>)
auto par_map(WorkerPool& pool, Range&& range, F&& fn, ParOptions options = {.name = "par_map"}) {
    return par_map(pool, range, detail::default_grain(std::max(std::size(range), std::size_t{1})),
                   fn, options);
}

/// Folds each chunk of `chunk_size` elements, starting from a copy of `identity`, and combines the
/// results of neighbouring chunks, then of neighbouring pairs, and so on. The order of operations
/// depends only on the slice's size and on chunk_size, so a sum of floats has the same bits on any
/// number of workers.
///
///     float area = par_reduce(pool, mesh.triangles, 1024, 0.0F,
///                             [](float sum, const Triangle& t) { return sum + t.area(); },
///                             std::plus<>());
///
/// Threads:   any thread; fold runs on several at once, combine on the calling one.
/// Cost:      as par_for, and a vector of one value per chunk.
/// Throws:    as par_for.
template <class Range, IndexType ChunkSize, class Value, class Fold, class Combine>
[[nodiscard]] Value par_reduce(WorkerPool& pool, Range&& range, ChunkSize chunk_size,
                               Value identity, Fold&& fold, Combine&& combine,
                               ParOptions options = {.name = "par_reduce"}) {
    const auto slice = detail::slice_of(range);
    using T = typename decltype(slice)::element_type;
    static_assert(std::is_invocable_r_v<Value, Fold&, Value, T&>,
                  "par_reduce calls Value fold(Value, element); Value is the type of `identity`");
    static_assert(std::is_invocable_r_v<Value, Combine&, Value, Value>,
                  "par_reduce calls Value combine(Value, Value); Value is the type of `identity`");
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

/// Sorts a slice. Equal elements keep their order, so the result does not depend on the workers.
///
///     par_sort(pool, chunks, [](auto& a, auto& b) { return a.depth < b.depth; });
///
/// `less` should be a strict weak order, as for std::sort. If it is not (for example, with floats
/// that include a NaN), the order is unspecified, but every element is still there exactly once.
///
/// Threads:   any thread; less runs on several at once, including the calling one.
/// Cost:      up to kParSortThreshold elements: a merge sort, here, with a buffer as large as the
///            slice. Above that: such a buffer, a small table, and log2(size / 2048) + 1 passes
///            over the pool.
/// Throws:    what less throws; some elements may then be moved-from. std::bad_alloc before
///            anything is done. Elements must move without throwing.
inline constexpr std::size_t kParSortThreshold = 2 * detail::kSortRun;

template <class Range, class Less = std::less<>>
void par_sort(WorkerPool& pool, Range&& range, Less less = {},
              ParOptions options = {.name = "par_sort"}) {
    const auto slice = detail::slice_of(range);
    using T = typename decltype(slice)::element_type;
    static_assert(!std::is_const_v<T>, "par_sort moves the elements: they must not be const");
    static_assert(std::is_invocable_r_v<bool, Less&, T&, T&>,
                  "par_sort calls bool less(element, element)");
    const std::size_t size = slice.size();
    if (size <= kParSortThreshold) {
        detail::merge_sort(slice, less);
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
