// SPDX-License-Identifier: MIT
// The core of WorkerPool. Start with README.md in the folder above.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/base/mutex.hpp"
#include "nebula/threading/band.hpp"
#include "nebula/threading/detail/asymmetric_fence.hpp"
#include "nebula/threading/detail/free_lists.hpp"
#include "nebula/threading/detail/group_state.hpp"
#include "nebula/threading/detail/injector.hpp"
#include "nebula/threading/detail/item.hpp"
#include "nebula/threading/detail/parking.hpp"
#include "nebula/threading/detail/process.hpp"
#include "nebula/threading/detail/region_watch.hpp"
#include "nebula/threading/detail/task_trace.hpp"
#include "nebula/threading/detail/worker.hpp"
#include "nebula/threading/fork_context.hpp"
#include "nebula/threading/nesting.hpp"
#include "nebula/threading/worker_pool_config.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace nebula::detail {

class InlineTurn;

/// While it lives, the calling worker, of any pool, counts as idle, because it sleeps in a wait.
class IdleWhileAsleep {
public:
    IdleWhileAsleep() noexcept;
    ~IdleWhileAsleep();
    IdleWhileAsleep(const IdleWhileAsleep&) = delete;
    IdleWhileAsleep& operator=(const IdleWhileAsleep&) = delete;

private:
    Worker* const worker_;  // null: not a worker, or already idle
};

/// Workers, injectors and parking, and the loop that connects them.
///
/// Threads:   any thread, unless a function says otherwise.
class PoolCore {
public:
    /// Returns when every worker is running under its name and has called on_start.
    /// \throws std::system_error if a thread cannot be started; the others are joined.
    PoolCore(WorkerPoolConfig config, std::size_t count);
    /// Runs what is queued and joins all workers. Must not be called by one of them.
    ~PoolCore();
    PoolCore(const PoolCore&) = delete;
    PoolCore& operator=(const PoolCore&) = delete;

    static constexpr std::size_t kSpares = 4;

    /// The calling worker, of any pool; null on any other thread.
    [[nodiscard]] static Worker* current_worker() noexcept;
    [[nodiscard]] FreeLists& free_lists() noexcept { return free_lists_; }

    // ---- detached tasks

    /// An item to put a closure into, for spawn() or discard(). \throws std::bad_alloc
    [[nodiscard]] Item* take_item(Band band);
    void spawn(Item* item, Order order) noexcept;
    /// Spawns at least one item; all of one band, chained by `next`.
    void spawn_all(Item* first, std::size_t count) noexcept;
    /// Gives an item without a closure back to the store.
    void discard(Item* item) noexcept;
    /// Runs the item on that worker and no other.
    void spawn_on(std::size_t worker, Item* item) noexcept;
    /// Runs one queued item of at least that urgency on the calling thread; false if there is none.
    bool try_run_one(Band least) noexcept;
    /// The same for a caller that others do not depend on: also false if little stack is left.
    bool help_with_one(Band least) noexcept { return has_stack_to_help() && try_run_one(least); }

    // ---- groups

    [[nodiscard]] GroupState& open_group(Band band);
    /// Calls a helper, with a reference to the group; in a pool without workers, the caller is that
    /// helper. False if there is no memory for a ticket.
    [[nodiscard]] bool publish_ticket(GroupState& group) noexcept;
    /// True when all tasks of the group have ended; false if the deadline came first. Call it on
    /// the thread that opened the group.
    bool wait_for_group(GroupState& group, Clock::time_point deadline, Help help) noexcept;
    /// Call it after the last wait: takes back tickets that nobody has looked at, and the owner's
    /// reference.
    void close_group(GroupState& group) noexcept;

