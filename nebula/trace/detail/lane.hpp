// SPDX-License-Identifier: MIT
// What one thread has recorded. README.md, "A lane".
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

namespace nebula::detail {

struct TraceEvent {
    enum class Kind : std::uint8_t {
        TaskBegin,
        TaskEnd,
        ZoneBegin,
        ZoneEnd,
        Park,
        Unpark,
        Steal,
        Wake
    };
    std::uint64_t at_ns;
    const char* name;  // null if it has none
    std::uint32_t count;
    Kind kind;
};
static_assert(sizeof(TraceEvent) == 24, "trace_writer.hpp says so");

/// How much a lane keeps: TraceOptions, in nanoseconds.
struct LaneLimits {
    std::size_t events;
    std::uint64_t keep_ns;  // 0: everything
};

/// Events in the order in which their thread recorded them.
///
/// Threads:   record: the thread it belongs to. for_each: any thread.
/// Lifetime:  of the process.
class Lane {
public:
    static constexpr std::size_t kChunkEvents = 4096;

    Lane(std::uint32_t its_number, std::string its_name, int its_worker)
        : number(its_number), worker(its_worker), name(std::move(its_name)) {}

    void record(std::uint64_t generation, const LaneLimits& limits,
                const TraceEvent& event) noexcept;

    /// Calls visit(event) for each event recorded for that writer; for another writer, nothing.
    template <class Visit>
    void for_each(std::uint64_t generation, Visit&& visit) const {
        // Acquire pairs with the release in start_over(): the counts are those of this writer.
        if (generation_.load(std::memory_order_acquire) != generation) return;
        const std::scoped_lock lock(reading_);  // no chunk is used again meanwhile
        for (const Chunk* chunk = oldest_; chunk != nullptr;) {
            // Acquire, both, pair with the releases in record(): the events before them.
            const std::size_t count = chunk->count.load(std::memory_order_acquire);
            for (std::size_t i = 0; i < count; ++i) visit(chunk->events[i]);
            if (count < kChunkEvents) return;
            chunk = chunk->next.load(std::memory_order_acquire);
        }
    }
    [[nodiscard]] std::uint64_t dropped(std::uint64_t generation) const noexcept {
        // Acquire: as in for_each().
        if (generation_.load(std::memory_order_acquire) != generation) return 0;
        return dropped_.load(std::memory_order_relaxed);  // a number
    }

    const std::uint32_t number;  // from 0, in the order of the first events
    const int worker;            // its index, -1 for other threads
    const std::string name;
    Lane* older = nullptr;  // before it is published

private:
    struct Chunk {
        std::atomic<std::size_t> count{0};
        std::atomic<Chunk*> next{nullptr};
        std::array<TraceEvent, kChunkEvents> events;
    };

    void start_over(std::uint64_t generation) noexcept;
    Chunk* next_chunk(const LaneLimits& limits, std::uint64_t now) noexcept;
    Chunk* take_oldest() noexcept;

    std::atomic<std::uint64_t> generation_{0};
    std::atomic<std::uint64_t> dropped_{0};
    std::size_t recorded_ = 0;  // and not overwritten; owner thread only, as newest_
    Chunk* newest_ = &first_;
    mutable std::mutex reading_;  // the owner tries it only
    Chunk* oldest_ = &first_;     // changed by the owner, under reading_
    Chunk first_;
};

}  // namespace nebula::detail
