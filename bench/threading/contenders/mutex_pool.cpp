// SPDX-License-Identifier: MIT
// The textbook pool as a floor: one mutex, one condition variable, and a queue of std::function for
// each of two urgencies. Who waits inside the pool helps; who waits outside sleeps.
#include "bench/threading/contenders/rows.hpp"

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace {

using bench::MainThread;

class MutexPool {
public:
    static bool main_computes(MainThread) { return false; }
    static constexpr bool kPinnable = true;
    static constexpr int kForkLevels = 16;

    class Fork {
    public:
        explicit Fork(MutexPool& pool) : pool_(pool) {}
        template <class A, class B>
        auto join(const A& a, const B& b) {
            decltype(a(*this)) first;
            bool done = false;
            pool_.push(kUrgent, [&] {
                first = a(Fork(pool_));
                pool_.finish([&] { done = true; });
            });
            auto second = b(*this);
            pool_.help_until([&] { return done; });
            return std::pair{first, second};
        }

    private:
        MutexPool& pool_;
    };

    MutexPool(int threads, MainThread) {
        for (int i = 0; i < threads; ++i) workers_.emplace_back([this] { work(); });
    }
    ~MutexPool() {
        {
            const std::lock_guard lock(mutex_);
            stop_ = true;
        }
        changed_.notify_all();
        for (std::thread& worker : workers_) worker.join();
    }

    template <class F>
    void inside(F f) {
        bool done = false;
        push(kUrgent, [&] {
            f();
            finish([&] { done = true; });
        });
        sleep_until(done);
    }
    template <class F>
    void fork(F f) {
        f(Fork(*this));
    }

    template <class F>
    void each(int count, const F& f) {
        int pending = count;
        spawn(count, f, pending);
        help_until([&] { return pending == 0; });
    }
    template <class F>
    void outside(int count, const F& f) {
        int pending = count;
        spawn(count, f, pending);
        std::unique_lock lock(mutex_);
        finished_.wait(lock, [&] { return pending == 0; });
    }
    template <class F>
    void loop(int count, const F& f) {
        const int parts = static_cast<int>(workers_.size()) * 4;
        outside(parts, [&](int part) {
            const int end = static_cast<int>(std::int64_t{count} * (part + 1) / parts);
            for (int i = static_cast<int>(std::int64_t{count} * part / parts); i < end; ++i) f(i);
        });
    }

    template <class Make, class Commit>
    void pinned(int count, const Make& make, const Commit& commit) {
        std::deque<int> made;
        for (int i = 0; i < count; ++i)
            push(kUrgent, [&, i] {
                make(i);
                finish([&] { made.push_back(i); });
            });
        for (int left = count; left > 0; --left) {
            std::unique_lock lock(mutex_);
            finished_.wait(lock, [&] { return !made.empty(); });
            const int piece = made.front();
            made.pop_front();
            lock.unlock();
            commit(piece);
        }
    }

    template <class F>
    void detach(F f) {
        push(kUrgent, std::move(f));
    }
    template <class F>
    void detach_urgent(F f) {
        push(kUrgent, std::move(f));
    }
    template <class F>
    void detach_far(F f) {
        push(kFar, std::move(f));
    }

private:
    enum Urgency { kUrgent, kFar };

    template <class F>
    void spawn(int count, const F& f, int& pending) {
        for (int i = 0; i < count; ++i)
            push(kUrgent, [this, &f, &pending, i] {
                f(i);
                finish([&] { --pending; });
            });
    }

    void push(Urgency urgency, std::function<void()> task) {
        {
            const std::lock_guard lock(mutex_);
            queues_[urgency].push_back(std::move(task));
        }
        changed_.notify_one();
    }

    // Under the lock, so that who waits may let its variables die when it has seen the end.
    template <class F>
    void finish(F end) {
        const std::lock_guard lock(mutex_);
        end();
        finished_.notify_all();
        if (helpers_ > 0) changed_.notify_all();
    }

    void sleep_until(const bool& done) {
        std::unique_lock lock(mutex_);
        finished_.wait(lock, [&] { return done; });
    }

    template <class Done>
    void help_until(Done done) {
        std::unique_lock lock(mutex_);
        while (!done()) {
            if (run_one(lock, End::Newest)) continue;
            ++helpers_;
            changed_.wait(lock);
            --helpers_;
        }
    }

    // A waiter takes the newest: with the oldest, the stacks of nested waits have no bound.
    enum class End { Oldest, Newest };

    bool run_one(std::unique_lock<std::mutex>& lock, End end) {
        for (std::deque<std::function<void()>>& queue : queues_) {
            if (queue.empty()) continue;
            std::function<void()> task =
                std::move(end == End::Oldest ? queue.front() : queue.back());
            if (end == End::Oldest)
                queue.pop_front();
            else
                queue.pop_back();
            lock.unlock();
            task();
            task = nullptr;
            lock.lock();
            return true;
        }
        return false;
    }

    void work() {
        std::unique_lock lock(mutex_);
        while (true) {
            if (run_one(lock, End::Oldest)) continue;
            if (stop_) return;
            changed_.wait(lock);
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_, finished_;
    std::array<std::deque<std::function<void()>>, 2> queues_;
    int helpers_ = 0;
    bool stop_ = false;
    std::vector<std::thread> workers_;
};

}  // namespace

int main(int argc, char** argv) { return bench::contender_main<MutexPool>(argc, argv); }
