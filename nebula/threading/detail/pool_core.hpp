// SPDX-License-Identifier: MIT
// The engine room of WorkerPool. Start with README.md in the folder above.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/threading/band.hpp"
#include "nebula/threading/detail/group_state.hpp"
#include "nebula/threading/detail/injector.hpp"
#include "nebula/threading/detail/parking.hpp"
#include "nebula/threading/detail/task_node.hpp"
#include "nebula/threading/detail/worker.hpp"
#include "nebula/threading/worker_pool_config.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace nebula::detail {

/// Workers, injectors and parking, and the loop that binds them.
///
/// Threads:   any thread, unless a function says otherwise.
class PoolCore {
public:
    /// Returns when every worker runs under its name and has called on_start.
    /// \throws std::system_error if a thread cannot be started; those that were are joined.
    PoolCore(WorkerPoolConfig config, std::size_t count);
    /// Runs what is queued, joins all workers. Not on one of them.
    ~PoolCore();
    PoolCore(const PoolCore&) = delete;
    PoolCore& operator=(const PoolCore&) = delete;

    /// The worker that the calling thread is, of whatever pool; null on any other thread.
    [[nodiscard]] static Worker* current_worker() noexcept;

    void spawn_detached(TaskNode* task) noexcept;
    void spawn_in_group(GroupState& group, TaskNode* task) noexcept;
    /// True when all tasks of the group ended; false when the deadline came first.
    bool wait_for_group(GroupState& group, Clock::time_point deadline) noexcept;
    /// Tells the panic handler. On the thread where it happened, or the group's owner's.
    void report(const GroupError& error) const noexcept;

    [[nodiscard]] std::size_t size() const noexcept { return workers_.size(); }
    [[nodiscard]] const Worker& worker(std::size_t index) const noexcept {
        return *workers_[index];
    }
    [[nodiscard]] std::uint64_t queued() const noexcept;

private:
    [[nodiscard]] Worker* own_current_worker() const noexcept;
    void count_spawned() noexcept;
    void count_started(Worker* worker) noexcept;
    void publish(Item* item) noexcept;
    [[nodiscard]] bool work_visible() const noexcept;
    [[nodiscard]] bool higher_band_waits(Band band) const noexcept;

    // On the worker itself.
    static void* thread_entry(void* worker) noexcept;
    void work(Worker& worker) noexcept;
    [[nodiscard]] Item* find_item(Worker& worker) noexcept;
    [[nodiscard]] Item* steal(Worker& thief, std::size_t band, bool& lost) noexcept;
    [[nodiscard]] bool park(Worker& worker) noexcept;  // false: the pool stops
    void run(Worker& worker, Item& item) noexcept;
    void run_ticket(Worker& worker, GroupState& group) noexcept;

    // Runs and destroys the task; what it threw, with the names, if anything.
    [[nodiscard]] GroupError run_task(TaskNode* task) noexcept;

    void stop_and_join() noexcept;

    const WorkerPoolConfig config_;
    std::vector<std::unique_ptr<Worker>> workers_;  // fixed before the first thread starts
    std::size_t threads_started_ = 0;               // constructor and destructor only
    std::array<Injector<Item>, kBandCount> injectors_;
    Parking parking_;
    std::atomic<bool> stopping_{false};            // a source of work to parking: README
    std::atomic<std::uint32_t> workers_ready_{0};  // the constructor sleeps on it
    alignas(2 * kCacheLine) std::atomic<std::uint64_t> foreign_spawned_{0};
    std::atomic<std::uint64_t> foreign_started_{0};
};

}  // namespace nebula::detail
