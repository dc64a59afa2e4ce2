// SPDX-License-Identifier: MIT
#include "nebula/godot/server/monitors.hpp"

#include "nebula/godot/api/performance.hpp"
#include "nebula/godot/binding/callable.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/server/nebula_server.hpp"

#include <utility>

namespace nebula::godot {
namespace {

// Each calls a method of the singleton, which the engine finds by name, so nothing of ours is left
// behind when the library is unloaded.
constexpr std::pair<const char*, const char*> kMonitors[] = {
    {"nebula/tasks_alive", "tasks_alive"},
    {"nebula/tasks_resumed_per_frame", "tasks_resumed_last_frame"},
    {"nebula/task_pump_msec", "task_pump_msec"},
    {"nebula/tasks_starved_frames", "tasks_starved_frames"},
    {"nebula/worker_utilization", "utilization_average"},
    {"nebula/pool_queue_depth", "queue_depth"},
    {"nebula/frame_work_msec", "frame_work_msec"},
    {"nebula/chunks_waiting", "chunks_waiting"},
    {"nebula/collision_msec", "collision_msec"},
    {"nebula/brick_mb", "brick_mb"},
};

void add_monitors() {
    // There may be no singleton of ours, or another extension may have taken the name.
    const ObjectHandle server(find_singleton("Nebula"));
    if (instance_of<NebulaServer>(server) == nullptr) return;
    Performance performance = Performance::singleton();
    for (const auto& [id, method] : kMonitors)
        if (!performance.has_custom_monitor(id))
            performance.add_custom_monitor(id, Callable(server, method));
}

void remove_monitors() {
    Performance performance = Performance::singleton();
    for (const auto& [id, method] : kMonitors)
        if (performance.has_custom_monitor(id)) performance.remove_custom_monitor(id);
}

}  // namespace

void register_monitors() {
    add_main_loop_hooks({.startup = add_monitors, .shutdown = remove_monitors});
}

}  // namespace nebula::godot
