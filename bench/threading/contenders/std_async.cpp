// SPDX-License-Identifier: MIT
// The standard library alone: std::async with a thread for each task, whatever the thread count.
#include "bench/threading/contenders/rows.hpp"

#include <cstddef>
#include <cstdint>
#include <future>
#include <thread>
#include <utility>
#include <vector>

namespace {

using bench::MainThread;

class StdAsync {
public:
    static constexpr bool kPinnable = false;
    static constexpr int kForkLevels = 10;

    class Fork {
    public:
        template <class A, class B>
        auto join(const A& a, const B& b) {
            auto first = std::async(std::launch::async, [&a] { return a(Fork{}); });
            auto second = b(*this);
            return std::pair{first.get(), second};
        }
    };

    StdAsync(int threads, MainThread) : threads_(threads) {}

    template <class F>
    void inside(F f) {
        f();
    }
    template <class F>
    void fork(F f) {
        f(Fork{});
    }

    template <class F>
    void each(int count, const F& f) {
        std::vector<std::future<void>> tasks;
        tasks.reserve(static_cast<std::size_t>(count));
        for (int i = 0; i < count; ++i)
            tasks.push_back(std::async(std::launch::async, [&f, i] { f(i); }));
        for (std::future<void>& task : tasks) task.get();
    }
    template <class F>
    void outside(int count, const F& f) {
        each(count, f);
    }
    template <class F>
    void loop(int count, const F& f) {
        each(threads_, [&](int part) {
            const int end = static_cast<int>(std::int64_t{count} * (part + 1) / threads_);
            for (int i = static_cast<int>(std::int64_t{count} * part / threads_); i < end; ++i)
                f(i);
        });
    }

    // The future of std::async waits when it dies, so a detached task is a thread.
    template <class F>
    void detach(F f) {
        std::thread(std::move(f)).detach();
    }

private:
    int threads_;
};

}  // namespace

int main(int argc, char** argv) { return bench::contender_main<StdAsync>(argc, argv); }
