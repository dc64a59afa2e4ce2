// SPDX-License-Identifier: MIT
#include "nebula/threading/ranked_results.hpp"

#include "nebula/threading/detail/pool_core.hpp"
#include "nebula/threading/worker_pool.hpp"

namespace nebula::detail {

RankedResultsBase::RankedResultsBase(WorkerPool& pool, RankedOptions options)
    : pool_(*pool.core_), finished_(pool), tasks_(pool, options) {}

RankedResultsBase::Finished::~Finished() {
    while (first != nullptr) {
        const std::unique_ptr<Result> result(std::exchange(first, first->later));
        if (result->error != nullptr)
            report_lost_error(pool, std::move(result->error), result->name);
    }
}

RankedResultsBase::Place::Place(RankedResultsBase& owner) noexcept : owner_(&owner) {
    const MutexLock lock(owner.mutex_);
    ++owner.unfinished_;
}

std::size_t RankedResultsBase::pending() const noexcept {
    pool_.home().require();
    const MutexLock lock(mutex_);
    return unfinished_ + finished_.size;
}

std::size_t RankedResultsBase::finished() const noexcept {
    pool_.home().require();
    const MutexLock lock(mutex_);
    return finished_.size;
}

std::uint64_t RankedResultsBase::begin() noexcept {
    const MutexLock lock(mutex_);
    return begun_++;
}

void RankedResultsBase::finish(std::unique_ptr<Result> result) noexcept {
    WaitList::Claim claim = nullptr;
    {
        const MutexLock lock(mutex_);
        // The list is short: tasks finish roughly in the order in which they began, and results
        // are taken as they finish.
        Result** place = &finished_.first;
        while (*place != nullptr && (*place)->begun < result->begun) place = &(*place)->later;
        result->later = *place;
        *place = result.release();
        ++finished_.size;
        --unfinished_;
        claim = waiting_.claim_oldest();
    }
    WaitList::wake(claim);
}

// If it was the last one, waiting threads must learn that there is nothing left to wait for.
void RankedResultsBase::drop() noexcept {
    const MutexLock lock(mutex_);
    if (--unfinished_ != 0) return;
    while (const WaitList::Claim claim = waiting_.claim_oldest()) WaitList::wake(claim);
}

void RankedResultsBase::announce_spawn() noexcept {
    WaitList::Claim claim = nullptr;
    {
        const MutexLock lock(mutex_);
        claim = waiting_.claim_oldest();
    }
    WaitList::wake(claim);
}

RankedResultsBase::Result* RankedResultsBase::pop() noexcept {
    Result* const result = finished_.first;
    if (result == nullptr) return nullptr;
    finished_.first = result->later;
    --finished_.size;
    // The last result is gone, so nobody needs to wait any more.
    if (finished_.size == 0 && unfinished_ == 0)
        while (const WaitList::Claim claim = waiting_.claim_oldest()) WaitList::wake(claim);
    return result;
}

std::unique_ptr<RankedResultsBase::Result> RankedResultsBase::try_take() noexcept {
    pool_.home().require();
    const MutexLock lock(mutex_);
    return std::unique_ptr<Result>(pop());
}

std::unique_ptr<RankedResultsBase::Result> RankedResultsBase::wait_and_take() {
    pool_.home().require();
    require_stack();
    const NestedWait nested;
    for (;;) {
        {
            const MutexLock lock(mutex_);
            if (Result* const result = pop()) return std::unique_ptr<Result>(result);
            if (unfinished_ == 0) return nullptr;
        }
        if (tasks_.run_nearest()) continue;
        Sleeper sleeper;
        {
            const MutexLock lock(mutex_);
            if (finished_.first != nullptr || unfinished_ == 0) continue;
            waiting_.add(sleeper);
        }
        // Woken by a result, by the end, or by a spawned task. A task that was spawned before we
        // were on the list has a helper on its way, or the next look sees it.
        if (!tasks_.any_queued())
            sleeper.sleep_by([this](std::atomic<std::uint32_t>& word, std::uint32_t expected) {
                PoolCore::sleep_in_wait(&pool_, word, expected, Sleeper::kNudge);
            });
        const MutexLock lock(mutex_);
        waiting_.leave(sleeper);
    }
}

}  // namespace nebula::detail
