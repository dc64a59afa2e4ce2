// SPDX-License-Identifier: MIT
// Values from many threads to many threads.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/base/mutex.hpp"
#include "nebula/base/require.hpp"
#include "nebula/threading/detail/node_queue.hpp"
#include "nebula/threading/detail/wait_list.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
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
/// Whether the calling thread is a worker of any pool.
[[nodiscard]] bool on_worker() noexcept;
}  // namespace detail

/// The number of values from which on a Channel counts as full: see Channel.
struct SoftLimit {
    std::size_t values;
};

/// A queue of values, oldest first, that can be closed.
///
///     Channel<Mesh> finished;
///     pool.spawn([&] { finished.post(mesh(chunk)); });
///     finished.drain(2ms, [&](Mesh mesh) { commit(std::move(mesh)); });   // once a frame
///
/// A Channel has no hard limit. A SoftLimit holds back only threads that may sleep. A task that
/// slept in send() would block its worker, and if the receiver were waiting for that task at that
/// moment, both would sleep forever. So send() on a worker of any pool never waits: it exceeds the
/// limit, and the memory grows. Only try_send() keeps the limit everywhere: the caller keeps the
/// value and does something else meanwhile. A task may also run on a thread that is not a worker,
/// if that thread waits and helps. So let tasks use post(), which never waits. If the amount of
/// work in flight must be limited, limit it where tasks are started:
/// `while (in_flight + 1 < limit) start_one()`.
///
/// No lock is held while a value is made, moved, looked at or destroyed: that code may use the
/// channel.
///
/// Threads:   any thread. recv and recv_until sleep: workers must use try_recv instead.
/// Cost:      two short locks at each end; a system call only for a thread that really sleeps. An
///            empty try_recv is one load. No allocation for the first few dozen values; a channel with
///            a limit allocates for that many in the constructor. More values take memory from the
///            system, 64 KiB at a time, which goes back when they are gone.
/// Lifetime:  the thread that received the last value may destroy it, even if the sender has not
///            quite returned; no other call may be running. The destructor destroys the values that
///            are left.
/// Throws:    the constructor: std::invalid_argument for a limit of 0 or of more values than any
///            machine has memory for (a negative number that was converted). std::bad_alloc if it has to
///            grow, and what moving a T throws; the value and the channel are then unchanged.
template <class T>
class Channel {
    static_assert(
        std::is_nothrow_destructible_v<T>,
        "the destructor of a value in a Channel may throw, and nobody could catch it when "
        "the channel is destroyed: make it noexcept");

public:
    /// Without a limit.
    Channel() noexcept : soft_limit_(std::numeric_limits<std::size_t>::max()) {}
    explicit Channel(SoftLimit limit) : soft_limit_(limit.values) {
        require_argument(
            limit.values > 0,
            "a channel with a limit of 0 could never hold a value; use 1 or more, or no limit");
        require_argument(limit.values <= kMostValues,
                         "a channel allocates for as many values as its limit, and no machine has "
                         "memory for that many; leave the limit out for a channel without one");
        values_.reserve(limit.values);
    }
    ~Channel() = default;
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    /// Returns Full at the limit, on every thread. Moves from `value` only if it is sent.
    [[nodiscard]] SendResult try_send(T&& value) {
        return offer(std::move(value), Over::Refuse, nullptr);
    }
    [[nodiscard]] SendResult try_send(const T& value)
        requires std::is_copy_constructible_v<T>
    {
        return offer(value, Over::Refuse, nullptr);
    }

    /// Sends regardless of the limit. \returns false if the channel is closed.
    bool post(T value) { return offer(std::move(value), Over::Grow, nullptr) == SendResult::Sent; }

    /// Sleeps while the channel is full; on a worker, exceeds the limit instead.
    /// \returns false if the channel is closed, also while it sleeps.
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

    /// The oldest value, or nothing if there is none. To find out whether this is the end, call
    /// closed() before: if it was true, nothing means the end. In the other order you would lose a
    /// value that is sent between the two calls.
    [[nodiscard]] std::optional<T> try_recv() {
        return try_recv_if([](const T&) { return true; });
    }
    /// The oldest value if `wanted` returns true for it; otherwise it stays the oldest. While
    /// `wanted` looks at the value, no other thread sees it.
    template <class Wanted>
        requires std::is_invocable_r_v<bool, Wanted&, const T&>
    [[nodiscard]] std::optional<T> try_recv_if(Wanted&& wanted) {
        std::optional<T> value;
        // Relaxed: a thread that knows of a sent value also sees a count that includes it.
        if (size_.load(std::memory_order_relaxed) == 0) return value;
        take(value, wanted, nullptr);
        return value;
    }

    /// Sleeps until there is a value. \returns nothing only if the channel is closed and empty.
    [[nodiscard]] std::optional<T> recv() { return recv_until(Clock::time_point::max()); }
    /// The same, or nothing once the deadline has passed.
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

