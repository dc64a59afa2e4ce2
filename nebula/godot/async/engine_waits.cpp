// SPDX-License-Identifier: MIT
#include "nebula/godot/async/engine_waits.hpp"

namespace nebula::godot {

namespace detail {
namespace {

// See HttpLook.
constexpr int kIdleFrames = 2;
constexpr int kIdleFramesWithThread = 60;

}  // namespace

// A Timer that is out of its node is told by the signal's own wait: here it is only not stopped.
const char* TimerLook::operator()() const {
    const Timer timer(timer_.object().ptr());
    return timer && timer.is_stopped() ? "a Timer was stopped" : nullptr;
}

const char* HttpLook::operator()() {
    // A cancelled request emits nothing. Without a thread of its own, one on its way has the node
    // process; with one, all there is to see is a client that is not connected, which it is also
    // for a moment as it begins.
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

}  // namespace detail

AnimationWait::AnimationWait(const AnimationPlayer& player)
    : Wait("animation"),
      animation_(player ? player.get_assigned_animation() : StringName()),
      playing_(!player || player.is_playing()),  // the signal's wait tells what is wrong with null
      finished_(signal<StringName>(player, "animation_finished")),
      changed_(signal<AnyArguments>(player, "current_animation_changed")),
      next_one_(signal<StringName, StringName>(player, "animation_changed")) {}

AnimationWait::AnimationWait(AnimationWait&& other) noexcept
    : Wait(other.reason()),
      animation_(std::move(other.animation_)),
      playing_(other.playing_),
      finished_(std::move(other.finished_)),
      changed_(std::move(other.changed_)),
      next_one_(std::move(other.next_one_)) {}

void AnimationWait::poll() {
    // What ended it has connected no waker: the frame's end is early enough to hear of it.
    if (!finished_.await_ready() && (changed_.await_ready() || next_one_.await_ready()))
        waker_.wake();
}

StringName AnimationWait::await_resume() {
    if (playing_ && finished_.await_ready()) return finished_.await_resume();
    if (playing_ && next_one_.await_ready()) {
        const auto [ended, next] = next_one_.await_resume();
        if (ended == animation_) return ended;
    }
    throw Interrupted(playing_ ? "animation '" + animation_.utf8() + "' was stopped"
                               : "an AnimationPlayer plays nothing");
}

}  // namespace nebula::godot
