// SPDX-License-Identifier: MIT
// The rows of ./run bench pool, once for every contender in C++. What each row means: README.md of
// this folder's parent. A contender is a class with the members that its rows need; a row that
// needs one it has not answers "unsupported".
//
//     class Contender {
//         static constexpr bool kCallerWorks;     // the thread that waits is one of those that
//         work static constexpr bool kPinnable;        // its threads stay the same static
//         constexpr int kForkLevels;       // 20; fewer where a fork costs microseconds
//         Contender(int threads, MainThread);
//         class Fork { auto join(a, b); };        // a small value; a and b take one, too
//         inside(f);                              // f() on a thread of the pool; waits
//         fork(f);                                // inside: f(Fork)
//         each(n, f), batch(n, f);                // inside: n tasks f(i), one by one, at once;
//         waits outside(n, f);                          // the same from a foreign thread, urgent
//         loop(n, f);                             // f(i), chunked as the contender advises
//         detach(f), detach_urgent(f), detach_far(f);
//     };
#pragma once

#include "bench/threading/workload.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace bench {

/// What the main thread of a row does. `threads` counts those that may compute.
enum class MainThread {
    Waits,    ///< Everything starts on a thread of the pool.
    Calls,    ///< It opens scopes: one of `threads` where the contender's caller works.
    Watches,  ///< It never computes: `threads` are all the pool's.
};

struct Arguments {
    std::string row;
    int threads;
    int samples;          ///< Rounds, ticks, frames or milliseconds: the row's own measure.
    double steps_per_us;  ///< Measured once for all contenders, so that they do the same work.

    [[nodiscard]] std::uint64_t steps(double us) const {
        return static_cast<std::uint64_t>(us * steps_per_us);
    }
};

/// One line of JSON for the driver.
class Report {
public:
    void sample(const char* key, double value) {
        if (series_.empty() || series_.back().key != key) series_.push_back({key, {}});
        series_.back().values.push_back(value);
    }
    void check(std::uint64_t value) { checksum_ = checksum_ * 31 + value; }
    void unsupported(const char* why) { unsupported_ = why; }

    void print() const {
        if (unsupported_ != nullptr) {
            std::printf("{\"unsupported\": \"%s\"}\n", unsupported_);
            return;
        }
        std::printf("{\"checksum\": \"%016llx\", \"samples\": {",
                    static_cast<unsigned long long>(checksum_));
        for (const Series& series : series_) {
            std::printf("%s\"%s\": [", &series == &series_.front() ? "" : ", ", series.key.c_str());
            for (std::size_t i = 0; i < series.values.size(); ++i)
                std::printf("%s%.6g", i == 0 ? "" : ", ", series.values[i]);
            std::printf("]");
        }
        std::printf("}}\n");
    }

private:
    struct Series {
        std::string key;
        std::vector<double> values;
    };
    std::vector<Series> series_;
    std::uint64_t checksum_ = 0;
    const char* unsupported_ = nullptr;
};

inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "wrong result: %s\n", what);
    std::exit(1);
}

/// Lets threads start and clocks rise before anything is measured.
template <class C>
void warm_up(C& pool, const Arguments& arguments) {
    std::vector<std::uint64_t> out(16);
    for (int scope = 0; scope < 3; ++scope)
        pool.outside(
            16, [&](int i) { out[static_cast<std::size_t>(i)] = chain(1, arguments.steps(20)); });
}

/// One computing thread a CPU. A kernel may put a woken thread on the CPU of the one that woke it
/// although another is idle; then a row of two threads would measure the kernel.
template <class C>
void warm_up_and_pin(C& pool, const Arguments& arguments, MainThread main) {
    warm_up(pool, arguments);
    if constexpr (C::kPinnable) pin_threads(C::main_computes(main) ? 1 : 0);
}

