// SPDX-License-Identifier: MIT
// Closures for one thread, which runs them when it likes.
#pragma once

#include "nebula/base/assert.hpp"
#include "nebula/base/clock.hpp"
#include "nebula/base/mutex.hpp"
#include "nebula/base/small_function.hpp"
#include "nebula/threading/detail/block_ring.hpp"
#include "nebula/threading/worker_pool_config.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>

namespace nebula {

struct LocalTaskOptions {
    /// For the panic handler; a literal.
    const char* name = nullptr;
    /// What FrameBudget learns its cost by; any small number of yours.
    std::uint32_t cost_class = 0;
};

struct LocalExecutorOptions {
    /// Called by the thread that spawns, without a lock, when the executor may have been empty:
    /// ring the bell of whatever its thread sleeps on. Unset: nobody is told.
    std::function<void()> on_work{};
    /// Unset: log one Error line. The worker_name of what it gets is "local".
    PanicHandler on_panic{};
};

/// What spawn_then's second closure gets for a task that was destroyed unrun.
class TaskWasDropped : public std::exception {
public:
    [[nodiscard]] const char* what() const noexcept override;
};

/// A queue of closures that run on one thread: the one that made it. For work that is pinned to the
/// main thread, or to any other that has a loop of its own.
///
///     LocalExecutor main_thread;                                   // on the main thread
///     pool.spawn([&] { main_thread.spawn([mesh = build()] { upload(mesh); }); });
///     main_thread.run_until(frame_end);                            // once a frame
///
/// Closures that came by spawn() run in their order, and so do those that came by spawn_local(); of
/// the two kinds they run in turns. tick() runs what was there when it was called: a closure that
/// spawns itself anew for ever keeps tick() no longer than one round, run_until() no longer than
/// its deadline, and the others from nothing. A closure may tick its own executor: that runs the
/// next ones inside of it.
///
/// Threads:   spawn, spawn_then, size: any thread. The rest, the destructor included: the thread
///            that made it. Closures run there and are destroyed there.
/// Cost:      spawn: a short lock; spawn_local: none. No allocation for closures of up to 48 bytes
///            once it has held as many before; spawn_then: one.
/// Lifetime:  the destructor destroys what has not run, each once, and what those destructors
///            spawn. No thread may spawn after it.
/// Throws:    spawn: std::bad_alloc, with nothing queued, and what copying the closure throws. An
///            exception of a closure goes to on_panic.
class LocalExecutor {
public:
    explicit LocalExecutor(LocalExecutorOptions options = {});
    ~LocalExecutor();
    LocalExecutor(const LocalExecutor&) = delete;
    LocalExecutor& operator=(const LocalExecutor&) = delete;

    template <class F>
        requires std::is_invocable_v<std::decay_t<F>&>
    void spawn(F&& f, LocalTaskOptions options = {}) {
        push_shared({Closure(std::forward<F>(f)), options});
    }

    /// On its own thread only; needs no lock and calls no on_work.
    template <class F>
        requires std::is_invocable_v<std::decay_t<F>&>
    void spawn_local(F&& f, LocalTaskOptions options = {}) {
        NEBULA_ASSERT(is_current_thread_owner(), "spawn_local on another thread");
        push_local({Closure(std::forward<F>(f)), options});
    }

    /// Calls ended(error) after f has run and is destroyed: with null, or with what it threw, which
    /// then goes nowhere else. If f never runs, ended gets a TaskWasDropped. Once in any case, on
    /// the thread of the executor; it must not throw. (If spawn_then itself throws, ended may have
    /// been told already, here.) So somebody can wait for pinned work:
    ///
    ///     executor.spawn_then([&] { upload(mesh); },
    ///                         [&](std::exception_ptr) { done.count_down(); });
    template <class F, class Ended>
        requires std::is_invocable_v<std::decay_t<F>&> &&
                 std::is_invocable_v<std::decay_t<Ended>&, std::exception_ptr>
    void spawn_then(F&& f, Ended&& ended, LocalTaskOptions options = {}) {
        push_shared({Closure(Told<std::decay_t<F>, std::decay_t<Ended>>(
                         std::forward<F>(f), std::forward<Ended>(ended))),
                     options});
    }

