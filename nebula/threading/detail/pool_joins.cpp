// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/pool_core.hpp"

#include "nebula/threading/detail/pool_parts.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <new>
#include <utility>

namespace nebula::detail {

using std::chrono::microseconds;

template <class Visit>
bool PoolCore::for_each_seat(Visit&& visit) noexcept {
    for (const auto& worker : live_workers())
        if (visit(worker->seat)) return true;
    // Seq_cst: a watcher that has let go and looks once more sees any thread that entered before.
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
    home_.require();
    lent = false;
    if (Worker* const worker = own_current_worker()) return &worker->seat;
    for (const auto& guest : guests_) {
        // Acquire pairs with the release in give_back(): we see the deque as the last guest left
        // it.
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
    thief.stack_floor = stack_floor();
    const bool entered = !thief.in_region.raised_by_us();
    if (entered) thief.in_region.raise();
    TaskError error = run_guarded(
        "join", [&] { record.call(record, ForkContext(thief, thief.branches.depth())); });
    if (entered) leave_region(thief);
    current_fork_seat = outer;
    record.failed = error.exception != nullptr;
    if (record.failed)
        ::new (static_cast<void*>(record.error)) std::exception_ptr(std::move(error.exception));
    // After this, the record may be gone, and so may everything that the branch borrowed.
    state.finish(branch.owner->bell);
}

void PoolCore::wait_for_branch(ForkSeat& owner, std::int64_t index) noexcept {
    home_.require();
    JoinState<ForkSeat>& state = owner.state(index);
    const Clock::time_point look_until = Clock::now() + kLookBeforeSleep;
    std::int64_t nap_us = kFirstWatchUs;
    while (!state.done()) {
        // The thief began with an empty deque, so everything in it belongs to our branch.
        if (ForkSeat* const thief = state.thief()) {
            // Checked again when a branch is there: ours may have ended, and that branch may belong
            // to another one.
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
        // Not forever: the thief may fork again, and then there is something to do.
        sleep_in_wait(this, owner.bell, rings, 1, Clock::now() + microseconds(nap_us));
        nap_us = std::min(2 * nap_us, kLongestWatchUs);
    }
    state.reset();
    owner.branches.come_back(index);
}

// ---- the watcher, on a parked worker

// True: search for work. False: no thread is inside a join any more.
bool PoolCore::watch_regions(Worker& worker) noexcept {
    const auto go = [this] {
        region_watch_.let_go();
        return true;
    };
    if (!worker.leave_branches && worker.watch_nap_us == kFirstWatchUs) {
        const Clock::time_point until = Clock::now() + kLookBeforeSleep;
        while (!branch_visible() && Clock::now() < until) pause();
    }
    // After a search that found nothing, the next nap is longer: each search costs an interrupt.
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

PoolCore::Found PoolCore::steal_branch(Worker& thief, bool& lost) noexcept {
    Found found;
    // Not registered yet, or not supported: README, "Joins".
    if (!asymmetric_fences_ready()) return found;
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

}  // namespace nebula::detail
