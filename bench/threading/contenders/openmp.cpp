// SPDX-License-Identifier: MIT
// OpenMP tasks, as GCC's libgomp runs them. It has no detached tasks: a region ends with its tasks.
#include "bench/threading/contenders/rows.hpp"

#include <utility>

namespace {

using bench::MainThread;

class OpenMp {
public:
    static bool main_computes(MainThread) { return true; }
    static constexpr bool kPinnable = true;
    static constexpr int kForkLevels = 20;

    class Fork {
    public:
        template <class A, class B>
        auto join(const A& a, const B& b) {
            decltype(a(*this)) first;
            decltype(b(*this)) second;
#pragma omp task shared(first, a)
            first = a(*this);
            second = b(*this);
#pragma omp taskwait
            return std::pair{first, second};
        }
    };

    OpenMp(int threads, MainThread) : threads_(threads) {}

    template <class F>
    void inside(F f) {
#pragma omp parallel num_threads(threads_)
#pragma omp single
        { f(); }
    }
    template <class F>
    void fork(F f) {
        f(Fork{});
    }

    template <class F>
    void each(int count, const F& f) {
#pragma omp taskgroup
        for (int i = 0; i < count; ++i) {
#pragma omp task firstprivate(i) shared(f)
            f(i);
        }
    }
    // No batch: libgomp runs a taskloop of more than 64 tasks a thread in place, without a queue.
    template <class F>
    void outside(int count, const F& f) {
#pragma omp parallel num_threads(threads_)
#pragma omp single
        for (int i = 0; i < count; ++i) {
#pragma omp task firstprivate(i) shared(f)
            f(i);
        }
    }
    template <class F>
    void loop(int count, const F& f) {
#pragma omp parallel for num_threads(threads_)
        for (int i = 0; i < count; ++i) f(i);
    }

private:
    int threads_;
};

}  // namespace

int main(int argc, char** argv) { return bench::contender_main<OpenMp>(argc, argv); }
