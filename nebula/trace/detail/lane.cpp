// SPDX-License-Identifier: MIT
#include "nebula/trace/detail/lane.hpp"

#include <new>

namespace nebula::detail {

void Lane::start_over(std::uint64_t generation) noexcept {
    // Relaxed: the store below publishes them. The previous writer is gone, so no thread reads.
    for (Chunk* chunk = &first_; chunk != nullptr;
         chunk = chunk->next.load(std::memory_order_relaxed))
        chunk->count.store(0, std::memory_order_relaxed);
    dropped_.store(0, std::memory_order_relaxed);
    recorded_ = 0;
    newest_ = &first_;
    // Release pairs with the acquire in for_each().
    generation_.store(generation, std::memory_order_release);
}

void Lane::record(std::uint64_t generation, std::size_t limit, const TraceEvent& event) noexcept {
    // Relaxed where this thread reads what it wrote itself.
    if (generation_.load(std::memory_order_relaxed) != generation) start_over(generation);
    const auto drop = [this] {
        dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    };
    if (recorded_ == limit) return drop();
    std::size_t count = newest_->count.load(std::memory_order_relaxed);
    if (count == kChunkEvents) {
        Chunk* next = newest_->next.load(std::memory_order_relaxed);
        if (next == nullptr) {
            next = new (std::nothrow) Chunk;
            if (next == nullptr) return drop();
            // Release pairs with the acquire in for_each(): the chunk is made.
            newest_->next.store(next, std::memory_order_release);
        }
        newest_ = next;
        count = 0;
    }
    newest_->events[count] = event;
    ++recorded_;
    // Release pairs with the acquire in for_each(): the event is written.
    newest_->count.store(count + 1, std::memory_order_release);
}

}  // namespace nebula::detail
