// SPDX-License-Identifier: MIT
// Written from the documentation: nobody has compiled or run this file yet.
#include "nebula/threading/detail/asymmetric_fence.hpp"

#include <mach/mach.h>
#include <mach/thread_state.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace nebula::detail {

FenceRegistration::FenceRegistration(bool /*wanted*/) noexcept {}
FenceRegistration::~FenceRegistration() = default;

bool asymmetric_fences_ready() noexcept { return true; }

long asymmetric_fence_registrar() noexcept { return 0; }

// macOS has no call for this. To tell a thread's registers the kernel has to stop it, wherever it runs,
// and a thread that was stopped and goes on has passed a full fence. The .NET runtime relies on the
// same. It costs a system call for each thread of the process.
void heavy_fence() noexcept {
    thread_act_array_t threads = nullptr;
    mach_msg_type_number_t count = 0;
    if (task_threads(mach_task_self(), &threads, &count) != KERN_SUCCESS) return;
    for (mach_msg_type_number_t i = 0; i < count; ++i) {
        std::array<std::uintptr_t, 128> registers{};
        std::size_t number = registers.size();
        std::uintptr_t stack_pointer = 0;
        // Also a failure comes after the stop: a thread with more registers, or one that has ended.
        (void)thread_get_register_pointer_values(threads[i], &stack_pointer, &number,
                                                 registers.data());
        mach_port_deallocate(mach_task_self(), threads[i]);
    }
    vm_deallocate(mach_task_self(), reinterpret_cast<vm_address_t>(threads),
                  count * sizeof(thread_act_t));
}

}  // namespace nebula::detail
