// SPDX-License-Identifier: MIT
// Passes values from any thread to a task of the main loop.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/base/require.hpp"
#include "nebula/task/wait.hpp"
#include "nebula/task/waker.hpp"
#include "nebula/task/when_full.hpp"
#include "nebula/threading/channel.hpp"
#include "nebula/threading/detail/node_queue.hpp"

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace nebula {

/// A queue from workers to one task: send() wakes the waiting task.
///
///     WorkerChannel<Mesh> finished;
///     pool.spawn([&] { finished.send(mesh(chunk)); });
///     task<> commit() {
///         while (std::optional<Mesh> mesh = co_await finished.recv()) show(*std::move(mesh));
///     }
///
/// Without a bound nothing is lost; with a bound, WhenFull decides what is dropped, and drops are
/// counted. A sender never sleeps. If a task is cancelled while it waits, no value is lost: a woken
/// task has been promised a value, which stays in the queue until the task continues. No lock is
/// held while a value is moved or destroyed.
///
/// Threads:   send, close, size, dropped: any thread. recv, try_recv: owner thread; one task at a
///            time may be the receiver. The destructor: when nobody sends any more.
/// Cost:      short locks: two to send, two for try_recv, three for recv and one more if it waits;
///            a dropped value costs one. One wake if the receiver waits. Memory as
///            in Channel (channel.hpp).
/// Lifetime:  must outlive its senders and the receiver's wait.
/// Throws:    std::bad_alloc if it has to grow; nothing has changed then. The constructor:
///            std::invalid_argument for a bound of 0.
template <class T>
class WorkerChannel {
    static_assert(std::is_nothrow_move_constructible_v<T>,
                  "the values of a WorkerChannel must move without throwing");
    static_assert(std::is_nothrow_destructible_v<T>,
                  "the destructor of a value in a WorkerChannel may throw, and nobody could catch "
                  "it when the channel is destroyed: make it noexcept");

public:
    class Recv : public Wait {
    public:
        explicit Recv(WorkerChannel& channel) noexcept : Wait("receive"), channel_(channel) {}
        Recv(const Recv& other) noexcept : Recv(other.channel_) {}
        ~Recv() { stop_waiting(); }

        bool await_ready() {
            known_ = channel_.reserve(*this);
            return known_;
        }
        template <TaskPromise P>
        bool await_suspend(std::coroutine_handle<P> h) {
            known_ = true;  // also when it need not wait
            return channel_.wait_with(*this, suspend(h));
        }
        std::optional<T> await_resume() {
            known_ = false;
            return channel_.take(*this);
        }
        void stop_waiting() noexcept {
            if (std::exchange(known_, false)) channel_.forget(*this);
        }

    private:
        friend class WorkerChannel;

        WorkerChannel& channel_;
        bool known_ = false;     // to the channel
        bool promised_ = false;  // a value; under the channel's mutex
    };

    /// Without a bound.
    WorkerChannel() noexcept : bound_(std::numeric_limits<std::size_t>::max()) {}
    explicit WorkerChannel(std::size_t bound, WhenFull when_full = WhenFull::DropNewest)
        : bound_(bound), when_full_(when_full) {
        require_argument(bound > 0,
                         "a channel with a bound of 0 could never hold a value; use 1 or more, "
                         "or no bound");
        items_.reserve(bound);
    }
    ~WorkerChannel() = default;
    WorkerChannel(const WorkerChannel&) = delete;
    WorkerChannel& operator=(const WorkerChannel&) = delete;

    /// Moves from `value` only if it is sent.
    SendResult send(T&& value) NEBULA_EXCLUDES(mutex_) {
        Node* node = nullptr;
        {
            const MutexLock lock(mutex_);
            if (closed_) return SendResult::Closed;
            if (when_full_ == WhenFull::DropNewest && items_.in_use() >= bound_) {
                ++dropped_;
                return SendResult::Full;
            }
            node = items_.take_empty();
        }
        ::new (node->storage()) T(std::move(value));
        Node* oldest = nullptr;
        Waker receiver;
        {
            const MutexLock lock(mutex_);
            if (items_.size() >= bound_) {
                ++dropped_;
                oldest = items_.pop_front();
            }
            items_.push_back(*node);
            receiver = promise();
        }
        receiver.wake();
        if (oldest != nullptr) destroy(*oldest);
        return SendResult::Sent;
    }
    SendResult send(const T& value)
        requires std::is_copy_constructible_v<T>
    {
        return send(T(value));
    }

    /// `co_await` it: waits until there is a value. Returns nothing if it is closed and empty.
    [[nodiscard]] Recv recv() noexcept { return Recv(*this); }
    /// The oldest value, unless it is promised to a task that has waited and been woken.
    [[nodiscard]] std::optional<T> try_recv() NEBULA_EXCLUDES(mutex_) {
        Node* node = nullptr;
        {
            const MutexLock lock(mutex_);
            node = pop();
        }
        return move_out(node);
    }

    /// Accepts no more values. Those that it holds, or that are being sent, can still be received.
    /// May be called again without effect.
    void close() noexcept NEBULA_EXCLUDES(mutex_) {
        Waker receiver;
        {
            const MutexLock lock(mutex_);
            closed_ = true;
            if (items_.in_hand() == 0) {  // otherwise the value that is being sent wakes it
                waiting_ = nullptr;
                receiver = std::exchange(receiver_, {});
            }
        }
        receiver.wake();
    }

    [[nodiscard]] bool closed() const noexcept NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        return closed_;
    }
    /// Does not count promised values. Outdated at once.
    [[nodiscard]] std::size_t size() const noexcept NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        return items_.size() - promised_;
    }
    /// How many values the bound has dropped so far.
    [[nodiscard]] std::uint64_t dropped() const noexcept NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        return dropped_;
    }

