// SPDX-License-Identifier: MIT
// A program outside this repository that uses the pool, installed or from its sources.
#include <nebula/threading/par.hpp>
#include <nebula/threading/worker_pool.hpp>
#if defined(WITH_TOML)
#include <nebula/threading/config_toml.hpp>
#endif

#include <cstdio>
#include <numeric>
#include <span>
#include <vector>

int main() {
    nebula::WorkerPoolConfig config{.thread_count_override = 2};
#if defined(WITH_TOML)
    config =
        nebula::parse_worker_pool_config("[threading.worker_pool]\nthread_count = 2\n", "pool.cpp");
#endif
    nebula::WorkerPool pool(config);

    std::vector<int> numbers(1000);
    std::iota(numbers.begin(), numbers.end(), 1);
    const std::vector<int> sums = par_chunk_map(
        pool, std::span(numbers), 100,
        [](std::span<int> chunk) { return std::accumulate(chunk.begin(), chunk.end(), 0); });
    const auto [left, right] = pool.join([] { return 20; }, [] { return 22; });

    std::printf("%d workers, sum %d, join %d\n", pool.thread_count(),
                std::accumulate(sums.begin(), sums.end(), 0), left + right);
}
