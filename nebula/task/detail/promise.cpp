// SPDX-License-Identifier: MIT
#include "nebula/task/detail/promise.hpp"

#include "nebula/task/errors.hpp"

namespace nebula::task_detail {

void refuse_on_worker() {
    throw WrongThread(
        "a coroutine on a worker may await its children and hops; write "
        "`co_await main_thread()` before any other wait");
}

std::source_location PromiseBase::callers_site() const noexcept {
    return parent_ != nullptr ? parent_->site_ : record_->site;
}

void PromiseBase::destroy_chain(PromiseBase* leaf) noexcept {
    while (leaf != nullptr) {
        PromiseBase* const parent = leaf->parent_;
        if (leaf->owner_ != nullptr) *leaf->owner_ = nullptr;
        leaf->self_.destroy();
        leaf = parent;
    }
}

}  // namespace nebula::task_detail
