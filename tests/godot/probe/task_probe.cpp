// SPDX-License-Identifier: MIT
#include "tests/godot/probe/task_probe.hpp"

#include "nebula/godot/api/engine.hpp"
#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"
#include "nebula/godot/runtime/shared_pool.hpp"
#include "nebula/godot/runtime/signal_wait.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/pool_bridge.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "tests/godot/probe/probe_tasks.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace nebula::godot {
namespace {

// --- The coroutines ------------------------------------------------------------------------------

task<> wait_for_any_signal(ProbeLogPtr log, Signal which) {
    const ProbeLocal local;
    log->add(co_await which);
}

task<> wait_named(ProbeLogPtr log, ObjectHandle emitter, StringName name) {
    const ProbeLocal local;
    try {
        co_await signal(emitter, name);
        log->add("done");
    } catch (const AsyncError& error) {
        log->add(error);
    }
}

task<> wait_fallible(ProbeLogPtr log, Signal which) {
    const ProbeLocal local;
    log->add(co_await fallible(signal<int>(which)));
}

task<> wait_after_calling(ProbeLogPtr log, Signal which, Callable before) {
    const ProbeLocal local;
    auto wait = signal<int>(which);
    (void)before.callv({});
    log->add("called");
    log->add(co_await wait);
}

task<> wait_again_and_again(ProbeLogPtr log, Signal which, std::int64_t times) {
    const ProbeLocal local;
    for (std::int64_t i = 0; i < times; ++i) log->add(co_await signal<int>(which));
}

task<> wait_and_call(ProbeLogPtr log, Signal which, Callable after) {
    const ProbeLocal local;
    (void)co_await which;
    log->add("resumed");
    (void)after.callv({});
    log->add("called");
}

task<> wait_and_destroy(ProbeLogPtr log, Signal which) {
    const ProbeLocal local;
    (void)co_await which;
    destroy(which.object_id().object());
    log->add(which.object_id().is_alive() ? "still there" : "destroyed");
}

task<> wait_and_throw(ProbeLogPtr log, Signal which) {
    const ProbeLocal local;
    (void)co_await which;
    log->add("throws");
    throw std::runtime_error("the probe was told to");
}

task<> cancel_itself(ProbeLogPtr log, Signal which) {
    const ProbeLocal local;
    (void)co_await which;
    log->handle.cancel();
    log->handle.cancel();
    log->add("went on");
    co_await next_frame();
    log->add("never");
}

task<> wait_frames(ProbeLogPtr log, std::int64_t count) {
    const ProbeLocal local;
    for (std::int64_t i = 0; i < count; ++i) {
        co_await next_frame();
        log->add(Engine::singleton().get_process_frames());
    }
}

task<> sleep(ProbeLogPtr log, double seconds) {
    const ProbeLocal local;
    co_await sleep_for(seconds);
    log->add("slept");
}

task<> wait_for_event(ProbeLogPtr log) {
    const ProbeLocal local;
    co_await log->go_on.wait();
    log->add("set");
}

task<> join(ProbeLogPtr log, TaskHandle<> other) {
    const ProbeLocal local;
    co_await other;
    log->add("joined");
}

std::string this_thread() {
    if (is_main_thread()) return "main";
    return WorkerPool::current_worker_index() >= 0 ? "worker" : "neither";
}

task<> hop(ProbeLogPtr log) {
    const ProbeLocal local;
    log->add(this_thread());
    log->add(co_await shared_pool().run([] { return this_thread(); }));
    log->add(this_thread());
}

task<> hop_and_throw(ProbeLogPtr log) {
    const ProbeLocal local;
    try {
        co_await shared_pool().run([] { throw std::runtime_error("from " + this_thread()); });
    } catch (const std::exception& error) {
        log->add(error.what());
        log->add(this_thread());
    }
}

task<> hop_for_long(ProbeLogPtr log, double seconds) {
    const ProbeLocal local;
    co_await shared_pool().run(
        [seconds] { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); });
    log->add("worked");
}

/// In its destructor does what user code may do while its task is being destroyed.
class Mischief {
public:
    Mischief(Signal which, TaskHandle<> victim)
        : which_(std::move(which)), victim_(std::move(victim)) {}
    ~Mischief() {
        victim_.cancel();
        EngineLoop* const loop = EngineLoop::get_if_running();
        if (loop == nullptr) {
            print_error("no loop is there while its tasks are destroyed");
            return;
        }
        const TaskHandle<> late = loop->runtime().spawn(
            wait_once<>(std::make_shared<ProbeLog>(), which_), {.name = "late"});
        if (loop->closing() != late.cancelled())
            print_error("a spawn from a destructor was taken at shutdown, or refused before");
        auto wait = fallible(signal(which_));
        const bool refused = wait.await_ready() &&
                             wait.await_resume() == tl::unexpected(AsyncErrorCode::RuntimeClosed);
        if (loop->closing() != refused)
            print_error("a wait made in a destructor was begun at shutdown, or refused before");
    }
    Mischief(const Mischief&) = delete;
    Mischief& operator=(const Mischief&) = delete;

private:
    Signal which_;
    TaskHandle<> victim_;
};

