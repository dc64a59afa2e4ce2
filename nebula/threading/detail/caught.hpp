// SPDX-License-Identifier: MIT
// Exceptions for headers that must compile with -fno-exceptions.
#pragma once

#include <exception>
#include <memory>

namespace nebula {

class WorkerPool;

namespace detail {

/// Calls `call(context)`; returns what it threw, or null.
[[nodiscard]] std::exception_ptr run_caught(void (*call)(void*), void* context) noexcept;

/// Calls f(); returns what it threw, or null.
template <class F>
[[nodiscard]] std::exception_ptr caught(F& f) noexcept {
    return run_caught([](void* context) { (*static_cast<F*>(context))(); }, std::addressof(f));
}

/// Logs what a capture's destructor threw when its task was dropped without running, because nobody
/// can catch it. Does nothing for null.
void log_destructor_error(const std::exception_ptr& error, const char* task_name) noexcept;

/// Passes an error that nobody will take to the pool's panic handler, on this thread.
///
/// Threads:   any thread.
void report_lost_error(WorkerPool& pool, std::exception_ptr error, const char* task_name) noexcept;

}  // namespace detail
}  // namespace nebula
