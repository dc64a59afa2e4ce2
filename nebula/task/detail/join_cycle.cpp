// SPDX-License-Identifier: MIT
#include "nebula/task/detail/join_cycle.hpp"

#include "nebula/task/detail/task_record.hpp"
#include "nebula/task/task_scope.hpp"

#include <stdexcept>
#include <string>
#include <utility>

namespace nebula::task_detail {

/// The tasks that cannot continue before a task has ended, and how each was found.
class JoinSearch {
public:
    explicit JoinSearch(TaskRecord& from) noexcept : first_(&from), last_(&from) {
        from.found_next = &from;
        from.found_from = nullptr;
    }
    JoinSearch(const JoinSearch&) = delete;
    JoinSearch& operator=(const JoinSearch&) = delete;
    ~JoinSearch() {
        for (TaskRecord* task = first_;;) {
            TaskRecord* const next = std::exchange(task->found_next, nullptr);
            if (next == task) return;
            task = next;
        }
    }

    /// Searches for the target task or a child of the target scope, and returns it; null if there
    /// is none.
    const TaskRecord* look_for(const TaskRecord* target, const TaskScope* scope) noexcept {
        for (TaskRecord* task = first_;; task = task->found_next) {
            if (task == target) return task;
            bool in_scope = false;
            task->joiners.for_each([&](JoinWaiter& waiter) {
                if (waiter.record != nullptr) add(*waiter.record, *task);
                if (waiter.scope == nullptr) return;
                if (waiter.scope == scope) in_scope = true;
                waiter.scope->for_each_joiner([&](TaskRecord& joins) { add(joins, *task); });
            });
            if (in_scope) return task;
            if (task->found_next == task) return nullptr;
        }
    }

private:
    void add(TaskRecord& task, const TaskRecord& from) noexcept {
        if (task.found_next != nullptr) return;
        task.found_from = &from;
        task.found_next = &task;
        last_->found_next = &task;
        last_ = &task;
    }

    TaskRecord* const first_;
    TaskRecord* last_;
};

namespace {

void append_name(std::string& text, const TaskRecord& task) {
    text.append("task '").append(task.name());
    text.append("' (#").append(std::to_string(task.id)).append(")");
}

[[noreturn]] void tell(const TaskRecord& waits, const TaskRecord& found, bool in_scope) {
    std::string text;
    append_name(text, waits);
    text.append(" would wait for ever: it joins ");
    if (in_scope) text.append("a scope whose child ");
    if (&found == &waits) {
        text.append(in_scope ? "it is" : "itself");
        throw std::logic_error(text);
    }
    append_name(text, found);
    constexpr int most_names = 8;
    int names = 0;
    for (const TaskRecord* task = found.found_from; task != nullptr; task = task->found_from) {
        if (++names == most_names) {
            text.append(", and so on, until one");
            break;
        }
        if (task == &waits) break;
        text.append(", which waits for ");
        append_name(text, *task);
    }
    text.append(", which waits for ");
    append_name(text, waits);
    throw std::logic_error(text);
}

}  // namespace

void refuse_cycle(TaskRecord& waits, const TaskRecord& target) {
    JoinSearch search(waits);
    if (const TaskRecord* const found = search.look_for(&target, nullptr))
        tell(waits, *found, false);
}

void refuse_cycle(TaskRecord& waits, const TaskScope& target) {
    if (waits.joiners.empty()) return;
    JoinSearch search(waits);
    if (const TaskRecord* const found = search.look_for(nullptr, &target))
        tell(waits, *found, true);
}

}  // namespace nebula::task_detail
