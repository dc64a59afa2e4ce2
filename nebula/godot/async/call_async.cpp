// SPDX-License-Identifier: MIT
#include "nebula/godot/async/call_async.hpp"

#include "nebula/godot/api/object.hpp"
#include "nebula/godot/async/nebula_task.hpp"
#include "nebula/godot/async/other_tasks.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/binding/marshal.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"

namespace nebula::godot::detail {
namespace {

// How often a coroutine is checked, in frames. The case is rare and the answer is not urgent.
constexpr int kFrames = 16;

constinit StaticName completed{"completed"};

// A suspended coroutine is resumed by a signal or by the coroutine it awaits, and each of these
// knows whether its own object is still alive. Returns false if nothing can resume it; true if
// something can or if that cannot be known, which is the case from its second await on. Must not be
// called inside an emission: the coroutines that it is about to resume are already disconnected.
//
// If the inner one of two coroutines will never continue, each of them keeps the other alive
// forever, and the engine leaks both. This function separates them.
bool can_resume(Object state) {
    Signal awaited;
    Callable resumes;
    for (int depth = 0; depth < 100; ++depth) {
        if (!state.call("is_valid", {false}).to<bool>()) return true;
        const Array incoming = state.get_incoming_connections();
        const bool lives = state.call("is_valid", {true}).to<bool>();
        if (!lives || incoming.is_empty()) {
            if (depth > 0) awaited.disconnect(resumes);
            return false;
        }
        const auto connection = incoming[0].to<Dictionary>();
        awaited = connection.get("signal").to<Signal>();
        resumes = connection.get("callable").to<Callable>();
        state = Object(awaited.object_id().object().ptr());
        if (!state || !is_coroutine_state(state)) return true;
    }
    return true;
}

AsyncErrorCode code_of(const TaskFailed& failure) {
    switch (failure.code()) {
        case NebulaTaskError::Code::Cancelled:
            return AsyncErrorCode::TaskCancelled;
        case NebulaTaskError::Code::Closed:
            return AsyncErrorCode::RuntimeClosed;
        case NebulaTaskError::Code::TimedOut:
            return AsyncErrorCode::TimedOut;
        case NebulaTaskError::Code::Failed:
            break;
    }
    return AsyncErrorCode::CallFailed;
}

}  // namespace

// The class is missing from the API dump, so its name is the only way to identify it.
bool is_coroutine_state(const ObjectHandle& object) {
    return !object.is_null() && Object(object.ptr()).get_class().utf8() == "GDScriptFunctionState";
}

void VariantWait::stop_waiting() noexcept {
    if (later_) later_->stop_waiting();
    unlink();
    callee_died_.reset();
    waker_ = {};
    stuck_ = false;
}

VariantWait::~VariantWait() {
    if (gone_in_look_ != nullptr) *gone_in_look_ = true;
}

void VariantWait::fail(AsyncErrorCode code, std::string why) {
    error_ = code;
    why_ = std::move(why);
}

void VariantWait::wait_for(Variant value) {
    if (value.type() == GDEXTENSION_VARIANT_TYPE_OBJECT) {
        const Object object(value.object_id().object().ptr());
        if (NebulaTask* const task = instance_of<NebulaTask>(object); task != nullptr) {
            value = task->wait();
        } else if (is_task_of_another(object)) {
            value = object.call("wait");
        } else if (object && is_coroutine_state(object)) {
            // We hold no reference: a coroutine is kept alive by what will resume it. When that
            // lets go, the state dies together with our connection, and the wait ends.
            coroutine_ = object.id();
            later_.emplace(SignalConnection(object, coroutine_, completed));
            return;
        }
    }
    if (const auto signal = value.type() == GDEXTENSION_VARIANT_TYPE_SIGNAL ? value.try_to<Signal>()
                                                                            : std::nullopt) {
        const ObjectId emitter = signal->object_id();
        later_.emplace(SignalConnection(emitter.object(), emitter, signal->name()));
    } else {
        value_ = std::move(value);
    }
}

void VariantWait::call(ObjectId id, const StringName& method, std::span<const Variant> arguments) {
    why_ = "method '" + method.utf8() + "'";
    if (!is_main_thread()) return fail(AsyncErrorCode::WrongThread, std::move(why_));
    const EngineLoop* const loop = EngineLoop::get_if_running();
    if (loop == nullptr || loop->closing())
        return fail(AsyncErrorCode::RuntimeClosed, std::move(why_));
    if (id.is_null()) return fail(AsyncErrorCode::NullObject, why_ + " of null");
    const Object object(id.object().ptr());
    if (!object) return fail(AsyncErrorCode::EmitterFreed, why_ + " of a freed object");
    why_ += " of a " + object.get_class().utf8();
    if (!object.has_method(method)) return fail(AsyncErrorCode::UnknownMethod, std::move(why_));
    try {
        callee_ = id;
        wait_for(object.call(method, arguments));
    } catch (const CallError& error) {
        return fail(AsyncErrorCode::CallFailed, why_ + ": " + error.what());
    }
}

void VariantWait::call(const Callable& function) {
    why_ = "function '" + function.method().utf8() + "'";
    if (!is_main_thread()) return fail(AsyncErrorCode::WrongThread, std::move(why_));
    const EngineLoop* const loop = EngineLoop::get_if_running();
    if (loop == nullptr || loop->closing())
        return fail(AsyncErrorCode::RuntimeClosed, std::move(why_));
    if (function.is_null()) return fail(AsyncErrorCode::NullObject, std::move(why_));
    const ObjectId object = function.object_id();
    if (!object.is_null() && !object.is_alive())
        return fail(AsyncErrorCode::EmitterFreed, why_ + " of a freed object");
    if (!function.is_valid()) return fail(AsyncErrorCode::UnknownMethod, std::move(why_));
    try {
        callee_ = object;
        wait_for(Variant(function).call("call"));
    } catch (const CallError& error) {
        return fail(AsyncErrorCode::CallFailed, why_ + ": " + error.what());
    }
}

bool VariantWait::watch_coroutine(Waker waker) {
    waker_ = std::move(waker);
    EngineLoop::get().poll_each_frame(*this);
    if (callee_.is_null()) return true;
    callee_died_.emplace(callee_, [waker = waker_] { waker.wake(); });
    return !callee_died_->told();
}

void VariantWait::poll() {
    if (stuck_ || ++frames_ % kFrames != 0 || later_->await_ready()) return;
    const Object state(coroutine_.object().ptr());
    if (!state) return;
    // Separating two coroutines runs destructors of scripts, which may end the task.
    bool gone = false;
    gone_in_look_ = &gone;
    const bool goes_on = can_resume(state);
    if (gone) return;
    gone_in_look_ = nullptr;
    if (goes_on) return;
    stuck_ = true;
    waker_.wake();
}

std::optional<Variant> VariantWait::value() {
    if (error_) return std::nullopt;
    if (!later_) return std::move(value_);
    if (coroutine_.is_null()) return later_->await_resume();
    if (later_->await_ready()) {
        try {
            return later_->await_resume();
        } catch (const EmitterFreed&) {
            // The caller does not know the state; the error below names what was called.
        }
    }
    fail(AsyncErrorCode::EmitterFreed, why_.empty() ? "a coroutine" : std::move(why_));
    return std::nullopt;
}

std::optional<Variant> VariantWait::called() {
    std::optional<Variant> got = value();
    if (!got || got->type() != GDEXTENSION_VARIANT_TYPE_OBJECT) return got;
    const std::optional<TaskFailed> failure = failure_in(*got);
    if (!failure) return got;
    const AsyncErrorCode code = code_of(*failure);
    fail(code, code == AsyncErrorCode::CallFailed ? why_ + ": " + failure->what() : why_);
    return std::nullopt;
}

}  // namespace nebula::godot::detail
