// SPDX-License-Identifier: MIT
// The implementation of Runtime. runtime.hpp has the contract, README.md the explanation.
#pragma once

#include "nebula/task/detail/frame_pool.hpp"
#include "nebula/task/detail/inbox.hpp"
#include "nebula/task/detail/intrusive_list.hpp"
#include "nebula/task/detail/task_record.hpp"
#include "nebula/task/detail/timer_heap.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/runtime.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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
    void begin_physics(FrameTime time);
    void end_of_frame();
    void shutdown() noexcept;

    void cancel(TaskRecord& record, AsyncErrorCode why) noexcept;
    void cancel_and_wait(TaskRecord& record) noexcept;
    /// For an owner of the task that is about to destroy something to which the task's frames
    /// refer: the task is destroyed when this returns, even inside another destruction. A task on
    /// the stack ends at its next suspension, a task with a worker when it is back; end_now()
    /// blocks for that.
    void cancel_now(TaskRecord& record) noexcept;
    void end_now(TaskRecord& record) noexcept;
    /// From here on it does not belong to the tasks above it.
    static void leave_parent(TaskRecord& record) noexcept;
    /// The running task; null outside of tasks.
    [[nodiscard]] TaskRecord* running() const noexcept { return running_; }

    /// While one lives, cancels by destructors are queued instead of nested; the outermost one
    /// destroys the queued tasks.
    class Destroying {
    public:
        explicit Destroying(Scheduler& scheduler) noexcept;
        ~Destroying();
        Destroying(const Destroying&) = delete;
        Destroying& operator=(const Destroying&) = delete;

    private:
        Scheduler& scheduler_;
        bool outermost_;
    };
    void report(TaskRecord& record, const std::exception_ptr& error, bool in_destructor) noexcept;
    /// Resumes a waiting task inside this call; false if it has to wait for a pump.
    [[nodiscard]] bool resume_here(TaskRecord& record) noexcept;

    // For the waits that end on this thread alone.
    void wait_for_phase(FrameWaiter& waiter, Phase phase) noexcept {
        waiters_[index(phase)].push_back(waiter);
    }
    /// Ends in the first frame in which the clock has reached `time`, at the earliest in the next.
    void wait_until(Timer& timer, double time, TaskClock clock);
    /// A clock that is short of a time by this little has reached it: the clock is a sum of frames,
    /// whose rounding must not cost a whole frame.
    static constexpr double kClockSlack = 1e-9;
    [[nodiscard]] bool has_come(double time, TaskClock clock) const noexcept {
        return time <= now_seconds(clock) + kClockSlack;
    }
    void stop_waiting(Timer& timer, TaskClock clock) noexcept {
        timers_[index(clock)].remove(timer);
    }

    [[nodiscard]] Runtime& runtime() const noexcept { return runtime_; }
    [[nodiscard]] Inbox& inbox() const noexcept { return *inbox_; }
    [[nodiscard]] double now_seconds(TaskClock clock) const noexcept {
        return now_seconds_[index(clock)];
    }
    [[nodiscard]] FrameTime frame_time(Phase phase) const noexcept { return times_[index(phase)]; }
    /// The phase whose tasks are being resumed, if any.
    [[nodiscard]] std::optional<Phase> phase() const noexcept { return phase_; }
    [[nodiscard]] const PumpStats& stats() const noexcept { return stats_; }
    [[nodiscard]] bool closed() const noexcept { return closed_; }
    [[nodiscard]] std::size_t live_count() const noexcept { return live_count_; }
    [[nodiscard]] std::vector<TaskInfo> live_tasks();

    void set_budget(Clock::duration budget) noexcept { budget_ = budget; }
    void set_on_stuck(double seconds, SmallFunction<void(const TaskInfo&)> handler) {
        stuck_seconds_ = seconds;
        on_stuck_ = std::make_shared<SmallFunction<void(const TaskInfo&)>>(std::move(handler));
    }
    void set_on_unhandled(SmallFunction<void(const UnhandledError&)> handler) {
        on_unhandled_ =
            std::make_shared<SmallFunction<void(const UnhandledError&)>>(std::move(handler));
    }
    /// Call it when a trip that a pool runs on this thread begins or ends.
    void travel_here(TaskRecord& record, bool begins) noexcept {
        record.travels_here = begins;
        travellers_here_ += begins ? 1 : std::size_t(-1);
    }

