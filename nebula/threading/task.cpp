// SPDX-License-Identifier: MIT
#include "nebula/threading/task.hpp"

#include "nebula/threading/detail/caught.hpp"
#include "nebula/threading/detail/pool_core.hpp"
#include "nebula/threading/scope.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <new>

namespace nebula {

const char* TaskWasCancelled::what() const noexcept { return "the task was cancelled"; }

CancelToken current_cancel_token() noexcept { return CancelToken(detail::TaskBlock::current()); }

namespace detail {
namespace {

// One pointer, no destructor: the extension is unloaded with threads of others still alive.
constinit thread_local const TaskBlock* tls_current_task = nullptr;

bool is_cancellation(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const TaskWasCancelled&) {
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace

void* allocate_task_block(std::size_t size) { return ::operator new(size); }
void free_task_block(void* memory, std::size_t /*size*/) noexcept { ::operator delete(memory); }

const TaskBlock* TaskBlock::current() noexcept { return tls_current_task; }

std::exception_ptr TaskBlock::run_if_queued() noexcept {
    return state_.claim() ? run_claimed() : nullptr;
}

std::exception_ptr TaskBlock::run_claimed() noexcept {
    const TaskBlock* const outer = std::exchange(tls_current_task, this);
    auto run = [this] { call(); };
    error_ = caught(run);
    drop_closure();
    tls_current_task = outer;
    return end(error_ != nullptr && is_cancellation(error_));
}

// The caller holds a reference.
std::exception_ptr TaskBlock::end(bool cancelled) noexcept {
    const TaskState<>::Duties duties = state_.end(cancelled);
    if (duties.call_callback) {
        callback_();
        callback_.reset();
    }
    return duties.report_error ? take_lost_error() : nullptr;
}

std::exception_ptr TaskBlock::take_lost_error() noexcept {
    std::exception_ptr error = std::exchange(error_, nullptr);
    return status() == TaskStatus::Done ? error : nullptr;
}

void TaskBlock::request_cancel() noexcept {
    if (!state_.claim()) {
        state_.ask_to_stop();
        return;
    }
    retain();  // the callback, or whoever sees the end, may drop the Task
    drop_closure();
    (void)end(true);
    release();
}

void TaskBlock::finish() noexcept {
    if (state_.claim())
        (void)run_claimed();  // nothing is lost: we are about to take it
    else if (!state_.ended()) {
        const IdleWhileAsleep idle;
        state_.wait();
    }
}

void TaskBlock::rethrow() {
    if (std::exception_ptr error = std::exchange(error_, nullptr))
        std::rethrow_exception(std::move(error));
    if (status() == TaskStatus::Cancelled) throw TaskWasCancelled();
}

void TaskBlock::on_end(SmallFunction<void(), 32> callback) noexcept {
    NEBULA_ASSERT(!callback_, "a Task has one callback");
    callback_ = std::move(callback);
    if (state_.watch()) return;
    SmallFunction<void(), 32> now = std::move(callback_);
    now();
}

void TaskBlock::leave() noexcept {
    if (state_.leave())
        if (std::exception_ptr error = take_lost_error())
            report_lost_error(pool_, std::move(error), options_.name);
    release();
}

void throw_task_was_cancelled() { throw TaskWasCancelled(); }

void spawn_block(TaskBlock& block) { block.pool_.spawn(TaskRun(block), block.options_); }

void TaskBlock::spawn_or_run() noexcept {
    auto spawn = [this] { spawn_block(*this); };
    if (caught(spawn) == nullptr) return;
    if (std::exception_ptr error = run_if_queued())
        report_lost_error(pool_, std::move(error), options_.name);
}

}  // namespace detail
}  // namespace nebula
