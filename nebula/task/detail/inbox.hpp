// SPDX-License-Identifier: MIT
// The only way from other threads into a runtime.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/base/small_function.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

namespace nebula::task_detail {

class TaskRecord;

/// A list of records to look at: any thread pushes, and the runtime's thread takes all at once. A
/// record is in it at most once (TaskRecord's kQueued bit ensures that), so a push links the record
/// itself and never allocates.
///
/// Threads:   any thread, except where it says owner thread.
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

    /// Links the record; false if the inbox is closed, and then the record is not linked.
    bool push(TaskRecord& record) noexcept;
    [[nodiscard]] bool empty() const noexcept;

    /// All records, oldest first, linked by TaskRecord's inbox link. Owner thread.
    [[nodiscard]] TaskRecord* take() noexcept;
    /// Refuses every push from now on; returns what has been pushed before. Owner thread.
    [[nodiscard]] TaskRecord* close() noexcept;
    [[nodiscard]] bool closed() noexcept;  ///< Owner thread.

    /// Waits until a running call of the old handler has ended, so that what it uses may then be
    /// destroyed; does not wait if the handler itself calls this.
    void set_on_wake(SmallFunction<void()> handler) NEBULA_EXCLUDES(mutex_);
    /// Calls the handler, outside the mutex. One call at a time: if another thread rings meanwhile,
    /// the thread that is calling the handler calls it once more.
    void ring() noexcept NEBULA_EXCLUDES(mutex_);

private:
    ~Inbox() = default;
    TaskRecord* closed_mark() noexcept;
    static TaskRecord* oldest_first(TaskRecord* newest) noexcept;

    // The newest record, or closed_mark(). A push's release pairs with the acquire of the exchange
    // in take(): the woken task sees what the waker wrote before.
    std::atomic<TaskRecord*> newest_{nullptr};
    std::atomic<std::uint32_t> references_{1};
    const std::thread::id owner_ = std::this_thread::get_id();

    using Handler = SmallFunction<void()>;
    Mutex mutex_;
    std::unique_ptr<Handler> on_wake_ NEBULA_GUARDED_BY(mutex_);
    std::unique_ptr<Handler> retired_ NEBULA_GUARDED_BY(mutex_);  // replaced by its own call
    std::thread::id ringer_ NEBULA_GUARDED_BY(mutex_);  // the thread that is calling it, if any
    bool ring_again_ NEBULA_GUARDED_BY(mutex_) = false;
};

}  // namespace nebula::task_detail
