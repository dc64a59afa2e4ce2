// SPDX-License-Identifier: MIT
// What scripts wait for in `await terrain.wait_loaded()` and `await terrain.save()`.
#pragma once

#include "nebula/task/event.hpp"
#include "nebula/task/task.hpp"

#include <memory>
#include <utility>

namespace nebula::godot {

/// One answer for everyone who waits for it. Shared by the terrain and the waits, so that a terrain
/// that is freed can still answer.
///
/// Threads:   main thread.
template <class T>
class LaterAnswer {
public:
    void settle(T answer) noexcept {
        answer_ = std::move(answer);
        settled_.set();
    }

    [[nodiscard]] static task<T> outcome(std::shared_ptr<LaterAnswer> of) {
        co_await of->settled_.wait();
        co_return of->answer_;
    }

private:
    Event settled_;
    T answer_{};
};

/// Whether it has loaded, or will not.
using LoadedWait = LaterAnswer<bool>;

}  // namespace nebula::godot
