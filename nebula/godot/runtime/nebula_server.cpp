// SPDX-License-Identifier: MIT
#include "nebula/godot/runtime/nebula_server.hpp"

#include "nebula/godot/runtime/engine_loop.hpp"
#include "nebula/godot/runtime/shared_pool.hpp"
#include "nebula/godot/runtime/task_diagnostics.hpp"
#include "nebula/godot/runtime/worker_stats.hpp"
#include "nebula/godot/voxel/chunk_instance.hpp"
#include "nebula/threading/config_toml.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <algorithm>
#include <string>

namespace nebula::godot {
namespace {

constexpr std::int64_t kMaxThreads = 1024;  // as the TOML key

String pool_already_runs() {
    return "the worker pool already runs; configure it before the first VoxelTerrain enters the "
           "tree";
}

// Null while there is none. \throws WrongThread
EngineLoop* main_loop() {
    require_main_thread();
    return EngineLoop::get_if_running();
}

}  // namespace

void NebulaServer::bind(ClassBuilder<NebulaServer>& c) {
    c.doc("The worker pool and the coroutines of this game.",
          "Available everywhere as [code]Nebula[/code]. Configure the pool before the first "
          "VoxelTerrain enters "
          "the tree; the other methods may be asked each frame.");
    c.method("configure", &NebulaServer::configure, {"toml_path"})
        .doc(
            "Reads [code][threading.worker_pool][/code] of a TOML file. Returns an empty string, "
            "or one sentence "
            "that says what is wrong with it.");
    c.method("set_thread_count", &NebulaServer::set_thread_count, {"count"})
        .doc(
            "Uses exactly so many workers. Returns an empty string, or one sentence that says what "
            "is wrong.");
    c.method("worker_count", &NebulaServer::worker_count)
        .doc("How many workers there are or will be.");
    c.method("utilization_per_worker", &NebulaServer::utilization_per_worker)
        .doc("The share of the last second that each worker spent on tasks, 0 to 1.");
    c.method("utilization_average", &NebulaServer::utilization_average)
        .doc("The mean of [method utilization_per_worker].");
    c.method("queue_depth", &NebulaServer::queue_depth).doc("Tasks that no worker has begun.");
    c.method("worker_stats", &NebulaServer::worker_stats)
        .doc(
            "A Dictionary per worker: name, tasks, steals, parks, wakes, busy_usec (its own "
            "counters) and "
            "kernel_wakeups, cpu_usec (the operating system's).");
    c.method("frame_work_msec", &NebulaServer::frame_work_msec)
        .doc(
            "Main-thread work of the last frame in milliseconds, without drawing and without "
            "waiting.");
    c.method("live_tasks", &NebulaServer::live_tasks)
        .doc(
            "A Dictionary per coroutine: id, name, state, reason (what it waits for), detail "
            "(which "
            "one, for signals), site (where in the C++ source), age_seconds, waited_seconds.");
    c.method("waiting_tasks_report", &NebulaServer::waiting_tasks_report)
        .doc("One line per coroutine that has not ended, with the place where it waits.");
    c.method("tasks_alive", &NebulaServer::tasks_alive).doc("Coroutines that have not ended.");
    c.method("tasks_resumed_last_frame", &NebulaServer::tasks_resumed_last_frame)
        .doc("How often coroutines went on in the last whole frame.");
    c.method("task_pump_msec", &NebulaServer::task_pump_msec)
        .doc("Milliseconds that coroutines ran in the last whole frame.");
    c.method("set_task_budget_msec", &NebulaServer::set_task_budget_msec, {"msec"})
        .doc(
            "How many milliseconds coroutines may run in a frame; what is left goes first in the "
            "next, and one has its turn in any case. 0: no limit. It begins as the project setting "
            "nebula/tasks/budget_msec.");
    c.method("tasks_starved_frames", &NebulaServer::tasks_starved_frames)
        .doc(
            "For how many frames on end that budget ran out before every coroutine that was ready "
            "had its turn.");
    c.method("live_engine_resources", &NebulaServer::live_engine_resources)
        .doc("Meshes and instances that Nebula holds in the RenderingServer.");
}

String NebulaServer::configure(const String& toml_path) {
    if (shared_pool_if_used() != nullptr) return pool_already_runs();
    try {
        configure_shared_pool(load_worker_pool_config(toml_path.utf8()));
    } catch (const ConfigError& error) {
        return String(std::string_view(error.what()));
    }
    return {};
}

String NebulaServer::set_thread_count(std::int64_t count) {
    if (shared_pool_if_used() != nullptr) return pool_already_runs();
    if (count < 1 || count > kMaxThreads) {
        return String("the thread count must be from 1 to 1024, not " + std::to_string(count));
    }
    set_shared_pool_threads(static_cast<int>(count));
    return {};
}

std::int64_t NebulaServer::worker_count() {
    const WorkerPool* const pool = shared_pool_if_used();
    return pool != nullptr ? pool->thread_count() : shared_pool_config().thread_count();
}

PackedFloat32Array NebulaServer::utilization_per_worker() {
    PackedFloat32Array shares;
    if (const WorkerPool* const pool = shared_pool_if_used()) {
        const std::vector<double> exact = pool->utilization_per_worker();
        shares.resize(exact.size());
        std::ranges::transform(exact, shares.write().begin(),
                               [](double x) { return static_cast<float>(x); });
    }
    return shares;
}

double NebulaServer::utilization_average() {
    const WorkerPool* const pool = shared_pool_if_used();
    return pool != nullptr ? pool->utilization_average() : 0.0;
}

std::int64_t NebulaServer::queue_depth() {
    const WorkerPool* const pool = shared_pool_if_used();
    return pool != nullptr ? static_cast<std::int64_t>(pool->queued()) : 0;
}

Array NebulaServer::worker_stats() {
    Array all;
    const WorkerPool* const pool = shared_pool_if_used();
    if (pool == nullptr) return all;
    const std::vector<WorkerCounters> counters = pool->counters();
    const std::vector<long> os_ids = pool->worker_os_ids();
    for (std::size_t i = 0; i < counters.size(); ++i) {
        const KernelThreadStats kernel = kernel_thread_stats(os_ids[i]);
        all.append(Dictionary{{"name", "nebula-worker-" + std::to_string(i)},
                              {"tasks", counters[i].tasks},
                              {"steals", counters[i].steals},
                              {"parks", counters[i].parks},
                              {"wakes", counters[i].wakes},
                              {"busy_usec", counters[i].busy_ns / 1000},
                              {"kernel_wakeups", kernel.wakeups},
                              {"cpu_usec", kernel.cpu_usec}});
    }
    return all;
}

double NebulaServer::frame_work_msec() {
    const EngineLoop* const loop = main_loop();
    return loop != nullptr ? loop->meter().last_msec() : 0.0;
}

Array NebulaServer::live_tasks() {
    Array all;
    EngineLoop* const loop = main_loop();
    if (loop == nullptr) return all;
    for (const TaskInfo& task : loop->runtime().live_tasks()) {
        all.append(Dictionary{{"id", task.id},
                              {"name", task.name},
                              {"state", state_word(task.state)},
                              {"reason", task.reason},
                              {"detail", task.detail},
                              {"site", site_text(task.site)},
                              {"age_seconds", task.age_seconds},
                              {"waited_seconds", task.waited_seconds}});
    }
    return all;
}

String NebulaServer::waiting_tasks_report() {
    EngineLoop* const loop = main_loop();
    return loop != nullptr ? String(godot::waiting_tasks_report(loop->runtime())) : String();
}

std::int64_t NebulaServer::tasks_alive() {
    EngineLoop* const loop = main_loop();
    return loop != nullptr ? static_cast<std::int64_t>(loop->runtime().live_count()) : 0;
}

std::int64_t NebulaServer::tasks_resumed_last_frame() {
    const EngineLoop* const loop = main_loop();
    return loop != nullptr ? static_cast<std::int64_t>(loop->resumes()) : 0;
}

double NebulaServer::task_pump_msec() {
    const EngineLoop* const loop = main_loop();
    return loop != nullptr ? loop->pump_msec() : 0.0;
}

void NebulaServer::set_task_budget_msec(double msec) {
    EngineLoop* const loop = main_loop();
    if (loop != nullptr) loop->runtime().set_pump_budget(budget_of(msec));
}

std::int64_t NebulaServer::tasks_starved_frames() {
    EngineLoop* const loop = main_loop();
    return loop != nullptr ? static_cast<std::int64_t>(loop->runtime().pump_stats().cut_in_a_row)
                           : 0;
}

std::int64_t NebulaServer::live_engine_resources() { return ChunkInstance::live_resources(); }

}  // namespace nebula::godot
