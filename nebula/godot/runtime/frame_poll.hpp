// SPDX-License-Identifier: MIT
// For ends that the engine has no signal for: a look once a frame.
#pragma once

#include "nebula/task/detail/intrusive_list.hpp"

namespace nebula::godot {

struct FramePollTag {};

/// Derive from it and give it to EngineLoop::poll_each_frame().
///
/// Threads:   main thread.
/// Cost:      two links, and one virtual call a frame.
/// Lifetime:  leaves the list by itself when destroyed, also from its own poll().
class FramePoll : public task_detail::ListHook<FramePollTag> {
public:
    /// At the end of each frame, with no emission and no task on the stack: wakes what it likes,
    /// and resumes nothing.
    virtual void poll() = 0;
    /// The loop has ended all tasks, has taken this out of its list, and asks no more.
    virtual void loop_closes() noexcept {}

protected:
    FramePoll() noexcept = default;
    virtual ~FramePoll() = default;
};

/// Those that are asked.
class FramePolls {
public:
    void add(FramePoll& poll) noexcept { waiting_.push_back(poll); }
    /// What a poll adds is asked in the next frame, so that a frame ends whatever polls add.
    void run() {
        due_.append(waiting_);
        // A poll may destroy itself or another: none is held on to over a call.
        while (!due_.empty()) {
            FramePoll& next = due_.pop_front();
            waiting_.push_back(next);
            next.poll();
        }
    }
    void close() noexcept {
        do {  // an end may add others
            due_.append(waiting_);
            while (!due_.empty()) due_.pop_front().loop_closes();
        } while (!waiting_.empty());
    }

private:
    task_detail::IntrusiveList<FramePoll, FramePollTag> waiting_;
    task_detail::IntrusiveList<FramePoll, FramePollTag> due_;  // in this frame
};

}  // namespace nebula::godot
