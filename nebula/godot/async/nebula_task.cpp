// SPDX-License-Identifier: MIT
#include "nebula/godot/async/nebula_task.hpp"

#include "nebula/base/exception_text.hpp"
#include "nebula/base/log.hpp"
#include "nebula/godot/api/object.hpp"
#include "nebula/godot/async/other_tasks.hpp"
#include "nebula/godot/async/script_await.hpp"
#include "nebula/godot/binding/callable.hpp"
#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/binding/extension_name.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/runtime/frame_poll.hpp"

#include <cstddef>

namespace nebula::godot {
namespace {

constinit StaticName completed{"completed"};

// How many emissions of `completed` are on the stack.
int announcing = 0;

// A listener may end another task, whose listener ends a third, and so on. The scheduler flattens
// such a chain, so nesting alone does not reveal it. The limit is far more than a game ends in one
// frame.
constexpr int kAnnouncementsPerFrame = 4096;

bool may_announce_in(std::uint64_t frame) {
    static std::uint64_t counted_frame = 0;
    static int count = 0;
    if (std::exchange(counted_frame, frame) != frame) count = 0;
    return ++count <= kAnnouncementsPerFrame;
}

bool is_task_failed(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const TaskFailed&) {
        return true;
    } catch (...) {
        return false;
    }
}

Ref<NebulaTask> refused(const std::string& what) {
    const std::string why = engine_name(NebulaTask::kClassName) + ".of: awaited is " + what;
    log(LogLevel::Error, why + '.');
    return NebulaTask::failed_with(why);
}

std::string of_another(const ObjectHandle& task) {
    const std::string its_class = Object(task.ptr()).get_class().utf8();
    return "a task of another extension; use " + its_class + ".of";
}

}  // namespace

/// Announces an end in the next frame.
class LateAnnouncement final : public FramePoll {
public:
    explicit LateAnnouncement(Ref<NebulaTask> task) : task_(std::move(task)) {
        EngineLoop::get().poll_each_frame(*this);
    }
    void poll() override { announce_and_go(); }
    void loop_closes() noexcept override { announce_and_go(); }

private:
    void announce_and_go() noexcept {
        const Ref<NebulaTask> task = std::move(task_);
        delete this;
        task->announce();
    }

    Ref<NebulaTask> task_;
};

void emit_to_the_last(Object emitter, const StringName& which, const Variant& value) {
    if (!emitter.has_connections(which)) return;
    (void)emitter.emit_signal(which, {value});
    // An await is a connection for one emission, so usually nothing is left. Those that are were begun
    // by a listener, and stay.
    if (!emitter.has_connections(which)) return;
    const Array listeners = emitter.get_signal_connection_list(which);
    for (std::size_t i = 0; i < listeners.size(); ++i) {
        const auto connection = listeners[i].to<Dictionary>();
        const auto flags = connection.get("flags").to<std::int64_t>();
        if ((flags & static_cast<std::int64_t>(Object::CONNECT_ONE_SHOT)) != 0) continue;
        const auto listener = connection.get("callable").to<Callable>();
        // A reference-counted connection needs several disconnects.
        while (emitter.is_connected(which, listener)) emitter.disconnect(which, listener);
    }
}

void NebulaTaskError::bind(ClassBuilder<NebulaTaskError>& c) {
    c.any_thread();  // it never changes
    c.doc(
        "Why a task gave no value.",
        "[code]await[/code] on a task that failed or was cancelled returns one of these instead of "
        "a value. Check for it with [code]if result is NebulaTaskError[/code].");
    c.enumeration("Code", {{"FAILED", static_cast<std::int64_t>(Code::Failed),
                            "The task ended with an exception, or could not start. [member "
                            "message] has the details."},
                           {"CANCELLED", static_cast<std::int64_t>(Code::Cancelled),
                            "The task was cancelled, or the object that owns it was freed."},
                           {"CLOSED", static_cast<std::int64_t>(Code::Closed),
                            "The game is quitting, or the extension was unloaded or reloaded."},
                           {"TIMED_OUT", static_cast<std::int64_t>(Code::TimedOut),
                            "The time ran out first, see [method NebulaServer.timeout]."}});
    c.read_only_property("code", &NebulaTaskError::code, Hint::read_only(),
                         "What kind of error it is, one of the [enum Code] values.");
    c.read_only_property("message", &NebulaTaskError::message, Hint::read_only(),
                         "The details, as text for people.");
}

