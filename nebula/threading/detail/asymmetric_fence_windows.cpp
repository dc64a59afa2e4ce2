// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/asymmetric_fence.hpp"

#include <windows.h>

namespace nebula::detail {

FenceRegistration::FenceRegistration(bool /*wanted*/) noexcept {}
FenceRegistration::~FenceRegistration() = default;

bool asymmetric_fences_ready() noexcept { return true; }

long asymmetric_fence_registrar() noexcept { return 0; }

void heavy_fence() noexcept { FlushProcessWriteBuffers(); }

}  // namespace nebula::detail
