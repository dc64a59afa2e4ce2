// SPDX-License-Identifier: MIT
#include "nebula/threading/worker_pool.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/clock.hpp"
#include "nebula/base/mutex.hpp"
#include "nebula/threading/detail/futex.hpp"
#include "nebula/threading/detail/pool_core.hpp"
#include "nebula/threading/io_threads.hpp"
#include "nebula/threading/task_pools.hpp"

#include <algorithm>
#include <atomic>
#include <exception>

namespace nebula {

WorkerPool::WorkerPool(WorkerPoolConfig config) {
    const std::size_t count =
        config.run_inline ? 0 : static_cast<std::size_t>(config.thread_count());
    io_ = std::make_unique<IoThreads>(
        IoThreadsConfig{.most_threads = config.run_inline ? 0 : config.io_threads,
                        .stack_size_bytes = config.stack_size_bytes,
                        .nice = config.background_nice,
                        .on_panic = config.on_panic});
    core_ = new detail::PoolCore(std::move(config), count);
}

WorkerPool::~WorkerPool() {
    // The threads must not be waited for: either this is a pool thread that has called exit() and
    // never returns, or they are in the parent process. README, "fork() and exit()".
    if (detail::exit_was_called_here() || !core_->home().is_here()) {
        core_->abandon();
        detail::keep_until_process_ends(core_);
        return;
    }
    // In every build: a worker that joins itself would hang silently forever.
    if (is_current_thread_worker())
        detail::assert_failed("!is_current_thread_worker()",
                              "a WorkerPool must not be destroyed by one of its own workers");
    // Its jobs may spawn here until they have ended; later jobs run where tasks spawn them.
    io_->close();
    delete core_;
}

int WorkerPool::thread_count() const noexcept { return static_cast<int>(core_->size()); }

detail::Item* WorkerPool::take_item(Band band) { return core_->take_item(band); }
void WorkerPool::spawn_item(detail::Item* item, Order order) noexcept { core_->spawn(item, order); }
void WorkerPool::spawn_items(detail::Item* first, std::size_t count) noexcept {
    core_->spawn_all(first, count);
}
void WorkerPool::discard(detail::Item* item) noexcept { core_->discard(item); }

void WorkerPool::call_on_worker(void (*call)(void*), void* context, SpawnOptions options) {
    detail::require_stack();
    const detail::NestedWait nested;
    if (core_->size() == 0 || is_current_thread_worker()) {
        call(context);
        return;
    }
    constexpr std::uint32_t ended = 1;
    constexpr std::uint32_t ring = 2;  // added when the waiting thread is called for another reason
    std::atomic<std::uint32_t> state{0};
    std::exception_ptr error;
    spawn(
        [&state, &error, call, context] {
            error = detail::run_caught(call, context);
            // Release pairs with the acquire below. Waking a word that is gone is harmless.
            state.fetch_or(ended, std::memory_order_release);
            detail::futex_wake_one(state);
        },
        options);
    for (std::uint32_t word = 0; ((word = state.load(std::memory_order_acquire)) & ended) == 0;)
        detail::PoolCore::sleep_in_wait(core_, state, word, ring);
    if (error != nullptr) std::rethrow_exception(error);
}

bool WorkerPool::try_tick(Band least) noexcept { return core_->help_with_one(least); }

std::size_t WorkerPool::run_until(Clock::time_point deadline, Band least) noexcept {
    std::size_t count = 0;
    while (Clock::now() < deadline && core_->help_with_one(least)) ++count;
    return count;
}

void WorkerPool::broadcast(const std::function<void(int)>& f, const char* name) {
    // In every build, as above.
    if (is_current_thread_worker())
        detail::assert_failed(
            "!is_current_thread_worker()",
            "a worker must not broadcast to its own pool: it would wait for itself");
    core_->home().require();
    detail::require_stack();
    const detail::NestedWait nested;
    // The low bits count the workers that have not finished; the bits above count how often we were
    // called for another reason.
    constexpr std::uint32_t ring = std::uint32_t{1} << 24U;
    // Everything that the tasks use outlives the last of them, which decrements the count last.
    std::atomic<std::uint32_t> pending{static_cast<std::uint32_t>(core_->size())};
    Mutex mutex;
    std::exception_ptr first;
    // All are allocated before the first is sent: if memory runs out, nothing must wait for them.
    std::vector<detail::Item*> items(core_->size());
    for (std::size_t i = 0; i < items.size(); ++i) {
        try {
            items[i] = core_->take_item(Band::Frame);
        } catch (...) {
            while (i > 0) core_->discard(items[--i]);
            throw;
        }
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
        items[i]->task.emplace(
            [&f, &pending, &mutex, &first, i] {
                auto call = [&f, i] { f(static_cast<int>(i)); };
                if (std::exception_ptr error = detail::caught(call)) {
                    const MutexLock lock(mutex);
                    if (first == nullptr) first = std::move(error);
                }
                // Release pairs with the acquire below. Waking a word that is gone is harmless: the
                // kernel only compares its address.
                if ((pending.fetch_sub(1, std::memory_order_acq_rel) & (ring - 1)) == 1)
                    detail::futex_wake_one(pending);
            },
            name);
        core_->spawn_on(i, items[i]);
    }
    for (std::uint32_t word = 0;
         ((word = pending.load(std::memory_order_acquire)) & (ring - 1)) != 0;)
        detail::PoolCore::sleep_in_wait(core_, pending, word, ring);
    if (first != nullptr) std::rethrow_exception(first);
}

bool WorkerPool::should_yield() noexcept {
    const detail::Worker* const worker = detail::PoolCore::current_worker();
    return worker != nullptr && worker->pool.higher_band_waits(worker->band);
}

int WorkerPool::current_worker_index() noexcept {
    const detail::Worker* const worker = detail::PoolCore::current_worker();
    return worker != nullptr ? static_cast<int>(worker->index) : -1;
}

int WorkerPool::worker_index_limit() const noexcept {
    return thread_count() == 0 ? 0 : thread_count() + static_cast<int>(detail::PoolCore::kSpares);
}

std::string_view WorkerPool::current_worker_name() noexcept {
    const detail::Worker* const worker = detail::PoolCore::current_worker();
    return worker != nullptr ? std::string_view(worker->name) : std::string_view();
}

bool WorkerPool::is_current_thread_worker() const noexcept {
    const detail::Worker* const worker = detail::PoolCore::current_worker();
    return worker != nullptr && &worker->pool == core_;
}

std::vector<double> WorkerPool::utilization_per_worker() const {
    std::vector<double> shares(core_->size());
    utilization_per_worker(shares);
    return shares;
}

std::size_t WorkerPool::utilization_per_worker(std::span<double> out) const noexcept {
    const std::size_t count = std::min(out.size(), core_->size());
    const std::uint64_t now = now_ns();
    for (std::size_t i = 0; i < count; ++i) out[i] = core_->worker(i).meter.share(now);
    return count;
}

double WorkerPool::utilization_average() const noexcept {
    const std::uint64_t now = now_ns();
    if (core_->size() == 0) return 0;
    double sum = 0;
    for (std::size_t i = 0; i < core_->size(); ++i) sum += core_->worker(i).meter.share(now);
    return sum / static_cast<double>(core_->size());
}

ComputePool WorkerPool::compute() noexcept { return {*this, Band::Frame}; }
ComputePool WorkerPool::async_compute() noexcept { return {*this, Band::Background}; }
IoPool WorkerPool::io() noexcept { return {*this, *io_}; }

WorkerCounters WorkerPool::counters(int worker) const noexcept {
    NEBULA_ASSERT(worker >= 0 && worker < thread_count(), "the pool has no worker with this index");
    const detail::Worker& w = core_->worker(static_cast<std::size_t>(worker));
    return {w.tasks.get(), w.steals.get(), w.parks.get(), w.wakes.get(), w.meter.busy_ns(now_ns())};
}

std::vector<WorkerCounters> WorkerPool::counters() const {
    std::vector<WorkerCounters> all;
    all.reserve(core_->size());
    for (int i = 0; i < thread_count(); ++i) all.push_back(counters(i));
    return all;
}

std::uint64_t WorkerPool::queued() const noexcept { return core_->queued(); }

std::vector<long> WorkerPool::worker_os_ids() const {
    std::vector<long> ids;
    ids.reserve(core_->size());
    // Relaxed: the constructor has already synchronized with them.
    for (std::size_t i = 0; i < core_->size(); ++i)
        ids.push_back(core_->worker(i).os_id.load(std::memory_order_relaxed));
    return ids;
}

}  // namespace nebula
