// SPDX-License-Identifier: MIT
// The part of `Nebula` that works for scripts, with the texts of the editor's help (F1).
#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/jobs/script_error.hpp"
#include "nebula/godot/jobs/script_function.hpp"
#include "nebula/godot/jobs/script_job.hpp"
#include "nebula/godot/jobs/script_loop.hpp"
#include "nebula/godot/jobs/script_waits.hpp"
#include "nebula/godot/runtime/shared_pool.hpp"
#include "nebula/godot/server/nebula_server.hpp"
#include "nebula/threading/band.hpp"
#include "nebula/threading/stop_token.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace nebula::godot {
namespace {

/// \throws std::invalid_argument if it is none.
nebula::Band band_of(NebulaServer::Band band) {
    switch (band) {
        case NebulaServer::Band::Frame:
            return nebula::Band::Frame;
        case NebulaServer::Band::Normal:
            return nebula::Band::Normal;
        case NebulaServer::Band::Background:
            return nebula::Band::Background;
    }
    throw std::invalid_argument(
        "the band must be Nebula.BAND_FRAME, Nebula.BAND_NORMAL or Nebula.BAND_BACKGROUND, not " +
        std::to_string(static_cast<std::int64_t>(band)));
}

Ref<NebulaTask> start_job(ScriptJobPlan plan, nebula::Band band) {
    const std::string name = plan.name;
    // It is not called from C++, so it has no place in the source until its first wait.
    return make_awaitable(script_job(std::move(plan), band), {.name = name}, {});
}

Variant failed_value(NebulaTaskError::Code code, const std::string& why) {
    return Variant(NebulaTaskError::make(code, why));
}

/// Calls loop(pool, items, function, band) on the calling thread.
/// \returns what scripts get, also if it fails.
template <class Loop>
Variant loop_here(const char* method, const Variant& items, const Callable& function,
                  NebulaServer::Band band, const Loop& loop) {
    using Code = NebulaTaskError::Code;
    if (!is_main_thread() && WorkerPool::current_worker_index() < 0) {
        const std::string why =
            std::string(method) +
            " may only be called on the main thread, or in a function that Nebula runs on a worker";
        print_error_at_caller(why, method);
        return failed_value(Code::Failed, why);
    }
    const auto band_here = band_of(band);
    const auto what = LoopItems::of(items);
    const ScriptFunction called(function);
    try {
        WorkerPool& pool = is_main_thread() ? shared_pool() : *shared_pool_if_used();
        return loop(pool, *what, called, band_here);
    } catch (const ScriptError& error) {
        if (!error.shown())
            print_error_at_caller(std::string(method) + ": " + error.what(), method);
        return failed_value(Code::Failed, error.what());
    } catch (const TaskFailed& error) {
        return failed_value(error.code(), error.what());
    }
}

/// The same on a worker; what scripts await.
template <class Loop>
Variant loop_later(const Variant& items, const Callable& function, NebulaServer::Band band,
                   const char* name, const Loop& loop) {
    const auto band_there = band_of(band);
    auto called = std::make_shared<const ScriptFunction>(function);
    const ObjectId node = called->node();
    return start_job(
               {.body = [what = LoopItems::of(items), called = std::move(called), band_there,
                         loop] { return loop(*shared_pool_if_used(), *what, *called, band_there); },
                .node = node,
                .name = name},
               band_there)
        ->wait();
}

constexpr auto kFor = [](WorkerPool& pool, const LoopItems& items, const ScriptFunction& function,
                         nebula::Band band) {
    script_for(pool, items, function, band);
    return Variant();
};
constexpr auto kMap = [](WorkerPool& pool, const LoopItems& items, const ScriptFunction& function,
                         nebula::Band band) { return script_map(pool, items, function, band); };

}  // namespace

