// SPDX-License-Identifier: MIT
#include "nebula/trace/detail/thread_label.hpp"

#include "nebula/threading/worker_pool.hpp"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <string_view>

namespace nebula::detail {

std::string this_thread_label() {
    if (const std::string_view worker = WorkerPool::current_worker_name(); !worker.empty())
        return std::string(worker);
    if (syscall(SYS_gettid) == getpid()) return "main";
    std::array<char, 16> name{};
    if (pthread_getname_np(pthread_self(), name.data(), name.size()) != 0) return "thread";
    return name.data();
}

}  // namespace nebula::detail
