// SPDX-License-Identifier: MIT
// Work whose order changes while it waits. How it works inside: README.md, "Ranked tasks".
#pragma once

#include "nebula/base/cache_line.hpp"
#include "nebula/base/mutex.hpp"
#include "nebula/base/small_function.hpp"
#include "nebula/threading/band.hpp"
#include "nebula/threading/detail/process.hpp"
#include "nebula/threading/detail/ranked_queue.hpp"
#include "nebula/threading/detail/ticket_count.hpp"
#include "nebula/threading/task_group.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace nebula {

class WorkerPool;

namespace detail {
class RankedResultsBase;
}

struct RankedOptions {
    Band band = Band::Background;
    /// How many tasks of this queue may run at a time; 0: as many as there are workers.
    int max_running = 0;
    /// How long one pool task runs tasks of this queue before it lets other work in. It runs at
    /// least one.
    std::chrono::nanoseconds slice = std::chrono::microseconds(100);
};

/// A queued task as the rank function sees it.
struct RankedTask {
    std::uint64_t tag;  ///< As given to spawn; the rank is computed from it.
    float rank;         ///< The current rank.
};

/// Background work that runs nearest first, even if "near" moves meanwhile.
///
///     RankedTasks far_chunks(pool);
///     for (ChunkCoord c : ring)
///         far_chunks.spawn(distance(camera, c), [=] { generate(c); }, pack(c));
///     …
///     far_chunks.rerank([camera](const RankedTask& t) { return distance(camera, unpack(t.tag));
///     });
///
/// Ranks are distances: smaller is sooner, and negative ranks count as 0. Tasks are kept in 64
/// rings: four for each doubling of rank + 1, the last one from 65 535 upwards. Inside a ring, the
/// order is roughly that of spawning. A new rank function costs its caller only the call: tasks are
/// ranked again when they are about to run, and the others in the background.
///
/// On a pool without workers a task runs where it is spawned, before spawn() returns.
///
/// Threads:   spawn, cancel, cancel_all, rerank, queued: any thread. wait and the destructor: owner
///            thread. Closures run on workers, or in wait(). The rank function runs on several
///            workers at once.
/// Cost:      spawn, cancel and starting a task: one short lock each, that of a ring; one more
///            per 64 tasks, and memory from the system per 512 tasks in a burst. One pool task per
///            slice.
///            rerank(function): one allocation. Ranking takes 0.1 to 0.2 µs per queued task, on
///            workers, and never more than about a fifth of one worker's time.
/// Lifetime:  the destructor drops queued tasks and waits for running ones; the pool must outlive
///            it. An Id may be kept as long as the queue lives, and never names another task.
/// Throws:    spawn: std::bad_alloc, with nothing queued, and what copying the closure throws. A
///            task's exception goes to the pool's panic handler. The rank function must not throw,
///            and must not call rerank(id) for the task that it is ranking.
class RankedTasks {
    struct Entry;

public:
    class Id {
    public:
        Id() noexcept = default;  ///< Names nothing.

    private:
        friend class RankedTasks;
        Id(Entry* entry, std::uint64_t serial) noexcept : entry_(entry), serial_(serial) {}
        Entry* entry_ = nullptr;
        std::uint64_t serial_ = 0;
    };
    using RankFunction = std::function<float(const RankedTask&)>;

    explicit RankedTasks(WorkerPool& pool, RankedOptions options = {});
    ~RankedTasks();
    RankedTasks(const RankedTasks&) = delete;
    RankedTasks& operator=(const RankedTasks&) = delete;

    /// \param tag   passed to the rank function.
    /// \param name  for the panic handler; a literal.
    template <class F>
        requires std::is_invocable_v<std::decay_t<F>&>
    Id spawn(float rank, F&& f, std::uint64_t tag = 0, const char* name = nullptr) {
        Closure closure(std::forward<F>(f));
        return add(rank, closure, tag, name);
    }

