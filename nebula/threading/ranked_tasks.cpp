// SPDX-License-Identifier: MIT
#include "nebula/threading/ranked_tasks.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/clock.hpp"
#include "nebula/base/pages.hpp"
#include "nebula/base/yield_point.hpp"
#include "nebula/threading/detail/caught.hpp"
#include "nebula/threading/detail/now_running.hpp"
#include "nebula/threading/nesting.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <bit>
#include <cmath>
#include <exception>
#include <memory>
#include <new>
#include <thread>

namespace nebula {
namespace {

// Where an entry is: the number of its ring, or one of these.
constexpr std::uint64_t kTaken = 0xFC;            // begun or cancelled: one thread has the closure
constexpr std::uint64_t kMoving = 0xFE;           // out of its ring, held by one thread
constexpr std::uint64_t kMovingCancelled = 0xFF;  // that thread drops it instead of putting it back

constexpr std::uint64_t status_of(std::uint64_t serial, std::uint64_t place) noexcept {
    return serial << 8U | place;
}
constexpr std::uint64_t serial_of(std::uint64_t status) noexcept { return status >> 8U; }
constexpr std::uint64_t place_of(std::uint64_t status) noexcept { return status & 0xFFU; }

// How long a sweep runs before it lets other work in.
constexpr std::chrono::microseconds kSweepSlice{100};
// The pause between two sweeps, in multiples of a sweep's length. With a hundred thousand tasks and
// a new rank function each frame, sweeps without a pause took a whole worker.
constexpr std::uint64_t kSweepRest = 4;

// Slabs without a used entry that keep their memory: half a megabyte.
constexpr std::size_t kKeptSlabs = 8;

}  // namespace

/// The fields belong to the thread that holds the lock of the entry's ring, or that is moving the
/// entry. The fields that ranking touches come first, on one cache line: a sweep over many entries
/// is bound by memory.
struct alignas(kCacheLine) RankedTasks::Entry {
    // Serial and place; serial 0: free. If the place is a ring, it changes only under the lock of that ring;
    // kMoving becomes kMovingCancelled on any thread. Relaxed throughout: it is read again under
    // the lock before anybody acts on it.
    std::atomic<std::uint64_t> status{0};
    Entry* older = nullptr;
    Entry* next = nullptr;  // the younger one in a ring; the next in a chain or a free list
    std::uint64_t tag = 0;
    float rank = 0;
    std::uint32_t generation = 0;  // of the rank function that gave the rank
    const char* name = nullptr;
    Closure closure;
    Slab* home = nullptr;
};

/// Memory for entries. When no entry is in use, the system may take the pages back. The addresses
/// stay and then read as zeros: the status of an old Id's entry can be read as long as the queue
/// lives, and all zeros are an Entry that is free and empty.
struct RankedTasks::Slab {
    static constexpr std::size_t kEntries = 512;
    static constexpr std::size_t kBytes = kEntries * sizeof(Entry);
    static constexpr std::align_val_t kPage{4096};

    Slab() : entries(static_cast<Entry*>(::operator new(kBytes, kPage))) {}
    ~Slab() {
        std::destroy_n(entries, fresh);
        ::operator delete(entries, kPage);
    }
    Slab(const Slab&) = delete;
    Slab& operator=(const Slab&) = delete;

    [[nodiscard]] Entry& take() noexcept {
        ++used;
        Entry* entry = free;
        if (entry != nullptr) {
            free = entry->next;
            return *entry;
        }
        // Made only once, because a thread may read the status of an old Id's entry at any time.
        entry = fresh < made ? entries + fresh : ::new (static_cast<void*>(entries + made++)) Entry;
        ++fresh;
        entry->home = this;
        return *entry;
    }
    /// True if the memory went back to the system.
    [[nodiscard]] bool give_back() noexcept {
        if (!empty_pages(entries, kBytes)) return false;
        free = nullptr;
        fresh = 0;
        return true;
    }

