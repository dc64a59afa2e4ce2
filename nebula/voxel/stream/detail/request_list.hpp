// SPDX-License-Identifier: MIT
// Which chunk to load next: a nearest-first list that workers take from and the owner replaces.
#pragma once

#include "nebula/base/yield_point.hpp"
#include "nebula/voxel/field/epoch.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace nebula::voxel::detail {

/// An immutable list and a cursor. Priorities change only when the viewer enters another chunk, and
/// then all of them change. So the owner then writes a new list, and until the next one the best
/// request is simply the next entry. Taking is one fetch_add; there is no heap and no lock.
///
/// Threads:   take and has_work: any thread. The rest: owner thread.
class RequestList {
public:
    explicit RequestList(EpochDomain& epochs) : epochs_(epochs), current_(new List) {}
    ~RequestList() { delete current_.load(std::memory_order_relaxed); }
    RequestList(const RequestList&) = delete;
    RequestList& operator=(const RequestList&) = delete;

    /// Each entry of a list goes to exactly one taker.
    std::optional<Vec3i> take() {
        const auto pin = epochs_.pin();
        List& list = *current_.load(std::memory_order_seq_cst);  // see has_work
        NEBULA_YIELD_POINT();
        // Checked first, so that idle calls do not increment the cursor forever.
        if (list.next.load(std::memory_order_relaxed) >= list.chunks.size()) return std::nullopt;
        // Relaxed: it only hands out numbers; the list's content came with the pointer.
        const std::size_t i = list.next.fetch_add(1, std::memory_order_relaxed);
        if (i >= list.chunks.size()) return std::nullopt;
        return list.chunks[i];
    }

    /// seq_cst throughout: a runner that stops clears its flag, then calls this; the owner
    /// publishes, then checks the flag. One of them sees the other (README, "Requests and
    /// runners").
    [[nodiscard]] bool has_work() {
        const auto pin = epochs_.pin();
        const List& list = *current_.load(std::memory_order_seq_cst);
        return list.next.load(std::memory_order_seq_cst) < list.chunks.size();
    }

    /// Ends taking from the current list. Returns how many entries were taken; they are the first
    /// ones.
    std::size_t close() noexcept {
        List& list = *current_.load(std::memory_order_relaxed);
        const std::size_t next = list.next.exchange(list.chunks.size(), std::memory_order_seq_cst);
        return std::min(next, list.chunks.size());
    }

    /// Replaces the list, which must be closed. Entries before `first` are not requests: they count
    /// as taken.
    void publish(std::vector<Vec3i> nearest_first, std::size_t first = 0) {
        auto fresh = std::make_unique<List>();
        fresh->chunks = std::move(nearest_first);
        fresh->next.store(first, std::memory_order_relaxed);  // published by the exchange below
        epochs_.retire(
            std::unique_ptr<List>(current_.exchange(fresh.release(), std::memory_order_seq_cst)));
    }

    [[nodiscard]] const std::vector<Vec3i>& chunks() const noexcept {
        return current_.load(std::memory_order_relaxed)->chunks;
    }
    [[nodiscard]] std::size_t taken() const noexcept {
        const List& list = *current_.load(std::memory_order_relaxed);
        return std::min(list.next.load(std::memory_order_relaxed), list.chunks.size());
    }

private:
    struct List {
        std::vector<Vec3i> chunks;         // immutable once published
        std::atomic<std::size_t> next{0};  // any thread increments it; the owner closes it
    };

    EpochDomain& epochs_;
    std::atomic<List*> current_;  // exchanged by the owner; the old list is retired
};

}  // namespace nebula::voxel::detail