    /// Drops a task that has not begun, and destroys its closure at once; if the task is being
    /// ranked again, a moment later. \returns false if it has begun, ended or been cancelled.
    bool cancel(Id id) noexcept;
    /// Drops all queued tasks, and possibly some that are spawned meanwhile. \returns how many,
    /// without those that are being ranked again.
    std::size_t cancel_all() noexcept;

    /// Changes the rank of one task. \returns false if it is not queued any more.
    bool rerank(Id id, float rank) noexcept;
    /// Gives all tasks the rank that `rank_of` returns, except those that are spawned later.
    void rerank(RankFunction rank_of);

    /// How many tasks have not begun. Outdated at once.
    [[nodiscard]] std::size_t queued() const noexcept {
        const std::size_t queued = queued_.load(std::memory_order_relaxed);  // only the number
        if (queued != 0) home_.require();  // in a child of fork() they would never begin
        return queued;
    }
    /// Whether the queue has a task that could begin. Exact, but outdated at once.
    [[nodiscard]] bool any_queued() const noexcept {
        const bool any = occupied_.mask() != 0;
        if (any) home_.require();
        return any;
    }
    /// The number of tasks that there is memory for. What a burst took goes back to the system when
    /// the burst is over.
    [[nodiscard]] std::size_t capacity() const noexcept {
        return capacity_.load(std::memory_order_relaxed);  // as above
    }

    /// Runs the nearest task here, regardless of max_running. Returns false if there is none, or if
    /// tasks that call try_tick() have nearly used up this thread's stack.
    bool try_tick() noexcept;

    /// Helps, and returns when all tasks have ended. It may not return while others spawn tasks.
    void wait() noexcept;

private:
    friend class detail::RankedResultsBase;
    using Closure = SmallFunction<void(), 48>;
    static constexpr std::size_t kRings = 64;  // the bits of OccupiedRings
    static constexpr std::size_t kBatch = 64;  // tasks that are ranked or given back at a time

    struct RankedBy {
        RankFunction rank_of;
        std::uint32_t generation;
    };
    struct Slab;
    struct Taken {
        Entry* entry = nullptr;
    };
    // Entries chained by `next`.
    struct Chain {
        Entry* first = nullptr;
        std::size_t size = 0;
        std::uint32_t cancelled = 0;  // cancelled_ at the time they were taken out of their ring
    };
    using Sorted = std::array<Chain, kRings>;
    struct alignas(2 * kCacheLine) Ring {
        Mutex mutex;
        Entry* oldest NEBULA_GUARDED_BY(mutex) = nullptr;  // the stale ones, then the fresh ones
        Entry* youngest NEBULA_GUARDED_BY(mutex) = nullptr;
        Entry* free NEBULA_GUARDED_BY(mutex) = nullptr;
        std::size_t free_count NEBULA_GUARDED_BY(mutex) = 0;
    };

    static std::size_t ring_of(float rank) noexcept;

    Id add(float rank, Closure& closure, std::uint64_t tag, const char* name);

    [[nodiscard]] bool is_fresh(const Entry& entry) const noexcept;
    // Into and out of the list of a ring. For link(), the entry's status must name the ring
    // already.
    void link(Ring& ring, Entry& entry) noexcept NEBULA_REQUIRES(ring.mutex);
    void unlink(Ring& ring, Entry& entry) noexcept NEBULA_REQUIRES(ring.mutex);
    // What it returns, if anything, is a chain for give_chain(), without the lock.
    [[nodiscard]] Entry* recycle(Ring& ring, Entry& entry) noexcept NEBULA_REQUIRES(ring.mutex);
    // Takes out the oldest entries and marks them with `place`; with a generation, only as long as
    // they were ranked by an older one.
    [[nodiscard]] Chain take_out(Ring& ring, std::size_t most,
                                 std::optional<std::uint32_t> older_than,
                                 std::uint64_t place) noexcept NEBULA_EXCLUDES(ring.mutex);
    // The entries must be out of their rings.
    void rank_anew(Chain chain) noexcept;
    // The same, but takes the nearest entry if it belongs to that ring or a nearer one.
    [[nodiscard]] bool rank_anew_and_take(Chain chain, std::size_t ring, Taken& taken) noexcept;
    [[nodiscard]] Sorted sort(Chain chain) noexcept;
    [[nodiscard]] bool is_cancelled(const Chain& chain) const noexcept;
    [[nodiscard]] bool take(std::size_t number, Chain one, Taken& taken) noexcept;
    void put_back(std::size_t number, Chain chain) noexcept;
    void run(Entry& entry) noexcept;
    void drop(Entry& entry) noexcept;
    void give_entry(Entry& entry) noexcept;
    [[nodiscard]] Entry& take_free(Ring& ring) NEBULA_EXCLUDES(ring.mutex);

