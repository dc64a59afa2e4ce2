// SPDX-License-Identifier: MIT
// A mutex that a task may hold across waits.
#pragma once

#include "nebula/base/assert.hpp"
#include "nebula/task/detail/waiter.hpp"
#include "nebula/task/wait.hpp"

#include <coroutine>
#include <optional>
#include <utility>

namespace nebula {

/// For steps that must not be interleaved although there are waits between them. A task is not
/// interrupted between two waits, so most data needs no mutex.
///
///     AsyncMutex save_file;
///     const AsyncMutex::Guard guard = co_await save_file.lock();
///     co_await write(part);      // nobody else writes until `guard` is destroyed
///
/// First come, first served: unlocking hands the mutex to the task that has waited longest, so no
/// later task can take it in between. If that task is cancelled before it continues, the next one
/// gets the mutex.
///
/// Threads:   owner thread; guards, too: a coroutine that holds one must be back on the owner
///            thread (`co_await main_thread()`) before it releases the guard or ends.
/// Cost:      two links to wait; no atomics; nothing allocates.
/// Lifetime:  must outlive its guards. It may be destroyed while tasks wait: they get EmitterFreed.
class AsyncMutex {
public:
    /// Holds the mutex, and releases it when destroyed.
    class [[nodiscard]] Guard {
    public:
        Guard() noexcept = default;
        Guard(Guard&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
        Guard& operator=(Guard&& other) noexcept {
            if (this != &other) {
                unlock();
                mutex_ = std::exchange(other.mutex_, nullptr);
            }
            return *this;
        }
        Guard(const Guard&) = delete;
        Guard& operator=(const Guard&) = delete;
        ~Guard() { unlock(); }

        void unlock() noexcept {
            if (mutex_ != nullptr) std::exchange(mutex_, nullptr)->hand_on();
        }
        explicit operator bool() const noexcept { return mutex_ != nullptr; }

    private:
        friend class AsyncMutex;
        explicit Guard(AsyncMutex& mutex) noexcept : mutex_(&mutex) {}

        AsyncMutex* mutex_ = nullptr;
    };

    class Lock : public Wait {
    public:
        explicit Lock(AsyncMutex& mutex) noexcept : Wait("mutex"), mutex_(mutex) {}
        Lock(const Lock& other) noexcept : Lock(other.mutex_) {}
        ~Lock() { stop_waiting(); }
        bool await_ready() noexcept {
            if (std::exchange(mutex_.locked_, true)) return false;
            mutex_.waiters_.tell(waiter_, task_detail::Waiter::End::Granted);
            return true;
        }
        template <TaskPromise P>
        void await_suspend(std::coroutine_handle<P> h) noexcept {
            waiter_.waker = suspend(h);
            mutex_.waiters_.push_back(waiter_);
        }
        Guard await_resume() {
            waiter_.require_source("an AsyncMutex");
            waiter_.settle();
            return Guard(mutex_);
        }
        void stop_waiting() noexcept {
            const bool granted = waiter_.granted();
            waiter_.settle();
            if (granted) mutex_.hand_on();  // cancelled before it could continue
        }

    private:
        AsyncMutex& mutex_;
        task_detail::Waiter waiter_;
    };

    AsyncMutex() noexcept = default;
    AsyncMutex(const AsyncMutex&) = delete;
    AsyncMutex& operator=(const AsyncMutex&) = delete;
    ~AsyncMutex() = default;

    [[nodiscard]] Lock lock() noexcept { return Lock(*this); }
    [[nodiscard]] std::optional<Guard> try_lock() noexcept {
        if (std::exchange(locked_, true)) return std::nullopt;
        return Guard(*this);
    }
    [[nodiscard]] bool locked() const noexcept { return locked_; }

private:
    void hand_on() noexcept {
        NEBULA_ASSERT(waiters_.on_its_thread(),
                      "an AsyncMutex guard must be released on the thread of the runtime, not on "
                      "a worker after a hop");
        if (waiters_.empty()) {
            locked_ = false;
        } else {
            waiters_.grant_front();
        }
    }

    bool locked_ = false;
    task_detail::WaiterQueue waiters_;
};

}  // namespace nebula
