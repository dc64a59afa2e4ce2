// SPDX-License-Identifier: MIT
// What os_thread_linux.cpp and os_thread_macos.cpp need to start a POSIX thread.
#pragma once

#include <pthread.h>

#include <cstddef>

namespace nebula::detail {

/// For functions that return an error number. \throws std::system_error with `what`, unless it is 0.
void check_posix(int error, const char* what);

/// For a thread with at least `stack_size_bytes` of usable stack.
/// \throws std::system_error if the system refuses.
class PosixThreadAttributes {
public:
    explicit PosixThreadAttributes(std::size_t stack_size_bytes);
    ~PosixThreadAttributes();
    PosixThreadAttributes(const PosixThreadAttributes&) = delete;
    PosixThreadAttributes& operator=(const PosixThreadAttributes&) = delete;

    [[nodiscard]] pthread_attr_t* get() noexcept { return &attributes_; }

private:
    PosixThreadAttributes();

    pthread_attr_t attributes_{};
};

}  // namespace nebula::detail
