// SPDX-License-Identifier: MIT
// co_await of an engine signal. README.md in this folder: "A signal wait".
#pragma once

#include "nebula/godot/binding/callable.hpp"
#include "nebula/godot/binding/object.hpp"
#include "nebula/godot/binding/string.hpp"
#include "nebula/godot/runtime/signal_arguments.hpp"
#include "nebula/task/await_as.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/one_shot.hpp"
#include "nebula/task/wait.hpp"

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

namespace nebula::godot {
namespace detail {

/// Which signal of which object, and the texts that name it.
struct SignalName {
    ObjectId emitter;
    StringName signal;
    StringName emitter_class;  // empty when there was no emitter

    /// Finds what the engine would print an error about; nothing if all is well.
    [[nodiscard]] std::optional<AsyncErrorCode> check(const ObjectHandle& object);
    /// "signal 'door_opened' of a Node3D", for messages.
    [[nodiscard]] std::string str() const;
    /// "'door_opened' of Node3D 'Door'", for lists. Threads: main thread.
    [[nodiscard]] std::string detail() const;
};

/// Ends the connection of `call` to the signal, if there still is one.
void disconnect(const SignalName& from, SharedCall& call) noexcept;

/// One wait: what the engine calls and what the awaiter asks, in one block that outlives both.
///
/// Threads:   any thread may emit the signal or destroy the emitter.
/// Cost:      one block of the frame pool.
class SignalNode final : public SharedCall {
public:
    static void* operator new(std::size_t size);
    static void operator delete(void* memory) noexcept;

    SignalNode(ObjectId emitter, const StringName& signal) : source{emitter, signal, {}} {}

    void connect(const ObjectHandle& object);
    /// Ends the connection, if there still is one. Threads: main thread.
    void disconnect() noexcept;
    void release() noexcept;
    void retain() noexcept override;

    /// Called by the emission. Only the first emission of an open wait counts: the engine continues
    /// to call a snapshot of its connections even after a disconnect.
    void call(std::span<const Variant* const> came, Variant& result,
              GDExtensionCallError& call_error) override;
    /// Called when the callable ends: it will not be called any more.
    void released() noexcept override;
    [[nodiscard]] std::string name() const override { return "co_await " + source.str(); }

    /// Ends the wait without an emission, if it is the first to end it.
    void fail(AsyncErrorCode why) noexcept;

    SignalName source;
    OneShot meeting;
    bool resumes_inline = false;  // main thread
    // The result; the meeting decides who owns it.
    std::optional<AsyncErrorCode> error;
    SignalArguments arguments;

private:
    ~SignalNode() = default;

    /// A cheaper disconnect(), for use inside a call by the engine. Threads: main thread.
    void disconnect_in_emission() noexcept;

    CallableAlias connected_;               // from connect() on
    bool disconnected_ = false;             // main thread: inside the emission
    std::atomic<std::uint32_t> counts_{1};  // the awaiter, and each callable in the engine
};

/// The part of a signal wait that does not depend on its types: one connection, which ends with
/// the wait, with the emitter, or with this object.
class SignalConnection {
public:
    /// Finds errors before it asks the engine, which would print them.
    SignalConnection(const ObjectHandle& emitter, ObjectId id, const StringName& signal);
    SignalConnection(SignalConnection&& other) noexcept
        : node_(std::exchange(other.node_, nullptr)) {}
    SignalConnection& operator=(SignalConnection&&) = delete;
    ~SignalConnection();

    [[nodiscard]] bool ended() const noexcept { return node_->meeting.ended(); }
    /// False if it has already ended; otherwise the waker is kept and will be used.
    [[nodiscard]] bool listen(Waker waker) noexcept {
        return node_->meeting.listen(std::move(waker));
    }
    void stop_listening() noexcept { node_->meeting.stop_listening(); }
    void resume_inline() noexcept { node_->resumes_inline = true; }

    /// After the end: why there are no arguments, otherwise the arguments.
    [[nodiscard]] std::optional<AsyncErrorCode> error() const noexcept { return node_->error; }
    [[nodiscard]] std::span<Variant> arguments() noexcept { return node_->arguments.values(); }
    /// Called when the arguments are taken: the wait may be a variable that lives much longer.
    void disconnect() noexcept { node_->disconnect(); }
    [[nodiscard]] const SignalName& source() const noexcept { return node_->source; }

private:
    explicit SignalConnection(SignalNode& adopted) noexcept : node_(&adopted) {}

    SignalNode* node_;
};

/// The result of a wait, wrapped as signal_value() wraps it.
/// \throws the error; ArgumentMismatch.
template <class... Args>
auto value_or_throw(std::optional<AsyncErrorCode> error, std::span<Variant> arguments,
                    const SignalName& source) {
    if (error) throw_async_error(*error, source.str());
    auto value = signal_value<Args...>(arguments);
    if (!value) throw ArgumentMismatch(source.str() + " " + mismatch<Args...>(arguments));
    return value;
}
/// The same, but returns the error instead of throwing it.
template <class... Args>
Outcome<typename SignalValue<Args...>::Type> value_or_error(std::optional<AsyncErrorCode> error,
                                                            std::span<Variant> arguments) {
    if (error) return tl::unexpected(*error);
    auto value = signal_value<Args...>(arguments);
    if (!value) return tl::unexpected(AsyncErrorCode::ArgumentMismatch);
    if constexpr (sizeof...(Args) == 0) {
        return {};
    } else {
        return *std::move(value);
    }
}

/// What SignalWait and FallibleSignalWait have in common: everything except await_resume().
template <class... Args>
class SignalWaitBase : public Wait {
public:
    using Value = typename SignalValue<Args...>::Type;

