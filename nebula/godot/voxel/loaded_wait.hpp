// SPDX-License-Identifier: MIT
// What scripts wait for in `await terrain.wait_loaded()`.
#pragma once

#include "nebula/task/event.hpp"
#include "nebula/task/task.hpp"

#include <memory>

namespace nebula::godot {

/// One answer for everyone who waits for a terrain to load: it has loaded, or it will not. Shared
/// by the terrain and the waits, so that a terrain that is freed can still answer.
///
/// Threads:   main thread.
class LoadedWait {
public:
    void settle(bool loaded) noexcept {
        loaded_ = loaded;
        settled_.set();
    }

    [[nodiscard]] static task<bool> outcome(std::shared_ptr<LoadedWait> of) {
        co_await of->settled_.wait();
        co_return of->loaded_;
    }

private:
    Event settled_;
    bool loaded_ = false;
};

}  // namespace nebula::godot
