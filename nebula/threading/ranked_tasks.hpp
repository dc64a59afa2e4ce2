// SPDX-License-Identifier: MIT
// Work whose order changes while it waits. How it works inside: README.md, "Ranked tasks".
#pragma once

#include "nebula/base/cache_line.hpp"
#include "nebula/base/mutex.hpp"
#include "nebula/base/small_function.hpp"
#include "nebula/threading/band.hpp"
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

struct RankedOptions {
    Band band = Band::Background;
    /// Tasks of this queue that run at a time; 0: as many as there are workers.
    int max_running = 0;
    /// What one task of the pool may run of this queue before it lets others in: at least one task,
    /// and no more once this has passed.
    std::chrono::nanoseconds slice = std::chrono::microseconds(100);
};

/// A queued task as the rank function sees it.
struct RankedTask {
    std::uint64_t tag;  ///< As given to spawn: what to compute the rank from.
    float rank;         ///< The rank it has had so far.
};

/// Background work that runs nearest first, wherever "near" moves meanwhile.
///
///     RankedTasks far_chunks(pool);
///     for (ChunkCoord c : ring)
///         far_chunks.spawn(distance(camera, c), [=] { generate(c); }, pack(c));
///     …
///     far_chunks.rerank([camera](const RankedTask& t) { return distance(camera, unpack(t.tag)); });
///
/// Ranks are distances: smaller is sooner, below 0 is 0. The order is that of 64 rings, four for
/// each doubling of rank + 1, the last one from 65 535 upwards; inside a ring it is about the order
/// of spawning. A new rank function costs its caller nothing but the call: tasks are ranked anew
/// when they are about to run, and the rest in the background.
///
/// On a pool without workers a task runs where it is spawned, before spawn() returns.
///
/// Threads:   spawn, cancel, cancel_all, rerank, queued: any thread. wait and the destructor: owner
///            thread. Closures run on workers, or in wait(). The rank function runs on several
///            workers at once.
/// Cost:      spawn, cancel and the way to the worker: one short lock, that of a ring; an
///            allocation per 64 tasks when more are queued than ever before. One task of the pool
///            per slice. rerank(function): one allocation; ranking takes 0.1 to 0.2 µs per queued
///            task, on workers, and never more than about a fifth of one worker's time.
/// Lifetime:  the destructor drops what is queued and waits for what runs; the pool must outlive
///            it. An Id may be kept for as long as the queue lives and names no other task ever.
/// Throws:    spawn: std::bad_alloc, with nothing queued, and what copying the closure throws. An
///            exception of a task goes to the pool's panic handler. The rank function must not
///            throw, nor rerank(id) the task that it is asked about.
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

    /// \param tag   what the rank function is given.
    /// \param name  for the panic handler; a literal.
    template <class F>
        requires std::is_invocable_v<std::decay_t<F>&>
    Id spawn(float rank, F&& f, std::uint64_t tag = 0, const char* name = nullptr) {
        Closure closure(std::forward<F>(f));
        return add(rank, closure, tag, name);
    }

    /// Drops a task that has not begun, its closure at once; if it is just being ranked anew, a
    /// moment later. \returns false when it has begun, ended or been cancelled before.
    bool cancel(Id id) noexcept;
    /// All that are queued, and maybe some that are spawned meanwhile. \returns how many, those
    /// excepted that are just being ranked anew.
    std::size_t cancel_all() noexcept;

    /// Gives one task another rank. \returns false when it is not queued any more.
    bool rerank(Id id, float rank) noexcept;
    /// Gives all tasks, those spawned later excepted, the rank that `rank_of` says.
    void rerank(RankFunction rank_of);

    /// Tasks that have not begun. Stale at once.
    [[nodiscard]] std::size_t queued() const noexcept {
        return queued_.load(std::memory_order_relaxed);  // a number, nothing is read by it
    }
    /// Whether a task lies in the queue, to be begun. Exact, but stale at once.
    [[nodiscard]] bool any_queued() const noexcept { return occupied_.mask() != 0; }
    /// Tasks there is memory for; it is kept.
    [[nodiscard]] std::size_t capacity() const noexcept {
        return capacity_.load(std::memory_order_relaxed);  // as above
    }

    /// Runs the nearest task here, whatever max_running says. False: there is none now.
    bool try_tick() noexcept;

    /// Returns when all have ended; helps. While others spawn it may not return.
    void wait() noexcept;

