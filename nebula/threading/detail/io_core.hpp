// SPDX-License-Identifier: MIT
// The inside of IoThreads. It is separate because it may have to outlive it: README.md, "fork() and
// exit()".
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/base/small_function.hpp"
#include "nebula/threading/detail/now_running.hpp"
#include "nebula/threading/detail/os_thread.hpp"
#include "nebula/threading/detail/process.hpp"
#include "nebula/threading/io_threads.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nebula::detail {

/// Queue and threads.
///
/// Threads:   any thread; close: any thread but its own.
class IoCore {
public:
    explicit IoCore(IoThreadsConfig config) : config_(std::move(config)) {}
    IoCore(const IoCore&) = delete;
    IoCore& operator=(const IoCore&) = delete;

    /// While it lives, the calling thread counts as blocked if it belongs to an IoThreads, which
    /// may start another one in its place. On any other thread it does nothing.
    class LentPlace {
    public:
        LentPlace() noexcept;
        ~LentPlace();
        LentPlace(const LentPlace&) = delete;
        LentPlace& operator=(const LentPlace&) = delete;

    private:
        IoCore* const core_;
    };

    /// \throws std::bad_alloc, std::system_error if not even one thread can be started.
    void spawn(IoJob job) NEBULA_EXCLUDES(mutex_);
    /// Runs the oldest queued job if the calling thread is one of ours. False if it is not, or if
    /// there is no job.
    bool run_one_if_own() noexcept NEBULA_EXCLUDES(mutex_);
    void report(const std::exception_ptr& error, const char* job_name) const noexcept;

    void close() noexcept NEBULA_EXCLUDES(mutex_);
    /// Used instead of close() if nobody may wait for the threads: they stop before the next job,
    /// and the caller keeps the memory.
    void abandon() noexcept NEBULA_EXCLUDES(mutex_);

    [[nodiscard]] const HomeProcess& home() const noexcept { return home_; }
    [[nodiscard]] int thread_count() const NEBULA_EXCLUDES(mutex_);
    [[nodiscard]] std::size_t queued() const NEBULA_EXCLUDES(mutex_);

private:
    struct Thread {
        Thread(IoCore& owner, std::size_t number, std::string full_name)
            : core(owner), index(number), name(std::move(full_name)) {}
        IoCore& core;
        const std::size_t index;
        const std::string name;
        NowRunning running;
        ThreadHandle handle{};  // written under the lock
    };

    void add_thread() NEBULA_REQUIRES(mutex_);
    [[nodiscard]] bool needs_thread() const noexcept NEBULA_REQUIRES(mutex_);
    void ring() noexcept NEBULA_REQUIRES(mutex_);
    void run(IoJob& job) const noexcept;
    static void* thread_entry(void* thread) noexcept;
    void work(Thread& self) noexcept NEBULA_EXCLUDES(mutex_);
    [[nodiscard]] std::list<IoJob> take() noexcept NEBULA_EXCLUDES(mutex_);

    const IoThreadsConfig config_;
    const HomeProcess home_;
    mutable Mutex mutex_;
    std::list<IoJob> jobs_ NEBULA_GUARDED_BY(mutex_);  // spliced: no closure moves under the lock
    std::vector<std::unique_ptr<Thread>> threads_ NEBULA_GUARDED_BY(mutex_);
    std::size_t idle_ NEBULA_GUARDED_BY(mutex_) = 0;     // asleep, or just woken
    std::size_t blocked_ NEBULA_GUARDED_BY(mutex_) = 0;  // have a LentPlace
    bool closed_ NEBULA_GUARDED_BY(mutex_) = false;
    bool abandoned_ NEBULA_GUARDED_BY(mutex_) = false;
    std::atomic<std::uint32_t> bell_{0};  // moved under the lock; idle threads sleep on it
};

}  // namespace nebula::detail
