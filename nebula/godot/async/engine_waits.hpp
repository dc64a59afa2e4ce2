// SPDX-License-Identifier: MIT
// Waits for tweens, animations, timers and requests. They also end when the object is stopped: the
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

/// A signal wait that a check once a frame may end early. `Look` returns why it must end, or null
/// while the signal may still come. It is asked at the end of the frame, when everything that the
/// frame emitted is known.
template <class Look, class... Args>
class WatchedWait : public Wait, private FramePoll {
public:
    WatchedWait(const char* reason, const ObjectHandle& emitter, const StringName& name, Look look)
        : Wait(reason), signal_(signal<Args...>(emitter, name)), look_(std::move(look)) {}
    /// Only before it is awaited: moves it into a branch of a combination.
    WatchedWait(WatchedWait&& other) noexcept
        : Wait(other.reason()), signal_(std::move(other.signal_)), look_(std::move(other.look_)) {}

    bool await_ready() { return signal_.await_ready(); }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) {
        if (!signal_.await_suspend(h)) return false;
        stand_for_wait_of(h);
        // The wait can end in two ways. Both end the wait that the signal wait began.
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
    Ref<Tween> tween_;  // keeps a tween that nobody else holds
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
    /// Its signal waits have no waker: it is enough to check them at the end of the frame.
    const char* operator()() {
        return changed_.await_ready() || next_one_.await_ready() ? "it was stopped" : nullptr;
    }
    [[nodiscard]] bool plays() const noexcept { return plays_; }
    /// Whether it ended and a queued animation followed: `animation_finished` is not emitted then.
    [[nodiscard]] bool was_followed();
    [[nodiscard]] const StringName& animation() const noexcept { return animation_; }

private:
    StringName animation_;
    bool plays_;
    SignalWait<AnyArguments> changed_;             // it was stopped, or another one was started
    SignalWait<StringName, StringName> next_one_;  // it has ended, and a queued one has started
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
/// Lifetime:  keeps the tween alive.
/// Throws:    Interrupted if the tween is killed, also by the death of the node it is bound to; as
///            SignalWait.
inline TweenWait finished(const Ref<Tween>& tween) { return TweenWait(tween); }

/// Made by timer_timeout().
class [[nodiscard]] TimerWait : public detail::WatchedWait<detail::TimerLook> {
public:
    explicit TimerWait(const Timer& timer)
        : WatchedWait("timer", timer, "timeout", detail::TimerLook(timer.id())) {}
};

/// `co_await timer_timeout(timer);` waits for a Timer node. (A SceneTreeTimer cannot be stopped, so
/// `co_await signal(timer, "timeout")` is enough. To wait for time alone, use sleep_for().)
///
/// Throws:    Interrupted if the timer is stopped; as SignalWait.
inline TimerWait timer_timeout(const Timer& timer) { return TimerWait(timer); }

/// Made by animation_finished().
class [[nodiscard]] AnimationWait : public detail::WatchedWait<detail::AnimationLook, StringName> {
public:
    explicit AnimationWait(const AnimationPlayer& player)
        : WatchedWait("animation", player, "animation_finished", detail::AnimationLook(player)) {}

    bool await_ready() { return !look().plays() || WatchedWait::await_ready(); }
    StringName await_resume();
};

/// `player.play("open"); co_await animation_finished(player);` waits for the end of the animation
/// that is playing, and returns its name. A pause does not end the wait. A looping animation ends
/// only when it is stopped.
///
/// Throws:    Interrupted if nothing is playing, if the animation is stopped, or if another one is
///            started instead; as SignalWait.
inline AnimationWait animation_finished(const AnimationPlayer& player) {
    return AnimationWait(player);
}

/// The reply to a request.
struct HttpReply {
    std::int64_t result = 0;  ///< One of HTTPRequest.Result: 0 is success.
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
/// Throws:    Interrupted if the request is cancelled or none is pending; as SignalWait. A request
///            that fails also gives a reply: check its `result`.
inline HttpWait request_completed(const HTTPRequest& request) { return HttpWait(request); }

/// `co_await tree_exited(node);` waits until the node has left the tree. It does not wait if the
/// node is not in a tree. Throws as SignalWait.
class [[nodiscard]] TreeExit : public Wait {
public:
    explicit TreeExit(const Node& node)
        : Wait("tree exit"),
          inside_(!node || node.is_inside_tree()),  // null: the signal wait reports the error
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
