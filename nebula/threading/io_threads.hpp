// SPDX-License-Identifier: MIT
// Threads for work that waits: files, sockets, a database. WorkerPool::io() has some.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/base/small_function.hpp"
#include "nebula/threading/worker_pool_config.hpp"

#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace nebula {

struct IoThreadsConfig {
    /// None are started before there is a job for them; 0: a job runs where it is spawned.
    int most_threads = 4;
    /// Threads are "{prefix}-{index}".
    std::string name_prefix = "nebula-io";
    std::size_t stack_size_bytes = std::size_t{2} * 1024 * 1024;
    /// OS priority, 0 to 19, the higher the less.
    int nice = 0;
    /// Unset: log one Error line.
    PanicHandler on_panic{};
};

/// A few threads that may block, apart from the workers, which must not.
///
///     IoThreads io;
///     io.spawn([path] { save(path); }, "save");
///
/// Threads:   spawn: any thread, jobs included. close and the destructor: any but its own.
/// Cost:      spawn: a short lock, a system call to wake a thread, and the first times one to start
///            it. Without jobs: nothing, the threads sleep without a timer.
/// Lifetime:  close and the destructor run what is queued and what that spawns, then join.
/// Throws:    spawn: std::bad_alloc, std::system_error if not even one thread can be started; the
///            job is not queued then. What a job throws goes to the panic handler with its name.
class IoThreads {
public:
    explicit IoThreads(IoThreadsConfig config = {});
    ~IoThreads();
    IoThreads(const IoThreads&) = delete;
    IoThreads& operator=(const IoThreads&) = delete;

    /// Runs f once, oldest first. \param name  for the panic handler and for traces; a literal.
    template <class F>
        requires std::is_invocable_v<std::decay_t<F>&>
    void spawn(F&& f, const char* name = nullptr) {
        spawn_job({SmallFunction<void()>([kept = std::decay_t<F>(std::forward<F>(f))]() mutable {
                       (void)std::invoke(kept);
                   }),
                   name});
    }

    /// Ends the threads. What is spawned afterwards runs where it is spawned.
    void close() noexcept NEBULA_EXCLUDES(mutex_);

    /// How many threads have been started.
    [[nodiscard]] int thread_count() const NEBULA_EXCLUDES(mutex_);
    /// Jobs that wait for a thread. Stale at once.
    [[nodiscard]] std::size_t queued() const NEBULA_EXCLUDES(mutex_);

private:
    friend class IoScope;

    struct Job {
        SmallFunction<void()> function;
        const char* name;
    };

    void spawn_job(Job job) NEBULA_EXCLUDES(mutex_);
    /// Runs the oldest queued job if the calling thread is one of ours. False: it is not, or there
    /// is none.
    bool run_one_if_own() noexcept NEBULA_EXCLUDES(mutex_);
    void run(Job& job) const noexcept;
    void report(const std::exception_ptr& error, const char* job_name) const noexcept;
    static void* thread_entry(void* threads) noexcept;
    void work() noexcept NEBULA_EXCLUDES(mutex_);
    [[nodiscard]] std::list<Job> take() noexcept NEBULA_EXCLUDES(mutex_);

    const IoThreadsConfig config_;
    mutable Mutex mutex_;
    std::list<Job> jobs_ NEBULA_GUARDED_BY(mutex_);  // spliced, so no closure moves under the lock
    std::vector<pthread_t> threads_ NEBULA_GUARDED_BY(mutex_);
    std::size_t idle_ NEBULA_GUARDED_BY(mutex_) = 0;  // asleep, or called and on their way
    bool closed_ NEBULA_GUARDED_BY(mutex_) = false;
    std::atomic<std::uint32_t> started_{0};  // the next thread's number
    std::atomic<std::uint32_t> bell_{0};     // moved under the lock; idle threads sleep on it
};

/// Jobs on IoThreads that all end before it does. Opened with WorkerPool::io().scope().
///
/// Threads:   spawn: any thread, until all have ended. wait_and_rethrow and the destructor: the
///            thread that made it, which sleeps there; one of the IoThreads themselves runs queued
///            jobs meanwhile.
/// Throws:    spawn: as IoThreads. wait_and_rethrow: the first of what the jobs threw, once all
///            have ended; if it is never called, that goes to the panic handler.
class IoScope {
public:
    explicit IoScope(IoThreads& threads) noexcept : threads_(&threads) {}
    ~IoScope();
    IoScope(const IoScope&) = delete;
    IoScope& operator=(const IoScope&) = delete;

    template <class F>
        requires std::is_invocable_v<std::decay_t<F>&>
    void spawn(F&& f, const char* name = nullptr) {
        using Closure = std::decay_t<F>;
        threads_->spawn(Counted<Closure>{Place(*this), Closure(std::forward<F>(f)), name}, name);
    }
    void wait_and_rethrow();

private:
    // Counts a job from its spawn until its closure is gone, run or not.
    class Place {
    public:
        explicit Place(IoScope& scope) noexcept : scope_(&scope) {
            // Relaxed: the spawner itself, or a job that is counted, keeps it above zero.
            scope.pending_.fetch_add(1, std::memory_order_relaxed);
        }
        Place(Place&& other) noexcept : scope_(std::exchange(other.scope_, nullptr)) {}
        Place& operator=(Place&&) = delete;
        ~Place() {
            if (scope_ != nullptr) scope_->leave();
        }
        [[nodiscard]] IoScope& scope() const noexcept { return *scope_; }

    private:
        IoScope* scope_;
    };
    template <class Closure>
    struct Counted {
        void operator()() {
            place.scope().run_guarded([](void* f) { (void)std::invoke(*static_cast<Closure*>(f)); },
                                      &closure, name);
        }
        Place place;  // first, so that it goes last
        Closure closure;
        const char* name;
    };

    void run_guarded(void (*call)(void* closure), void* closure, const char* name) noexcept;
    void leave() noexcept;
    void wait() noexcept;

    IoThreads* threads_;
    std::atomic<std::uint32_t> pending_{0};
    Mutex mutex_;
    std::exception_ptr first_ NEBULA_GUARDED_BY(mutex_);
    const char* first_name_ NEBULA_GUARDED_BY(mutex_) = nullptr;  // of the job that threw it
};

}  // namespace nebula