    Entry* const entries;
    Entry* free = nullptr;
    std::size_t used = 0;
    std::size_t fresh = 0;   // entries that were taken since the slab got its memory
    std::size_t made = 0;    // entries that were ever constructed
    Slab* next = nullptr;    // in with_room_ or given_back_
    Slab* before = nullptr;  // in with_room_
};

RankedTasks::RankedTasks(WorkerPool& pool, RankedOptions options)
    : pool_(pool),
      options_(options),
      inline_(pool.thread_count() == 0),
      sweeps_(pool, Band::Normal),
      helping_(pool, options.band) {
    const int most = options.max_running > 0 ? options.max_running : pool.thread_count();
    helpers_.reset(inline_ ? 1 : static_cast<std::uint32_t>(most));
}

RankedTasks::~RankedTasks() {
    stopping_.store(true, std::memory_order_seq_cst);  // ordered with helpers_, like occupied_
    cancel_all();
    sweeps_.wait();
    helping_.wait();
    cancel_all();  // tasks that were moving during the first call
}

// Ranks 0 to 0.19, 0.19 to 0.41, …: the exponent and two more bits of rank + 1.
std::size_t RankedTasks::ring_of(float rank) noexcept {
    if (std::isnan(rank)) return kRings - 1;
    if (rank <= 0) return 0;
    static constexpr unsigned kDropped = 23 - 2;
    static constexpr std::uint32_t kOne = std::bit_cast<std::uint32_t>(1.0F) >> kDropped;
    const std::uint32_t step = (std::bit_cast<std::uint32_t>(rank + 1.0F) >> kDropped) - kOne;
    return step < kRings ? step : kRings - 1;
}

// ---- queueing: any thread

RankedTasks::Id RankedTasks::add(float rank, Closure& closure, std::uint64_t tag,
                                 const char* name) {
    home_.require();  // before a lock that a thread of the parent may hold for ever
    const std::size_t number = ring_of(rank);
    Ring& ring = rings_[number];
    Entry& entry = take_free(ring);
    // Moving a closure runs user code, so it is done without a lock, before others know the entry.
    entry.closure = std::move(closure);
    entry.tag = tag;
    entry.name = name;
    entry.rank = rank;
    const Id id(&entry, next_serial_.fetch_add(1, std::memory_order_relaxed));
    {
        const MutexLock lock(ring.mutex);
        // Relaxed: we see at least what the previous holder of this lock has seen.
        entry.generation = generation_.load(std::memory_order_relaxed);
        entry.status.store(status_of(id.serial_, number), std::memory_order_relaxed);
        queued_.fetch_add(1, std::memory_order_relaxed);  // a number
        link(ring, entry);
    }
    NEBULA_YIELD_POINT();
    try {
        start_helper();
    } catch (...) {
        if (cancel(id)) throw;
    }
    return id;
}

RankedTasks::Entry& RankedTasks::take_free(Ring& ring) {
    for (;;) {
        {
            const MutexLock lock(ring.mutex);
            if (Entry* const entry = ring.free) {
                ring.free = entry->next;
                --ring.free_count;
                return *entry;
            }
        }
        const Chain more = take_chain();
        Entry* last = more.first;
        while (last->next != nullptr) last = last->next;
        const MutexLock lock(ring.mutex);
        last->next = std::exchange(ring.free, more.first);
        ring.free_count += more.size;
    }
}

bool RankedTasks::cancel(Id id) noexcept {
    home_.require();
    if (id.entry_ == nullptr) return false;
    Entry& entry = *id.entry_;
    for (;;) {
        std::uint64_t status = entry.status.load(std::memory_order_relaxed);
        const std::uint64_t place = place_of(status);
        if (serial_of(status) != id.serial_ || place == kTaken || place == kMovingCancelled)
            return false;
        if (place == kMoving) {
            if (entry.status.compare_exchange_weak(status, status_of(id.serial_, kMovingCancelled),
                                                   std::memory_order_relaxed))
                return true;
            continue;
        }
        Ring& ring = rings_[place];
        NEBULA_YIELD_POINT();
        {
            const MutexLock lock(ring.mutex);
            if (entry.status.load(std::memory_order_relaxed) != status) continue;
            unlink(ring, entry);
            entry.status.store(status_of(id.serial_, kTaken), std::memory_order_relaxed);
        }
        drop(entry);
        return true;
    }
}

std::size_t RankedTasks::cancel_all() noexcept {
    home_.require();
    // Closures are destroyed after the walk, because their destructors are user code that may call
    // us.
    Chain all;
    {
        const MutexLock one_at_a_time(cancel_all_mutex_);
        cancelled_.begin();
        for (Ring& ring : rings_)
            for (;;) {
                Chain chain = take_out(ring, kBatch, std::nullopt, kTaken);
                if (chain.size == 0) break;
                all.size += chain.size;
                while (chain.first != nullptr) {
                    Entry& entry = *std::exchange(chain.first, chain.first->next);
                    entry.next = std::exchange(all.first, &entry);
                }
            }
        cancelled_.end();
    }
    while (all.first != nullptr) drop(*std::exchange(all.first, all.first->next));
    return all.size;
}

bool RankedTasks::rerank(Id id, float rank) noexcept {
    home_.require();
    if (id.entry_ == nullptr) return false;
    Entry& entry = *id.entry_;
    for (;; std::this_thread::yield()) {
        const std::uint64_t status = entry.status.load(std::memory_order_relaxed);
        const std::uint64_t place = place_of(status);
        if (serial_of(status) != id.serial_ || place == kTaken || place == kMovingCancelled)
            return false;
        if (place == kMoving) continue;  // takes a few microseconds
        Chain one;
        {
            Ring& ring = rings_[place];
            const MutexLock lock(ring.mutex);
            if (entry.status.load(std::memory_order_relaxed) != status) continue;
            unlink(ring, entry);
            entry.status.store(status_of(id.serial_, kMoving), std::memory_order_relaxed);
            entry.next = nullptr;
            one = {&entry, 1, cancelled_.note()};
        }
        entry.rank = rank;
        entry.generation = generation_.load(std::memory_order_relaxed);  // compared in link()
        put_back(ring_of(rank), one);
        return true;
    }
}

void RankedTasks::rerank(RankFunction rank_of) {
    home_.require();
    auto ranked_by = std::make_shared<RankedBy>(RankedBy{std::move(rank_of), 0});
    std::shared_ptr<const RankedBy> last;  // the user's function, destroyed after the lock
    {
        const MutexLock lock(ranked_by_mutex_);
        ranked_by->generation = generation_.load(std::memory_order_relaxed) + 1;
        // Relaxed: it is read under locks that order it, or as a hint.
        generation_.store(ranked_by->generation, std::memory_order_relaxed);
        last = std::exchange(ranked_by_, std::move(ranked_by));
    }
    last.reset();
    start_sweep_if_due();
}

void RankedTasks::wait() noexcept {
    home_.require();
    do {
        sweeps_.wait();
        helping_.wait();
        // There is no helper if memory has run out.
        if (queued() != 0 && count_helper()) help();
        if (inline_ && queued() != 0) std::this_thread::yield();  // the spawning thread helps
    } while (queued() != 0 || !sweeps_.done() || !helping_.done());
}

// ---- rings

bool RankedTasks::is_fresh(const Entry& entry) const noexcept {
    return entry.generation == generation_.load(std::memory_order_relaxed);  // see add()
}

// Outdated entries come before fresh ones, so the oldest entry tells whether there are any.
void RankedTasks::link(Ring& ring, Entry& entry) noexcept {
    const bool first = ring.oldest == nullptr;
    if (first || is_fresh(entry)) {
        entry.older = ring.youngest;
        entry.next = nullptr;
        (first ? ring.oldest : ring.youngest->next) = &entry;
        ring.youngest = &entry;
    } else {
        entry.older = nullptr;
        entry.next = ring.oldest;
        ring.oldest->older = &entry;
        ring.oldest = &entry;
    }
    if (first) {
        const auto number = static_cast<unsigned>(&ring - rings_.data());
        occupied_.set(number);
    }
}

void RankedTasks::unlink(Ring& ring, Entry& entry) noexcept {
    (entry.older != nullptr ? entry.older->next : ring.oldest) = entry.next;
    (entry.next != nullptr ? entry.next->older : ring.youngest) = entry.older;
    if (ring.oldest == nullptr) {
        const auto number = static_cast<unsigned>(&ring - rings_.data());
        occupied_.clear(number);
    }
}

RankedTasks::Entry* RankedTasks::recycle(Ring& ring, Entry& entry) noexcept {
    entry.status.store(0, std::memory_order_relaxed);
    entry.next = std::exchange(ring.free, &entry);
    if (++ring.free_count < 2 * kBatch) return nullptr;
    // Tasks are spawned in far rings and run from near ones, so memory freed here is needed there.
    Entry* last = ring.free;
    for (std::size_t i = 1; i < kBatch; ++i) last = last->next;
    ring.free_count -= kBatch;
    return std::exchange(ring.free, std::exchange(last->next, nullptr));
}

RankedTasks::Chain RankedTasks::take_out(Ring& ring, std::size_t most,
                                         std::optional<std::uint32_t> older_than,
                                         std::uint64_t place) noexcept {
    const MutexLock lock(ring.mutex);
    Chain chain;
    chain.cancelled = cancelled_.note();
    while (chain.size < most && ring.oldest != nullptr) {
        Entry& entry = *ring.oldest;
        // The sign of the difference, because generations may wrap around.
        if (older_than && static_cast<std::int32_t>(entry.generation - *older_than) >= 0) break;
        unlink(ring, entry);
        const std::uint64_t serial = serial_of(entry.status.load(std::memory_order_relaxed));
        entry.status.store(status_of(serial, place), std::memory_order_relaxed);
        entry.next = std::exchange(chain.first, &entry);
        ++chain.size;
    }
    return chain;
}

// ---- ranking anew

RankedTasks::Sorted RankedTasks::sort(Chain chain) noexcept {
    std::shared_ptr<const RankedBy> by;
    {
        const MutexLock lock(ranked_by_mutex_);
        by = ranked_by_;
    }
    Sorted sorted;
    for (Chain& target : sorted) target.cancelled = chain.cancelled;
    while (chain.first != nullptr) {
        Entry& entry = *std::exchange(chain.first, chain.first->next);
        entry.rank = by->rank_of({entry.tag, entry.rank});
        entry.generation = by->generation;
        Chain& target = sorted[ring_of(entry.rank)];
        entry.next = std::exchange(target.first, &entry);
        ++target.size;
    }
    return sorted;
}

void RankedTasks::rank_anew(Chain chain) noexcept {
    const Sorted sorted = sort(chain);
    for (std::size_t number = 0; number < kRings; ++number)
        if (sorted[number].size != 0) put_back(number, sorted[number]);
}

bool RankedTasks::rank_anew_and_take(Chain chain, std::size_t ring, Taken& taken) noexcept {
    Sorted sorted = sort(chain);
    bool took = false;
    for (std::size_t number = 0; number < kRings; ++number) {
        Chain& target = sorted[number];
        if (!took && number <= ring && target.size != 0) {
            Entry* const rest = std::exchange(target.first->next, nullptr);
            took = take(number, {target.first, 1, target.cancelled}, taken);
            target.first = rest;
            --target.size;
        }
        if (target.size != 0) put_back(number, target);
    }
    return took;
}

bool RankedTasks::is_cancelled(const Chain& chain) const noexcept {
    return cancelled_.reached(chain.cancelled);  // under the lock of the ring they go to
}

bool RankedTasks::take(std::size_t number, Chain one, Taken& taken) noexcept {
    Entry& entry = *one.first;
    {
        Ring& ring = rings_[number];
        const MutexLock lock(ring.mutex);
        const std::uint64_t serial = serial_of(entry.status.load(std::memory_order_relaxed));
        std::uint64_t moving = status_of(serial, kMoving);
        if (!is_cancelled(one) &&
            entry.status.compare_exchange_strong(moving, status_of(serial, kTaken),
                                                 std::memory_order_relaxed)) {
            taken.entry = &entry;
            return true;
        }
    }
    drop(entry);
    return false;
}

void RankedTasks::put_back(std::size_t number, Chain chain) noexcept {
    NEBULA_YIELD_POINT();
    Ring& ring = rings_[number];
    Entry* dropped = nullptr;
    std::size_t kept = 0;
    {
        const MutexLock lock(ring.mutex);
        const bool all_cancelled = is_cancelled(chain);
        while (chain.first != nullptr) {
            Entry& entry = *std::exchange(chain.first, chain.first->next);
            const std::uint64_t serial = serial_of(entry.status.load(std::memory_order_relaxed));
            std::uint64_t moving = status_of(serial, kMoving);
            // Strong: a failure must mean that it was cancelled meanwhile.
            if (!all_cancelled &&
                entry.status.compare_exchange_strong(moving, status_of(serial, number),
                                                     std::memory_order_relaxed)) {
                link(ring, entry);
                ++kept;
            } else {
                entry.next = std::exchange(dropped, &entry);
            }
        }
    }
    while (dropped != nullptr) drop(*std::exchange(dropped, dropped->next));
    // Helpers that looked while we held these entries saw nothing and are gone.
    for (; kept > 0 && helpers_.wanted(); --kept) {
        auto start = [this] { start_helper(); };
        if (detail::caught(start) != nullptr) break;  // the next spawn, or wait(), will
    }
}

void RankedTasks::drop(Entry& entry) noexcept {
    // Before the closure's destructor runs, which may use the task's Id.
    const std::uint64_t serial = serial_of(entry.status.load(std::memory_order_relaxed));
    entry.status.store(status_of(serial, kTaken), std::memory_order_relaxed);
    entry.closure.reset();
    give_entry(entry);
    queued_.fetch_sub(1, std::memory_order_relaxed);  // a number
}

void RankedTasks::give_entry(Entry& entry) noexcept {
    Entry* surplus = nullptr;
    {
        Ring& ring = rings_[ring_of(entry.rank)];
        const MutexLock lock(ring.mutex);
        surplus = recycle(ring, entry);
    }
    if (surplus != nullptr) give_chain(surplus);
    // Relaxed: a hint.
    if (static_cast<std::int64_t>(queued_.load(std::memory_order_relaxed)) <=
        empty_rings_at_.load(std::memory_order_relaxed))
        empty_rings_after_burst();
}

void RankedTasks::start_sweep_if_due() noexcept {
    if (inline_) return;  // each task is ranked when its turn comes
    // Relaxed: hints. If they are wrong, the next helper starts the sweep.
    if (generation_.load(std::memory_order_relaxed) ==
            swept_generation_.load(std::memory_order_relaxed) ||
        sweeping_.load(std::memory_order_relaxed))
        return;
    const std::uint64_t now = now_ns();
    if (now < sweep_due_ns_.load(std::memory_order_relaxed)) return;
    // Acquire pairs with the release at the end of a sweep, for the sweep_ fields.
    if (sweeping_.exchange(true, std::memory_order_acquire)) return;
    sweep_rings_left_ = kRings;
    sweep_generation_ = generation_.load(std::memory_order_relaxed);
    sweep_began_ns_ = now;
    auto start = [this] { sweeps_.spawn([this] { sweep(); }, "rank anew"); };
    // Without memory there is no sweep now; each task is ranked when its turn comes.
    if (detail::caught(start) != nullptr) sweeping_.store(false, std::memory_order_release);
}

// One sweep at a time, from near to far, in slices.
void RankedTasks::sweep() noexcept {
    const Clock::time_point start = Clock::now();
    while (sweep_rings_left_ != 0 && !stopping_) {
        const Chain chain =
            take_out(rings_[kRings - sweep_rings_left_], kBatch, sweep_generation_, kMoving);
        if (chain.size == 0) {
            --sweep_rings_left_;
            continue;
        }
        rank_anew(chain);
        if (Clock::now() - start < kSweepSlice) continue;
        auto go_on_later = [this] { sweeps_.spawn([this] { sweep(); }, "rank anew"); };
        if (detail::caught(go_on_later) == nullptr) return;
    }
    const std::uint64_t now = now_ns();
    // Relaxed: hints, as above.
    swept_generation_.store(sweep_generation_, std::memory_order_relaxed);
    sweep_due_ns_.store(now + kSweepRest * (now - sweep_began_ns_), std::memory_order_relaxed);
    sweeping_.store(false, std::memory_order_release);  // pairs with start_sweep_if_due()
}

// ---- running

bool RankedTasks::take_nearest(Taken& taken) noexcept {
    // Enough to pay for taking the lock, but few, so that the nearest task runs soon.
    static constexpr std::size_t kStaleAtATime = 16;
    while (!stopping_) {
        const std::uint64_t occupied = occupied_.mask();
        if (occupied == 0) return false;
        const auto number = static_cast<std::size_t>(std::countr_zero(occupied));
        Ring& ring = rings_[number];
        {
            const MutexLock lock(ring.mutex);
            Entry* const entry = ring.oldest;
            if (entry == nullptr) continue;
            if (is_fresh(*entry)) {
                unlink(ring, *entry);
                const std::uint64_t serial =
                    serial_of(entry->status.load(std::memory_order_relaxed));
                entry->status.store(status_of(serial, kTaken), std::memory_order_relaxed);
                taken.entry = entry;
                return true;
            }
        }
        const Chain chain =
            take_out(ring, kStaleAtATime, generation_.load(std::memory_order_relaxed), kMoving);
        if (chain.size != 0 && rank_anew_and_take(chain, number, taken)) return true;
    }
    return false;
}

void RankedTasks::start_helper() {
    if (!count_helper()) return;
    if (inline_) {
        help();
        return;
    }
    try {
        helping_.spawn([this] { help(); }, "ranked tasks");
    } catch (...) {
        helpers_.drop();
        throw;
    }
}

// The closure runs in place: the entry is ours until it is recycled.
void RankedTasks::run(Entry& entry) noexcept {
    queued_.fetch_sub(1, std::memory_order_relaxed);  // a number: it has begun
    const detail::RunningMark mark(detail::this_threads_running, entry.name);
    if (std::exception_ptr error = detail::caught(entry.closure))
        detail::report_lost_error(pool_, std::move(error), entry.name);
    entry.closure.reset();
    give_entry(entry);
}

bool RankedTasks::try_tick() noexcept {
    home_.require();
    return detail::has_stack_to_help() && run_nearest();
}

bool RankedTasks::run_nearest() noexcept {
    Taken taken;
    if (!take_nearest(taken)) return false;
    run(*taken.entry);
    start_sweep_if_due();
    return true;
}

void RankedTasks::help() noexcept {
    const Clock::time_point start = Clock::now();
    for (;;) {
        for (Taken taken; take_nearest(taken);) {
            run(*taken.entry);
            start_sweep_if_due();
            if (inline_ || Clock::now() - start < options_.slice) continue;
            auto go_on_later = [this] { helping_.spawn([this] { help(); }, "ranked tasks"); };
            if (detail::caught(go_on_later) == nullptr) return;  // still counted
        }
        helpers_.drop();
        // A thread that queued a task before the drop may have relied on us.
        if (stopping_ || occupied_.mask() == 0 || !count_helper()) return;
    }
}

// ---- memory

RankedTasks::Slab& RankedTasks::slab_with_room() {
    if (with_room_ != nullptr) return *with_room_;
    Slab* slab = given_back_;
    if (slab != nullptr) {
        given_back_ = slab->next;
    } else {
        slabs_.push_back(std::make_unique<Slab>());
        slab = slabs_.back().get();
    }
    slab->next = slab->before = nullptr;
    with_room_ = slab;
    ++idle_slabs_;
    const std::size_t capacity =
        capacity_.fetch_add(Slab::kEntries, std::memory_order_relaxed) + Slab::kEntries;
    // When a quarter of the burst is left, the rings begin to give back.
    if (capacity > kKeptSlabs * Slab::kEntries)
        empty_rings_at_.store(static_cast<std::int64_t>(capacity / 4), std::memory_order_relaxed);
    return *slab;
}

RankedTasks::Chain RankedTasks::take_chain() {
    const MutexLock lock(memory_mutex_);
    Chain chain;
    while (chain.size < kBatch) {
        Slab* slab = nullptr;
        try {
            slab = &slab_with_room();
        } catch (const std::bad_alloc&) {
            if (chain.size == 0) throw;
            break;  // fewer are enough
        }
        if (slab->used == 0) --idle_slabs_;
        Entry& entry = slab->take();
        entry.next = std::exchange(chain.first, &entry);
        ++chain.size;
        if (slab->used == Slab::kEntries) {
            with_room_ = slab->next;
            if (with_room_ != nullptr) with_room_->before = nullptr;
        }
    }
    return chain;
}

void RankedTasks::give_chain(Entry* first) noexcept {
    const MutexLock lock(memory_mutex_);
    while (first != nullptr) {
        Entry& entry = *std::exchange(first, first->next);
        Slab& slab = *entry.home;
        entry.next = std::exchange(slab.free, &entry);
        if (slab.used-- == Slab::kEntries) {
            slab.before = nullptr;
            slab.next = with_room_;
            if (with_room_ != nullptr) with_room_->before = &slab;
            with_room_ = &slab;
        }
        if (slab.used == 0) give_back(slab);
    }
}

void RankedTasks::give_back(Slab& slab) noexcept {
    if (idle_slabs_ < kKeptSlabs || !slab.give_back()) {
        ++idle_slabs_;
        return;
    }
    (slab.before != nullptr ? slab.before->next : with_room_) = slab.next;
    if (slab.next != nullptr) slab.next->before = slab.before;
    slab.next = std::exchange(given_back_, &slab);
    capacity_.fetch_sub(Slab::kEntries, std::memory_order_relaxed);  // a number
}

// Free entries in the rings keep the slabs that they come from. So the rings are emptied when a
// quarter of a burst is left, and then each time that half of the rest is gone.
void RankedTasks::empty_rings_after_burst() noexcept {
    const auto queued = static_cast<std::int64_t>(queued_.load(std::memory_order_relaxed));
    // Relaxed: decides only who does it.
    std::int64_t at = empty_rings_at_.load(std::memory_order_relaxed);
    if (queued > at || !empty_rings_at_.compare_exchange_strong(at, queued > 0 ? queued / 2 : -1,
                                                                std::memory_order_relaxed))
        return;
    for (Ring& ring : rings_) {
        Entry* free = nullptr;
        {
            const MutexLock lock(ring.mutex);
            free = std::exchange(ring.free, nullptr);
            ring.free_count = 0;
        }
        if (free != nullptr) give_chain(free);
    }
}

}  // namespace nebula
