// SPDX-License-Identifier: MIT
// The engine's main loop as the runtime of our tasks. README.md in this folder has the order of a
// frame.
#pragma once

#include "nebula/godot/binding/object.hpp"
#include "nebula/godot/runtime/frame_meter.hpp"
#include "nebula/godot/runtime/frame_poll.hpp"
#include "nebula/task/runtime.hpp"

#include <chrono>
#include <cstdint>
#include <memory>

namespace nebula::godot {

class EnginePump;
class TaskDiagnostics;

/// Owns the Runtime and the pump object through which the engine calls it.
///
/// Four calls drive the tasks. The tree's process_frame signal begins a frame, and its
/// physics_frame signal begins a physics tick. A wake schedules one deferred call, so that what a
/// script caused runs before the same frame is drawn. The main loop's frame callback ends the
/// frame.
///
/// Threads:   main thread.
/// Lifetime:  from the main loop's start to its shutdown, when all tasks end and the pump object
///            is destroyed. The engine then drops all calls to it that are still queued.
class EngineLoop {
public:
    EngineLoop();
    ~EngineLoop();
    EngineLoop(const EngineLoop&) = delete;
    EngineLoop& operator=(const EngineLoop&) = delete;

    /// \throws RuntimeClosed before the main loop has started and after it has shut down.
    static EngineLoop& get();
    [[nodiscard]] static EngineLoop* get_if_running() noexcept;

    [[nodiscard]] Runtime& runtime() noexcept { return runtime_; }
    /// Ends all tasks. Their destructors still find the loop, but it refuses anything new.
    void close() noexcept;
    [[nodiscard]] bool closing() const noexcept { return runtime_.closed(); }
    [[nodiscard]] const FrameMeter& meter() const noexcept { return meter_; }
    /// Of the last whole frame: time in pumps, and how many tasks they resumed.
    [[nodiscard]] double pump_msec() const noexcept {
        return std::chrono::duration<double, std::milli>(last_pumping_).count();
    }
    [[nodiscard]] std::uint64_t resumes() const noexcept { return last_resumes_; }
    /// Counts begin_frame(): events with the same number belong to the same drawn frame.
    [[nodiscard]] std::uint64_t frame() const noexcept { return frame_; }

    /// Calls poll() at the end of each frame until the object is destroyed.
    void poll_each_frame(FramePoll& poll) noexcept { polls_.add(poll); }

    void begin_frame();
    void deferred_pump();
    void begin_tick();
    void begin_draw() noexcept { meter_.drawing_began(); }
    void end_frame();

private:
    template <class F>
    void timed(F&& pump);

    // The engine runs calls that are queued during a flush in the same flush, so a task that wakes
    // itself in every pump would hold the frame forever. After this many pumps, the rest waits for
    // the next frame.
    static constexpr int kDeferredPumpsPerFrame = 64;

    FramePolls polls_;  // before the runtime, so that polls added by tasks leave it first
    Runtime runtime_;
    FrameMeter meter_;
    std::unique_ptr<TaskDiagnostics> diagnostics_;
    EnginePump* pump_ = nullptr;
    bool tree_runs_frames_ = false;
    int deferred_pumps_ = 0;
    std::uint64_t frame_ = 0;
    std::uint64_t tick_ = 0;
    Clock::duration pumping_{};
    Clock::duration last_pumping_{};
    std::uint64_t resumes_before_ = 0;
    std::uint64_t last_resumes_ = 0;
    Clock::time_point last_frame_at_ = Clock::now();
};

/// Registers the pump's class and the main loop's hooks. Called by entry.cpp.
void register_engine_loop();

}  // namespace nebula::godot
