// SPDX-License-Identifier: MIT
#include "nebula/task/detail/promise.hpp"

#include "nebula/task/errors.hpp"

namespace nebula::task_detail {

void refuse_on_worker() {
    throw WrongThread(
        "a coroutine on a worker may await its children and hops; write "
        "`co_await main_thread()` before any other wait");
}

std::coroutine_handle<> PromiseBase::enter(PromiseBase& parent,
                                           std::coroutine_handle<>& owner) noexcept {
    record_ = parent.record_;
    parent_ = &parent;
    owner_ = &owner;
    record_->leaf = this;
    return self_;
}

void PromiseBase::enter_as_root(TaskRecord& record) noexcept {
    record_ = &record;
    record.root = record.leaf = this;
}

std::coroutine_handle<> PromiseBase::leave() noexcept {
    if (parent_ == nullptr) return std::noop_coroutine();  // back to the scheduler
    record_->leaf = parent_;
    return parent_->self_;
}

std::source_location PromiseBase::spawn_site() const noexcept { return record_->site; }

void PromiseBase::destroy_chain(PromiseBase* leaf) noexcept {
    while (leaf != nullptr) {
        PromiseBase* const parent = leaf->parent_;
        if (leaf->owner_ != nullptr) *leaf->owner_ = nullptr;
        leaf->self_.destroy();
        leaf = parent;
    }
}

}  // namespace nebula::task_detail
