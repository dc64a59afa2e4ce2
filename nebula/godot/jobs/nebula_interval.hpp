// SPDX-License-Identifier: MIT
// A steady beat that scripts wait for.
#pragma once

#include "nebula/godot/api/ref_counted.hpp"
#include "nebula/godot/async/nebula_task.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/task/interval.hpp"
#include "nebula/task/task.hpp"

#include <cstdint>
#include <optional>

namespace nebula::godot {

/// Made by Nebula.interval():
///
///     var beat := Nebula.interval(0.5)
///     while health < 100:
///         health += await beat.next()       # 1, or more after a long frame
///
/// Threads:   main thread.
class NebulaInterval : public Extension<RefCounted> {
public:
    static constexpr const char* kClassName = "NebulaInterval";
    using Extension::Extension;
    static void bind(ClassBuilder<NebulaInterval>& c);

    /// \throws std::invalid_argument for a period that is below a microsecond, infinite or NaN.
    static Ref<NebulaInterval> make(double seconds);

    /// How many periods have ended since the last one that was waited for. One wait at a time.
    task<std::int64_t> next();
    [[nodiscard]] double period() const noexcept;

private:
    std::optional<Interval> every_;  // none in an object that a script or a reload made
    bool waited_for_ = false;
};

}  // namespace nebula::godot
