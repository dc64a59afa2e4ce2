// SPDX-License-Identifier: MIT
// For protocols of which a part is done under a lock.
#pragma once

#include "model_atomics.hpp"

#include <atomic>
#include <cstdint>

namespace nebula::model {

/// A lock, as simple as can be: what is done under it is one step to the others.
class Lock {
public:
    void lock() {
        while (word_.exchange(1, std::memory_order_acquire) == 1) ModelAtomics::sleep(word_, 1);
    }
    void unlock() {
        word_.store(0, std::memory_order_release);
        ModelAtomics::wake_one(word_);
    }

private:
    ModelAtomics::Atomic<std::uint32_t> word_{0};
};

}  // namespace nebula::model
