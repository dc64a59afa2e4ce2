// SPDX-License-Identifier: MIT
// What no_exceptions.cpp, which is compiled with -fno-exceptions, does with a runtime of its own.
#pragma once

#include "nebula/task/errors.hpp"
#include "nebula/task/runtime.hpp"

#include <string>

namespace nebula::test {

[[nodiscard]] bool tasks_built_without_exceptions() noexcept;
/// Frames, sleeps, combinations, channels, scopes, hops and jobs; the steps that it got through.
[[nodiscard]] std::string walk_through_everything();
/// What fallible() gives for a task that was cancelled, a time limit and an emitter that is freed.
[[nodiscard]] std::string codes_of_failed_waits();
/// Spawns one whose wait throws, which it does not expect.
[[nodiscard]] TaskHandle<int> spawn_one_that_is_thrown_at(Runtime& runtime, TaskHandle<int> fails);

}  // namespace nebula::test
