// SPDX-License-Identifier: MIT
#include "nebula/godot/runtime/shared_pool.hpp"

#include "nebula/base/log.hpp"
#include "nebula/base/mutex.hpp"
#include "nebula/threading/nesting.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace nebula::godot {
namespace {

// Starts pools on another thread, one after the other. The destructor waits for it.
class Start {
public:
    Start() = default;
    Start(const Start&) = delete;
    Start& operator=(const Start&) = delete;
    ~Start() {
        if (thread_.joinable()) thread_.join();
    }

    /// Replaces the pool that has started, and a wish whose start has not begun.
    /// \throws std::system_error if there is no thread to do it.
    void wish(const WorkerPoolConfig& wanted) {
        {
            const MutexLock lock(mutex_);
            wish_ = wanted;
            if (under_way_.load()) return;
            under_way_.store(true);
        }
        if (thread_.joinable()) thread_.join();  // it has nothing left to do
        try {
            thread_ = std::thread([this] { run(); });
        } catch (...) {
            const MutexLock lock(mutex_);
            wish_.reset();
            pool_.reset();  // of another configuration
            under_way_.store(false);
            throw;
        }
    }

    [[nodiscard]] bool under_way() const noexcept { return under_way_.load(); }

    /// Waits. Null if its threads could not be started.
    [[nodiscard]] std::unique_ptr<WorkerPool> take() {
        if (thread_.joinable()) thread_.join();
        const MutexLock lock(mutex_);
        return std::move(pool_);
    }

private:
    void run() {
        for (;;) {
            std::unique_ptr<WorkerPool> before;
            std::optional<WorkerPoolConfig> wanted;
            {
                const MutexLock lock(mutex_);
                wanted = std::exchange(wish_, std::nullopt);
                before = std::move(pool_);
                if (!wanted) {
                    pool_ = std::move(before);
                    under_way_.store(false);
                    return;
                }
            }
            before.reset();
            try {
                before = std::make_unique<WorkerPool>(*std::move(wanted));
            } catch (const std::exception& error) {
                log(LogLevel::Warning,
                    std::string("the worker pool could not be started in the background: ") +
                        error.what());
            }
            const MutexLock lock(mutex_);
            pool_ = std::move(before);
        }
    }

    Mutex mutex_;
    std::optional<WorkerPoolConfig> wish_ NEBULA_GUARDED_BY(mutex_);
    std::unique_ptr<WorkerPool> pool_ NEBULA_GUARDED_BY(mutex_);
    std::atomic<bool> under_way_{false};  // written under mutex_, or while there is no thread
    std::thread thread_;                  // main thread
};

// As much as the engine gives its own threads. It stops a script that calls itself without end after
// 1024 calls, and that many need more than the 2 MiB of the pool's own default. A thread only takes
// what it uses.
constexpr std::size_t kLeastStack = std::size_t{8} * 1024 * 1024;

WorkerPoolConfig with_room_for_scripts(WorkerPoolConfig wanted) {
    wanted.stack_size_bytes = std::max(wanted.stack_size_bytes, kLeastStack);
    return wanted.with_environment();
}

// Main thread only. stop_shared_pool() empties both pointers while the workers' code is still
// loaded.
std::unique_ptr<Start> start;
std::unique_ptr<WorkerPool> pool;
std::optional<WorkerPoolConfig> config;

void restart() {
    if (start) start_shared_pool();
}

}  // namespace

void start_shared_pool() noexcept {
    if (pool) return;
    try {
        // On the main thread the first look at the stack's bounds reads all of /proc/self/maps, which
        // takes over a millisecond: now, and not when the first terrain enters the tree.
        nebula::detail::require_stack();
        if (!start) start = std::make_unique<Start>();
        start->wish(shared_pool_config());
    } catch (const std::exception& error) {
        // shared_pool() tries again, and throws if that fails, too.
        log(LogLevel::Warning,
            std::string("the worker pool could not be started in the background: ") + error.what());
    }
}

const WorkerPoolConfig& shared_pool_config() {
    // Not earlier than the first call: the log must have its sink.
    if (!config) config = with_room_for_scripts({});
    return *config;
}

void configure_shared_pool(const WorkerPoolConfig& wanted) {
    config = with_room_for_scripts(wanted);
    restart();
}

void set_shared_pool_threads(int count) {
    (void)shared_pool_config();
    config->thread_count_override = count;
    restart();
}

WorkerPool& shared_pool() {
    if (!pool && start) pool = std::exchange(start, nullptr)->take();
    if (!pool) pool = std::make_unique<WorkerPool>(shared_pool_config());
    return *pool;
}

bool shared_pool_is_starting() noexcept { return !pool && start && start->under_way(); }

WorkerPool* shared_pool_if_used() noexcept { return pool.get(); }

void stop_shared_pool() noexcept {
    start.reset();
    pool.reset();
}

}  // namespace nebula::godot
