// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/pool_core.hpp"

#include "nebula/base/log.hpp"
#include "nebula/threading/blocking_region.hpp"
#include "nebula/threading/detail/os_thread.hpp"
#include "nebula/threading/detail/panic.hpp"
#include "nebula/threading/detail/pool_parts.hpp"
#include "nebula/threading/detail/slow_wait.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace nebula::detail {

constinit thread_local ForkSeat* current_fork_seat = nullptr;
constinit thread_local Worker* this_worker = nullptr;

namespace {

// At least one worker is left for Background work, or that work would never be done.
std::size_t background_reserve(const WorkerPoolConfig& config, std::size_t count) {
    const int wanted = config.background_reserve.value_or(count >= 3 ? 1 : 0);
    return std::min(static_cast<std::size_t>(std::max(wanted, 0)),
                    std::max(count, std::size_t{1}) - 1);
}

}  // namespace

PoolCore::PoolCore(WorkerPoolConfig config, std::size_t count)
    : config_(std::move(config)),
      count_(count),
      background_limit_(count - std::min(count, background_reserve(config_, count))),
      fences_(count != 0),
      free_lists_(*this, count == 0 ? Slabs::Keep::Fixed : Slabs::Keep::MoreAfterBursts),
      parking_(count + kSpares) {
    const std::uint64_t now = now_ns();
    workers_.resize(count == 0 ? 0 : count + kSpares);  // never moved again
    for (std::size_t i = 0; i < count; ++i)
        workers_[i] = std::make_unique<Worker>(
            *this, i, config_.name_prefix + "-" + std::to_string(i), now, window_ns(config_));
    live_.store(count, std::memory_order_seq_cst);
    guests_.reserve(kGuests);
    for (std::size_t i = 0; i < kGuests; ++i) guests_.push_back(std::make_unique<ForkSeat>(*this));
    try {
        for (const auto& worker : live_workers()) {
            worker->thread = start_thread(thread_entry, worker.get(), config_.stack_size_bytes);
            ++threads_started_;
        }
    } catch (...) {
        log(LogLevel::Error, "worker pool: only " + std::to_string(threads_started_) + " of " +
                                 std::to_string(count) + " threads could be started");
        stop_and_join();
        throw;
    }
    // Acquire pairs with the release in work(): names, numbers, and what on_start did.
    for (std::uint32_t ready = 0; (ready = workers_ready_.load(std::memory_order_acquire)) < count;)
        futex_wait(workers_ready_, ready);
    if (count == 0) {
        log(LogLevel::Info,
            "worker pool: started without threads; tasks run inside the call "
            "that spawns them");
        return;
    }
    log(LogLevel::Info, "worker pool: " + std::to_string(count) + " threads running, " +
                            workers_.front()->name + " to " + workers_[count - 1]->name +
                            ", stacks of " + std::to_string(config_.stack_size_bytes / 1024) +
                            " KiB");
}

PoolCore::~PoolCore() {
    stop_and_join();
    std::uint64_t tasks = 0;
    for (const auto& worker : live_workers()) tasks += worker->tasks.get();
    log(LogLevel::Info, "worker pool: stopped after running " + std::to_string(tasks) + " tasks");
}

void PoolCore::stop_and_join() noexcept {
    const BlockingRegion blocked;  // we may be a worker of another pool, which our tasks wait for
    stopping_.store(true, std::memory_order_seq_cst);
    parking_.wake_all();
    for (std::size_t i = 0; i < threads_started_; ++i) {
        const Worker& worker = *workers_[i];
        join_slowly(worker.thread, "worker pool", worker.running, worker.name);
    }
    threads_started_ = 0;
    end_spares();
    // Tasks that the exit handlers have spawned, and, in a pool without workers, tasks to which a
    // task of another pool still has to return.
    while (try_run_one(Band::Background)) {
    }
}

Worker* PoolCore::current_worker() noexcept { return this_worker; }

Worker* PoolCore::own_current_worker() const noexcept {
    Worker* const worker = this_worker;
    return worker != nullptr && &worker->pool == this ? worker : nullptr;
}

ItemCache* PoolCore::own_cache() const noexcept {
    Worker* const worker = own_current_worker();
    return worker != nullptr ? &worker->cache : nullptr;
}

std::string PoolCore::this_thread_name() {
    return this_worker != nullptr ? this_worker->name : "caller";
}

void PoolCore::report(const TaskError& error) const noexcept {
    tell_panic(config_.on_panic, error.exception, error.worker_name, error.task_name);
}

// ---- queries

std::uint64_t PoolCore::queued() const noexcept {
    home_.require();
    std::uint64_t count = free_lists_.pending_in_groups();
    for (const auto& injector : injectors_) count += injector.size_hint();
    for (const auto& worker : live_workers()) {
        count += worker->inbox.size_hint();
        for (const auto& deque : worker->deques) count += deque.size_hint();
    }
    return count;
}

}  // namespace nebula::detail
