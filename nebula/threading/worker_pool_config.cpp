// SPDX-License-Identifier: MIT
#include "nebula/threading/worker_pool_config.hpp"

#include "nebula/base/log.hpp"
#include "nebula/threading/available_cpus.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string>
#include <system_error>

namespace nebula {

int WorkerPoolConfig::thread_count() const {
    return thread_count_override ? thread_count(1) : thread_count(available_cpus());
}

int WorkerPoolConfig::thread_count(int available) const noexcept {
    if (thread_count_override) return std::max(*thread_count_override, 1);
    return std::max(available - std::max(reserved_cores, 0), 1);
}

WorkerPoolConfig WorkerPoolConfig::with_environment() const {
    WorkerPoolConfig config = *this;
    const char* const value = std::getenv("NEBULA_THREADS");  // NOLINT(concurrency-mt-unsafe)
    const std::string_view text = value != nullptr ? value : "";
    if (text.empty()) return config;
    int count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error == std::errc() && end == text.data() + text.size() && count >= 1 && count <= 1024)
        config.thread_count_override = count;
    else
        log(LogLevel::Warning, "NEBULA_THREADS must be a whole number from 1 to 1024, and is \"" +
                                   std::string(text) + "\": it is ignored.");
    return config;
}

}  // namespace nebula
