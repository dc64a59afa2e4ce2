// SPDX-License-Identifier: MIT
// Waits for tweens, animations, timers and requests, which also end when the thing is stopped: the
// engine then emits nothing, and a plain signal wait would never end.
#pragma once

#include "nebula/godot/api/animation_player.hpp"
#include "nebula/godot/api/http_request.hpp"
#include "nebula/godot/api/node.hpp"
#include "nebula/godot/api/timer.hpp"
#include "nebula/godot/api/tween.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/binding/string.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"
#include "nebula/godot/runtime/frame_poll.hpp"
#include "nebula/godot/runtime/signal_wait.hpp"
#include "nebula/task/wait.hpp"

#include <coroutine>
#include <cstdint>
#include <utility>

namespace nebula::godot {

namespace detail {

/// A signal wait that a look once a frame may end early. `Look` says why, or null while there is
/// hope; it is asked at the frame's end, when whatever the frame emitted is known.
template <class Look, class... Args>
class WatchedWait : public Wait, private FramePoll {
public:
    WatchedWait(const char* reason, const ObjectHandle& emitter, const StringName& name, Look look)
        : Wait(reason), signal_(signal<Args...>(emitter, name)), look_(std::move(look)) {}
    /// Before it is awaited: into a branch of a combination.
    WatchedWait(WatchedWait&& other) noexcept
        : Wait(other.reason()), signal_(std::move(other.signal_)), look_(std::move(other.look_)) {}

    bool await_ready() { return signal_.await_ready(); }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) {
        if (!signal_.await_suspend(h)) return false;
        stand_for_wait_of(h);
        // One wait with two ends: both end the wait that the signal's began.
        task_detail::TaskRecord& record = h.promise().record();
        waker_ = Waker(record, record.wait_number());
        EngineLoop::get().poll_each_frame(*this);
        return true;
    }
    void stop_waiting() noexcept {
        signal_.stop_waiting();
        unlink();
        waker_ = {};
        why_ = nullptr;
    }
    decltype(auto) await_resume() {
        if (!signal_.await_ready()) throw Interrupted(why_ != nullptr ? why_ : "");
        return signal_.await_resume();
    }

protected:
    [[nodiscard]] Look& look() noexcept { return look_; }

private:
    void poll() override {
        if (why_ != nullptr || signal_.await_ready()) return;
        why_ = look_();
        if (why_ != nullptr) waker_.wake();
    }

    SignalWait<Args...> signal_;
    Look look_;
    Waker waker_;
    const char* why_ = nullptr;
};

class TweenLook {
public:
    explicit TweenLook(Ref<Tween> tween) : tween_(std::move(tween)) {}
    const char* operator()() const { return tween_->is_valid() ? nullptr : "a Tween was killed"; }

private:
    Ref<Tween> tween_;  // so that a tween nobody else holds is waited for, too
};

class TimerLook {
public:
    explicit TimerLook(ObjectId timer) noexcept : timer_(timer) {}
    const char* operator()() const;

private:
    ObjectId timer_;
};

class AnimationLook {
public:
    explicit AnimationLook(const AnimationPlayer& player);
    /// The signals it asks have no waker: the frame's end is early enough to hear of them.
    const char* operator()() {
        return changed_.await_ready() || next_one_.await_ready() ? "it was stopped" : nullptr;
    }
    [[nodiscard]] bool plays() const noexcept { return plays_; }
    /// Whether it ended and a queued animation followed: then nothing says "finished".
    [[nodiscard]] bool was_followed();
    [[nodiscard]] const StringName& animation() const noexcept { return animation_; }

private:
    StringName animation_;
    bool plays_;
    SignalWait<AnyArguments> changed_;             // stopped, or another is played
    SignalWait<StringName, StringName> next_one_;  // it has ended, and a queued one is played
};

class HttpLook {
public:
    explicit HttpLook(ObjectId request) noexcept : request_(request) {}
    const char* operator()();

private:
    ObjectId request_;
    int idle_frames_ = 0;
};

}  // namespace detail

/// Made by finished().
class [[nodiscard]] TweenWait : public detail::WatchedWait<detail::TweenLook> {
public:
    explicit TweenWait(const Ref<Tween>& tween)
        : WatchedWait("tween", tween.handle(), "finished", detail::TweenLook(tween)) {}
};

