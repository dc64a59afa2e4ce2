// SPDX-License-Identifier: MIT
// A task that has to wait for something outside the pool says so.
#pragma once

namespace nebula {

namespace detail {
struct Worker;
}

/// While it lives, the calling worker is taken as blocked, and a spare thread works in its place.
///
///     pool.spawn([&] {
///         const Bytes bytes = [&] { BlockingRegion region; return socket.read(); }();
///         decode(bytes);
///     });
///
/// For the odd wait in the middle of a computation; what only waits belongs to WorkerPool::io().
///
/// Threads:   any thread; made and destroyed on the same one, like a block. Elsewhere than in a
///            task on a worker, and inside another region, it does nothing.
/// Cost:      two short locks and a wake-up; the first ones of a pool start a thread each. At most
///            four threads per pool stand in at once; with five workers blocked, four are replaced.
///            A spare that is recalled first ends the task it runs, so for that long there is one
///            thread more than the pool has workers.
/// Lifetime:  of the block.
class BlockingRegion {
public:
    BlockingRegion() noexcept;
    ~BlockingRegion();
    BlockingRegion(const BlockingRegion&) = delete;
    BlockingRegion& operator=(const BlockingRegion&) = delete;

private:
    detail::Worker* const worker_;  // null: nothing to do
    detail::Worker* spare_ = nullptr;
};

}  // namespace nebula
