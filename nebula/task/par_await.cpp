// SPDX-License-Identifier: MIT
#include "nebula/task/par_await.hpp"

#include "nebula/threading/detail/futex.hpp"
#include "nebula/threading/detail/slow_wait.hpp"
#include "nebula/threading/stop_token.hpp"

#include <cstdint>
#include <string>

namespace nebula::task_detail {
namespace {

/// A worker's share of the loop, as the closure that the pool keeps.
class LoopWorker {
public:
    explicit LoopWorker(LoopState& loop) noexcept : loop_(&loop) { loop_->retain(); }
    LoopWorker(LoopWorker&& other) noexcept : loop_(std::exchange(other.loop_, nullptr)) {}
    LoopWorker(const LoopWorker&) = delete;
    LoopWorker& operator=(const LoopWorker&) = delete;
    ~LoopWorker() {
        if (loop_ != nullptr) loop_->release();
    }
    void operator()() noexcept { loop_->work(); }

private:
    LoopState* loop_;
};

}  // namespace

bool LoopState::spawn_worker() noexcept {
    try {
        pool_->spawn(LoopWorker(*this), options_);
        return true;
    } catch (...) {
        return false;
    }
}

void LoopState::start(WorkerPool& pool, SpawnOptions options, Waker waker) {
    pool_ = &pool;
    options_ = options;
    waker_ = std::move(waker);
    const auto threads = static_cast<std::size_t>(std::max(pool.thread_count(), 1));
    // The first one is required; without the others it is only slower.
    pool.spawn(LoopWorker(*this), options);
    for (std::size_t i = 1; i < std::min(threads, pieces_); ++i)
        if (!spawn_worker()) break;
}

void LoopState::work() noexcept {
    for (;;) {
        const std::size_t piece = claim();
        if (piece == pieces_) return;
        NEBULA_YIELD_POINT();
        try {
            const nebula::detail::CurrentStop running(stop_, options_.name);
            run(piece);
        } catch (...) {
            // relaxed: only one wins; its error_ is published by ended() below.
            if (!failed_.exchange(true, std::memory_order_relaxed))
                error_ = std::current_exception();
            leave_out_the_rest();
        }
        ended(1);
        if (WorkerPool::should_yield() && spawn_worker()) return;
    }
}

std::size_t LoopState::claim() noexcept {
    // relaxed, like the exchange: only the number matters; ended() publishes what pieces write.
    std::size_t next = next_.load(std::memory_order_relaxed);
    while (next < pieces_ && !next_.compare_exchange_weak(next, next + 1, std::memory_order_relaxed,
                                                          std::memory_order_relaxed))
        NEBULA_YIELD_POINT();
    return next;
}

void LoopState::leave_out_the_rest() noexcept {
    stop_.store(nebula::detail::kStopRequested, std::memory_order_relaxed);  // only saves work
    // relaxed: as in claim(); each number is handed out once, here or there.
    const std::size_t begun = next_.exchange(pieces_, std::memory_order_relaxed);
    if (begun < pieces_) ended(pieces_ - begun);
}

void LoopState::ended(std::size_t pieces) noexcept {
    NEBULA_YIELD_POINT();
    // acq_rel: the last one pairs with all before it, so its wake publishes their work, too.
    if (ended_.fetch_add(pieces, std::memory_order_acq_rel) + pieces != pieces_) return;
    drop_function();
    done_.store(1, std::memory_order_release);  // pairs with stop_and_wait()
    nebula::detail::futex_wake_one(done_);
    waker_.wake();  // publishes all: see Waker
}

void LoopState::stop_and_wait() noexcept {
    leave_out_the_rest();
    nebula::detail::SlowWait slow;
    while (done_.load(std::memory_order_acquire) == 0) {  // pairs with ended()
        nebula::detail::futex_wait(done_, 0, slow.due());
        slow.tell_if_due([this](std::int64_t seconds) {
            std::string line = "the main thread has been waiting for the pieces of '";
            line.append(options_.name != nullptr ? options_.name : "a pool_for without a name");
            line.append("' that run on workers, for ").append(std::to_string(seconds));
            return line.append(" s; a long piece should check job_stop_requested()");
        });
    }
}

}  // namespace nebula::task_detail
