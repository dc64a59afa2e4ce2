// SPDX-License-Identifier: MIT
// What each thread of the library runs, and the waits that say so when they last.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/base/log.hpp"

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace nebula::detail {

/// What one thread runs at the moment: the innermost task that has been marked.
///
/// Threads:   written by its own thread; read by any. Relaxed throughout: only for display, and
///            names live forever.
struct NowRunning {
    std::atomic<const char*> name{nullptr};
    std::atomic<bool> has_token{false};  // whether the task can be asked to stop
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
    ~RunningMark() { set(outer_name_, outer_has_token_); }
    RunningMark(const RunningMark&) = delete;
    RunningMark& operator=(const RunningMark&) = delete;

    /// For one task after the other.
    void set(const char* name, bool has_token = false) const noexcept {
        if (running_ == nullptr) return;
        running_->name.store(name, std::memory_order_relaxed);
        running_->has_token.store(has_token, std::memory_order_relaxed);
    }

private:
    NowRunning* const running_;
    const char* outer_name_ = nullptr;
    bool outer_has_token_ = false;
};

/// A wait that logs what it waits for when it lasts: after one second, then after 2, 4, 8, …
///
///     SlowWait slow;
///     while (!ended()) {
///         futex_wait(word, expected, slow.due());
///         slow.tell_if_due([&](std::int64_t seconds) { return "waiting for …"; });
///     }
///
/// Threads:   owner thread.
class SlowWait {
public:
    SlowWait() noexcept : due_(Clock::now() + std::chrono::seconds(1)) {}

    /// When the next line is due.
    [[nodiscard]] Clock::time_point due() const noexcept { return due_; }
    /// Logs a warning, line(seconds since the wait began), if it is due. Without memory it logs
    /// nothing.
    template <class Line>
    void tell_if_due(const Line& line) noexcept {
        if (Clock::now() < due_) return;
        try {
            log(LogLevel::Warning, line(waited_seconds_));
        } catch (...) {
            // Out of memory: wait without a message.
        }
        due_ += std::chrono::seconds(waited_seconds_);
        waited_seconds_ *= 2;
    }

private:
    Clock::time_point due_;
    std::int64_t waited_seconds_ = 1;  // when the next line is due
};

/// "the shutdown is waiting for the job 'save' on nebula-io-0, for 1 s so far; …"
[[nodiscard]] std::string what_holds_up(std::string_view whose, const NowRunning& running,
                                        std::string_view thread_name, std::int64_t seconds);

/// Joins a thread, and names what it runs while that lasts. \param whose  as "worker pool".
void join_slowly(pthread_t thread, std::string_view whose, const NowRunning& running,
                 std::string_view thread_name) noexcept;

}  // namespace nebula::detail
