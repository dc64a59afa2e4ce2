// SPDX-License-Identifier: MIT
#include "nebula/trace/detail/lane.hpp"

#include <mutex>
#include <new>

namespace nebula::detail {

void Lane::start_over(std::uint64_t generation) noexcept {
    // Relaxed: the store below publishes them. The previous writer is gone, so no thread reads.
    for (Chunk* chunk = oldest_; chunk != nullptr;
         chunk = chunk->next.load(std::memory_order_relaxed))
        chunk->count.store(0, std::memory_order_relaxed);
    dropped_.store(0, std::memory_order_relaxed);
    recorded_ = 0;
    newest_ = oldest_;
    // Release pairs with the acquire in for_each().
    generation_.store(generation, std::memory_order_release);
}

// The chunk after the newest. Null without memory, and at the limit while somebody reads.
Lane::Chunk* Lane::next_chunk(const LaneLimits& limits, std::uint64_t now) noexcept {
    if (limits.keep_ns != 0 && oldest_ != newest_) {
        const bool is_old = oldest_->events.back().at_ns + limits.keep_ns < now;
        const bool is_full = recorded_ + kChunkEvents > limits.events;
        Chunk* const oldest = is_old || is_full ? take_oldest() : nullptr;
        if (oldest != nullptr || is_full) return oldest;
    }
    // One that an earlier writer has left.
    if (Chunk* const left = newest_->next.load(std::memory_order_relaxed)) return left;
    return new (std::nothrow) Chunk;
}

// Null while somebody reads: the owner never waits.
Lane::Chunk* Lane::take_oldest() noexcept {
    const std::unique_lock lock(reading_, std::try_to_lock);
    if (!lock) return nullptr;
    Chunk* const oldest = oldest_;
    // Relaxed: readers see these by the lock, and the chunk is linked by a release. What an earlier
    // writer has left stays behind the newest.
    oldest_ = oldest->next.load(std::memory_order_relaxed);
    oldest->count.store(0, std::memory_order_relaxed);
    oldest->next.store(newest_->next.load(std::memory_order_relaxed), std::memory_order_relaxed);
    recorded_ -= kChunkEvents;
    return oldest;
}

void Lane::record(std::uint64_t generation, const LaneLimits& limits,
                  const TraceEvent& event) noexcept {
    // Relaxed where this thread reads what it wrote itself.
    if (generation_.load(std::memory_order_relaxed) != generation) start_over(generation);
    const auto drop = [this] {
        dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    };
    if (recorded_ == limits.events && limits.keep_ns == 0) return drop();
    std::size_t count = newest_->count.load(std::memory_order_relaxed);
    if (count == kChunkEvents) {
        Chunk* const next = next_chunk(limits, event.at_ns);
        if (next == nullptr) return drop();
        // Release pairs with the acquire in for_each(): the chunk is made, or emptied.
        newest_->next.store(next, std::memory_order_release);
        newest_ = next;
        count = 0;
    }
    newest_->events[count] = event;
    ++recorded_;
    // Release pairs with the acquire in for_each(): the event is written.
    newest_->count.store(count + 1, std::memory_order_release);
}

}  // namespace nebula::detail
