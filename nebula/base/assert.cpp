// SPDX-License-Identifier: MIT
#include "nebula/base/assert.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace nebula {
namespace {

void print_and_return(const char* condition, const char* why, std::source_location where) {
    std::fprintf(stderr, "nebula: assertion failed: %s (%s) at %s:%u in %s\n", why, condition,
                 where.file_name(), static_cast<unsigned>(where.line()), where.function_name());
}

std::atomic<AssertHandler> current_handler{print_and_return};

}  // namespace

AssertHandler set_assert_handler(AssertHandler handler) noexcept {
    return current_handler.exchange(handler != nullptr ? handler : print_and_return);
}

void detail::assert_failed(const char* condition, const char* why, std::source_location where) {
    current_handler.load()(condition, why, where);
    std::abort();
}

}  // namespace nebula
