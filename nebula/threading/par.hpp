// SPDX-License-Identifier: MIT
// Loops over ranges and slices on a pool.
#pragma once

#include "nebula/base/assert.hpp"
#include "nebula/threading/task_group.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
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
    std::atomic<std::size_t> next{0};
    // Takes the next chunk until there is none. A chunk that throws leaves none to take.
    const auto loop = [&next, &chunk, count] {
        struct StopOnThrow {
            ~StopOnThrow() {
                // Relaxed, as below: which chunk is all that is passed on; the group's end
                // publishes what was written.
                if (armed) next.store(count, std::memory_order_relaxed);
            }
            std::atomic<std::size_t>& next;
            std::size_t count;
            bool armed;
        } guard{next, count, true};
        for (std::size_t i = 0; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;)
            chunk(i);
        guard.armed = false;
    };
    TaskGroup group(pool, options.band);
    const bool on_worker = pool.is_current_thread_worker();
    const std::size_t threads = static_cast<std::size_t>(pool.thread_count()) + (on_worker ? 0 : 1);
    for (std::size_t i = 0; i < std::min(threads, count); ++i)
        group.spawn([&loop] { loop(); }, options.name);
    group.wait();
    group.rethrow_first();
}

inline std::size_t chunk_count(std::size_t size, std::size_t chunk_size) noexcept {
    return size / chunk_size + (size % chunk_size != 0 ? 1 : 0);
}

}  // namespace detail

/// Calls fn(i), or fn(IndexRange), for all of [begin, end), in pieces of `grain`. The pieces depend
/// on the arguments alone, never on the number of workers. Up to one grain: here, in place.
///
///     par_for(pool, 0, columns.size(), 64, [&](std::size_t i) { fill(columns[i]); });
///
/// Threads:   any thread; fn runs on several at once, the calling one included.
/// Cost:      one task per thread, not per piece; one atomic add per piece.
/// Throws:    the first exception of fn; pieces not begun by then may be left out.
template <class F>
void par_for(WorkerPool& pool, std::size_t begin, std::size_t end, std::size_t grain, F&& fn,
             ParOptions options = {}) {
    NEBULA_ASSERT(grain > 0, "a grain of 0 never gets through the range");
    NEBULA_ASSERT(begin <= end, "a range ends after it begins");
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
/// returns the results in the order of the chunks; of a mutable slice the chunks are mutable. One
/// chunk: here, in place. Otherwise as par_for.
///
///     std::vector<int> sums = par_chunk_map(pool, std::span(heights), 256, sum_of);
template <class T, class F>
    requires std::is_invocable_v<F&, std::span<T>>
auto par_chunk_map(WorkerPool& pool, std::span<T> slice, std::size_t chunk_size, F&& fn,
                   ParOptions options = {.name = "par_chunk_map"}) {
    NEBULA_ASSERT(chunk_size > 0, "a chunk of 0 never gets through the slice");
    using Result = std::invoke_result_t<F&, std::span<T>>;
    const std::size_t count = detail::chunk_count(slice.size(), chunk_size);
    const auto chunk_at = [slice, chunk_size](std::size_t i) {
        const std::size_t first = i * chunk_size;
        return slice.subspan(first, std::min(chunk_size, slice.size() - first));
    };
    if constexpr (std::is_void_v<Result>) {
        auto chunk = [&](std::size_t i) { fn(chunk_at(i)); };
        detail::for_each_chunk(pool, count, chunk, options);
    } else {
        std::vector<std::optional<Result>> slots(count);
        auto chunk = [&](std::size_t i) { slots[i].emplace(fn(chunk_at(i))); };
        detail::for_each_chunk(pool, count, chunk, options);
        std::vector<Result> results;
        results.reserve(count);
        for (std::optional<Result>& slot : slots) results.push_back(std::move(*slot));
        return results;
    }
}

}  // namespace nebula
