// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/pool_core.hpp"

#include "nebula/base/yield_point.hpp"
#include "nebula/threading/detail/pool_parts.hpp"

#include <cstddef>

namespace nebula::detail {

constinit thread_local const InlineTurn* InlineTurn::innermost = nullptr;

InlineTurn::InlineTurn(const PoolCore& pool) noexcept
    : pool_(pool), outer_(innermost), outermost_(pool.size() == 0) {
    for (const InlineTurn* turn = outer_; outermost_ && turn != nullptr; turn = turn->outer_)
        if (&turn->pool_ == &pool) outermost_ = false;
    if (outermost_) innermost = this;
}

Item* PoolCore::take_item(Band band) {
    home_.require();
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
    if (workers_.empty()) run_inline(InlineTurn(*this));
}

void PoolCore::spawn_all(Item* first, std::size_t count) noexcept {
    const auto band = static_cast<std::size_t>(first->band);
    // One lock for all: with several, workers would come in between and contend for it.
    injectors_[band].push_all(first, count);
    NEBULA_YIELD_POINT();
    trace_wake(parking_.wake(count));
    if (workers_.empty()) run_inline(InlineTurn(*this));
}

void PoolCore::spawn_on(std::size_t worker, Item* item) noexcept {
    workers_[worker]->inbox.push(item);
    NEBULA_YIELD_POINT();
    parking_.wake_worker(worker);
    workers_[worker]->nudge.ring();
}

// For a pool without workers: in a turn that began here, runs all that is queued.
void PoolCore::run_inline(const InlineTurn& turn) noexcept {
    while (turn.outermost() && try_run_one(Band::Background)) {
    }
}

bool PoolCore::try_run_one(Band least) noexcept {
    home_.require();
    for (std::size_t band = 0; band <= static_cast<std::size_t>(least); ++band)
        while (Item* const item = take_any(band))
            if (item->kind == Item::Kind::Ticket) {
                // If its group needs no helper any more, there may be other items behind it.
                if (run_one_of(*item->group, item)) return true;
            } else {
                Worker* const worker = own_current_worker();
                const StayInBand in_band(worker, item->band);
                run_task(item, worker);
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

void PoolCore::run_task(Item* item, Worker* on) noexcept {
    const RunningMark mark(running_of(on), item->task.name());
    const TaskError error = run_guarded(item->task.name(), [item] { item->task.run(); });
    discard(item);
    if (error.exception != nullptr) [[unlikely]]
        report(error);
}

}  // namespace nebula::detail
