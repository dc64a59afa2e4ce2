// SPDX-License-Identifier: MIT
// Every emission of a signal, in order. README.md in this folder: "A stream".
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/godot/runtime/signal_wait.hpp"
#include "nebula/task/when_full.hpp"

#include <array>
#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

namespace nebula::godot {

struct StreamOptions {
    std::size_t capacity = 0;  ///< How many emissions are kept until they are taken; 0: all.
    WhenFull when_full = WhenFull::DropOldest;
};

namespace detail {

/// A first-in-first-out queue that grows and never shrinks.
template <class T>
    requires std::is_trivially_copyable_v<T>
class Ring {
public:
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] const T& front() const noexcept { return slots_[first_]; }

    /// \throws std::bad_alloc, and then nothing has changed.
    void make_room(std::size_t more) {
        if (size_ + more <= room_) return;
        std::size_t room = room_ == 0 ? 16 : room_;
        while (room < size_ + more) room *= 2;
        auto slots = std::make_unique_for_overwrite<T[]>(room);
        for (std::size_t i = 0; i < size_; ++i) slots[i] = slots_[(first_ + i) & (room_ - 1)];
        slots_ = std::move(slots);
        room_ = room;
        first_ = 0;
    }
    void push(const T& value) noexcept { slots_[(first_ + size_++) & (room_ - 1)] = value; }
    [[nodiscard]] T pop() noexcept {
        const T value = front();
        first_ = (first_ + 1) & (room_ - 1);
        --size_;
        return value;
    }

private:
    std::unique_ptr<T[]> slots_;
    std::size_t room_ = 0;  // zero or a power of two
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

/// A queue of emissions: how many arguments each has, and the arguments of all of them in a row.
class EmissionQueue {
public:
    EmissionQueue() = default;
    EmissionQueue(const EmissionQueue&) = delete;
    EmissionQueue& operator=(const EmissionQueue&) = delete;
    ~EmissionQueue();

    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    /// Takes the arguments. `confined`: they could not cross threads, and there are none.
    /// \throws std::bad_alloc, and then nothing has changed.
    void push(SignalArguments& arguments, bool confined);
    void swap(EmissionQueue& other) noexcept {
        std::swap(entries_, other.entries_);
        std::swap(values_, other.values_);
    }
    /// Pops into `arguments`, which must be empty. Returns `confined`.
    bool pop(SignalArguments& arguments);

private:
    struct Entry {
        std::uint32_t count;
        bool confined;
    };
    struct alignas(Variant) Bytes {
        std::byte of_variant[sizeof(Variant)];
    };

    Ring<Entry> entries_;
    Ring<Bytes> values_;
};

/// What the engine calls and what the stream asks.
///
/// Threads:   any thread may emit the signal or destroy the emitter.
class StreamNode final : public SharedCall {
public:
    StreamNode(ObjectId emitter, const StringName& signal, StreamOptions options)
        : source{emitter, signal, {}}, options_(options) {}

    void connect(const ObjectHandle& object);
    void release() noexcept;
    void retain() noexcept override;

    void call(std::span<const Variant* const> came, Variant& result,
              GDExtensionCallError& call_error) override;
    void released() noexcept override { end(AsyncErrorCode::EmitterFreed), release(); }
    [[nodiscard]] std::string name() const override { return "stream of " + source.str(); }

    /// No emission is taken after this call. The first reason counts.
    void end(AsyncErrorCode why) noexcept;
    /// Ends the stream and the connection, and drops what is still queued.
    void leave(AsyncErrorCode why) noexcept;

    /// Whether take() has an answer that this turn may have.
    [[nodiscard]] bool ready();
    /// False if take() may be called now; otherwise the waker will be used.
    [[nodiscard]] bool listen(Waker waker);
    void stop_listening() noexcept;
    /// Moves the oldest emission into `arguments`, or returns why there is none. `listened`: the
    /// caller was listening, and stops.
    [[nodiscard]] std::optional<AsyncErrorCode> take(SignalArguments& arguments, bool listened);

    [[nodiscard]] std::size_t size();
    [[nodiscard]] std::uint64_t dropped();
    [[nodiscard]] bool ended();

    SignalName source;

private:
    friend class LiveStreams;

    ~StreamNode() = default;
    [[nodiscard]] bool has_answer() const NEBULA_REQUIRES(mutex_) {
        return queue_.size() > 0 || end_;
    }

    const StreamOptions options_;
    // Main thread. A task that emits its own signal would never find the queue empty. So in one
    // turn, which is one resume of a task, it gets only what was queued when the turn began. The
    // rest comes with the next pump.
    std::uint64_t turn_ = 0;
    std::size_t left_in_turn_ = 0;
    std::atomic<std::uint32_t> counts_{1};  // the stream, its waits, and the callable
    bool connected_ = false;                // main thread
    StreamNode* next_live_ = nullptr;       // main thread: the streams to end at shutdown
    StreamNode** live_link_ = nullptr;

