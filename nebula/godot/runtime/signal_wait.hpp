// SPDX-License-Identifier: MIT
// co_await of an engine signal. README.md in this folder: "A signal wait".
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/godot/binding/callable.hpp"
#include "nebula/godot/binding/marshal.hpp"
#include "nebula/godot/binding/object.hpp"
#include "nebula/godot/binding/string.hpp"
#include "nebula/task/await_as.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/wait.hpp"

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace nebula::godot {

/// For a signal whose arguments are not known: signal<AnyArguments>(...) gives a Variant, as
/// GDScript's await does: null for none, the value of one, an Array of more.
struct AnyArguments {};

namespace detail {

/// What the engine's callable and the waiting task share. It outlives both.
///
/// Threads:   any thread: an emission, and the death of an emitter, happen where they happen.
class SignalState {
public:
    /// From the emission. Only the first one of an open wait counts: the engine goes on calling a
    /// snapshot of its connections even after a disconnect.
    void emitted(std::span<const Variant* const> arguments);
    /// From the callable's end: nobody will call it any more.
    void freed() noexcept;
    /// From the wait's end. True when it was still open, so that there may be a connection to end.
    [[nodiscard]] bool leave() noexcept;

    /// Whether the wait ended already; else the waker is kept and will be used.
    [[nodiscard]] bool ended_or_keep(Waker waker);
    [[nodiscard]] bool ended();
    /// After the end, once: the arguments, or why there are none.
    [[nodiscard]] Outcome<std::vector<Variant>> take();

private:
    enum class Phase : std::uint8_t {
        Open,
        Emitted,
        Confined,  // emitted on another thread with something that must not leave it
        Freed,
        Left,  // nobody waits any more
    };

    void finish(Phase phase, std::vector<Variant> arguments) noexcept;

    Mutex mutex_;
    Phase phase_ NEBULA_GUARDED_BY(mutex_) = Phase::Open;
    std::vector<Variant> arguments_ NEBULA_GUARDED_BY(mutex_);
    Waker waker_ NEBULA_GUARDED_BY(mutex_);
};

/// The part of a signal wait that does not depend on its types: one connection, which ends with
/// the emission, with the emitter, or with this.
class SignalConnection {
public:
    /// Whatever is wrong is found out before the engine is asked, which would print an error.
    SignalConnection(ObjectId emitter, const StringName& signal);
    SignalConnection(SignalConnection&& other) noexcept = default;
    SignalConnection& operator=(SignalConnection&&) = delete;
    ~SignalConnection();

    [[nodiscard]] bool ended() { return error_ || state_->ended(); }
    [[nodiscard]] bool ended_or_keep(Waker waker) {
        return state_->ended_or_keep(std::move(waker));
    }
    [[nodiscard]] Outcome<std::vector<Variant>> take();

    /// "signal 'door_opened' of a Node3D", for messages.
    [[nodiscard]] std::string name() const;
    /// The same, with what it came with.
    [[nodiscard]] std::string name_with(const std::vector<Variant>& arguments) const;

private:
    void disconnect() noexcept;

    std::shared_ptr<SignalState> state_;
    std::optional<AsyncErrorCode> error_;  // set when the wait could not even begin
    ObjectId emitter_;
    StringName signal_;
    String emitter_class_;
};

/// What a wait gives: void for none, T for one, std::tuple for more.
template <class... Args>
struct SignalValue {
    using Type = std::tuple<Args...>;
};
template <class Arg>
struct SignalValue<Arg> {
    using Type = Arg;
};
template <>
struct SignalValue<> {
    using Type = void;
};
template <>
struct SignalValue<AnyArguments> {
    using Type = Variant;
};

/// Objects that died since the emission become null, so that a handle never dangles.
void forget_dead_objects(std::vector<Variant>& arguments);
[[nodiscard]] Variant as_one_variant(std::vector<Variant>&& arguments);

template <class T>
std::optional<T> convert_argument(const Variant& from) {
    try {
        return Marshal<T>::from_variant(from);
    } catch (const std::out_of_range&) {  // 300 for an int8_t: not the type that was asked for
        return std::nullopt;
    }
}

/// All or nothing.
template <class... Args, std::size_t... kIndex>
std::optional<std::tuple<Args...>> convert_arguments(const std::vector<Variant>& from,
                                                     std::index_sequence<kIndex...>) {
    if (from.size() != sizeof...(Args)) return std::nullopt;
    std::tuple<std::optional<Args>...> converted{convert_argument<Args>(from[kIndex])...};
    if (!(std::get<kIndex>(converted) && ...)) return std::nullopt;
    return std::tuple<Args...>(*std::move(std::get<kIndex>(converted))...);
}

/// What SignalWait and FallibleSignalWait have in common: all but what they give.
template <class... Args>
class SignalWaitBase : public Wait {
public:
    using Value = typename SignalValue<Args...>::Type;

    bool await_ready() { return connection_.ended(); }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) {
        return !connection_.ended_or_keep(suspend(h));
    }

protected:
    explicit SignalWaitBase(SignalConnection&& connection) noexcept
        : Wait("signal"), connection_(std::move(connection)) {}
    SignalWaitBase(SignalWaitBase&& other) noexcept
        : Wait("signal"), connection_(std::move(other.connection_)) {}

    /// \param wrong  told what came when it does not fit; may be null.
    Outcome<Value> result(std::string* wrong) {
        Outcome<std::vector<Variant>> arguments = connection_.take();
        if (!arguments) return tl::unexpected(arguments.error());
        forget_dead_objects(*arguments);
        if constexpr (std::is_same_v<Value, Variant> && sizeof...(Args) == 1 &&
                      (std::is_same_v<Args, AnyArguments> && ...)) {
            return as_one_variant(*std::move(arguments));
        } else {
            auto converted =
                convert_arguments<Args...>(*arguments, std::index_sequence_for<Args...>{});
            if (!converted) {
                if (wrong != nullptr) *wrong = connection_.name_with(*arguments);
                return tl::unexpected(AsyncErrorCode::ArgumentMismatch);
            }
            if constexpr (sizeof...(Args) == 0) {
                return {};
            } else if constexpr (sizeof...(Args) == 1) {
                return std::get<0>(*std::move(converted));
            } else {
                return *std::move(converted);
            }
        }
    }

    SignalConnection connection_;
};

}  // namespace detail