    /// Calls f; returns what it threw, with the names, if anything.
    template <class F>
    [[nodiscard]] static TaskError run_guarded(const char* task_name, F&& f) noexcept {
        // A separate path, so that nothing is kept across the call without a tracer.
        if (TaskTrace::wanted()) [[unlikely]]
            return run_traced(task_name, f);
        return run_caught(task_name, f);
    }
    template <class F>
    [[nodiscard, gnu::noinline]] static TaskError run_traced(const char* task_name, F& f) noexcept {
        const TaskTrace trace(task_name);
        return run_caught(task_name, f);
    }
    template <class F>
    [[nodiscard]] static TaskError run_caught(const char* task_name, F& f) noexcept {
        try {
            f();
        } catch (NestedTooDeep& error) {
            error.name_task(task_name);
            return {std::current_exception(), this_thread_name(), task_name};
        } catch (...) {
            return {std::current_exception(), this_thread_name(), task_name};
        }
        return {};
    }
    /// Calls the panic handler, on the thread where it happened or on that of the group's owner.
    void report(const TaskError& error) const noexcept;

    // ---- joins

    /// The calling thread's place for branches if it is a worker of this pool, or one that is lent
    /// to it; null if there is none.
    [[nodiscard]] ForkSeat* borrow_fork_seat(bool& lent) noexcept;
    void give_back(ForkSeat& seat) noexcept;
    void enter_region(ForkSeat& seat) noexcept;
    void leave_region(ForkSeat& seat) noexcept;
    /// For the thief of the branch that the owner pushed at `index`.
    void wait_for_branch(ForkSeat& owner, std::int64_t index) noexcept;

    // ---- waits: README, "Waits across pools"

    /// Sleeps while `word` is `expected`, until woken or until the deadline; may return early.
    /// Threads of `by` do what it waits for; null: other threads do.
    ///
    /// Meanwhile a worker runs tasks that are sent to it alone, and lends its place if it waits for
    /// a pool other than its own; an io thread lends its place, too.
    /// \param step  may be added to the word at any time without changing its meaning
    static void sleep_in_wait(const PoolCore* by, std::atomic<std::uint32_t>& word,
                              std::uint32_t expected, std::uint32_t step,
                              Clock::time_point deadline = Clock::time_point::max()) noexcept;

    // ---- fork() and exit(): README

    [[nodiscard]] const HomeProcess& home() const noexcept { return home_; }
    /// Used instead of the destructor if nobody may wait for the workers: they stop before the next
    /// task, and the caller keeps the memory.
    void abandon() noexcept { abandoned_.store(true, std::memory_order_relaxed); }

    // ---- blocked workers: README

    /// Called by the worker that is about to block. Null if there is no spare left.
    [[nodiscard]] Worker* lend_slot(Worker& worker) noexcept NEBULA_EXCLUDES(spares_mutex_);
    void take_slot_back(Worker& worker, Worker* spare) noexcept NEBULA_EXCLUDES(spares_mutex_);

    // ---- queries

    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    [[nodiscard]] const Worker& worker(std::size_t index) const noexcept {
        return *workers_[index];
    }
    [[nodiscard]] std::uint64_t queued() const noexcept;
    [[nodiscard]] bool higher_band_waits(Band band) const noexcept;
    [[nodiscard]] static std::string this_thread_name();

private:
    struct StolenBranch {
        ForkSeat* owner = nullptr;
        JoinRecord* record = nullptr;
        std::int64_t index = 0;
    };
    // What a worker has found: an item, or a branch that it has stolen.
    struct Found {
        Item* item = nullptr;
        StolenBranch branch{};
        explicit operator bool() const noexcept {
            return item != nullptr || branch.record != nullptr;
        }
    };

    static constexpr std::size_t kGuests = 16;
    // Includes spares that were needed at least once.
    [[nodiscard]] std::span<const std::unique_ptr<Worker>> live_workers() const noexcept {
        // Seq_cst: if a parking worker does not see a spare yet, the spare's publications see it.
        return {workers_.data(), live_.load(std::memory_order_seq_cst)};
    }
    [[nodiscard]] Worker* take_spare() NEBULA_REQUIRES(spares_mutex_);
    [[nodiscard]] bool is_recalled(const Worker& worker) const noexcept;
    [[nodiscard]] bool may_end(const Worker& worker) const noexcept;
    void serve(Worker& worker) noexcept;
    void serve_as_spare(Worker& worker) noexcept;
    void end_spares() noexcept;

