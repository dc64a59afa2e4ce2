// SPDX-License-Identifier: MIT
// Lasts from a thread's first join to its return. README.md, "Joins".
#pragma once

#include "nebula/threading/fork_context.hpp"
#include "nebula/threading/nesting.hpp"

#include <memory>

namespace nebula::detail {

class PoolCore;

/// Gives the calling thread a place for its branches, and makes sure that a worker watches it.
///
/// Threads:   any thread; made and destroyed on the same one, nested like blocks.
/// Cost:      two ordered stores; a system call if the pool was quiet. The 17th thread that is not
///            a worker and is inside a join of this pool gets a seat that nobody steals from.
class JoinRegion {
public:
    /// \throws std::bad_alloc, for the 17th; NestedTooDeep.
    explicit JoinRegion(PoolCore& pool);
    ~JoinRegion();
    JoinRegion(const JoinRegion&) = delete;
    JoinRegion& operator=(const JoinRegion&) = delete;

    [[nodiscard]] ForkContext context() const noexcept { return {*seat_, seat_->branches.depth()}; }

private:
    ForkSeat* seat_;
    ForkSeat* const outer_;  // the previous seat, of this or another pool
    bool entered_ = false;   // and was not already inside
    bool lent_ = false;
    std::unique_ptr<ForkSeat> lonely_;
    const NestedWait nested_;
};

}  // namespace nebula::detail
