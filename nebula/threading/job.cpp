// SPDX-License-Identifier: MIT
#include "nebula/threading/job.hpp"

#include "nebula/threading/detail/caught.hpp"
#include "nebula/threading/detail/pool_core.hpp"
#include "nebula/threading/scope.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <atomic>
#include <cstdint>
#include <new>

namespace nebula {

const char* JobCancelled::what() const noexcept { return "the job was cancelled"; }

namespace detail {
namespace {

bool is_cancellation(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const JobCancelled&) {
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace

void* allocate_job_block(std::size_t size) { return ::operator new(size); }
void free_job_block(void* memory, std::size_t /*size*/) noexcept { ::operator delete(memory); }

std::exception_ptr JobBlock::run_if_queued() noexcept {
    return state_.claim() ? run_claimed() : nullptr;
}

std::exception_ptr JobBlock::run_claimed() noexcept {
    {
        const CurrentStop running(state_.word(), options_.name);
        auto run = [this] { call(); };
        error_ = caught(run);
        std::exception_ptr at_end = drop_closure();
        if (error_ == nullptr) error_ = std::move(at_end);
    }
    return end(error_ != nullptr && is_cancellation(error_));
}

// The caller holds a reference.
std::exception_ptr JobBlock::end(bool cancelled) noexcept {
    const JobState<>::Duties duties = state_.end(cancelled);
    if (duties.call_callback) {
        callback_();
        callback_.reset();
    }
    return duties.report_error ? take_lost_error() : nullptr;
}

std::exception_ptr JobBlock::take_lost_error() noexcept {
    std::exception_ptr error = std::exchange(error_, nullptr);
    return status() == JobStatus::Done ? error : nullptr;
}

void JobBlock::request_cancel() noexcept {
    if (!state_.claim()) {
        state_.ask_to_stop();
        return;
    }
    retain();  // the callback, or a thread that sees the end, may drop the Job
    log_destructor_error(drop_closure(), options_.name);
    (void)end(true);
    release();
}

void JobBlock::finish() noexcept {
    const NestedWait nested;
    if (state_.claim())
        (void)run_claimed();  // its error is not lost: the caller takes it next
    else if (!state_.ended())
        state_.wait([this](std::atomic<std::uint32_t>& word, std::uint32_t expected) {
            PoolCore::sleep_in_wait(pool_.core_, word, expected, JobState<>::kNudge);
        });
}

void JobBlock::rethrow() {
    if (std::exception_ptr error = std::exchange(error_, nullptr))
        std::rethrow_exception(std::move(error));
    if (status() == JobStatus::Cancelled) throw JobCancelled();
}

void JobBlock::on_end(SmallFunction<void(), 32> callback) noexcept {
    NEBULA_ASSERT(!callback_, "a Job can have only one callback");
    callback_ = std::move(callback);
    if (state_.watch()) return;
    SmallFunction<void(), 32> now = std::move(callback_);
    now();
}

void JobBlock::leave() noexcept {
    if (state_.leave())
        if (std::exception_ptr error = take_lost_error())
            report_lost_error(pool_, std::move(error), options_.name);
    release();
}

constinit thread_local JobBlock::Drops JobBlock::drops;

void JobBlock::drop() noexcept {
    static constexpr int kMostNested = 32;
    if (drops.depth == kMostNested) {
        next_dropped_ = std::exchange(drops.rest, this);
        return;
    }
    JobBlock* job = this;
    do {
        ++drops.depth;
        job->request_cancel();
        // The Job that is dropped holds a reference until here.
        job->leave();  // NOLINT(clang-analyzer-cplusplus.NewDelete)
        --drops.depth;
        if (drops.depth != 0) return;
        job = drops.rest;
        if (job != nullptr) drops.rest = job->next_dropped_;
    } while (job != nullptr);
}

void throw_job_cancelled() { throw JobCancelled(); }

void spawn_block(JobBlock& block) { block.pool_.spawn(JobRun(block), block.options_); }

void JobBlock::spawn_or_run() noexcept {
    auto spawn = [this] { spawn_block(*this); };
    if (caught(spawn) == nullptr) return;
    if (std::exception_ptr error = run_if_queued())
        report_lost_error(pool_, std::move(error), options_.name);
}

}  // namespace detail
}  // namespace nebula