Ref<NebulaTaskError> NebulaTaskError::make(Code code, std::string message) {
    Ref<NebulaTaskError> error = make_ref<NebulaTaskError>();
    error->code_ = code;
    error->message_ = std::move(message);
    return error;
}

Ref<NebulaTaskError> task_error_of(const std::exception_ptr& error) {
    using Code = NebulaTaskError::Code;
    Code code = Code::Failed;
    try {
        std::rethrow_exception(error);
    } catch (const TaskFailed& failed) {
        code = failed.code();
    } catch (...) {
        // Of any other kind there is only the text.
    }
    return NebulaTaskError::make(code, exception_text(error));
}

void NebulaTask::bind(ClassBuilder<NebulaTask>& c) {
    c.doc("A running task that scripts can wait for and cancel.",
          "A function on a worker, see [method NebulaServer.spawn], or work of this add-on's own. "
          "[code]await task.wait()[/code] returns the value of the task, or a [NebulaTaskError]. A "
          "task keeps running when the script drops it; to end it, call [method cancel].\n\nA "
          "method that is awaited directly, such as [method VoxelTerrain.dig_sphere_async], has a "
          "task, too: [method of] returns it.");
    c.method("of", &NebulaTask::of, {"awaited"})
        .on_error(&MethodResult<Ref<NebulaTask>>::error_value)
        .doc(
            "Returns the task behind what a method of this add-on returned for "
            "[code]await[/code]:\n[codeblock]\nvar digging := NebulaTask.of("
            "terrain.dig_sphere_async(center, 300.0))\nwhile digging.is_pending():\n    "
            "progress_bar.value = digging.progress\n    await get_tree().process_frame\n"
            "[/codeblock]\nIf the method had a result at once, the task has ended with it. Another "
            "signal is refused with an error.");
    c.method("wait", &NebulaTask::wait)
        .on_error(&MethodResult<task<>>::error_value)
        .doc(
            "Await what this returns, now or later, once or several times: [code]await "
            "task.wait()[/code] returns the value of the task, or a [NebulaTaskError].");
    c.method("is_done", &NebulaTask::is_done)
        .doc("Returns whether the task has finished, failed or been cancelled.");
    c.method("is_pending", &NebulaTask::is_pending)
        .doc("Returns whether the task is still running or waiting.");
    c.method("cancel", &NebulaTask::call_off)
        .any_thread()
        .doc(
            "Cancels the task. Scripts that wait for it get a [NebulaTaskError] with the code "
            "[constant NebulaTaskError.CANCELLED], or what its method documents for that, for "
            "example [constant @GlobalScope.ERR_SKIP]. A task that has ended is not affected. Any "
            "thread may call this; if it is not the main thread, it takes effect in the next "
            "frame.");
    c.read_only_property("cancelled", &NebulaTask::cancelled, Hint::read_only(),
                         "Whether the task was cancelled, or ended with the game.");
    // Not for an inspector, which reads every property: reading these marks the failure as known.
    c.read_only_property("failed", &NebulaTask::failed, Hint::unlisted(),
                         "Whether the task ended with an exception.");
    c.read_only_property("error", &NebulaTask::error, Hint::unlisted(),
                         "Why the task gave no value. Null while it runs and after a success.");
    c.read_only_property("result", &NebulaTask::result, {},
                         "The value of the task. Null until there is one.");
    c.read_only_property("progress", &NebulaTask::progress, Hint::read_only(),
                         "How much of the task is done, from 0 to 1. It never falls. A task that "
                         "does not tell is at 0 until it has a value.");
    c.read_only_property("details", &NebulaTask::details, {},
                         "What there is to know besides the [member result], if the method that "
                         "started the task says so; otherwise empty.");
    c.read_only_property("name", &NebulaTask::name, Hint::read_only(),
                         "The name that error messages and [method NebulaServer.live_tasks] use.");
    c.signal("completed", {argument<Variant>("result")},
             "Emitted once, when the task ends, with its value or a [NebulaTaskError]. The task "
             "then disconnects every listener, as [SceneTreeTimer] does. If the task may have "
             "ended already, use [method wait] instead.");
}

