// SPDX-License-Identifier: MIT
#include "nebula/godot/runtime/signal_wait.hpp"

#include "nebula/godot/api/object.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"

#include <algorithm>

namespace nebula::godot::detail {
namespace {

class SignalCall final : public CustomCall {
public:
    explicit SignalCall(std::shared_ptr<SignalState> state) : state_(std::move(state)) {}
    ~SignalCall() override { state_->freed(); }

    Variant call(std::span<const Variant* const> arguments, GDExtensionCallError&) override {
        state_->emitted(arguments);
        return {};
    }

private:
    std::shared_ptr<SignalState> state_;
};

// What may be copied on one thread and read on another: plain values. Strings and containers share
// their content by counts that are safe, but a container's content is not; objects are not ours.
bool is_sendable(const Variant& value) {
    switch (value.type()) {
        case GDEXTENSION_VARIANT_TYPE_NODE_PATH:
        case GDEXTENSION_VARIANT_TYPE_CALLABLE:
        case GDEXTENSION_VARIANT_TYPE_SIGNAL:
        case GDEXTENSION_VARIANT_TYPE_OBJECT:
        case GDEXTENSION_VARIANT_TYPE_DICTIONARY:
        case GDEXTENSION_VARIANT_TYPE_ARRAY:
            return false;
        default:
            return true;
    }
}

}  // namespace

void SignalState::emitted(std::span<const Variant* const> arguments) {
    const bool main = is_main_thread();
    std::vector<Variant> kept;
    bool sendable = true;
    for (const Variant* argument : arguments)
        sendable = sendable && (main || is_sendable(*argument));
    if (sendable) {
        kept.reserve(arguments.size());
        for (const Variant* argument : arguments) kept.emplace_back(*argument);
    }
    {
        const std::lock_guard lock(mutex_);
        if (phase_ != Phase::Waiting) return;
        arguments_ = std::move(kept);
        on_main_thread_ = sendable;
    }
    finish(Phase::Emitted);
}

void SignalState::finish(Phase phase) noexcept {
    Waker waker;
    {
        const std::lock_guard lock(mutex_);
        if (phase_ != Phase::Waiting) return;
        phase_ = phase;
        waker = std::move(waker_);
    }
    waker.wake();
}

void SignalState::leave() noexcept {
    const std::lock_guard lock(mutex_);
    phase_ = Phase::Left;
    waker_ = {};
    arguments_.clear();
}

bool SignalState::ended_or_keep(Waker waker) {
    const std::lock_guard lock(mutex_);
    if (phase_ != Phase::Waiting) return true;
    waker_ = std::move(waker);
    return false;
}

bool SignalState::ended() {
    const std::lock_guard lock(mutex_);
    return phase_ != Phase::Waiting;
}

std::optional<std::vector<Variant>> SignalState::take() {
    const std::lock_guard lock(mutex_);
    if (phase_ != Phase::Emitted) return std::nullopt;
    return std::move(arguments_);
}

bool SignalState::emitted_on_main_thread() {
    const std::lock_guard lock(mutex_);
    return on_main_thread_;
}

SignalConnection::SignalConnection(const ObjectHandle& emitter, const StringName& signal)
    : state_(std::make_shared<SignalState>()), emitter_(emitter.id()), signal_(signal) {
    const Object object(emitter.ptr());
    if (!object) {
        error_ = AsyncErrorCode::EmitterFreed;
        name_ = "signal of a null object";
        return;
    }
    name_ = "signal '" + signal.utf8() + "' of a " + object.get_class().utf8();
    if (!object.has_signal(signal)) {
        error_ = AsyncErrorCode::UnknownSignal;
        return;
    }
    // Owned by the pump: at unload and at quit the engine drops every connection of ours at once.
    callable_ = Callable::custom(std::make_unique<SignalCall>(state_), "await " + name_,
                                 EngineLoop::get().pump_id());
    (void)object.connect(signal, callable_, static_cast<std::uint32_t>(Object::CONNECT_ONE_SHOT));
    callable_ = {};  // the connection alone keeps it: its end tells that the emitter is gone
}

SignalConnection::~SignalConnection() {
    if (state_) state_->leave();
}

Outcome<std::vector<Variant>> SignalConnection::take() {
    if (error_) return tl::unexpected(*error_);
    if (!state_->emitted_on_main_thread()) return tl::unexpected(AsyncErrorCode::NotSendable);
    auto arguments = state_->take();
    if (!arguments) return tl::unexpected(AsyncErrorCode::EmitterFreed);
    return *std::move(arguments);
}

}  // namespace nebula::godot::detail
