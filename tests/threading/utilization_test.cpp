// SPDX-License-Identifier: MIT
// What the pool says about its workers, against what the kernel says.
#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace nebula {
namespace {

using namespace std::chrono_literals;

constexpr auto kWindow = 1000ms;
constexpr auto kPeriod = 10ms;
constexpr double kTwoPoints = 0.02;

/// One worker over one interval, all as shares of it.
struct Shares {
    double told = 0;     // by utilization_per_worker(), of its window, which is as long
    double counted = 0;  // by the counters, over exactly this interval
    double ran = 0;      // by the kernel
    double waited = 0;   // inside tasks: ready to run, while somebody else had the CPU

    // Busy is time inside tasks by the clock on the wall: what the kernel let the worker run, and
    // what it made it wait in the middle of a task.
    [[nodiscard]] bool agrees(double ours) const {
        return std::abs(ours - (ran + waited)) <= kTwoPoints;
    }
    [[nodiscard]] bool agree() const { return agrees(told) && agrees(counted); }
};

std::string in_words(const Shares& s) {
    return "told " + std::to_string(s.told) + ", counted " + std::to_string(s.counted) +
           ", kernel: ran " + std::to_string(s.ran) + " and waited " + std::to_string(s.waited);
}

class DutyLoad : public testing::TestWithParam<int> {  // the parameter: percent
protected:
    /// Every worker works for that share of every period. The pauses are the load's.
    void load_for(std::chrono::nanoseconds time) {
        const std::chrono::nanoseconds work = kPeriod * GetParam() / 100;
        const Clock::time_point end = Clock::now() + time;
        for (Clock::time_point period = Clock::now(); period < end; period = Clock::now()) {
            pool_.broadcast([&](int worker) {
                // The kernel adds to it when it lets the thread run again, not at its ticks.
                const std::uint64_t before = test::kernel_times_of(ids_[at(worker)]).waited;
                test::spin_for(work);
                waited_[at(worker)] += test::kernel_times_of(ids_[at(worker)]).waited - before;
            });
            std::this_thread::sleep_until(period + kPeriod);
        }
    }

    std::vector<Shares> measure() {
        std::vector<test::KernelTimes> kernel;
        std::ranges::fill(waited_, 0);
        for (const long id : ids_) kernel.push_back(test::kernel_times_of(id));
        const std::vector<WorkerCounters> before = pool_.counters();
        const Clock::time_point start = Clock::now();
        load_for(kWindow);
        const std::vector<double> told = pool_.utilization_per_worker();
        const std::vector<WorkerCounters> after = pool_.counters();
        const double wall = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
        std::vector<Shares> shares(ids_.size());
        for (std::size_t i = 0; i < ids_.size(); ++i) {
            const test::KernelTimes now = test::kernel_times_of(ids_[i]);
            shares[i].told = told[i];
            shares[i].counted = static_cast<double>(after[i].busy_ns - before[i].busy_ns) / wall;
            shares[i].ran = static_cast<double>(now.ran - kernel[i].ran) / wall;
            shares[i].waited = static_cast<double>(waited_[i]) / wall;
        }
        return shares;
    }

    static std::size_t at(int worker) { return static_cast<std::size_t>(worker); }

    WorkerPool pool_{{.thread_count_override = 2, .utilization_window = kWindow}};
    const std::vector<long> ids_ = pool_.worker_os_ids();
    std::vector<std::uint64_t> waited_ = std::vector<std::uint64_t>(2);  // each worker its own
};
INSTANTIATE_TEST_SUITE_P(Percent, DutyLoad, testing::Values(25, 50, 75));

TEST_P(DutyLoad, IsWithinTwoPointsOfTheKernelsAccounting) {
    if (!test::kernel_times_of(ids_[0]).known) GTEST_SKIP() << "no schedstat here";
    if (test::kWithYields) GTEST_SKIP() << "the yields make a period late";
    load_for(kWindow);  // the window is full of it
    // The two look at slightly different intervals, and on a busy machine a period more or less
    // falls into one of them: then look again.
    constexpr int kTrials = 40;
    std::string last;
    for (int trial = 0; trial < kTrials; ++trial) {
        const std::vector<Shares> shares = measure();
        if (std::ranges::all_of(shares, &Shares::agree)) {
            RecordProperty("shares", in_words(shares[0]) + "; " + in_words(shares[1]));
            return;
        }
        last = in_words(shares[0]) + "; " + in_words(shares[1]);
    }
    FAIL() << "never in " << kTrials << " trials; the last: " << last;
}

}  // namespace
}  // namespace nebula
