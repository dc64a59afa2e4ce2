// SPDX-License-Identifier: MIT
#include "nebula/task/detail/branch_set.hpp"

#include "nebula/task/detail/scheduler.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace nebula::task_detail {

BranchName::BranchName(std::string_view parent, std::string_view kind,
                       std::size_t number) noexcept {
    char digits[20];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
    const std::string_view number_text(digits, static_cast<std::size_t>(end - digits));
    const auto append = [this](std::string_view text) {
        const std::size_t fits = fitting_bytes(text, sizeof(text_) - size_);
        std::memcpy(text_ + size_, text.data(), fits);
        size_ += fits;
    };
    // A parent's long name is cut, so that there is room for the number.
    const std::size_t rest = 1 + kind.size() + 1 + number_text.size();
    append(parent.substr(0, fitting_bytes(parent, sizeof(text_) - std::min(rest, sizeof(text_)))));
    append("/");
    append(kind);
    append(" ");
    append(number_text);
}

Inbox& inbox_of(Scheduler& scheduler) noexcept { return scheduler.inbox(); }

void start_branch(TaskRecord& record, PromiseBase& root) noexcept {
    if (!record.scheduler.closed()) {
        record.scheduler.admit(record, root);
        return;
    }
    refuse_branch(record, root, AsyncErrorCode::RuntimeClosed);
}

void refuse_branch(TaskRecord& record, PromiseBase& root, AsyncErrorCode why) noexcept {
    root.self().destroy();
    record.end_unstarted(TaskState::Gone, why);
}

void end_branch(TaskRecord& record) noexcept { record.scheduler.cancel_now(record); }

void end_branch_for_good(TaskRecord& record) noexcept {
    record.scheduler.end_now(record);
    Scheduler::leave_parent(record);
}

std::exception_ptr error_of(TaskRecord& record) {
    record.error_observed = true;
    if (record.state != TaskState::Gone) return record.error();
    try {
        throw_async_error(record.end_code, record.name());
    } catch (...) {
        return std::current_exception();
    }
}

void rethrow_end(TaskRecord& record) {
    if (const std::exception_ptr error = error_of(record)) std::rethrow_exception(error);
}

BranchArray::BranchArray(std::size_t count)
    : branches_(static_cast<Branch*>(allocate_frame(count * sizeof(Branch)))), size_(count) {
    std::uninitialized_default_construct_n(branches_, size_);
}

BranchArray::~BranchArray() {
    std::destroy_n(branches_, size_);
    free_frame(branches_);
}

void BranchSet::begin(TaskRecord& parent, Waker waker, Branch* branches,
                      std::size_t count) noexcept {
    parent_ = &parent;
    parent.waits_for_tasks = until_ != Until::First;
    waker_ = std::move(waker);
    branches_ = branches;
    count_ = count;
    starting_ = true;
}

bool BranchSet::wants_more() const noexcept {
    // If the parent was cancelled meanwhile (also by a shutdown), it ends when it suspends.
    return decisive_ == nullptr && !parent_->cancel_requested;
}

void BranchSet::adopt(TaskRecord& record, PromiseBase& root) noexcept {
    Branch& branch = branches_[started_++];
    branch.set_ = this;
    branch.target_ = &record;
    if (until_ != Until::First) branch.record = parent_;
    branch.on_end = [](JoinWaiter& ended) noexcept {
        auto& ended_branch = static_cast<Branch&>(ended);
        ended_branch.set_->branch_ended(ended_branch);
    };
    record.joiners.push_back(branch);
    ++running_;
    start_branch(record, root);
}

bool BranchSet::must_wait() noexcept {
    starting_ = false;
    return running_ > 0 || parent_->cancel_requested;
}

void BranchSet::wake_if_all_ended() noexcept {
    if (running_ == 0 && !starting_) waker_.wake();
}

void BranchSet::branch_ended(Branch& branch) noexcept {
    --running_;
    TaskRecord& ended = branch.target();
    ended.error_observed = true;  // the first error is thrown; the others are its consequences
    const bool decides = until_ == Until::First || (until_ == Until::FirstError && failed(ended));
    if (!decides || decisive_ != nullptr) return wake_if_all_ended();
    decisive_ = &branch;
    // A sibling's destructor may cancel our task, which ends this set: delay that to the last line.
    const Scheduler::Destroying destroying(parent_->scheduler);
    for (std::size_t i = 0; i < started_; ++i)
        if (branches_[i].linked()) end_branch(branches_[i].target());
    wake_if_all_ended();
}

BranchSet::~BranchSet() {
    if (running_ == 0) return;
    const Scheduler::Destroying destroying(parent_->scheduler);
    for (std::size_t i = 0; i < started_; ++i) {
        if (!branches_[i].linked()) continue;
        branches_[i].unlink();
        end_branch_for_good(branches_[i].target());
    }
}

}  // namespace nebula::task_detail