/// The same work alone and together, turn by turn. Alone counts the best time, which others on the
/// machine can only lengthen: a row is never better than it is.
class AgainstSerial {
public:
    template <class F>
    void alone(F&& f) {
        alone_ = std::min(alone_, timed_ns(f));
    }
    template <class F>
    void together(F&& f) {
        together_.push_back(timed_ns(f));
    }
    template <class F>
    void report(F&& f) const {
        for (const std::int64_t each : together_)
            f(static_cast<double>(each), static_cast<double>(alone_));
    }

private:
    std::int64_t alone_ = INT64_MAX;
    std::vector<std::int64_t> together_;
};

// ---- join ---------------------------------------------------------------------------------------

template <class C, class F>
void forking(C& pool, F f) {
    pool.inside([&] { pool.fork(f); });
}

// Serial and forked turn by turn in one place, so that both see the same clock and caches.
template <class C, class Forked, class Serial>
void fork_rounds(C& pool, const Arguments& arguments, Report& report, double forks, Forked forked,
                 Serial serial) {
    forking(pool, [&](typename C::Fork fork) {
        std::uint64_t expected = serial();
        require(forked(fork) == expected, "a forked sum is not the serial one");
        AgainstSerial rounds;
        for (int i = 0; i < arguments.samples; ++i) {
            std::uint64_t sum = 0;
            rounds.alone([&] { expected = serial(); });
            rounds.together([&] { sum = forked(fork); });
            require(sum == expected, "a forked sum is not the serial one");
        }
        rounds.report([&](double together, double alone) {
            report.sample("ns_per_fork", (together - alone) / forks);
        });
    });
}

template <class Fork>
concept Joins = requires(Fork fork) { fork.join([](Fork) { return 1; }, [](Fork) { return 1; }); };

template <class C>
void join_tree(const Arguments& arguments, Report& report) {
    C pool(arguments.threads, MainThread::Waits);
    const Tree small(1023);
    forking(pool, [&](typename C::Fork fork) { report.check(tree_sum(fork, small.root())); });
    const Tree tree((std::size_t{1} << C::kForkLevels) - 1);
    fork_rounds(
        pool, arguments, report, static_cast<double>(tree.forks()),
        [&](typename C::Fork fork) { return tree_sum(fork, tree.root()); },
        [&] { return tree_sum(tree.root()); });
}

template <class C>
void join_fib(const Arguments& arguments, Report& report) {
    C pool(arguments.threads, MainThread::Waits);
    forking(pool, [&](typename C::Fork fork) { report.check(fib(fork, 14)); });
    constexpr int n = C::kForkLevels * 3 / 2;
    fork_rounds(
        pool, arguments, report, static_cast<double>(fib_forks(n)),
        [](typename C::Fork fork) { return fib(fork, n); },
        [] {
            volatile int opaque = n;  // else the compiler may fold the serial one away
            return fib(opaque);
        });
}

template <class C>
void join_small_tree(const Arguments& arguments, Report& report) {
    C pool(arguments.threads, MainThread::Waits);
    warm_up_and_pin(pool, arguments, MainThread::Waits);
    const Tree tree(1000);
    const std::uint64_t expected = tree_sum(tree.root());
    report.check(expected);
    constexpr int repetitions = C::kForkLevels == 20 ? 1000 : C::kForkLevels == 16 ? 30 : 2;
    forking(pool, [&](typename C::Fork fork) {
        require(tree_sum(fork, tree.root()) == expected, "a forked sum is not the serial one");
        AgainstSerial rounds;
        for (int i = 0; i < arguments.samples; ++i) {
            std::uint64_t sum = 0;
            rounds.together([&] {
                for (int k = 0; k < repetitions; ++k) sum += tree_sum(fork, tree.root());
            });
            rounds.alone([&] {
                for (int k = 0; k < repetitions; ++k) sum -= tree_sum(tree.root());
            });
            require(sum == 0, "a forked sum is not the serial one");
        }
        rounds.report(
            [&](double together, double alone) { report.sample("over_serial", together / alone); });
    });
}

