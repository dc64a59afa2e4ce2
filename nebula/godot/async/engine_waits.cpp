// SPDX-License-Identifier: MIT
#include "nebula/godot/async/engine_waits.hpp"

namespace nebula::godot {

namespace detail {
namespace {

// See HttpLook.
constexpr int kIdleFrames = 2;
constexpr int kIdleFramesWithThread = 60;

}  // namespace

// The signal wait itself notices a freed Timer; here it counts as not stopped.
const char* TimerLook::operator()() const {
    const Timer timer(timer_.object().ptr());
    return timer && timer.is_stopped() ? "a Timer was stopped" : nullptr;
}

const char* HttpLook::operator()() {
    // A cancelled request emits nothing. Without threads, the node processes while a request is
    // pending. With threads, the only sign is a client that is not connected, and that is also true
    // for a moment at the start of a request.
    const HTTPRequest request(request_.object().ptr());
    if (!request) return nullptr;
    const bool threaded = request.is_using_threads();
    const bool idle = threaded ? request.call("get_http_client_status").to<std::int64_t>() == 0
                               : !request.is_processing_internal();
    idle_frames_ = idle ? idle_frames_ + 1 : 0;
    return idle_frames_ >= (threaded ? kIdleFramesWithThread : kIdleFrames)
               ? "an HTTPRequest was cancelled"
               : nullptr;
}

AnimationLook::AnimationLook(const AnimationPlayer& player)
    : animation_(player ? player.get_assigned_animation() : StringName()),
      plays_(!player || player.is_playing()),  // null: the signal wait reports the error
      changed_(signal<AnyArguments>(player, "current_animation_changed")),
      next_one_(signal<StringName, StringName>(player, "animation_changed")) {}

bool AnimationLook::was_followed() {
    if (!plays_ || !next_one_.await_ready()) return false;
    const auto [ended, next] = next_one_.await_resume();
    return ended == animation_;
}

}  // namespace detail

StringName AnimationWait::await_resume() {
    if (!look().plays()) throw Interrupted("an AnimationPlayer is not playing");
    if (WatchedWait::await_ready()) return WatchedWait::await_resume();
    if (look().was_followed()) return look().animation();
    throw Interrupted("animation '" + look().animation().utf8() + "' was stopped");
}

}  // namespace nebula::godot
