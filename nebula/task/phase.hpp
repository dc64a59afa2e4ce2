// SPDX-License-Identifier: MIT
// The points of a frame at which tasks resume, and the clocks that their sleeps go by.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nebula {

/// Where in a round of the main loop a task goes on. The embedder says when each phase begins:
/// Runtime::begin_frame(), begin_physics(), end_of_frame().
enum class Phase : std::uint8_t {
    Process,   ///< Once a frame, before the game's own per-frame code.
    Physics,   ///< Once a physics tick, before the game's own: none, one or several in a frame.
    FrameEnd,  ///< Once a frame, after all of the game's code.
};
inline constexpr std::size_t kPhases = 3;

/// What a sleep counts. Each begins at zero with its Runtime.
enum class TaskClock : std::uint8_t {
    Game,      ///< The frames' deltas: follows the game's time scale, goes on during its pause.
    Pausable,  ///< The same, but stands still in frames that say they are paused.
    Real,      ///< Wall-clock time, whatever the game does with its own.
    Physics,   ///< The physics ticks' deltas; its sleeps end in the physics phase.
};
inline constexpr std::size_t kTaskClocks = 4;

/// What the main loop says as a phase begins.
struct FrameTime {
    /// Negative, infinite or not a number: the clocks stand still. At most 1e6 of it count.
    double delta_seconds = 0.0;
    std::uint64_t frame = 0;
    /// Wall-clock time. Negative: the same as delta_seconds, for loops without a time scale.
    double real_delta_seconds = -1.0;
    bool paused = false;
};

}  // namespace nebula