// ---- spawn --------------------------------------------------------------------------------------

inline constexpr int kScopeTasks = 1000;

template <class Scope>
void spawn_rounds(const Arguments& arguments, Report& report, int scopes, Scope scope) {
    std::atomic<std::uint64_t> sum{0};
    scope([&](int i) { sum.fetch_add(static_cast<std::uint64_t>(i) + 1); });
    report.check(sum.load());
    for (int i = 0; i < arguments.samples; ++i) {
        const std::int64_t all = timed_ns([&] {
            for (int k = 0; k < scopes; ++k) scope([](int) { asm volatile("" ::: "memory"); });
        });
        report.sample("ns_per_task", static_cast<double>(all) / (scopes * kScopeTasks));
    }
}

template <class C>
constexpr int spawn_scopes() {
    return C::kForkLevels == 20 ? 100 : C::kForkLevels == 16 ? 30 : 1;
}

template <class C>
void spawn_scope(const Arguments& arguments, Report& report) {
    C pool(arguments.threads, MainThread::Waits);
    warm_up_and_pin(pool, arguments, MainThread::Waits);
    pool.inside([&] {
        spawn_rounds(arguments, report, spawn_scopes<C>(),
                     [&](auto task) { pool.each(kScopeTasks, task); });
    });
}

template <class C>
void spawn_batch(const Arguments& arguments, Report& report) {
    C pool(arguments.threads, MainThread::Waits);
    warm_up_and_pin(pool, arguments, MainThread::Waits);
    if constexpr (requires { pool.batch(kScopeTasks, [](int) {}); }) {
        pool.inside([&] {
            spawn_rounds(arguments, report, spawn_scopes<C>(),
                         [&](auto task) { pool.batch(kScopeTasks, task); });
        });
    } else {
        report.unsupported("spawns one by one only");
    }
}

template <class C>
void spawn_outside(const Arguments& arguments, Report& report) {
    C pool(arguments.threads, MainThread::Calls);
    warm_up_and_pin(pool, arguments, MainThread::Calls);
    spawn_rounds(arguments, report, spawn_scopes<C>(),
                 [&](auto task) { pool.outside(kScopeTasks, task); });
}

// ---- latency ------------------------------------------------------------------------------------

inline constexpr std::int64_t kPause = 2'000'000;  // long enough for every contender to be asleep

template <class C>
void scope_latency(const Arguments& arguments, Report& report, int tasks) {
    C pool(arguments.threads, MainThread::Calls);
    warm_up_and_pin(pool, arguments, MainThread::Calls);
    std::vector<std::uint64_t> out(static_cast<std::size_t>(tasks));
    const std::uint64_t steps = arguments.steps(50);
    const auto task = [&](int i) {
        out[static_cast<std::size_t>(i)] = chain(static_cast<std::uint64_t>(i), steps);
    };
    // One task alone, on the clock that this CPU has right now.
    std::vector<std::int64_t> alone(21);
    for (std::int64_t& one : alone) one = timed_ns([&] { task(0); });
    std::ranges::nth_element(alone, alone.begin() + 10);
    const auto turns = (tasks + arguments.threads - 1) / arguments.threads;
    const double ideal = static_cast<double>(alone[10]) * turns;
    for (int i = 0; i < arguments.samples; ++i) {
        sleep_ns(kPause);
        const std::int64_t round = timed_ns([&] { pool.outside(tasks, task); });
        report.sample("excess_us", (static_cast<double>(round) - ideal) / 1000);
    }
    report.check(fold(out));
}

