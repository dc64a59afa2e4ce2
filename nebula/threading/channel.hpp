// SPDX-License-Identifier: MIT
// Values from many threads to many threads.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/base/mutex.hpp"
#include "nebula/base/require.hpp"
#include "nebula/threading/detail/block_ring.hpp"
#include "nebula/threading/detail/wait_list.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

namespace nebula {

enum class SendResult : std::uint8_t {
    Sent,
    Full,    ///< The value is still the caller's.
    Closed,  ///< The value is still the caller's.
};

namespace detail {
/// Whether the calling thread is a worker, of whatever pool.
[[nodiscard]] bool on_worker() noexcept;
}  // namespace detail

/// A queue of values, oldest first, with or without a bound, that can be closed.
///
///     Channel<Mesh> finished;                       // no bound
///     pool.spawn([&] { finished.post(mesh(chunk)); });
///     finished.drain(2ms, [&](Mesh mesh) { commit(std::move(mesh)); });   // once a frame
///
/// A bound holds back whoever may sleep, and nobody else. A task that slept in send() would take
/// its worker with it, and if the receiver is at that moment in a wait for that very task, both
/// sleep for ever. So send() on a worker of any pool never waits: it goes over the bound, and the
/// memory grows. Tasks that a waiting thread may help with can run on a thread that is no worker:
/// let tasks use post(), which never waits anywhere. Where the amount of work in flight must be
/// limited, do it where tasks are started: `while (in_flight + 1 < limit) start_one()`.
///
/// Threads:   any thread. recv and recv_until sleep: not for workers, which use try_recv.
/// Cost:      one short lock per value; a system call only for a thread that really sleeps. An
///            empty try_recv is one load. No allocation once it has held as many values before; a
///            bounded one allocates for its bound when it is made.
/// Lifetime:  may be destroyed by whoever received the last value, though its sender has not quite
///            returned; no other call may run. What it still holds is destroyed with it.
/// Throws:    the constructor std::invalid_argument for a bound of 0. std::bad_alloc when it has to
///            grow, and what moving a T throws; the value is then where it was before, and the
///            channel as it was. Moves run under the lock: they must not use the channel.
template <class T>
class Channel {
    static_assert(std::is_nothrow_destructible_v<T>);

public:
    /// Without a bound.
    Channel() noexcept : bound_(std::numeric_limits<std::size_t>::max()) {}
    explicit Channel(std::size_t bound) : bound_(bound) {
        require_argument(bound > 0,
                         "a channel of 0 never takes a value; give 1 or more, or no bound");
        items_.reserve(bound);
    }
    ~Channel() = default;
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    /// Moves from `value` only if it was sent.
    [[nodiscard]] SendResult try_send(T&& value) {
        return offer(std::move(value), Over::Refuse, nullptr);
    }
    [[nodiscard]] SendResult try_send(const T& value)
        requires std::is_copy_constructible_v<T>
    {
        return offer(value, Over::Refuse, nullptr);
    }

    /// Sends whatever the bound says. \returns false when the channel is closed.
    bool post(T value) { return offer(std::move(value), Over::Grow, nullptr) == SendResult::Sent; }

    /// Sleeps while the channel is full; on a worker goes over the bound instead.
    /// \returns false when the channel is closed, before or meanwhile.
    bool send(T value) {
        for (;;) {
            detail::Sleeper sleeper;
            const SendResult result = offer(std::move(value), Over::Sleep, &sleeper);
            if (result != SendResult::Full) return result == SendResult::Sent;
            sleeper.sleep(Clock::time_point::max());
            const MutexLock lock(mutex_);
            senders_.leave(sleeper);
        }
    }

    /// The oldest value; none when there is none now. Whether one may still come is to be asked
    /// before: after closed() said yes, none means the end. The other way round a value that is
    /// sent, and the channel closed, between the two questions is lost.
    [[nodiscard]] std::optional<T> try_recv() {
        return try_recv_if([](const T&) { return true; });
    }
    /// The oldest value, if `wanted` says so; it is asked under the lock and must not use the
    /// channel.
    template <class Wanted>
        requires std::is_invocable_r_v<bool, Wanted&, const T&>
    [[nodiscard]] std::optional<T> try_recv_if(Wanted&& wanted) {
        std::optional<T> value;
        // Relaxed: whoever knows that a value was sent sees a count that knows it too.
        if (size_.load(std::memory_order_relaxed) == 0) return value;
        take(value, wanted, nullptr);
        return value;
    }

