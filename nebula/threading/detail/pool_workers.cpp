// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/pool_core.hpp"

#include "nebula/base/log.hpp"
#include "nebula/threading/detail/os_thread.hpp"
#include "nebula/threading/detail/pool_parts.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <utility>

namespace nebula::detail {

namespace {

// A worker whose last park was short looks this long before the next one. Repeated loops of 10 000
// light items took 60 µs each, nearly all of it a wake-up, and now take 40 µs. A trickle of tasks a
// millisecond apart, and an idle pool, pay nothing (bench/threading/README.md).
constexpr std::chrono::microseconds kShortPark{100};
constexpr std::chrono::microseconds kLookBeforePark{50};
// Each look takes the cache lines that a spawning thread writes: without time between the looks, a
// hundred tasks spawned in a row took 1.5 times as long.
constexpr std::chrono::nanoseconds kBetweenLooks{500};

// A steal costs the thief 1 to 3 µs, the victim about as much, and a wait at the end.
constexpr std::chrono::microseconds kWorthStealing{10};

std::uint64_t next_random(std::uint64_t& state) noexcept {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    return state;
}

}  // namespace

// A worker whose handler threw cannot go on, so the program ends with a message.
void call_handler(const std::function<void(WorkerInfo)>& handler, const WorkerInfo& info,
                  const char* which) noexcept {
    if (!handler) return;
    try {
        handler(info);
    } catch (...) {
        log(LogLevel::Error,
            std::string(info.name) + ": the " + which + " handler threw; the program ends");
        std::terminate();  // prints the exception
    }
}

void* PoolCore::thread_entry(void* worker) noexcept {
    Worker& self = *static_cast<Worker*>(worker);
    self.spare ? self.pool.serve_as_spare(self) : self.pool.work(self);
    return nullptr;
}

void PoolCore::work(Worker& worker) noexcept {
    watch_for_exit_here();
    this_worker = &worker;
    this_threads_running = &worker.running;
    name_this_thread(os_thread_name(config_.name_prefix, worker.index));
    if (config_.pin_workers && !pin_this_thread(worker.index))
        log(LogLevel::Warning, worker.name + " could not be pinned to a CPU");
    // Relaxed: workers_ready_ publishes it.
    worker.os_id.store(this_thread_os_id(), std::memory_order_relaxed);
    const WorkerInfo info{static_cast<int>(worker.index), worker.name};
    log(LogLevel::Debug, worker.name + " starts");
    call_handler(config_.on_start, info, "on_start");
    workers_ready_.fetch_add(1, std::memory_order_release);  // pairs with the constructor's acquire
    futex_wake_one(workers_ready_);

    serve(worker);

    call_handler(config_.on_exit, info, "on_exit");
    log(LogLevel::Debug, worker.name + " ends");
    this_worker = nullptr;
    this_threads_running = nullptr;
}

void PoolCore::serve(Worker& worker) noexcept {
    while (!is_recalled(worker)) {
        if (const Found found = find_work(worker)) {
            set_busy(worker, true);
            if (std::exchange(worker.left_parking, false) && others_are_needed())
                trace_wake(parking_.wake(1));
            run(worker, found);
            if (halted()) [[unlikely]]
                halt();
        } else {
            set_busy(worker, false);
            if (!park(worker)) break;
            worker.left_parking = true;
        }
    }
}

// Touches nothing of the pool any more. Either we are in a child of fork(), where the task has
// returned into a pool without threads; or exit() runs on another thread and the process is ending.
void PoolCore::halt() const noexcept {
    home_.require();
    sleep_forever();
}

// Without this, loops that follow each other closely would pay a wake-up each. True: there is work.
bool PoolCore::look_before_park(Worker& worker) noexcept {
    Clock::time_point now = Clock::now();
    const Clock::time_point until = now + kLookBeforePark;
    while (now < until) {
        if (work_visible(&worker)) return true;
        if (may_end(worker)) return false;  // park() handles it
        const Clock::time_point next_look = now + kBetweenLooks;
        while ((now = Clock::now()) < next_look) nebula::detail::pause();
    }
    return false;
}

bool PoolCore::park(Worker& worker) noexcept {
    if (std::exchange(worker.short_park, false) && look_before_park(worker)) {
        worker.short_park = true;  // look again next time
        return true;
    }
    const ParkStep step = parking_.prepare(
        worker.index, [&] { return may_end(worker); }, [&] { return work_visible(&worker); });
    if (step != ParkStep::Sleep) return step == ParkStep::Search;
    worker.parks.add();
    const ParkTrace trace(worker.index);
    if (region_watch_.begin([this] { return region_active(); }) && watch_regions(worker))
        return true;
    worker.leave_branches = false;
    if (free_lists_.has_surplus() && !give_memory_back(worker)) return true;
    const Clock::time_point asleep = Clock::now();
    worker.wakes.add(parking_.sleep(worker.index));
    worker.short_park = Clock::now() - asleep < kShortPark;
    return true;
}

// The worker has announced its park and has nothing to do. After a burst that needed more memory
// than is always kept, it naps twice at most and then gives back what was not used meanwhile.
// Without such a burst, no worker naps here. False: it was called, or has to look again.
bool PoolCore::give_memory_back(Worker& worker) noexcept {
    // The first second may have begun in the middle of the burst, so a second one is needed.
    for (int naps = 0;; ++naps) {
        bool more = true;
        while (more && !work_visible(&worker)) more = free_lists_.settle(Clock::now());
        if (more) {
            parking_.withdraw(worker.index);
            return false;
        }
        if (naps == 2 || !free_lists_.has_surplus()) return true;
        const bool called = parking_.sleep_until(
            worker.index, Clock::now() + Slabs::kIdleFor + std::chrono::milliseconds(1));
        worker.wakes.add();
        if (called) return false;
    }
}

// After a park: whether there is more work than we were woken for, or a join that must be watched.
bool PoolCore::others_are_needed() noexcept {
    return work_visible(nullptr) || (!region_watch_.watched() && region_active());
}

// ---- looking for work

bool PoolCore::background_allowed() const noexcept {
    return background_running_.load(std::memory_order_seq_cst) < background_limit_;
}

bool PoolCore::work_visible(Worker* for_worker) const noexcept {
    if (for_worker != nullptr && for_worker->inbox.has_items()) return true;
    const std::size_t bands = background_allowed() ? kBandCount : kBandCount - 1;
    for (std::size_t band = 0; band < bands; ++band) {
        if (injectors_[band].has_items()) return true;
        for (const auto& worker : live_workers())
            if (worker->deques[band].has_items()) return true;
    }
    return false;
}

bool PoolCore::higher_band_waits(Band band) const noexcept {
    for (std::size_t b = 0; b < static_cast<std::size_t>(band); ++b) {
        if (injectors_[b].size_hint() != 0) return true;
        for (const auto& worker : live_workers())
            if (worker->deques[b].size_hint() != 0) return true;
    }
    return false;
}

PoolCore::Found PoolCore::find_work(Worker& worker) noexcept {
    if (Item* const item = worker.inbox.pop()) return {item};
    const std::uint64_t pick = ++worker.picks;
    bool from_bottom = pick % kFairnessInterval == 0;
    for (;;) {
        bool lost = false;
        for (std::size_t i = 0; i < kBandCount; ++i) {
            const std::size_t band = from_bottom ? kBandCount - 1 - i : i;
            const bool background = band == static_cast<std::size_t>(Band::Background);
            if (background && !enter_background(worker)) continue;
            if (Item* const item = find_in_band(worker, band, from_bottom, lost)) {
                if (!background && worker.in_background) leave_background(worker);
                return {item};
            }
            // A thread waits for every branch, so branches come right after the Frame band.
            if (band == static_cast<std::size_t>(Band::Frame) && !worker.leave_branches)
                if (const Found found = steal_branch(worker, lost)) return found;
        }
        if (worker.in_background) leave_background(worker);
        if (!lost && !from_bottom) return {};
        from_bottom = false;
    }
}

Item* PoolCore::find_in_band(Worker& worker, std::size_t band, bool from_bottom,
                             bool& lost) noexcept {
    WorkDeque<Item>& own = worker.deques[band];
    // From the bottom also means oldest first, and every other time the injector's turn.
    if (from_bottom && worker.picks % (2 * kFairnessInterval) == 0)
        if (Item* const item = injectors_[band].pop()) return item;
    if (Item* const item = from_bottom ? own.steal().item : own.pop()) return item;
    if (Item* const item = injectors_[band].pop()) return item;
    return steal(worker, band, lost);
}

Item* PoolCore::steal(Worker& thief, std::size_t band, bool& lost) noexcept {
    const std::size_t count = live_workers().size();
    if (count == 1) return nullptr;
    std::size_t victim = next_random(thief.random) % count;
    for (std::size_t i = 0; i < count; ++i, victim = victim + 1 == count ? 0 : victim + 1) {
        if (victim == thief.index) continue;
        const StealResult<Item> result = workers_[victim]->deques[band].steal();
        if (result.outcome == StealOutcome::Item) {
            thief.steals.add();
            trace_steal(thief.index);
            return result.item;
        }
        lost |= result.outcome == StealOutcome::Lost;
    }
    return nullptr;
}

// ---- places for Background work

// Takes a place among the workers that may run Background work; it is kept while there is more.
bool PoolCore::enter_background(Worker& worker) noexcept {
    if (worker.in_background) return true;
    std::size_t running = background_running_.load(std::memory_order_relaxed);
    while (running < background_limit_) {
        // Seq_cst: see leave_background.
        if (background_running_.compare_exchange_strong(
                running, running + 1, std::memory_order_seq_cst, std::memory_order_relaxed)) {
            worker.in_background = true;
            return true;
        }
    }
    return false;
}

void PoolCore::leave_background(Worker& worker) noexcept {
    worker.in_background = false;
    const bool was_full =
        background_running_.fetch_sub(1, std::memory_order_seq_cst) == background_limit_;
    // A worker may have gone to sleep because no place was free; it looked before the line above.
    if (was_full && background_limit_ < live_workers().size() && work_visible(nullptr))
        trace_wake(parking_.wake(1));
}

// ---- running what was found

void PoolCore::run(Worker& worker, const Found& found) noexcept {
    if (found.branch.record != nullptr) {
        worker.band = Band::Frame;
        worker.tasks.add();
        const RunningMark mark(&worker.running, "join");
        const Clock::time_point begin = Clock::now();
        run_branch(worker.seat, found.branch);
        // If it was not worth the interrupt, leave the others there: they are probably as small.
        worker.leave_branches = Clock::now() - begin < kWorthStealing;
        worker.watch_nap_us = worker.leave_branches
                                  ? std::min(2 * worker.watch_nap_us, kLongestWatchUs)
                                  : kFirstWatchUs;
        return;
    }
    worker.band = found.item->band;
    if (found.item->kind == Item::Kind::Ticket) {
        run_ticket(worker, found.item);
    } else {
        worker.tasks.add();
        run_task(found.item, &worker);
    }
}

}  // namespace nebula::detail
