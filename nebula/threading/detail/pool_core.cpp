// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/pool_core.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/log.hpp"
#include "nebula/base/yield_point.hpp"
#include "nebula/threading/detail/asymmetric_fence.hpp"
#include "nebula/threading/detail/os_thread.hpp"
#include "nebula/threading/detail/panic.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

namespace nebula::detail {

constinit thread_local ForkSeat* current_fork_seat = nullptr;

namespace {

using std::chrono::microseconds;

// One pointer, no destructor: the extension is unloaded with threads of others still alive.
constinit thread_local Worker* tls_worker = nullptr;

// A pool without workers whose tasks this thread is running, and inside of what.
struct InlineRun {
    const PoolCore* pool;
    const InlineRun* outer;
};
constinit thread_local const InlineRun* tls_inline_run = nullptr;

// Every so many picks a worker looks from the bottom. A prime, so that it does not fall into step
// with work that comes in powers of two; 61 keeps what is lost to a lower band under 2 %.
constexpr std::uint64_t kFairnessInterval = 61;

// A thread that waits for a branch, and a watcher, look that long before they sleep.
constexpr microseconds kLookBeforeSleep{3};

// One that waits for a group's last tasks looks for about as long as a sleep and a wake-up take:
// the others began that much later, so they end that much later too. With 3 µs a scope of two tasks
// of 50 µs ended 73 µs late here, with 50 µs 51, at no more CPU (bench/threading/README.md).
constexpr microseconds kLookForLastTasks{50};

// How far from the young end of an injector the owner of a group looks for its tickets.
constexpr std::size_t kTicketReach = 16;

// A steal takes 1 to 3 µs of the thief, about as much of the victim, and a wait at the end.
constexpr microseconds kWorthStealing{10};

// How often the watcher looks for branches; doubled while it finds none.
constexpr std::int64_t kFirstWatchUs = Worker::kFirstWatchUs;
constexpr std::int64_t kLongestWatchUs = 1000;

std::uint64_t window_ns(const WorkerPoolConfig& config) {
    using std::chrono::milliseconds;
    return static_cast<std::uint64_t>(
        std::chrono::nanoseconds(
            std::clamp(config.utilization_window, milliseconds(10), milliseconds(60'000)))
            .count());
}

// One worker is left for Background work whatever is reserved, or it would never be done.
std::size_t background_reserve(const WorkerPoolConfig& config, std::size_t count) {
    const int wanted = config.background_reserve.value_or(count >= 3 ? 1 : 0);
    return std::min(static_cast<std::size_t>(std::max(wanted, 0)),
                    std::max(count, std::size_t{1}) - 1);
}

// Nobody could go on for a worker whose handler threw: the program ends, and says why.
void call_handler(const std::function<void(WorkerInfo)>& handler, const WorkerInfo& info,
                  const char* which) noexcept {
    if (!handler) return;
    try {
        handler(info);
    } catch (...) {
        log(LogLevel::Error,
            std::string(info.name) + ": the " + which + " handler threw; the program ends");
        std::terminate();  // which tells the exception
    }
}

std::uint64_t next_random(std::uint64_t& state) noexcept {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    return state;
}

void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

void set_busy(Worker& worker, bool busy) noexcept {
    if (worker.busy == busy) return;
    worker.busy = busy;
    busy ? worker.meter.begin(now_ns()) : worker.meter.end(now_ns());
}

/// What a worker runs for a while in the middle of something else.
class StayInBand {
public:
    StayInBand(Worker* worker, Band band) noexcept
        : worker_(worker), outer_(worker != nullptr ? worker->band : band) {
        if (worker_ != nullptr) worker_->band = band;
    }
    ~StayInBand() {
        if (worker_ != nullptr) worker_->band = outer_;
    }
    StayInBand(const StayInBand&) = delete;
    StayInBand& operator=(const StayInBand&) = delete;

private:
    Worker* const worker_;
    const Band outer_;
};

/// What a worker has to step aside from when it blocks.
class StayAtGroup {
public:
    StayAtGroup(Worker* worker, GroupState& group) noexcept
        : worker_(worker),
          here_{&group, worker != nullptr ? worker->at_group : nullptr},
          band_(worker, group.band()) {
        if (worker_ != nullptr) worker_->at_group = &here_;
    }
    ~StayAtGroup() {
        if (worker_ != nullptr) worker_->at_group = here_.outer;
    }
    StayAtGroup(const StayAtGroup&) = delete;
    StayAtGroup& operator=(const StayAtGroup&) = delete;

private:
    Worker* const worker_;
    const AtGroup here_;
    const StayInBand band_;
};

}  // namespace

IdleWhileAsleep::IdleWhileAsleep() noexcept
    : worker_(tls_worker != nullptr && tls_worker->busy ? tls_worker : nullptr) {
    if (worker_ != nullptr) set_busy(*worker_, false);
}
IdleWhileAsleep::~IdleWhileAsleep() {
    if (worker_ != nullptr) set_busy(*worker_, true);
}

PoolCore::PoolCore(WorkerPoolConfig config, std::size_t count)
    : config_(std::move(config)),
      count_(count),
      background_limit_(count - std::min(count, background_reserve(config_, count))),
      may_steal_branches_(enable_asymmetric_fences()),
      free_lists_(*this),
      parking_(count + kSpares) {
    if (!may_steal_branches_)
        log(LogLevel::Warning,
            "worker pool: this system has no membarrier(2), so joins run on one thread");
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
        log(LogLevel::Info, "worker pool: no threads, tasks run where they are spawned");
        return;
    }
    log(LogLevel::Info, "worker pool: " + std::to_string(count) + " threads run, " +
                            workers_.front()->name + " to " + workers_[count - 1]->name +
                            ", stacks of " + std::to_string(config_.stack_size_bytes / 1024) +
                            " KiB");
}

PoolCore::~PoolCore() {
    stop_and_join();
    std::uint64_t tasks = 0;
    for (const auto& worker : live_workers()) tasks += worker->tasks.get();
    log(LogLevel::Info,
        "worker pool: stopped, its threads ran " + std::to_string(tasks) + " tasks");
}

void PoolCore::stop_and_join() noexcept {
    stopping_.store(true, std::memory_order_seq_cst);
    parking_.wake_all();
    for (std::size_t i = 0; i < threads_started_; ++i) pthread_join(workers_[i]->thread, nullptr);
    threads_started_ = 0;
    end_spares();
    // What the exit handlers have spawned, and in a pool without workers what a task of another
    // pool's is still to come back to.
    while (try_run_one(Band::Background)) {
    }
}

Worker* PoolCore::current_worker() noexcept { return tls_worker; }

Worker* PoolCore::own_current_worker() const noexcept {
    Worker* const worker = tls_worker;
    return worker != nullptr && &worker->pool == this ? worker : nullptr;
}

ItemCache* PoolCore::own_cache() const noexcept {
    Worker* const worker = own_current_worker();
    return worker != nullptr ? &worker->cache : nullptr;
}

std::string PoolCore::this_thread_name() {
    return tls_worker != nullptr ? tls_worker->name : "caller";
}

void PoolCore::report(const TaskError& error) const noexcept {
    tell_panic(config_.on_panic, error.exception, error.worker_name, error.task_name);
}

// ---- detached tasks: any thread

Item* PoolCore::take_item(Band band) {
    Item* const item = free_lists_.take_item(own_cache());
    item->kind = Item::Kind::Task;
    item->band = band;
    return item;
}

void PoolCore::discard(Item* item) noexcept { free_lists_.free(item, own_cache()); }

void PoolCore::publish(Item* item) noexcept {
    const auto band = static_cast<std::size_t>(item->band);
    Worker* const worker = own_current_worker();
    if (worker == nullptr || !worker->deques[band].push(item)) injectors_[band].push(item);
    NEBULA_YIELD_POINT();
    trace_wake(parking_.wake(1));
}

void PoolCore::spawn(Item* item, Order order) noexcept {
    if (order == Order::OldestFirst) {
        injectors_[static_cast<std::size_t>(item->band)].push(item);
        NEBULA_YIELD_POINT();
        trace_wake(parking_.wake(1));
    } else {
        publish(item);
    }
    if (workers_.empty()) run_inline();
}

void PoolCore::spawn_all(Item* first, std::size_t count) noexcept {
    const auto band = static_cast<std::size_t>(first->band);
    // One lock for all: several would let workers come in between, and wait for it.
    injectors_[band].push_all(first, count);
    NEBULA_YIELD_POINT();
    trace_wake(parking_.wake(count));
    if (workers_.empty()) run_inline();
}

void PoolCore::spawn_on(std::size_t worker, Item* item) noexcept {
    workers_[worker]->inbox.push(item);
    NEBULA_YIELD_POINT();
    parking_.wake_worker(worker);
}

// A pool without workers. One after the other, however deep the tasks spawn.
void PoolCore::run_inline() noexcept {
    for (const InlineRun* run = tls_inline_run; run != nullptr; run = run->outer)
        if (run->pool == this) return;  // further out, where the loop below goes on
    const InlineRun here{this, tls_inline_run};
    tls_inline_run = &here;
    while (try_run_one(Band::Background)) {
    }
    tls_inline_run = here.outer;
}

bool PoolCore::try_run_one(Band least) noexcept {
    for (std::size_t band = 0; band <= static_cast<std::size_t>(least); ++band)
        while (Item* const item = take_any(band))
            if (item->kind == Item::Kind::Ticket) {
                // One of a group that needs nobody any more: there may be others behind it.
                if (run_one_of(*item->group, item)) return true;
            } else {
                const StayInBand in_band(own_current_worker(), item->band);
                run_task(item);
                return true;
            }
    return false;
}

Item* PoolCore::take_any(std::size_t band) noexcept {
    if (Item* const item = injectors_[band].pop()) return item;
    for (const auto& worker : live_workers())
        if (Item* const item = worker->deques[band].steal().item) return item;
    return nullptr;
}

bool PoolCore::run_one_of(GroupState& group, Item* ticket) noexcept {
    const StayAtGroup at(own_current_worker(), group);
    GroupTurn turn = group.next_turn({});
    const std::uint32_t number =
        turn.chunk != nullptr ? turn.chunk->range.claim() : ClaimRange<>::kNone;
    if (number != ClaimRange<>::kNone) group.run_task(turn, number);
    if (group.pause(turn) || group.leave({})) {
        publish(ticket);
    } else {
        discard(ticket);
        group.release();
    }
    return number != ClaimRange<>::kNone;
}

// ---- groups

GroupState& PoolCore::open_group(Band band) {
    GroupState& group = *free_lists_.take_group();
    // A worker that waits for its own group needs no ticket.
    group.open(band, static_cast<std::uint32_t>(count_), own_current_worker() != nullptr);
    return group;
}

bool PoolCore::publish_ticket(GroupState& group) noexcept {
    Item* ticket = nullptr;
    try {
        ticket = free_lists_.take_item(own_cache());
    } catch (...) {
        return false;
    }
    ticket->kind = Item::Kind::Ticket;
    ticket->band = group.band();
    ticket->group = &group;
    publish(ticket);
    return true;
}

void PoolCore::close_group(GroupState& group) noexcept {
    // Those nobody has looked at lie at the young end of the owner's deque, or in an injector. A
    // thread that opens a thousand groups while all others are busy would pile them up.
    const auto band = static_cast<std::size_t>(group.band());
    Worker* const worker = own_current_worker();
    group.owner_leaves();
    const auto is_ours = [&group](const Item& item) {
        return item.kind == Item::Kind::Ticket && item.group == &group;
    };
    while (group.has_tickets()) {
        Item* item = nullptr;
        if (worker != nullptr) {
            item = worker->deques[band].pop();
            if (item != nullptr && !is_ours(*item)) {
                publish(item);
                item = nullptr;
            }
        }
        if (item == nullptr) item = injectors_[band].take_back(kTicketReach, is_ours);
        if (item == nullptr) break;
        discard(item);
        group.return_ticket();
    }
    group.release();
}

bool PoolCore::wait_for_group(GroupState& group, Clock::time_point deadline, Help help) noexcept {
    const bool no_deadline = deadline == Clock::time_point::max();
    Worker* const worker = own_current_worker();
    const StayAtGroup at(worker, group);
    GroupTurn turn;
    bool looked = false;
    for (;;) {
        const bool may_start = no_deadline || Clock::now() < deadline;
        const GroupState::Step step = group.next_step(turn, may_start, looked);
        if (step.what == GroupState::Wait::AllEnded) return true;
        if (step.what == GroupState::Wait::Run) {
            looked = false;
            for (std::uint32_t number = 0;
                 (number = turn.chunk->range.claim()) != ClaimRange<>::kNone;) {
                group.run_task(turn, number);
                if (!no_deadline && Clock::now() >= deadline) break;
            }
            if (worker != nullptr) worker->tasks.add(turn.ran - turn.dropped);
            continue;
        }
        if (!may_start) {
            group.stop_waiting();
            return false;
        }
        if (!looked) {
            if (help == Help::Any && try_run_one(group.band())) continue;
            // The others are at the last tasks: often it is not worth a sleep.
            const Clock::time_point until = std::min(deadline, Clock::now() + kLookForLastTasks);
            while (group.pending() != 0 && Clock::now() < until) pause();
            looked = true;
            continue;
        }
        const IdleWhileAsleep idle;
        group.sleep(step.epoch, deadline);
    }
}

// ---- joins

template <class Visit>
bool PoolCore::for_each_seat(Visit&& visit) noexcept {
    for (const auto& worker : live_workers())
        if (visit(worker->seat)) return true;
    // Seq_cst: a watcher that has let go and looks once more sees whoever entered before.
    if (guests_lent_.load(std::memory_order_seq_cst) == 0) return false;
    for (const auto& guest : guests_)
        if (visit(*guest)) return true;
    return false;
}

bool PoolCore::region_active() noexcept {
    return for_each_seat([](ForkSeat& c) { return c.in_region.active(); });
}

bool PoolCore::branch_visible() noexcept {
    return for_each_seat([](ForkSeat& c) { return c.branches.has_items(); });
}

ForkSeat* PoolCore::borrow_fork_seat(bool& lent) noexcept {
    lent = false;
    if (Worker* const worker = own_current_worker()) return &worker->seat;
    for (const auto& guest : guests_) {
        // Acquire pairs with the release in give_back(): the deque is as the last one left it.
        if (guest->lent.load(std::memory_order_relaxed) ||
            guest->lent.exchange(true, std::memory_order_acquire))
            continue;
        lent = true;
        guests_lent_.fetch_add(1, std::memory_order_seq_cst);
        return guest.get();
    }
    return nullptr;
}

void PoolCore::enter_region(ForkSeat& seat) noexcept {
    if (region_watch_.enter(seat.in_region)) trace_wake(parking_.wake(1));
}

void PoolCore::give_back(ForkSeat& seat) noexcept {
    guests_lent_.fetch_sub(1, std::memory_order_seq_cst);
    // Release pairs with the acquire in borrow_fork_seat().
    seat.lent.store(false, std::memory_order_release);
}

void PoolCore::leave_region(ForkSeat& seat) noexcept { seat.in_region.lower(); }

void PoolCore::run_branch(ForkSeat& thief, const StolenBranch& branch) noexcept {
    JoinRecord& record = *branch.record;
    JoinState<ForkSeat>& state = branch.owner->state(branch.index);
    state.taken_by(thief);
    ForkSeat* const outer = std::exchange(current_fork_seat, &thief);
    const bool entered = !thief.in_region.raised_by_us();
    if (entered) thief.in_region.raise();
    TaskError error = run_guarded(
        "join", [&] { record.call(record, ForkContext(thief, thief.branches.depth())); });
    if (entered) leave_region(thief);
    current_fork_seat = outer;
    record.failed = error.exception != nullptr;
    if (record.failed)
        ::new (static_cast<void*>(record.error)) std::exception_ptr(std::move(error.exception));
    // The record may be gone after this, and all the branch borrowed.
    state.finish(branch.owner->bell);
}

void PoolCore::wait_for_branch(ForkSeat& owner, std::int64_t index) noexcept {
    JoinState<ForkSeat>& state = owner.state(index);
    const Clock::time_point look_until = Clock::now() + kLookBeforeSleep;
    std::int64_t nap_us = kFirstWatchUs;
    while (!state.done()) {
        // The thief began with an empty deque, so all that lies there belongs to our branch.
        if (ForkSeat* const thief = state.thief()) {
            // Asked again when a branch lies there: ours may have ended, and what it sees be of
            // another.
            const JoinSteal<JoinRecord> stolen =
                thief->branches.steal_if([&] { return state.thief() == thief; });
            if (stolen.outcome == StealOutcome::Item) {
                run_branch(owner, {thief, stolen.item, stolen.index});
                nap_us = kFirstWatchUs;
                continue;
            }
            if (stolen.outcome == StealOutcome::Lost) continue;
        }
        if (Clock::now() < look_until) {
            pause();
            continue;
        }
        const std::uint32_t rings = JoinState<ForkSeat>::ring_count(owner.bell);
        if (!state.announce_sleep()) break;
        // Not for ever: the thief may fork again, and then there is something to do.
        const IdleWhileAsleep idle;
        futex_wait(owner.bell, rings, Clock::now() + microseconds(nap_us));
        nap_us = std::min(2 * nap_us, kLongestWatchUs);
    }
    state.reset();
    owner.branches.come_back(index);
}

// ---- looking for work

bool PoolCore::background_allowed() const noexcept {
    return background_running_.load(std::memory_order_seq_cst) < background_limit_;
}

bool PoolCore::work_visible(Worker* for_worker) const noexcept {
    if (for_worker != nullptr && for_worker->inbox.has_items()) return true;
    const std::size_t bands = background_allowed() ? kBandCount : kBandCount - 1;
    for (std::size_t band = 0; band < bands; ++band) {
        if (injectors_[band].has_items()) return true;
        for (const auto& worker : live_workers())
            if (worker->deques[band].has_items()) return true;
    }
    return false;
}

bool PoolCore::higher_band_waits(Band band) const noexcept {
    for (std::size_t b = 0; b < static_cast<std::size_t>(band); ++b) {
        if (injectors_[b].size_hint() != 0) return true;
        for (const auto& worker : live_workers())
            if (worker->deques[b].size_hint() != 0) return true;
    }
    return false;
}

std::uint64_t PoolCore::queued() const noexcept {
    std::uint64_t count = free_lists_.pending_in_groups();
    for (const auto& injector : injectors_) count += injector.size_hint();
    for (const auto& worker : live_workers()) {
        count += worker->inbox.size_hint();
        for (const auto& deque : worker->deques) count += deque.size_hint();
    }
    return count;
}

// ---- the workers

void* PoolCore::thread_entry(void* worker) noexcept {
    Worker& self = *static_cast<Worker*>(worker);
    self.spare ? self.pool.serve_as_spare(self) : self.pool.work(self);
    return nullptr;
}

void PoolCore::work(Worker& worker) noexcept {
    tls_worker = &worker;
    name_this_thread(os_thread_name(config_.name_prefix, worker.index));
    if (config_.pin_workers && !pin_this_thread(worker.index))
        log(LogLevel::Warning, worker.name + " could not be pinned to a CPU");
    // Relaxed: workers_ready_ publishes it.
    worker.os_id.store(this_thread_os_id(), std::memory_order_relaxed);
    const WorkerInfo info{static_cast<int>(worker.index), worker.name};
    log(LogLevel::Debug, worker.name + " starts");
    call_handler(config_.on_start, info, "on_start");
    workers_ready_.fetch_add(1, std::memory_order_release);  // pairs with the constructor's acquire
    futex_wake_one(workers_ready_);

    serve(worker);

    call_handler(config_.on_exit, info, "on_exit");
    log(LogLevel::Debug, worker.name + " ends");
    tls_worker = nullptr;
}

void PoolCore::serve(Worker& worker) noexcept {
    while (!is_recalled(worker)) {
        if (const Found found = find_work(worker)) {
            set_busy(worker, true);
            if (std::exchange(worker.left_parking, false) && others_are_needed())
                trace_wake(parking_.wake(1));
            run(worker, found);
        } else {
            set_busy(worker, false);
            if (!park(worker)) break;
            worker.left_parking = true;
        }
    }
}

bool PoolCore::park(Worker& worker) noexcept {
    const ParkStep step = parking_.prepare(
        worker.index, [&] { return may_end(worker); }, [&] { return work_visible(&worker); });
    if (step != ParkStep::Sleep) return step == ParkStep::Search;
    worker.parks.add();
    const ParkTrace trace(worker.index);
    if (region_watch_.begin([this] { return region_active(); }) && watch_regions(worker))
        return true;
    worker.leave_branches = false;
    worker.wakes.add(parking_.sleep(worker.index));
    return true;
}

// ---- blocked workers

Worker* PoolCore::lend_slot(Worker& worker) noexcept {
    worker.blocked = true;
    set_busy(worker, false);
    if (worker.in_background) leave_background(worker);
    for (const AtGroup* at = worker.at_group; at != nullptr; at = at->outer)
        at->group->step_aside();
    const MutexLock lock(spares_mutex_);
    try {
        return take_spare();
    } catch (const std::exception& error) {
        log(LogLevel::Warning, worker.name + " blocks, and no spare can stand in: " + error.what());
        return nullptr;
    }
}

Worker* PoolCore::take_spare() {
    for (std::size_t i = count_; i < workers_.size(); ++i) {
        if (workers_[i] == nullptr) {
            auto spare = std::make_unique<Worker>(
                *this, i, config_.name_prefix + "-spare-" + std::to_string(i - count_), now_ns(),
                window_ns(config_));
            spare->spare = true;
            // It waits to be told to serve. Nobody looks at it before it is live.
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
    worker.blocked = false;
}

// A spare whose worker is back, though there is work; at the pool's end it stays and helps.
bool PoolCore::is_recalled(const Worker& worker) const noexcept {
    return worker.spare && worker.duty.load(std::memory_order_seq_cst) != Worker::Serving &&
           !stopping_.load(std::memory_order_seq_cst);
}

// When there is no work. A spare's worker may still be in the middle of a task at the pool's end.
bool PoolCore::may_end(const Worker& worker) const noexcept {
    return worker.spare ? worker.duty.load(std::memory_order_seq_cst) != Worker::Serving
                        : stopping_.load(std::memory_order_seq_cst);
}

void PoolCore::serve_as_spare(Worker& worker) noexcept {
    tls_worker = &worker;
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
        // A wake that was ours, for what we leave to others.
        if (others_are_needed()) trace_wake(parking_.wake(1));
        // Release pairs with the acquire in end_spares().
        retirements_.fetch_add(1, std::memory_order_release);
        futex_wake_one(retirements_);
    }
    call_handler(config_.on_exit, info, "on_exit");
    log(LogLevel::Debug, worker.name + " ends");
    tls_worker = nullptr;
}

// The workers have gone. A spare that runs a last task may lend its own slot, so none ends before
// all are asleep at once.
void PoolCore::end_spares() noexcept {
    const auto sleeps = [](const std::unique_ptr<Worker>& spare) {
        return spare->duty.load(std::memory_order_seq_cst) == Worker::Retired;
    };
    for (;;) {
        // Acquire pairs with the release in serve_as_spare(): who retires after this moves it.
        const std::uint32_t before = retirements_.load(std::memory_order_acquire);
        {
            const MutexLock lock(spares_mutex_);
            if (std::ranges::all_of(live_workers().subspan(count_), sleeps)) break;
        }
        futex_wait(retirements_, before);
    }
    for (const auto& spare : live_workers().subspan(count_)) {
        spare->duty.store(Worker::End, std::memory_order_seq_cst);
        futex_wake_one(spare->duty);
        pthread_join(spare->thread, nullptr);
    }
}

// After a park: is there more than we came for, or somebody to be watched?
bool PoolCore::others_are_needed() noexcept {
    return work_visible(nullptr) || (!region_watch_.watched() && region_active());
}

// True: go and search. False: nobody is inside a join any more.
bool PoolCore::watch_regions(Worker& worker) noexcept {
    const auto go = [this] {
        region_watch_.let_go();
        return true;
    };
    if (!worker.leave_branches && worker.watch_nap_us == kFirstWatchUs) {
        const Clock::time_point until = Clock::now() + kLookBeforeSleep;
        while (!branch_visible() && Clock::now() < until) pause();
    }
    // A search that found nothing makes the next nap longer: each costs its victim an interrupt.
    for (;; worker.watch_nap_us = std::min(2 * worker.watch_nap_us, kLongestWatchUs)) {
        if (!region_active()) {
            worker.watch_nap_us = kFirstWatchUs;
            worker.leave_branches = false;
            if (region_watch_.end([this] { return region_active(); })) return false;
        }
        const auto nap = microseconds(worker.watch_nap_us);
        const bool called = parking_.sleep_until(worker.index, Clock::now() + nap);
        worker.wakes.add();
        worker.leave_branches = false;
        if (called) return go();
        if (!branch_visible()) continue;
        worker.watch_nap_us = std::min(2 * worker.watch_nap_us, kLongestWatchUs);
        parking_.withdraw(worker.index);
        return go();
    }
}

PoolCore::Found PoolCore::find_work(Worker& worker) noexcept {
    if (Item* const item = worker.inbox.pop()) return {item};
    const std::uint64_t pick = ++worker.picks;
    bool from_bottom = pick % kFairnessInterval == 0;
    for (;;) {
        bool lost = false;
        for (std::size_t i = 0; i < kBandCount; ++i) {
            const std::size_t band = from_bottom ? kBandCount - 1 - i : i;
            const bool background = band == static_cast<std::size_t>(Band::Background);
            if (background && !enter_background(worker)) continue;
            if (Item* const item = find_in_band(worker, band, from_bottom, lost)) {
                if (!background && worker.in_background) leave_background(worker);
                return {item};
            }
            // Somebody waits for every branch: right after what this frame needs.
            if (band == static_cast<std::size_t>(Band::Frame) && !worker.leave_branches)
                if (const Found found = steal_branch(worker, lost)) return found;
        }
        if (worker.in_background) leave_background(worker);
        if (!lost && !from_bottom) return {};
        from_bottom = false;
    }
}

Item* PoolCore::find_in_band(Worker& worker, std::size_t band, bool from_bottom,
                             bool& lost) noexcept {
    WorkDeque<Item>& own = worker.deques[band];
    // From the bottom also means oldest first, and the injector's turn every other time.
    if (from_bottom && worker.picks % (2 * kFairnessInterval) == 0)
        if (Item* const item = injectors_[band].pop()) return item;
    if (Item* const item = from_bottom ? own.steal().item : own.pop()) return item;
    if (Item* const item = injectors_[band].pop()) return item;
    return steal(worker, band, lost);
}

Item* PoolCore::steal(Worker& thief, std::size_t band, bool& lost) noexcept {
    const std::size_t count = live_workers().size();
    if (count == 1) return nullptr;
    std::size_t victim = next_random(thief.random) % count;
    for (std::size_t i = 0; i < count; ++i, victim = victim + 1 == count ? 0 : victim + 1) {
        if (victim == thief.index) continue;
        const StealResult<Item> result = workers_[victim]->deques[band].steal();
        if (result.outcome == StealOutcome::Item) {
            thief.steals.add();
            trace_steal(thief.index);
            return result.item;
        }
        lost |= result.outcome == StealOutcome::Lost;
    }
    return nullptr;
}

PoolCore::Found PoolCore::steal_branch(Worker& thief, bool& lost) noexcept {
    Found found;
    if (!may_steal_branches_) return found;
    for_each_seat([&](ForkSeat& victim) {
        if (&victim == &thief.seat) return false;
        const JoinSteal<JoinRecord> result = victim.branches.steal();
        lost |= result.outcome == StealOutcome::Lost;
        if (result.outcome != StealOutcome::Item) return false;
        thief.steals.add();
        trace_steal(thief.index);
        found = {nullptr, {&victim, result.item, result.index}};
        return true;
    });
    return found;
}

// A place among those that may run Background work; kept while the worker finds more of it.
bool PoolCore::enter_background(Worker& worker) noexcept {
    if (worker.in_background) return true;
    std::size_t running = background_running_.load(std::memory_order_relaxed);
    while (running < background_limit_) {
        // Seq_cst: see leave_background.
        if (background_running_.compare_exchange_strong(
                running, running + 1, std::memory_order_seq_cst, std::memory_order_relaxed)) {
            worker.in_background = true;
            return true;
        }
    }
    return false;
}

void PoolCore::leave_background(Worker& worker) noexcept {
    worker.in_background = false;
    const bool was_full =
        background_running_.fetch_sub(1, std::memory_order_seq_cst) == background_limit_;
    // A worker that went to sleep because no place was free looked before the line above.
    if (was_full && background_limit_ < live_workers().size() && work_visible(nullptr))
        trace_wake(parking_.wake(1));
}

void PoolCore::run(Worker& worker, const Found& found) noexcept {
    if (found.branch.record != nullptr) {
        worker.band = Band::Frame;
        worker.tasks.add();
        const Clock::time_point begin = Clock::now();
        run_branch(worker.seat, found.branch);
        // One that was not worth its interrupt: more of the kind lie where it came from.
        worker.leave_branches = Clock::now() - begin < kWorthStealing;
        worker.watch_nap_us = worker.leave_branches
                                  ? std::min(2 * worker.watch_nap_us, kLongestWatchUs)
                                  : kFirstWatchUs;
        return;
    }
    worker.band = found.item->band;
    if (found.item->kind == Item::Kind::Ticket) {
        run_ticket(worker, found.item);
    } else {
        worker.tasks.add();
        run_task(found.item);
    }
}

void PoolCore::run_task(Item* item) noexcept {
    const TaskError error = run_guarded(item->task.name(), [item] { item->task.run(); });
    discard(item);
    if (error.exception != nullptr) [[unlikely]]
        report(error);
}

void PoolCore::run_ticket(Worker& worker, Item* ticket) noexcept {
    GroupState& group = *ticket->group;
    const StayAtGroup at(&worker, group);
    GroupTurn turn = group.next_turn({});
    for (;;) {
        if (turn.chunk == nullptr) {
            if (!group.leave({})) break;
        } else {
            bool pause = false;
            for (std::uint32_t number = 0;
                 !pause && (number = turn.chunk->range.claim()) != ClaimRange<>::kNone;) {
                group.run_task(turn, number);
                pause = ++worker.picks % kFairnessInterval == kFairnessInterval - 1 ||
                        higher_band_waits(group.band());
            }
            worker.tasks.add(turn.ran - turn.dropped);
            if (pause) {
                if (group.pause(turn)) {
                    publish(ticket);
                    return;
                }
                turn = {};
                continue;
            }
        }
        turn = group.next_turn(turn);
    }
    discard(ticket);
    group.release();
}

}  // namespace nebula::detail
