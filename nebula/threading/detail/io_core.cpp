// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/io_core.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/log.hpp"
#include "nebula/threading/detail/caught.hpp"
#include "nebula/threading/detail/futex.hpp"
#include "nebula/threading/detail/os_thread.hpp"
#include "nebula/threading/detail/panic.hpp"
#include "nebula/threading/detail/slow_wait.hpp"
#include "nebula/threading/detail/task_trace.hpp"
#include "nebula/threading/nesting.hpp"

#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace nebula::detail {
namespace {

// To which IoCore this thread belongs, and its name there. No destructor, as in the pool.
constinit thread_local IoCore* own_core = nullptr;
constinit thread_local const std::string* own_name = nullptr;

}  // namespace

// Whether there are more jobs than threads to take them, and room for another thread.
bool IoCore::needs_thread() const noexcept {
    return jobs_.size() > idle_ &&
           threads_.size() < static_cast<std::size_t>(config_.most_threads) + blocked_;
}

void IoCore::add_thread() {
    threads_.reserve(threads_.size() + 1);
    const std::size_t index = threads_.size();
    auto thread =
        std::make_unique<Thread>(*this, index, config_.name_prefix + "-" + std::to_string(index));
    thread->handle = start_thread(thread_entry, thread.get(), config_.stack_size_bytes);
    threads_.push_back(std::move(thread));
}

void IoCore::ring() noexcept {
    // Relaxed: under the lock; the kernel only compares.
    bell_.fetch_add(1, std::memory_order_relaxed);
    futex_wake_one(bell_);
}

// Closures, handlers and the log's sink are user code; none of it runs under the lock.
void IoCore::spawn(IoJob job) {
    home_.require();
    std::list<IoJob> one;
    one.push_back(std::move(job));
    std::string missing_thread;
    {
        const MutexLock lock(mutex_);
        if (!closed_ && config_.most_threads > 0) {
            jobs_.splice(jobs_.end(), one);
            if (needs_thread()) {
                try {
                    add_thread();
                } catch (const std::exception& error) {
                    if (threads_.empty()) {
                        one.splice(one.end(), jobs_, std::prev(jobs_.end()));
                        throw;
                    }
                    missing_thread = error.what();
                }
            }
            ring();
        }
    }
    if (!missing_thread.empty())
        log(LogLevel::Warning, config_.name_prefix +
                                   ": no further thread could be started, so jobs wait for the "
                                   "existing ones: " +
                                   missing_thread);
    if (one.empty()) return;
    require_stack();
    const NestedWait nested;  // the job may spawn another one, which would run inside it
    run(one.front());
}

IoCore::LentPlace::LentPlace() noexcept : core_(own_core) {
    if (core_ == nullptr) return;
    std::string missing_thread;
    {
        const MutexLock lock(core_->mutex_);
        ++core_->blocked_;
        if (core_->closed_ || !core_->needs_thread()) return;
        try {
            core_->add_thread();
        } catch (const std::exception& error) {
            missing_thread = error.what();
        }
    }
    if (!missing_thread.empty())
        log(LogLevel::Warning,
            core_->config_.name_prefix +
                ": a thread is blocked, and no replacement could be started: " + missing_thread);
}

IoCore::LentPlace::~LentPlace() {
    if (core_ == nullptr) return;
    const MutexLock lock(core_->mutex_);
    --core_->blocked_;
}

void IoCore::run(IoJob& job) const noexcept {
    const TaskTrace trace(job.name);
    const RunningMark mark(this_threads_running, job.name);
    if (const std::exception_ptr exception = caught(job.function)) report(exception, job.name);
    job.function.reset();
}

void IoCore::report(const std::exception_ptr& error, const char* job_name) const noexcept {
    const std::string_view thread = own_core == this ? std::string_view(*own_name) : "caller";
    tell_panic(config_.on_panic, error, thread, job_name);
}

void* IoCore::thread_entry(void* thread) noexcept {
    Thread& self = *static_cast<Thread*>(thread);
    self.core.work(self);
    return nullptr;
}

void IoCore::work(Thread& self) noexcept {
    watch_for_exit_here();
    own_core = this;
    own_name = &self.name;
    this_threads_running = &self.running;
    name_this_thread(os_thread_name(config_.name_prefix, self.index));
    if (config_.nice != 0) set_this_thread_nice(config_.nice);
    for (std::list<IoJob> job = take(); !job.empty(); job = take()) run(job.front());
    this_threads_running = nullptr;
    own_name = nullptr;
    own_core = nullptr;
}

bool IoCore::run_one_if_own() noexcept {
    if (own_core != this) return false;
    home_.require();
    std::list<IoJob> job;
    {
        const MutexLock lock(mutex_);
        if (jobs_.empty()) return false;
        job.splice(job.end(), jobs_, jobs_.begin());
    }
    run(job.front());
    return true;
}

// Empty if it is closed and nothing is queued. Running jobs then run themselves what they spawn.
std::list<IoJob> IoCore::take() noexcept {
    home_.require();  // a job that forked has come back in the child
    std::list<IoJob> job;
    for (;;) {
        std::uint32_t rings = 0;
        {
            const MutexLock lock(mutex_);
            if (!abandoned_ && !jobs_.empty()) {
                job.splice(job.end(), jobs_, jobs_.begin());
                return job;
            }
            if (closed_) return job;
            ++idle_;
            // Relaxed: it is changed under the lock, so a later job changes it before we sleep.
            rings = bell_.load(std::memory_order_relaxed);
        }
        futex_wait(bell_, rings);
        const MutexLock lock(mutex_);
        --idle_;
    }
}

void IoCore::close() noexcept {
    if (own_core == this)
        assert_failed("not one of its own threads",
                      "IoThreads must not be closed by one of "
                      "their own jobs");
    home_.require();
    std::vector<std::unique_ptr<Thread>> threads;
    {
        const MutexLock lock(mutex_);
        closed_ = true;
        threads.swap(threads_);
        for (std::size_t i = 0; i < threads.size(); ++i) ring();
    }
    for (const auto& thread : threads)
        join_slowly(thread->handle, "io threads", thread->running, thread->name);
}

void IoCore::abandon() noexcept {
    if (!home_.is_here()) return;  // its lock may be held forever
    const MutexLock lock(mutex_);
    abandoned_ = true;
}

int IoCore::thread_count() const {
    home_.require();
    const MutexLock lock(mutex_);
    return static_cast<int>(threads_.size());
}

std::size_t IoCore::queued() const {
    home_.require();
    const MutexLock lock(mutex_);
    return jobs_.size();
}

}  // namespace nebula::detail
