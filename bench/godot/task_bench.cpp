// SPDX-License-Identifier: MIT
#include "bench/godot/task_bench.hpp"

#include "bench/task/counting_allocator.hpp"
#include "nebula/godot/api/ref_counted.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"
#include "nebula/godot/runtime/shared_pool.hpp"
#include "nebula/godot/runtime/signal_wait.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/pool_bridge.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <time.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

std::int64_t clock_ns(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}
/// The calling thread's CPU time: what other processes take in between is not in it.
std::int64_t cpu_ns() { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }
/// For what goes over two threads.
std::int64_t wall_ns() { return clock_ns(CLOCK_MONOTONIC); }

Runtime& runtime() { return EngineLoop::get().runtime(); }

/// What a batch of tasks tells: when the last of them was done, and a sum that proves the work.
struct Meter {
    void count(std::int64_t by) {
        sum += by;
        if (--left == 0) stopped_ns = cpu_ns();
    }
    std::int64_t left = 0, sum = 0, stopped_ns = 0;
};

// --- The coroutines ------------------------------------------------------------------------------

task<> wait_for_hit(Meter& meter, Object emitter) {
    meter.count(co_await signal<std::int64_t>(emitter, "hit"));
}
task<> wait_for_strike(Meter& meter, Object emitter) {
    co_await signal(emitter, "struck");
    meter.count(1);
}
task<> every_hit(Meter& meter, Object emitter) {
    for (;;) meter.count(co_await signal<std::int64_t>(emitter, "hit"));
}
task<> every_frame(Meter& meter) {
    for (;;) {
        co_await next_frame();
        ++meter.sum;
    }
}
task<> every_timeout(Meter& meter) {
    for (;;) {
        co_await sleep_for(0.0);
        ++meter.sum;
    }
}
task<> wait_for_ever(Event& event) { co_await event.wait(); }

task<> add_one(Meter& meter) {
    ++meter.sum;
    co_return;
}
task<std::int64_t> one() { co_return 1; }

task<> await_done_task(Meter& meter, TaskHandle<std::int64_t> done, std::int64_t times) {
    const std::int64_t start = cpu_ns();
    for (std::int64_t i = 0; i < times; ++i) meter.sum += co_await done;
    meter.stopped_ns = cpu_ns() - start;
}
task<> await_set_event(Meter& meter, Event& event, std::int64_t times) {
    const std::int64_t start = cpu_ns();
    for (std::int64_t i = 0; i < times; ++i) {
        co_await event.wait();
        ++meter.sum;
    }
    meter.stopped_ns = cpu_ns() - start;
}
task<> await_child(Meter& meter, std::int64_t times) {
    const std::int64_t start = cpu_ns();
    for (std::int64_t i = 0; i < times; ++i) meter.sum += co_await one();
    meter.stopped_ns = cpu_ns() - start;
}
task<> hop_often(Meter& meter, WorkerPool& pool, std::int64_t times) {
    for (std::int64_t i = 0; i < times; ++i) co_await pool.run([] {});
    meter.count(times);
}
task<> timed_hop(Meter& meter, WorkerPool& pool) {
    const std::int64_t start = wall_ns();
    co_await pool.run([] {});
    meter.stopped_ns = wall_ns() - start;
    ++meter.sum;
}

/// Does the allocator see both of us and the C++ runtime?
bool sees_allocations() {
    nebula_bench_count_allocations(true);
    const auto number = std::make_unique<int>(1);
    std::string text(100, 'x');
    text.append(text);
    const bool both = nebula_bench_allocations() >= 2;
    nebula_bench_count_allocations(false);
    return both && *number == 1;
}

/// Why times from this build would mean nothing; empty for a build that users get.
std::string complaint() {
#if defined(NEBULA_SANITIZED)
    return "it was built with a sanitizer";
#elif !defined(NDEBUG)
    return "it was built with assertions";
#elif !defined(__OPTIMIZE__)
    return "it was built without optimisation";
#else
    return "";
#endif
}

class NebulaTaskBench : public Extension<RefCounted> {
public:
    using Self = NebulaTaskBench;
    static constexpr const char* kClassName = "NebulaTaskBench";
    using Extension::Extension;
    ~NebulaTaskBench() { stop(); }