    Mutex mutex_;
    EmissionQueue queue_ NEBULA_GUARDED_BY(mutex_);
    std::optional<AsyncErrorCode> end_ NEBULA_GUARDED_BY(mutex_);
    std::uint64_t dropped_ NEBULA_GUARDED_BY(mutex_) = 0;
    bool listening_ NEBULA_GUARDED_BY(mutex_) = false;
    Waker waker_ NEBULA_GUARDED_BY(mutex_);
};

/// A counted reference to a StreamNode.
class StreamCount {
public:
    explicit StreamCount(StreamNode& adopted) noexcept : node_(&adopted) {}
    StreamCount(const StreamCount& other) noexcept : node_(other.node_) { node_->retain(); }
    StreamCount(StreamCount&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
    StreamCount& operator=(const StreamCount&) = delete;
    ~StreamCount() {
        if (node_ != nullptr) node_->release();
    }
    explicit operator bool() const noexcept { return node_ != nullptr; }
    StreamNode* operator->() const noexcept { return node_; }

private:
    StreamNode* node_;
};

[[nodiscard]] StreamCount open_stream(const ObjectHandle& emitter, ObjectId id,
                                      const StringName& signal, StreamOptions options);

class NextEmissionBase : public Wait {
public:
    bool await_ready() { return node_->ready(); }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) {
        return listening_ = node_->listen(suspend(h));
    }
    void stop_waiting() noexcept {
        if (std::exchange(listening_, false)) node_->stop_listening();
    }

protected:
    explicit NextEmissionBase(StreamCount node) noexcept
        : Wait("signal stream", detail), node_(std::move(node)) {}
    NextEmissionBase(NextEmissionBase&& other) noexcept
        : Wait("signal stream", detail), node_(std::move(other.node_)) {}
    ~NextEmissionBase() { stop_waiting(); }

    // The wait ends here, although the object may stay in the task's frame much longer. Another
    // wait may listen by then, and our destructor must not stop it.
    [[nodiscard]] std::optional<AsyncErrorCode> take(SignalArguments& arguments) {
        return node_->take(arguments, std::exchange(listening_, false));
    }

    StreamCount node_;

private:
    static std::string detail(const Wait& wait) {
        return static_cast<const NextEmissionBase&>(wait).node_->source.detail();
    }

    bool listening_ = false;
};

}  // namespace detail

/// Made by SignalStream::next(). Returns an optional, which is empty at the end of the stream; for
/// a signal without arguments, a bool, which is false at the end.
template <class... Args>
class [[nodiscard]] NextEmission : public detail::NextEmissionBase {
public:
    explicit NextEmission(detail::StreamCount node) noexcept : NextEmissionBase(std::move(node)) {}

    auto await_resume() {
        detail::SignalArguments arguments;
        const auto error = take(arguments);
        using Given = decltype(detail::signal_value<Args...>(arguments.values()));
        if (error == AsyncErrorCode::EmitterFreed) return Given{};
        return detail::value_or_throw<Args...>(error, arguments.values(), node_->source);
    }
};

/// Made by fallible(): returns the end, and what next() would throw, as an error.
template <class... Args>
class [[nodiscard]] FallibleNextEmission : public detail::NextEmissionBase {
public:
    using Value = typename detail::SignalValue<Args...>::Type;

    explicit FallibleNextEmission(NextEmission<Args...>&& next) noexcept
        : NextEmissionBase(std::move(next)) {}

    Outcome<Value> await_resume() {
        detail::SignalArguments arguments;
        const auto error = take(arguments);
        return detail::value_or_error<Args...>(error, arguments.values());
    }
};

/// All emissions of a signal from now on, kept in order until they are taken. Made by stream().
///
///     auto hits = stream<int>(player, "hit");
///     while (auto damage = co_await hits.next()) health -= *damage;   // ends when the player dies
///
/// Nothing is lost between two calls of next(), however many emissions come and from any thread.
/// Emissions from before the emitter's death are still returned. With a capacity, emissions that do
/// not fit are dropped and counted. If an emission does not match the types, or may not leave its
/// thread, the next() that takes it throws, and the stream continues after it.
///
/// Threads:   main thread; one task at a time may wait for next(). Any thread may emit, with the
///            same arguments as for SignalWait.
/// Cost:      one connection in all; an emission takes a mutex and copies its arguments. The queue
///            keeps its memory, so in steady state nothing allocates.
/// Lifetime:  the connection ends with the stream, and a next() that still waits reaches the end.
///            Does not keep the emitter alive.
/// Throws:    next(), at the co_await: ArgumentMismatch and NotSendable for one emission;
///            NullObject, UnknownSignal, WrongThread and RuntimeClosed once, after which the stream
///            is at its end. A freed emitter is the end of the stream, also right at the start.
template <class... Args>
class [[nodiscard]] SignalStream {
public:
    explicit SignalStream(detail::StreamCount node) noexcept : node_(std::move(node)) {}
    SignalStream(SignalStream&&) noexcept = default;
    SignalStream& operator=(SignalStream&&) = delete;
    ~SignalStream() {
        if (node_) node_->leave(AsyncErrorCode::EmitterFreed);
    }

    NextEmission<Args...> next() { return NextEmission<Args...>(node_); }

    [[nodiscard]] std::size_t size() const { return node_->size(); }  ///< Queued, not yet taken.
    [[nodiscard]] std::uint64_t dropped() const { return node_->dropped(); }
    /// Whether no more will come; what is queued can still be taken.
    [[nodiscard]] bool ended() const { return node_->ended(); }

private:
    detail::StreamCount node_;
};

/// See SignalStream. Use it without types for a signal without arguments.
template <class... Args>
SignalStream<Args...> stream(const ObjectHandle& emitter, const StringName& name,
                             StreamOptions options = {}) {
    return SignalStream<Args...>(detail::open_stream(emitter, emitter.id(), name, options));
}
template <class... Args>
SignalStream<Args...> stream(const Signal& which, StreamOptions options = {}) {
    const ObjectId id = which.object_id();
    return SignalStream<Args...>(detail::open_stream(id.object(), id, which.name(), options));
}

/// The same, but returns the error instead of throwing it; the end is EmitterFreed.
template <class... Args>
FallibleNextEmission<Args...> fallible(NextEmission<Args...>&& next) {
    return FallibleNextEmission<Args...>(std::move(next));
}

/// Makes the main loop's shutdown end the streams that outlive their tasks. Called by entry.cpp
/// before register_engine_loop(), because hooks shut down in reverse order.
void register_signal_streams();

}  // namespace nebula::godot
