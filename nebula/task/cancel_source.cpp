// SPDX-License-Identifier: MIT
#include "nebula/task/cancel_source.hpp"

#include "nebula/base/yield_point.hpp"
#include "nebula/task/task_handle.hpp"

namespace nebula {

namespace task_detail {

void CancelState::retain() noexcept {
    references_.fetch_add(1, std::memory_order_relaxed);  // the caller's own reference keeps us
}

void CancelState::release() noexcept {
    // acq_rel: the last release pairs with all earlier ones before the memory goes.
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

bool CancelState::join(CancelNode& node) noexcept {
    const MutexLock lock(mutex_);
    if (cancelled_.load(std::memory_order_relaxed)) return false;  // written under the mutex
    nodes_.push_back(node);
    return true;
}

void CancelState::leave(CancelNode& node) noexcept {
    const MutexLock lock(mutex_);
    node.unlink();
}

void CancelState::cancel() noexcept {
    for (;;) {
        TaskRecord* record = nullptr;
        Waker waker;
        {
            const MutexLock lock(mutex_);
            cancelled_.store(true, std::memory_order_release);  // pairs with cancelled()
            if (nodes_.empty()) return;
            CancelNode& node = nodes_.pop_front();
            waker = std::move(node.waker);
            record = node.record;
            // The node is listed, so its frame still exists and keeps the record alive until here.
            if (record != nullptr) record->retain();
        }
        NEBULA_YIELD_POINT();
        // Outside the lock, because destructors of a cancelled task call leave().
        waker.wake();
        if (record == nullptr) continue;
        if (record->inbox().on_owner_thread()) {
            cancel_task(*record);
        } else {
            record->request_cancel();
        }
        record->release();
    }
}

}  // namespace task_detail

CancelGuard::CancelGuard(task_detail::CancelRef state, task_detail::TaskRecord& record) noexcept
    : state_(std::move(state)) {
    node_.record = &record;
    // Another thread has cancelled it since bind() looked, so request the cancel as it would.
    if (state_.get() != nullptr && !state_.get()->join(node_)) record.request_cancel();
}

CancelGuard::~CancelGuard() {
    if (state_.get() != nullptr) state_.get()->leave(node_);
}

bool BindWait::begin(task_detail::PromiseBase& leaf) noexcept {
    record_ = &leaf.record();
    if (state_.get() == nullptr || !state_.get()->cancelled()) return false;
    suspend_here(leaf);
    task_detail::cancel_task(*record_);  // it is running, so it ends when it suspends, here
    return true;
}

}  // namespace nebula
