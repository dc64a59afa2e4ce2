// SPDX-License-Identifier: MIT
#include "nebula/threading/io_threads.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/log.hpp"
#include "nebula/threading/detail/caught.hpp"
#include "nebula/threading/detail/futex.hpp"
#include "nebula/threading/detail/os_thread.hpp"
#include "nebula/threading/detail/panic.hpp"
#include "nebula/threading/detail/task_trace.hpp"

#include <exception>
#include <iterator>
#include <list>
#include <string>
#include <utility>

namespace nebula {
namespace {

// Whose thread this is, and its number. Pointers without a destructor, as in the pool.
constinit thread_local const IoThreads* own_threads = nullptr;
constinit thread_local std::uint32_t own_number = 0;

}  // namespace

IoThreads::IoThreads(IoThreadsConfig config) : config_(std::move(config)) {}

IoThreads::~IoThreads() { close(); }

// Closures, handlers and the log's sink are the user's code: none of it runs under the lock.
void IoThreads::spawn_job(Job job) {
    std::list<Job> one;
    one.push_back(std::move(job));
    std::string missing_thread;
    {
        const MutexLock lock(mutex_);
        if (!closed_ && config_.most_threads > 0) {
            jobs_.splice(jobs_.end(), one);
            if (jobs_.size() > idle_ &&
                threads_.size() < static_cast<std::size_t>(config_.most_threads)) {
                try {
                    threads_.reserve(threads_.size() + 1);
                    threads_.push_back(
                        detail::start_thread(thread_entry, this, config_.stack_size_bytes));
                } catch (const std::exception& error) {
                    if (threads_.empty()) {
                        one.splice(one.end(), jobs_, std::prev(jobs_.end()));
                        throw;
                    }
                    missing_thread = error.what();
                }
            }
            // Relaxed: under the lock; the kernel compares.
            bell_.fetch_add(1, std::memory_order_relaxed);
            detail::futex_wake_one(bell_);
        }
    }
    if (!missing_thread.empty())
        log(LogLevel::Warning, config_.name_prefix +
                                   ": no further thread could be started, so the work waits for "
                                   "those there are: " +
                                   missing_thread);
    if (!one.empty()) run(one.front());
}

void IoThreads::run(Job& job) const noexcept {
    const detail::TaskTrace trace(job.name);
    if (const std::exception_ptr exception = detail::caught(job.function))
        report(exception, job.name);
    job.function.reset();
}

void IoThreads::report(const std::exception_ptr& error, const char* job_name) const noexcept {
    const std::string thread =
        own_threads == this ? config_.name_prefix + "-" + std::to_string(own_number) : "caller";
    detail::tell_panic(config_.on_panic, error, thread, job_name);
}

void* IoThreads::thread_entry(void* threads) noexcept {
    static_cast<IoThreads*>(threads)->work();
    return nullptr;
}

void IoThreads::work() noexcept {
    own_threads = this;
    own_number = started_.fetch_add(1, std::memory_order_relaxed);  // a number
    detail::name_this_thread(detail::os_thread_name(config_.name_prefix, own_number));
    if (config_.nice != 0) detail::set_this_thread_nice(config_.nice);
    for (std::list<Job> job = take(); !job.empty(); job = take()) run(job.front());
    own_threads = nullptr;
}

bool IoThreads::run_one_if_own() noexcept {
    if (own_threads != this) return false;
    std::list<Job> job;
    {
        const MutexLock lock(mutex_);
        if (jobs_.empty()) return false;
        job.splice(job.end(), jobs_, jobs_.begin());
    }
    run(job.front());
    return true;
}

// Empty: closed, and nothing is queued. What running jobs spawn then, they run themselves.
std::list<IoThreads::Job> IoThreads::take() noexcept {
    std::list<Job> job;
    for (;;) {
        std::uint32_t rings = 0;
        {
            const MutexLock lock(mutex_);
            if (!jobs_.empty()) {
                job.splice(job.end(), jobs_, jobs_.begin());
                return job;
            }
            if (closed_) return job;
            ++idle_;
            // Relaxed: moved under the lock, so what comes after us changes it before we sleep.
            rings = bell_.load(std::memory_order_relaxed);
        }
        detail::futex_wait(bell_, rings);
        const MutexLock lock(mutex_);
        --idle_;
    }
}

void IoThreads::close() noexcept {
    if (own_threads == this)
        detail::assert_failed("own_threads != this", "IoThreads must not be closed by a job");
    std::vector<pthread_t> threads;
    {
        const MutexLock lock(mutex_);
        closed_ = true;
        threads.swap(threads_);
        bell_.fetch_add(1, std::memory_order_relaxed);  // as in take()
        for (std::size_t i = 0; i < threads.size(); ++i) detail::futex_wake_one(bell_);
    }
    for (const pthread_t thread : threads) pthread_join(thread, nullptr);
}

int IoThreads::thread_count() const {
    const MutexLock lock(mutex_);
    return static_cast<int>(threads_.size());
}

std::size_t IoThreads::queued() const {
    const MutexLock lock(mutex_);
    return jobs_.size();
}

void IoScope::run_guarded(void (*call)(void* closure), void* closure, const char* name) noexcept {
    if (std::exception_ptr error = detail::run_caught(call, closure)) {
        const MutexLock lock(mutex_);
        if (first_ != nullptr) return;
        first_ = std::move(error);
        first_name_ = name;
    }
}

IoScope::~IoScope() {
    wait();
    std::exception_ptr first;
    {
        const MutexLock lock(mutex_);  // for the analysis: nobody else is left
        first = std::exchange(first_, nullptr);
    }
    if (first != nullptr) threads_->report(first, first_name_);
}

void IoScope::leave() noexcept {
    // Release pairs with the acquire in wait(). Waking a word that is gone harms nobody: the kernel
    // only compares its address.
    if (pending_.fetch_sub(1, std::memory_order_acq_rel) == 1) detail::futex_wake_one(pending_);
}

void IoScope::wait() noexcept {
    for (std::uint32_t left = 0; (left = pending_.load(std::memory_order_acquire)) != 0;) {
        // One of the threads that would run the jobs: were it to sleep, they might wait for it.
        if (!threads_->run_one_if_own()) detail::futex_wait(pending_, left);
    }
}

void IoScope::wait_and_rethrow() {
    wait();
    std::exception_ptr first;
    {
        const MutexLock lock(mutex_);
        first = std::exchange(first_, nullptr);
    }
    if (first != nullptr) std::rethrow_exception(first);
}

}  // namespace nebula
