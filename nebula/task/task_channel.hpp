// SPDX-License-Identifier: MIT
// Passes values between tasks of one thread.
#pragma once

#include "nebula/base/require.hpp"
#include "nebula/task/detail/waiter.hpp"
#include "nebula/task/wait.hpp"
#include "nebula/threading/channel.hpp"
#include "nebula/threading/detail/block_queue.hpp"

#include <coroutine>
#include <cstddef>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

namespace nebula {

/// A queue of values, oldest first, with or without a bound, that can be closed.
///
///     TaskChannel<Order> orders(8);
///     task<> cook() { while (std::optional<Order> order = co_await orders.recv()) make(*order); }
///     task<> waiter() { if (!co_await orders.send(order)) co_return; /* the kitchen is closed */ }
///
/// No value in the queue is lost: if the task that was to get it is cancelled, the next one gets
/// it. If a send() is cancelled, its value is destroyed with it. Senders and receivers are served
/// in the order in which they came. For other threads, see worker_channel.hpp.
///
/// Threads:   owner thread.
/// Cost:      two links to wait; no atomics; memory as in Channel (channel.hpp).
/// Lifetime:  may be destroyed while tasks wait: they get EmitterFreed. Its values are destroyed
///            with it.
/// Throws:    std::bad_alloc if it has to grow; nothing has changed then. The constructor:
///            std::invalid_argument for a bound of 0.
template <class T>
class TaskChannel {
    static_assert(std::is_nothrow_move_constructible_v<T>,
                  "the values of a TaskChannel must move without throwing");
    static_assert(std::is_nothrow_destructible_v<T>,
                  "the destructor of a value in a TaskChannel may throw, and nobody could catch it "
                  "when the channel is destroyed: make it noexcept");
    using Waiter = task_detail::Waiter;

    class Sender : public Waiter {
    public:
        explicit Sender(T&& sent) noexcept : value(std::move(sent)) {}
        T value;
        bool taken = false;
    };

public:
    class Send : public Wait {
    public:
        Send(TaskChannel& channel, T&& value) noexcept
            : Wait("send"), channel_(channel), sender_(std::move(value)) {}
        Send(Send&& other) noexcept : Send(other.channel_, std::move(other.sender_.value)) {}

        bool await_ready() {
            if (sender_.taken || channel_.closed_) return true;
            if (!channel_.has_room()) return false;
            channel_.put(std::move(sender_.value));
            return sender_.taken = true;
        }
        template <TaskPromise P>
        void await_suspend(std::coroutine_handle<P> h) noexcept {
            sender_.waker = suspend(h);
            channel_.senders_.push_back(sender_);
        }
        bool await_resume() const {
            sender_.require_source("a TaskChannel");
            return sender_.taken;
        }
        /// Keeps the value, unless it is already in the channel.
        void stop_waiting() noexcept { sender_.unlink(); }

    private:
        TaskChannel& channel_;
        Sender sender_;
    };

    class Recv : public Wait {
    public:
        explicit Recv(TaskChannel& channel) noexcept : Wait("receive"), channel_(channel) {}
        Recv(const Recv& other) noexcept : Recv(other.channel_) {}
        ~Recv() { stop_waiting(); }

        bool await_ready() noexcept {
            if (channel_.size() > 0) {
                ++channel_.promised_;
                channel_.receivers_.tell(waiter_, Waiter::End::Granted);
            } else if (channel_.closed_) {
                channel_.receivers_.tell(waiter_, Waiter::End::Closed);
            }
            return waiter_.linked();
        }
        template <TaskPromise P>
        void await_suspend(std::coroutine_handle<P> h) noexcept {
            waiter_.waker = suspend(h);
            channel_.receivers_.push_back(waiter_);
        }
        std::optional<T> await_resume() {
            waiter_.require_source("a TaskChannel");
            if (waiter_.closed_and_freed()) return std::nullopt;
            if (waiter_.granted()) --channel_.promised_;
            waiter_.settle();
            return channel_.try_recv();
        }
        void stop_waiting() noexcept {
            const bool granted = waiter_.granted();
            waiter_.settle();
            if (granted) channel_.pass_on();  // cancelled before it could continue
        }

    private:
        TaskChannel& channel_;
        Waiter waiter_;
    };

    /// Without a bound.
    TaskChannel() noexcept : bound_(std::numeric_limits<std::size_t>::max()) {}
    explicit TaskChannel(std::size_t bound) : bound_(bound) {
        require_argument(bound > 0,
                         "a channel with a bound of 0 could never hold a value; use 1 or more, "
                         "or no bound");
        items_.reserve(bound);
    }
    TaskChannel(const TaskChannel&) = delete;
    TaskChannel& operator=(const TaskChannel&) = delete;
    ~TaskChannel() = default;

    /// `co_await` it: waits while the channel is full. False if the channel is closed, also while
    /// it waits; the value is then lost.
    [[nodiscard]] Send send(T value) noexcept { return {*this, std::move(value)}; }
    /// Moves from `value` only if it is sent.
    [[nodiscard]] SendResult try_send(T&& value) {
        if (closed_) return SendResult::Closed;
        if (!has_room()) return SendResult::Full;
        put(std::move(value));
        return SendResult::Sent;
    }
    /// `co_await` it: waits until there is a value. Returns nothing if it is closed and empty.
    [[nodiscard]] Recv recv() noexcept { return Recv(*this); }
    /// The oldest value, unless all are promised to tasks that have waited and been woken.
    [[nodiscard]] std::optional<T> try_recv() {
        std::optional<T> value;
        if (size() == 0) return value;
        value.emplace(std::move(items_.front()));
        items_.pop_front();
        let_senders_in();
        return value;
    }

    /// Accepts no more values; those that it holds can still be received. May be called again
    /// without effect.
    void close() noexcept {
        closed_ = true;
        senders_.end_all(Waiter::End::None);
        receivers_.close();  // a task that is still waiting gets nothing
    }

    [[nodiscard]] bool closed() const noexcept { return closed_; }
    [[nodiscard]] std::size_t size() const noexcept { return items_.size() - promised_; }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }

private:
    [[nodiscard]] bool has_room() const noexcept {
        return items_.size() < bound_ && senders_.empty();
    }
    void put(T&& value) {
        items_.emplace_back(std::move(value));
        promise();
    }
    /// There is one more value than promised: the receiver that has waited longest gets it.
    void promise() noexcept {
        if (receivers_.empty()) return;
        ++promised_;
        receivers_.grant_front();
    }
    void pass_on() noexcept {
        --promised_;
        promise();
    }
    void let_senders_in() {
        while (!senders_.empty() && items_.size() < bound_) {
            auto& sender = static_cast<Sender&>(senders_.front());
            put(std::move(sender.value));
            sender.taken = true;
            senders_.grant_front();
        }
    }

    const std::size_t bound_;
    bool closed_ = false;
    std::size_t promised_ = 0;  // values whose receiver was woken and has not continued yet
    detail::BlockQueue<T> items_;
    task_detail::WaiterQueue senders_;  // of our Sender
    task_detail::WaiterQueue receivers_;
};

}  // namespace nebula