    static void bind(ClassBuilder<Self>& c) {
        c.method("complaint", &complaint);
        c.method("cpu_ns", &cpu_ns);
        c.method("sees_allocations", &sees_allocations);
        c.method("count_allocations", +[](bool on) { nebula_bench_count_allocations(on); }, {"on"});
        c.method(
            "allocations", +[] { return std::int64_t{nebula_bench_allocations()}; });
        c.method("expect", &Self::expect, {"count"});
        c.method("stopped_ns", &Self::stopped_ns);
        c.method("take_sum", &Self::take_sum);
        c.method("live", &Self::live);
        c.method("pump", &Self::pump);
        c.method("stop", &Self::stop);

        c.method("wait_for_hits", &Self::each<wait_for_hit>, {"emitters"});
        c.method("wait_for_strikes", &Self::each<wait_for_strike>, {"emitters"});
        c.method("wait_for_every_hit", &Self::each<every_hit>, {"emitters"});
        c.method("wait_for_every_frame", &Self::many<every_frame>, {"count"});
        c.method("wait_for_every_timeout", &Self::many<every_timeout>, {"count"});
        c.method("wait_for_ever", &Self::many_for_ever, {"count"});

        c.method("spawn_finish", &Self::spawn_finish, {"times"});
        c.method("await_done_task", &Self::await_done, {"times"});
        c.method("await_set_event", &Self::await_set, {"times"});
        c.method("await_child", &Self::await_children, {"times"});
        c.method("hop", &Self::hop);
        c.method("raw_hop", &Self::raw_hop);
        c.method("hops", &Self::hops, {"tasks", "times"});
        c.method("raw_hops", &Self::raw_hops, {"jobs", "times"});
    }

    // --- what bench.gd asks around a batch ---
    void expect(std::int64_t count) { meter_.left = count; }
    std::int64_t stopped_ns() { return meter_.stopped_ns; }
    std::int64_t take_sum() { return std::exchange(meter_.sum, 0); }
    std::int64_t live() { return static_cast<std::int64_t>(runtime().live_count()); }
    void pump() { runtime().pump(); }
    void stop() {
        for (TaskHandle<>& task : tasks_) task.cancel();
        tasks_.clear();
    }

    // --- tasks that wait ---
    template <auto kCoroutine>
    void each(const Array& emitters) {
        for (std::size_t i = 0; i < emitters.size(); ++i)
            tasks_.push_back(runtime().spawn(kCoroutine(meter_, emitters[i].to<Object>())));
    }
    template <auto kCoroutine>
    void many(std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i)
            tasks_.push_back(runtime().spawn(kCoroutine(meter_)));
    }
    void many_for_ever(std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i)
            tasks_.push_back(runtime().spawn(wait_for_ever(never_)));
    }

    // --- what needs no engine; nanoseconds for all of it ---
    std::int64_t spawn_finish(std::int64_t times) {
        Runtime& here = runtime();
        const std::int64_t start = cpu_ns();
        for (std::int64_t i = 0; i < times; ++i) here.spawn(add_one(meter_));
        return cpu_ns() - start;
    }
    std::int64_t await_done(std::int64_t times) {
        runtime().spawn(godot::await_done_task(meter_, runtime().spawn(one()), times));
        return meter_.stopped_ns;
    }
    std::int64_t await_set(std::int64_t times) {
        Event event;
        event.set();
        runtime().spawn(await_set_event(meter_, event, times));
        return meter_.stopped_ns;
    }
    std::int64_t await_children(std::int64_t times) {
        runtime().spawn(await_child(meter_, times));
        return meter_.stopped_ns;
    }

    // --- the pool; this thread pumps as fast as it can, so no frame's length is in it ---
    /// One hop, the worker asleep before it.
    std::int64_t hop() {
        let_worker_sleep();
        const std::int64_t before = meter_.sum;
        runtime().spawn(timed_hop(meter_, shared_pool()));
        while (meter_.sum == before) runtime().pump();
        return meter_.stopped_ns;
    }
    std::int64_t raw_hop() {
        let_worker_sleep();
        return raw_hops(1, 1);
    }
    /// So many tasks, each hopping again and again.
    std::int64_t hops(std::int64_t tasks, std::int64_t times) {
        meter_.left = tasks;
        const std::int64_t start = wall_ns();
        for (std::int64_t i = 0; i < tasks; ++i)
            runtime().spawn(hop_often(meter_, shared_pool(), times));
        while (meter_.left > 0) runtime().pump();
        return wall_ns() - start;
    }
    /// So many jobs at once, again and again.
    std::int64_t raw_hops(std::int64_t jobs, std::int64_t times) {
        std::atomic<std::int64_t> left{0};
        const std::int64_t start = wall_ns();
        for (std::int64_t round = 0; round < times; ++round) {
            left.store(jobs, std::memory_order_relaxed);
            for (std::int64_t i = 0; i < jobs; ++i)
                shared_pool().spawn([&left] { left.fetch_sub(1, std::memory_order_release); });
            while (left.load(std::memory_order_acquire) > 0) {
            }
            runtime().pump();
        }
        meter_.sum += jobs * times;
        return wall_ns() - start;
    }

private:
    // Longer than a worker looks before it parks, and than a park after which it looks.
    static void let_worker_sleep() {
        for (const std::int64_t end = wall_ns() + 300'000; wall_ns() < end;) {
        }
    }

    Meter meter_;
    Event never_;
    std::vector<TaskHandle<>> tasks_;
};

}  // namespace

void register_task_bench() { register_class<NebulaTaskBench>(); }

}  // namespace nebula::godot
