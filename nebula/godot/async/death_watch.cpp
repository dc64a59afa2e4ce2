// SPDX-License-Identifier: MIT
#include "nebula/godot/async/death_watch.hpp"

#include "nebula/base/mutex.hpp"
#include "nebula/godot/api/object.hpp"
#include "nebula/godot/api/ref_counted.hpp"
#include "nebula/godot/binding/callable.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/runtime/signal_wait.hpp"

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace nebula::godot {

namespace detail {

/// What the engine calls and what the watch asks. The callable ends when the object does.
class WatchState final : public SharedCall {
public:
    WatchState(ObjectId watched, const StringName& signal, bool signal_counts,
               SmallFunction<void()> on_event)
        : source_{watched, signal, {}},
          signal_counts_(signal_counts),
          on_event_(std::move(on_event)) {}

    /// Called when the watch begins: connects, or is told at once.
    void begin() {
        Object object(source_.emitter.object().ptr());
        // A counted object may be dropped on another thread while we look at it. Taking a count
        // keeps it alive; on an object that is already dying, that fails.
        Ref<RefCounted> keep;
        if (const auto counted = cast_to<RefCounted>(object); counted) {
            if (counted.reference()) {
                keep = Ref<RefCounted>::adopt(counted.ptr());
            } else {
                object = Object();
            }
        }
        if (object && object.has_signal(source_.signal)) {
            // Only the connection keeps the callable, so the callable ends with the connection.
            (void)object.connect(source_.signal, Callable::shared(*this));
        } else {
            const SmallFunction<void()> unused = take(Phase::Told);
        }
    }
    /// Called when the watch ends.
    void leave() noexcept {
        const SmallFunction<void()> unused = take(Phase::Left);
        // acquire pairs with the release in release(). Without a callable in the engine there is no
        // connection, and so nothing that would keep the object there while it is looked up.
        if (counts_.load(std::memory_order_acquire) > 1) disconnect(source_, *this);
        release();
    }
    [[nodiscard]] bool told() const noexcept {
        // acquire pairs with the release in take(): everything before the death is visible.
        return phase_.load(std::memory_order_acquire) == Phase::Told;
    }

    void call(std::span<const Variant* const>, Variant&, GDExtensionCallError&) override {
        if (signal_counts_) tell();
    }
    void retain() noexcept override {
        counts_.fetch_add(1, std::memory_order_relaxed);  // the caller's own count keeps us
    }
    void released() noexcept override {
        tell();
        release();
    }
    [[nodiscard]] std::string name() const override { return "Nebula.watch"; }

private:
    enum class Phase : std::uint8_t { Open, Told, Left };

    ~WatchState() = default;

    void release() noexcept {
        // acq_rel: the last release pairs with all earlier ones before the memory goes.
        if (counts_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }
    void tell() noexcept {
        if (SmallFunction<void()> function = take(Phase::Told)) function();
    }
    /// The first caller gets the function; the others get none.
    SmallFunction<void()> take(Phase phase) noexcept {
        Phase open = Phase::Open;
        // acq_rel: see told().
        if (!phase_.compare_exchange_strong(open, phase, std::memory_order_acq_rel)) return {};
        return std::move(on_event_);
    }

    SignalName source_;
    const bool signal_counts_;
    std::atomic<Phase> phase_{Phase::Open};
    SmallFunction<void()> on_event_;        // belongs to whoever takes phase_ out of Open
    std::atomic<std::uint32_t> counts_{1};  // the watch, and each callable in the engine
};

namespace {

// Any signal that every object has would do; this one is rarely emitted.
constinit StaticName any_signal{"script_changed"};

}  // namespace
}  // namespace detail

DeathWatch::DeathWatch(ObjectId watched, SmallFunction<void()> on_death)
    : DeathWatch(*new detail::WatchState(watched, detail::any_signal, false, std::move(on_death))) {
    state_->begin();  // should it throw, our destructor lets go of the state
}

DeathWatch::DeathWatch(ObjectId watched, const StringName& signal, SmallFunction<void()> on_event)
    : DeathWatch(*new detail::WatchState(watched, signal, true, std::move(on_event))) {
    state_->begin();
}

// The analyzer loses count of the references when it sees other sources beside this one.
// NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDelete)
DeathWatch::~DeathWatch() { state_->leave(); }

bool DeathWatch::told() const noexcept { return state_->told(); }

}  // namespace nebula::godot