template <class C>
void wake(const Arguments& arguments, Report& report, bool pinned) {
    C pool(arguments.threads, MainThread::Watches);
    if constexpr (requires { pool.detach([] {}); }) {
        warm_up(pool, arguments);
        if (pinned && !C::kPinnable) return report.unsupported("makes its threads anew");
        if (pinned) pin_threads(1);
        std::atomic<std::int64_t> started{0};
        for (int i = 0; i < arguments.samples; ++i) {
            sleep_ns(kPause);
            started = 0;
            const std::int64_t asked = now_ns();
            pool.detach([&started] { started = now_ns(); });
            while (started == 0) {
            }
            report.sample("wake_us", static_cast<double>(started - asked) / 1000);
        }
        report.check(static_cast<std::uint64_t>(arguments.samples));
    } else {
        report.unsupported("has no detached tasks");
    }
}

// ---- throughput ---------------------------------------------------------------------------------

inline constexpr int kLightItems = 1'000'000;
inline constexpr std::uint64_t kLightSteps = 14;

[[gnu::noinline]] inline std::uint64_t light_item(int i) {
    return chain(static_cast<std::uint64_t>(i), kLightSteps);
}

template <class C>
void for_light(const Arguments& arguments, Report& report) {
    C pool(arguments.threads, MainThread::Calls);
    warm_up_and_pin(pool, arguments, MainThread::Calls);
    std::vector<std::uint64_t> out(kLightItems);
    const auto item = [data = out.data()](int i) { data[i] = light_item(i); };
    const auto serial = [&] {
        for (int i = 0; i < kLightItems; ++i) item(i);
    };
    serial();
    AgainstSerial rounds;
    for (int i = 0; i < arguments.samples; ++i) {
        rounds.alone(serial);
        rounds.together([&] { pool.loop(kLightItems, item); });
    }
    rounds.report([&](double together, double alone) {
        report.sample("over_ideal", together * arguments.threads / alone);
    });
    report.check(fold(out));
}

// Called back to back, by a main thread that does nothing else: threads where the kernel puts them.
template <class C>
void for_hot(const Arguments& arguments, Report& report) {
    constexpr int items = 10'000;
    C pool(arguments.threads, MainThread::Calls);
    warm_up(pool, arguments);
    std::vector<std::uint64_t> out(items);
    const auto item = [data = out.data()](int i) { data[i] = light_item(i); };
    for (int i = 0; i < 200; ++i) pool.loop(items, item);
    for (int i = 0; i < arguments.samples; ++i)
        report.sample("us_per_loop",
                      static_cast<double>(timed_ns([&] { pool.loop(items, item); })) / 1000);
    report.check(fold(out));
}

// What a worker has made is handed to the main thread, which commits it among other work: 200
// pieces of 50 µs, each with a commit of 10 µs.
template <class C>
void commit_pinned(const Arguments& arguments, Report& report) {
    C pool(arguments.threads, MainThread::Calls);
    constexpr int pieces = 200;
    if constexpr (requires {
                      pool.pinned(
                          pieces, [](int) {}, [](int) {});
                  }) {
        warm_up(pool, arguments);
        const std::uint64_t make = arguments.steps(50), take = arguments.steps(10);
        std::vector<std::uint64_t> out(pieces);
        std::vector<std::int64_t> ready(pieces);
        for (int i = 0; i < arguments.samples; ++i) {
            std::vector<double> waits;
            pool.pinned(
                pieces,
                [&](int piece) {
                    const auto at = static_cast<std::size_t>(piece);
                    out[at] = chain(at, make);
                    ready[at] = now_ns();
                },
                [&](int piece) {
                    const auto at = static_cast<std::size_t>(piece);
                    waits.push_back(static_cast<double>(now_ns() - ready[at]) / 1000);
                    out[at] = chain(out[at], take);
                });
            require(waits.size() == pieces, "every piece is committed once");
            for (const double wait : waits) report.sample("commit_wait_us", wait);
        }
        report.check(fold(out));
    } else {
        report.unsupported("hands nothing to the thread that waits");
    }
}

