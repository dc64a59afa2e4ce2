// SPDX-License-Identifier: MIT
// A pool's configuration from a TOML file. Target nebula::threading_toml; needs toml++.
#pragma once

#include "nebula/threading/worker_pool_config.hpp"

#include <filesystem>
#include <stdexcept>
#include <string_view>

namespace nebula {

/// what() is one sentence for the author of the file: file, line, key, allowed range.
class ConfigError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Reads the table
///
///     [threading.worker_pool]
///     thread_count = 6              # 1 to 1024; absent: by the available CPUs
///     reserved_cores = 2            # 0 to 1024
///     stack_size_bytes = 2097152    # 65536 to 1073741824
///     background_reserve = 1        # 0 to 1024; absent: 1 of 3 or more workers
///     utilization_window_ms = 1000  # 10 to 60000
///     background_nice = 0           # 0 to 19
///     io_threads = 4                # 0 to 64; 0: jobs run where they are spawned
///     pin_workers = false
///     run_inline = false            # true: no threads at all
///     name_prefix = "nebula-worker" # 1 to 64 bytes, no control characters
///
/// If a key or table is absent, the default applies. Tables outside of [threading] are ignored.
///
/// \throws ConfigError if the file cannot be read, is not TOML, or if that table has an unknown
///         key, a wrong type or a value out of range.
[[nodiscard]] WorkerPoolConfig load_worker_pool_config(const std::filesystem::path& path);

/// The same from memory; `source_name` stands for the file in errors.
[[nodiscard]] WorkerPoolConfig parse_worker_pool_config(std::string_view text,
                                                        std::string_view source_name);

}  // namespace nebula
