// SPDX-License-Identifier: MIT
// What a waiting task gives to the code that will end its wait.
#pragma once

#include "nebula/task/detail/task_record.hpp"

#include <cstdint>
#include <utility>

namespace nebula {

/// Refers to one wait of one task. wake() ends that wait: a later pump of the runtime resumes the
/// task, never wake() itself. wake() does nothing if the wait is over, the task has ended, or the
/// runtime is gone. Several wakes before the pump resume the task once. What the waking thread
/// wrote before wake() is visible to the task when it resumes.
///
/// Threads:   any thread.
/// Cost:      wake: two CAS; the first after a pump also calls the runtime's on_wake handler.
///            A copy counts a reference. Nothing allocates.
/// Lifetime:  holds a small record, not the task: it does not keep any frame alive.
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
    /// The same, but resumes the task inside this call if that is possible: on the owner thread,
    /// with no task on the stack and no pump running. For tasks that must see the world as the
    /// caller leaves it. Hold nothing that the task might need or destroy.
    void wake_inline() const noexcept {
        if (record_ != nullptr) record_->wake_inline(wait_number_);
    }
    explicit operator bool() const noexcept { return record_ != nullptr; }

private:
    task_detail::TaskRecord* record_ = nullptr;
    std::uint64_t wait_number_ = 0;
};

}  // namespace nebula
