// SPDX-License-Identifier: MIT
// Callable, also made of a C++ closure, and Signal.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/godot/binding/builtin_value.hpp"
#include "nebula/godot/binding/object.hpp"
#include "nebula/godot/binding/string.hpp"
#include "nebula/godot/binding/variant.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string>

namespace nebula::godot {

enum class Error : std::int64_t;
class Array;

/// What a custom callable does. The engine owns it through the Callable and its copies.
///
/// Threads:   call() on whichever thread calls, emits or flushes; the destructor, exactly once, on
///            whichever thread drops the last copy: touch only what is safe there.
/// Throws:    call() may throw; it becomes an engine error that names the callable.
class CustomCall {
public:
    CustomCall() = default;
    CustomCall(const CustomCall&) = delete;
    CustomCall& operator=(const CustomCall&) = delete;
    virtual ~CustomCall() = default;

    /// `arguments` are borrowed until it returns. An argument that does not convert: set `error`,
    /// and the caller is told.
    virtual Variant call(std::span<const Variant* const> arguments,
                         GDExtensionCallError& error) = 0;
};

/// A custom callable whose object its maker shares with the engine, so that one block of memory is
/// both what is called and what the maker asks; the maker allocates and counts it as it likes.
///
/// All Callables made of one object are equal to the engine. So one that is connected can be
/// disconnected by another made for the purpose, without keeping a copy: a copy would keep
/// released() from telling that the connection is gone.
///
/// Threads:   call() on whichever thread calls or emits; released() on whichever drops the last
///            copy of a Callable; name() on any; retain() on the one that makes a Callable.
/// Throws:    call() may throw; it becomes an engine error that names the callable.
class SharedCall {
public:
    SharedCall() = default;
    SharedCall(const SharedCall&) = delete;
    SharedCall& operator=(const SharedCall&) = delete;

    /// `result` is null; leave it for none. The rest is as in CustomCall.
    virtual void call(std::span<const Variant* const> arguments, Variant& result,
                      GDExtensionCallError& error) = 0;
    /// By Callable::shared(), before the engine has it; and once for each of these, when the engine
    /// has dropped its last copy.
    virtual void retain() noexcept = 0;
    virtual void released() noexcept = 0;
    /// What the engine prints for it; made when somebody asks.
    [[nodiscard]] virtual std::string name() const = 0;

protected:
    ~SharedCall() = default;

private:
    friend class CallableReturns;
    bool returned_elsewhere_ = false;  // under the mutex of CallableReturns
};

/// While it exists, no other thread gets further in returning a callable of ours than to the call of
/// released(). So a counted object that still has a connection to such a callable is there until
/// then, whichever thread drops its last reference: it returns the callable before its memory goes.
/// Look the object up by its id after that.
///
/// Threads:   main thread. No script may run, and no callable may end, while it exists.
class CallableReturns {
public:
    CallableReturns() noexcept NEBULA_THREAD_ANNOTATION(no_thread_safety_analysis);
    CallableReturns(const CallableReturns&) = delete;
    CallableReturns& operator=(const CallableReturns&) = delete;
    ~CallableReturns() NEBULA_THREAD_ANNOTATION(no_thread_safety_analysis);
    /// Whether another thread has returned a callable of this object.
    [[nodiscard]] bool include(const SharedCall& call) const noexcept {
        return call.returned_elsewhere_;
    }

    /// For the engine's way back: another thread is about to call released().
    static void note(SharedCall& call) noexcept;
};

/// Something to call later: a method of an object, or a closure (make_callable, closure.hpp).
///
/// Threads:   copies may live on any thread. Never leave one of ours with the engine at unload:
///            its code would be gone (live_callables() counts them).
class Callable : public BuiltinValue<GDEXTENSION_VARIANT_TYPE_CALLABLE, 16> {
public:
    Callable() = default;
    Callable(const ObjectHandle& object, const StringName& method);

    /// \param name   what the engine prints for it.
    /// \param owner  when this object is freed, the engine disconnects and frees the callable.
    static Callable custom(std::unique_ptr<CustomCall> call, std::string name, ObjectId owner = {});
    static Callable shared(SharedCall& call, ObjectId owner = {});

    [[nodiscard]] bool is_null() const;
    [[nodiscard]] bool is_valid() const;
    [[nodiscard]] ObjectId object_id() const;
    /// That of the function behind all bind().
    [[nodiscard]] StringName method() const;
    /// Neither a lambda nor anything else with code of its own: a method of an object, with or without
    /// bound arguments.
    [[nodiscard]] bool is_method() const;
    Variant callv(const Array& arguments) const;
    /// Calls it later, from the engine's message queue.
    void call_deferred(const VarArgs& arguments = {}) const;

    friend bool operator==(const Callable& a, const Callable& b) { return a.equals(b); }

private:
    explicit Callable(Unconstructed tag) noexcept : BuiltinValue(tag) {}
};

/// A Callable's bytes without a share in it: for naming a connection to the engine where the engine
/// itself is known to have a copy, above all inside of a call by it.
///
/// Lifetime:  keeps nothing alive. get() while some copy of the Callable lives.
class CallableAlias {
public:
    CallableAlias() noexcept = default;
    explicit CallableAlias(const Callable& of) noexcept {
        std::memcpy(bytes_, of.data(), sizeof bytes_);
    }
    [[nodiscard]] const Callable& get() const noexcept {
        return *std::launder(reinterpret_cast<const Callable*>(bytes_));
    }

private:
    alignas(Callable) std::byte bytes_[sizeof(Callable)]{};
};

/// How many custom callables of ours exist. Threads: any thread.
[[nodiscard]] std::int64_t live_callables() noexcept;

/// One signal of one object.
class Signal : public BuiltinValue<GDEXTENSION_VARIANT_TYPE_SIGNAL, 16> {
public:
    Signal() = default;
    Signal(const ObjectHandle& object, const StringName& name);

    /// Of no object ever. Stays false when the object is freed: ask object_id().is_alive().
    [[nodiscard]] bool is_null() const;
    [[nodiscard]] ObjectId object_id() const;
    [[nodiscard]] StringName name() const;
    /// \param flags  of Object::ConnectFlags.
    Error connect(const Callable& callable, std::int64_t flags = 0) const;
    void disconnect(const Callable& callable) const;
    [[nodiscard]] bool is_connected(const Callable& callable) const;
    void emit(const VarArgs& arguments = {}) const;

    friend bool operator==(const Signal& a, const Signal& b) { return a.equals(b); }
};

}  // namespace nebula::godot
