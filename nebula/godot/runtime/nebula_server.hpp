// SPDX-License-Identifier: MIT
// `Nebula`, the singleton through which scripts see the pool and the tasks.
#pragma once

#include "nebula/godot/api/object.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/godot/binding/string.hpp"

#include <cstdint>

namespace nebula::godot {

/// Configures the shared pool before its first use, and reports on the pool and the tasks.
///
/// Threads:   main thread.
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
};

}  // namespace nebula::godot
