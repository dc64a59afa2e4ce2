// SPDX-License-Identifier: MIT
// Tasks that scripts wait for: `await node.do_it()`. README.md in this folder: "What scripts get".
#pragma once

#include "nebula/godot/api/ref_counted.hpp"
#include "nebula/godot/async/spawn_on.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/closure.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/binding/variant.hpp"
#include "nebula/task/task.hpp"
#include "nebula/task/task_handle.hpp"

#include <atomic>
#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <stdexcept>
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
        Failed = 1,     ///< It ended with an exception; the message has the exception's text.
        Cancelled = 2,  ///< It was cancelled, or its owner was freed.
        Closed = 3,     ///< The engine is quitting, or the extension was unloaded or reloaded.
        TimedOut = 4,   ///< The time ran out first.
    };
    static Ref<NebulaTaskError> make(Code code, std::string message);

    [[nodiscard]] Code code() const noexcept { return code_; }
    [[nodiscard]] const std::string& message() const noexcept { return message_; }

private:
    // What an object has after the engine has rebuilt it in a reload: the old content is lost.
    Code code_ = Code::Closed;
    std::string message_ = kNoTask;

    friend class NebulaTask;
    static constexpr const char* kNoTask =
        "the task is gone: the extension was reloaded since, or there never was one";
};

constexpr const char* enum_name(NebulaTaskError::Code) noexcept { return "NebulaTaskError.Code"; }

/// What a task tells while it runs. Shared by its body, which writes, and by the NebulaTask, which reads.
///
/// Threads:   main thread.
struct TaskNews {
    double progress = 0.0;  ///< From 0 to 1.
    Dictionary details;     ///< What there is to know besides the value.
};

/// Ends a task with this code and message. If no script awaits it, nobody is told.
class TaskFailed : public std::runtime_error {
public:
    TaskFailed(NebulaTaskError::Code code, const std::string& message)
        : std::runtime_error(message), code_(code) {}
    [[nodiscard]] NebulaTaskError::Code code() const noexcept { return code_; }

private:
    NebulaTaskError::Code code_;
};

/// The error that a script gets for an exception.
[[nodiscard]] Ref<NebulaTaskError> task_error_of(const std::exception_ptr& error);

/// Options of make_awaitable().
struct AwaitableOptions {
    std::string_view name = "task";
    ObjectId owner{};  ///< Its death cancels the task; none by default.
    Until until = Until::Freed;
    /// What waiting scripts get if the task is cancelled or the game quits; a NebulaTaskError if there
    /// is none. For methods whose result scripts take for a plain yes or no: an error is an object, and
    /// so it counts as yes.
    std::optional<Variant> when_cancelled{};
    /// The same if a script cancelled it, where that is to be told apart.
    std::optional<Variant> when_called_off{};
    std::shared_ptr<const TaskNews> news{};  ///< Null: it tells nothing.
};

/// A task that scripts can hold. It stays alive until the task has ended, even if no script holds
/// it any more.
///
///     var baking := terrain.start_baking()          # a method that returns make_awaitable(...)
///     var mesh = await baking.wait()                # done or not: waits if it must
///     baking.cancel()
///
///     var saving := NebulaTask.of(terrain.save())   # one that returns what can be awaited
///
/// Threads:   main thread.
class NebulaTask : public Extension<RefCounted> {
public:
    static constexpr const char* kClassName = "NebulaTask";
    using Extension::Extension;
    ~NebulaTask();
    static void bind(ClassBuilder<NebulaTask>& c);