void NebulaServer::bind_jobs(ClassBuilder<NebulaServer>& c) {
    using Self = NebulaServer;
    const auto task_error = &MethodResult<task<>>::error_value;
    c.enumeration(
        "Band",
        {{"BAND_FRAME", static_cast<std::int64_t>(Band::Frame),
          "Needed before this frame ends. Comes before all other work of the pool."},
         {"BAND_NORMAL", static_cast<std::int64_t>(Band::Normal), "Needed soon."},
         {"BAND_BACKGROUND", static_cast<std::int64_t>(Band::Background),
          "Needed at some time, such as distant parts of a world. Comes after all other work."}});
    c.method("run", &Self::run, {"function", "band", "name"})
        .defaults(Band::Normal, "")
        .on_error(task_error)
        .doc(
            "Calls [param function] on a worker thread; the main thread goes on meanwhile. Await "
            "it: [codeblock]\nvar path = await Nebula.run(find_path.bind(from, to))\nif path is "
            "NebulaTaskError:\n    print(path.message)\n[/codeblock]\nThe await returns what the "
            "function returns. If the function has an error, it returns a [NebulaTaskError] whose "
            "message names the script and the line.\n\n[b]A function on a worker[/b] must not "
            "touch the scene tree: calls of a node's methods are refused by the engine, and the "
            "task fails with a message that says which. It must not await. What several threads "
            "use at once, it may only read, unless a [Mutex] guards it. To end a long function "
            "early, have it check [method stop_requested].\n\n[b]A method or lambda of a node[/b] "
            "ends with the node: when the node leaves the tree, a function that has not begun "
            "never does, and the main thread waits for one that runs, because it uses the node. "
            "The same happens when the game quits. Free such a node with [method Node.queue_free]: "
            "while one of its methods runs, the engine refuses [method Object.free].\n\nTo hold "
            "the task, in order to cancel it, use "
            "[method spawn].");
    c.method("spawn", &Self::spawn, {"function", "band", "name"})
        .defaults(Band::Normal, "")
        .doc(
            "As [method run], but returns the task, which you can cancel, ask, and wait for: "
            "[codeblock]\nvar search := Nebula.spawn(find_path.bind(from, to))\n...\nvar path = "
            "await search.wait()\n[/codeblock]\n[method NebulaTask.cancel] ends the task at once: "
            "a function that has not begun never does, and one that runs sees [method "
            "stop_requested].");
    c.method("stop_requested", &Self::stop_requested)
        .any_thread()
        .doc(
            "Returns whether the function that calls this on a worker should end soon: its task "
            "was cancelled, its node leaves the tree, or the game quits. Nothing interrupts a "
            "function that does not ask, and the game waits for it when it quits. Outside of such "
            "a function it is always [code]false[/code].");
    c.method("par_for", &Self::par_for, {"items", "function", "band"})
        .defaults(Band::Frame)
        .any_thread()
        .on_error(task_error)
        .doc(
            "Calls [param function] with each of [param items], on all workers and the calling "
            "thread at once, and returns when all calls have ended. [param items] is a whole "
            "number [i]n[/i], which stands for 0 to [i]n[/i] - 1, an [Array], for example "
            "[code]range(10, 20)[/code], or a packed array. Returns [code]null[/code], or a "
            "[NebulaTaskError] if a call fails; calls that have not begun by then are left out. "
            "The order of the calls is not defined. What the function must not do: see [method "
            "run]. May also be called in a function that runs on a worker, even by [method "
            "par_for]. A call costs a few tenths of a microsecond, so let the function do more "
            "than that.");
    c.method("par_map", &Self::par_map, {"items", "function", "band"})
        .defaults(Band::Frame)
        .any_thread()
        .on_error(task_error)
        .doc(
            "As [method par_for], but returns what the calls return, in the order of the items. "
            "From a packed array comes a packed array of the same type, if all results fit into "
            "it: an [int] fits where there are [float]s, and a number where its range allows it. "
            "From anything else, or if a result does not fit, comes an [Array]. Returns a "
            "[NebulaTaskError] if a call fails.");
    c.method("par_for_async", &Self::par_for_async, {"items", "function", "band"})
        .defaults(Band::Normal)
        .on_error(task_error)
        .doc(
            "As [method par_for], but only on workers, while the main thread goes on. Await it. "
            "The items are those at the time of the call: an [Array] is copied, which takes a "
            "while for a million items; a packed array is not.");
    c.method("par_map_async", &Self::par_map_async, {"items", "function", "band"})
        .defaults(Band::Normal)
        .on_error(task_error)
        .doc("As [method par_map], but only on workers, as [method par_for_async]. Await it.");
    c.method("all", &Self::all, {"what"})
        .doc(
            "Await it: it ends when all elements of [param what] have ended, and returns an "
            "[Array] of their values, in the same order. An element is a [Signal], a [NebulaTask], "
            "a [Callable], which is called for this on the main thread and may be a coroutine, or "
            "a value, which is there at once. The first element that fails, is cancelled, or whose "
            "object is freed ends the wait with a [NebulaTaskError] that says which one it was. An "
            "error in a function on the main thread is printed and gives [code]null[/code], as "
            "always. "
            "[codeblock]\nvar got = await Nebula.all([Nebula.run(make_mesh), door.opened, "
            "ask_player])\n[/codeblock]");
    c.method("any", &Self::any, {"what"})
        .doc(
            "Await it: it ends when the first element of [param what] has ended, and returns a "
            "[Dictionary] with its [code]index[/code] and its [code]value[/code], or a "
            "[NebulaTaskError] if that element has failed. The others are not waited for any more, "
            "but they are not cancelled. Elements are those of [method all].");
    c.method("timeout", &Self::timeout, {"what", "seconds"})
        .doc(
            "Await it: it waits for [param what], which may be anything that [method all] takes, "
            "and returns its value. If that takes longer than so many seconds of game time, which "
            "follows [member Engine.time_scale] and goes on while the tree is paused, it "
            "returns a [NebulaTaskError] with the code [constant NebulaTaskError.TIMED_OUT]. What "
            "it waited for is not cancelled.");
    c.method("interval", &Self::interval, {"seconds"})
        .doc(
            "Returns a steady beat: [code]await beat.next()[/code] in a loop ends once in so many "
            "seconds of game time and does not drift. See [NebulaInterval].");
}

