// SPDX-License-Identifier: MIT
// The points of a frame at which tasks resume, and the clocks that sleeps use.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nebula {

/// Where in a round of the main loop a task continues. The owner of the main loop says when each
/// phase begins: Runtime::begin_frame(), begin_physics(), end_of_frame().
enum class Phase : std::uint8_t {
    Process,   ///< Once a frame, before the game's own per-frame code.
    Physics,   ///< Once a physics tick, before the game's code: none, one or several in a frame.
    FrameEnd,  ///< Once a frame, after all of the game's code.
};
inline constexpr std::size_t kPhases = 3;

/// What a sleep counts. Each clock starts at zero with its Runtime.
enum class TaskClock : std::uint8_t {
    Game,      ///< The deltas of frames: follows the game's time scale, continues in a pause.
    Pausable,  ///< The same, but stands still in frames that are marked as paused.
    Real,      ///< Real time, independent of the game's time.
    Physics,   ///< The deltas of physics ticks; sleeps end in the physics phase.
};
inline constexpr std::size_t kTaskClocks = 4;

/// What the main loop passes when a phase begins.
struct FrameTime {
    /// If it is negative, infinite or NaN, the clocks stand still. More than 1e6 counts as 1e6.
    double delta_seconds = 0.0;
    std::uint64_t frame = 0;
    /// Real time. Negative: the same as delta_seconds, for loops without a time scale.
    double real_delta_seconds = -1.0;
    bool paused = false;
};

}  // namespace nebula
