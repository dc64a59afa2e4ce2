// SPDX-License-Identifier: MIT
// Tasks that scripts wait for: `await node.do_it()`. README.md in this folder: "What scripts get".
#pragma once

#include "nebula/godot/api/ref_counted.hpp"
#include "nebula/godot/async/spawn_on.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/closure.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/binding/variant.hpp"
#include "nebula/task/task.hpp"
#include "nebula/task/task_handle.hpp"

#include <concepts>
#include <cstdint>
#include <exception>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace nebula::godot {

/// Why a task gave no value. Scripts get it as the result of their await:
///
///     var got = await terrain.bake()
///     if got is NebulaTaskError: push_warning(got.message)
///
/// Threads:   any thread; it never changes.
class NebulaTaskError : public Extension<RefCounted> {
public:
    static constexpr const char* kClassName = "NebulaTaskError";
    using Extension::Extension;
    static void bind(ClassBuilder<NebulaTaskError>& c);

    enum class Code : std::int64_t {
        Failed = 1,     ///< It ended with an exception; the message has its words.
        Cancelled = 2,  ///< Somebody cancelled it, or its owner was freed.
        Closed = 3,     ///< The engine is quitting, or the extension goes or was reloaded.
    };
    static Ref<NebulaTaskError> make(Code code, std::string message);

    [[nodiscard]] Code code() const noexcept { return code_; }
    [[nodiscard]] const std::string& message() const noexcept { return message_; }

private:
    // As the engine makes it anew in a reload: what it said is lost.
    Code code_ = Code::Closed;
    std::string message_ = kNoTask;

    friend class NebulaTask;
    static constexpr const char* kNoTask =
        "the task is gone: the extension was reloaded since, or there never was one";
};

constexpr const char* enum_name(NebulaTaskError::Code) noexcept { return "NebulaTaskError.Code"; }

/// Of make_awaitable().
struct AwaitableOptions {
    std::string_view name = "task";
    ObjectId owner{};  ///< Its death cancels the task; none by default.
    Until until = Until::Freed;
};

/// A task in the hands of scripts. It stays alive until the task has ended, also when the script
/// that waits has dropped it.
///
///     var baking := terrain.start_baking()          # a method that returns make_awaitable(...)
///     var mesh = await baking.wait()                # done or not: waits if it must
///     baking.cancel()
///
/// Threads:   main thread.
class NebulaTask : public Extension<RefCounted> {
public:
    static constexpr const char* kClassName = "NebulaTask";
    using Extension::Extension;
    ~NebulaTask();
    static void bind(ClassBuilder<NebulaTask>& c);