/// Waits for one emission of a signal. Made by signal(); await it once.
///
///     co_await signal(door, "opened");
///     const int damage = co_await signal<int>(player, "hit");
///     auto [slot, item] = co_await signal<int, Ref<Resource>>(inventory, "picked");
///     const Variant any = co_await Signal(door, "opened");       // whatever it comes with
///
/// It is connected at once, so an emission before the co_await is kept. The first emission counts.
/// The task resumes on the main thread wherever the signal was emitted, and never inside the
/// emission. Arguments convert as leniently as in a call from a script; an object that died since
/// the emission is null.
///
/// Threads:   main thread; made on another, it ends at once with WrongThread.
/// Cost:      one connection of the engine's; ended when the wait ends, in whatever way.
/// Lifetime:  keeps no count of the emitter: one that is freed ends the wait.
/// Throws:    at the co_await: EmitterFreed; UnknownSignal; ArgumentMismatch, other count or types
///            than asked for; NotSendable, emitted on another thread with an Array, Dictionary,
///            Callable, NodePath or uncounted object; RuntimeClosed, the engine is quitting.
template <class... Args>
class [[nodiscard]] SignalWait : public detail::SignalWaitBase<Args...> {
public:
    using Value = typename detail::SignalWaitBase<Args...>::Value;

    SignalWait(ObjectId emitter, const StringName& name)
        : detail::SignalWaitBase<Args...>(detail::SignalConnection(emitter, name)) {}

    Value await_resume() {
        std::string wrong;
        Outcome<Value> outcome = this->result(&wrong);
        if (!outcome)
            throw_async_error(outcome.error(), wrong.empty() ? this->connection_.name() : wrong);
        if constexpr (!std::is_void_v<Value>) return *std::move(outcome);
    }
};

/// Made by fallible().
template <class... Args>
class [[nodiscard]] FallibleSignalWait : public detail::SignalWaitBase<Args...> {
public:
    explicit FallibleSignalWait(SignalWait<Args...>&& wait) noexcept
        : detail::SignalWaitBase<Args...>(std::move(wait)) {}
    Outcome<typename detail::SignalWaitBase<Args...>::Value> await_resume() {
        return this->result(nullptr);
    }
};

/// See SignalWait. Without types, for a signal without arguments.
template <class... Args>
SignalWait<Args...> signal(const ObjectHandle& emitter, const StringName& name) {
    return {emitter.id(), name};
}
template <class... Args>
SignalWait<Args...> signal(const Signal& which) {
    return {which.object_id(), which.name()};
}

/// The same wait, returning what it would throw:
///
///     Outcome<int> damage = co_await fallible(signal<int>(player, "hit"));
///     if (!damage) co_return;   // damage.error() == AsyncErrorCode::EmitterFreed
template <class... Args>
FallibleSignalWait<Args...> fallible(SignalWait<Args...>&& wait) {
    return FallibleSignalWait<Args...>(std::move(wait));
}

}  // namespace nebula::godot

/// `co_await Signal(door, "opened")`: the untyped form, a Variant.
template <>
struct nebula::AwaitAs<nebula::godot::Signal> {
    static godot::SignalWait<godot::AnyArguments> make(const godot::Signal& which) {
        return {which.object_id(), which.name()};
    }
};
