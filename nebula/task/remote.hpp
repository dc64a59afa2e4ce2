// SPDX-License-Identifier: MIT
// Lets other threads spawn tasks on a runtime.
#pragma once

#include "nebula/base/small_function.hpp"
#include "nebula/task/detail/inbox.hpp"
#include "nebula/task/task.hpp"
#include "nebula/task/task_handle.hpp"
#include "nebula/task/task_options.hpp"
#include "nebula/threading/detail/caught.hpp"

#include <concepts>
#include <exception>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace nebula {

/// A function that returns a task.
template <class F>
concept TaskFunction =
    std::invocable<F&> && requires { typename std::invoke_result_t<F&>::promise_type; };

namespace task_detail {

#if defined(__GNUC__) && !defined(__clang__)
// g++ 12 treats the frame as a type of this header, and warns that the lambda in it belongs to
// another file.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif
/// Keeps the function in the coroutine's frame, so a lambda's captures live as long as the task.
template <class F, class Task = std::invoke_result_t<F&>>
Task call_stored(F function) {
    co_return co_await function();
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

template <class F>
using TaskValueOf = typename std::invoke_result_t<F&>::value_type;

/// A record on its way to the owner thread, with the function that will be called there.
template <class F>
class PostedRecord final : public TypedRecord<TaskValueOf<F>> {
public:
    PostedRecord(Inbox& door, Scheduler& owner, const TaskOptions& options,
                 std::source_location spawn_site, F&& function)
        : TypedRecord<TaskValueOf<F>>(door, owner, options.name, spawn_site),
          function_(std::move(function)) {}

    PromiseBase* start() noexcept override {
        PromiseBase* begun = nullptr;
        auto make = [&] {
            auto body = call_stored(*std::exchange(function_, std::nullopt));
            begun = &body.release().promise();
        };
        if (std::exception_ptr error = nebula::detail::caught(make))
            this->result().set_error(std::move(error));
        return begun;
    }
    void forget_start() noexcept override { function_.reset(); }

private:
    std::optional<F> function_;
};

/// Passes a record to the owner thread's next pump, or refuses it. Any thread.
void post(TaskRecord& record) noexcept;

}  // namespace task_detail

/// Spawns tasks on a Runtime from any thread, even if the Runtime may be gone.
///
///     std::jthread listener([remote = runtime.remote()] {
///         while (const Message message = receive())
///             remote.spawn([message] { return handle(message); }, {.name = "message"});
///     });
///
/// Threads:   any thread.
/// Cost:      spawn: one record with the function in it, one CAS, and the runtime's on_wake handler
///            if its inbox was empty.
/// Lifetime:  may outlive the Runtime: spawn() then refuses (the handle says RuntimeClosed) and
///            destroys the function here.
class RuntimeRemote {
public:
    RuntimeRemote(const RuntimeRemote& other) noexcept
        : inbox_(other.inbox_), scheduler_(other.scheduler_) {
        inbox_->retain();
    }
    RuntimeRemote& operator=(RuntimeRemote other) noexcept {
        std::swap(inbox_, other.inbox_);
        std::swap(scheduler_, other.scheduler_);
        return *this;
    }
    ~RuntimeRemote() { inbox_->release(); }

    /// The function is called on the owner thread, in the next pump, and its task is started there.
    /// On this thread you may only call request_cancel() on the handle, or destroy it; the rest
    /// belongs to the owner thread. The destructors of its captures must not throw. \throws
    /// std::bad_alloc; what moving the function throws.
    template <TaskFunction F>
    task_detail::FunctionHandle<F> spawn(
        F function, TaskOptions options = {},
        std::source_location site = std::source_location::current()) const {
        require_nothrow_destructor<F>();
        auto* const record = new task_detail::PostedRecord<F>(*inbox_, *scheduler_, options, site,
                                                              std::move(function));
        TaskHandle<task_detail::TaskValueOf<F>> handle(*record);
        task_detail::post(*record);
        return task_detail::FunctionHandle<F>(std::move(handle));
    }

private:
    friend class Runtime;
    RuntimeRemote(task_detail::Inbox& inbox, task_detail::Scheduler& scheduler) noexcept
        : inbox_(&inbox), scheduler_(&scheduler) {
        inbox_->retain();
    }

    task_detail::Inbox* inbox_;
    task_detail::Scheduler* scheduler_;  // only stored in records; used on its own thread
};

}  // namespace nebula