    /// Sleeps until there is a value. \returns none only when closed and empty.
    [[nodiscard]] std::optional<T> recv() { return recv_until(Clock::time_point::max()); }
    /// The same, or none once the deadline has passed.
    [[nodiscard]] std::optional<T> recv_until(Clock::time_point deadline) {
        std::optional<T> value;
        const auto any = [](const T&) { return true; };
        for (bool late = false;;) {
            detail::Sleeper sleeper;
            if (!take(value, any, late ? nullptr : &sleeper) || late) return value;
            sleeper.sleep(deadline);
            late = deadline != Clock::time_point::max() && Clock::now() >= deadline;
            const MutexLock lock(mutex_);
            receivers_.leave(sleeper);
        }
    }

    /// Calls fn(value) for one value after the other, the first in any case, until none is left or
    /// `budget` has passed. What fn throws comes out; its value is gone, the others are not.
    /// \returns how many.
    template <class F, class Now = Clock::time_point (*)()>
        requires std::is_invocable_v<F&, T&&>
    std::size_t drain(Clock::duration budget, F&& fn, Now now = Clock::now) {
        const Clock::time_point start = now();
        std::size_t count = 0;
        do {
            std::optional<T> value = try_recv();
            if (!value) break;
            ++count;
            fn(std::move(*value));
        } while (now() - start < budget);
        return count;
    }

    /// Takes no more values; those it has can be received. Wakes everybody who sleeps. Again: does
    /// nothing.
    void close() noexcept NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        closed_ = true;
        // Under the lock, all of them: it happens once in a channel's life.
        for (detail::WaitList* list : {&senders_, &receivers_})
            while (const detail::WaitList::Claim claim = list->claim_oldest())
                detail::WaitList::wake(claim);
    }

    /// Values may still be in it.
    [[nodiscard]] bool closed() const noexcept NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        return closed_;
    }
    /// Stale at once.
    [[nodiscard]] std::size_t size() const noexcept {
        return size_.load(std::memory_order_relaxed);  // a number, nothing is read by it
    }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    /// The largest number if there is no bound.
    [[nodiscard]] std::size_t bound() const noexcept { return bound_; }

private:
    enum class Over : std::uint8_t { Refuse, Sleep, Grow };

    // A move that throws leaves the value, or the room, to the next one who sleeps for it.
    struct HandOn {
        explicit HandOn(detail::WaitList& sleepers) noexcept : list(&sleepers) {}
        HandOn(const HandOn&) = delete;
        HandOn& operator=(const HandOn&) = delete;
        ~HandOn() {
            if (list != nullptr) detail::WaitList::wake(list->claim_oldest());
        }
        detail::WaitList* list;
    };

    template <class Value>
    SendResult offer(Value&& value, Over over, detail::Sleeper* sleeper) NEBULA_EXCLUDES(mutex_) {
        detail::WaitList::Claim claim = nullptr;
        {
            const MutexLock lock(mutex_);
            if (closed_) return SendResult::Closed;
            if (items_.size() >= bound_ && over != Over::Grow &&
                (over == Over::Refuse || !detail::on_worker())) {
                if (over == Over::Sleep) senders_.add(*sleeper);
                return SendResult::Full;
            }
            HandOn hand_on{senders_};
            items_.emplace_back(std::forward<Value>(value));
            hand_on.list = nullptr;
            size_.store(items_.size(), std::memory_order_relaxed);  // see size()
            claim = receivers_.claim_oldest();
        }
        detail::WaitList::wake(claim);
        return SendResult::Sent;
    }

    // True: there was nothing, and there may be something later; `sleeper` is then on the list.
    template <class Wanted>
    bool take(std::optional<T>& value, Wanted& wanted, detail::Sleeper* sleeper)
        NEBULA_EXCLUDES(mutex_) {
        detail::WaitList::Claim claim = nullptr;
        {
            const MutexLock lock(mutex_);
            if (items_.size() == 0) {
                if (closed_) return false;
                if (sleeper != nullptr) receivers_.add(*sleeper);
                return true;
            }
            T& oldest = items_.front();
            if (!wanted(std::as_const(oldest))) return false;
            HandOn hand_on{receivers_};
            value.emplace(std::move(oldest));
            hand_on.list = nullptr;
            items_.pop_front();
            size_.store(items_.size(), std::memory_order_relaxed);  // see size()
            if (items_.size() < bound_) claim = senders_.claim_oldest();
        }
        detail::WaitList::wake(claim);
        return false;
    }

    const std::size_t bound_;
    std::atomic<std::size_t> size_{0};  // that of items_, written under the lock
    mutable Mutex mutex_;
    detail::BlockRing<T> items_ NEBULA_GUARDED_BY(mutex_);
    detail::WaitList senders_ NEBULA_GUARDED_BY(mutex_);    // sleep for room
    detail::WaitList receivers_ NEBULA_GUARDED_BY(mutex_);  // sleep for a value
    bool closed_ NEBULA_GUARDED_BY(mutex_) = false;
};

}  // namespace nebula
