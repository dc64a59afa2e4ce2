// SPDX-License-Identifier: MIT
#include "nebula/trace/detail/thread_label.hpp"

#include "nebula/threading/detail/os_thread.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <string_view>

namespace nebula::detail {

std::string this_thread_label() {
    if (const std::string_view worker = WorkerPool::current_worker_name(); !worker.empty())
        return std::string(worker);
    if (is_main_thread()) return "main";
    std::string name = this_thread_name();
    return name.empty() ? "thread" : name;
}

}  // namespace nebula::detail
