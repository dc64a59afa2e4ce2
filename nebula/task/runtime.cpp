// SPDX-License-Identifier: MIT
#include "nebula/task/runtime.hpp"

#include "nebula/task/detail/scheduler.hpp"

#include <utility>

namespace nebula {

using task_detail::Scheduler;

Runtime::Runtime() : scheduler_(std::make_unique<Scheduler>(*this)) {}
Runtime::~Runtime() = default;

void Runtime::check_thread() const {
    if (!on_owner_thread())
        throw WrongThread(
            "tasks must be spawned on the thread of their runtime; on other threads use "
            "spawn_from_any_thread(), or call_deferred() in a script");
}

task_detail::Inbox& Runtime::inbox() const noexcept { return scheduler_->inbox(); }

void Runtime::admit(task_detail::TaskRecord& record, task_detail::PromiseBase& root) {
    scheduler_->admit(record, root);
}

void Runtime::refuse(task_detail::TaskRecord& record) noexcept {
    record.end_unstarted(TaskState::Gone, AsyncErrorCode::RuntimeClosed);
}

void Runtime::pump() {
    if (on_owner_thread()) scheduler_->pump();
}

void Runtime::begin_frame(FrameTime time) {
    if (on_owner_thread()) scheduler_->begin_frame(time);
}

void Runtime::begin_physics(FrameTime time) {
    if (on_owner_thread()) scheduler_->begin_physics(time);
}

void Runtime::end_of_frame() {
    if (on_owner_thread()) scheduler_->end_of_frame();
}

RuntimeRemote Runtime::remote() const noexcept { return {inbox(), *scheduler_}; }

void Runtime::set_pump_budget(Clock::duration budget) noexcept { scheduler_->set_budget(budget); }
const PumpStats& Runtime::pump_stats() const noexcept { return scheduler_->stats(); }

void Runtime::set_on_stuck(double seconds, SmallFunction<void(const TaskInfo&)> handler) {
    scheduler_->set_on_stuck(seconds, std::move(handler));
}

void Runtime::shutdown() noexcept {
    NEBULA_ASSERT(on_owner_thread(), "a runtime must be shut down on its own thread");
    scheduler_->shutdown();
}

void Runtime::set_on_wake(SmallFunction<void()> handler) {
    inbox().set_on_wake(std::move(handler));
}

void Runtime::set_on_unhandled(SmallFunction<void(const UnhandledError&)> handler) {
    scheduler_->set_on_unhandled(std::move(handler));
}

std::vector<TaskInfo> Runtime::live_tasks() const { return scheduler_->live_tasks(); }
std::size_t Runtime::live_count() const noexcept { return scheduler_->live_count(); }
double Runtime::now_seconds(TaskClock clock) const noexcept {
    return scheduler_->now_seconds(clock);
}
FrameTime Runtime::frame_time(Phase phase) const noexcept { return scheduler_->frame_time(phase); }
bool Runtime::closed() const noexcept { return scheduler_->closed(); }
bool Runtime::on_owner_thread() const noexcept { return inbox().on_owner_thread(); }

}  // namespace nebula