    /// Runs the next. \returns false when there is none.
    bool try_tick() noexcept {
        return try_tick_if([](std::uint32_t) { return true; });
    }
    /// Runs the next if `wanted` says so of its cost_class. \returns whether it ran.
    template <class Wanted>
        requires std::is_invocable_r_v<bool, Wanted&, std::uint32_t>
    bool try_tick_if(Wanted&& wanted) {
        NEBULA_ASSERT(is_current_thread_owner(), "ticked on another thread");
        Ring* const ring = next_ring();
        if (ring == nullptr || !wanted(ring->front().options.cost_class)) return false;
        run_oldest_of(*ring);
        return true;
    }
    /// Runs at most `most` of those that are there now; none that come meanwhile.
    /// \returns how many.
    std::size_t tick(std::size_t most = std::numeric_limits<std::size_t>::max()) noexcept;
    /// Runs what is there and what comes meanwhile until nothing is left, and begins none once the
    /// deadline has passed. Does not sleep.
    /// \returns how many.
    std::size_t run_until(Clock::time_point deadline) noexcept;

    [[nodiscard]] bool is_current_thread_owner() const noexcept {
        return std::this_thread::get_id() == owner_;
    }
    /// Stale at once on any other thread.
    [[nodiscard]] std::size_t size() const noexcept {
        return size_.load(std::memory_order_relaxed);  // a number, nothing is read by it
    }

private:
    using Closure = SmallFunction<void(), 48>;
    struct Entry {
        Closure closure;
        LocalTaskOptions options;
    };

    // f, and who is to be told about it. Moved about before it is called; the last one tells.
    template <class F, class Ended>
    class Told {
    public:
        template <class G, class E>
        Told(G&& f, E&& ended)
            : both_(std::make_unique<Both>(
                  Both{std::optional<F>(std::forward<G>(f)), Ended(std::forward<E>(ended))})) {}
        Told(Told&&) noexcept = default;
        Told(const Told&) = delete;
        Told& operator=(const Told&) = delete;
        ~Told() {
            if (both_ != nullptr) tell(dropped());
        }
        void operator()() {
            std::exception_ptr error = run([](void* f) { (*static_cast<F*>(f))(); }, &*both_->f);
            tell(std::move(error));
        }

    private:
        struct Both {
            std::optional<F> f;
            Ended ended;
        };
        void tell(std::exception_ptr error) noexcept {
            both_->f.reset();
            both_->ended(std::move(error));
            both_.reset();
        }
        std::unique_ptr<Both> both_;
    };
    static std::exception_ptr run(void (*call)(void*), void* context) noexcept;
    static std::exception_ptr dropped() noexcept;

    using Ring = detail::BlockRing<Entry>;

    void push_shared(Entry&& entry);
    void push_local(Entry&& entry);
    void refill() noexcept;
    [[nodiscard]] Ring* next_ring() noexcept;  // the one whose turn it is; null: nothing is left
    void run_oldest_of(Ring& ring) noexcept;

    const std::thread::id owner_;
    const LocalExecutorOptions options_;
    // Owner thread, down to local_taken_.
    Ring ready_;  // older than all in inbox_
    Ring local_;
    bool local_turn_ = false;
    std::uint64_t ready_taken_ = 0;  // ever, of those that came by spawn()
    std::uint64_t local_taken_ = 0;  // the same by spawn_local()
    std::atomic<std::size_t> size_{
        0};  // of all three; inbox_ and size_ grow in one critical section

    Mutex mutex_;
    Ring inbox_ NEBULA_GUARDED_BY(mutex_);
};

}  // namespace nebula
