// SPDX-License-Identifier: MIT
// Ends many tasks with one call, from any thread.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/task/detail/frame_pool.hpp"
#include "nebula/task/detail/intrusive_list.hpp"
#include "nebula/task/detail/task_record.hpp"
#include "nebula/task/task.hpp"
#include "nebula/task/wait.hpp"
#include "nebula/task/waker.hpp"

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace nebula {

namespace task_detail {

struct CancelTag {};

/// What a source ends: a task, or a wait for the cancellation. Lies in a coroutine frame.
class CancelNode : public ListHook<CancelTag> {
public:
    CancelNode() noexcept = default;
    TaskRecord* record = nullptr;  // the task to cancel; otherwise
    Waker waker;                   // the wait to wake
};

/// Shared by a source and its tokens.
///
/// Threads:   any thread. Nodes are destroyed only after leave().
class CancelState : public InFramePool {
public:
    CancelState() noexcept = default;
    CancelState(const CancelState&) = delete;
    CancelState& operator=(const CancelState&) = delete;

    void retain() noexcept;
    void release() noexcept;

    [[nodiscard]] bool cancelled() const noexcept {
        return cancelled_.load(std::memory_order_acquire);  // pairs with cancel()
    }
    void cancel() noexcept NEBULA_EXCLUDES(mutex_);
    /// False if it is already cancelled; the node is then not listed.
    [[nodiscard]] bool join(CancelNode& node) noexcept NEBULA_EXCLUDES(mutex_);
    void leave(CancelNode& node) noexcept NEBULA_EXCLUDES(mutex_);

private:
    ~CancelState() = default;

    std::atomic<std::uint32_t> references_{1};
    // Set under the mutex. release: a thread that sees it set also sees what the canceller wrote.
    std::atomic<bool> cancelled_{false};
    Mutex mutex_;
    IntrusiveList<CancelNode, CancelTag> nodes_ NEBULA_GUARDED_BY(mutex_);
};

/// A counted reference to a CancelState.
class CancelRef {
public:
    CancelRef() noexcept = default;
    explicit CancelRef(CancelState& state) noexcept : state_(&state) {}
    CancelRef(const CancelRef& other) noexcept : state_(other.state_) {
        if (state_ != nullptr) state_->retain();
    }
    CancelRef(CancelRef&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    CancelRef& operator=(CancelRef other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~CancelRef() {
        if (state_ != nullptr) state_->release();
    }
    [[nodiscard]] CancelState* get() const noexcept { return state_; }

private:
    CancelState* state_ = nullptr;
};

}  // namespace task_detail

class CancelToken;

/// Ends the tasks that have bound themselves to one of its tokens.
///
///     CancelSource level;
///     runtime.spawn(ended_by(level.token(), spawn_waves()));
///     task<> music(CancelToken token) {
///         const CancelGuard guard = co_await token.bind();
///         …                                               // from here on it ends with the source
///     }
///     level.cancel();
///
/// On the tasks' own thread, cancel() destroys the waiting tasks before it returns, as
/// TaskHandle::cancel() does, with the same exceptions: a task that is on the stack, or that has a
/// part there or on a worker, ends later. On another thread, cancel() only requests the cancel, and
/// the next pump performs it, because frames are destroyed only on their own thread. cancel()
/// throws nothing and cannot be undone. A task that binds itself afterwards ends at bind().
///
/// Threads:   cancel, cancelled, token: any thread.
/// Cost:      a block from the frame pool; bind: a short lock and two links.
/// Lifetime:  tokens may outlive it, and are then never cancelled. The destructor cancels nothing.
class CancelSource {
public:
    CancelSource() : state_(*new task_detail::CancelState) {}

    void cancel() noexcept {
        const task_detail::CancelRef keep = state_;  // a destructor may destroy the source
        keep.get()->cancel();
    }
    [[nodiscard]] bool cancelled() const noexcept { return state_.get()->cancelled(); }
    [[nodiscard]] CancelToken token() const noexcept;

private:
    task_detail::CancelRef state_;
};

/// Binds the task that has it as a local, while it lives. Made by `co_await token.bind()`.
class [[nodiscard]] CancelGuard {
public:
    CancelGuard(const CancelGuard&) = delete;
    CancelGuard& operator=(const CancelGuard&) = delete;
    ~CancelGuard();

private:
    friend class BindWait;
    CancelGuard(task_detail::CancelRef state, task_detail::TaskRecord& record) noexcept;

    task_detail::CancelRef state_;
    task_detail::CancelNode node_;
};

/// Made by CancelToken::bind().
class BindWait : public Wait {
public:
    explicit BindWait(task_detail::CancelRef state) noexcept
        : Wait("cancelled"), state_(std::move(state)) {}
    bool await_ready() const noexcept { return false; }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) noexcept {
        return begin(h.promise());
    }
    CancelGuard await_resume() noexcept { return {state_, *record_}; }

private:
    [[nodiscard]] bool begin(task_detail::PromiseBase& leaf) noexcept;

    task_detail::CancelRef state_;
    task_detail::TaskRecord* record_ = nullptr;
};

/// Made by CancelToken::wait().
class CancelWait : public Wait {
public:
    explicit CancelWait(task_detail::CancelRef state) noexcept
        : Wait("cancel token"), state_(std::move(state)) {}
    CancelWait(const CancelWait& other) noexcept : CancelWait(other.state_) {}
    ~CancelWait() {
        if (state_.get() != nullptr) state_.get()->leave(node_);
    }
    bool await_ready() const noexcept {
        return state_.get() != nullptr && state_.get()->cancelled();
    }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) noexcept {
        node_.waker = suspend(h);
        return state_.get() == nullptr || state_.get()->join(node_);
    }
    void await_resume() const noexcept {}

private:
    task_detail::CancelRef state_;
    task_detail::CancelNode node_;
};

/// Tells whether its source was cancelled. A default-constructed token is never cancelled.
class CancelToken {
public:
    CancelToken() noexcept = default;

    [[nodiscard]] bool cancelled() const noexcept {
        return state_.get() != nullptr && state_.get()->cancelled();
    }
    /// `const CancelGuard guard = co_await token.bind();` If the token is already cancelled, the
    /// task ends here.
    [[nodiscard]] BindWait bind() const noexcept { return BindWait(state_); }
    /// Waits for the cancel; for ending something without ending the task.
    ///
    ///     co_await when_any(work(), token.wait());
    [[nodiscard]] CancelWait wait() const noexcept { return CancelWait(state_); }

private:
    friend class CancelSource;
    explicit CancelToken(task_detail::CancelRef state) noexcept : state_(std::move(state)) {}

    task_detail::CancelRef state_;
};

inline CancelToken CancelSource::token() const noexcept { return CancelToken(state_); }

/// Runs the body, bound to a token.
template <class T>
task<T> ended_by(CancelToken token, task<T> body) {
    const CancelGuard guard = co_await token.bind();
    co_return co_await std::move(body);
}

}  // namespace nebula
