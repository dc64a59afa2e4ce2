// SPDX-License-Identifier: MIT
// Tasks that an await starts and that do not outlive it. README.md, "Branches".
#pragma once

#include "nebula/base/require.hpp"
#include "nebula/task/detail/frame_pool.hpp"
#include "nebula/task/detail/task_record.hpp"
#include "nebula/task/task.hpp"
#include "nebula/task/task_handle.hpp"
#include "nebula/task/waker.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <source_location>
#include <string_view>
#include <utility>

namespace nebula::task_detail {

class BranchSet;

/// "parent/kind 7", in as many bytes as a record keeps.
class BranchName {
public:
    BranchName(std::string_view parent, std::string_view kind, std::size_t number) noexcept;
    [[nodiscard]] std::string_view view() const noexcept { return {text_, size_}; }

private:
    char text_[TaskRecord::kNameBytes];
    std::size_t size_ = 0;
};

/// Makes a task whose frames may refer to those of `parent`, which may be null. The caller is an
/// owner of the record, besides the runtime.
template <class T>
TypedRecord<T>& new_branch(Scheduler& scheduler, TaskRecord* parent, std::string_view name,
                           std::source_location site);
/// Runs it up to its first wait. A runtime that has shut down refuses it.
void start_branch(TaskRecord& record, PromiseBase& root) noexcept;
/// Ends it without starting it.
void refuse_branch(TaskRecord& record, PromiseBase& root, AsyncErrorCode why) noexcept;
/// Destroys it. If it is on the stack or with a worker, it is destroyed as soon as possible.
void end_branch(TaskRecord& record) noexcept;
/// The same, for use before something that its frames refer to is destroyed: blocks while a worker
/// has it. The caller is an owner of the record.
void end_branch_for_good(TaskRecord& record) noexcept;
/// Throws the error with which the task ended, if any; marks it as observed.
void rethrow_end(TaskRecord& record);
/// The same as a value; null if the task ended with a value.
[[nodiscard]] std::exception_ptr error_of(TaskRecord& record);
[[nodiscard]] inline bool failed(const TaskRecord& record) noexcept {
    return record.state == TaskState::Gone || record.error() != nullptr;
}
[[nodiscard]] Inbox& inbox_of(Scheduler& scheduler) noexcept;

template <class T>
TypedRecord<T>& new_branch(Scheduler& scheduler, TaskRecord* parent, std::string_view name,
                           std::source_location site) {
    auto* const record = new TypedRecord<T>(inbox_of(scheduler), scheduler, name, site);
    record->parent = parent;
    return *record;
}

/// One task of a set; notices the task's end for the set.
class Branch : public JoinWaiter {
public:
    Branch() noexcept = default;
    Branch(const Branch&) = delete;
    Branch& operator=(const Branch&) = delete;
    ~Branch() {
        if (target_ != nullptr) target_->drop_owner();
    }

    [[nodiscard]] TaskRecord& target() const noexcept { return *target_; }
    /// Call it after the end: returns the value or throws the error.
    template <class T>
    [[nodiscard]] T take() {
        rethrow_end(*target_);
        return static_cast<TypedRecord<T>*>(target_)->result().take();
    }
    /// Whether the current pump, or the next one, will resume it.
    [[nodiscard]] bool has_turn() const noexcept { return target_->state == TaskState::Ready; }

private:
    friend class BranchSet;
    BranchSet* set_ = nullptr;
    TaskRecord* target_ = nullptr;
};

/// A fixed number of branches, from the frame pool.
class BranchArray {
public:
    explicit BranchArray(std::size_t count);
    BranchArray(const BranchArray&) = delete;
    BranchArray& operator=(const BranchArray&) = delete;
    ~BranchArray();

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] Branch* data() const noexcept { return branches_; }
    [[nodiscard]] Branch& operator[](std::size_t i) const noexcept { return branches_[i]; }

private:
    Branch* branches_;
    std::size_t size_;
};

/// Lies in the awaiter. Starts the branches in await_suspend, decides when they have ended, and
/// leaves none behind.
///
/// Threads:   owner thread.
/// Lifetime:  borrows the branches, which must outlive it.
class BranchSet {
public:
    /// What ends the other branches.
    enum class Until : std::uint8_t { All, FirstError, First };

    BranchSet(Until until, const char* kind) noexcept : until_(until), kind_(kind) {}
    BranchSet(const BranchSet&) = delete;
    BranchSet& operator=(const BranchSet&) = delete;
    ~BranchSet();  ///< Destroys the branches that have not ended.

    void begin(TaskRecord& parent, Waker waker, Branch* branches, std::size_t count) noexcept;
    /// Call it once for each, in order. A branch that is not wanted any more is destroyed instead.
    template <class T>
    void start(task<T> body) {
        if (!wants_more()) return;
        require_argument(static_cast<bool>(body), "an empty task was awaited: it was moved from");
        const BranchName name(parent_->name(), kind_, started_);
        TaskRecord& record = new_branch<T>(parent_->scheduler, parent_, name.view(), parent_->site);
        adopt(record, body.release().promise());
    }
    /// Call it after the last start(): whether there is something to wait for.
    [[nodiscard]] bool must_wait() noexcept;

    /// The branch whose end ended the others; null if none did.
    [[nodiscard]] Branch* decisive() const noexcept { return decisive_; }
    [[nodiscard]] std::size_t index_of(const Branch& branch) const noexcept {
        return static_cast<std::size_t>(&branch - branches_);
    }
    [[nodiscard]] const TaskRecord& parent() const noexcept { return *parent_; }

private:
    [[nodiscard]] bool wants_more() const noexcept;
    void adopt(TaskRecord& record, PromiseBase& root) noexcept;
    void branch_ended(Branch& branch) noexcept;
    void wake_if_all_ended() noexcept;

    const Until until_;
    bool starting_ = false;
    const char* const kind_;
    TaskRecord* parent_ = nullptr;
    Waker waker_;
    Branch* branches_ = nullptr;
    std::size_t count_ = 0;
    std::size_t started_ = 0;
    std::size_t running_ = 0;
    Branch* decisive_ = nullptr;
};

}  // namespace nebula::task_detail
