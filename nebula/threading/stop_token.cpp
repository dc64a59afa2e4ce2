// SPDX-License-Identifier: MIT
#include "nebula/threading/stop_token.hpp"

#include <utility>

namespace nebula {
namespace {

// One pointer, no destructor: the extension is unloaded while foreign threads are still alive.
constinit thread_local StopToken tls_current;

}  // namespace

StopToken current_stop_token() noexcept { return tls_current; }

namespace detail {

CurrentStop::CurrentStop(StopToken token, const char* name) noexcept
    : outer_(std::exchange(tls_current, token)), mark_(this_threads_running, name, true) {}

CurrentStop::~CurrentStop() { tls_current = outer_; }

}  // namespace detail
}  // namespace nebula