    bool await_ready() const noexcept { return connection_.ended(); }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) noexcept {
        return connection_.listen(suspend(h));
    }
    void stop_waiting() noexcept { connection_.stop_listening(); }
    void resume_inline() noexcept { connection_.resume_inline(); }

protected:
    explicit SignalWaitBase(SignalConnection&& connection) noexcept
        : Wait("signal", detail), connection_(std::move(connection)) {}
    SignalWaitBase(SignalWaitBase&& other) noexcept
        : Wait("signal", detail), connection_(std::move(other.connection_)) {}

    SignalConnection connection_;

private:
    static std::string detail(const Wait& wait) {
        return static_cast<const SignalWaitBase&>(wait).connection_.source().detail();
    }
};

}  // namespace detail

/// Waits for one emission of a signal. Made by signal(); await it once.
///
///     co_await signal(door, "opened");
///     const int damage = co_await signal<int>(player, "hit");
///     auto [slot, item] = co_await signal<int, Ref<Resource>>(inventory, "picked");
///     const Variant any = co_await Signal(door, "opened");       // any arguments
///
/// It connects at once, so an emission before the co_await is kept. Only the first emission counts;
/// to see all of them, use stream() (signal_stream.hpp). The task resumes on the main thread,
/// whichever thread emits the signal, and never inside the emission (but see inline_resume()).
/// Arguments convert as leniently as in a call from a script. An object that has died since the
/// emission is null.
///
/// Threads:   main thread; made on another thread, it ends at once with WrongThread.
/// Cost:      one engine connection, which ends with the wait. Nothing of ours allocates. A name
///            given as text is looked up each time; in hot code keep a StringName or a StaticName.
/// Lifetime:  does not keep the emitter alive: if the emitter is freed, the wait ends.
/// Throws:    at the co_await: EmitterFreed; NullObject; UnknownSignal; ArgumentMismatch if the
///            number or the types of the arguments differ; NotSendable if it was emitted on another
///            thread with an Array, Dictionary, Callable, NodePath or uncounted object;
///            RuntimeClosed if the engine is quitting.
template <class... Args>
class [[nodiscard]] SignalWait : public detail::SignalWaitBase<Args...> {
public:
    using Value = typename detail::SignalWaitBase<Args...>::Value;

    explicit SignalWait(detail::SignalConnection&& connection) noexcept
        : detail::SignalWaitBase<Args...>(std::move(connection)) {}

    Value await_resume() {
        detail::SignalConnection& from = this->connection_;
        from.disconnect();
        auto value = detail::value_or_throw<Args...>(from.error(), from.arguments(), from.source());
        if constexpr (!std::is_void_v<Value>) return *std::move(value);
    }
};

/// Made by fallible().
template <class... Args>
class [[nodiscard]] FallibleSignalWait : public detail::SignalWaitBase<Args...> {
public:
    using Value = typename detail::SignalWaitBase<Args...>::Value;

    explicit FallibleSignalWait(SignalWait<Args...>&& wait) noexcept
        : detail::SignalWaitBase<Args...>(std::move(wait)) {}

    Outcome<Value> await_resume() {
        detail::SignalConnection& from = this->connection_;
        from.disconnect();
        return detail::value_or_error<Args...>(from.error(), from.arguments());
    }
};

/// See SignalWait. Use it without types for a signal without arguments.
template <class... Args>
SignalWait<Args...> signal(const ObjectHandle& emitter, const StringName& name) {
    return SignalWait<Args...>(detail::SignalConnection(emitter, emitter.id(), name));
}
template <class... Args>
SignalWait<Args...> signal(const Signal& which) {
    const ObjectId id = which.object_id();
    return SignalWait<Args...>(detail::SignalConnection(id.object(), id, which.name()));
}

/// The same wait, but returns the error instead of throwing it:
///
///     Outcome<int> damage = co_await fallible(signal<int>(player, "hit"));
///     if (!damage) co_return;   // damage.error() == AsyncErrorCode::EmitterFreed
template <class... Args>
FallibleSignalWait<Args...> fallible(SignalWait<Args...>&& wait) {
    return FallibleSignalWait<Args...>(std::move(wait));
}

/// The same wait, but resumed as in GDScript: inside the emission, before later listeners are
/// called and before emit() returns. So a loop of such waits sees every emission, and the emitting
/// code sees what the task did.
///
///     co_await inline_resume(signal(door, "about_to_close"));   // still open here
///
/// If that is impossible (the signal is emitted on another thread, by a task, or while tasks are
/// being resumed), the task resumes in the next pump as usual. Inside an emission, the emitter must
/// not be freed.
template <class... Args>
SignalWait<Args...> inline_resume(SignalWait<Args...>&& wait) noexcept {
    wait.resume_inline();
    return std::move(wait);
}
template <class... Args>
FallibleSignalWait<Args...> inline_resume(FallibleSignalWait<Args...>&& wait) noexcept {
    wait.resume_inline();
    return std::move(wait);
}
inline SignalWait<AnyArguments> inline_resume(const Signal& which) {
    return inline_resume(signal<AnyArguments>(which));
}

}  // namespace nebula::godot

/// `co_await Signal(door, "opened")`: the untyped form, which returns a Variant.
template <>
struct nebula::AwaitAs<nebula::godot::Signal> {
    static godot::SignalWait<godot::AnyArguments> make(const godot::Signal& which) {
        return godot::signal<godot::AnyArguments>(which);
    }
};