private:
    using Closure = SmallFunction<void(), 48>;
    static constexpr std::size_t kRings = 64;  // the bits of OccupiedRings
    static constexpr std::size_t kBatch = 64;  // tasks ranked anew, or given back, at a time

    struct RankedBy {
        RankFunction rank_of;
        std::uint32_t generation;
    };
    struct Taken {
        Entry* entry = nullptr;
    };
    // Entries chained by `next`.
    struct Chain {
        Entry* first = nullptr;
        std::size_t size = 0;
        std::uint32_t cancelled = 0;  // cancelled_ when they were taken out of their ring
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
    // Into the list of a ring, whose place the entry's status says already, and out of it.
    void link(Ring& ring, Entry& entry) noexcept NEBULA_REQUIRES(ring.mutex);
    void unlink(Ring& ring, Entry& entry) noexcept NEBULA_REQUIRES(ring.mutex);
    void recycle(Ring& ring, Entry& entry) noexcept NEBULA_REQUIRES(ring.mutex);
    // Marks them with that place. The oldest ones; with a generation, as long as they were ranked by an older one.
    [[nodiscard]] Chain take_out(Ring& ring, std::size_t most,
                                 std::optional<std::uint32_t> older_than,
                                 std::uint64_t place) noexcept NEBULA_EXCLUDES(ring.mutex);
    // Of entries that are out of their rings.
    void rank_anew(Chain chain) noexcept;
    // The same, and takes the nearest of them if it lies in that ring or nearer.
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
    [[nodiscard]] bool count_helper() noexcept { return helpers_.wanted() && helpers_.take(); }
    void start_helper();
    void help() noexcept;
    void start_sweep_if_due() noexcept;
    void sweep() noexcept;

    [[nodiscard]] Entry* take_block();
    void give_block(Entry* first) noexcept;

    WorkerPool& pool_;
    const RankedOptions options_;
    const bool inline_;  // the pool has no workers: who spawns helps
    std::array<Ring, kRings> rings_;
    alignas(2 * kCacheLine) detail::OccupiedRings<> occupied_;
    detail::TicketCount<> helpers_;  // on the pool, or about to be
    std::atomic<std::size_t> queued_{0};
    detail::CancelCount<> cancelled_;
    std::atomic<std::uint32_t> generation_{
        0};                              // of the rank function; written under ranked_by_mutex_
    std::atomic<bool> sweeping_{false};  // whose setter owns the three below
    std::atomic<bool> stopping_{false};
    std::size_t sweep_rings_left_ = 0;
    std::uint32_t sweep_generation_ = 0;
    std::uint64_t sweep_began_ns_ = 0;
    std::atomic<std::uint32_t> swept_generation_{0};  // by the last sweep
    std::atomic<std::uint64_t> sweep_due_ns_{0};      // the next one, not before

    Mutex cancel_all_mutex_;  // one at a time
    Mutex ranked_by_mutex_;
    std::shared_ptr<const RankedBy> ranked_by_ NEBULA_GUARDED_BY(ranked_by_mutex_);

    Mutex memory_mutex_;
    std::vector<std::unique_ptr<Entry[]>> memory_ NEBULA_GUARDED_BY(memory_mutex_);
    std::vector<Entry*> spare_ NEBULA_GUARDED_BY(memory_mutex_);  // chains of kBatch
    std::atomic<std::size_t> capacity_{0};

    // Last: they wait for tasks that use all of the above.
    TaskGroup sweeps_;
    TaskGroup helping_;
};

}  // namespace nebula
