// SPDX-License-Identifier: MIT
// Limits how many tasks may do something at a time.
#pragma once

#include "nebula/base/assert.hpp"
#include "nebula/task/detail/waiter.hpp"
#include "nebula/task/wait.hpp"

#include <coroutine>
#include <cstddef>
#include <optional>
#include <utility>

namespace nebula {

/// Counts permits. Tasks take some, and wait while there are too few.
///
///     AsyncSemaphore loads(4);                       // four at a time
///     const AsyncSemaphore::Permit permit = co_await loads.acquire();
///
/// First come, first served: tasks that want few permits do not overtake one that wants many.
///
/// Threads:   owner thread; permits, too: a coroutine that holds one must be back on the owner
///            thread (`co_await main_thread()`) before it gives the permit back or ends.
/// Cost:      two links to wait; no atomics; nothing allocates.
/// Lifetime:  must outlive its permits. It may be destroyed while tasks wait: they get
///            EmitterFreed.
class AsyncSemaphore {
    class Waiter : public task_detail::Waiter {
    public:
        explicit Waiter(std::size_t wanted) noexcept : count(wanted) {}
        const std::size_t count;
    };

public:
    /// Holds permits, and gives them back when destroyed.
    class [[nodiscard]] Permit {
    public:
        Permit() noexcept = default;
        Permit(Permit&& other) noexcept
            : semaphore_(std::exchange(other.semaphore_, nullptr)), count_(other.count_) {}
        Permit& operator=(Permit&& other) noexcept {
            if (this != &other) {
                give_back();
                semaphore_ = std::exchange(other.semaphore_, nullptr);
                count_ = other.count_;
            }
            return *this;
        }
        Permit(const Permit&) = delete;
        Permit& operator=(const Permit&) = delete;
        ~Permit() { give_back(); }

        void give_back() noexcept {
            if (semaphore_ != nullptr) std::exchange(semaphore_, nullptr)->add(count_);
        }
        /// Keeps the permits forever; only add() can replace them.
        void keep() noexcept { semaphore_ = nullptr; }
        explicit operator bool() const noexcept { return semaphore_ != nullptr; }

    private:
        friend class AsyncSemaphore;
        Permit(AsyncSemaphore& semaphore, std::size_t count) noexcept
            : semaphore_(&semaphore), count_(count) {}

        AsyncSemaphore* semaphore_ = nullptr;
        std::size_t count_ = 0;
    };

    class Acquire : public Wait {
    public:
        Acquire(AsyncSemaphore& semaphore, std::size_t count) noexcept
            : Wait("semaphore"), semaphore_(semaphore), waiter_(count) {}
        Acquire(const Acquire& other) noexcept : Acquire(other.semaphore_, other.waiter_.count) {}
        ~Acquire() { stop_waiting(); }
        bool await_ready() noexcept {
            if (!semaphore_.take(waiter_.count)) return false;
            semaphore_.waiters_.tell(waiter_, Waiter::End::Granted);
            return true;
        }
        template <TaskPromise P>
        void await_suspend(std::coroutine_handle<P> h) noexcept {
            waiter_.waker = suspend(h);
            semaphore_.waiters_.push_back(waiter_);
        }
        Permit await_resume() {
            waiter_.require_source("an AsyncSemaphore");
            waiter_.settle();
            return {semaphore_, waiter_.count};
        }
        void stop_waiting() noexcept {
            if (!waiter_.linked()) return;
            const bool granted = waiter_.granted();
            waiter_.settle();
            if (granted) {
                semaphore_.add(waiter_.count);  // cancelled before it could continue
            } else {
                semaphore_.serve();  // it may have held up tasks behind it
            }
        }

    private:
        AsyncSemaphore& semaphore_;
        Waiter waiter_;
    };

    explicit AsyncSemaphore(std::size_t permits) noexcept : available_(permits) {}
    AsyncSemaphore(const AsyncSemaphore&) = delete;
    AsyncSemaphore& operator=(const AsyncSemaphore&) = delete;
    ~AsyncSemaphore() = default;

    [[nodiscard]] Acquire acquire(std::size_t count = 1) noexcept { return {*this, count}; }
    [[nodiscard]] std::optional<Permit> try_acquire(std::size_t count = 1) noexcept {
        if (!take(count)) return std::nullopt;
        return Permit(*this, count);
    }
    void add(std::size_t count) noexcept {
        NEBULA_ASSERT(waiters_.on_its_thread(),
                      "an AsyncSemaphore permit must be released on the thread of the runtime, "
                      "not on a worker after a hop");
        available_ += count;
        serve();
    }
    [[nodiscard]] std::size_t available() const noexcept { return available_; }

private:
    [[nodiscard]] bool take(std::size_t count) noexcept {
        if (!waiters_.empty() || available_ < count) return false;
        available_ -= count;
        return true;
    }
    void serve() noexcept {
        while (!waiters_.empty()) {
            auto& longest = static_cast<Waiter&>(waiters_.front());
            if (available_ < longest.count) return;
            available_ -= longest.count;
            waiters_.grant_front();
        }
    }

    std::size_t available_;
    task_detail::WaiterQueue waiters_;  // of our Waiter
};

}  // namespace nebula
