// SPDX-License-Identifier: MIT
#include "tests/godot/probe/phase_probe.hpp"

#include "nebula/godot/api/engine.hpp"
#include "nebula/task/next_frame.hpp"
#include "tests/godot/probe/probe_tasks.hpp"

#include <cstdint>

namespace nebula::godot {
namespace {

// Each writes down [physics ticks, process frames, inside a physics tick] as it resumes.
Variant here() {
    const Engine engine = Engine::singleton();
    return Array{Variant(engine.get_physics_frames()), Variant(engine.get_process_frames()),
                 Variant(engine.is_in_physics_frame())};
}

task<> physics_one_by_one(ProbeLogPtr log, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
        co_await next_physics();
        log->add(here());
    }
}

task<> physics_at_once(ProbeLogPtr log, std::int64_t count) {
    co_await physics_frames(static_cast<std::uint64_t>(count));
    log->add(here());
}

task<> frames_at_once(ProbeLogPtr log, std::int64_t count) {
    co_await frames(static_cast<std::uint64_t>(count));
    log->add(here());
}

task<> frame_end(ProbeLogPtr log, Callable tell) {
    co_await end_of_frame();
    log->add(here());
    (void)tell.callv({});
}

task<> tick(ProbeLogPtr log, Callable tell) {
    co_await next_physics();
    log->add(here());
    (void)tell.callv({});
}

task<> sleep(ProbeLogPtr log, double seconds, std::int64_t clock) {
    co_await sleep_for(seconds, static_cast<TaskClock>(clock));
    log->add("slept");
}

class NebulaPhaseProbe : public ProbeTasks {
public:
    using Self = NebulaPhaseProbe;
    static constexpr const char* kClassName = "NebulaPhaseProbe";
    using ProbeTasks::ProbeTasks;

    static void bind(ClassBuilder<Self>& c) {
        c.doc("Starts coroutines for the tests; every method that starts one returns its number.");
        c.method("physics_one_by_one", &Self::start<physics_one_by_one, std::int64_t>, {"count"});
        c.method("physics_at_once", &Self::start<physics_at_once, std::int64_t>, {"count"});
        c.method("frames_at_once", &Self::start<frames_at_once, std::int64_t>, {"count"});
        c.method("frame_end", &Self::start<frame_end, Callable>, {"tell"});
        c.method("tick", &Self::start<tick, Callable>, {"tell"});
        c.method("sleep", &Self::start<sleep, double, std::int64_t>, {"seconds", "clock"});
        bind_tasks(c);
        c.enumeration("Clock", {{"GAME", static_cast<std::int64_t>(TaskClock::Game)},
                                {"PAUSABLE", static_cast<std::int64_t>(TaskClock::Pausable)},
                                {"REAL", static_cast<std::int64_t>(TaskClock::Real)},
                                {"PHYSICS", static_cast<std::int64_t>(TaskClock::Physics)}});
    }
};

}  // namespace

void register_phase_probe() { register_class<NebulaPhaseProbe>(); }

}  // namespace nebula::godot
