// SPDX-License-Identifier: MIT
// Nebula's own pool among the contenders.
#include "bench/threading/contenders/rows.hpp"
#include "nebula/threading/par.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <algorithm>
#include <cstddef>
#include <latch>
#include <utility>

namespace {

using bench::MainThread;

class Nebula {
public:
    static bool main_computes(MainThread main) { return main == MainThread::Calls; }
    static constexpr bool kPinnable = true;
    static constexpr int kForkLevels = 20;

    using Fork = nebula::ForkContext;

    Nebula(int threads, MainThread main)
        : pool_({.thread_count_override = main == MainThread::Calls ? threads - 1 : threads}) {}

    template <class F>
    void inside(F f) {
        std::latch done(1);
        pool_.spawn([&] {
            f();
            done.count_down();
        });
        done.wait();
    }
    template <class F>
    void fork(F f) {
        pool_.join([&f](Fork fork) { f(fork); }, [] {});
    }

    template <class F>
    void each(int count, const F& f) {
        pool_.scope([&](nebula::Scope<>& scope) {
            for (int i = 0; i < count; ++i) scope.spawn([&f, i] { f(i); });
        });
    }
    template <class F>
    void batch(int count, const F& f) {
        pool_.scope([&](nebula::Scope<>& scope) {
            scope.spawn_batch(static_cast<std::size_t>(count),
                              [&f](std::size_t i) { f(static_cast<int>(i)); });
        });
    }
    template <class F>
    void outside(int count, const F& f) {
        each(count, f);
    }

    template <class F>
    void loop(int count, const F& f) {
        // About 80 µs of light items, but enough pieces for a short loop to be shared.
        const auto items = static_cast<std::size_t>(count);
        const std::size_t grain = std::clamp<std::size_t>(items / 16, 64, 16384);
        nebula::par_for(pool_, 0, items, grain, [&f](std::size_t i) { f(static_cast<int>(i)); });
    }

    template <class Make, class Commit>
    void pinned(int count, const Make& make, const Commit& commit) {
        pool_.scope([&](nebula::Scope<>& scope) {
            for (int i = 0; i < count; ++i)
                scope.spawn([&, i] {
                    make(i);
                    scope.spawn_on_main([&commit, i] { commit(i); });
                });
        });
    }

    template <class F>
    void detach(F f) {
        pool_.spawn(std::move(f));
    }
    template <class F>
    void detach_urgent(F f) {
        pool_.spawn(std::move(f), {.band = nebula::Band::Frame});
    }
    template <class F>
    void detach_far(F f) {
        pool_.spawn(std::move(f), {.band = nebula::Band::Background});
    }

    static bool should_yield() { return nebula::WorkerPool::should_yield(); }

private:
    nebula::WorkerPool pool_;
};

}  // namespace

int main(int argc, char** argv) { return bench::contender_main<Nebula>(argc, argv); }
