// SPDX-License-Identifier: MIT
// The only door from other threads into a runtime.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/base/small_function.hpp"

#include <atomic>
#include <cstdint>
#include <thread>

namespace nebula::task_detail {

class TaskRecord;

/// A list of records to look at: anyone pushes, the runtime's thread takes all at once. A record
/// stands in it at most once (TaskRecord's kQueued bit sees to that), so a push links the record
/// itself and never allocates.
///
/// Threads:   any thread, but for what says owner thread.
/// Cost:      push: one CAS; plus a mutex and the handler when the list was empty.
/// Lifetime:  counted; every record holds it, so it outlives the runtime as long as any waker.
class Inbox {
public:
    Inbox() = default;
    Inbox(const Inbox&) = delete;
    Inbox& operator=(const Inbox&) = delete;

    void retain() noexcept;
    void release() noexcept;

    [[nodiscard]] bool on_owner_thread() const noexcept {
        return std::this_thread::get_id() == owner_;
    }

    /// Links the record; false when closed, and then it is not linked.
    bool push(TaskRecord& record) noexcept;
    [[nodiscard]] bool empty() const noexcept;
    /// Blocks until something has been pushed. Owner thread.
    void wait_until_not_empty() const noexcept;

    /// All records, oldest first, linked by TaskRecord's inbox link. Owner thread.
    [[nodiscard]] TaskRecord* take() noexcept;
    /// Refuses every push from now on; returns what had been pushed. Owner thread.
    [[nodiscard]] TaskRecord* close() noexcept;
    [[nodiscard]] bool closed() noexcept;  ///< Owner thread.

    /// Waits for a call of the handler before to end, so that what it uses may go afterwards.
    void set_on_wake(SmallFunction<void()> handler) NEBULA_EXCLUDES(mutex_);
    void ring() noexcept NEBULA_EXCLUDES(mutex_);

private:
    ~Inbox() = default;
    TaskRecord* closed_mark() noexcept;
    static TaskRecord* oldest_first(TaskRecord* newest) noexcept;

    // The newest record, or closed_mark(). A push's release pairs with the acquire of the exchange
    // in take(): what the waker wrote before is seen by the task it wakes.
    std::atomic<TaskRecord*> newest_{nullptr};
    std::atomic<std::uint32_t> references_{1};
    const std::thread::id owner_ = std::this_thread::get_id();

    Mutex mutex_;
    SmallFunction<void()> on_wake_ NEBULA_GUARDED_BY(mutex_);
};

}  // namespace nebula::task_detail
