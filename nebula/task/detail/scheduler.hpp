// SPDX-License-Identifier: MIT
// What a Runtime does with its tasks; runtime.hpp is the face, README.md the story.
#pragma once

#include "nebula/task/detail/frame_pool.hpp"
#include "nebula/task/detail/inbox.hpp"
#include "nebula/task/detail/intrusive_list.hpp"
#include "nebula/task/detail/task_record.hpp"
#include "nebula/task/detail/timer_heap.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/runtime.hpp"

#include <cstddef>
#include <cstdint>

namespace nebula::task_detail {

/// Threads:   owner thread.
class Scheduler {
public:
    explicit Scheduler(Runtime& runtime);
    ~Scheduler();
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;

    void admit(TaskRecord& record, PromiseBase& root);
    void pump();
    void begin_frame(FrameTime time);
    void shutdown() noexcept;

    void cancel(TaskRecord& record, AsyncErrorCode why) noexcept;
    void report(TaskRecord& record) noexcept;

    // For the waits that end on this thread alone.
    void wait_for_frame(FrameWaiter& waiter) noexcept { frame_waiters_.push_back(waiter); }
    void wait_for_time(Timer& timer, double seconds);
    void stop_waiting(Timer& timer) noexcept { timers_.remove(timer); }

    [[nodiscard]] Runtime& runtime() const noexcept { return runtime_; }
    [[nodiscard]] Inbox& inbox() const noexcept { return *inbox_; }
    [[nodiscard]] double now_seconds() const noexcept { return now_seconds_; }
    [[nodiscard]] FrameTime frame_time() const noexcept { return frame_time_; }
    [[nodiscard]] bool closed() const noexcept { return closed_; }
    [[nodiscard]] std::size_t live_count() const noexcept { return live_count_; }
    [[nodiscard]] std::vector<TaskInfo> live_tasks();

    SmallFunction<void(const UnhandledError&)> on_unhandled;

private:
    void open_inbox() noexcept;
    void make_ready(TaskRecord& record) noexcept;
    void resume(TaskRecord& record) noexcept;
    void finish(TaskRecord& record) noexcept;
    void doom(TaskRecord& record, AsyncErrorCode why) noexcept;
    void leave(TaskRecord& record, TaskState state) noexcept;
    void ring_for_what_is_left() noexcept;

    FramePool::User frame_pool_;  // first: what follows allocates from it
    Runtime& runtime_;
    Inbox* inbox_;

    IntrusiveList<TaskRecord, LiveTag> live_;    // in order of spawning
    IntrusiveList<TaskRecord, ReadyTag> ready_;  // to be resumed by the next pump
    IntrusiveList<TaskRecord, ReadyTag> batch_;  // being resumed by this pump
    IntrusiveList<TaskRecord, ReadyTag> doomed_;
    IntrusiveList<FrameWaiter, FrameTag> frame_waiters_;
    TimerHeap timers_;

    double now_seconds_ = 0.0;
    FrameTime frame_time_;
    std::uint64_t next_id_ = 1;
    std::size_t live_count_ = 0;
    int depth_ = 0;  // tasks on the stack
    bool pumping_ = false;
    bool missed_pump_ = false;
    bool destroying_ = false;
    bool closed_ = false;
};

/// For a record whose runtime may be gone and whose thread may be another.
void report_unhandled(TaskRecord& record) noexcept;

}  // namespace nebula::task_detail
