// SPDX-License-Identifier: MIT
// oneTBB: an arena of the threads asked for; the caller is one of them.
#include "bench/threading/contenders/rows.hpp"

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_invoke.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace {

using bench::MainThread;

class Tbb {
public:
    static bool main_computes(MainThread main) { return main != MainThread::Watches; }
    static constexpr bool kPinnable = true;
    static constexpr int kForkLevels = 20;

    class Fork {
    public:
        template <class A, class B>
        auto join(const A& a, const B& b) {
            std::pair<decltype(a(*this)), decltype(b(*this))> results;
            tbb::parallel_invoke([&] { results.first = a(*this); },
                                 [&] { results.second = b(*this); });
            return results;
        }
    };

    // The limit counts the main thread, even one that only watches and has no place in the arenas.
    Tbb(int threads, MainThread main) : Tbb(threads, main == MainThread::Watches) {}
    Tbb(int threads, bool watched)
        : limit_(tbb::global_control::max_allowed_parallelism,
                 static_cast<std::size_t>(threads + (watched ? 1 : 0))),
          arena_(threads, watched ? 0 : 1),
          urgent_(workers(threads, watched), 0, tbb::task_arena::priority::high),
          far_(workers(threads, watched), 0, tbb::task_arena::priority::low) {}

    template <class F>
    void inside(F f) {
        arena_.execute([&] { f(); });
    }
    template <class F>
    void fork(F f) {
        f(Fork{});
    }

    template <class F>
    void each(int count, const F& f) {
        tbb::task_group group;
        for (int i = 0; i < count; ++i) group.run([&f, i] { f(i); });
        group.wait();
    }
    template <class F>
    void batch(int count, const F& f) {
        tbb::parallel_for(
            tbb::blocked_range<int>(0, count, 1),
            [&f](const tbb::blocked_range<int>& range) {
                for (int i = range.begin(); i != range.end(); ++i) f(i);
            },
            tbb::simple_partitioner());
    }
    template <class F>
    void outside(int count, const F& f) {
        arena_.execute([&] { each(count, f); });
    }
    template <class F>
    void loop(int count, const F& f) {
        arena_.execute([&] {
            tbb::parallel_for(tbb::blocked_range<int>(0, count),
                              [&f](const tbb::blocked_range<int>& range) {
                                  for (int i = range.begin(); i != range.end(); ++i) f(i);
                              });
        });
    }

    template <class F>
    void detach(F f) {
        arena_.enqueue(std::move(f));
    }
    template <class F>
    void detach_urgent(F f) {
        urgent_.enqueue(std::move(f));
    }
    template <class F>
    void detach_far(F f) {
        far_.enqueue(std::move(f));
    }

private:
    static int workers(int threads, bool watched) {
        return watched ? threads : std::max(threads - 1, 1);
    }

    tbb::global_control limit_;
    tbb::task_arena arena_, urgent_, far_;
};

}  // namespace

int main(int argc, char** argv) { return bench::contender_main<Tbb>(argc, argv); }
