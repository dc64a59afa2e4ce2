// SPDX-License-Identifier: MIT
#include "nebula/task/worker_hop.hpp"

#include "nebula/task/detail/promise.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <utility>

namespace nebula {

using task_detail::TaskRecord;

namespace {

/// The closure that the pool keeps for a trip. If it is dropped, it brings the task home as lost.
class TripCall {
public:
    explicit TripCall(TaskRecord& record) noexcept : record_(&record) { record.retain(); }
    TripCall(TripCall&& other) noexcept : record_(std::exchange(other.record_, nullptr)) {}
    TripCall(const TripCall&) = delete;
    TripCall& operator=(const TripCall&) = delete;
    ~TripCall() {
        if (record_ == nullptr) return;
        if (record_->begin_trip()) {
            record_->trip_lost = true;
            record_->let_go_of_trip();
        }
        record_->release();
    }

    void operator()() noexcept {
        TaskRecord* const record = std::exchange(record_, nullptr);
        record->travel();
        record->release();
    }

private:
    TaskRecord* record_;
};

}  // namespace

void WorkerHop::begin(task_detail::PromiseBase& leaf) noexcept {
    record_ = &leaf.record();
    onward_ = record_->away;
    if (!onward_) (void)suspend_here(leaf);
    record_->departing = this;
}

void WorkerHop::depart(TaskRecord& record) noexcept {
    // Copies, because once the trip is booked, the owner may take it back and destroy this awaiter.
    WorkerPool& pool = pool_;
    const SpawnOptions options = options_;
    record.trip_name = options.name;
    record.book_trip(onward_);
    try {
        pool.spawn(TripCall(record), options);
    } catch (...) {
        // Out of memory. The dropped closure has brought the task home.
    }
}

void WorkerHop::await_resume() const {
    if (std::exchange(record_->trip_lost, false))
        throw RuntimeClosed("the worker pool did not run the task");
}

}  // namespace nebula
