// SPDX-License-Identifier: MIT
// Waits that say what they wait for when they last.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/base/log.hpp"
#include "nebula/threading/detail/caught.hpp"
#include "nebula/threading/detail/now_running.hpp"
#include "nebula/threading/detail/os_thread.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace nebula::detail {

/// A wait that logs what it waits for when it lasts: after one second, then after 2, 4, 8, …
///
///     SlowWait slow;
///     while (!ended()) {
///         futex_wait(word, expected, slow.due());
///         slow.tell_if_due([&](std::int64_t seconds) { return "waiting for …"; });
///     }
///
/// Threads:   owner thread.
class SlowWait {
public:
    SlowWait() noexcept : due_(Clock::now() + std::chrono::seconds(1)) {}

    /// When the next line is due.
    [[nodiscard]] Clock::time_point due() const noexcept { return due_; }
    /// Logs a warning, line(seconds since the wait began), if it is due. Without memory it logs
    /// nothing.
    template <class Line>
    void tell_if_due(const Line& line) noexcept {
        if (Clock::now() < due_) return;
        auto tell = [&] { log(LogLevel::Warning, line(waited_seconds_)); };
        (void)caught(tell);
        due_ += std::chrono::seconds(waited_seconds_);
        waited_seconds_ *= 2;
    }

private:
    Clock::time_point due_;
    std::int64_t waited_seconds_ = 1;  // when the next line is due
};

/// "the shutdown is waiting for the job 'save' on nebula-io-0, for 1 s so far; …"
[[nodiscard]] std::string what_holds_up(std::string_view whose, const NowRunning& running,
                                        std::string_view thread_name, std::int64_t seconds);

/// Joins a thread, and names what it runs while that lasts. \param whose  as "worker pool".
void join_slowly(ThreadHandle thread, std::string_view whose, const NowRunning& running,
                 std::string_view thread_name) noexcept;

}  // namespace nebula::detail
