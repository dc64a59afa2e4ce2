// SPDX-License-Identifier: MIT
#include "nebula/godot/binding/callable.hpp"

#include "nebula/base/thread_sanitizer.hpp"
#include "nebula/godot/api/builtin_methods.hpp"
#include "nebula/godot/api/globals.hpp"
#include "nebula/godot/binding/builtin_call.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/binding/method_bind.hpp"

#include <atomic>
#include <utility>

namespace nebula::godot {

static_assert(sizeof(Callable) == SizeOf::Callable && sizeof(Signal) == SizeOf::Signal,
              "the engine disagrees about the size of Callable or Signal");

namespace {

constexpr int kFromObjectAndName = 2;  // the constructor's index in the API dump

Mutex returns;

// A statistic: no other memory hangs on it, so relaxed is enough.
std::atomic<std::int64_t> live{0};

/// A CustomCall as a SharedCall that the engine alone has.
class OwnedCall final : public SharedCall {
public:
    OwnedCall(std::unique_ptr<CustomCall> call, std::string name) noexcept
        : call_(std::move(call)), name_(std::move(name)) {}

    void call(std::span<const Variant* const> arguments, Variant& result,
              GDExtensionCallError& error) override {
        result = call_->call(arguments, error);
    }
    void retain() noexcept override {}
    void released() noexcept override { delete this; }
    [[nodiscard]] std::string name() const override { return name_; }

private:
    std::unique_ptr<CustomCall> call_;
    std::string name_;
};

SharedCall& shared(void* userdata) { return *static_cast<SharedCall*>(userdata); }

void call_shared(void* userdata, const GDExtensionConstVariantPtr* arguments, GDExtensionInt count,
                 GDExtensionVariantPtr result, GDExtensionCallError* error) {
    *error = {GDEXTENSION_CALL_OK, 0, 0};
    try {
        // A Variant of ours is the engine's bytes, so a pointer to one is a pointer to the other.
        const std::span<const Variant* const> list(
            reinterpret_cast<const Variant* const*>(arguments), static_cast<std::size_t>(count));
        shared(userdata).call(list, *static_cast<Variant*>(result), *error);
    } catch (...) {
        report_current_exception(shared(userdata).name());
    }
    comes_before(userdata);  // the engine counts the copies: the last one's end is after all calls
}

void release_shared(void* userdata) {
    live.fetch_sub(1, std::memory_order_relaxed);  // no partner: a statistic
    comes_after(userdata);
    if (!is_main_thread()) CallableReturns::note(shared(userdata));
    shared(userdata).released();
}

void name_shared(void* userdata, GDExtensionBool* is_valid, GDExtensionStringPtr out) {
    *is_valid = 0;
    try {
        *static_cast<String*>(out) = String(shared(userdata).name());
        *is_valid = 1;
    } catch (...) {
        report_current_exception("the name of a callable");
    }
}

void call_with_variants(GDExtensionPtrBuiltInMethod method, const void* self,
                        const VarArgs& arguments) {
    const ArgumentPointers pointers({}, arguments);
    method(const_cast<void*>(self), pointers.data(), nullptr,
           static_cast<int32_t>(pointers.count()));
}

}  // namespace

CallableReturns::CallableReturns() noexcept { returns.lock(); }
CallableReturns::~CallableReturns() { returns.unlock(); }

void CallableReturns::note(SharedCall& call) noexcept {
    const MutexLock lock(returns);
    call.returned_elsewhere_ = true;
}

Callable::Callable(const ObjectHandle& object, const StringName& method)
    : BuiltinValue(Unconstructed{}) {
    GDExtensionObjectPtr pointer = object.ptr();
    const GDExtensionConstTypePtr arguments[] = {&pointer, method.data()};
    engine.variant_get_ptr_constructor(kVariantType, kFromObjectAndName)(data(), arguments);
}

Callable Callable::custom(std::unique_ptr<CustomCall> call, std::string name, ObjectId owner) {
    return shared(*new OwnedCall(std::move(call), std::move(name)), owner);
}

Callable Callable::shared(SharedCall& call, ObjectId owner) {
    GDExtensionCallableCustomInfo2 info{};
    info.callable_userdata = &call;
    info.token = engine.library;
    info.object_id = owner.value;
    info.call_func = call_shared;
    info.free_func = release_shared;
    info.to_string_func = name_shared;
    // Without functions for hash and order the engine takes call_func and the userdata: equal are
    // those of one object.
    call.retain();
    live.fetch_add(1, std::memory_order_relaxed);  // no partner: a statistic
    Callable callable{Unconstructed{}};
    engine.callable_custom_create2(callable.data(), &info);
    return callable;
}

bool Callable::is_null() const {
    return call_builtin<GDExtensionBool>(builtin.callable_is_null, data(), 0) != 0;
}

bool Callable::is_valid() const {
    return call_builtin<GDExtensionBool>(builtin.callable_is_valid, data(), 0) != 0;
}

ObjectId Callable::object_id() const {
    return {static_cast<std::uint64_t>(
        call_builtin<std::int64_t>(builtin.callable_get_object_id, data(), 0))};
}

StringName Callable::method() const {
    return call_builtin<StringName>(builtin.callable_get_method, data(), {});
}

bool Callable::is_method() const {
    if (call_builtin<GDExtensionBool>(builtin.callable_is_custom, data(), 0) == 0) return true;
    return call_builtin<std::int64_t>(builtin.callable_get_bound_arguments_count, data(), 0) > 0;
}

Variant Callable::callv(const Array& arguments) const {
    return call_builtin<Variant>(builtin.callable_callv, data(), {}, arguments.data());
}

void Callable::call_deferred(const VarArgs& arguments) const {
    call_with_variants(builtin.callable_call_deferred, data(), arguments);
}

std::int64_t live_callables() noexcept { return live.load(std::memory_order_relaxed); }

Signal::Signal(const ObjectHandle& object, const StringName& name) : BuiltinValue(Unconstructed{}) {
    GDExtensionObjectPtr pointer = object.ptr();
    const GDExtensionConstTypePtr arguments[] = {&pointer, name.data()};
    engine.variant_get_ptr_constructor(kVariantType, kFromObjectAndName)(data(), arguments);
}

bool Signal::is_null() const {
    return call_builtin<GDExtensionBool>(builtin.signal_is_null, data(), 0) != 0;
}

ObjectId Signal::object_id() const {
    return {static_cast<std::uint64_t>(
        call_builtin<std::int64_t>(builtin.signal_get_object_id, data(), 0))};
}

StringName Signal::name() const {
    return call_builtin<StringName>(builtin.signal_get_name, data(), {});
}

Error Signal::connect(const Callable& callable, std::int64_t flags) const {
    const GDExtensionConstTypePtr arguments[] = {callable.data(), &flags};
    std::int64_t error = 0;
    builtin.signal_connect(const_cast<void*>(data()), arguments, &error, 2);
    return static_cast<Error>(error);
}

void Signal::disconnect(const Callable& callable) const {
    const GDExtensionConstTypePtr argument = callable.data();
    builtin.signal_disconnect(const_cast<void*>(data()), &argument, nullptr, 1);
}

bool Signal::is_connected(const Callable& callable) const {
    return call_builtin<GDExtensionBool>(builtin.signal_is_connected, data(), 0, callable.data()) !=
           0;
}

void Signal::emit(const VarArgs& arguments) const {
    call_with_variants(builtin.signal_emit, data(), arguments);
}

}  // namespace nebula::godot
