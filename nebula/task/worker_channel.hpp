// SPDX-License-Identifier: MIT
// Values from any thread to a task of the main loop.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/base/require.hpp"
#include "nebula/task/wait.hpp"
#include "nebula/task/waker.hpp"
#include "nebula/threading/channel.hpp"
#include "nebula/threading/detail/block_ring.hpp"

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

namespace nebula {

/// What a full channel does with one more value. Both count it in dropped().
enum class WhenFull : std::uint8_t {
    RefuseNew,   ///< send() says Full.
    DropOldest,  ///< For news that only counts while it is fresh.
};

/// A queue from workers to one task: a send wakes the task that waits.
///
///     WorkerChannel<Mesh> finished;
///     pool.spawn([&] { finished.send(mesh(chunk)); });
///     task<> commit() {
///         while (std::optional<Mesh> mesh = co_await finished.recv()) show(*std::move(mesh));
///     }
///
/// Lossless without a bound; with one, as it was told, and it counts what it lost. No sender ever
/// sleeps. A task that is cancelled while it waits takes nothing with it.
///
/// Threads:   send, close, size, dropped: any thread. recv, try_recv: owner thread of one task at a
///            time, the receiver; the destructor: when nobody sends any more.
/// Cost:      one short lock per value, and one wake for a receiver that waits. No allocation once
///            it has held as many values before.
/// Lifetime:  must outlive its senders, and the receiver's wait.
/// Throws:    std::bad_alloc when it has to grow, and then nothing has changed. The constructor
///            std::invalid_argument for a bound of 0.
template <class T>
class WorkerChannel {
    static_assert(std::is_nothrow_move_constructible_v<T>);

public:
    class Recv : public Wait {
    public:
        explicit Recv(WorkerChannel& channel) noexcept : Wait("receive"), channel_(channel) {}
        Recv(const Recv& other) noexcept : Recv(other.channel_) {}
        ~Recv() {
            if (waiting_) channel_.stop_waiting();
        }

        bool await_ready() const { return channel_.has_news(); }
        template <TaskPromise P>
        bool await_suspend(std::coroutine_handle<P> h) {
            waiting_ = channel_.wait_with(suspend(h));
            return waiting_;
        }
        std::optional<T> await_resume() {
            waiting_ = false;
            return channel_.try_recv();
        }

    private:
        WorkerChannel& channel_;
        bool waiting_ = false;
    };

    /// Without a bound.
    WorkerChannel() noexcept : bound_(std::numeric_limits<std::size_t>::max()) {}
    explicit WorkerChannel(std::size_t bound, WhenFull when_full = WhenFull::RefuseNew)
        : bound_(bound), when_full_(when_full) {
        require_argument(bound > 0,
                         "a channel of 0 never takes a value; give 1 or more, or no bound");
        items_.reserve(bound);
    }
    ~WorkerChannel() = default;
    WorkerChannel(const WorkerChannel&) = delete;
    WorkerChannel& operator=(const WorkerChannel&) = delete;

    /// Moves from `value` only if it was sent.
    SendResult send(T&& value) NEBULA_EXCLUDES(mutex_) {
        std::optional<T> oldest;  // destroyed outside the lock
        Waker receiver;
        {
            const MutexLock lock(mutex_);
            if (closed_) return SendResult::Closed;
            if (items_.size() >= bound_) {
                ++dropped_;
                if (when_full_ == WhenFull::RefuseNew) return SendResult::Full;
                oldest.emplace(std::move(items_.front()));
                items_.pop_front();
            }
            items_.emplace_back(std::move(value));
            receiver = std::exchange(receiver_, {});
        }
        receiver.wake();
        return SendResult::Sent;
    }
    SendResult send(const T& value)
        requires std::is_copy_constructible_v<T>
    {
        return send(T(value));
    }

    /// `co_await`: waits until there is a value. None: closed and empty.
    [[nodiscard]] Recv recv() noexcept { return Recv(*this); }
    [[nodiscard]] std::optional<T> try_recv() NEBULA_EXCLUDES(mutex_) {
        std::optional<T> value;
        const MutexLock lock(mutex_);
        if (items_.size() == 0) return value;
        value.emplace(std::move(items_.front()));
        items_.pop_front();
        return value;
    }

    /// Takes no more values; those it has can be received. Again: does nothing.
    void close() noexcept NEBULA_EXCLUDES(mutex_) {
        Waker receiver;
        {
            const MutexLock lock(mutex_);
            closed_ = true;
            receiver = std::exchange(receiver_, {});
        }
        receiver.wake();
    }

    [[nodiscard]] bool closed() const noexcept NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        return closed_;
    }
    /// Stale at once.
    [[nodiscard]] std::size_t size() const noexcept NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        return items_.size();
    }
    /// Values lost to the bound so far.
    [[nodiscard]] std::uint64_t dropped() const noexcept NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        return dropped_;
    }

private:
    bool has_news() const NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        return closed_ || items_.size() > 0;
    }
    /// False when something has come since has_news().
    bool wait_with(Waker waker) NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        require_state(!receiver_, "one task at a time receives from a WorkerChannel");
        if (closed_ || items_.size() > 0) return false;
        receiver_ = std::move(waker);
        return true;
    }
    void stop_waiting() noexcept NEBULA_EXCLUDES(mutex_) {
        Waker receiver;
        const MutexLock lock(mutex_);
        std::swap(receiver, receiver_);
    }

    const std::size_t bound_;
    const WhenFull when_full_ = WhenFull::RefuseNew;
    mutable Mutex mutex_;
    detail::BlockRing<T> items_ NEBULA_GUARDED_BY(mutex_);
    Waker receiver_ NEBULA_GUARDED_BY(mutex_);  // of the task that waits
    std::uint64_t dropped_ NEBULA_GUARDED_BY(mutex_) = 0;
    bool closed_ NEBULA_GUARDED_BY(mutex_) = false;
};

}  // namespace nebula
