// SPDX-License-Identifier: MIT
// Announces that a task is about to wait for something outside the pool.
#pragma once

namespace nebula {

namespace detail {
struct Worker;
}

/// While it lives, the calling worker counts as blocked, and a spare thread works in its place.
///
///     pool.spawn([&] {
///         const Bytes bytes = [&] { BlockingRegion region; return socket.read(); }();
///         decode(bytes);
///     });
///
/// For an occasional wait in the middle of a computation. Work that only waits belongs to
/// WorkerPool::io().
///
/// Threads:   any thread; made and destroyed on the same one, like a block. Outside of a task on a
///            worker, and inside another region, it does nothing.
/// Cost:      two short locks and a wake-up; the first regions of a pool start a thread each. At
///            most four spares per pool work at once: if five workers are blocked, four of them are
///            replaced. A spare that is recalled finishes its task first, so until then one thread
///            more is running than the pool has workers.
/// Lifetime:  nested like blocks.
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