task<> wait_with_mischief(ProbeLogPtr log, Signal which, TaskHandle<> victim) {
    const ProbeLocal local;
    const Mischief mischief(which, victim);
    (void)co_await which;
    log->add("done");
}

// --- The class -----------------------------------------------------------------------------------

class NebulaTaskProbe : public ProbeTasks {
public:
    using Self = NebulaTaskProbe;
    static constexpr const char* kClassName = "NebulaTaskProbe";
    using ProbeTasks::ProbeTasks;

    static void bind(ClassBuilder<Self>& c) {
        c.doc("Starts coroutines for the tests; every method that starts one returns its number.");
        c.method("wait_none", &Self::start<wait_once<>, Signal>, {"which"});
        c.method("wait_int", &Self::start<wait_once<int>, Signal>, {"which"});
        c.method("wait_int8", &Self::start<wait_once<std::int8_t>, Signal>, {"which"});
        c.method("wait_int_string", &Self::start<wait_once<int, std::string>, Signal>, {"which"});
        c.method("wait_object", &Self::start<wait_once<Object>, Signal>, {"which"});
        c.method("wait_counted", &Self::start<wait_once<Ref<RefCounted>>, Signal>, {"which"});
        c.method("wait_untyped", &Self::start<wait_for_any_signal, Signal>, {"which"});
        c.method("wait_fallible", &Self::start<wait_fallible, Signal>, {"which"});
        c.method("wait_named", &Self::start<wait_named, Object, StringName>, {"emitter", "name"});
        c.method("wait_after_calling", &Self::start<wait_after_calling, Signal, Callable>,
                 {"which", "before"});
        c.method("wait_again_and_again", &Self::start<wait_again_and_again, Signal, std::int64_t>,
                 {"which", "times"});
        c.method("wait_and_call", &Self::start<wait_and_call, Signal, Callable>,
                 {"which", "after"});
        c.method("wait_and_destroy", &Self::start<wait_and_destroy, Signal>, {"which"});
        c.method("wait_and_throw", &Self::start<wait_and_throw, Signal>, {"which"});
        c.method("cancel_itself", &Self::start<cancel_itself, Signal>, {"which"});
        c.method("wait_frames", &Self::start<wait_frames, std::int64_t>, {"count"});
        c.method("sleep", &Self::start<sleep, double>, {"seconds"});
        c.method("hop", &Self::start<hop>);
        c.method("hop_and_throw", &Self::start<hop_and_throw>);
        c.method("hop_for_long", &Self::start<hop_for_long, double>, {"seconds"});
        c.method("wait_for_event", &Self::start<wait_for_event>);
        c.method("join", &Self::start_join, {"task"});
        c.method("wait_with_mischief", &Self::start_mischief, {"which", "victim"});
        c.method("make_and_drop", &Self::make_and_drop, {"which"})
            .doc("Makes a wait nobody awaits; returns how many connections there were meanwhile.");
        c.method("try_wait_here", &Self::try_wait_here, {"which"})
            .any_thread()
            .doc("Makes a wait on the calling thread; returns the error it is born with.");
        c.method("try_spawn_here", &Self::try_spawn_here)
            .any_thread()
            .doc("Spawns on the calling thread; returns what was thrown.");

        bind_tasks(c);
    }

    std::int64_t start_join(std::int64_t other) {
        return keep_task([&](const ProbeLogPtr& log) { return join(log, of(other).handle); });
    }
    std::int64_t start_mischief(Signal which, std::int64_t victim) {
        return keep_task([&](const ProbeLogPtr& log) {
            return wait_with_mischief(log, std::move(which), of(victim).handle);
        });
    }

    std::int64_t make_and_drop(const Signal& which) {
        const auto wait = signal<int>(which);
        const Object emitter(which.object_id().object().ptr());
        return static_cast<std::int64_t>(emitter.get_signal_connection_list(which.name()).size());
    }
    std::string try_wait_here(const Signal& which) {
        auto wait = fallible(signal<int>(which));
        if (!wait.await_ready()) return "waits";
        return std::string(describe(wait.await_resume().error()));
    }
    std::string try_spawn_here() {
        try {
            (void)EngineLoop::get().runtime().spawn(wait_frames(std::make_shared<ProbeLog>(), 1));
        } catch (const AsyncError& error) {
            return error.what();
        }
        return "";
    }
};

}  // namespace

void register_task_probe() { register_class<NebulaTaskProbe>(); }

}  // namespace nebula::godot
