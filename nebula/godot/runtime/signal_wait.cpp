// SPDX-License-Identifier: MIT
#include "nebula/godot/runtime/signal_wait.hpp"

#include "nebula/godot/api/builtin_methods.hpp"
#include "nebula/godot/api/object.hpp"
#include "nebula/godot/api/ref_counted.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"

#include <algorithm>

namespace nebula::godot::detail {
namespace {

class SignalCall final : public CustomCall {
public:
    explicit SignalCall(std::shared_ptr<SignalState> state) noexcept : state_(std::move(state)) {}
    ~SignalCall() override { state_->freed(); }

    Variant call(std::span<const Variant* const> arguments, GDExtensionCallError&) override {
        state_->emitted(arguments);
        return {};
    }
    [[nodiscard]] const void* identity() const noexcept override { return state_.get(); }

private:
    std::shared_ptr<SignalState> state_;
};

Callable callable_of(const std::shared_ptr<SignalState>& state) {
    // Without an owner: see README.md, "Tried and dropped".
    return Callable::custom(std::make_unique<SignalCall>(state), "co_await");
}

// Variants share a packed array itself, not only its content: the emitter may go on appending to
// it. Out of the Variant and into a new one, the content is shared by count and copied on write.
Variant unshared(const Variant& packed) {
    alignas(8) std::byte array[SizeOf::PackedByteArray];
    const Interface::BuiltinType& functions = engine.types[packed.type()];
    functions.from_variant(array, const_cast<void*>(packed.data()));
    Variant copy;
    functions.to_variant(copy.data(), array);
    functions.destroy(array);
    return copy;
}

// A copy that another thread may have; nothing for what is confined to the thread it is on.
std::optional<Variant> sendable_copy(const Variant& value) {
    const GDExtensionVariantType type = value.type();
    switch (type) {
        case GDEXTENSION_VARIANT_TYPE_OBJECT:
            // A counted object lives as long as the copy; any other may be freed at any moment.
            if (!value.object_id().is_null() && !value.try_to<Ref<RefCounted>>())
                return std::nullopt;
            return value;
        case GDEXTENSION_VARIANT_TYPE_NODE_PATH:  // fills caches while it is read
        case GDEXTENSION_VARIANT_TYPE_CALLABLE:
        case GDEXTENSION_VARIANT_TYPE_DICTIONARY:
        case GDEXTENSION_VARIANT_TYPE_ARRAY:
            return std::nullopt;
        default:
            return type < GDEXTENSION_VARIANT_TYPE_PACKED_BYTE_ARRAY ? value : unshared(value);
    }
}

}  // namespace

void SignalState::emitted(std::span<const Variant* const> arguments) {
    std::vector<Variant> kept;
    kept.reserve(arguments.size());
    const bool here = is_main_thread();
    for (const Variant* argument : arguments) {
        std::optional<Variant> copy = here ? *argument : sendable_copy(*argument);
        if (!copy) return finish(Phase::Confined, {});
        kept.push_back(*std::move(copy));
    }
    finish(Phase::Emitted, std::move(kept));
}

void SignalState::freed() noexcept { finish(Phase::Freed, {}); }

void SignalState::finish(Phase phase, std::vector<Variant> arguments) noexcept {
    Waker waker;
    {
        const MutexLock lock(mutex_);
        if (phase_ != Phase::Open) return;
        phase_ = phase;
        arguments_ = std::move(arguments);
        waker = std::move(waker_);
    }
    waker.wake();
}

bool SignalState::leave() noexcept {
    // What is dropped here may be the last of its kind and run anybody's code: outside the mutex.
    std::vector<Variant> arguments;
    Waker waker;
    const MutexLock lock(mutex_);
    arguments.swap(arguments_);
    waker = std::move(waker_);
    return std::exchange(phase_, Phase::Left) == Phase::Open;
}

bool SignalState::ended_or_keep(Waker waker) {
    const MutexLock lock(mutex_);
    if (phase_ != Phase::Open) return true;
    waker_ = std::move(waker);
    return false;
}

bool SignalState::ended() {
    const MutexLock lock(mutex_);
    return phase_ != Phase::Open;
}

Outcome<std::vector<Variant>> SignalState::take() {
    const MutexLock lock(mutex_);
    if (phase_ == Phase::Confined) return tl::unexpected(AsyncErrorCode::NotSendable);
    if (phase_ != Phase::Emitted) return tl::unexpected(AsyncErrorCode::EmitterFreed);
    return std::move(arguments_);
}

SignalConnection::SignalConnection(ObjectId emitter, const StringName& signal)
    : emitter_(emitter), signal_(signal) {
    if (!is_main_thread()) {
        error_ = AsyncErrorCode::WrongThread;
        return;
    }
    const EngineLoop* const loop = EngineLoop::get_if_running();
    if (loop == nullptr || loop->closing()) {
        error_ = AsyncErrorCode::RuntimeClosed;
        return;
    }
    const Object object(emitter.object().ptr());
    if (!object) {
        error_ = AsyncErrorCode::EmitterFreed;
        return;
    }
    emitter_class_ = object.get_class();
    if (!object.has_signal(signal)) {
        error_ = AsyncErrorCode::UnknownSignal;
        return;
    }
    state_ = std::make_shared<SignalState>();
    // The connection alone keeps the callable, so the callable's end is the connection's.
    (void)object.connect(signal, callable_of(state_),
                         static_cast<std::uint32_t>(Object::CONNECT_ONE_SHOT));
}

SignalConnection::~SignalConnection() {
    if (state_ && state_->leave()) disconnect();
}

void SignalConnection::disconnect() noexcept {
    const Object object(emitter_.object().ptr());
    if (!object) return;
    try {
        // A counted emitter may be dropped on another thread while we look at it. A count of ours
        // keeps it; one that is dying already has none to give.
        Ref<RefCounted> keep;
        if (const auto counted = cast_to<RefCounted>(object); counted) {
            if (!counted.reference()) return;
            keep = Ref<RefCounted>::adopt(counted.ptr());
        }
        // An emission that is just running has ended the connection and calls its snapshot.
        const Callable ours = callable_of(state_);
        if (object.has_signal(signal_) && object.is_connected(signal_, ours))
            object.disconnect(signal_, ours);
    } catch (...) {
        // Out of memory: the connection stays until its emission or its emitter's end, and does
        // nothing then.
    }
}

Outcome<std::vector<Variant>> SignalConnection::take() {
    if (error_) return tl::unexpected(*error_);
    return state_->take();
}

std::string SignalConnection::name() const {
    const std::string of =
        emitter_class_ == String() ? "an object that is gone" : "a " + emitter_class_.utf8();
    return "signal '" + signal_.utf8() + "' of " + of;
}

std::string SignalConnection::name_with(const std::vector<Variant>& arguments) const {
    std::string list;
    for (const Variant& argument : arguments)
        list += (list.empty() ? "" : ", ") + type_name(argument.type());
    return name() + " came with (" + list + ")";
}

void forget_dead_objects(std::vector<Variant>& arguments) {
    for (Variant& argument : arguments) {
        if (argument.type() != GDEXTENSION_VARIANT_TYPE_OBJECT) continue;
        if (!argument.object_id().is_alive()) argument = Variant();
    }
}

Variant as_one_variant(std::vector<Variant>&& arguments) {
    if (arguments.empty()) return {};
    if (arguments.size() == 1) return std::move(arguments.front());
    Array all;
    for (const Variant& argument : arguments) all.append(argument);
    return Variant(all);
}

}  // namespace nebula::godot::detail
