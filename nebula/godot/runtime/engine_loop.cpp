// SPDX-License-Identifier: MIT
#include "nebula/godot/runtime/engine_loop.hpp"

#include "nebula/base/trace.hpp"
#include "nebula/godot/api/engine.hpp"
#include "nebula/godot/api/main_loop.hpp"
#include "nebula/godot/api/object.hpp"
#include "nebula/godot/api/rendering_server.hpp"
#include "nebula/godot/api/scene_tree.hpp"
#include "nebula/godot/api/window.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/godot/runtime/task_diagnostics.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace nebula::godot {

namespace {
// For the test suite.
PackedStringArray missing_help_texts() {
    const std::vector<std::string> missing = missing_texts();
    PackedStringArray names;
    names.resize(missing.size());
    std::ranges::transform(missing, names.write().begin(),
                           [](const std::string& name) { return String(name); });
    return names;
}
}  // namespace

/// The object that the engine's signals and deferred calls reach. It is an engine object so that
/// the engine drops calls that are still queued when it dies.
class EnginePump : public Extension<Object> {
public:
    static constexpr const char* kClassName = "NebulaPump";
    using Extension::Extension;

    static void bind(ClassBuilder<EnginePump>& c) {
        c.doc("Internal: drives Nebula's coroutines.").internal();
        c.method("_begin_frame", &EnginePump::begin_frame);
        c.method("_begin_tick", &EnginePump::begin_tick);
        c.method("_begin_draw", &EnginePump::begin_draw);
        c.method("_missing_help_texts", &missing_help_texts);
        // The engine runs deferred calls of a threaded load on the loader's thread.
        c.method("_pump", &EnginePump::pump).any_thread();
    }

    EngineLoop* loop = nullptr;

private:
    void begin_frame() {
        if (loop != nullptr) loop->begin_frame();
    }
    void begin_tick() {
        if (loop != nullptr) loop->begin_tick();
    }
    void begin_draw() {
        if (loop != nullptr) loop->begin_draw();
    }
    void pump() {
        // On a loader's thread this does nothing; the pump of the next frame catches up.
        if (is_main_thread() && loop != nullptr) loop->deferred_pump();
    }
};

namespace {

std::unique_ptr<EngineLoop> running;

// Below the line the engine shows where the task last waited.
void tell_unhandled(const UnhandledError& told) {
    print_error("task '" + std::string(told.task_name) + "' ended with an exception: " + told.what,
                told.site);
}

}  // namespace

EngineLoop::EngineLoop() : pump_(create<EnginePump>()) {
    pump_->loop = this;
    runtime_.set_on_unhandled(tell_unhandled);
    runtime_.set_on_wake([id = pump_->id(), method = StringName("_pump")] {
        // On any thread. Queues a call on an id; the engine drops it if the pump object is gone.
        if (Object pump(id.object().ptr()); pump) pump.call_deferred(method);
    });
    if (const auto tree = cast_to<SceneTree>(Engine::singleton().get_main_loop()); tree) {
        tree.connect(SceneTree::Signals::process_frame, Callable(*pump_, "_begin_frame"));
        tree.connect(SceneTree::Signals::physics_frame, Callable(*pump_, "_begin_tick"));
        tree_runs_frames_ = true;
    }
    RenderingServer::singleton().connect(RenderingServer::Signals::frame_pre_draw,
                                         Callable(*pump_, "_begin_draw"));
    diagnostics_ = std::make_unique<TaskDiagnostics>(runtime_);
}

EngineLoop::~EngineLoop() {
    close();  // waits for a wake that is ringing; from here on nothing calls the pump
    pump_->loop = nullptr;
    destroy(*pump_);
}

EngineLoop& EngineLoop::get() {
    if (!running)
        throw RuntimeClosed(
            "the engine's main loop has not begun yet, or has ended; begin in _ready()");
    return *running;
}

EngineLoop* EngineLoop::get_if_running() noexcept { return running.get(); }

void EngineLoop::close() noexcept {
    if (!closing()) diagnostics_->report_at_exit();
    runtime_.shutdown();
    polls_.close();  // also those that ending tasks have added
}

template <class F>
void EngineLoop::timed(F&& pump) {
    NEBULA_TRACE_ZONE("tasks");
    const auto began = Clock::now();
    pump();
    pumping_ += Clock::now() - began;
}

void EngineLoop::begin_frame() {
    meter_.frame_began();
    const auto now = Clock::now();
    const double real = std::chrono::duration<double>(now - last_frame_at_).count();
    last_frame_at_ = now;
    FrameTime time{.delta_seconds = real, .frame = frame_++, .real_delta_seconds = real};
    if (const auto tree = cast_to<SceneTree>(Engine::singleton().get_main_loop()); tree) {
        time.paused = tree.is_paused();
        if (const Window root = tree.get_root(); root)
            time.delta_seconds = root.get_process_delta_time();
    }
    deferred_pumps_ = 0;
    timed([&] { runtime_.begin_frame(time); });
}

void EngineLoop::begin_tick() {
    meter_.frame_began();
    meter_.tick_began();
    FrameTime time{.frame = tick_++};
    if (const auto tree = cast_to<SceneTree>(Engine::singleton().get_main_loop()); tree) {
        time.paused = tree.is_paused();
        if (const Window root = tree.get_root(); root)
            time.delta_seconds = root.get_physics_process_delta_time();
    }
    timed([&] { runtime_.begin_physics(time); });
}

void EngineLoop::deferred_pump() {
    if (deferred_pumps_++ < kDeferredPumpsPerFrame) timed([&] { runtime_.pump(); });
}

void EngineLoop::end_frame() {
    if (!tree_runs_frames_) begin_frame();
    polls_.run();
    timed([&] { runtime_.end_of_frame(); });
    last_pumping_ = std::exchange(pumping_, {});
    const std::uint64_t resumes = runtime_.pump_stats().resumes;
    last_resumes_ = resumes - std::exchange(resumes_before_, resumes);
    meter_.frame_ended();
}

void register_engine_loop() {
    if (!register_class<EnginePump>()) return;
    add_main_loop_hooks({.startup = [] { running = std::make_unique<EngineLoop>(); },
                         .frame =
                             [] {
                                 if (running) running->end_frame();
                             },
                         .shutdown =
                             [] {
                                 // While `running` still holds it: destructors of tasks use it.
                                 if (running) running->close();
                                 running.reset();
                             }});
}

}  // namespace nebula::godot
