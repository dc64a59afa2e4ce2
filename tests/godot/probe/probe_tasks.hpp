// SPDX-License-Identifier: MIT
// What the probes that start coroutines have in common: the log a coroutine writes, the local it is
// counted by, and the methods through which a test asks what became of it.
#pragma once

#include "nebula/godot/api/ref_counted.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/variant.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"
#include "nebula/godot/runtime/signal_wait.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/task.hpp"
#include "nebula/task/task_handle.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace nebula::godot {

/// Stands in every coroutine of a probe: whoever ends a task must destroy it, once, on the main
/// thread. One count for all probes.
class ProbeLocal {
public:
    ProbeLocal();
    ~ProbeLocal();
    ProbeLocal(const ProbeLocal&) = delete;
    ProbeLocal& operator=(const ProbeLocal&) = delete;

    static int made();  ///< In this life of the library.
    static int alive();
    static int destroyed_elsewhere();
};

/// What a coroutine tells; outlives coroutine and probe. Errors begin with "error: ".
class ProbeLog {
public:
    void add(const Variant& entry);
    void add(const AsyncError& error);
    void add(AsyncErrorCode error);
    template <class... T>
    void add(const std::tuple<T...>& values) {
        add(std::apply([](const T&... each) { return Variant(Array{Variant(each)...}); }, values));
    }
    template <class T>
    void add(const Outcome<T>& outcome) {
        outcome ? add(Variant(*outcome)) : add(outcome.error());
    }

    Array entries;
    TaskHandle<> handle;
    Event go_on;  ///< For coroutines that wait until the test lets them.
    bool left_main_thread = false;
};
using ProbeLogPtr = std::shared_ptr<ProbeLog>;

/// The base of a probe: tasks by number, from the first, 0, for as long as the probe lives.
class ProbeTasks : public Extension<RefCounted> {
public:
    using Extension::Extension;

    /// To be bound: starts kCoroutine(log, arguments...) and returns its number.
    template <auto kCoroutine, class... Args>
    std::int64_t start(Args... arguments) {
        return keep_task(
            [&](const ProbeLogPtr& log) { return kCoroutine(log, std::move(arguments)...); });
    }

    Array log_of(std::int64_t task) { return of(task).entries; }
    bool is_pending(std::int64_t task) { return of(task).handle.is_pending(); }
    bool was_cancelled(std::int64_t task) { return of(task).handle.cancelled(); }
    bool left_main_thread(std::int64_t task) { return of(task).left_main_thread; }
    void cancel(std::int64_t task) { of(task).handle.cancel(); }
    void request_cancel(std::int64_t task) { of(task).handle.request_cancel(); }
    void go_on(std::int64_t task) { of(task).go_on.set(); }

protected:
    template <class Probe>
    static void bind_tasks(ClassBuilder<Probe>& c) {
        c.method("log_of", &Probe::log_of, {"task"});
        c.method("is_pending", &Probe::is_pending, {"task"});
        c.method("was_cancelled", &Probe::was_cancelled, {"task"});
        c.method("left_main_thread", &Probe::left_main_thread, {"task"});
        c.method("cancel", &Probe::cancel, {"task"});
        c.method("request_cancel", &Probe::request_cancel, {"task"}).any_thread();
        c.method("go_on", &Probe::go_on, {"task"}).doc("Lets a task take that waits for this.");
        c.method("locals_made", &ProbeLocal::made);
        c.method("locals_alive", &ProbeLocal::alive);
        c.method("destroyed_elsewhere", &ProbeLocal::destroyed_elsewhere);
        c.method("callables_alive", &callables_alive);
        c.method("report_at_end", &report_at_end);
    }

    [[nodiscard]] ProbeLog& of(std::int64_t task) {
        return *logs_.at(static_cast<std::size_t>(task));
    }
    /// `spawn(log)` starts the task and returns its handle.
    template <class Spawn>
    std::int64_t keep(const Spawn& spawn) {
        const auto number = static_cast<std::int64_t>(logs_.size());
        const ProbeLogPtr log = logs_.emplace_back(std::make_shared<ProbeLog>());
        log->handle = spawn(log);
        return number;
    }
    /// `make(log)` makes the coroutine.
    template <class Make>
    std::int64_t keep_task(const Make& make) {
        return keep([&](const ProbeLogPtr& log) {
            return EngineLoop::get().runtime().spawn(
                make(log), {.name = "probe " + std::to_string(logs_.size() - 1)});
        });
    }

private:
    static std::int64_t callables_alive();
    static void report_at_end();

    std::vector<ProbeLogPtr> logs_;
};

/// Waits for one emission and tells its arguments, or "done" if it takes none.
template <class... Args>
task<> wait_once(ProbeLogPtr log, Signal which) {
    const ProbeLocal local;
    try {
        if constexpr (sizeof...(Args) == 0) {
            co_await signal(which);
            log->add("done");
        } else {
            log->add(co_await signal<Args...>(which));
        }
    } catch (const AsyncError& error) {
        log->add(error);
    }
}

/// The last words of a run that asked for them (report_at_end of any probe): one line that says
/// whether every coroutine that began was also destroyed. For the extension's end.
void report_probe_tasks();

}  // namespace nebula::godot
