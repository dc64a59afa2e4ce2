// SPDX-License-Identifier: MIT
#include "nebula/godot/probe/task_probe.hpp"

#include "nebula/godot/api/engine.hpp"
#include "nebula/godot/api/ref_counted.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/closure.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"
#include "nebula/godot/runtime/shared_pool.hpp"
#include "nebula/godot/runtime/signal_wait.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/pool_bridge.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/task.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <chrono>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

int locals_made = 0;
int locals_destroyed = 0;
bool reports_at_end = false;

/// Stands in every coroutine: whoever ends a task must destroy it, once.
class Local {
public:
    Local() { ++locals_made; }
    ~Local() { ++locals_destroyed; }
    Local(const Local&) = delete;
    Local& operator=(const Local&) = delete;
};

/// What a coroutine tells; outlives coroutine and probe.
class Log {
public:
    void add(const Variant& entry) {
        if (!is_main_thread()) left_main_thread = true;
        entries.append(entry);
    }

    Array entries;
    TaskHandle<> handle;
    bool left_main_thread = false;
};
using LogPtr = std::shared_ptr<Log>;

Variant told(const AsyncError& error) { return Variant(std::string("error: ") + error.what()); }

template <class T>
Variant as_variant(const T& value) {
    return Variant(value);
}
template <class... T>
Variant as_variant(const std::tuple<T...>& values) {
    return std::apply([](const T&... each) { return Variant(Array{Variant(each)...}); }, values);
}

// --- The coroutines ------------------------------------------------------------------------------

template <class... Args>
task<> wait_once(LogPtr log, Signal which) {
    const Local local;
    try {
        if constexpr (sizeof...(Args) == 0) {
            co_await signal(which);
            log->add("done");
        } else {
            auto value = co_await signal<Args...>(which);
            log->add(as_variant(value));
        }
    } catch (const AsyncError& error) {
        log->add(told(error));
    }
}

task<> wait_untyped(LogPtr log, Signal which) {
    const Local local;
    log->add(co_await which);
}

task<> wait_named(LogPtr log, ObjectHandle emitter, StringName name) {
    const Local local;
    try {
        co_await signal(emitter, name);
        log->add("done");
    } catch (const AsyncError& error) {
        log->add(told(error));
    }
}

task<> wait_fallible(LogPtr log, Signal which) {
    const Local local;
    const Outcome<int> outcome = co_await fallible(signal<int>(which));
    log->add(outcome ? Variant(*outcome)
                     : Variant("error: " + std::string(describe(outcome.error()))));
}

task<> wait_after_calling(LogPtr log, Signal which, Callable before) {
    const Local local;
    auto wait = signal<int>(which);
    (void)before.callv({});
    log->add("called");
    log->add(co_await wait);
}

task<> wait_again_and_again(LogPtr log, Signal which, std::int64_t times) {
    const Local local;
    for (std::int64_t i = 0; i < times; ++i) log->add(co_await signal<int>(which));
}

task<> wait_and_call(LogPtr log, Signal which, Callable after) {
    const Local local;
    (void)co_await which;
    log->add("resumed");
    (void)after.callv({});
    log->add("called");
}

task<> wait_and_destroy(LogPtr log, Signal which) {
    const Local local;
    (void)co_await which;
    destroy(which.object_id().object());
    log->add(which.object_id().is_alive() ? "still there" : "destroyed");
}

task<> wait_and_throw(LogPtr log, Signal which) {
    const Local local;
    (void)co_await which;
    log->add("throws");
    throw std::runtime_error("the probe was told to");
}

task<> cancel_itself(LogPtr log, Signal which) {
    const Local local;
    (void)co_await which;
    log->handle.cancel();
    log->handle.cancel();
    log->add("went on");
    co_await next_frame();
    log->add("never");
}

task<> wait_frames(LogPtr log, std::int64_t count) {
    const Local local;
    for (std::int64_t i = 0; i < count; ++i) {
        co_await next_frame();
        log->add(Engine::singleton().get_process_frames());
    }
}

task<> sleep(LogPtr log, double seconds) {
    const Local local;
    co_await sleep_for(seconds);
    log->add("slept");
}

task<> wait_for_event(LogPtr log, std::shared_ptr<Event> event) {
    const Local local;
    co_await event->wait();
    log->add("set");
}

task<> join(LogPtr log, TaskHandle<> other) {
    const Local local;
    co_await other;
    log->add("joined");
}

std::string this_thread() {
    if (is_main_thread()) return "main";
    return WorkerPool::current_worker_index() >= 0 ? "worker" : "neither";
}

task<> hop(LogPtr log) {
    const Local local;
    log->add(this_thread());
    log->add(co_await shared_pool().run([] { return this_thread(); }));
    log->add(this_thread());
}

task<> hop_and_throw(LogPtr log) {
    const Local local;
    try {
        co_await shared_pool().run([] { throw std::runtime_error("from " + this_thread()); });
    } catch (const std::exception& error) {
        log->add(error.what());
        log->add(this_thread());
    }
}

