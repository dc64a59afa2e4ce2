// SPDX-License-Identifier: MIT
// co_await of an engine signal, typed.
#pragma once

#include "nebula/godot/binding/callable.hpp"
#include "nebula/godot/binding/closure.hpp"
#include "nebula/godot/binding/marshal.hpp"
#include "nebula/godot/binding/object.hpp"
#include "nebula/godot/binding/string.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/wait.hpp"

#include <coroutine>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace detail {

/// What the engine's callable and the waiting task share. It outlives both.
///
/// Threads:   any thread: an emission, and the death of an emitter, happen where they happen.
class SignalState {
public:
    enum class Phase : std::uint8_t { Waiting, Emitted, Freed, Left };

    /// From the emission. Later ones, and those after the wait was left, change nothing: the engine
    /// goes on calling a snapshot of its connections even after a disconnect.
    void emitted(std::span<const Variant* const> arguments);
    /// From the callable's end: nobody will call it any more.
    void freed() noexcept { finish(Phase::Freed); }
    /// From the awaiter's destructor.
    void leave() noexcept;

    /// Whether it ended already; else the waker is kept and will be used.
    [[nodiscard]] bool ended_or_keep(Waker waker);
    [[nodiscard]] bool ended();

    /// After the end: the arguments, or nothing when the emitter was freed. Main thread.
    [[nodiscard]] std::optional<std::vector<Variant>> take();
    [[nodiscard]] bool emitted_on_main_thread();

private:
    void finish(Phase phase) noexcept;

    std::mutex mutex_;
    Phase phase_ = Phase::Waiting;
    bool on_main_thread_ = true;
    std::vector<Variant> arguments_;
    Waker waker_;
};

/// The part of a signal wait that does not depend on its types.
class SignalConnection {
public:
    /// Connects at once, so that an emission between here and the co_await is kept. A dead object
    /// or an unknown signal is found out before the engine is asked, which would print an error.
    SignalConnection(const ObjectHandle& emitter, const StringName& signal);
    SignalConnection(SignalConnection&& other) noexcept = default;
    SignalConnection& operator=(SignalConnection&&) = delete;
    ~SignalConnection();

    /// Set when the wait could not even begin.
    [[nodiscard]] const std::optional<AsyncErrorCode>& error() const noexcept { return error_; }
    [[nodiscard]] SignalState& state() noexcept { return *state_; }
    /// "door_opened of Node3D", for messages.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// The arguments as they came, or why there are none.
    [[nodiscard]] Outcome<std::vector<Variant>> take();

private:
    std::shared_ptr<SignalState> state_;
    std::optional<AsyncErrorCode> error_;
    ObjectId emitter_;
    StringName signal_;
    Callable callable_;
    std::string name_;
};

/// void for none, T for one, std::tuple for more: as GDScript's await.
template <class... Args>
struct SignalValue {
    using Type = std::tuple<Args...>;
    static Type make(std::tuple<Args...>&& all) { return std::move(all); }
};
template <class Arg>
struct SignalValue<Arg> {
    using Type = Arg;
    static Type make(std::tuple<Arg>&& all) { return std::get<0>(std::move(all)); }
};
template <>
struct SignalValue<> {
    using Type = void;
};

/// Converts all or says which does not fit.
template <class... Args, std::size_t... kIndex>
std::optional<std::tuple<Args...>> convert_arguments(const std::vector<Variant>& from,
                                                     std::index_sequence<kIndex...>) {
    if (from.size() != sizeof...(Args)) return std::nullopt;
    std::tuple<std::optional<Args>...> converted{Marshal<Args>::from_variant(from[kIndex])...};
    if (!(std::get<kIndex>(converted) && ...)) return std::nullopt;
    return std::tuple<Args...>(*std::move(std::get<kIndex>(converted))...);
}

}  // namespace detail

/// Waits for one emission of a signal. Made by signal(); await it once.
///
///     auto [slot, item] = co_await signal<int, Ref<Resource>>(inventory, "picked");
///     co_await signal(door, "opened");                       // throws EmitterFreed if the door
///     dies Outcome<void> opened = co_await signal(door, "opened").fallible();
///
/// The connection is made at once, the task resumes in the pump after the emission, on the main
/// thread, wherever the signal was emitted. The first emission counts.
///
/// Threads:   main thread.
/// Cost:      one connection of the engine's, freed with the wait.
/// Lifetime:  keeps no count of the emitter: one that is freed ends the wait with an error.
/// Throws:    at the co_await: EmitterFreed, UnknownSignal, ArgumentMismatch (other count or types
///            than asked for), NotSendable (emitted on another thread with arguments that are
///            confined to it).
template <class... Args>
class SignalWait : public Wait {
public:
    using Value = typename detail::SignalValue<Args...>::Type;

    SignalWait(const ObjectHandle& emitter, const StringName& name)
        : Wait("signal"), connection_(emitter, name) {}

    bool await_ready() { return connection_.error().has_value() || connection_.state().ended(); }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) {
        return !connection_.state().ended_or_keep(suspend(h));
    }
    Value await_resume() {
        Outcome<Value> outcome = result();
        if (!outcome) throw_async_error(outcome.error(), connection_.name());
        if constexpr (!std::is_void_v<Value>) return *std::move(outcome);
    }

    /// The form that returns what the other throws.
    auto fallible() && { return Fallible(std::move(*this)); }

protected:
    SignalWait(SignalWait&& other) noexcept
        : Wait("signal"), connection_(std::move(other.connection_)) {}

    Outcome<Value> result() {
        Outcome<std::vector<Variant>> arguments = connection_.take();
        if (!arguments) return tl::unexpected(arguments.error());
        auto converted =
            detail::convert_arguments<Args...>(*arguments, std::index_sequence_for<Args...>{});
        if (!converted) return tl::unexpected(AsyncErrorCode::ArgumentMismatch);
        if constexpr (std::is_void_v<Value>) {
            return {};
        } else {
            return detail::SignalValue<Args...>::make(*std::move(converted));
        }
    }

private:
    class Fallible;

    detail::SignalConnection connection_;
};

template <class... Args>
class SignalWait<Args...>::Fallible : public SignalWait<Args...> {
public:
    explicit Fallible(SignalWait&& wait) noexcept : SignalWait(std::move(wait)) {}
    Outcome<Value> await_resume() { return this->result(); }
};

/// See SignalWait. Without types, for a signal without arguments.
template <class... Args>
[[nodiscard]] SignalWait<Args...> signal(const ObjectHandle& emitter, const StringName& name) {
    return {emitter, name};
}

}  // namespace nebula::godot
