// SPDX-License-Identifier: MIT
// `Nebula`, the singleton through which scripts see the pool and the tasks.
#pragma once

#include "nebula/godot/api/object.hpp"
#include "nebula/godot/async/nebula_task.hpp"
#include "nebula/godot/binding/callable.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/godot/binding/string.hpp"
#include "nebula/godot/binding/variant.hpp"
#include "nebula/godot/jobs/nebula_interval.hpp"
#include "nebula/godot/server/trace_recorder.hpp"
#include "nebula/task/task.hpp"

#include <cstdint>
#include <memory>

namespace nebula::godot {

/// Configures the shared pool before its first use, reports on the pool and the tasks, and lets
/// scripts use both (nebula/godot/jobs/README.md).
///
/// Threads:   main thread; par_for, par_map and stop_requested also on the pool's workers.
class NebulaServer : public Extension<Object> {
public:
    static constexpr const char* kClassName = "NebulaServer";
    using Extension::Extension;
    static void bind(ClassBuilder<NebulaServer>& c);

    /// "0.1.0", as in the name of the package.
    [[nodiscard]] String version();

    /// Both return an empty string, or one sentence that says what was wrong.
    [[nodiscard]] String configure(const String& toml_path);
    [[nodiscard]] String set_thread_count(std::int64_t count);

    [[nodiscard]] std::int64_t worker_count();
    [[nodiscard]] PackedFloat32Array utilization_per_worker();
    [[nodiscard]] double utilization_average();
    [[nodiscard]] std::int64_t queue_depth();
    [[nodiscard]] Array worker_stats();

    [[nodiscard]] double frame_work_msec();
    [[nodiscard]] Array live_tasks();
    [[nodiscard]] String waiting_tasks_report();
    [[nodiscard]] std::int64_t tasks_alive();
    [[nodiscard]] std::int64_t tasks_resumed_last_frame();
    [[nodiscard]] double task_pump_msec();
    void set_task_budget_msec(double msec);
    [[nodiscard]] std::int64_t tasks_starved_frames();
    [[nodiscard]] std::int64_t live_engine_resources();

    // ---- for the work of scripts: nebula_server_jobs.cpp

    enum class Band : std::int64_t { Frame, Normal, Background };

    /// What scripts await: the result of the function, or a NebulaTaskError.
    [[nodiscard]] Variant run(const Callable& function, Band band, const String& name);
    [[nodiscard]] Ref<NebulaTask> spawn(const Callable& function, Band band, const String& name);
    [[nodiscard]] bool stop_requested();

    /// Null, or a NebulaTaskError.
    [[nodiscard]] Variant par_for(const Variant& items, const Callable& function, Band band);
    /// The results, or a NebulaTaskError.
    [[nodiscard]] Variant par_map(const Variant& items, const Callable& function, Band band);
    /// The same while the main thread goes on: what scripts await.
    [[nodiscard]] Variant par_for_async(const Variant& items, const Callable& function, Band band);
    [[nodiscard]] Variant par_map_async(const Variant& items, const Callable& function, Band band);

    [[nodiscard]] task<Array> all(const Array& what);
    [[nodiscard]] task<Dictionary> any(const Array& what);
    [[nodiscard]] task<Variant> timeout(Variant what, double seconds);
    [[nodiscard]] Ref<NebulaInterval> interval(double seconds);

    /// Of all terrains in the tree.
    [[nodiscard]] std::int64_t chunks_waiting();
    [[nodiscard]] double collision_msec();
    [[nodiscard]] double brick_mb();

    void start_tracing();
    void stop_tracing();
    [[nodiscard]] bool is_tracing();
    /// As configure(); scripts await it.
    [[nodiscard]] Variant save_trace(const String& path);

private:
    static void bind_jobs(ClassBuilder<NebulaServer>& c);

    // Shared with a save that is being written.
    std::shared_ptr<TraceRecorder> recorder_ = std::make_shared<TraceRecorder>();
};

constexpr const char* enum_name(NebulaServer::Band) noexcept { return "NebulaServer.Band"; }

}  // namespace nebula::godot