// Nobody has asked for the failure, and nobody can any more.
NebulaTask::~NebulaTask() {
    if (!looked_at_ && error_ && error_->code() == NebulaTaskError::Code::Failed)
        print_error("task '" + name_ + "' ended with an exception: " + error_->message(),
                    handle_.site());
}

void NebulaTask::cancel() noexcept {
    if (is_main_thread()) {
        handle_.cancel();
    } else {
        handle_.request_cancel();
    }
}

void NebulaTask::call_off() noexcept {
    called_off_ = true;
    cancel();
}

double NebulaTask::progress() const noexcept {
    if (state_ == State::Ended && !error_ && !was_cancelled_) return 1.0;
    return news_ ? news_->progress : 0.0;
}

Ref<NebulaTask> NebulaTask::of(const Variant& awaited) {
    if (auto task = awaited.try_to<Ref<NebulaTask>>(); task && *task) return *task;
    Ref<NebulaTask> task;
    if (awaited.type() == GDEXTENSION_VARIANT_TYPE_SIGNAL) {
        const Signal signal = awaited.to<Signal>();
        const Variant emitter(signal.object_id().object());
        if (auto found = emitter.try_to<Ref<NebulaTask>>(); found && *found) task = *found;
        if (task && (signal.name() == task->signal_ || signal.name() == completed)) return task;
        return refused(is_task_of_another(signal.object_id().object())
                           ? of_another(signal.object_id().object())
                           : "a signal of something else than a task; pass what a method such as "
                             "VoxelTerrain.save() returned");
    }
    if (awaited.type() == GDEXTENSION_VARIANT_TYPE_OBJECT &&
        is_task_of_another(awaited.object_id().object()))
        return refused(of_another(awaited.object_id().object()));
    task = make_ref<NebulaTask>();
    task->state_ = State::Ended;
    task->looked_at_ = true;
    if (auto error = awaited.try_to<Ref<NebulaTaskError>>(); error && *error)
        task->error_ = *error;
    else if (const auto failure = failure_in(awaited))
        task->error_ = NebulaTaskError::make(failure->code(), failure->what());
    else
        task->value_ = awaited;
    return task;
}

Variant NebulaTask::wait() {
    if (is_pending()) {
        if (!own_holders_) make_signal();
        return Variant(Signal(*this, signal_));
    }
    looked_at_ = true;
    // Not earlier: the engine asks a new object for the default value of `error`, which is null.
    if (state_ == State::NoTask && !error_)
        error_ = NebulaTaskError::make(NebulaTaskError::Code::Closed, NebulaTaskError::kNoTask);
    return error_ ? Variant(error_) : value_;
}

// A Signal does not keep its object alive, so we must know how long someone may still await it. Its
// name tells: it is made for this task, so whoever holds the name holds the signal.
void NebulaTask::make_signal() {
    static std::uint64_t made = 0;
    const std::string name = "completed_" + std::to_string(++made);
    signal_ = StringName(name);
    Object(ptr()).add_user_signal(String(name));
    own_holders_ = holders_of(signal_).value_or(0);
}

std::optional<bool> NebulaTask::is_signal_held() const {
    const std::optional<std::uint32_t> now = holders_of(signal_);
    if (!now) return std::nullopt;
    return *now > own_holders_.value_or(0);
}

bool NebulaTask::answer_later_awaits() noexcept {
    try {
        if (!Object(ptr()).has_connections(signal_)) return false;
        emit_to_the_last(Object(ptr()), signal_, wait());
    } catch (...) {
        report_current_exception("NebulaTask");
    }
    return true;
}

