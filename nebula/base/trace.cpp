// SPDX-License-Identifier: MIT
#include "nebula/base/trace.hpp"

namespace nebula {

constinit std::atomic<const TraceHooks*> detail::current_trace_hooks{nullptr};

const TraceHooks* set_trace_hooks(const TraceHooks* hooks) noexcept {
    // acq_rel for callers, who may hand over more than the table by it; see trace_hooks().
    return detail::current_trace_hooks.exchange(hooks, std::memory_order_acq_rel);
}

}  // namespace nebula