private:
    using Node = typename detail::NodeQueue<T>::Node;

    Node* pop() noexcept NEBULA_REQUIRES(mutex_) {
        return items_.size() == promised_ ? nullptr : items_.pop_front();
    }
    // Without the lock, because moving and destroying a value is user code.
    std::optional<T> move_out(Node* node) NEBULA_EXCLUDES(mutex_) {
        std::optional<T> value;
        if (node == nullptr) return value;
        value.emplace(std::move(node->value()));
        destroy(*node);
        return value;
    }
    void destroy(Node& node) noexcept NEBULA_EXCLUDES(mutex_) {
        std::destroy_at(&node.value());
        Waker receiver;
        {
            const MutexLock lock(mutex_);
            items_.give_back(node);
            // The receiver waited for a value that might have been on its way in.
            if (at_the_end() && waiting_ != nullptr) {
                waiting_ = nullptr;
                receiver = std::exchange(receiver_, {});
            }
        }
        receiver.wake();
    }
    [[nodiscard]] bool at_the_end() const noexcept NEBULA_REQUIRES(mutex_) {
        return closed_ && items_.in_use() == 0;
    }
    /// If there is one more value than promised, the waiting task gets it and must be woken.
    Waker promise() NEBULA_REQUIRES(mutex_) {
        if (waiting_ == nullptr || items_.size() == promised_) return {};
        ++promised_;
        std::exchange(waiting_, nullptr)->promised_ = true;
        return std::exchange(receiver_, {});
    }
    void keep_promise(Recv& recv) noexcept NEBULA_REQUIRES(mutex_) {
        if (std::exchange(recv.promised_, false)) --promised_;
    }
    /// Whether `recv` need not wait.
    bool reserve(Recv& recv) NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        if (items_.size() == promised_) return closed_ && items_.in_hand() == 0;
        ++promised_;
        return recv.promised_ = true;
    }
    /// False if something has come since reserve().
    bool wait_with(Recv& recv, Waker waker) NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        require_state(waiting_ == nullptr,
                      "another task already receives from this "
                      "WorkerChannel; only one may");
        if (items_.size() == promised_) {
            if (closed_ && items_.in_hand() == 0) return false;
            waiting_ = &recv;
            receiver_ = std::move(waker);
            return true;
        }
        ++promised_;
        recv.promised_ = true;
        return false;
    }
    std::optional<T> take(Recv& recv) NEBULA_EXCLUDES(mutex_) {
        Node* node = nullptr;
        {
            const MutexLock lock(mutex_);
            keep_promise(recv);
            node = pop();
        }
        return move_out(node);
    }
    /// `recv` does not wait any more; the next one gets the value that it was promised.
    void forget(Recv& recv) noexcept NEBULA_EXCLUDES(mutex_) {
        Waker receiver;
        {
            const MutexLock lock(mutex_);
            keep_promise(recv);
            if (waiting_ == &recv) {
                waiting_ = nullptr;
                std::swap(receiver, receiver_);
                return;
            }
            receiver = promise();
        }
        receiver.wake();
    }

    const std::size_t bound_;
    const WhenFull when_full_ = WhenFull::DropNewest;
    mutable Mutex mutex_;
    detail::NodeQueue<T> items_ NEBULA_GUARDED_BY(mutex_);
    std::size_t promised_ NEBULA_GUARDED_BY(mutex_) = 0;  // values for woken receivers
    Recv* waiting_ NEBULA_GUARDED_BY(mutex_) = nullptr;
    Waker receiver_ NEBULA_GUARDED_BY(mutex_);  // of waiting_
    std::uint64_t dropped_ NEBULA_GUARDED_BY(mutex_) = 0;
    bool closed_ NEBULA_GUARDED_BY(mutex_) = false;
};

}  // namespace nebula
