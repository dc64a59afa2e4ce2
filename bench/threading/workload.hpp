// SPDX-License-Identifier: MIT
// What every contender computes and how it is timed. contenders/rust/src/lib.rs mirrors this file:
// the checksums of a run agree only if both do the same.
#pragma once

#include <dirent.h>
#include <sched.h>
#include <sys/types.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace bench {

inline constexpr std::uint64_t kMultiplier = 6364136223846793005U;
inline constexpr std::uint64_t kIncrement = 1442695040888963407U;

/// A dependent chain that neither vectorizes nor folds: a step takes the same time everywhere.
inline std::uint64_t chain(std::uint64_t x, std::uint64_t steps) noexcept {
    for (; steps != 0; --steps) {
        x = x * kMultiplier + kIncrement;
        asm volatile("" : "+r"(x));
    }
    return x;
}

inline std::int64_t clock_ns(clockid_t clock) noexcept {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}
inline std::int64_t now_ns() noexcept { return clock_ns(CLOCK_MONOTONIC); }
inline std::int64_t process_cpu_ns() noexcept { return clock_ns(CLOCK_PROCESS_CPUTIME_ID); }

inline void sleep_until_ns(std::int64_t when) noexcept {
    const timespec deadline{static_cast<time_t>(when / 1'000'000'000),
                            static_cast<long>(when % 1'000'000'000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nullptr) != 0) {
    }
}
inline void sleep_ns(std::int64_t duration) noexcept { sleep_until_ns(now_ns() + duration); }

template <class F>
std::int64_t timed_ns(F&& f) {
    const std::int64_t start = now_ns();
    f();
    return now_ns() - start;
}

/// Seeded and the same on every machine and in Rust.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() noexcept {
        state_ = state_ * kMultiplier + kIncrement;
        return state_ >> 11U;
    }
    /// In (0, 1].
    double unit() noexcept {
        return (static_cast<double>(next()) + 1.0) / 9007199254740992.0;  // 2^53
    }
    std::uint64_t between(std::uint64_t low, std::uint64_t high) noexcept {
        return low + next() % (high - low + 1);
    }

private:
    std::uint64_t state_;
};

// ---- fork and join ------------------------------------------------------------------------------

struct Node {
    std::uint64_t value;
    const Node* left;
    const Node* right;
};

/// `count` nodes in the order in which the sum visits them; halves as equal as can be.
class Tree {
public:
    explicit Tree(std::size_t count) {
        nodes_.reserve(count);  // nodes never move: they point at each other
        build(count);
    }
    [[nodiscard]] const Node* root() const noexcept { return nodes_.data(); }
    /// Nodes with two children: where the sum forks.
    [[nodiscard]] std::size_t forks() const noexcept { return forks_; }

private:
    const Node* build(std::size_t count) {
        if (count == 0) return nullptr;
        const std::size_t at = nodes_.size();
        nodes_.push_back({at * kMultiplier >> 32U, nullptr, nullptr});
        const std::size_t left = (count - 1) / 2;
        nodes_[at].left = build(left);
        nodes_[at].right = build(count - 1 - left);
        if (left != 0) ++forks_;
        return &nodes_[at];
    }

    std::vector<Node> nodes_;
    std::size_t forks_ = 0;
};

[[gnu::noinline]] inline std::uint64_t tree_sum(const Node* node) {
    if (node->left == nullptr)
        return node->value + (node->right != nullptr ? tree_sum(node->right) : 0);
    return node->value + tree_sum(node->left) + tree_sum(node->right);
}

template <class Fork>
std::uint64_t tree_sum(Fork fork, const Node* node) {
    if (node->left == nullptr)
        return node->value + (node->right != nullptr ? tree_sum(fork, node->right) : 0);
    const auto [left, right] =
        fork.join([node](Fork inner) { return tree_sum(inner, node->left); },
                  [node](Fork inner) { return tree_sum(inner, node->right); });
    return node->value + left + right;
}