    [[nodiscard]] bool take_nearest(Taken& taken) noexcept;
    [[nodiscard]] bool run_nearest() noexcept;
    [[nodiscard]] bool count_helper() noexcept { return helpers_.wanted() && helpers_.take(); }
    void start_helper();
    void help() noexcept;
    void start_sweep_if_due() noexcept;
    void sweep() noexcept;

    // Between the rings and the slabs; chains of any length, linked by `next`.
    [[nodiscard]] Chain take_chain() NEBULA_EXCLUDES(memory_mutex_);
    void give_chain(Entry* first) noexcept NEBULA_EXCLUDES(memory_mutex_);
    void empty_rings_after_burst() noexcept NEBULA_EXCLUDES(memory_mutex_);
    [[nodiscard]] Slab& slab_with_room() NEBULA_REQUIRES(memory_mutex_);
    void give_back(Slab& slab) noexcept NEBULA_REQUIRES(memory_mutex_);

    WorkerPool& pool_;
    const detail::HomeProcess home_;
    const RankedOptions options_;
    const bool inline_;  // the pool has no workers, so spawning threads help
    std::array<Ring, kRings> rings_;
    alignas(2 * kCacheLine) detail::OccupiedRings<> occupied_;
    detail::TicketCount<> helpers_;  // on the pool, or about to be
    std::atomic<std::size_t> queued_{0};
    detail::CancelCount<> cancelled_;
    std::atomic<std::uint32_t> generation_{
        0};                              // of the rank function; written under ranked_by_mutex_
    std::atomic<bool> sweeping_{false};  // the thread that sets it owns the three sweep_ fields
    std::atomic<bool> stopping_{false};
    std::size_t sweep_rings_left_ = 0;
    std::uint32_t sweep_generation_ = 0;
    std::uint64_t sweep_began_ns_ = 0;
    std::atomic<std::uint32_t> swept_generation_{0};  // by the last sweep
    std::atomic<std::uint64_t> sweep_due_ns_{0};      // the earliest time of the next sweep

    Mutex cancel_all_mutex_;  // one call at a time
    Mutex ranked_by_mutex_;
    std::shared_ptr<const RankedBy> ranked_by_ NEBULA_GUARDED_BY(ranked_by_mutex_);

    Mutex memory_mutex_;
    std::vector<std::unique_ptr<Slab>> slabs_ NEBULA_GUARDED_BY(memory_mutex_);
    Slab* with_room_ NEBULA_GUARDED_BY(memory_mutex_) = nullptr;   // slabs with free entries
    Slab* given_back_ NEBULA_GUARDED_BY(memory_mutex_) = nullptr;  // addresses without memory
    std::size_t idle_slabs_ NEBULA_GUARDED_BY(memory_mutex_) = 0;  // without a used entry
    std::atomic<std::size_t> capacity_{0};
    std::atomic<std::uint64_t> next_serial_{1};  // 0: none; a number, so relaxed
    // When so few tasks are queued, the rings give their free entries to the slabs; negative: never.
    std::atomic<std::int64_t> empty_rings_at_{-1};

    // Last: they wait for tasks that use all of the above.
    TaskGroup sweeps_;
    TaskGroup helping_;
};

}  // namespace nebula
