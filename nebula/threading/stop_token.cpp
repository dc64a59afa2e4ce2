// SPDX-License-Identifier: MIT
#include "nebula/threading/stop_token.hpp"

#include "nebula/threading/detail/pool_core.hpp"
#include "nebula/threading/detail/worker.hpp"

#include <atomic>
#include <utility>

namespace nebula {
namespace {

// One pointer, no destructor: the extension is unloaded while foreign threads are still alive.
constinit thread_local StopToken tls_current;

// Relaxed: a name for display; it points to memory that lives forever.
const char* exchange_running_name(const char* name) noexcept {
    detail::Worker* const worker = detail::PoolCore::current_worker();
    if (worker == nullptr) return nullptr;
    const char* const before = worker->running_name.load(std::memory_order_relaxed);
    worker->running_name.store(name, std::memory_order_relaxed);
    return before;
}

}  // namespace

StopToken current_stop_token() noexcept { return tls_current; }

namespace detail {

CurrentStop::CurrentStop(const std::atomic<std::uint32_t>& word, const char* name) noexcept
    : outer_(std::exchange(tls_current, StopToken(word))),
      outer_name_(exchange_running_name(name)) {}

CurrentStop::~CurrentStop() {
    tls_current = outer_;
    (void)exchange_running_name(outer_name_);
}

}  // namespace detail
}  // namespace nebula