    /// Returns what a script may await at any time and more than once: the value or a
    /// NebulaTaskError if the task has ended, otherwise a Signal that belongs to this task alone.
    /// While a script holds that signal, the task is kept after its end, and a later await of the
    /// signal gets the result in the same frame.
    [[nodiscard]] Variant wait();
    [[nodiscard]] bool is_done() const noexcept { return state_ != State::Pending; }
    [[nodiscard]] bool is_pending() const noexcept { return state_ == State::Pending; }
    [[nodiscard]] bool cancelled() const noexcept;
    [[nodiscard]] bool failed() noexcept;
    [[nodiscard]] Ref<NebulaTaskError> error() noexcept;
    [[nodiscard]] Variant result() const { return error_ ? Variant() : value_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// From 0 to 1. A task that tells nothing is at 0 until it has a value, and at 1 then.
    [[nodiscard]] double progress() const noexcept;
    [[nodiscard]] Dictionary details() const { return news_ ? news_->details : Dictionary(); }
    /// Any thread. If it is not the main thread, the task ends in the main thread's next frame.
    void cancel() noexcept;
    /// The same for a script: the waiting ones get `when_called_off`.
    void call_off() noexcept;

    /// The task behind something to await: a signal that wait() returned, or a value that came at once.
    static Ref<NebulaTask> of(const Variant& awaited);

    /// A task that has ended with this error, for a method that could not start a task.
    static Ref<NebulaTask> failed_with(const std::string& why);
    /// For script_await.cpp: gives the result to all listeners that have connected to the signal of
    /// wait() since the end. Returns whether there were any.
    bool answer_later_awaits() noexcept;
    /// Whether anyone but us holds that signal; nullopt if that cannot be known.
    [[nodiscard]] std::optional<bool> is_signal_held() const;
    /// For make_awaitable(): spawns the coroutine that reports its end to this.
    void run(task<> told, const AwaitableOptions& options, std::source_location site);

private:
    friend class TaskEnding;
    friend class LateAnnouncement;
    void make_signal();
    [[nodiscard]] bool is_heard() const;
    void announce() noexcept;
    void end(Variant value, Ref<NebulaTaskError> error) noexcept;

    /// NoTask: a script created it, or the engine rebuilt it when the extension was reloaded. It
    /// has no task, so a script that waits must get an error instead of waiting forever.
    enum class State : std::uint8_t { NoTask, Pending, Ended };

    StringName signal_;  // what wait() gave out; its name is used for nothing else
    std::optional<std::uint32_t> own_holders_;  // of that name, while no script has it
    TaskHandle<> handle_;  // kept after the end: it knows where the task last waited
    std::string name_;
    State state_ = State::NoTask;
    bool looked_at_ = false;  // someone knows, or will know, how it ended
    bool was_cancelled_ = false;
    std::atomic<bool> called_off_{false};
    std::shared_ptr<const TaskNews> news_;
    Variant value_;
    Ref<NebulaTaskError> error_;
};

/// Emits, and then disconnects whoever is connected for more than one emission. An await that a
/// listener begins meanwhile stays.
void emit_to_the_last(Object emitter, const StringName& which, const Variant& value);

/// Tells a NebulaTask how its task ended, and keeps it alive until then. It lies in the task's
/// frame, so cancellation is reported too.
class TaskEnding {
public:
    TaskEnding(Ref<NebulaTask> told, const AwaitableOptions& options)
        : told_(std::move(told)),
          when_cancelled_(options.when_cancelled),
          when_called_off_(options.when_called_off) {}
    TaskEnding(TaskEnding&&) noexcept = default;
    TaskEnding& operator=(TaskEnding&&) = delete;
    ~TaskEnding();

    void value(Variant value) noexcept { finish(std::move(value), {}); }
    void exception(const std::exception_ptr& error) noexcept;

private:
    void finish(Variant value, Ref<NebulaTaskError> error) noexcept;

    Ref<NebulaTask> told_;  // null once told
    std::optional<Variant> when_cancelled_;
    std::optional<Variant> when_called_off_;
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
                          "scripts get the value, so its type must fit into a Variant");
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
Ref<NebulaTask> make_awaitable(task<T> body, const AwaitableOptions& options = {},
                               std::source_location site = std::source_location::current()) {
    Ref<NebulaTask> shown = make_ref<NebulaTask>();
    shown->run(detail::tell_end(std::move(body), TaskEnding(shown, options)), options, site);
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
        // It is not called from C++, so it has no place in the source until its first wait.
        return make_awaitable(std::move(body), options, {})->wait();
    }
};

/// A bound method may return make_awaitable(). Scripts then always get a NebulaTask.
template <>
struct MethodResult<Ref<NebulaTask>> {
    using Type = Ref<NebulaTask>;
    static Variant error_value(const std::string& why) {
        return Variant(NebulaTask::failed_with(why));
    }
};

}  // namespace nebula::godot