    /// What a script may await at any time, also more than once: the value or a NebulaTaskError if
    /// the task has ended, else a Signal of this task alone. A task whose signal a script still holds
    /// is kept after its end, and a later await of that signal gets the result in the same frame.
    [[nodiscard]] Variant wait();
    [[nodiscard]] bool is_done() const noexcept { return state_ != State::Pending; }
    [[nodiscard]] bool is_pending() const noexcept { return state_ == State::Pending; }
    [[nodiscard]] bool cancelled() const noexcept;
    [[nodiscard]] bool failed() noexcept;
    [[nodiscard]] Ref<NebulaTaskError> error() noexcept;
    [[nodiscard]] Variant result() const { return error_ ? Variant() : value_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// Any thread; on another the task ends in the main thread's next frame.
    void cancel() noexcept;

    /// One that has ended with this error: for a method that could not start any.
    static Ref<NebulaTask> failed_with(const std::string& why);
    /// For script_await.cpp: gives the result to whoever has connected to the signal of wait() since
    /// the end; whether there was anyone.
    bool answer_later_awaits() noexcept;
    /// Whether anyone but us has that signal. Nullopt: there is no telling.
    [[nodiscard]] std::optional<bool> is_signal_held() const;
    /// For make_awaitable(): spawns what will tell this how it ended.
    void run(task<> told, const AwaitableOptions& options, std::source_location site);

private:
    friend class TaskEnding;
    friend class LateAnnouncement;
    void make_signal();
    [[nodiscard]] bool is_heard() const;
    void announce() noexcept;
    void end(Variant value, Ref<NebulaTaskError> error) noexcept;

    /// NoTask: a script made it, or the engine made it anew when the extension was reloaded. Its
    /// task is gone, and who asks must hear so instead of waiting for ever.
    enum class State : std::uint8_t { NoTask, Pending, Ended };

    StringName signal_;  // what wait() gave out; its name is used for nothing else
    std::optional<std::uint32_t> own_holders_;  // of that name, when no script has it
    TaskHandle<> handle_;  // of a task that has ended, too: it knows where that last waited
    std::string name_;
    State state_ = State::NoTask;
    bool looked_at_ = false;  // somebody knows, or will, how it ended
    Variant value_;
    Ref<NebulaTaskError> error_;
};

/// Emits, and then ends the connections that were there before: a connection made by a listener
/// meanwhile, as by a script that awaits again, stays.
void emit_to_the_last(Object emitter, const StringName& which, const Variant& value);

/// Tells a NebulaTask how its task ended, and keeps it until then. Lies in the task's frame, so
/// that an end by cancellation is told as well.
class TaskEnding {
public:
    explicit TaskEnding(Ref<NebulaTask> told) noexcept : told_(std::move(told)) {}
    TaskEnding(TaskEnding&&) noexcept = default;
    TaskEnding& operator=(TaskEnding&&) = delete;
    ~TaskEnding();

    void value(Variant value) noexcept { finish(std::move(value), {}); }
    void exception(const std::exception_ptr& error) noexcept;

private:
    void finish(Variant value, Ref<NebulaTaskError> error) noexcept;

    Ref<NebulaTask> told_;  // null once told
};

namespace detail {

template <class T>
task<> tell_end(task<T> body, TaskEnding ending) {
    try {
        if constexpr (std::is_void_v<T>) {
            co_await task_detail::AtCallersSite(ended_at_home(std::move(body)));
            ending.value({});
        } else {
            static_assert(std::constructible_from<Variant, T>,
                          "scripts get the value: it must be one that a Variant holds");
            ending.value(
                Variant(co_await task_detail::AtCallersSite(ended_at_home(std::move(body)))));
        }
    } catch (...) {
        ending.exception(std::current_exception());
    }
}

}  // namespace detail

/// Spawns a task whose end scripts can wait for. Return it from a bound method.
///
/// Throws:    WrongThread; RuntimeClosed when the engine's main loop is not running.
template <class T>
Ref<NebulaTask> make_awaitable(task<T> body, AwaitableOptions options = {},
                               std::source_location site = std::source_location::current()) {
    Ref<NebulaTask> shown = make_ref<NebulaTask>();
    shown->run(detail::tell_end(std::move(body), TaskEnding(shown)), options, site);
    return shown;
}

/// A bound method may return a task. It is spawned, bound to the object that was called, and the
/// script gets what NebulaTask::wait() gives: `await node.do_it(3)`.
template <class T>
struct MethodResult<task<T>> {
    using Type = Variant;
    static Variant error_value(const std::string& why) {
        return Variant(NebulaTaskError::make(NebulaTaskError::Code::Failed, why));
    }
    static Variant convert(const ObjectHandle* self, const std::string& method, task<T>&& body) {
        AwaitableOptions options{.name = method};
        if (self != nullptr) options.owner = self->id();
        // No place of C++ calls it: until its first wait it has none.
        return make_awaitable(std::move(body), options, {})->wait();
    }
};

/// A bound method may return make_awaitable(). Scripts get a NebulaTask in any case.
template <>
struct MethodResult<Ref<NebulaTask>> {
    using Type = Ref<NebulaTask>;
    static Variant error_value(const std::string& why) {
        return Variant(NebulaTask::failed_with(why));
    }
};

}  // namespace nebula::godot