/// `co_await finished(tween);` waits until the tween has finished all its steps and loops.
///
/// Threads:   main thread.
/// Lifetime:  keeps the tween, so it need not be kept elsewhere.
/// Throws:    Interrupted when it is killed, also by the end of the node it is bound to; as
///            SignalWait.
inline TweenWait finished(const Ref<Tween>& tween) { return TweenWait(tween); }

/// Made by timer_timeout().
class [[nodiscard]] TimerWait : public detail::WatchedWait<detail::TimerLook> {
public:
    explicit TimerWait(const Timer& timer)
        : WatchedWait("timer", timer, "timeout", detail::TimerLook(timer.id())) {}
};

/// `co_await timer_timeout(timer);` waits for a Timer node. (Of a SceneTreeTimer nothing is to be
/// watched: `co_await signal(timer, "timeout")`; for time alone, sleep_for().)
///
/// Throws:    Interrupted when it is stopped; as SignalWait.
inline TimerWait timer_timeout(const Timer& timer) { return TimerWait(timer); }

/// Made by animation_finished().
class [[nodiscard]] AnimationWait : public detail::WatchedWait<detail::AnimationLook, StringName> {
public:
    explicit AnimationWait(const AnimationPlayer& player)
        : WatchedWait("animation", player, "animation_finished", detail::AnimationLook(player)) {}

    bool await_ready() { return !look().plays() || WatchedWait::await_ready(); }
    StringName await_resume();
};

/// `player.play("open"); co_await animation_finished(player);` waits for the end of what is played
/// now, and gives its name. A pause is no end. One that loops ends only by being stopped.
///
/// Throws:    Interrupted when nothing is played, when it is stopped, and when another animation
///            is played instead; as SignalWait.
inline AnimationWait animation_finished(const AnimationPlayer& player) {
    return AnimationWait(player);
}

/// What came back.
struct HttpReply {
    std::int64_t result = 0;  ///< Of HTTPRequest.Result: 0 is success.
    std::int64_t status = 0;  ///< 200, 404, …
    PackedStringArray headers;
    PackedByteArray body;
};

/// Made by request_completed().
class [[nodiscard]] HttpWait
    : public detail::WatchedWait<detail::HttpLook, std::int64_t, std::int64_t, PackedStringArray,
                                 PackedByteArray> {
public:
    explicit HttpWait(const HTTPRequest& request)
        : WatchedWait("http request", request, "request_completed",
                      detail::HttpLook(request.id())) {}
    HttpReply await_resume() {
        auto [result, status, headers, body] = WatchedWait::await_resume();
        return {result, status, std::move(headers), std::move(body)};
    }
};

/// `request.request(url); const HttpReply reply = co_await request_completed(request);`
///
/// Throws:    Interrupted when the request is cancelled, or none is on its way; as SignalWait. A
///            request that fails is a reply: look at its result.
inline HttpWait request_completed(const HTTPRequest& request) { return HttpWait(request); }

/// `co_await tree_exited(node);` waits until the node has left the tree; not at all when it is in
/// none. Throws as SignalWait.
class [[nodiscard]] TreeExit : public Wait {
public:
    explicit TreeExit(const Node& node)
        : Wait("tree exit"),
          inside_(!node ||
                  node.is_inside_tree()),  // the signal's wait tells what is wrong with null
          signal_(signal<>(node, "tree_exited")) {}
    TreeExit(TreeExit&& other) noexcept  ///< Before it is awaited.
        : Wait(other.reason()), inside_(other.inside_), signal_(std::move(other.signal_)) {}
    bool await_ready() { return !inside_ || signal_.await_ready(); }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) {
        if (!signal_.await_suspend(h)) return false;
        stand_for_wait_of(h);
        return true;
    }
    void stop_waiting() noexcept { signal_.stop_waiting(); }
    void await_resume() {
        if (inside_) signal_.await_resume();
    }

private:
    bool inside_;
    SignalWait<> signal_;
};
inline TreeExit tree_exited(const Node& node) { return TreeExit(node); }

}  // namespace nebula::godot
