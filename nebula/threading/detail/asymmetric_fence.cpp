// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/asymmetric_fence.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <mutex>

namespace nebula::detail {

constinit bool asymmetric_fences_enabled = false;

void enable_asymmetric_fences() noexcept {
    static std::once_flag once;
    std::call_once(once, [] {
        asymmetric_fences_enabled =
            syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
    });
}

void heavy_fence() noexcept {
    if (asymmetric_fences_enabled)
        syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
    else
        std::atomic_thread_fence(std::memory_order_seq_cst);
}

}  // namespace nebula::detail
