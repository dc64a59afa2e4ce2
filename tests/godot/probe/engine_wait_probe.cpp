// SPDX-License-Identifier: MIT
#include "tests/godot/probe/engine_wait_probe.hpp"

#include "nebula/godot/api/packed_scene.hpp"
#include "nebula/godot/async/engine_waits.hpp"
#include "nebula/godot/async/load.hpp"
#include "nebula/godot/async/rpc.hpp"
#include "nebula/task/fallible.hpp"
#include "nebula/task/timeout.hpp"
#include "nebula/task/when_all.hpp"
#include "tests/godot/probe/probe_tasks.hpp"

#include <string>
#include <type_traits>
#include <utility>

namespace nebula::godot {
namespace {

task<> wait_for_tween(ProbeLogPtr log, Ref<Tween> tween) {
    const ProbeLocal local;
    try {
        co_await finished(std::exchange(tween, {}));
        log->add("finished");
    } catch (const AsyncError& error) {
        log->add(error);
    }
}

task<> wait_for_timer(ProbeLogPtr log, Timer timer) {
    const ProbeLocal local;
    try {
        co_await timer_timeout(timer);
        log->add("timeout");
    } catch (const AsyncError& error) {
        log->add(error);
    }
}

task<> wait_for_animation(ProbeLogPtr log, AnimationPlayer player) {
    const ProbeLocal local;
    try {
        log->add(co_await animation_finished(player));
    } catch (const AsyncError& error) {
        log->add(error);
    }
}

task<> wait_for_request(ProbeLogPtr log, HTTPRequest request) {
    const ProbeLocal local;
    try {
        const HttpReply reply = co_await request_completed(request);
        log->add(Array{Variant(reply.result), Variant(reply.status), Variant(reply.body)});
    } catch (const AsyncError& error) {
        log->add(error);
    }
}

task<> wait_for_exit(ProbeLogPtr log, Node node) {
    const ProbeLocal local;
    try {
        co_await tree_exited(node);
        log->add("exited");
    } catch (const AsyncError& error) {
        log->add(error);
    }
}

template <class T>
task<> wait_for_load(ProbeLogPtr log, std::string path) {
    const ProbeLocal local;
    try {
        const Ref<T> loaded =
            co_await load<T>(path, [log](double progress) { log->add(progress); });
        log->add(loaded->get_path());
    } catch (const AsyncError& error) {
        log->add(error);
    }
}

task<> load_telling(ProbeLogPtr log, std::string path, Callable told) {
    const ProbeLocal local;
    LoadProgress progress = [told](double) { (void)told.callv(Array()); };
    const Ref<Resource> loaded = co_await load<Resource>(path, std::move(progress));
    log->add(loaded->get_path());
}

// --- As branches ---------------------------------------------------------------------------------

static_assert(std::is_move_constructible_v<TimerWait> && std::is_move_constructible_v<HttpWait> &&
              std::is_move_constructible_v<AnimationWait> &&
              std::is_move_constructible_v<TreeExit>);

template <class T>
void tell(const ProbeLogPtr& log, const Outcome<Ref<T>>& loaded) {
    loaded ? log->add((*loaded)->get_path()) : log->add(loaded.error());
}

task<> load_in_all_forms(ProbeLogPtr log, std::string path) {
    const ProbeLocal local;
    const Ref<Resource> limited = co_await timeout(load(path), 60.0);
    log->add(limited->get_path());
    const auto [first, second] = co_await when_all(load(path), load<PackedScene>(path));
    log->add(first->get_path());
    log->add(second->get_path());
    tell(log, co_await fallible(load(path)));
    tell(log, co_await fallible(load("res://none.tscn")));
}

task<> ask_twice(ProbeLogPtr log, Object rpc, std::string method) {
    const ProbeLocal local;
    NebulaRpc& node = *instance_of<NebulaRpc>(rpc);
    const Array three{Variant(3)};
    const Array four{Variant(4)};
    const auto [first, second] = co_await when_all(rpc_call<int>(node, 1, method, three),
                                                   rpc_call<int>(node, 1, method, four));
    log->add(first);
    log->add(second);
}

class NebulaEngineWaitProbe : public ProbeTasks {
public:
    using Self = NebulaEngineWaitProbe;
    static constexpr const char* kClassName = "NebulaEngineWaitProbe";
    using ProbeTasks::ProbeTasks;

    static void bind(ClassBuilder<Self>& c) {
        c.doc("Starts coroutines for the tests; every method that starts one returns its number.");
        c.method("tween", &Self::start<wait_for_tween, Ref<Tween>>, {"tween"});
        c.method("timer", &Self::start<wait_for_timer, Timer>, {"timer"});
        c.method("animation", &Self::start<wait_for_animation, AnimationPlayer>, {"player"});
        c.method("request", &Self::start<wait_for_request, HTTPRequest>, {"request"});
        c.method("exit", &Self::start<wait_for_exit, Node>, {"node"});
        c.method("load_any", &Self::start<wait_for_load<Resource>, std::string>, {"path"});
        c.method("load_scene", &Self::start<wait_for_load<PackedScene>, std::string>, {"path"});

        c.method("load_telling", &Self::start<load_telling, std::string, Callable>,
                 {"path", "told"});
        c.method("load_in_all_forms", &Self::start<load_in_all_forms, std::string>, {"path"})
            .doc("With a limit, two at once, and fallible.");
        c.method("ask_twice", &Self::start<ask_twice, Object, std::string>, {"rpc", "method"});

        bind_tasks(c);
    }
};

}  // namespace

void register_engine_wait_probe() { register_class<NebulaEngineWaitProbe>(); }

}  // namespace nebula::godot