template <class C>
void uneven(const Arguments& arguments, Report& report) {
    C pool(arguments.threads, MainThread::Calls);
    warm_up_and_pin(pool, arguments, MainThread::Calls);
    const std::vector<std::uint64_t> steps = pareto_steps(2000, arguments.steps_per_us * 100);
    std::vector<std::uint64_t> out(steps.size());
    const auto task = [&](int i) {
        const auto at = static_cast<std::size_t>(i);
        out[at] = chain(at, steps[at]);
    };
    const int count = static_cast<int>(steps.size());
    const auto serial = [&] {
        for (int k = 0; k < count; ++k) task(k);
    };
    AgainstSerial rounds;
    rounds.alone(serial);
    for (int i = 0; i < arguments.samples; ++i) {
        rounds.together([&] { pool.outside(count, task); });
        rounds.alone(serial);
    }
    rounds.report([&](double together, double alone) {
        report.sample("over_ideal", together * arguments.threads / alone);
    });
    report.check(fold(out));
}

// Beside one busy process a CPU, so half of each CPU is ours. The work is known by its CPU time.
template <class C>
void contended(const Arguments& arguments, Report& report) {
    C pool(arguments.threads, MainThread::Calls);
    warm_up_and_pin(pool, arguments, MainThread::Calls);
    constexpr int count = 400;
    std::vector<std::uint64_t> out(count);
    const std::uint64_t steps = arguments.steps(500);
    const auto task = [&](int i) {
        out[static_cast<std::size_t>(i)] = chain(static_cast<std::uint64_t>(i), steps);
    };
    const std::int64_t before = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < count; ++i) task(i);
    const auto work = static_cast<double>(clock_ns(CLOCK_THREAD_CPUTIME_ID) - before);
    for (int i = 0; i < arguments.samples; ++i) {
        const std::int64_t together = timed_ns([&] { pool.outside(count, task); });
        report.sample("over_share", static_cast<double>(together) / (2 * work / arguments.threads));
    }
    report.check(fold(out));
}

// ---- quiet --------------------------------------------------------------------------------------

template <class C>
void idle(const Arguments& arguments, Report& report) {
    C pool(arguments.threads, MainThread::Calls);
    warm_up(pool, arguments);
    sleep_ns(400'000'000);  // what a contender does right after work is not idling
    const ThreadsUsage before = others_usage();
    sleep_ns(arguments.samples * std::int64_t{1'000'000});
    const ThreadsUsage after = others_usage();
    report.sample("wakeups", static_cast<double>(after.turns - before.turns));
    report.sample("cpu_ms", static_cast<double>(after.cpu_ns - before.cpu_ns) / 1e6);
    report.check(1);
}

/// CPU of the whole process for a tick with `work` in it.
template <class Work, class Settle>
double cpu_us_per_tick(int ticks, std::int64_t period, Work work, Settle settle) {
    const std::int64_t start = now_ns(), before = process_cpu_ns();
    for (int i = 0; i < ticks; ++i) {
        sleep_until_ns(start + i * period);
        work();
    }
    sleep_until_ns(start + ticks * period);
    settle();
    return static_cast<double>(process_cpu_ns() - before) / 1000 / ticks;
}

enum class Trickle { Scope, Detached };

