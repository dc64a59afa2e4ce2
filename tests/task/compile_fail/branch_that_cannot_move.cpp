// SPDX-License-Identifier: MIT
// A wait that neither copies nor moves would stay behind, registered, when its branch is cancelled.
#include "nebula/task/next_frame.hpp"
#include "nebula/task/wait.hpp"
#include "nebula/task/when_any.hpp"

#include <coroutine>

class Fixed : public nebula::Wait {
public:
    Fixed() : Wait("fixed") {}
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    void await_resume() const noexcept {}
};

nebula::task<> awaits_a_fixed_one() {
    Fixed fixed;
    co_await nebula::when_any(fixed, nebula::next_frame());
}
