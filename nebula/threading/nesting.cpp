// SPDX-License-Identifier: MIT
#include "nebula/threading/nesting.hpp"

#include "nebula/threading/detail/os_thread.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace nebula {
namespace {

// The room that must be left to report the error and to unwind; at most an eighth of the stack.
constexpr std::size_t kReserve = std::size_t{96} * 1024;
constexpr std::size_t reserve_of(std::size_t stack_bytes) {
    return std::min(kReserve, stack_bytes / 8);
}

struct StackBounds {
    std::uintptr_t low = 0;
    std::uintptr_t high = 0;  // 0: not asked yet
    [[nodiscard]] std::size_t size() const noexcept { return high - low; }
    [[nodiscard]] bool contains(std::uintptr_t address) const noexcept {
        return address >= low && address < high;
    }
};
// Plain data, no destructor: the extension is unloaded while foreign threads are still alive.
constinit thread_local StackBounds stack_bounds;
constinit thread_local std::size_t nested_waits = 0;

const StackBounds& bounds_of_this_stack() noexcept {
    StackBounds& bounds = stack_bounds;
    if (bounds.high == 0) [[unlikely]] {
        const detail::StackRange range = detail::this_stack();
        bounds = {range.low, range.high};
    }
    return bounds;
}

std::string kib(std::size_t bytes) { return std::to_string(bytes / 1024) + " KiB"; }

}  // namespace

NestedTooDeep::NestedTooDeep(std::size_t depth, std::size_t bytes_left, std::size_t stack_bytes)
    : depth_(depth), bytes_left_(bytes_left), stack_bytes_(stack_bytes) {
    make_text(nullptr);
}

void NestedTooDeep::name_task(const char* name) noexcept {
    if (named_) return;
    named_ = true;
    try {
        make_text(name != nullptr ? name : "unnamed");
    } catch (...) {  // the text without a name stays
    }
}

void NestedTooDeep::make_text(const char* name) {
    std::string text = name != nullptr ? "task \"" + std::string(name) + "\"" : "this thread";
    text += " waits for tasks at depth " + std::to_string(depth_) +
            ": that many waits, and the calls between them, are inside each other on one stack, "
            "and " +
            kib(bytes_left_) + " of its " + kib(stack_bytes_) +
            " are left. Nest less deeply (joins inside WorkerPool::fork() nest as well), split the "
            "work into levels, or raise WorkerPoolConfig::stack_size_bytes";
    text_ = std::move(text);
}

namespace detail {

void require_stack() {
    const StackBounds& bounds = bounds_of_this_stack();
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    // On a stack of the caller's own, such as a fibre's, this is unknown.
    if (!bounds.contains(here)) return;
    const std::size_t left = here - bounds.low;
    if (left < reserve_of(bounds.size())) [[unlikely]]
        throw NestedTooDeep(nested_waits, left, bounds.size());
}

bool has_stack_to_help() noexcept {
    const StackBounds& bounds = bounds_of_this_stack();
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    return !bounds.contains(here) || here - bounds.low >= 2 * reserve_of(bounds.size());
}

std::uintptr_t stack_floor() noexcept {
    const StackBounds& bounds = bounds_of_this_stack();
    return bounds.low + reserve_of(bounds.size());
}

NestedWait::NestedWait() noexcept { ++nested_waits; }
NestedWait::~NestedWait() { --nested_waits; }

}  // namespace detail
}  // namespace nebula
