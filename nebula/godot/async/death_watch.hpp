// SPDX-License-Identifier: MIT
// Notices when an engine object dies. README.md in this folder: "How a death is noticed".
#pragma once

#include "nebula/base/small_function.hpp"
#include "nebula/godot/binding/object.hpp"
#include "nebula/godot/binding/string.hpp"

namespace nebula::godot {

namespace detail {
class WatchState;
}

/// Calls a function once when an object has died. It never touches the object to find out: the
/// object itself drops a callable of ours together with its last connections.
///
///     DeathWatch watch(node.id(), [waker] { waker.wake(); });
///     …
///     if (watch.told()) co_return;   // the node is gone
///
/// Threads:   made and destroyed on the main thread. The function is called on the thread that
///            destroys the object, and may still run there when the watch's destructor returns. Let
///            it capture only counted things, and do no more than wake or cancel.
/// Cost:      one engine connection.
/// Lifetime:  does not keep the object alive.
class DeathWatch {
public:
    /// If the object is already gone, told() is true at once and the function is not called.
    DeathWatch(ObjectId watched, SmallFunction<void()> on_death);
    /// Calls the function when the object dies or emits `signal`, whichever comes first.
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