[[gnu::noinline]] inline std::uint64_t fib(int n) {
    return n < 2 ? static_cast<std::uint64_t>(n) : fib(n - 1) + fib(n - 2);
}

template <class Fork>
std::uint64_t fib(Fork fork, int n) {
    if (n < 2) return static_cast<std::uint64_t>(n);
    const auto [a, b] = fork.join([n](Fork inner) { return fib(inner, n - 1); },
                                  [n](Fork inner) { return fib(inner, n - 2); });
    return a + b;
}

/// How often fib(n) forks.
inline std::uint64_t fib_forks(int n) {
    std::uint64_t before = 0, last = 0;
    for (int i = 2; i <= n; ++i) {
        const std::uint64_t here = before + last + 1;
        before = last;
        last = here;
    }
    return last;
}

// ---- uneven work --------------------------------------------------------------------------------

/// Steps of each of `count` tasks: Pareto distributed (shape 1.5) with the given mean.
inline std::vector<std::uint64_t> pareto_steps(std::size_t count, double mean_steps) {
    Random random(42);
    std::vector<double> costs(count);
    double sum = 0;
    for (double& cost : costs) sum += cost = std::pow(random.unit(), -1 / 1.5);
    std::vector<std::uint64_t> steps(count);
    for (std::size_t i = 0; i < count; ++i)
        steps[i] =
            static_cast<std::uint64_t>(costs[i] / sum * static_cast<double>(count) * mean_steps);
    return steps;
}

inline std::uint64_t fold(const std::vector<std::uint64_t>& values) {
    std::uint64_t sum = 0;
    for (const std::uint64_t value : values) sum = sum * 31 + value;
    return sum;
}

// ---- threads of this process --------------------------------------------------------------------

/// The pool's threads, where the process has others besides; empty: all but the main thread.
inline std::vector<pid_t>& pool_threads() {
    static std::vector<pid_t> ids;
    return ids;
}

/// Those, or all but the calling one, oldest first.
inline std::vector<pid_t> other_threads() {
    if (!pool_threads().empty()) return pool_threads();
    std::vector<pid_t> ids;
    DIR* folder = opendir("/proc/self/task");
    while (const dirent* entry = readdir(folder))
        if (entry->d_name[0] != '.') ids.push_back(std::atoi(entry->d_name));
    closedir(folder);
    const pid_t self = gettid();
    std::erase(ids, self);
    std::ranges::sort(ids);
    return ids;
}

/// The calling thread on the first CPU this process may use, the others from the `first_cpu`th on,
/// round and round: one runnable thread for each CPU, whoever made the threads.
inline void pin_threads(std::size_t first_cpu) {
    cpu_set_t allowed;
    sched_getaffinity(0, sizeof allowed, &allowed);
    std::vector<std::size_t> cpus;
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
    const auto pin = [&](pid_t thread, std::size_t index) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(cpus[index % cpus.size()], &set);
        sched_setaffinity(thread, sizeof set, &set);
    };
    const std::vector<pid_t> others = other_threads();
    pin(0, 0);
    for (std::size_t i = 0; i < others.size(); ++i) pin(others[i], first_cpu + i);
}

/// CPU time and times on a CPU of all threads but the calling one, since they were made.
struct ThreadsUsage {
    std::int64_t cpu_ns = 0;
    std::int64_t turns = 0;
};
inline ThreadsUsage others_usage() {
    ThreadsUsage sum;
    for (const pid_t id : other_threads()) {
        const std::string path = "/proc/self/task/" + std::to_string(id) + "/schedstat";
        std::FILE* file = std::fopen(path.c_str(), "r");
        if (file == nullptr) continue;
        long long cpu = 0, waited = 0, turns = 0;
        if (std::fscanf(file, "%lld %lld %lld", &cpu, &waited, &turns) == 3) {
            sum.cpu_ns += cpu;
            sum.turns += turns;
        }
        std::fclose(file);
    }
    return sum;
}

}  // namespace bench
