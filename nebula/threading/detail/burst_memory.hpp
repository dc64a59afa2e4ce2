// SPDX-License-Identifier: MIT
// Memory for the pieces of a queue beyond those that it keeps.
#pragma once

#include "nebula/base/slabs.hpp"

#include <algorithm>
#include <cstddef>
#include <new>
#include <type_traits>

namespace nebula::detail {

/// How many of T make about a page, but at least a few, and not too many tiny ones.
template <class T>
inline constexpr std::size_t kAboutAPage =
    std::clamp(std::size_t{4000} / sizeof(T), std::size_t{4}, std::size_t{256});

/// Makes pieces of a queue. What a burst took goes back to the system when it is free again.
///
/// Threads:   under the owner's lock.
/// Cost:      an allocation per 64 KiB of pieces, or none.
/// Lifetime:  every piece must be given back before the end.
template <class Piece>
class BurstMemory {
    static_assert(std::is_trivially_destructible_v<Piece>);

public:
    /// \throws std::bad_alloc
    [[nodiscard]] Piece* make() {
        if constexpr (kInSlabs)
            return ::new (slabs_.take()) Piece;
        else
            return new Piece;
    }
    void free(Piece* piece) noexcept {
        if constexpr (kInSlabs)
            slabs_.free(piece);
        else
            delete piece;
    }

private:
    // Larger pieces are allocated one by one; the heap then gives most of them back itself.
    static constexpr bool kInSlabs = sizeof(Piece) <= 8192 && alignof(Piece) <= 128;
    // Slabs that are always kept: queues that fill and empty a little never wait for the kernel.
    static constexpr std::size_t kKeptSlabs = 4;

    Slabs slabs_{sizeof(Piece), alignof(Piece), kKeptSlabs, Slabs::Keep::Fixed};
};

}  // namespace nebula::detail
