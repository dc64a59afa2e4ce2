// SPDX-License-Identifier: MIT
// Remembers which thread an object belongs to, so that test builds notice calls on other threads.
#pragma once

#include <thread>

namespace nebula::voxel {

/// Belongs to the thread that constructs it.
///
/// Threads:   any thread.
class OwnerThread {
public:
    [[nodiscard]] bool is_current() const noexcept { return std::this_thread::get_id() == id_; }

private:
    std::thread::id id_ = std::this_thread::get_id();
};

}  // namespace nebula::voxel
