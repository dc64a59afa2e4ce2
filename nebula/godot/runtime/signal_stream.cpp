// SPDX-License-Identifier: MIT
#include "nebula/godot/runtime/signal_stream.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/godot/api/object.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace nebula::godot {
namespace detail {

EmissionQueue::~EmissionQueue() {
    // In place, because taking them out may need memory.
    while (values_.size() > 0) {
        Bytes value = values_.pop();
        std::destroy_at(reinterpret_cast<Variant*>(value.of_variant));
    }
}

void EmissionQueue::push(SignalArguments& arguments, bool confined) {
    entries_.make_room(1);
    values_.make_room(arguments.size());
    const std::size_t count = arguments.size();
    entries_.push({static_cast<std::uint32_t>(count), confined});
    const std::byte* from = arguments.give_bytes();
    for (std::size_t i = 0; i < count; ++i, from += sizeof(Bytes)) {
        Bytes value;
        std::memcpy(&value, from, sizeof value);
        values_.push(value);
    }
}

bool EmissionQueue::pop(SignalArguments& arguments) {
    // The analyzer does not follow the pointer into take_bytes().
    // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks)
    auto room = SignalArguments::room_for(entries_.front().count);
    const Entry entry = entries_.pop();
    std::byte* to = arguments.take_bytes(entry.count, std::move(room));
    for (std::uint32_t i = 0; i < entry.count; ++i, to += sizeof(Bytes)) {
        const Bytes value = values_.pop();
        std::memcpy(to, &value, sizeof value);
    }
    return entry.confined;
}

/// The connected streams, for shutdown. Threads: main thread.
class LiveStreams {
public:
    void add(StreamNode& node) noexcept {
        node.next_live_ = first_;
        node.live_link_ = &first_;
        if (first_ != nullptr) first_->live_link_ = &node.next_live_;
        first_ = &node;
    }
    static void remove(StreamNode& node) noexcept {
        *node.live_link_ = node.next_live_;
        if (node.next_live_ != nullptr) node.next_live_->live_link_ = node.live_link_;
    }
    void end_all() noexcept {
        while (first_ != nullptr) first_->leave(AsyncErrorCode::RuntimeClosed);
    }

private:
    StreamNode* first_ = nullptr;
};

namespace {
constinit LiveStreams live;
}

void StreamNode::retain() noexcept {
    counts_.fetch_add(1, std::memory_order_relaxed);  // the caller's own count keeps us
}

void StreamNode::release() noexcept {
    // acq_rel: the last release pairs with all earlier ones before the memory goes.
    if (counts_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void StreamNode::connect(const ObjectHandle& object) {
    (void)Object(object.ptr()).connect(source.signal, Callable::shared(*this));
    connected_ = true;
    live.add(*this);
}

void StreamNode::call(std::span<const Variant* const> came, Variant&, GDExtensionCallError&) {
    // Declared before the lock: what is dropped may be a last reference, and its destructor may run
    // foreign code, which must not run under the mutex.
    SignalArguments dropped;
    SignalArguments arguments;
    // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): as in pop()
    const bool confined = !arguments.copy_from(came, SignalArguments::room_for(came.size()));
    Waker waker;
    {
        const MutexLock lock(mutex_);
        if (end_) return;
        if (options_.capacity != 0 && queue_.size() >= options_.capacity) {
            ++dropped_;
            if (options_.when_full == WhenFull::DropNewest) return;
            (void)queue_.pop(dropped);
        }
        queue_.push(arguments, confined);
        waker = std::move(waker_);
    }
    waker.wake();
}

void StreamNode::end(AsyncErrorCode why) noexcept {
    Waker waker;
    {
        const MutexLock lock(mutex_);
        if (end_) return;
        end_ = why;
        waker = std::move(waker_);
    }
    waker.wake();
}

void StreamNode::leave(AsyncErrorCode why) noexcept {
    end(why);
    if (std::exchange(connected_, false)) {
        LiveStreams::remove(*this);
        disconnect(source, *this);
    }
    EmissionQueue forgotten;
    const MutexLock lock(mutex_);
    queue_.swap(forgotten);
}

bool StreamNode::ready() {
    EngineLoop* const loop = EngineLoop::get_if_running();
    const std::uint64_t turn = loop != nullptr ? loop->runtime().pump_stats().resumes : turn_ + 1;
    const MutexLock lock(mutex_);
    if (turn != std::exchange(turn_, turn)) left_in_turn_ = queue_.size();
    return queue_.size() > 0 ? left_in_turn_ > 0 : end_.has_value();
}

bool StreamNode::listen(Waker waker) {
    {
        const MutexLock lock(mutex_);
        NEBULA_ASSERT(!listening_,
                      "another task already waits for the next emission of this "
                      "stream; only one may");
        if (queue_.size() == 0 && end_) return false;
        listening_ = true;
        if (queue_.size() == 0) {
            waker_ = std::move(waker);
            return true;
        }
    }
    waker.wake();  // emissions that came during this turn belong to the next one
    return true;
}

void StreamNode::stop_listening() noexcept {
    const MutexLock lock(mutex_);
    waker_ = {};
    listening_ = false;
}

std::optional<AsyncErrorCode> StreamNode::take(SignalArguments& arguments, bool listened) {
    const MutexLock lock(mutex_);
    if (listened) listening_ = false;
    NEBULA_ASSERT(has_answer(), "next() of a stream was resumed without an emission");
    // An error is reported once; after it comes the end.
    if (left_in_turn_ > 0) --left_in_turn_;
    if (queue_.size() == 0) return std::exchange(end_, AsyncErrorCode::EmitterFreed);
    if (queue_.pop(arguments)) return AsyncErrorCode::NotSendable;
    return std::nullopt;
}

std::size_t StreamNode::size() {
    const MutexLock lock(mutex_);
    return queue_.size();
}

std::uint64_t StreamNode::dropped() {
    const MutexLock lock(mutex_);
    return dropped_;
}

bool StreamNode::ended() {
    const MutexLock lock(mutex_);
    return end_.has_value();
}

StreamCount open_stream(const ObjectHandle& emitter, ObjectId id, const StringName& signal,
                        StreamOptions options) {
    StreamCount node(*new StreamNode(id, signal, options));
    if (const auto error = node->source.check(emitter)) {
        node->end(*error);
    } else {
        node->connect(emitter);
    }
    return node;
}

}  // namespace detail

void register_signal_streams() {
    add_main_loop_hooks({.shutdown = [] { detail::live.end_all(); }});
}

}  // namespace nebula::godot
