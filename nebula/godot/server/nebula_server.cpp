// SPDX-License-Identifier: MIT
#include "nebula/godot/server/nebula_server.hpp"

#include "nebula/base/utf8_path.hpp"
#include "nebula/godot/api/file_access.hpp"
#include "nebula/godot/async/nebula_task.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"
#include "nebula/godot/runtime/file_path.hpp"
#include "nebula/godot/runtime/shared_pool.hpp"
#include "nebula/godot/runtime/task_diagnostics.hpp"
#include "nebula/godot/server/worker_stats.hpp"
#include "nebula/godot/version.hpp"
#include "nebula/godot/voxel/chunk_instance.hpp"
#include "nebula/godot/voxel/shape_lines.hpp"
#include "nebula/godot/voxel/voxel_terrain.hpp"
#include "nebula/task/pool_bridge.hpp"
#include "nebula/task/task.hpp"
#include "nebula/threading/config_toml.hpp"
#include "nebula/threading/task_pools.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

constexpr std::int64_t kMaxThreads = 1024;  // as for the TOML key

String pool_already_runs() {
    return "the worker pool is already running; configure it before the first VoxelTerrain enters "
           "the tree, and before the first function runs on a worker";
}

/// Reads through the engine, which knows res:// (also inside an exported game's pack) and user://.
/// \throws ConfigError if the file cannot be read.
std::string read_file(const String& path) {
    const std::string name = path.utf8();
    if (name.empty()) throw ConfigError("the path is empty; it must name a TOML file");
    if (name.back() == '/')
        throw ConfigError(name + ": a path that ends in / names a folder, not a TOML file");
    const Ref<FileAccess> file = FileAccess::open(path, FileAccess::READ);
    if (file) return file->get_as_text().utf8();
    throw ConfigError(name + ": the file cannot be read" +
                      (FileAccess::file_exists(path) ? "" : "; there is no such file") +
                      ". In an exported game, *.toml must be among the export preset's filters for "
                      "non-resource files.");
}

// Null while there is none.
EngineLoop* main_loop() { return EngineLoop::get_if_running(); }

// On the thread of files: it takes a while.
task<String> write_trace(std::shared_ptr<const TraceSave> save, std::string file) {
    auto job = shared_pool().io().run([save, file] { return save->write(file); });
    const std::string problem = co_await job;
    co_return problem.empty() ? String() : String("Nebula.save_trace: " + problem);
}

}  // namespace

