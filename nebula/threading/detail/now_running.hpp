// SPDX-License-Identifier: MIT
// What each thread of the library runs, for the line that says what holds up a shutdown.
#pragma once

#include <atomic>

namespace nebula::detail {

/// What one thread runs at the moment: the innermost task that has been marked.
///
/// Threads:   written by its own thread; read by any. Relaxed throughout: only for display, and
///            names live forever.
struct NowRunning {
    std::atomic<const char*> name{nullptr};  // null: nothing; empty: a task without a name
    std::atomic<bool> has_token{false};      // whether the task can be asked to stop
};

/// That of the calling thread: a worker, a spare or an io thread; null on any other thread. One
/// pointer, no destructor: the extension is unloaded while foreign threads are still alive.
extern constinit thread_local NowRunning* this_threads_running;

/// Marks what a thread runs; nested like blocks.
///
/// Cost:      a few loads and stores of the thread's own cache line.
/// Lifetime:  `running` may be null, then nothing is marked. A name must live forever.
class RunningMark {
public:
    explicit RunningMark(NowRunning* running) noexcept : running_(running) {
        if (running_ == nullptr) return;
        outer_name_ = running_->name.load(std::memory_order_relaxed);
        outer_has_token_ = running_->has_token.load(std::memory_order_relaxed);
    }
    RunningMark(NowRunning* running, const char* name, bool has_token = false) noexcept
        : RunningMark(running) {
        set(name, has_token);
    }
    ~RunningMark() { reset(); }
    RunningMark(const RunningMark&) = delete;
    RunningMark& operator=(const RunningMark&) = delete;

    /// For one task after the other.
    void set(const char* name, bool has_token = false) const noexcept {
        store(name != nullptr ? name : "", has_token);
    }
    /// Back to what was marked before.
    void reset() const noexcept { store(outer_name_, outer_has_token_); }

private:
    void store(const char* name, bool has_token) const noexcept {
        if (running_ == nullptr) return;
        running_->name.store(name, std::memory_order_relaxed);
        running_->has_token.store(has_token, std::memory_order_relaxed);
    }

    NowRunning* const running_;
    const char* outer_name_ = nullptr;
    bool outer_has_token_ = false;
};

}  // namespace nebula::detail
