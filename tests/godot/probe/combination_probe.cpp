// SPDX-License-Identifier: MIT
#include "tests/godot/probe/combination_probe.hpp"

#include "nebula/godot/api/engine.hpp"
#include "nebula/godot/api/object.hpp"
#include "nebula/godot/api/packed_scene.hpp"
#include "nebula/godot/async/call_async.hpp"
#include "nebula/godot/async/engine_waits.hpp"
#include "nebula/godot/async/load.hpp"
#include "nebula/godot/async/rpc.hpp"
#include "nebula/godot/async/spawn_on.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"
#include "nebula/godot/runtime/shared_pool.hpp"
#include "nebula/godot/runtime/signal_stream.hpp"
#include "nebula/godot/runtime/signal_wait.hpp"
#include "nebula/task/fallible.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/resume_in.hpp"
#include "nebula/task/timeout.hpp"
#include "nebula/task/when_all.hpp"
#include "nebula/task/when_any.hpp"
#include "nebula/task/worker_hop.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "tests/godot/probe/allocations.hpp"
#include "tests/godot/probe/probe_tasks.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

std::int64_t connections_of(const Signal& which) {
    const Object emitter(which.object_id().object().ptr());
    if (!emitter) return 0;
    return static_cast<std::int64_t>(emitter.get_signal_connection_list(which.name()).size());
}

// A branch with a local, so that a test sees it destroyed.
task<int> branch(Signal which) {
    const ProbeLocal local;
    co_return co_await signal<int>(which);
}

// Who was first, and how many connections the other had left by then.
task<> first_of(ProbeLogPtr log, Signal a, Signal b) {
    const ProbeLocal local;
    const auto first = co_await when_any(branch(a), branch(b));
    log->add(static_cast<std::int64_t>(first.index()));
    log->add(connections_of(first.index() == 0 ? b : a));
}

task<> all_of(ProbeLogPtr log, Signal a, Signal b) {
    const ProbeLocal local;
    try {
        log->add(co_await when_all(branch(a), branch(b)));
    } catch (const AsyncError& error) {
        log->add(error);
    }
}

task<> limited(ProbeLogPtr log, Signal which, double seconds) {
    const ProbeLocal local;
    log->add(co_await fallible(timeout(signal<int>(which), seconds)));
    log->add(connections_of(which));
}

// What is waited for in combinations moves into a branch.
template <class... Waits>
inline constexpr bool kMayMove = (std::is_move_constructible_v<Waits> && ...);
static_assert(kMayMove<SignalWait<int>, AwaitVariant, AsyncCall<int>, TweenWait, TimerWait,
                       AnimationWait, HttpWait, TreeExit, LoadWait<PackedScene>, RpcCall<int>>);

task<> tween_in_time(ProbeLogPtr log, Ref<Tween> tween, double seconds) {
    const ProbeLocal local;
    const Outcome<void> end =
        co_await fallible(timeout(finished(std::exchange(tween, {})), seconds));
    if (end) {
        log->add("finished");
    } else {
        log->add(end.error());
    }
}

task<> call_in_time(ProbeLogPtr log, ObjectHandle object, StringName method, double seconds) {
    const ProbeLocal local;
    log->add(co_await fallible(timeout(call_async<int>(object, method), seconds)));
}

task<> rpc_in_time(ProbeLogPtr log, ObjectId node, String method, double seconds) {
    const ProbeLocal local;
    NebulaRpc& rpc = *instance_of<NebulaRpc>(node.object());
    log->add(
        co_await fallible(timeout(rpc_call<int>(rpc, 1, method, {Variant(4)}, 100.0), seconds)));
}

task<> animation_or(ProbeLogPtr log, AnimationPlayer player, Signal which) {
    const ProbeLocal local;
    const auto first = co_await when_any(animation_finished(player), signal<int>(which));
    log->add(static_cast<std::int64_t>(first.index()));
}

task<> load_or(ProbeLogPtr log, std::string path, Signal which) {
    const ProbeLocal local;
    const auto first = co_await when_any(load<PackedScene>(path), signal<int>(which));
    log->add(static_cast<std::int64_t>(first.index()));
}

task<> in_phase(ProbeLogPtr log, Signal which, std::int64_t phase) {
    const ProbeLocal local;
    log->add(co_await resume_in(static_cast<Phase>(phase), signal<int>(which)));
    log->add(Engine::singleton().is_in_physics_frame());
}

std::string here() {
    if (is_main_thread()) return "main";
    return WorkerPool::current_worker_index() >= 0 ? "worker" : "neither";
}

// On a worker nothing of the engine's is touched but the signal, which it refuses.
task<> await_on_worker(ProbeLogPtr log, Signal which) {
    const ProbeLocal local;
    std::string told;
    co_await worker(shared_pool());
    const std::string there = here();
    try {
        (void)co_await signal<int>(which);
    } catch (const AsyncError& error) {
        told = error.what();
    }
    co_await main_thread();
    log->add(there);
    log->add("error: " + told);
    log->add(here());
}

task<> stay_on_worker(ProbeLogPtr log, double seconds) {
    const ProbeLocal local;
    co_await worker(shared_pool());
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    co_await main_thread();
    log->add("back");
}

task<> tell_where(ProbeLogPtr log) {
    const ProbeLocal local;
    log->add(here());
    co_await next_frame();
    log->add(here());
}

task<int> member_of_somebody(Signal which) {
    const ProbeLocal local;
    co_return co_await signal<int>(which);
}

