// SPDX-License-Identifier: MIT
// The worker pool on its own, without an engine or terrain. The README shows a part of this file.
#include "nebula/threading/worker_pool.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

namespace {

// Stands in for real work: the highest point of a strip of hills.
double highest(int strip) {
    double best = 0.0;
    for (int x = 0; x < 100'000; ++x) best = std::fmax(best, std::sin(x * 0.001) + strip);
    return best;
}

}  // namespace

int main() {
    nebula::WorkerPool pool({.reserved_cores = 1});  // leave one core to the main thread
    const std::array strips{1, 2, 3, 4, 5, 6, 7, 8};

    // Tasks may refer to local variables, because scope() returns only when all of them have ended.
    // It returns their results in the order in which they were spawned.
    const std::vector<double> peaks = pool.scope([&](nebula::Scope<double>& scope) {
        for (const int& strip : strips) scope.spawn([&strip] { return highest(strip); }, "hills");
    });
    for (const double peak : peaks) std::printf("%.1f ", peak);

    std::printf("workers: %d\n", pool.thread_count());
}
