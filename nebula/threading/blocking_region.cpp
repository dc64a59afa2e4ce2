// SPDX-License-Identifier: MIT
#include "nebula/threading/blocking_region.hpp"

#include "nebula/threading/detail/pool_core.hpp"

namespace nebula {
namespace {

detail::Worker* worker_to_replace() noexcept {
    detail::Worker* const worker = detail::PoolCore::current_worker();
    return worker != nullptr && !worker->blocked ? worker : nullptr;
}

}  // namespace

BlockingRegion::BlockingRegion() noexcept : worker_(worker_to_replace()) {
    if (worker_ != nullptr) spare_ = worker_->pool.lend_slot(*worker_);
}

BlockingRegion::~BlockingRegion() {
    if (worker_ != nullptr) worker_->pool.take_slot_back(*worker_, spare_);
}

}  // namespace nebula
