// SPDX-License-Identifier: MIT
// What a waiting task leaves behind with whoever will end its wait.
#pragma once

#include "nebula/task/detail/task_record.hpp"

#include <cstdint>
#include <utility>

namespace nebula {

/// Names one wait of one task. wake() ends that wait: the task is resumed by a later pump of its
/// runtime, never from inside wake(). It does nothing when the wait is over, the task has ended,
/// or the runtime is gone, and any number of wakes before the pump resume the task once. What
/// the waking thread wrote before wake() is visible to the task when it resumes.
///
/// Threads:   any thread.
/// Cost:      wake: two CAS; the first after a pump also calls the runtime's on_wake handler.
///            A copy counts a reference. Nothing allocates.
/// Lifetime:  holds a small record, not the task: a waker kept for ever keeps no frame alive.
class Waker {
public:
    Waker() noexcept = default;  ///< Wakes nothing.
    /// For awaiters: Wait::suspend() is the usual way to get one.
    Waker(task_detail::TaskRecord& record, std::uint64_t wait_number) noexcept
        : record_(&record), wait_number_(wait_number) {
        record_->retain();
    }
    Waker(const Waker& other) noexcept : record_(other.record_), wait_number_(other.wait_number_) {
        if (record_ != nullptr) record_->retain();
    }
    Waker(Waker&& other) noexcept
        : record_(std::exchange(other.record_, nullptr)), wait_number_(other.wait_number_) {}
    Waker& operator=(Waker other) noexcept {
        std::swap(record_, other.record_);
        std::swap(wait_number_, other.wait_number_);
        return *this;
    }
    ~Waker() {
        if (record_ != nullptr) record_->release();
    }

    void wake() const noexcept {
        if (record_ != nullptr) record_->wake(wait_number_);
    }
    /// The same, and resumes the task right here, inside this call, if that is possible: on the
    /// owner thread, with no task on the stack and no pump running. For code that must see the
    /// world as the waker leaves it. Hold nothing that the task might want or destroy.
    void wake_inline() const noexcept {
        if (record_ != nullptr) record_->wake_inline(wait_number_);
    }
    explicit operator bool() const noexcept { return record_ != nullptr; }

private:
    task_detail::TaskRecord* record_ = nullptr;
    std::uint64_t wait_number_ = 0;
};

}  // namespace nebula
