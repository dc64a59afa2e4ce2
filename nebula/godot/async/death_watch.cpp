// SPDX-License-Identifier: MIT
#include "nebula/godot/async/death_watch.hpp"

#include "nebula/base/mutex.hpp"
#include "nebula/godot/api/object.hpp"
#include "nebula/godot/api/ref_counted.hpp"
#include "nebula/godot/binding/callable.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/runtime/signal_wait.hpp"

#include <atomic>
#include <span>
#include <utility>

namespace nebula::godot {

namespace detail {

/// What the engine calls and what the watch asks; the callable's end is the object's.
class WatchState final : public SharedCall {
public:
    WatchState(ObjectId watched, const StringName& signal, bool signal_counts,
               SmallFunction<void()> on_event)
        : source_{watched, signal, {}},
          signal_counts_(signal_counts),
          on_event_(std::move(on_event)) {}

    /// From the watch's beginning: connects, or is told at once.
    void begin() {
        Object object(source_.emitter.object().ptr());
        // One that is counted may be dropped on another thread while we look at it. A count of ours
        // keeps it; one that is dying already has none to give.
        Ref<RefCounted> keep;
        if (const auto counted = cast_to<RefCounted>(object); counted) {
            if (counted.reference()) {
                keep = Ref<RefCounted>::adopt(counted.ptr());
            } else {
                object = Object();
            }
        }
        if (object && object.has_signal(source_.signal)) {
            // The connection alone keeps the callable, so the callable's end is the connection's.
            (void)object.connect(source_.signal, Callable::shared(*this));
        } else {
            const SmallFunction<void()> unused = take(Phase::Told);
        }
    }
    /// From the watch's end.
    void leave() noexcept {
        const SmallFunction<void()> unused = take(Phase::Left);
        disconnect(source_, *this);
        release();
    }
    [[nodiscard]] bool told() const noexcept {
        // acquire pairs with the release in take(): what the death made true is seen.
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
    /// The function goes to whoever comes first; the others get none.
    SmallFunction<void()> take(Phase phase) noexcept {
        Phase open = Phase::Open;
        // acq_rel: see told().
        if (!phase_.compare_exchange_strong(open, phase, std::memory_order_acq_rel)) return {};
        return std::move(on_event_);
    }

    SignalName source_;
    const bool signal_counts_;
    std::atomic<Phase> phase_{Phase::Open};
    SmallFunction<void()> on_event_;        // of whoever takes phase_ out of Open
    std::atomic<std::uint32_t> counts_{1};  // the watch, and each callable of the engine's
};

namespace {

// Any that every object has would do; this one is emitted seldom.
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

DeathWatch::~DeathWatch() { state_->leave(); }

bool DeathWatch::told() const noexcept { return state_->told(); }

}  // namespace nebula::godot
