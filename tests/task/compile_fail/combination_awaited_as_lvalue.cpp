// SPDX-License-Identifier: MIT
// Awaiting uses a combination up, so the spelling has to say so.
#include "nebula/task/next_frame.hpp"
#include "nebula/task/when_any.hpp"

nebula::task<> awaits_an_lvalue() {
    auto either = nebula::when_any(nebula::next_frame(), nebula::sleep_for(1.0));
    co_await either;
}
