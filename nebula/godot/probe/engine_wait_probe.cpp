// SPDX-License-Identifier: MIT
#include "nebula/godot/probe/engine_wait_probe.hpp"

#include "nebula/godot/api/packed_scene.hpp"
#include "nebula/godot/async/engine_waits.hpp"
#include "nebula/godot/async/load.hpp"
#include "nebula/godot/probe/probe_tasks.hpp"

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

        bind_tasks(c);
    }
};

}  // namespace

void register_engine_wait_probe() { register_class<NebulaEngineWaitProbe>(); }

}  // namespace nebula::godot
