// SPDX-License-Identifier: MIT
#include "nebula/task/task_scope.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/task/detail/frame_pool.hpp"
#include "nebula/task/detail/join_cycle.hpp"
#include "nebula/task/detail/scheduler.hpp"
#include "nebula/task/errors.hpp"

#include <memory>
#include <utility>

namespace nebula {

namespace task_detail {

/// Notices the end of a child for the scope, and holds the scope's share of the record.
class ScopeChild : public InFramePool, public JoinWaiter, public ListHook<ScopeTag> {
public:
    ScopeChild(TaskScope& in, TaskRecord& of) noexcept : target(of) {
        target.add_owner();
        scope = &in;
        on_end = [](JoinWaiter& ended) noexcept {
            auto& child = static_cast<ScopeChild&>(ended);
            child.scope->child_ended(child);
        };
        target.joiners.push_back(*this);
    }
    ScopeChild(const ScopeChild&) = delete;
    ScopeChild& operator=(const ScopeChild&) = delete;
    ~ScopeChild() { target.drop_owner(); }

    TaskRecord& target;
    bool asked_to_end = false;
};

}  // namespace task_detail

using task_detail::ListHook;
using task_detail::Scheduler;
using task_detail::ScopeChild;
using task_detail::ScopeTag;
using task_detail::TaskRecord;

TaskScope::TaskScope(Runtime& runtime) : scheduler_(*runtime.scheduler_) {
    runtime.check_thread();
    parent_ = scheduler_.running();
    if (parent_ != nullptr) parent_->retain();
}

TaskScope::~TaskScope() {
    NEBULA_ASSERT(!ending_,
                  "a TaskScope must not be destroyed by a destructor of one of its own "
                  "children");
    dying_ = true;
    joiners_.end_all(task_detail::Waiter::End::SourceFreed);  // before the children end
    if (!children_.empty()) {
        NEBULA_ASSERT(scheduler_.inbox().on_owner_thread(),
                      "a TaskScope with children must be destroyed on the thread of its runtime");
        cancel();
        while (!children_.empty()) {
            ScopeChild* const child = &children_.front();
            TaskRecord& target = child->target;
            target.add_owner();
            // child_ended() deletes the child when it has ended.
            task_detail::end_branch_for_good(target);
            target.drop_owner();
            if (!children_.empty() && &children_.front() == child) delete child;  // on the stack
        }
    }
    if (first_error_ != nullptr) first_error_->drop_owner();
    if (parent_ != nullptr) parent_->release();
}

void TaskScope::check_thread() const {
    if (!scheduler_.inbox().on_owner_thread())
        throw WrongThread(
            "a scope's spawn() must be called on the thread of its runtime; on other threads use "
            "Runtime::spawn_from_any_thread()");
}

void TaskScope::adopt(TaskRecord& record, task_detail::PromiseBase& root) {
    if (stopped_) {
        task_detail::refuse_branch(record, root, AsyncErrorCode::TaskCancelled);
        return;
    }
    std::unique_ptr<ScopeChild> child;
    try {
        child = std::make_unique<ScopeChild>(*this, record);
    } catch (...) {
        task_detail::refuse_branch(record, root, AsyncErrorCode::TaskCancelled);
        throw;
    }
    children_.push_back(*child.release());  // the list owns it: child_ended() deletes it
    ++live_count_;
    task_detail::start_branch(record, root);
}

void TaskScope::child_ended(ScopeChild& ended) noexcept {
    const std::unique_ptr<ScopeChild> child(&ended);
    static_cast<ListHook<ScopeTag>&>(ended).unlink();
    --live_count_;
    TaskRecord& record = child->target;
    // A cancel in here may be for the task that has this scope as a local: delay it to the end.
    const Scheduler::Destroying destroying(scheduler_);
    if (record.state == TaskState::Done && record.error() != nullptr) {
        if (failed_) {
            record.error_observed = true;  // a consequence of the first error
        } else {
            failed_ = stopped_ = true;
            if (parent_ != nullptr || !joiners_.empty()) {
                first_error_ = &record;
                record.add_owner();
            }  // otherwise only handles are left, so the error is reported to them or as unhandled
            end_children();
        }
    }
    begin_anew_if_all_ended();
}

void TaskScope::begin_anew_if_all_ended() noexcept {
    if (live_count_ > 0 || dying_) return;
    if (!joiners_.empty() || (stopped_ && parent_ == nullptr)) end_round(nullptr);
}

// It touches a joiner only before the joiner may continue: afterwards the scope may be gone.
void TaskScope::end_round(Joiner* one) noexcept {
    TaskRecord* const error = std::exchange(first_error_, nullptr);
    stopped_ = failed_ = false;
    if (one != nullptr) one->take(error);
    while (!joiners_.empty()) {
        auto& joiner = static_cast<Joiner&>(joiners_.pop_front());
        joiner.take(error);
        joiner.end(task_detail::Waiter::End::None);
    }
    if (error != nullptr) error->drop_owner();
}

void TaskScope::begin_join(Joiner& joiner, task_detail::PromiseBase& leaf) {
    TaskRecord& record = leaf.record();
    task_detail::refuse_cycle(record, *this);
    joiner.task = &record;
}

void TaskScope::Joiner::take(TaskRecord* error) noexcept {
    forget();
    error_ = error;
    if (error != nullptr) error->add_owner();
}

void TaskScope::Joiner::rethrow() {
    if (error_ == nullptr) return;
    struct Share {
        ~Share() { record.drop_owner(); }
        TaskRecord& record;
    } const share{*std::exchange(error_, nullptr)};
    task_detail::rethrow_end(share.record);
}

void TaskScope::cancel() noexcept {
    const Scheduler::Destroying destroying(scheduler_);
    stopped_ = true;
    end_children();
    begin_anew_if_all_ended();
}

void TaskScope::end_children() noexcept {
    if (std::exchange(ending_, true)) return;
    // Children that cannot end yet stand behind those that have not been asked; none is added.
    while (!children_.empty() && !children_.front().asked_to_end) {
        ScopeChild& child = children_.front();
        static_cast<ListHook<ScopeTag>&>(child).unlink();
        children_.push_back(child);
        child.asked_to_end = true;
        task_detail::end_branch(child.target);
    }
    ending_ = false;
}

}  // namespace nebula
