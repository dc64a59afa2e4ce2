// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/io_core.hpp"
#include "nebula/threading/detail/pool_core.hpp"
#include "nebula/threading/detail/pool_parts.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace nebula::detail {
namespace {

using std::chrono::microseconds;

// Most waits for another pool are over after this time; a spare costs two wake-ups.
constexpr microseconds kBeforeLending{200};

// With no spare left, a worker looks this often for work of its own pool, and then less often.
constexpr microseconds kFirstNap{100};
constexpr microseconds kLongestNap{1000};

/// The reverse of IdleWhileAsleep, for a worker that runs something in the middle of a sleep.
class BusyAmidSleep {
public:
    explicit BusyAmidSleep(Worker& worker) noexcept : worker_(worker) { set_busy(worker, true); }
    ~BusyAmidSleep() { set_busy(worker_, false); }
    BusyAmidSleep(const BusyAmidSleep&) = delete;
    BusyAmidSleep& operator=(const BusyAmidSleep&) = delete;

private:
    Worker& worker_;
};

}  // namespace

IdleWhileAsleep::IdleWhileAsleep() noexcept
    : worker_(this_worker != nullptr && this_worker->busy ? this_worker : nullptr) {
    if (worker_ != nullptr) set_busy(*worker_, false);
}
IdleWhileAsleep::~IdleWhileAsleep() {
    if (worker_ != nullptr) set_busy(*worker_, true);
}

void PoolCore::sleep_in_wait(const PoolCore* by, std::atomic<std::uint32_t>& word,
                             std::uint32_t expected, std::uint32_t step,
                             Clock::time_point deadline) noexcept {
    if (by != nullptr) by->home_.require();
    Worker* const worker = this_worker;
    if (worker == nullptr) {
        const IoCore::LentPlace lent;
        futex_wait(word, expected, deadline);
        return;
    }
    const IdleWhileAsleep idle;
    const Nudge::Place here(worker->nudge, word, step);
    if (worker->pool.run_inbox(*worker)) return;
    // In our own pool, the awaited tasks are below us on the stack or claimed by us: README,
    // "Groups".
    if (by == &worker->pool || (worker->blocked && !worker->unreplaced)) {
        futex_wait(word, expected, deadline);
        return;
    }
    if (worker->blocked) {
        worker->pool.help_in_wait(*worker, word, expected, deadline);
        return;
    }
    const Clock::time_point patience = Clock::now() + kBeforeLending;
    futex_wait(word, expected, std::min(deadline, patience));
    // Relaxed: the caller checks again.
    if (deadline <= patience || Clock::now() < patience ||
        word.load(std::memory_order_relaxed) != expected)
        return;
    worker->pool.sleep_lent(*worker, word, expected, deadline);
}

void PoolCore::sleep_lent(Worker& worker, const std::atomic<std::uint32_t>& word,
                          std::uint32_t expected, Clock::time_point deadline) noexcept {
    Worker* const spare = lend_slot(worker);
    if (spare != nullptr)
        futex_wait(word, expected, deadline);
    else
        help_in_wait(worker, word, expected, deadline);
    take_slot_back(worker, spare);
    set_busy(worker, false);  // while the caller sleeps
}

// All spares replace other workers. What we wait for may itself wait for a task of our pool, so we
// run such tasks here, however little stack is left: whatever brings them here again has called
// require_stack().
void PoolCore::help_in_wait(Worker& worker, const std::atomic<std::uint32_t>& word,
                            std::uint32_t expected, Clock::time_point deadline) noexcept {
    microseconds nap = kFirstNap;
    while (word.load(std::memory_order_relaxed) == expected && Clock::now() < deadline) {
        {
            const BusyAmidSleep busy(worker);
            if (try_run_one(Band::Background)) {
                nap = kFirstNap;
                continue;
            }
        }
        futex_wait(word, expected, std::min(deadline, Clock::now() + nap));
        nap = std::min(2 * nap, kLongestNap);
    }
}

// Runs tasks that were sent to this worker alone while it waits.
bool PoolCore::run_inbox(Worker& worker) noexcept {
    bool any = false;
    while (Item* const item = worker.inbox.pop()) {
        const BusyAmidSleep busy(worker);
        const StayInBand in_band(&worker, item->band);
        worker.tasks.add();
        run_task(item, &worker);
        any = true;
    }
    return any;
}

}  // namespace nebula::detail
