// SPDX-License-Identifier: MIT
#include "nebula/godot/async/nebula_task.hpp"

#include "nebula/base/exception_text.hpp"
#include "nebula/godot/api/object.hpp"
#include "nebula/godot/binding/callable.hpp"
#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/binding/lifecycle.hpp"

namespace nebula::godot {
namespace {

constinit StaticName completed{"completed"};

void drop_listeners(const Object& task) {
    const Array listeners = task.get_signal_connection_list(completed);
    for (std::size_t i = 0; i < listeners.size(); ++i) {
        const Callable listener = listeners[i].to<Dictionary>()["callable"].to<Callable>();
        // More than once for a connection that counts; not at all if one of them ended another.
        while (task.is_connected(completed, listener)) task.disconnect(completed, listener);
    }
}

}  // namespace

void NebulaTaskError::bind(ClassBuilder<NebulaTaskError>& c) {
    c.doc("Why a task of C++ gave no value.",
          "The result of [code]await[/code] on a task that failed or was cancelled.");
    c.enumeration("Code", {{"FAILED", static_cast<std::int64_t>(Code::Failed)},
                           {"CANCELLED", static_cast<std::int64_t>(Code::Cancelled)},
                           {"CLOSED", static_cast<std::int64_t>(Code::Closed)}});
    c.read_only_property("code", &NebulaTaskError::code);
    c.read_only_property("message", &NebulaTaskError::message);
}

Ref<NebulaTaskError> NebulaTaskError::make(Code code, std::string message) {
    Ref<NebulaTaskError> error = make_ref<NebulaTaskError>();
    error->code_ = code;
    error->message_ = std::move(message);
    return error;
}

void NebulaTask::bind(ClassBuilder<NebulaTask>& c) {
    c.doc("A task of C++ that scripts wait for.",
          "[code]await task.wait()[/code] gives its value, or a [NebulaTaskError].");
    c.method("wait", &NebulaTask::wait)
        .doc("The result when the task has ended, else the signal [signal completed]: await it.");
    c.method("is_done", &NebulaTask::is_done).doc("Whether it has ended, in whatever way.");
    c.method("is_pending", &NebulaTask::is_pending).doc("The opposite of [method is_done].");
    c.method("cancel", &NebulaTask::cancel)
        .doc(
            "Ends it. Who waits for it gets a [NebulaTaskError]. No effect on one that has ended. "
            "May be called on any thread.");
    c.read_only_property("cancelled", &NebulaTask::cancelled);
    // Not for an inspector, which reads all there is: whoever asks these knows of the failure.
    c.read_only_property("failed", &NebulaTask::failed, Hint::unlisted());
    c.read_only_property("error", &NebulaTask::error, Hint::unlisted(),
                         "Null unless it failed or was cancelled.");
    c.read_only_property("result", &NebulaTask::result, {}, "Null until it has a value.");
    c.read_only_property("name", &NebulaTask::name);
    c.signal("completed", {argument<Variant>("result")},
             "Once, when it ends: with its value or a [NebulaTaskError]. Its connections end then, "
             "as a SceneTreeTimer's do: ask [method Object.is_connected] before you disconnect.");
}

// Nobody has asked, and nobody can any more.
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

Variant NebulaTask::wait() {
    require_main_thread();
    if (is_pending()) return Variant(Signal(*this, completed));
    looked_at_ = true;
    // Not earlier: the engine asks a fresh one for the standard value of `error`, which is null.
    if (state_ == State::NoTask && !error_)
        error_ = NebulaTaskError::make(NebulaTaskError::Code::Closed, NebulaTaskError::kNoTask);
    return error_ ? Variant(error_) : value_;
}

bool NebulaTask::cancelled() const noexcept {
    return state_ == State::NoTask || (error_ && error_->code() != NebulaTaskError::Code::Failed);
}

bool NebulaTask::failed() noexcept {
    looked_at_ = looked_at_ || is_done();
    return error_ && error_->code() == NebulaTaskError::Code::Failed;
}

Ref<NebulaTaskError> NebulaTask::error() noexcept {
    looked_at_ = looked_at_ || is_done();
    return error_;
}

void NebulaTask::run(task<> told, const AwaitableOptions& options, std::source_location site) {
    name_ = options.name;
    state_ = State::Pending;
    handle_ = options.owner.is_null()
                  ? EngineLoop::get().runtime().spawn(std::move(told), {.name = name_}, site)
                  : spawn_on(options.owner, std::move(told), {name_, options.until}, site);
}

void NebulaTask::end(Variant value, Ref<NebulaTaskError> error) noexcept {
    state_ = State::Ended;
    value_ = std::move(value);
    error_ = std::move(error);
    try {
        const Object self(ptr());
        const bool heard = !self.get_signal_connection_list(completed).is_empty();
        looked_at_ = looked_at_ || heard;
        (void)self.emit_signal(completed, {error_ ? Variant(error_) : value_});
        // It comes once: a listener that holds us would be held by us for ever.
        if (heard) drop_listeners(self);
    } catch (...) {
        report_current_exception("NebulaTask.completed");
    }
}

TaskEnding::~TaskEnding() {
    if (!told_) return;
    try {
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
        finish({}, NebulaTaskError::make(NebulaTaskError::Code::Failed, exception_text(error)));
    } catch (...) {
        report_current_exception("NebulaTask");
    }
}

void TaskEnding::finish(Variant value, Ref<NebulaTaskError> error) noexcept {
    const Ref<NebulaTask> told = std::exchange(told_, {});
    told->end(std::move(value), std::move(error));
}

}  // namespace nebula::godot