void NebulaServer::bind(ClassBuilder<NebulaServer>& c) {
    c.singleton("Nebula");
    c.doc("Runs functions of scripts on worker threads, and shows the pool and the tasks.",
          "Scripts reach the only instance as [code]Nebula[/code].\n[codeblock]\nvar path = await "
          "Nebula.run(find_path.bind(from, to))\nvar heights = Nebula.par_map(columns, "
          "height_of)\n[/codeblock]\nConfigure the pool before its first use: before the first "
          "[VoxelTerrain] enters the tree, and before the first function runs on a worker. The "
          "methods that report are cheap enough to call every frame.");
    bind_jobs(c);
    c.method("version", &NebulaServer::version)
        .doc("Returns the version of the add-on, such as [code]0.1.0[/code].");
    c.method("configure", &NebulaServer::configure, {"toml_path"})
        .result_is_error_text()
        .doc(
            "Reads the table [code][threading.worker_pool][/code] of a TOML file. The path may "
            "begin with [code]res://[/code] or [code]user://[/code]. Returns an empty string, or "
            "one sentence that says what is wrong. An exported game finds the file only if the "
            "export preset includes [code]*.toml[/code].");
    c.method("set_thread_count", &NebulaServer::set_thread_count, {"count"})
        .result_is_error_text()
        .doc(
            "Sets the number of worker threads, from 1 to 1024. Returns an empty string, or one "
            "sentence that says what is wrong.");
    c.method("worker_count", &NebulaServer::worker_count)
        .doc(
            "Returns the number of worker threads. Before the pool has started, this is the number "
            "it will start with.");
    c.method("utilization_per_worker", &NebulaServer::utilization_per_worker)
        .doc(
            "Returns, for each worker, the share of the last second in which it ran jobs, from 0 "
            "to 1.");
    c.method("utilization_average", &NebulaServer::utilization_average)
        .doc("Returns the mean of [method utilization_per_worker].");
    c.method("queue_depth", &NebulaServer::queue_depth)
        .doc("Returns the number of jobs that no worker has started yet.");
    c.method("worker_stats", &NebulaServer::worker_stats)
        .doc(
            "Returns one Dictionary per worker. [code]name[/code], [code]tasks[/code], "
            "[code]steals[/code], [code]parks[/code], [code]wakes[/code] and "
            "[code]busy_usec[/code] are the pool's own counters; [code]kernel_wakeups[/code] and "
            "[code]cpu_usec[/code] come from the operating system.");
    c.method("frame_work_msec", &NebulaServer::frame_work_msec)
        .doc(
            "Returns how long the main thread worked in the last frame, in milliseconds, without "
            "drawing and without waiting for the display.");
    c.method("live_tasks", &NebulaServer::live_tasks)
        .doc(
            "Returns one Dictionary per running task: [code]id[/code], [code]name[/code], "
            "[code]state[/code], [code]reason[/code] (what it waits for), [code]detail[/code] (for "
            "a signal, which one), [code]site[/code] (the place in the C++ source), "
            "[code]age_seconds[/code] and [code]waited_seconds[/code].");
    c.method("waiting_tasks_report", &NebulaServer::waiting_tasks_report)
        .doc("Returns one line of text per running task, with the place where it waits.");
    c.method("tasks_alive", &NebulaServer::tasks_alive)
        .doc("Returns the number of tasks that have not ended.");
    c.method("tasks_resumed_last_frame", &NebulaServer::tasks_resumed_last_frame)
        .doc("Returns how often a task was resumed in the last frame.");
    c.method("task_pump_msec", &NebulaServer::task_pump_msec)
        .doc("Returns how long tasks ran on the main thread in the last frame, in milliseconds.");
    c.method("set_task_budget_msec", &NebulaServer::set_task_budget_msec, {"msec"})
        .doc(
            "Sets how many milliseconds per frame tasks may run on the main thread. Tasks that are "
            "left over run first in the next frame; at least one runs in every frame. 0 means no "
            "limit. The initial value is the project setting "
            "[code]nebula/tasks/budget_msec[/code].");
    c.method("tasks_starved_frames", &NebulaServer::tasks_starved_frames)
        .doc(
            "Returns for how many consecutive frames the budget ran out before every task that was "
            "ready had run.");
    c.method("live_engine_resources", &NebulaServer::live_engine_resources)
        .doc(
            "Returns how many meshes and instances Nebula holds in the [RenderingServer]. Useful "
            "to find leaks.");
    c.method("chunks_waiting", &NebulaServer::chunks_waiting)
        .doc(
            "Returns how many chunks of all terrains in the tree wait for a worker, are being "
            "built, or wait to be shown.");
    c.method("collision_msec", &NebulaServer::collision_msec)
        .doc(
            "Returns how long all terrains in the tree worked on shapes for the physics engine in "
            "the last frame, on the main thread, in milliseconds.");
    c.method("brick_mb", &NebulaServer::brick_mb)
        .doc(
            "Returns how much memory all terrains in the tree have for what was dug and built, in "
            "megabytes.");
    c.method("start_tracing", &NebulaServer::start_tracing)
        .doc(
            "Begins to record what every worker and the main thread do, for [method save_trace]. "
            "Only the last ten seconds are kept, so a game may record all the time: it costs about "
            "0.1 microseconds for each job, and up to 12 MB for each thread.");
    c.method("stop_tracing", &NebulaServer::stop_tracing)
        .doc("Ends what [method start_tracing] began, and forgets what was recorded.");
    c.method("is_tracing", &NebulaServer::is_tracing)
        .doc("Returns whether [method start_tracing] was called.");
    c.method("save_trace", &NebulaServer::save_trace, {"path"})
        .result_is_error_text()
        .doc(
            "Writes the last ten seconds to a JSON file, on another thread, and waits until it is "
            "there. [code]ui.perfetto.dev[/code] shows it as a timeline.\n[codeblock]\nvar "
            "problem: String = await "
            "Nebula.save_trace(\"user://trace.json\")\n[/codeblock]\nReturns an empty string, or "
            "one sentence that says what is wrong. The path begins with [code]user://[/code] or is "
            "absolute; a missing folder is made.");
}

String NebulaServer::version() { return String(std::string_view(kVersion)); }

String NebulaServer::configure(const String& toml_path) {
    if (shared_pool_if_used() != nullptr) return pool_already_runs();
    try {
        configure_shared_pool(parse_worker_pool_config(read_file(toml_path), toml_path.utf8()));
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

std::int64_t NebulaServer::live_engine_resources() {
    return ChunkInstance::live_resources() + ShapeLines::count();
}

std::int64_t NebulaServer::chunks_waiting() {
    return static_cast<std::int64_t>(VoxelTerrain::total_load().chunks_waiting);
}

double NebulaServer::collision_msec() {
    return std::chrono::duration<double, std::milli>(VoxelTerrain::total_load().on_ground).count();
}

double NebulaServer::brick_mb() {
    return static_cast<double>(VoxelTerrain::total_load().brick_bytes) / 1e6;
}

void NebulaServer::start_tracing() { recorder_->start(); }

void NebulaServer::stop_tracing() { recorder_->stop(); }

bool NebulaServer::is_tracing() { return recorder_->is_recording(); }

Variant NebulaServer::save_trace(const String& path) {
    std::string file = file_of(path);
    // A name alone would be a file in whichever folder the game was started from.
    if (file.empty() || file.back() == '/' || !path_of(file).is_absolute())
        return String("Nebula.save_trace: \"" + path.utf8() +
                      "\" names no file; write for example user://trace.json");
    std::shared_ptr<const TraceSave> save;
    try {
        save = std::make_shared<const TraceSave>(recorder_);
    } catch (const std::logic_error& error) {
        return String(std::string("Nebula.save_trace: ") + error.what());
    }
    return make_awaitable(
               write_trace(std::move(save), std::move(file)),
               {.name = "Nebula.save_trace",
                .when_cancelled = Variant(String(
                    "Nebula.save_trace: the wait was cancelled before the trace was written"))})
        ->wait();
}

}  // namespace nebula::godot