Variant NebulaServer::run(const Callable& function, Band band, const String& name) {
    return spawn(function, band, name)->wait();
}

Ref<NebulaTask> NebulaServer::spawn(const Callable& function, Band band, const String& name) {
    const auto on = band_of(band);
    ScriptFunction called(function);
    const ObjectId node = called.node();
    std::string shown = name.utf8();
    if (shown.empty()) shown = called.method();
    return start_job({.body =
                          [called = std::move(called)] {
                              ScriptErrorWatch watch;
                              return called.call(nullptr, watch);
                          },
                      .node = node,
                      .name = std::move(shown)},
                     on);
}

bool NebulaServer::stop_requested() { return job_stop_requested(); }

Variant NebulaServer::par_for(const Variant& items, const Callable& function, Band band) {
    return loop_here("Nebula.par_for", items, function, band, kFor);
}

Variant NebulaServer::par_map(const Variant& items, const Callable& function, Band band) {
    return loop_here("Nebula.par_map", items, function, band, kMap);
}

Variant NebulaServer::par_for_async(const Variant& items, const Callable& function, Band band) {
    return loop_later(items, function, band, "par_for_async", kFor);
}

Variant NebulaServer::par_map_async(const Variant& items, const Callable& function, Band band) {
    return loop_later(items, function, band, "par_map_async", kMap);
}

task<Array> NebulaServer::all(const Array& what) { return wait_for_all(what); }

task<Dictionary> NebulaServer::any(const Array& what) { return wait_for_any(what); }

task<Variant> NebulaServer::timeout(Variant what, double seconds) {
    return wait_at_most(std::move(what), seconds);
}

Ref<NebulaInterval> NebulaServer::interval(double seconds) { return NebulaInterval::make(seconds); }

}  // namespace nebula::godot
