// SPDX-License-Identifier: MIT
#include "nebula/task/wait.hpp"

#include "nebula/task/detail/scheduler.hpp"

namespace nebula {

task_detail::TaskRecord& Wait::suspend_here(task_detail::PromiseBase& leaf) noexcept {
    task_detail::TaskRecord& record = leaf.record();
    (void)record.begin_wait(leaf, *this);
    return record;
}

Waker Wait::suspend_leaf(task_detail::PromiseBase& leaf) noexcept {
    task_detail::TaskRecord& record = leaf.record();
    return Waker(record, record.begin_wait(leaf, *this));
}

Runtime& Wait::runtime_of_leaf(task_detail::PromiseBase& leaf) noexcept {
    return leaf.record().scheduler.runtime();
}

}  // namespace nebula