bool NebulaTask::cancelled() const noexcept {
    return state_ == State::NoTask || was_cancelled_ ||
           (error_ && error_->code() != NebulaTaskError::Code::Failed);
}

bool NebulaTask::failed() noexcept {
    looked_at_ = looked_at_ || is_done();
    return error_ && error_->code() == NebulaTaskError::Code::Failed;
}

Ref<NebulaTaskError> NebulaTask::error() noexcept {
    looked_at_ = looked_at_ || is_done();
    return error_;
}

Ref<NebulaTask> NebulaTask::failed_with(const std::string& why) {
    Ref<NebulaTask> task = make_ref<NebulaTask>();
    task->state_ = State::Ended;
    task->looked_at_ = true;  // already reported
    task->error_ = NebulaTaskError::make(NebulaTaskError::Code::Failed, why);
    return task;
}

void NebulaTask::run(task<> told, const AwaitableOptions& options, std::source_location site) {
    name_ = options.name;
    news_ = options.news;
    state_ = State::Pending;
    handle_ = options.owner.is_null()
                  ? EngineLoop::get().runtime().spawn(std::move(told), {.name = name_}, site)
                  : spawn_on(options.owner, std::move(told), {name_, options.until}, site);
}

void NebulaTask::end(Variant value, Ref<NebulaTaskError> error) noexcept {
    state_ = State::Ended;
    value_ = std::move(value);
    error_ = std::move(error);
    const EngineLoop* const loop = EngineLoop::get_if_running();
    try {
        const bool heard = is_heard();
        if (!heard || loop == nullptr || loop->closing()) return announce();
        if (announcing == 0 && may_announce_in(loop->frame())) return announce();
        // The rest is announced in the next frame, so that listeners that end tasks cannot keep a
        // frame from ending.
        new LateAnnouncement(Ref<NebulaTask>(ptr()));  // it deletes itself
    } catch (...) {
        report_current_exception("NebulaTask.completed");
    }
}

bool NebulaTask::is_heard() const {
    const Object self(ptr());
    return self.has_connections(completed) || (own_holders_ && self.has_connections(signal_));
}

void NebulaTask::announce() noexcept {
    const Ref<NebulaTask> self(ptr());
    ++announcing;
    try {
        looked_at_ = looked_at_ || is_heard();
        const Variant result = error_ ? Variant(error_) : value_;
        // A listener that holds us would be held by us forever, so all are disconnected.
        emit_to_the_last(Object(ptr()), completed, result);
        if (own_holders_) {
            emit_to_the_last(Object(ptr()), signal_, result);
            serve_later_awaits(self);
        }
    } catch (...) {
        report_current_exception("NebulaTask.completed");
    }
    --announcing;
}

TaskEnding::~TaskEnding() {
    if (!told_) return;
    told_->was_cancelled_ = true;
    try {
        auto& answer = when_called_off_ && told_->called_off_ ? when_called_off_ : when_cancelled_;
        if (answer) {
            finish(std::move(*answer), {});
            return;
        }
        const EngineLoop* const loop = EngineLoop::get_if_running();
        const bool closed = loop == nullptr || loop->closing();
        finish({}, NebulaTaskError::make(
                       closed ? NebulaTaskError::Code::Closed : NebulaTaskError::Code::Cancelled,
                       std::string(describe(closed ? AsyncErrorCode::RuntimeClosed
                                                   : AsyncErrorCode::TaskCancelled))));
    } catch (...) {
        report_current_exception("NebulaTask");
    }
}

void TaskEnding::exception(const std::exception_ptr& error) noexcept {
    try {
        if (is_task_failed(error)) told_->looked_at_ = true;
        finish({}, task_error_of(error));
    } catch (...) {
        report_current_exception("NebulaTask");
    }
}

void TaskEnding::finish(Variant value, Ref<NebulaTaskError> error) noexcept {
    const Ref<NebulaTask> told = std::exchange(told_, {});
    told->end(std::move(value), std::move(error));
}

}  // namespace nebula::godot
