// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/os_thread_posix.hpp"

#include "nebula/threading/detail/os_thread.hpp"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <system_error>

namespace nebula::detail {

void check_posix(int error, const char* what) {
    if (error != 0) throw std::system_error(error, std::generic_category(), what);
}

PosixThreadAttributes::PosixThreadAttributes() {
    check_posix(pthread_attr_init(&attributes_), "thread attributes");
}

PosixThreadAttributes::PosixThreadAttributes(std::size_t stack_size_bytes)
    : PosixThreadAttributes() {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    std::size_t guard = 0;
    check_posix(pthread_attr_getguardsize(&attributes_, &guard), "guard size");
    // glibc takes the guard out of the given size; one page more for what it keeps on top.
    const std::size_t wanted =
        std::max(stack_size_bytes, static_cast<std::size_t>(PTHREAD_STACK_MIN)) + guard + page;
    const std::size_t size = (wanted + page - 1) / page * page;
    check_posix(pthread_attr_setstacksize(&attributes_, size), "stack size of a worker thread");
}

PosixThreadAttributes::~PosixThreadAttributes() { pthread_attr_destroy(&attributes_); }

void sleep_forever() noexcept {
    for (;;) pause();
}

long this_process_id() noexcept { return getpid(); }

void call_in_children(void (*function)()) noexcept { pthread_atfork(nullptr, nullptr, function); }

}  // namespace nebula::detail
