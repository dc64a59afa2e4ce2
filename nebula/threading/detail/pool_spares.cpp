// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/pool_core.hpp"

#include "nebula/base/log.hpp"
#include "nebula/threading/detail/os_thread.hpp"
#include "nebula/threading/detail/pool_parts.hpp"
#include "nebula/threading/detail/slow_wait.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace nebula::detail {

Worker* PoolCore::lend_slot(Worker& worker) noexcept {
    worker.blocked = true;
    set_busy(worker, false);
    if (worker.in_background) leave_background(worker);
    for (const AtGroup* at = worker.at_group; at != nullptr; at = at->outer)
        at->group->step_aside();
    Worker* spare = nullptr;
    try {
        const MutexLock lock(spares_mutex_);
        spare = take_spare();
    } catch (const std::exception& error) {
        // The lock is released by now: the log's sink is user code.
        log(LogLevel::Warning,
            worker.name + " is blocked and cannot be replaced by a spare thread: " + error.what());
    }
    worker.unreplaced = spare == nullptr;
    return spare;
}

Worker* PoolCore::take_spare() {
    for (std::size_t i = count_; i < workers_.size(); ++i) {
        if (workers_[i] == nullptr) {
            auto spare = std::make_unique<Worker>(
                *this, i, config_.name_prefix + "-spare-" + std::to_string(i - count_), now_ns(),
                window_ns(config_));
            spare->spare = true;
            // It waits until it is told to serve. Nobody looks at it before it is live.
            spare->thread = start_thread(thread_entry, spare.get(), config_.stack_size_bytes);
            workers_[i] = std::move(spare);
            live_.store(i + 1, std::memory_order_seq_cst);  // see live_workers()
        }
        Worker& spare = *workers_[i];
        // Relaxed: only we, under the lock, make it serve. Seq_cst: the spare may be retiring.
        if (spare.duty.load(std::memory_order_relaxed) == Worker::Serving) continue;
        if (spare.duty.exchange(Worker::Serving, std::memory_order_seq_cst) == Worker::Retired)
            futex_wake_one(spare.duty);
        return &spare;
    }
    return nullptr;
}

void PoolCore::take_slot_back(Worker& worker, Worker* spare) noexcept {
    if (spare != nullptr) {
        const MutexLock lock(spares_mutex_);
        spare->duty.store(Worker::Recalled, std::memory_order_seq_cst);
        parking_.wake_worker(spare->index);
    }
    for (const AtGroup* at = worker.at_group; at != nullptr; at = at->outer) at->group->step_back();
    set_busy(worker, true);
    worker.blocked = worker.unreplaced = false;
}

// Whether a spare must stop although there is work, because its worker is back. At the pool's end
// it stays and helps.
bool PoolCore::is_recalled(const Worker& worker) const noexcept {
    return worker.spare && worker.duty.load(std::memory_order_seq_cst) != Worker::Serving &&
           !stopping_.load(std::memory_order_seq_cst);
}

// Checked when there is no work. At the pool's end, a spare's worker may still be inside a task.
bool PoolCore::may_end(const Worker& worker) const noexcept {
    return worker.spare ? worker.duty.load(std::memory_order_seq_cst) != Worker::Serving
                        : stopping_.load(std::memory_order_seq_cst);
}

void PoolCore::serve_as_spare(Worker& worker) noexcept {
    watch_for_exit_here();
    this_worker = &worker;
    this_threads_running = &worker.running;
    name_this_thread(os_thread_name(config_.name_prefix + "-spare", worker.index - count_));
    worker.os_id.store(this_thread_os_id(), std::memory_order_relaxed);  // as in work()
    const WorkerInfo info{static_cast<int>(worker.index), worker.name};
    log(LogLevel::Debug, worker.name + " starts");
    call_handler(config_.on_start, info, "on_start");
    for (;;) {
        std::uint32_t duty = 0;
        while ((duty = worker.duty.load(std::memory_order_seq_cst)) == Worker::Retired)
            futex_wait(worker.duty, Worker::Retired);
        if (duty == Worker::End) break;
        serve(worker);
        set_busy(worker, false);
        if (worker.in_background) leave_background(worker);
        duty = Worker::Recalled;
        if (!worker.duty.compare_exchange_strong(duty, Worker::Retired, std::memory_order_seq_cst))
            continue;  // called again
        // We may have consumed a wake-up for work that we leave to others.
        if (others_are_needed()) trace_wake(parking_.wake(1));
        // Release pairs with the acquire in end_spares().
        retirements_.fetch_add(1, std::memory_order_release);
        futex_wake_one(retirements_);
    }
    call_handler(config_.on_exit, info, "on_exit");
    log(LogLevel::Debug, worker.name + " ends");
    this_worker = nullptr;
    this_threads_running = nullptr;
}

// The workers are gone. A spare that runs a last task may lend its own slot, so none ends before
// all are asleep at once.
void PoolCore::end_spares() noexcept {
    const auto serves = [](const std::unique_ptr<Worker>& spare) {
        return spare->duty.load(std::memory_order_seq_cst) != Worker::Retired;
    };
    for (SlowWait slow;;) {
        // Acquire pairs with the release in serve_as_spare(): a later retirement changes it.
        const std::uint32_t before = retirements_.load(std::memory_order_acquire);
        const Worker* last = nullptr;
        {
            const MutexLock lock(spares_mutex_);
            const auto spares = live_workers().subspan(count_);
            const auto serving = std::ranges::find_if(spares, serves);
            if (serving == spares.end()) break;
            last = serving->get();
        }
        futex_wait(retirements_, before, slow.due());
        slow.tell_if_due([&](std::int64_t seconds) {
            return what_holds_up("worker pool", last->running, last->name, seconds);
        });
    }
    for (const auto& spare : live_workers().subspan(count_)) {
        spare->duty.store(Worker::End, std::memory_order_seq_cst);
        futex_wake_one(spare->duty);
        join_slowly(spare->thread, "worker pool", spare->running, spare->name);
    }
}

}  // namespace nebula::detail
