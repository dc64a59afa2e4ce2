// SPDX-License-Identifier: MIT
// A check once a frame, for events that the engine has no signal for.
#pragma once

#include "nebula/task/detail/intrusive_list.hpp"

namespace nebula::godot {

struct FramePollTag {};

/// Derive from it and give it to EngineLoop::poll_each_frame().
///
/// Threads:   main thread.
/// Cost:      two links, and one virtual call a frame.
/// Lifetime:  its destructor removes it from the list; its own poll() may destroy it.
class FramePoll : public task_detail::ListHook<FramePollTag> {
public:
    /// Called at the end of each frame, with no emission and no task on the stack. May wake tasks,
    /// but must not resume them.
    virtual void poll() = 0;
    /// Called when the loop has ended all tasks and removed this from its list.
    virtual void loop_closes() noexcept {}

protected:
    FramePoll() noexcept = default;
    virtual ~FramePoll() = default;
};

/// The list of polls.
class FramePolls {
public:
    void add(FramePoll& poll) noexcept { waiting_.push_back(poll); }
    /// A poll that is added meanwhile is first checked in the next frame, so every frame ends.
    void run() {
        due_.append(waiting_);
        // A poll may destroy itself or another one, so none is referred to after a call.
        while (!due_.empty()) {
            FramePoll& next = due_.pop_front();
            waiting_.push_back(next);
            next.poll();
        }
    }
    void close() noexcept {
        do {  // loop_closes() may add others
            due_.append(waiting_);
            while (!due_.empty()) due_.pop_front().loop_closes();
        } while (!waiting_.empty());
    }

private:
    task_detail::IntrusiveList<FramePoll, FramePollTag> waiting_;
    task_detail::IntrusiveList<FramePoll, FramePollTag> due_;  // in this frame
};

}  // namespace nebula::godot
