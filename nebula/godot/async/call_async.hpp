// SPDX-License-Identifier: MIT
// Calling what may wait: a method of a script that awaits, or any other. README.md in this folder:
// "Awaiting a GDScript coroutine".
#pragma once

#include "nebula/godot/async/death_watch.hpp"
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

/// What await_variant() and call_async() have in common: a value that is there, or a signal that
/// will bring it, and the death of who would emit it.
class VariantWait : public Wait, private FramePoll {
public:
    bool await_ready() { return error_ || !later_ || later_->await_ready(); }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) {
        if (!later_->await_suspend(h)) return false;
        stand_for_wait_of(h);
        if (coroutine_.is_null()) return true;
        task_detail::TaskRecord& record = h.promise().record();
        // One wait with several ends: all end the wait that the signal's began.
        return watch_coroutine(Waker(record, record.wait_number()));
    }
    void stop_waiting() noexcept;

protected:
    explicit VariantWait(const char* reason) noexcept : Wait(reason, what) {}
    /// Before it is awaited: into a branch of a combination.
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
    void fail(AsyncErrorCode code, std::string why);

    /// The value, or nothing when it will not come: then error_ and why_ say why.
    std::optional<Variant> value();
    /// The same of a call: the NebulaTaskError of a task that gave no value is why it will not
    /// come.
    std::optional<Variant> called();

    std::optional<AsyncErrorCode> error_;
    std::string why_;  // of a call: which

private:
    static std::string what(const Wait& wait) { return static_cast<const VariantWait&>(wait).why_; }
    void poll() override;
    /// False when it has ended already.
    bool watch_coroutine(Waker waker);

    Variant value_;
    std::optional<SignalWait<AnyArguments>> later_;
    ObjectId coroutine_;  // its state, when that is what we wait for
    ObjectId callee_;     // the object whose coroutine it is, when known
    std::optional<DeathWatch> callee_died_;
    Waker waker_;
    bool stuck_ = false;            // the coroutine will never go on
    bool* gone_in_look_ = nullptr;  // while poll() looks: to be told of our end
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
/// script: waits when it holds a Signal, the state of a coroutine, or a NebulaTask; else goes on at
/// once with the value.
///
/// Throws:    at the co_await, as SignalWait; EmitterFreed also when nothing is left that could
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

/// Calls a method of any object and waits for what it returns, as `await object.method()` does in
/// a script: of a coroutine of GDScript, for its end; of everything else, not at all.
///
///     const int price = co_await call_async<int>(shop, "ask_price", item);
///     const Variant answer = co_await call_async(dialog, "run");
///
/// The call takes place at once, not at the co_await.
///
/// Threads:   main thread.
/// Lifetime:  keeps no count of the object. When it is freed meanwhile, its coroutine will never
///            go on: that ends the wait.
/// Throws:    at the co_await: EmitterFreed, the object is gone or nothing is left that could
///            resume its coroutine; NullObject; UnknownMethod; CallFailed, wrong arguments, or a
///            result that is no T; WrongThread; RuntimeClosed. A NebulaTaskError that comes back,
///            as of a task of C++, is thrown: CallFailed with its words, TaskCancelled, or
///            RuntimeClosed.
template <class T = Variant, class... Args>
AsyncCall<T> call_async(const ObjectHandle& object, const StringName& method, const Args&... args) {
    const std::array<Variant, sizeof...(Args)> arguments{Variant(args)...};
    return AsyncCall<T>(object.id(), method, arguments);
}

}  // namespace nebula::godot
