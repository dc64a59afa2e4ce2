// SPDX-License-Identifier: MIT
// What a worker owns, and what others may look at.
#pragma once

#include "nebula/base/cache_line.hpp"
#include "nebula/threading/band.hpp"
#include "nebula/threading/detail/busy_meter.hpp"
#include "nebula/threading/detail/free_lists.hpp"
#include "nebula/threading/detail/injector.hpp"
#include "nebula/threading/detail/item.hpp"
#include "nebula/threading/detail/now_running.hpp"
#include "nebula/threading/detail/nudge.hpp"
#include "nebula/threading/detail/os_thread.hpp"
#include "nebula/threading/detail/work_deque.hpp"
#include "nebula/threading/fork_context.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace nebula::detail {

class PoolCore;
class GroupState;

/// The groups that a worker helps or waits for, the innermost first.
struct AtGroup {
    GroupState* group;
    const AtGroup* outer;
};

/// Incremented on one thread, read on any. Relaxed: only the number matters.
class OwnedCounter {
public:
    void add(std::uint64_t n = 1) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t get() const noexcept {
        return value_.load(std::memory_order_relaxed);
    }

private:
    std::atomic<std::uint64_t> value_{0};
};

struct Worker {
    Worker(PoolCore& owner, std::size_t number, std::string full_name, std::uint64_t now_ns,
           std::uint64_t window_ns)
        : pool(owner),
          index(number),
          name(std::move(full_name)),
          random(0x9E3779B97F4A7C15U * (number + 1)),
          seat(owner),
          meter(now_ns, window_ns) {}

    static constexpr std::int64_t kFirstWatchUs = 100;

    PoolCore& pool;
    const std::size_t index;
    const std::string name;
    ThreadHandle thread{};       // written and read by the pool's constructor and destructor
    std::atomic<long> os_id{0};  // written before the pool's constructor returns
    NowRunning running;          // for the shutdown
    std::uint64_t picks = 0;     // owner only, like all fields down to cache
    std::uint64_t random;        // xorshift: where to begin stealing
    bool left_parking = false;   // and has not found anything since
    bool short_park = false;     // the last one was: README, "Parking"
    bool busy = false;           // what the meter was last told
    bool in_background = false;  // counted in the pool's background_running_
    Band band = Band::Frame;     // of the task that it runs
    std::int64_t watch_nap_us = kFirstWatchUs;  // README, "Joins"
    bool leave_branches = false;        // until the next nap: branches are too small to steal
    bool blocked = false;               // inside a BlockingRegion
    bool unreplaced = false;            // blocked, and not replaced by a spare
    const AtGroup* at_group = nullptr;  // README, "Blocked workers"
    // For spares. README, "Blocked workers".
    enum Duty : std::uint32_t { Retired, Serving, Recalled, End };
    bool spare = false;  // before its thread starts
    std::atomic<std::uint32_t> duty{Retired};
    ItemCache cache;
    alignas(2 * kCacheLine) std::array<WorkDeque<Item>, kBandCount> deques;
    Injector<Item> inbox;  // tasks for this worker alone
    Nudge nudge;           // wakes it when it sleeps in the middle of a task
    ForkSeat seat;
    alignas(2 * kCacheLine) OwnedCounter tasks;
    OwnedCounter steals;
    OwnedCounter parks;
    OwnedCounter wakes;
    BusyMeter meter;
};

}  // namespace nebula::detail
