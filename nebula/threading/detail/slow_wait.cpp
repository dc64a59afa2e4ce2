// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/slow_wait.hpp"

#include <atomic>

namespace nebula::detail {

constinit thread_local NowRunning* this_threads_running = nullptr;

std::string what_holds_up(std::string_view whose, const NowRunning& running,
                          std::string_view thread_name, std::int64_t seconds) {
    const char* const name = running.name.load(std::memory_order_relaxed);
    const bool has_token = running.has_token.load(std::memory_order_relaxed);
    std::string line(whose);
    line.append(": the shutdown is waiting for ");
    if (name == nullptr) {
        line.append(thread_name).append(", which runs nothing, for ");
        return line.append(std::to_string(seconds)).append(" s so far");
    }
    if (*name != '\0')
        line.append(has_token ? "the job '" : "the task '").append(name).append("'");
    else
        line.append(has_token ? "a job without a name" : "a task without a name");
    line.append(" on ").append(thread_name);
    line.append(", for ").append(std::to_string(seconds)).append(" s so far; ");
    line.append(has_token ? "let the job check its StopToken"
                          : "nothing can ask it to stop: make it shorter, or give it a StopToken "
                            "(spawn_job, pool.run)");
    return line;
}

void join_slowly(ThreadHandle thread, std::string_view whose, const NowRunning& running,
                 std::string_view thread_name) noexcept {
    for (SlowWait slow; !join_thread_until(thread, slow.due());)
        slow.tell_if_due([&](std::int64_t seconds) {
            return what_holds_up(whose, running, thread_name, seconds);
        });
}

}  // namespace nebula::detail