task<> hop_for_long(LogPtr log, double seconds) {
    const Local local;
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
        const TaskHandle<> late =
            loop->runtime().spawn(wait_once<>(std::make_shared<Log>(), which_), {.name = "late"});
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

task<> wait_with_mischief(LogPtr log, Signal which, TaskHandle<> victim) {
    const Local local;
    const Mischief mischief(which, victim);
    (void)co_await which;
    log->add("done");
}

// --- The class -----------------------------------------------------------------------------------

class NebulaTaskProbe : public Extension<RefCounted> {
public:
    using Self = NebulaTaskProbe;
    static constexpr const char* kClassName = "NebulaTaskProbe";
    using Extension::Extension;

    static void bind(ClassBuilder<Self>& c) {
        c.doc("Starts coroutines for the tests; every method that starts one returns its number.");
        c.method("wait_none", &Self::start<wait_once<>, Signal>, {"which"});
        c.method("wait_int", &Self::start<wait_once<int>, Signal>, {"which"});
        c.method("wait_int8", &Self::start<wait_once<std::int8_t>, Signal>, {"which"});
        c.method("wait_int_string", &Self::start<wait_once<int, std::string>, Signal>, {"which"});
        c.method("wait_object", &Self::start<wait_once<Object>, Signal>, {"which"});
        c.method("wait_counted", &Self::start<wait_once<Ref<RefCounted>>, Signal>, {"which"});
        c.method("wait_untyped", &Self::start<wait_untyped, Signal>, {"which"});
        c.method("wait_fallible", &Self::start<wait_fallible, Signal>, {"which"});
        c.method("wait_named", &Self::start_named, {"emitter", "name"});
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
        c.method("wait_for_event", &Self::start_event);
        c.method("join", &Self::start_join, {"task"});
        c.method("wait_with_mischief", &Self::start_mischief, {"which", "victim"});
        c.method("make_and_drop", &Self::make_and_drop, {"which"})
            .doc("Makes a wait nobody awaits; returns how many connections there were meanwhile.");
        c.method("try_wait_here", &Self::try_wait_here, {"which"})
            .doc("Makes a wait on the calling thread; returns the error it is born with.");
        c.method("try_spawn_here", &Self::try_spawn_here)
            .doc("Spawns on the calling thread; returns what was thrown.");

        c.method("log_of", &Self::log_of, {"task"});
        c.method("is_pending", &Self::is_pending, {"task"});
        c.method("was_cancelled", &Self::was_cancelled, {"task"});
        c.method("cancel", &Self::cancel, {"task"});
        c.method("request_cancel", &Self::request_cancel, {"task"});
        c.method("left_main_thread", &Self::left_main_thread, {"task"});
        c.method(
            "locals_alive", +[] { return locals_made - locals_destroyed; });
        c.method(
            "callables_alive", +[] { return live_callables(); });
        c.method(
            "report_at_end", +[] { reports_at_end = true; });
    }

    template <auto kCoroutine, class... Args>
    std::int64_t start(Args... arguments) {
        const LogPtr log = std::make_shared<Log>();
        return keep(log, kCoroutine(log, std::move(arguments)...));
    }
    std::int64_t start_named(Object emitter, StringName name) {
        const LogPtr log = std::make_shared<Log>();
        return keep(log, wait_named(log, emitter, std::move(name)));
    }
    std::int64_t start_event() {
        const LogPtr log = std::make_shared<Log>();
        return keep(log, wait_for_event(log, std::make_shared<Event>()));
    }
    std::int64_t start_join(std::int64_t other) {
        const LogPtr log = std::make_shared<Log>();
        return keep(log, join(log, of(other).handle));
    }
    std::int64_t start_mischief(Signal which, std::int64_t victim) {
        const LogPtr log = std::make_shared<Log>();
        return keep(log, wait_with_mischief(log, std::move(which), of(victim).handle));
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
            (void)EngineLoop::get().runtime().spawn(wait_frames(std::make_shared<Log>(), 1));
        } catch (const AsyncError& error) {
            return error.what();
        }
        return "";
    }

    Array log_of(std::int64_t task) { return of(task).entries; }
    bool is_pending(std::int64_t task) { return of(task).handle.is_pending(); }
    bool was_cancelled(std::int64_t task) { return of(task).handle.cancelled(); }
    void cancel(std::int64_t task) { of(task).handle.cancel(); }
    void request_cancel(std::int64_t task) { of(task).handle.request_cancel(); }
    bool left_main_thread(std::int64_t task) { return of(task).left_main_thread; }

private:
    Log& of(std::int64_t task) { return *logs_.at(static_cast<std::size_t>(task)); }

    std::int64_t keep(const LogPtr& log, task<> body) {
        const auto number = static_cast<std::int64_t>(logs_.size());
        logs_.push_back(log);
        log->handle = EngineLoop::get().runtime().spawn(
            std::move(body), {.name = "probe " + std::to_string(number)});
        return number;
    }

    std::vector<LogPtr> logs_;
};

}  // namespace

void register_task_probe() { register_class<NebulaTaskProbe>(); }

void report_task_probe() {
    if (!reports_at_end) return;
    std::printf("probe: %d coroutines began, %d were destroyed, %lld callables are left\n",
                locals_made, locals_destroyed, static_cast<long long>(live_callables()));
    std::fflush(stdout);
}

}  // namespace nebula::godot
