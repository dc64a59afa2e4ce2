// SPDX-License-Identifier: MIT
// Calling a method that may await, in a script or anywhere else. README.md in this folder:
// "Awaiting a GDScript coroutine".
#pragma once

#include "nebula/godot/async/death_watch.hpp"
#include "nebula/godot/binding/callable.hpp"
#include "nebula/godot/binding/variant.hpp"
#include "nebula/godot/runtime/frame_poll.hpp"
#include "nebula/godot/runtime/signal_wait.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/wait.hpp"

#include <array>
#include <coroutine>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace nebula::godot {

namespace detail {

/// Whether it is the state of a suspended coroutine of GDScript. Threads: any thread.
[[nodiscard]] bool is_coroutine_state(const ObjectHandle& object);

/// What await_variant() and call_async() have in common: a value that is already there, or a
/// signal that will deliver it, and the death of the object that would emit the signal.
class VariantWait : public Wait, private FramePoll {
public:
    bool await_ready() { return error_ || !later_ || later_->await_ready(); }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) {
        if (!later_->await_suspend(h)) return false;
        stand_for_wait_of(h);
        if (coroutine_.is_null()) return true;
        task_detail::TaskRecord& record = h.promise().record();
        // The wait can end in several ways. All of them end the wait that the signal wait began.
        return watch_coroutine(Waker(record, record.wait_number()));
    }
    void stop_waiting() noexcept;

protected:
    explicit VariantWait(const char* reason) noexcept : Wait(reason, what) {}
    /// Only before it is awaited: moves it into a branch of a combination.
    VariantWait(VariantWait&& other) noexcept
        : Wait(other.reason(), what),
          error_(other.error_),
          why_(std::move(other.why_)),
          value_(std::move(other.value_)),
          later_(std::move(other.later_)),
          coroutine_(other.coroutine_),
          callee_(other.callee_) {}
    ~VariantWait() override;

    /// Looks at a value as GDScript's await does.
    void wait_for(Variant value);
    void call(ObjectId object, const StringName& method, std::span<const Variant> arguments);
    void call(const Callable& function);
    void fail(AsyncErrorCode code, std::string why);

    /// The value, or nothing if it will not come; error_ and why_ then say why.
    std::optional<Variant> value();
    /// The same for a call. If the result is a NebulaTaskError, that is the reason why there is no
    /// value.
    std::optional<Variant> called();

    std::optional<AsyncErrorCode> error_;
    std::string why_;  // for a call: which one

private:
    static std::string what(const Wait& wait) { return static_cast<const VariantWait&>(wait).why_; }
    void poll() override;
    /// False if it has already ended.
    bool watch_coroutine(Waker waker);

    Variant value_;
    std::optional<SignalWait<AnyArguments>> later_;
    ObjectId coroutine_;  // the coroutine's state, if that is what we wait for
    ObjectId callee_;     // the object that the coroutine belongs to, if known
    std::optional<DeathWatch> callee_died_;
    Waker waker_;
    bool stuck_ = false;            // the coroutine will never continue
    bool* gone_in_look_ = nullptr;  // while poll() looks: set if this is destroyed meanwhile
    int frames_ = 0;
};

}  // namespace detail

/// Made by await_variant().
class AwaitVariant : public detail::VariantWait {
public:
    explicit AwaitVariant(Variant value) : VariantWait("value") { wait_for(std::move(value)); }
    Variant await_resume() {
        std::optional<Variant> got = value();
        if (!got) throw_async_error(*error_, why_);
        return *std::move(got);
    }
};

/// `const Variant got = co_await await_variant(v);` does with a Variant what `await` does in a
/// script: it waits if the Variant holds a Signal, the state of a coroutine, or a NebulaTask (also that of
/// another extension), and otherwise continues at once with the value.
///
/// Throws:    at the co_await, as SignalWait; EmitterFreed also if nothing is left that could
///            resume the coroutine.
[[nodiscard]] inline AwaitVariant await_variant(Variant value) {
    return AwaitVariant(std::move(value));
}

/// Made by call_async().
template <class T>
class [[nodiscard]] AsyncCall : public detail::VariantWait {
public:
    AsyncCall(ObjectId object, const StringName& method, std::span<const Variant> arguments)
        : VariantWait("call") {
        call(object, method, arguments);
    }
    explicit AsyncCall(const Callable& function) : VariantWait("call") { call(function); }

    T await_resume() {
        std::optional<Variant> got = called();
        if (!got) throw_async_error(*error_, why_);
        if constexpr (!std::is_void_v<T>) return convert(*got);
    }

private:
    template <class Result = T>
    Result convert(const Variant& got) {
        std::string type = type_name(got.type());
        try {
            if (std::optional<Result> value = got.try_to<Result>()) return *std::move(value);
        } catch (const std::out_of_range& error) {  // 300 for an int8_t
            type = error.what();
        }
        throw CallFailed(why_ + " gave another type: " + type);
    }
};

/// Calls a method of any object and waits for its result, as `await object.method()` does in a
/// script: if the method is a GDScript coroutine, it waits for its end; otherwise it does not wait.
///
///     const int price = co_await call_async<int>(shop, "ask_price", item);
///     const Variant answer = co_await call_async(dialog, "run");
///
/// The call takes place at once, not at the co_await.
///
/// Threads:   main thread.
/// Lifetime:  does not keep the object alive. If it is freed meanwhile, its coroutine will never
///            continue, and the wait ends.
/// Throws:    at the co_await: EmitterFreed if the object is gone or nothing is left that could
///            resume its coroutine; NullObject; UnknownMethod; CallFailed for wrong arguments or a
///            result that is not a T; WrongThread; RuntimeClosed. If the method returns a
///            NebulaTaskError, as a C++ task of this or another extension may, it is thrown as
///            CallFailed with its message, TaskCancelled, TimedOut, or RuntimeClosed.
template <class T = Variant, class... Args>
AsyncCall<T> call_async(const ObjectHandle& object, const StringName& method, const Args&... args) {
    const std::array<Variant, sizeof...(Args)> arguments{Variant(args)...};
    return AsyncCall<T>(object.id(), method, arguments);
}

/// The same for a Callable without arguments.
template <class T = Variant>
AsyncCall<T> call_async(const Callable& function) {
    return AsyncCall<T>(function);
}

}  // namespace nebula::godot
