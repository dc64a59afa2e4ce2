// SPDX-License-Identifier: MIT
// Threads for work that waits: files, sockets, a database. Every WorkerPool has some: io().
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/base/small_function.hpp"
#include "nebula/threading/worker_pool_config.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace nebula {

namespace detail {
class IoCore;

struct IoJob {
    SmallFunction<void()> function;
    const char* name;
};
}  // namespace detail

struct IoThreadsConfig {
    /// Threads are started when there is a job for them. 0: a job runs where it is spawned.
    int most_threads = 4;
    /// Threads are "{prefix}-{index}".
    std::string name_prefix = "nebula-io";
    std::size_t stack_size_bytes = std::size_t{2} * 1024 * 1024;
    /// OS priority, from 0 (normal) to 19 (lowest).
    int nice = 0;
    /// Unset: log one Error line.
    PanicHandler on_panic{};
};

/// A few threads that may block, separate from the workers, which must not.
///
///     IoThreads io;
///     io.spawn([path] { save(path); }, "save");
///
/// Threads:   spawn: any thread, also inside jobs. close and the destructor: any thread but its
///            own.
/// Cost:      spawn: a short lock and a system call to wake a thread; the first ones also start a
///            thread. Without jobs: nothing, the threads sleep without a timer.
/// Lifetime:  close and the destructor run queued jobs and the jobs that those spawn, then join.
/// Throws:    spawn: std::bad_alloc, std::system_error if no thread at all can be started, and
///            NestedTooDeep if the job would run here and jobs inside jobs have nearly used up this
///            thread's stack; the job is then not queued. What a job throws goes to the panic handler with its name.
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

    /// Ends the threads. Later jobs run where they are spawned.
    void close() noexcept;

    /// How many threads have been started.
    [[nodiscard]] int thread_count() const;
    /// Jobs that wait for a thread. Outdated at once.
    [[nodiscard]] std::size_t queued() const;

private:
    friend class IoScope;

    void spawn_job(detail::IoJob job);

    std::unique_ptr<detail::IoCore> core_;
};

/// Jobs on IoThreads that all end before the scope does. Opened with WorkerPool::io().scope().
///
/// Threads:   spawn: any thread, until all have ended. wait_and_rethrow and the destructor: the
///            thread that created it, which sleeps there; if that is one of the IoThreads, it runs
///            queued jobs meanwhile.
/// Throws:    the constructor: NestedTooDeep (nesting.hpp) if nested waits have nearly used up this
///            thread's stack. spawn: as IoThreads. wait_and_rethrow: the first exception of the jobs, once all have
///            ended; if it is never called, that exception goes to the panic handler.
class IoScope {
public:
    explicit IoScope(IoThreads& threads);
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
            // Relaxed: the spawner, or a job that is already counted, keeps it above zero.
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
        Place place;  // first, so that it is destroyed last
        Closure closure;
        const char* name;
    };

    void run_guarded(void (*call)(void* closure), void* closure, const char* name) noexcept;
    void leave() noexcept;
    void wait() noexcept;

    // The bits below kRing count the jobs that have not ended; the bits above count how often the
    // waiter was called for another reason. It is one word, because nobody may touch the scope
    // after the last job has left.
    static constexpr std::uint32_t kRing = std::uint32_t{1} << 28U;

    IoThreads* threads_;
    std::atomic<std::uint32_t> pending_{0};
    Mutex mutex_;
    std::exception_ptr first_ NEBULA_GUARDED_BY(mutex_);
    const char* first_name_ NEBULA_GUARDED_BY(mutex_) = nullptr;  // of the job that threw it
};

}  // namespace nebula
