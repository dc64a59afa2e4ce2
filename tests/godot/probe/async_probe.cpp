// SPDX-License-Identifier: MIT
#include "tests/godot/probe/async_probe.hpp"

#include "nebula/base/clock.hpp"
#include "nebula/godot/api/node.hpp"
#include "nebula/godot/async/call_async.hpp"
#include "nebula/godot/async/nebula_task.hpp"
#include "nebula/godot/async/spawn_on.hpp"
#include "nebula/godot/runtime/shared_pool.hpp"
#include "nebula/godot/runtime/signal_wait.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/pool_bridge.hpp"
#include "nebula/task/worker_hop.hpp"
#include "nebula/threading/stop_token.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "tests/godot/probe/probe_tasks.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

// --- Coroutines ----------------------------------------------------------------------------------

task<> wait_and_tell(ProbeLogPtr log, Signal which) {
    const ProbeLocal local;
    log->add("began");
    (void)co_await which;
    log->add("resumed");
}

task<> wait_frames_for_ever(ProbeLogPtr log) {
    const ProbeLocal local;
    for (;;) {
        co_await next_frame();
        log->add("frame");
    }
}

task<> free_after_signal(ProbeLogPtr log, Signal which, ObjectId victim) {
    const ProbeLocal local;
    (void)co_await which;
    destroy(victim.object());
    log->add("freed");
}

task<> wait_in_a_child(ProbeLogPtr log, Signal which) {
    const ProbeLocal local;
    co_await wait_and_tell(log, which);
    log->add("child ended");
}

task<> call_int(ProbeLogPtr log, ObjectId object, StringName method, Array arguments) {
    const ProbeLocal local;
    std::vector<Variant> values;
    for (std::size_t i = 0; i < arguments.size(); ++i) values.push_back(arguments[i]);
    try {
        log->add(co_await AsyncCall<int>(object, method, values));
    } catch (const AsyncError& error) {
        log->add(error);
    }
}

task<> call_any(ProbeLogPtr log, ObjectHandle object, StringName method) {
    const ProbeLocal local;
    try {
        log->add(co_await call_async(object, method));
    } catch (const AsyncError& error) {
        log->add(error);
    }
}

task<Variant> call_for_script(ObjectHandle object, StringName method) {
    co_return co_await call_async(object, method);
}

task<> await_any(ProbeLogPtr log, Variant value) {
    const ProbeLocal local;
    try {
        auto wait = await_variant(std::exchange(value, Variant()));
        log->add(co_await wait);
    } catch (const AsyncError& error) {
        log->add(error);
    }
}

// A job of `seconds`. One that looks at its token says whether it was asked to stop.
task<> long_job(ProbeLogPtr log, double seconds, bool looks) {
    const ProbeLocal local;
    auto run = shared_pool().run(
        [seconds, looks](StopToken token) {
            const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                                std::chrono::duration<double>(seconds));
            while (Clock::now() < end && !(looks && token.stop_requested()))
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            if (looks) std::printf("job: %s\n", Clock::now() < end ? "stopped early" : "ran on");
            std::fflush(stdout);
        },
        {.name = looks ? "bake and look" : "bake blindly"});
    co_await run;
    log->add("done");
}

task<Variant> give_after(Signal which, Variant value) {
    const ProbeLocal local;
    (void)co_await which;
    co_return value;
}

task<Variant> give(Variant value) {
    const ProbeLocal local;
    co_return value;
}

task<> throw_after(Signal which, std::string words) {
    const ProbeLocal local;
    (void)co_await which;
    throw std::runtime_error(words);
}

task<> throw_at_once(std::string words) {
    const ProbeLocal local;
    throw std::runtime_error(words);
    co_return;
}

// --- A node whose methods scripts await ----------------------------------------------------------

class NebulaAsyncNode : public Extension<Node> {
public:
    using Self = NebulaAsyncNode;
    static constexpr const char* kClassName = "NebulaAsyncNode";
    using Extension::Extension;

    static void bind(ClassBuilder<Self>& c) {
        c.doc("Methods that return tasks, for the tests.");
        c.method("add_after", &Self::add_after, {"which", "a", "b"});
        c.method("add_now", &Self::add_now, {"a", "b"});
        c.method("add_on_worker", &Self::add_on_worker, {"a", "b"});
        c.method("fail_on_worker", &Self::fail_on_worker);
        c.method("fail_after", &Self::fail_after, {"which"});
        c.method("fail_now", &Self::fail_now);
        c.method("nothing_after", &Self::nothing_after, {"which"});
        c.method("static_add_after", &Self::static_add_after, {"which", "a", "b"});
        c.script_virtual<Variant(std::int64_t)>("_greet", {"times"});
        c.method("greet", &Self::greet, {"times"});
        c.method("start", &Self::start, {"which", "value"});
        c.method("start_on_self", &Self::start_on_self, {"which", "value"});
    }