    /// Accepts no more values. Those that it holds, or that are being sent, can still be received.
    /// Wakes all sleeping threads. May be called again without effect.
    void close() noexcept NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        closed_ = true;
        wake_all(senders_);
        wake_all_at_the_end();
    }

    /// Whether it is closed and no value is being sent any more; it may still hold values.
    [[nodiscard]] bool closed() const noexcept NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        return closed_ && values_.in_hand() == 0;
    }
    /// Outdated at once.
    [[nodiscard]] std::size_t size() const noexcept {
        return size_.load(std::memory_order_relaxed);  // only the number matters
    }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    /// The largest std::size_t if there is no limit.
    [[nodiscard]] std::size_t soft_limit() const noexcept { return soft_limit_; }

private:
    using Values = detail::NodeQueue<T>;
    using Node = typename Values::Node;
    using Claim = detail::WaitList::Claim;
    enum class Over : std::uint8_t { Refuse, Sleep, Grow };

    // A node that this thread holds. If moving the value throws, the destructor puts the node back.
    struct Filling {
        ~Filling() {
            if (node == nullptr) return;
            detail::WaitList::wake(channel.take_back_empty(*node));
        }
        Channel& channel;
        Node* node;
    };
    struct Emptying {
        ~Emptying() {
            if (node == nullptr) return;
            detail::WaitList::wake(channel.take_back_full(*node));
        }
        Channel& channel;
        Node* node;
    };

    template <class Value>
    SendResult offer(Value&& value, Over over, detail::Sleeper* sleeper) NEBULA_EXCLUDES(mutex_) {
        Filling filling{*this, nullptr};
        {
            const MutexLock lock(mutex_);
            if (closed_) return SendResult::Closed;
            if (values_.in_use() >= soft_limit_ && over != Over::Grow &&
                (over == Over::Refuse || !detail::on_worker())) {
                if (over == Over::Sleep) senders_.add(*sleeper);
                return SendResult::Full;
            }
            filling.node = values_.take_empty();
        }
        ::new (filling.node->storage()) T(std::forward<Value>(value));
        detail::WaitList::wake(put(*std::exchange(filling.node, nullptr)));
        return SendResult::Sent;
    }

    // True: there is nothing now, but there may be later; `sleeper` is then on the list.
    template <class Wanted>
    bool take(std::optional<T>& value, Wanted& wanted, detail::Sleeper* sleeper)
        NEBULA_EXCLUDES(mutex_) {
        Emptying emptying{*this, nullptr};
        {
            const MutexLock lock(mutex_);
            emptying.node = values_.pop_front();
            if (emptying.node == nullptr) {
                if (closed_ && values_.in_hand() == 0) return false;
                if (sleeper != nullptr) receivers_.add(*sleeper);
                return true;
            }
            note_size();
        }
        T& oldest = emptying.node->value();
        if (!wanted(std::as_const(oldest))) return false;
        value.emplace(std::move(oldest));
        std::destroy_at(&oldest);
        detail::WaitList::wake(take_back_empty(*std::exchange(emptying.node, nullptr)));
        return false;
    }

    // All three return whom to wake after the lock is released.
    [[nodiscard]] Claim put(Node& node) noexcept NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        values_.push_back(node);
        note_size();
        const Claim claim = receivers_.claim_oldest();
        wake_all_at_the_end();
        return claim;
    }
    [[nodiscard]] Claim take_back_full(Node& node) noexcept NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        values_.push_front(node);
        note_size();
        return receivers_.claim_oldest();
    }
    [[nodiscard]] Claim take_back_empty(Node& node) noexcept NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        values_.give_back(node);
        wake_all_at_the_end();
        return values_.in_use() < soft_limit_ ? senders_.claim_oldest() : nullptr;
    }

    void note_size() noexcept NEBULA_REQUIRES(mutex_) {
        size_.store(values_.size(), std::memory_order_relaxed);  // see size()
    }
    static void wake_all(detail::WaitList& sleepers) noexcept {
        while (const Claim claim = sleepers.claim_oldest()) detail::WaitList::wake(claim);
    }
    // If the channel is closed and no value can come any more, wakes all receivers. Under the lock,
    // because it happens only once in a channel's life.
    void wake_all_at_the_end() noexcept NEBULA_REQUIRES(mutex_) {
        if (closed_ && values_.in_use() == 0) wake_all(receivers_);
    }

    static constexpr std::size_t kMostValues = (std::size_t{1} << 47U) / sizeof(Node);

    const std::size_t soft_limit_;
    std::atomic<std::size_t> size_{0};  // of values_, written under the lock
    mutable Mutex mutex_;
    Values values_ NEBULA_GUARDED_BY(mutex_);
    detail::WaitList senders_ NEBULA_GUARDED_BY(mutex_);    // waiting for room
    detail::WaitList receivers_ NEBULA_GUARDED_BY(mutex_);  // waiting for a value
    bool closed_ NEBULA_GUARDED_BY(mutex_) = false;
};

}  // namespace nebula
