// SPDX-License-Identifier: MIT
#include "nebula/task/detail/promise.hpp"

#include "nebula/base/log.hpp"
#include "nebula/task/errors.hpp"

#include <coroutine>
#include <utility>

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
        destroy_frame(*leaf);
        leaf = parent;
    }
}

void PromiseBase::destroy_frame(PromiseBase& promise) noexcept {
    // A destructor that throws is inside the body's try block. So the body continues: in a catch
    // block of its own, and possibly to another wait, or to its end, where it suspends for the last
    // time. The frame still exists then, and is destroyed from there.
    constexpr int most_rounds = 1000;
    TaskRecord* const record = promise.record_;
    std::coroutine_handle<> frame = promise.self_;
    if (promise.owner_ != nullptr) *promise.owner_ = nullptr;
    promise.owner_ = &frame;    // null when the frame is gone
    promise.parent_ = nullptr;  // no coroutine continues when the body ends in here
    for (int round = 0; frame; ++round) {
        if (round == most_rounds) {
            log(LogLevel::Error,
                "a task cannot be destroyed: each time a destructor of a local throws, the task "
                "catches the exception and waits again; its memory is lost");
            promise.owner_ = nullptr;
            return;
        }
        try {
            promise.self_.destroy();
        } catch (...) {
            // From a parameter, which is destroyed after the body: the frame is gone.
            tell_of_throwing_destructor(record);
            return;
        }
        // The body may have started a child in that wait.
        if (!frame || record == nullptr) continue;
        PromiseBase* below = std::exchange(record->leaf, nullptr);
        while (below != nullptr && below != &promise) {
            PromiseBase* const above = below->parent_;
            destroy_frame(*below);
            below = above;
        }
    }
}

}  // namespace nebula::task_detail
