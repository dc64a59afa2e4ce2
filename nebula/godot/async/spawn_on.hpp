// SPDX-License-Identifier: MIT
// Tasks that end with the object they belong to.
#pragma once

#include "nebula/godot/async/death_watch.hpp"
#include "nebula/godot/binding/object.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"
#include "nebula/task/detail/result.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/task.hpp"
#include "nebula/task/task_handle.hpp"
#include "nebula/task/wait.hpp"
#include "nebula/task/worker_hop.hpp"

#include <coroutine>
#include <cstdint>
#include <exception>
#include <optional>
#include <source_location>
#include <string_view>
#include <type_traits>
#include <utility>

namespace nebula::godot {

/// How long an owner keeps its tasks.
enum class Until : std::uint8_t {
    Freed,        ///< Until it is freed.
    TreeExiting,  ///< Until it leaves the tree, or is freed. For nodes.
};

/// Options of spawn_on(): as TaskOptions, and what ends the task.
struct OwnedTaskOptions {
    std::string_view name = "task";  ///< Copied; the first 48 bytes are kept.
    Until until = Until::Freed;
};

namespace detail {

/// The first thing that an owned task awaits. From here on, the owner's end cancels the task.
class OwnerBinding : public Wait {
public:
    OwnerBinding(ObjectId owner, Until until) noexcept
        : Wait("its owner is gone"), owner_(owner), until_(until) {}

    bool await_ready() const noexcept { return false; }
    /// A task whose owner died before the task began stays here until the next pump cancels it.
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) {
        (void)suspend(h);
        return !bind(h.promise().record());
    }
    void await_resume() const noexcept {}

private:
    [[nodiscard]] bool bind(task_detail::TaskRecord& task);

    ObjectId owner_;
    Until until_;
    std::optional<DeathWatch> watch_;
};

/// Runs `body` and delivers its value or error on the main thread. The body may end on a worker,
/// where engine objects must not be used.
template <class T>
task<T> ended_at_home(task<T> body) {
    task_detail::Result<T> result;
    try {
        if constexpr (std::is_void_v<T>) {
            co_await task_detail::AtCallersSite(std::move(body));
            result.set_value();
        } else {
            result.set_value(co_await task_detail::AtCallersSite(std::move(body)));
        }
    } catch (...) {
        result.set_error(std::current_exception());
    }
    co_await main_thread();
    co_return result.take();
}

template <class T>
task<T> owned(ObjectId owner, Until until, task<T> body) {
    OwnerBinding binding(owner, until);
    co_await task_detail::AtCallersSite(binding);
    co_return co_await task_detail::AtCallersSite(ended_at_home(std::move(body)));
}

}  // namespace detail

/// Spawns a task that belongs to an object: when the owner is freed, the task is cancelled. None of
/// the waits in its body returns after that; the next pump destroys its locals on the main thread,
/// innermost first. So a member coroutine may use `this` after any co_await that waited:
///
///     task<> Door::creak() { for (;;) { co_await sleep_for(1); play("creak"); } }
///     void Door::ready() { spawn_on(*this, creak(), {.name = "creak"}); }
///
/// Code still runs after the owner's death in two cases, and must not use the owner then. If the
/// body itself, or a function it calls, frees the owner, the body runs on to its next wait (a
/// co_await of something that is ready is not a wait). A body that is on a worker (worker_hop.hpp)
/// runs on to its next hop.
///
/// Destructors of locals run after the owner's death and must not use it. If the owner is already
/// gone, the body never runs, and the handle says cancelled.
///
/// Threads:   main thread; the owner may die on any thread.
/// Cost:      two frames and one connection more than Runtime::spawn.
/// Throws:    WrongThread; RuntimeClosed when the engine's main loop is not running.
template <class T>
TaskHandle<T> spawn_on(ObjectId owner, task<T> body, OwnedTaskOptions options = {},
                       std::source_location site = std::source_location::current()) {
    Runtime& runtime = EngineLoop::get().runtime();
    TaskHandle<T> handle = runtime.spawn(detail::owned(owner, options.until, std::move(body)),
                                         {.name = options.name}, site);
    if (!owner.is_alive()) handle.cancel();  // it waits in its OwnerBinding or in its body
    return handle;
}
template <class T>
TaskHandle<T> spawn_on(const ObjectHandle& owner, task<T> body, OwnedTaskOptions options = {},
                       std::source_location site = std::source_location::current()) {
    return spawn_on(owner.id(), std::move(body), options, site);
}

/// The same for a function that returns a task; it is stored with the task.
template <TaskFunction F>
auto spawn_on(const ObjectHandle& owner, F function, OwnedTaskOptions options = {},
              std::source_location site = std::source_location::current()) {
    return task_detail::FunctionHandle<F>(
        spawn_on(owner.id(), task_detail::call_stored(std::move(function)), options, site));
}

}  // namespace nebula::godot
