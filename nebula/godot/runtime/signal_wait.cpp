// SPDX-License-Identifier: MIT
#include "nebula/godot/runtime/signal_wait.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/yield_point.hpp"
#include "nebula/godot/api/node.hpp"
#include "nebula/godot/api/object.hpp"
#include "nebula/godot/api/ref_counted.hpp"
#include "nebula/godot/binding/extension.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"
#include "nebula/task/detail/frame_pool.hpp"

#include <optional>

namespace nebula::godot::detail {

std::optional<AsyncErrorCode> SignalName::check(const ObjectHandle& object) {
    if (!is_main_thread()) return AsyncErrorCode::WrongThread;
    const EngineLoop* const loop = EngineLoop::get_if_running();
    if (loop == nullptr || loop->closing()) return AsyncErrorCode::RuntimeClosed;
    if (emitter.is_null()) return AsyncErrorCode::NullObject;
    if (!object) return AsyncErrorCode::EmitterFreed;
    engine.object_get_class_name(object.ptr(), engine.library, emitter_class.data());
    if (!Object(object.ptr()).has_signal(signal)) return AsyncErrorCode::UnknownSignal;
    return std::nullopt;
}

std::string SignalName::str() const {
    const std::string name = "signal '" + signal.utf8() + "' of ";
    if (emitter.is_null()) return name + "null";
    return name + (emitter_class == StringName() ? "a freed object" : "a " + emitter_class.utf8());
}

std::string SignalName::detail() const {
    std::string text = "'" + signal.utf8() + "' of " + emitter_class.utf8();
    if (emitter.is_counted()) return text;  // it may be dropped on another thread while we look
    // A Node that is being destroyed is no longer a Node to the engine, so it has no name here.
    const Node node = cast_to<Node>(emitter.object());
    if (const std::string name = node ? node.get_name().utf8() : ""; !name.empty())
        text += " '" + name + "'";
    return text;
}

namespace {

// The emitter that `call` is connected to, with a count of ours; null if it is gone. Another thread
// may drop its last reference at any time, so its memory could go between the look-up and the count.
Ref<RefCounted> counted_emitter(ObjectId id, const SharedCall& call) noexcept {
    const CallableReturns returns;
    if (returns.include(call)) return {};
    const RefCounted counted(id.object().ptr());
    NEBULA_YIELD_POINT();
    NEBULA_ASSERT(!counted || id.object(), "a counted object was freed while we looked at it");
    // On an emitter that is already dying, this fails.
    if (!counted || !counted.reference()) return {};
    return Ref<RefCounted>::adopt(counted.ptr());
}

}  // namespace

void disconnect(const SignalName& from, SharedCall& call) noexcept {
    // Another thread may free a node of ours that is outside the tree, and whose tasks end meanwhile.
    std::optional<DeparturesHeld> held;
    Ref<RefCounted> keep;
    Object object;
    if (from.emitter.is_counted()) {
        keep = counted_emitter(from.emitter, call);
        object = Object(keep.ptr());
    } else {
        if (is_main_thread()) {
            held.emplace();
            if (held->has_departed(from.emitter)) return;
        }
        object = Object(from.emitter.object().ptr());
    }
    if (!object) return;
    try {
        // A script may have ended the connection. Otherwise only this thread ends it, so what is
        // connected in the first line below is still connected in the second.
        const Callable ours = Callable::shared(call);
        if (object.has_signal(from.signal) && object.is_connected(from.signal, ours))
            object.disconnect(from.signal, ours);
    } catch (...) {
        // Out of memory: the connection stays until an emission or the emitter's end, and then does
        // nothing.
    }
}

void* SignalNode::operator new(std::size_t size) { return task_detail::allocate_frame(size); }
void SignalNode::operator delete(void* memory) noexcept { task_detail::free_frame(memory); }

void SignalNode::retain() noexcept {
    counts_.fetch_add(1, std::memory_order_relaxed);  // the caller's own count keeps us
}

void SignalNode::release() noexcept {
    // acq_rel: the last release pairs with all earlier ones before the memory goes.
    if (counts_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void SignalNode::connect(const ObjectHandle& object) {
    // Only the connection keeps the callable, so the callable ends with the connection. It has no
    // owner, and is not ONE_SHOT: see README.md, "Tried and dropped".
    const Callable ours = Callable::shared(*this);
    connected_ = CallableAlias(ours);
    (void)Object(object.ptr()).connect(source.signal, ours);
}

void SignalNode::disconnect_in_emission() noexcept {
    // The engine keeps the emitter while it emits, and the caller has a copy of the callable.
    const Object emitter(source.emitter.object().ptr());
    if (!emitter) return;  // then the caller is a script, not an emission
    try {
        // Another listener may just have ended the connection or removed the signal: the engine
        // calls from a snapshot.
        if (emitter.has_signal(source.signal) &&
            emitter.is_connected(source.signal, connected_.get()))
            emitter.disconnect(source.signal, connected_.get());
        disconnected_ = true;
    } catch (...) {
        // Out of memory: the awaiter will try again.
    }
}

void SignalNode::disconnect() noexcept {
    // acquire pairs with the release in release(): what the engine's callable did is visible.
    if (!disconnected_ && counts_.load(std::memory_order_acquire) > 1)
        detail::disconnect(source, *this);
}

void SignalNode::call(std::span<const Variant* const> came, Variant&, GDExtensionCallError&) {
    SignalArguments::Room room;
    try {
        room = SignalArguments::room_for(came.size());  // before the claim, which must be finished
    } catch (...) {
        fail(AsyncErrorCode::EmitterFreed);  // this wait has lost the emission
        throw;
    }
    if (!meeting.claim()) return;
    if (!arguments.copy_from(came, std::move(room))) error = AsyncErrorCode::NotSendable;
    // Only the main thread disconnects: after an emission on another thread, the awaiter does it.
    const bool on_main = is_main_thread();
    if (on_main) disconnect_in_emission();
    // resumes_inline is set and read on the main thread only.
    const bool here = on_main && resumes_inline;
    if (!meeting.finish(here ? OneShot::Resume::Here : OneShot::Resume::InPump)) arguments.clear();
}

void SignalNode::released() noexcept {
    fail(AsyncErrorCode::EmitterFreed);
    release();
}

void SignalNode::fail(AsyncErrorCode why) noexcept {
    if (!meeting.claim()) return;
    error = why;
    meeting.finish();
}

SignalConnection::SignalConnection(const ObjectHandle& emitter, ObjectId id,
                                   const StringName& signal)
    : SignalConnection(*new SignalNode(id, signal)) {
    // The node is already owned: if this throws, the destructor releases it.
    if (const auto error = node_->source.check(emitter)) {
        node_->fail(*error);
    } else {
        node_->connect(emitter);
    }
}

SignalConnection::~SignalConnection() {
    if (node_ == nullptr) return;
    if (node_->meeting.leave() == OneShot::Left::Ended) node_->arguments.clear();
    node_->disconnect();
    node_->release();
}

}  // namespace nebula::godot::detail
