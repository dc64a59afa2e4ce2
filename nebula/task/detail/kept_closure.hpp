// SPDX-License-Identifier: MIT
// A closure that is destroyed at a chosen moment, even if its destructor throws.
#pragma once

#include "nebula/threading/detail/caught.hpp"

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace nebula::task_detail {

/// Threads:   one at a time.
/// Cost:      a closure whose destructor may throw is on the heap, where the exception can be
///            caught. Any other is inside, and destroy() is its destructor.
template <class F>
class KeptClosure {
public:
    explicit KeptClosure(F&& function) : kept_(std::move(function)) {}
    ~KeptClosure() { (void)destroy(); }
    KeptClosure(const KeptClosure&) = delete;
    KeptClosure& operator=(const KeptClosure&) = delete;

    [[nodiscard]] F& operator*() noexcept { return *kept_; }

    /// Returns what the destructor threw, or null. A second call does nothing.
    [[nodiscard]] std::exception_ptr destroy() noexcept {
        if constexpr (kNoThrow) {
            kept_.reset();
            return nullptr;
        } else {
            auto end = [this] { delete std::exchange(kept_.closure, nullptr); };
            return nebula::detail::caught(end);
        }
    }

private:
    static constexpr bool kNoThrow = std::is_nothrow_destructible_v<F>;
    struct Apart {
        explicit Apart(F&& function) : closure(new F(std::move(function))) {}
        F& operator*() noexcept { return *closure; }
        F* closure;
    };

    std::conditional_t<kNoThrow, std::optional<F>, Apart> kept_;
};

}  // namespace nebula::task_detail
