// SPDX-License-Identifier: MIT
// An aggregate that is not an awaiter itself: right under clang, destroyed twice by g++ 12.
#include "nebula/task/next_frame.hpp"
#include "nebula/task/task.hpp"

#include <memory>

struct Aggregate {
    std::shared_ptr<int> box;
    nebula::NextPhase operator co_await() const { return nebula::next_frame(); }
};

nebula::task<> awaits_an_aggregate(std::shared_ptr<int> box) { co_await Aggregate{box}; }