    task<std::int64_t> add_after(Signal which, std::int64_t a, std::int64_t b) {
        const ProbeLocal local;
        (void)co_await which;
        sum_ = a + b;  // through `this`: who resumes us after the node's end is caught here
        co_return sum_;
    }
    task<std::int64_t> add_now(std::int64_t a, std::int64_t b) { co_return a + b; }
    task<std::int64_t> add_on_worker(std::int64_t a, std::int64_t b) {
        co_await worker(shared_pool());
        co_return a + b;
    }
    task<> fail_on_worker() {
        co_await worker(shared_pool());
        throw std::runtime_error("the worker was told to");
    }
    task<> fail_after(Signal which) {
        return throw_after(std::move(which), "the node was told to");
    }
    task<> fail_now() { return throw_at_once("the node was told to"); }
    task<> nothing_after(Signal which) { (void)co_await which; }
    static task<std::int64_t> static_add_after(Signal which, std::int64_t a, std::int64_t b) {
        (void)co_await which;
        co_return a + b;
    }
    // A script may override _greet, and wait in it.
    task<std::int64_t> greet(std::int64_t times) {
        try {
            co_return co_await call_async<std::int64_t>(*this, "_greet", times);
        } catch (const UnknownMethod&) {  // its script has none
            co_return -times;
        }
    }
    Ref<NebulaTask> start(Signal which, Variant value) {
        return make_awaitable(give_after(std::move(which), std::move(value)), {.name = "given"});
    }
    Ref<NebulaTask> start_on_self(Signal which, Variant value) {
        return make_awaitable(give_after(std::move(which), std::move(value)),
                              {.name = "given", .owner = id()});
    }

private:
    std::int64_t sum_ = 0;
};

// --- The probe -----------------------------------------------------------------------------------

class NebulaAsyncProbe : public ProbeTasks {
public:
    using Self = NebulaAsyncProbe;
    static constexpr const char* kClassName = "NebulaAsyncProbe";
    using ProbeTasks::ProbeTasks;

    static void bind(ClassBuilder<Self>& c) {
        c.doc("Starts coroutines for the tests; every method that starts one returns its number.");
        c.method("own", &Self::own, {"owner", "which"});
        c.method("own_until_exit", &Self::own_until_exit, {"owner", "which"});
        c.method("own_nested", &Self::own_nested, {"owner", "which"});
        c.method("own_frames", &Self::own_frames, {"owner"});
        c.method("own_by_id", &Self::own_by_id, {"owner", "which"})
            .doc("As own(), for an object that may be gone.");
        c.method("free_after", &Self::free_after, {"which", "victim"});
        c.method("call_int", &Self::call_int_of, {"object", "method", "arguments"});
        c.method("call_task", &Self::call_task, {"object", "method"});
        c.method("call_any", &Self::start<call_any, Object, StringName>, {"object", "method"});
        c.method("await_any", &Self::start<await_any, Variant>, {"value"});
        c.method("long_job", &Self::start<long_job, double, bool>, {"seconds", "looks"});
        c.method("await_state", &Self::await_state_of, {"object", "method", "argument"})
            .doc("await_any() of what the method returns: scripts may not touch a state.");
        c.method("done_task", &Self::done_task, {"value"});
        c.method("task_after", &Self::task_after, {"which", "value"});
        c.method("failing_task", &Self::failing_task, {"which", "words"});
        c.method("failed_task", &Self::failed_task, {"words"});

        bind_tasks(c);
    }

    std::int64_t own(Object owner, Signal which) {
        return keep([&](const ProbeLogPtr& log) {
            return spawn_on(owner, wait_and_tell(log, std::move(which)), {.name = "owned"});
        });
    }
    std::int64_t own_until_exit(Node owner, Signal which) {
        return keep([&](const ProbeLogPtr& log) {
            return spawn_on(owner, wait_and_tell(log, std::move(which)),
                            {.name = "owned", .until = Until::TreeExiting});
        });
    }
    std::int64_t own_nested(Object owner, Signal which) {
        return keep([&](const ProbeLogPtr& log) {
            return spawn_on(owner, wait_in_a_child(log, std::move(which)), {.name = "owned"});
        });
    }
    std::int64_t own_frames(Object owner) {
        return keep([&](const ProbeLogPtr& log) {
            return spawn_on(owner, [log] { return wait_frames_for_ever(log); }, {.name = "frames"});
        });
    }
    std::int64_t own_by_id(std::int64_t owner, Signal which) {
        return keep([&](const ProbeLogPtr& log) {
            return spawn_on(ObjectId{static_cast<std::uint64_t>(owner)},
                            wait_and_tell(log, std::move(which)), {.name = "owned"});
        });
    }
    std::int64_t free_after(Signal which, Object victim) {
        return keep_task([&](const ProbeLogPtr& log) {
            return free_after_signal(log, std::move(which), victim.id());
        });
    }
    std::int64_t call_int_of(Object object, StringName method, Array arguments) {
        return keep_task([&](const ProbeLogPtr& log) {
            return call_int(log, object.id(), std::move(method), std::move(arguments));
        });
    }
    Ref<NebulaTask> call_task(Object object, StringName method) {
        return make_awaitable(call_for_script(object, std::move(method)));
    }
    std::int64_t await_state_of(Object object, const StringName& method, const Variant& argument) {
        return start<await_any>(object.call(method, {argument}));
    }
    Ref<NebulaTask> done_task(Variant value) { return make_awaitable(give(std::move(value))); }
    Ref<NebulaTask> task_after(Signal which, Variant value) {
        return make_awaitable(give_after(std::move(which), std::move(value)), {.name = "given"});
    }
    Ref<NebulaTask> failing_task(Signal which, std::string words) {
        return make_awaitable(throw_after(std::move(which), std::move(words)), {.name = "failing"});
    }
    Ref<NebulaTask> failed_task(std::string words) {
        return make_awaitable(throw_at_once(std::move(words)), {.name = "failing"});
    }
};

}  // namespace

void register_async_probes() {
    register_class<NebulaAsyncNode>();
    register_class<NebulaAsyncProbe>();
}

}  // namespace nebula::godot
