// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/pool_core.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/log.hpp"
#include "nebula/base/yield_point.hpp"
#include "nebula/threading/detail/os_thread.hpp"
#include "nebula/threading/detail/panic.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace nebula::detail {
namespace {

// One pointer, no destructor: the extension is unloaded with threads of others still alive.
constinit thread_local Worker* tls_worker = nullptr;

// Every so many picks a worker looks from the bottom. A prime, so that it does not fall into step
// with work that comes in powers of two; 61 keeps what is lost to a lower band under 2 %.
constexpr std::uint64_t kFairnessInterval = 61;

std::uint64_t window_ns(const WorkerPoolConfig& config) {
    using std::chrono::milliseconds;
    return static_cast<std::uint64_t>(
        std::chrono::nanoseconds(
            std::clamp(config.utilization_window, milliseconds(10), milliseconds(60'000)))
            .count());
}

std::uint64_t next_random(std::uint64_t& state) noexcept {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    return state;
}

void set_busy(Worker& worker, bool busy) noexcept {
    if (worker.busy == busy) return;
    worker.busy = busy;
    busy ? worker.meter.begin(now_ns()) : worker.meter.end(now_ns());
}

}  // namespace

PoolCore::PoolCore(WorkerPoolConfig config, std::size_t count)
    : config_(std::move(config)), parking_(count) {
    const std::uint64_t now = now_ns();
    workers_.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
        workers_.push_back(std::make_unique<Worker>(
            *this, i, config_.name_prefix + "-" + std::to_string(i), now, window_ns(config_)));
    try {
        for (const auto& worker : workers_) {
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
    log(LogLevel::Info, "worker pool: " + std::to_string(count) + " threads run, " +
                            workers_.front()->name + " to " + workers_.back()->name +
                            ", stacks of " + std::to_string(config_.stack_size_bytes / 1024) +
                            " KiB");
}

PoolCore::~PoolCore() {
    stop_and_join();
    std::uint64_t tasks = 0;
    for (const auto& worker : workers_) tasks += worker->tasks.get();
    log(LogLevel::Info,
        "worker pool: stopped, its threads ran " + std::to_string(tasks) + " tasks");
}

void PoolCore::stop_and_join() noexcept {
    stopping_.store(true, std::memory_order_seq_cst);
    parking_.wake_all();
    for (std::size_t i = 0; i < threads_started_; ++i) pthread_join(workers_[i]->thread, nullptr);
    threads_started_ = 0;
}

Worker* PoolCore::current_worker() noexcept { return tls_worker; }

Worker* PoolCore::own_current_worker() const noexcept {
    Worker* const worker = tls_worker;
    return worker != nullptr && &worker->pool == this ? worker : nullptr;
}

// ---- spawning: any thread

void PoolCore::count_spawned() noexcept {
    if (Worker* const worker = own_current_worker())
        worker->spawned.add();
    else
        foreign_spawned_.fetch_add(1, std::memory_order_relaxed);  // a number, as OwnedCounter
}

void PoolCore::count_started(Worker* worker) noexcept {
    if (worker != nullptr)
        worker->tasks.add();
    else
        foreign_started_.fetch_add(1, std::memory_order_relaxed);  // a number, as OwnedCounter
}

void PoolCore::publish(Item* item) noexcept {
    const auto band = static_cast<std::size_t>(item->band);
    Worker* const worker = own_current_worker();
    if (worker == nullptr || !worker->deques[band].push(item)) injectors_[band].push(item);
    NEBULA_YIELD_POINT();
    parking_.wake(1);
}

void PoolCore::spawn_detached(TaskNode* task) noexcept {
    count_spawned();
    publish(task);
}

void PoolCore::spawn_in_group(GroupState& group, TaskNode* task) noexcept {
    count_spawned();
    if (group.add(task)) publish(&group);
}

// ---- waiting for a group: its owner, any thread

bool PoolCore::wait_for_group(GroupState& group, Clock::time_point deadline) noexcept {
    Worker* const worker = own_current_worker();
    GroupError error;
    for (bool finished = false;;) {
        // Clock first, lock after: it is the longer of the two.
        const bool may_start = deadline == Clock::time_point::max() || Clock::now() < deadline;
        const GroupState::Turn turn =
            group.next_turn(finished, std::exchange(error, {}), may_start);
        finished = turn.task != nullptr;
        if (turn.all_ended) return true;
        if (finished) {
            count_started(worker);
            error = run_task(turn.task);
        } else if (!may_start) {
            group.stop_waiting();
            return false;
        } else {
            // Of whatever pool: its thread does not work while it sleeps here.
            Worker* const sleeper = tls_worker;
            if (sleeper != nullptr) set_busy(*sleeper, false);
            group.sleep(turn.epoch, deadline);
            if (sleeper != nullptr) set_busy(*sleeper, true);
        }
    }
}

GroupError PoolCore::run_task(TaskNode* task) noexcept {
    GroupError error;
    try {
        task->function();
    } catch (...) {
        Worker* const worker = tls_worker;
        error = {std::current_exception(), worker != nullptr ? worker->name : "caller", task->name};
    }
    delete task;  // and the closure with it, before anybody hears that the task has ended
    return error;
}

void PoolCore::report(const GroupError& error) const noexcept {
    const std::string message = describe(error.exception);
    const PanicInfo info{message, error.exception, error.worker_name,
                         error.task_name != nullptr ? error.task_name : "unnamed"};
    config_.on_panic ? config_.on_panic(info) : log_panic(info);
}

// ---- looking for work

bool PoolCore::work_visible() const noexcept {
    for (const auto& injector : injectors_)
        if (injector.has_items()) return true;
    for (const auto& worker : workers_)
        for (const auto& deque : worker->deques)
            if (deque.has_items()) return true;
    return false;
}

bool PoolCore::higher_band_waits(Band band) const noexcept {
    for (std::size_t b = 0; b < static_cast<std::size_t>(band); ++b) {
        if (injectors_[b].size_hint() != 0) return true;
        for (const auto& worker : workers_)
            if (worker->deques[b].size_hint() != 0) return true;
    }
    return false;
}

std::uint64_t PoolCore::queued() const noexcept {
    // Started before spawned: then a task between the two reads counts as queued, never as -1.
    std::uint64_t started = foreign_started_.load(std::memory_order_relaxed);
    for (const auto& worker : workers_) started += worker->tasks.get();
    std::uint64_t spawned = foreign_spawned_.load(std::memory_order_relaxed);
    for (const auto& worker : workers_) spawned += worker->spawned.get();
    return spawned > started ? spawned - started : 0;
}

// ---- the workers

void* PoolCore::thread_entry(void* worker) noexcept {
    Worker& self = *static_cast<Worker*>(worker);
    self.pool.work(self);
    return nullptr;
}

void PoolCore::work(Worker& worker) noexcept {
    tls_worker = &worker;
    name_this_thread(os_thread_name(config_.name_prefix, worker.index));
    // Relaxed: workers_ready_ publishes it.
    worker.os_id.store(this_thread_os_id(), std::memory_order_relaxed);
    const WorkerInfo info{static_cast<int>(worker.index), worker.name};
    log(LogLevel::Debug, worker.name + " starts");
    if (config_.on_start) config_.on_start(info);
    workers_ready_.fetch_add(1, std::memory_order_release);  // pairs with the constructor's acquire
    futex_wake_one(workers_ready_);

    for (;;) {
        if (Item* const item = find_item(worker)) {
            set_busy(worker, true);
            if (std::exchange(worker.left_parking, false) && work_visible()) parking_.wake(1);
            run(worker, *item);
        } else {
            set_busy(worker, false);
            if (!park(worker)) break;
            worker.left_parking = true;
        }
    }

    if (config_.on_exit) config_.on_exit(info);
    log(LogLevel::Debug, worker.name + " ends");
    tls_worker = nullptr;
}

bool PoolCore::park(Worker& worker) noexcept {
    parking_.announce(worker.index);
    const bool found = work_visible();
    if (found || stopping_.load(std::memory_order_seq_cst)) {
        parking_.withdraw(worker.index);
        return found;
    }
    worker.parks.add();
    worker.wakes.add(parking_.sleep(worker.index));
    return true;
}

Item* PoolCore::find_item(Worker& worker) noexcept {
    const std::uint64_t pick = ++worker.picks;
    bool from_bottom = pick % kFairnessInterval == 0;
    for (;;) {
        bool lost = false;
        for (std::size_t i = 0; i < kBandCount; ++i) {
            const std::size_t band = from_bottom ? kBandCount - 1 - i : i;
            WorkDeque<Item>& own = worker.deques[band];
            // From the bottom also means oldest first, and the injector's turn every other time.
            if (from_bottom && pick % (2 * kFairnessInterval) == 0)
                if (Item* const item = injectors_[band].pop()) return item;
            if (Item* const item = from_bottom ? own.steal().item : own.pop()) return item;
            if (Item* const item = injectors_[band].pop()) return item;
            if (Item* const item = steal(worker, band, lost)) return item;
        }
        if (!lost && !from_bottom) return nullptr;
        from_bottom = false;
    }
}

Item* PoolCore::steal(Worker& thief, std::size_t band, bool& lost) noexcept {
    const std::size_t count = workers_.size();
    if (count == 1) return nullptr;
    std::size_t victim = next_random(thief.random) % count;
    for (std::size_t i = 0; i < count; ++i, victim = victim + 1 == count ? 0 : victim + 1) {
        if (victim == thief.index) continue;
        const StealResult<Item> result = workers_[victim]->deques[band].steal();
        if (result.outcome == StealOutcome::Item) {
            thief.steals.add();
            return result.item;
        }
        lost |= result.outcome == StealOutcome::Lost;
    }
    return nullptr;
}

void PoolCore::run(Worker& worker, Item& item) noexcept {
    if (item.kind == Item::Kind::Ticket) {
        run_ticket(worker, static_cast<GroupState&>(item));
        return;
    }
    count_started(&worker);
    const GroupError error = run_task(static_cast<TaskNode*>(&item));
    if (error.exception != nullptr) report(error);
}

void PoolCore::run_ticket(Worker& worker, GroupState& group) noexcept {
    TaskNode* task = group.take_by_ticket();
    while (task != nullptr) {
        count_started(&worker);
        GroupError error = run_task(task);
        if (++worker.picks % kFairnessInterval == kFairnessInterval - 1 ||
            higher_band_waits(group.band)) {
            if (!group.finish_and_keep_ticket(std::move(error))) break;
            publish(&group);
            return;
        }
        task = group.finish_and_take(std::move(error));
    }
    group.release();
}

}  // namespace nebula::detail
