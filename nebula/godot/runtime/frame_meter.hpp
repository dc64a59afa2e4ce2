// SPDX-License-Identifier: MIT
// How long the main thread worked on a frame.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/base/trace.hpp"

#include <chrono>
#include <optional>

namespace nebula::godot {

/// Measures from the frame's first signal (physics or process, whichever comes first) until the
/// engine begins to draw, or until the end of the frame if it draws nothing. Drawing itself, and
/// waiting for vsync or for the frame cap, are not included. In a trace, the frame, its ticks and its
/// drawing are zones.
///
/// Threads:   main thread.
class FrameMeter {
public:
    void frame_began() noexcept {
        tick_.reset();
        if (began_) return;
        began_ = Clock::now();
        stretch_.emplace("frame");
    }
    /// After frame_began(). A tick lasts until the next one, or until `process`.
    void tick_began() noexcept { tick_.emplace("physics tick"); }
    void drawing_began() noexcept {
        if (!began_) return;
        worked_until_ = Clock::now();
        tick_.reset();
        stretch_.reset();
        stretch_.emplace("draw");
    }
    void frame_ended() noexcept {
        tick_.reset();
        stretch_.reset();
        if (!began_) return;
        last_ = worked_until_.value_or(Clock::now()) - *began_;
        began_.reset();
        worked_until_.reset();
    }

    /// Of the last whole frame.
    [[nodiscard]] double last_msec() const noexcept {
        return std::chrono::duration<double, std::milli>(last_).count();
    }

private:
    std::optional<Clock::time_point> began_;
    std::optional<Clock::time_point> worked_until_;
    Clock::duration last_{};
    std::optional<TraceZone> stretch_;
    std::optional<TraceZone> tick_;  // within it
};

}  // namespace nebula::godot
