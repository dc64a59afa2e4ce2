// SPDX-License-Identifier: MIT
#include "nebula/threading/fork_context.hpp"

#include "nebula/threading/detail/join_region.hpp"
#include "nebula/threading/detail/pool_core.hpp"

#include <exception>
#include <memory>
#include <utility>

namespace nebula {
namespace {

std::exception_ptr take_error(detail::JoinRecord& record) noexcept {
    auto& stored =
        *std::launder(static_cast<std::exception_ptr*>(static_cast<void*>(record.error)));
    std::exception_ptr error;
    error.swap(stored);
    stored.~exception_ptr();
    return error;
}

}  // namespace

namespace detail {

void await_branch(ForkSeat& owner, std::int64_t index, JoinRecord& record) {
    owner.pool.wait_for_branch(owner, index);
    if (record.failed) std::rethrow_exception(take_error(record));
}

bool outlast_branch(ForkSeat& owner, std::int64_t index, JoinRecord& record) noexcept {
    owner.pool.wait_for_branch(owner, index);
    if (!record.failed) return true;
    (void)take_error(record);
    return false;
}

JoinRegion::JoinRegion(PoolCore& pool) : outer_(current_fork_seat) {
    require_stack();
    if (outer_ != nullptr && &outer_->pool == &pool) {
        seat_ = outer_;
        return;
    }
    seat_ = pool.borrow_fork_seat(lent_);
    if (seat_ == nullptr) {
        lonely_ = std::make_unique<ForkSeat>(pool);
        seat_ = lonely_.get();
    }
    // A worker may have left this pool for a join of another pool, and come back here.
    seat_->stack_floor = stack_floor();
    entered_ = !seat_->in_region.raised_by_us();
    if (entered_ && lonely_ == nullptr) pool.enter_region(*seat_);
    current_fork_seat = seat_;
}

JoinRegion::~JoinRegion() {
    current_fork_seat = outer_;
    if (lonely_ != nullptr || seat_ == outer_) return;
    if (entered_) seat_->pool.leave_region(*seat_);
    if (lent_) seat_->pool.give_back(*seat_);
}

}  // namespace detail
}  // namespace nebula