template <class C>
void trickle(const Arguments& arguments, Report& report, Trickle how, std::int64_t period,
             double work_us) {
    C pool(arguments.threads, how == Trickle::Scope ? MainThread::Calls : MainThread::Watches);
    warm_up(pool, arguments);
    const std::uint64_t steps = arguments.steps(work_us);
    std::atomic<std::uint64_t> sum{0}, ended{0};
    const auto task = [&] {
        // Relaxed: who sees the count in `ended` sees this too (release there, acquire in settle).
        sum.store(chain(1, steps), std::memory_order_relaxed);
        ended.fetch_add(1, std::memory_order_acq_rel);
    };
    const auto inline_cpu = cpu_us_per_tick(arguments.samples, period, task, [] {});
    std::uint64_t expected = ended.load();
    const auto settle = [&] {
        expected += static_cast<std::uint64_t>(arguments.samples);
        while (ended.load(std::memory_order_acquire) != expected) sleep_ns(100'000);
    };
    if (how == Trickle::Scope) {
        const double cpu = cpu_us_per_tick(
            arguments.samples, period, [&] { pool.outside(1, [&](int) { task(); }); }, settle);
        report.sample("cpu_us_per_tick", cpu - inline_cpu);
    } else {
        if constexpr (requires { pool.detach(task); }) {
            const double cpu = cpu_us_per_tick(
                arguments.samples, period, [&] { pool.detach(task); }, settle);
            report.sample("cpu_us_per_tick", cpu - inline_cpu);
        } else {
            return report.unsupported("has no detached tasks");
        }
    }
    report.check(sum.load());
}

// ---- urgent work behind other work
// ----------------------------------------------------------------

inline constexpr double kYieldIntervalUs = 500;
// A task that has not started by then never will, as far as a game is concerned.
inline constexpr std::int64_t kStarved = 1'000'000'000;

// Two 5 ms tasks a worker, always: each puts its successor into the queue before it ends.
template <class C>
void band_latency(const Arguments& arguments, Report& report) {
    std::atomic<std::int64_t> started{0};  // before the pool: a starved task runs at its end
    C pool(arguments.threads, MainThread::Watches);
    if constexpr (requires { pool.detach_urgent([] {}); }) {
        warm_up(pool, arguments);
        std::atomic<bool> stop{false};
        std::atomic<int> alive{0};
        const std::uint64_t slice = arguments.steps(kYieldIntervalUs);
        // Ten slices; where the contender can tell that something more urgent waits, the rest of
        // them go back into the queue.
        const auto background = [&](auto& self, int slices_left) -> void {
            while (slices_left > 0 && !stop) {
                chain(1, slice);
                --slices_left;
                if constexpr (requires { pool.should_yield(); })
                    if (pool.should_yield()) break;
            }
            if (stop) {
                --alive;
                return;
            }
            pool.detach_far(
                [&self, slices_left] { self(self, slices_left > 0 ? slices_left : 10); });
        };
        for (alive = 0; alive < 2 * arguments.threads; ++alive)
            pool.detach_far([&] { background(background, 10); });
        Random random(7);
        for (int i = 0; i < arguments.samples; ++i) {
            sleep_ns(static_cast<std::int64_t>(random.between(3'000'000, 9'000'000)));
            started = 0;
            const std::int64_t asked = now_ns();
            pool.detach_urgent([&started] { started = now_ns(); });
            while (started == 0 && now_ns() - asked < kStarved) sleep_ns(200'000);
            if (started == 0) {
                report.sample("latency_us", static_cast<double>(kStarved) / 1000);
                break;
            }
            report.sample("latency_us", static_cast<double>(started - asked) / 1000);
        }
        stop = true;
        while (alive != 0) sleep_ns(1'000'000);
        report.check(static_cast<std::uint64_t>(arguments.samples));
    } else {
        report.unsupported("has no detached tasks");
    }
}

inline constexpr std::int64_t kFrame = 16'666'667;
inline constexpr int kFarTasks = 10'000;
inline constexpr int kFramesPerTurn = 30;
inline constexpr int kFramesAtLeast = 3;

// Ten thousand far jobs of about 200 us are always queued. Every half second the camera turns: the
// old ones are stale (they return at once when they run) and ten thousand new ones come.
template <class C>
void frames(const Arguments& arguments, Report& report) {
    C pool(arguments.threads, MainThread::Calls);
    if constexpr (requires { pool.detach_far([] {}); }) {
        warm_up(pool, arguments);
        std::atomic<int> view{0}, alive{0};
        Random random(11);
        std::vector<std::uint64_t> out;
        const std::int64_t start = now_ns();
        std::int64_t due = start;
        for (int frame = 0; frame < arguments.samples; ++frame) {
            if (frame >= kFramesAtLeast && now_ns() - start > arguments.samples * kFrame * 3 / 2)
                break;
            sleep_until_ns(due);
            due = std::max(due + kFrame, now_ns());
            if (frame % kFramesPerTurn == 0) {
                const int here = ++view;
                alive += kFarTasks;
                for (int i = 0; i < kFarTasks; ++i) {
                    const std::uint64_t steps =
                        arguments.steps(static_cast<double>(random.between(100, 300)));
                    pool.detach_far([&view, &alive, here, steps] {
                        if (view == here) chain(1, steps);
                        --alive;
                    });
                }
            }
            const std::uint64_t urgent = random.between(4, 32);
            out.assign(urgent, 0);
            std::vector<std::uint64_t> steps(urgent);
            for (std::uint64_t& each : steps)
                each = arguments.steps(static_cast<double>(random.between(100, 300)));
            const std::int64_t waited = timed_ns([&] {
                pool.outside(static_cast<int>(urgent), [&](int i) {
                    const auto at = static_cast<std::size_t>(i);
                    out[at] = chain(at, steps[at]);
                });
            });
            report.sample("wait_ms", static_cast<double>(waited) / 1e6);
            if (frame < kFramesAtLeast) report.check(fold(out));
        }
        ++view;
        while (alive != 0) sleep_ns(1'000'000);
    } else {
        report.unsupported("has no detached tasks");
    }
}

// ---- the program --------------------------------------------------------------------------------

template <class C>
void run_row(const Arguments& arguments, Report& report) {
    const std::string& row = arguments.row;
    constexpr std::int64_t ms = 1'000'000;
    if constexpr (Joins<typename C::Fork>) {
        if (row == "join.tree") return join_tree<C>(arguments, report);
        if (row == "join.fib") return join_fib<C>(arguments, report);
        if (row == "join.small_tree") return join_small_tree<C>(arguments, report);
    } else if (row.starts_with("join.")) {
        return report.unsupported("has no join");
    }
    if (row == "spawn.scope") return spawn_scope<C>(arguments, report);
    if (row == "spawn.batch") return spawn_batch<C>(arguments, report);
    if (row == "spawn.outside") return spawn_outside<C>(arguments, report);
    if (row == "scope.2x50us") return scope_latency<C>(arguments, report, 2);
    if (row == "scope.64x50us") return scope_latency<C>(arguments, report, 64);
    if (row == "wake") return wake<C>(arguments, report, true);
    if (row == "wake.free") return wake<C>(arguments, report, false);
    if (row == "for.light") return for_light<C>(arguments, report);
    if (row == "for.hot") return for_hot<C>(arguments, report);
    if (row == "commit.pinned") return commit_pinned<C>(arguments, report);
    if (row == "uneven") return uneven<C>(arguments, report);
    if (row == "contended") return contended<C>(arguments, report);
    if (row == "idle") return idle<C>(arguments, report);
    if (row == "trickle.scope") return trickle<C>(arguments, report, Trickle::Scope, ms, 20);
    if (row == "trickle.detached") return trickle<C>(arguments, report, Trickle::Detached, ms, 20);
    if (row == "trickle.60hz") return trickle<C>(arguments, report, Trickle::Detached, kFrame, 10);
    if (row == "trickle.empty") return trickle<C>(arguments, report, Trickle::Detached, ms, 0);
    if (row == "band") return band_latency<C>(arguments, report);
    if (row == "frame") return frames<C>(arguments, report);
    std::fprintf(stderr, "there is no row \"%s\"\n", row.c_str());
    std::exit(2);
}

template <class C>
int contender_main(int argc, char** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "usage: %s ROW THREADS SAMPLES STEPS_PER_US\n", argv[0]);
        return 2;
    }
    const Arguments arguments{argv[1], std::atoi(argv[2]), std::atoi(argv[3]), std::atof(argv[4])};
    Report report;
    run_row<C>(arguments, report);
    report.print();
    return 0;
}

}  // namespace bench
