// SPDX-License-Identifier: MIT
// Being told when an engine object dies. README.md in this folder: "How a death is noticed".
#pragma once

#include "nebula/base/small_function.hpp"
#include "nebula/godot/binding/object.hpp"
#include "nebula/godot/binding/string.hpp"

namespace nebula::godot {

namespace detail {
class WatchState;
}

/// Tells once that an object has died, and never touches it to find out: the object itself drops a
/// callable of ours with its last connections.
///
///     DeathWatch watch(node.id(), [waker] { waker.wake(); });
///     …
///     if (watch.told()) co_return;   // the node is gone
///
/// Threads:   made and destroyed on the main thread. The function is called on whichever thread
///            destroys the object, and may still run there when the watch's destructor returns: let
///            it capture only what is counted, and do no more than wake or cancel.
/// Cost:      one connection of the engine's.
/// Lifetime:  keeps no count of the object.
class DeathWatch {
public:
    /// When the object is gone already, told() is true at once and the function is not called.
    DeathWatch(ObjectId watched, SmallFunction<void()> on_death);
    /// Tells also when the object emits `signal`, whichever comes first.
    DeathWatch(ObjectId watched, const StringName& signal, SmallFunction<void()> on_event);
    DeathWatch(const DeathWatch&) = delete;
    DeathWatch& operator=(const DeathWatch&) = delete;
    ~DeathWatch();

    /// Threads: any thread.
    [[nodiscard]] bool told() const noexcept;

private:
    explicit DeathWatch(detail::WatchState& adopted) noexcept : state_(&adopted) {}

    detail::WatchState* state_;
};

}  // namespace nebula::godot
