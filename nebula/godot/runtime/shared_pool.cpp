// SPDX-License-Identifier: MIT
#include "nebula/godot/runtime/shared_pool.hpp"

#include "nebula/base/log.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace nebula::godot {
namespace {

// Starts a pool on another thread, which first destroys the previous Start. The destructor joins.
class Start {
public:
    Start(WorkerPoolConfig wanted, std::unique_ptr<Start> before)
        : before_(std::move(before)), thread_([this, wanted = std::move(wanted)]() mutable {
              before_.reset();
              try {
                  pool_ = std::make_unique<WorkerPool>(std::move(wanted));
              } catch (const std::exception& error) {
                  log(LogLevel::Warning,
                      std::string("the worker pool could not be started in the background: ") +
                          error.what());
              }
          }) {}

    /// Null if its threads could not be started. Call it once.
    [[nodiscard]] std::unique_ptr<WorkerPool> take() {
        thread_.join();
        return std::move(pool_);
    }

private:
    std::unique_ptr<Start> before_;     // used by the thread
    std::unique_ptr<WorkerPool> pool_;  // used by the thread, then by whoever has joined it
    std::jthread thread_;               // last, so it is joined before the others are destroyed
};

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
        const WorkerPoolConfig& wanted = shared_pool_config();
        start = std::make_unique<Start>(wanted, std::move(start));
    } catch (const std::exception& error) {
        // shared_pool() tries again, and throws if that fails, too.
        log(LogLevel::Warning,
            std::string("the worker pool could not be started in the background: ") + error.what());
    }
}

const WorkerPoolConfig& shared_pool_config() {
    // Not earlier than the first call: the log must have its sink.
    if (!config) config = WorkerPoolConfig{}.with_environment();
    return *config;
}

void configure_shared_pool(const WorkerPoolConfig& wanted) {
    config = wanted.with_environment();
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

WorkerPool* shared_pool_if_used() noexcept { return pool.get(); }

void stop_shared_pool() noexcept {
    start.reset();
    pool.reset();
}

}  // namespace nebula::godot