    void sleep_lent(Worker& worker, const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                    Clock::time_point deadline) noexcept;
    void help_in_wait(Worker& worker, const std::atomic<std::uint32_t>& word,
                      std::uint32_t expected, Clock::time_point deadline) noexcept;
    [[nodiscard]] bool run_inbox(Worker& worker) noexcept;
    // Checked between two tasks: whether nothing may run any more. Relaxed: only a flag.
    [[nodiscard]] bool halted() const noexcept {
        return abandoned_.load(std::memory_order_relaxed) || !home_.is_here();
    }
    [[noreturn]] void halt() const noexcept;

    [[nodiscard]] Worker* own_current_worker() const noexcept;
    [[nodiscard]] ItemCache* own_cache() const noexcept;
    void publish(Item* item) noexcept;
    void run_inline(const InlineTurn& turn) noexcept;
    void help_group(GroupState& group, const InlineTurn& inline_turn) noexcept;
    [[nodiscard]] Item* take_any(std::size_t band) noexcept;
    [[nodiscard]] bool run_one_of(GroupState& group, Item* ticket) noexcept;
    [[nodiscard]] bool work_visible(Worker* for_worker) const noexcept;
    [[nodiscard]] bool background_allowed() const noexcept;

    template <class Visit>  // bool(ForkSeat&): true stops
    bool for_each_seat(Visit&& visit) noexcept;
    [[nodiscard]] bool region_active() noexcept;
    [[nodiscard]] bool branch_visible() noexcept;
    [[nodiscard]] bool others_are_needed() noexcept;
    void run_branch(ForkSeat& thief, const StolenBranch& branch) noexcept;

    // Called on the worker itself.
    static void* thread_entry(void* worker) noexcept;
    void work(Worker& worker) noexcept;
    [[nodiscard]] Found find_work(Worker& worker) noexcept;
    [[nodiscard]] Item* find_in_band(Worker& worker, std::size_t band, bool from_bottom,
                                     bool& lost) noexcept;
    [[nodiscard]] Item* steal(Worker& thief, std::size_t band, bool& lost) noexcept;
    [[nodiscard]] Found steal_branch(Worker& thief, bool& lost) noexcept;
    [[nodiscard]] bool enter_background(Worker& worker) noexcept;
    void leave_background(Worker& worker) noexcept;
    [[nodiscard]] bool park(Worker& worker) noexcept;  // false: the pool is stopping
    [[nodiscard]] bool look_before_park(Worker& worker) noexcept;
    [[nodiscard]] bool give_memory_back(Worker& worker) noexcept;
    [[nodiscard]] bool watch_regions(Worker& worker) noexcept;
    void run(Worker& worker, const Found& found) noexcept;
    void run_task(Item* item, Worker* on) noexcept;  // null: not on a worker of this pool
    void run_ticket(Worker& worker, Item* ticket) noexcept;

    void stop_and_join() noexcept;

    const WorkerPoolConfig config_;
    const std::size_t count_;             // workers, without spares
    const std::size_t background_limit_;  // workers that may run Background work at once
    const HomeProcess home_;
    const FenceRegistration fences_;
    FreeLists free_lists_;
    // The first count_ are fixed before the first thread starts; spares follow as they are needed.
    // live_workers() are those that exist.
    std::vector<std::unique_ptr<Worker>> workers_;
    std::atomic<std::size_t> live_{0};  // written under spares_mutex_
    Mutex spares_mutex_;
    std::atomic<std::uint32_t> retirements_{0};      // the destructor sleeps on it
    std::vector<std::unique_ptr<ForkSeat>> guests_;  // the same
    std::size_t threads_started_ = 0;                // constructor and destructor only
    std::array<Injector<Item>, kBandCount> injectors_;
    Parking parking_;
    std::atomic<bool> stopping_{false};  // a source of work to parking: README
    std::atomic<bool> abandoned_{false};
    std::atomic<std::uint32_t> workers_ready_{0};  // the constructor sleeps on it
    alignas(2 * kCacheLine) std::atomic<std::size_t> background_running_{0};
    std::atomic<std::uint32_t> guests_lent_{0};  // how many must be looked at
    RegionWatch region_watch_;
};

}  // namespace nebula::detail