// Awaits a task whose owner may die.
task<> await_owned(ProbeLogPtr log, ObjectHandle owner, Signal which) {
    const ProbeLocal local;
    const TaskHandle<int> inner = spawn_on(owner, member_of_somebody(std::move(which)));
    try {
        log->add(co_await inner);
    } catch (const AsyncError& error) {
        log->add(error);
    }
}

// A wait with a name that loses against a frame, and is awaited again.
template <class Named>
task<> lose_and_wait(ProbeLogPtr log, Named wait) {
    const ProbeLocal local;
    const auto first = co_await when_any(wait, nebula::frames(1));
    log->add(static_cast<std::int64_t>(first.index()));
    try {
        log->add(co_await wait);
    } catch (const AsyncError& error) {
        log->add(error);
    }
}

// The one that lost still has its name while the next one waits.
task<> lose_a_next(ProbeLogPtr log, Signal which) {
    const ProbeLocal local;
    auto all = stream<int>(which);
    std::optional lost(all.next());
    const auto first = co_await when_any(*lost, nebula::frames(1));
    log->add(static_cast<std::int64_t>(first.index()));
    const auto forget = [](auto& next) -> task<> {
        co_await nebula::frames(1);
        next.reset();
    };
    const auto both = co_await when_all(all.next(), forget(lost));
    log->add(*std::get<0>(both));
}

task<> count_frames(std::shared_ptr<std::int64_t> count) {
    for (;;) {
        co_await next_frame();
        ++*count;
    }
}

class NebulaCombinationProbe : public ProbeTasks {
public:
    using Self = NebulaCombinationProbe;
    static constexpr const char* kClassName = "NebulaCombinationProbe";
    using ProbeTasks::ProbeTasks;

    static void bind(ClassBuilder<Self>& c) {
        c.doc("Starts coroutines for the tests; every method that starts one returns its number.");
        c.method("first_of", &Self::start<first_of, Signal, Signal>, {"a", "b"});
        c.method("all_of", &Self::start<all_of, Signal, Signal>, {"a", "b"});
        c.method("limited", &Self::start<limited, Signal, double>, {"which", "seconds"});
        c.method("tween_in_time", &Self::start<tween_in_time, Ref<Tween>, double>,
                 {"tween", "seconds"});
        c.method("call_in_time", &Self::start<call_in_time, Object, StringName, double>,
                 {"object", "method", "seconds"});
        c.method("rpc_in_time", &Self::start_rpc, {"node", "method", "seconds"});
        c.method("animation_or", &Self::start<animation_or, AnimationPlayer, Signal>,
                 {"player", "which"});
        c.method("load_or", &Self::start<load_or, std::string, Signal>, {"path", "which"});
        c.method("lose_signal", &Self::lose_signal, {"which"});
        c.method("lose_call", &Self::lose_call, {"object", "method"});
        c.method("lose_next", &Self::start<lose_a_next, Signal>, {"which"});
        c.method("in_phase", &Self::start<in_phase, Signal, std::int64_t>, {"which", "phase"});
        c.method("await_on_worker", &Self::start<await_on_worker, Signal>, {"which"});
        c.method("stay_on_worker", &Self::start<stay_on_worker, double>, {"seconds"});
        c.method("await_owned", &Self::start<await_owned, Object, Signal>, {"owner", "which"});
        c.method("spawn_from_any_thread", &Self::spawn_from_any_thread).any_thread();
        c.method("destroy", &Self::destroy_object, {"object"})
            .doc("As the engine's C interface does it, which asks nobody.");
        c.method("count_frames", &Self::count, {"tasks"})
            .doc("Tasks that wait for every frame; counted() is how often in all.");
        c.method("counted", &Self::counted);
        c.method("allocations", &allocations).doc("Of the library so far; -1 where nobody counts.");
        c.method("stop_counting", &Self::stop_counting);
        bind_tasks(c);
        c.enumeration("Phase", {{"PROCESS", static_cast<std::int64_t>(Phase::Process)},
                                {"PHYSICS", static_cast<std::int64_t>(Phase::Physics)},
                                {"FRAME_END", static_cast<std::int64_t>(Phase::FrameEnd)}});
    }

    std::int64_t spawn_from_any_thread() {
        return keep([](const ProbeLogPtr& log) {
            return EngineLoop::get().runtime().spawn_from_any_thread(
                [log] { return tell_where(log); }, {.name = "from anywhere"});
        });
    }
    std::int64_t start_rpc(Object node, String method, double seconds) {
        return start<rpc_in_time>(node.id(), std::move(method), seconds);
    }
    std::int64_t lose_signal(const Signal& which) {
        return keep_task(
            [&](const ProbeLogPtr& log) { return lose_and_wait(log, signal<int>(which)); });
    }
    std::int64_t lose_call(Object object, const StringName& method) {
        return keep_task([&](const ProbeLogPtr& log) {
            return lose_and_wait(log, call_async<int>(object, method));
        });
    }
    void destroy_object(Object object) { destroy(object); }
    void count(std::int64_t tasks) {
        for (std::int64_t i = 0; i < tasks; ++i)
            counting_.push_back(EngineLoop::get().runtime().spawn(count_frames(counted_)));
    }
    std::int64_t counted() { return *counted_; }
    void stop_counting() {
        for (TaskHandle<>& each : counting_) each.cancel();
        counting_.clear();
    }

private:
    std::shared_ptr<std::int64_t> counted_ = std::make_shared<std::int64_t>(0);
    std::vector<TaskHandle<>> counting_;
};

}  // namespace

void register_combination_probe() { register_class<NebulaCombinationProbe>(); }

}  // namespace nebula::godot