private:
    template <class Enum>
    static constexpr std::size_t index(Enum e) noexcept {
        return static_cast<std::size_t>(e);
    }

    void enroll(TaskRecord& record) noexcept;
    /// Whether we are below a task, or below a destructor of a task.
    [[nodiscard]] bool pump_is_refused() const noexcept {
        return pumping_ || depth_ > 0 || destroying_;
    }
    void open_inbox() noexcept;
    void open_mail_of(TaskRecord& record) noexcept;
    /// Call it when the budget is spent: the rest of the batch waits for the next frame.
    void cut_batch(bool phase_had_turn) noexcept;
    void put_back_batch() noexcept;
    void wait_for_parts(const TaskRecord& record) noexcept;
    void begin(Phase phase, FrameTime time) noexcept;
    void advance(TaskClock clock, double seconds) noexcept;
    void pump_phase(Phase phase);
    [[nodiscard]] bool budget_is_spent() const noexcept;
    void tell_of_stuck_tasks();
    [[nodiscard]] TaskInfo describe(const TaskRecord& record) const;
    void start_posted(TaskRecord& record) noexcept;
    void depart(TaskRecord& record) noexcept;
    void arrive(TaskRecord& record) noexcept;
    /// Blocks until the parts of a task (null: of all tasks) are home, except for those on this
    /// stack. Logs which one it waits for if that takes a second or more.
    void wait_for_travellers(const TaskRecord* of) noexcept;
    [[nodiscard]] const TaskRecord* find_traveller(const TaskRecord* of) noexcept;
    [[nodiscard]] static std::string waits_for(const TaskRecord& traveller, std::int64_t seconds);
    /// Call it when the innermost coroutine has suspended: whether that was the root's end.
    [[nodiscard]] static bool has_ended(const TaskRecord& record) noexcept;
    void make_ready(TaskRecord& record) noexcept;
    void resume(TaskRecord& record) noexcept;
    /// False if it, or a task to whose frames it may refer, must end. A cancel that was requested
    /// and not processed yet has then been performed, and the record may be gone.
    [[nodiscard]] bool may_run(TaskRecord& record) noexcept;
    [[nodiscard]] static bool is_asked_to_end(const TaskRecord& record) noexcept;
    void finish(TaskRecord& record) noexcept;
    /// Ends a task whose frames can be neither resumed nor destroyed.
    void finish_escaped(TaskRecord& record) noexcept;
    void doom(TaskRecord& record, AsyncErrorCode why) noexcept;
    void leave(TaskRecord& record, TaskState state) noexcept;
    void destroy(TaskRecord& record) noexcept;
    /// Whether it, or a task whose frames may refer to its own, is on the stack or with a worker.
    [[nodiscard]] bool has_running_part(const TaskRecord& record) noexcept;
    [[nodiscard]] static bool is_part(const TaskRecord& task, const TaskRecord& of) noexcept;
    /// Ends a suspended task, at once or when the tasks on workers that refer to its frames are
    /// back.
    void doom_when_home(TaskRecord& record) noexcept;
    /// Brings the parts of a task home: those that no worker has begun at once, the others at their
    /// next hop. Only for a task that must end.
    void take_back(TaskRecord& record) noexcept;
    void take_back_one(TaskRecord& traveller) noexcept;
    static void count_parts_away(TaskRecord* lowest, std::uint32_t change) noexcept;
    void end_ancestors(TaskRecord& parent) noexcept;
    void ring_for_what_is_left() noexcept;

    FramePool::User frame_pool_;  // first: the members below allocate from it
    Runtime& runtime_;
    Inbox* inbox_;

    IntrusiveList<TaskRecord, LiveTag> live_;    // in spawn order
    IntrusiveList<TaskRecord, ReadyTag> ready_;  // to be resumed by the next pump
    IntrusiveList<TaskRecord, ReadyTag> batch_;  // being resumed by this pump
    IntrusiveList<TaskRecord, ReadyTag> doomed_;
    std::array<IntrusiveList<TaskRecord, ReadyTag>, kPhases> ready_in_;  // waiting for that phase
    std::array<IntrusiveList<FrameWaiter, FrameTag>, kPhases> waiters_;
    std::array<TimerHeap, kTaskClocks> timers_;

    std::array<double, kTaskClocks> now_seconds_{};
    std::array<double, kTaskClocks> lost_seconds_{};  // what rounding has added to now_seconds_
    std::array<FrameTime, kPhases> times_{};
    std::optional<Phase> phase_;
    std::optional<Phase> gathering_;            // the phase whose batch is not taken yet
    TaskRecord* unopened_ = nullptr;            // taken from the inbox; linked as in the inbox
    IntrusiveList<TaskRecord, ReadyTag> away_;  // with a worker, or on their way
    std::size_t travellers_here_ = 0;  // of those, on this thread's stack (pools run inline)

    Clock::duration budget_{};  // zero: none
    Clock::duration spent_{};   // in this frame, by the pumps before this one
    Clock::time_point pump_began_;
    bool resumed_in_frame_ = false;
    bool cut_in_frame_ = false;
    PumpStats stats_;

    double stuck_seconds_ = 0.0;  // zero: no search for stuck waits
    double looked_for_stuck_ = 0.0;
    std::shared_ptr<SmallFunction<void(const TaskInfo&)>> on_stuck_;
    std::shared_ptr<SmallFunction<void(const UnhandledError&)>> on_unhandled_;

    std::uint64_t next_id_ = 1;
    std::size_t live_count_ = 0;
    int depth_ = 0;                  // tasks on the stack
    TaskRecord* running_ = nullptr;  // the topmost of them
    bool ancestors_asked_ = false;   // a cancel is waiting for a branch on the stack
    bool pumping_ = false;
    bool missed_pump_ = false;
    bool gathered_outside_ = false;  // a task became ready outside of pumps, so nobody rang
    bool destroying_ = false;
    bool closed_ = false;
};

inline void Scheduler::make_ready(TaskRecord& record) noexcept {
    // An ending task leaves its waits one destructor after the other.
    if (record.state != TaskState::Pending) return;
    record.state = TaskState::Ready;
    const bool later = record.resume_in && record.resume_in != gathering_;
    (later ? ready_in_[index(*record.resume_in)] : ready_).push_back(record);
}

inline void Scheduler::leave(TaskRecord& record, TaskState state) noexcept {
    record.state = state;
    record.seal();
    static_cast<ListHook<LiveTag>&>(record).unlink();
    static_cast<ListHook<ReadyTag>&>(record).unlink();
    --live_count_;
}

inline void Scheduler::leave_parent(TaskRecord& record) noexcept {
    if (record.parts_away != 0) count_parts_away(record.parent, 0U - record.parts_away);
    record.parent = nullptr;
}

/// For a record whose runtime may be gone and whose thread may be a different one.
void report_unhandled(TaskRecord& record) noexcept;

}  // namespace nebula::task_detail
