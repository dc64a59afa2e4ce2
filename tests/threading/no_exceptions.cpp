// SPDX-License-Identifier: MIT
#include "no_exceptions.hpp"

#include "nebula/threading/par.hpp"
#if __has_include("nebula/threading/channel.hpp")
#include "nebula/threading/channel.hpp"
#endif

#include <atomic>
#include <cstddef>
#include <latch>
#include <numeric>
#include <vector>

namespace nebula::test {
namespace {

std::int64_t fib(ForkContext fork, int n) {
    if (n < 2) return n;
    const auto [a, b] = fork.join([n](ForkContext f) { return fib(f, n - 1); },
                                  [n](ForkContext f) { return fib(f, n - 2); });
    return a + b;
}

}  // namespace

bool built_without_exceptions() noexcept {
#if defined(__cpp_exceptions)
    return false;
#else
    return true;
#endif
}

int spawned_sum(WorkerPool& pool, int count) {
    std::atomic<int> sum{0};
    std::latch done(count);
    for (int i = 1; i <= count; ++i)
        pool.spawn([&, i] {
            sum += i;
            done.count_down();
        });
    done.wait();
    return sum;
}

int scope_sum(WorkerPool& pool, int count) {
    const std::vector<int> results = pool.scope([count](Scope<int>& scope) {
        for (int i = 1; i <= count; ++i) scope.spawn([i] { return i; });
    });
    return std::accumulate(results.begin(), results.end(), 0);
}

std::int64_t join_fib(WorkerPool& pool, int n) {
    return pool.join([n](ForkContext f) { return fib(f, n); }, [] {}).first;
}

int par_for_sum(WorkerPool& pool, int count) {
    std::atomic<int> sum{0};
    par_for(pool, 1, static_cast<std::size_t>(count) + 1, 16,
            [&](std::size_t i) { sum += static_cast<int>(i); });
    return sum;
}

int channel_sum(WorkerPool& pool, int count) {
#if __has_include("nebula/threading/channel.hpp")
    Channel<int> channel;
    for (int i = 1; i <= count; ++i) pool.spawn([&channel, i] { channel.post(i); });
    int sum = 0;
    for (int i = 0; i < count; ++i) sum += channel.recv().value_or(0);
    return sum;
#else
    return spawned_sum(pool, count);
#endif
}

void run_in_scope(WorkerPool& pool, void (*task)()) {
    pool.scope([task](Scope<>& scope) { scope.spawn([task] { task(); }, "theirs"); });
}

}  // namespace nebula::test
