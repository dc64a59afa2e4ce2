// SPDX-License-Identifier: MIT
#include "nebula/task/detail/task_record.hpp"

#include "nebula/base/yield_point.hpp"
#include "nebula/task/detail/promise.hpp"
#include "nebula/task/detail/scheduler.hpp"

#include <cstring>
#include <utility>

namespace nebula::task_detail {

std::size_t fitting_bytes(std::string_view text, std::size_t limit) noexcept {
    if (text.size() <= limit) return text.size();
    // Do not cut before a byte that continues a character: 10xxxxxx.
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
    return limit;
}

TaskRecord::TaskRecord(Inbox& inbox, Scheduler& owner, std::string_view name,
                       std::source_location spawn_site) noexcept
    : scheduler(owner),
      site(spawn_site),
      inbox_(inbox),
      name_size_(static_cast<std::uint8_t>(fitting_bytes(name, kNameBytes))) {
    inbox_.retain();
    if (name_size_ != 0) std::memcpy(name_, name.data(), name_size_);
}

TaskRecord::~TaskRecord() { inbox_.release(); }

void TaskRecord::last_owner_has_gone() noexcept {
    if (failed && !error_observed) report_unhandled(*this);
    // acquire: as in release(). Nobody else can add to the only reference, so the result is
    // destroyed with the record.
    if (references_.load(std::memory_order_acquire) == 1) {
        delete this;
        return;
    }
    drop_result();
    release();
}

void TaskRecord::push_to_inbox() noexcept {
    NEBULA_YIELD_POINT();
    if (inbox_.push(*this)) return;
    // Closed, so sealed: seal() saw our kQueued and counted a reference for the inbox.
    release();
}

void TaskRecord::wake(std::uint64_t wait) noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);  // the CAS below decides
    do {
        if (wait == 0 || seen >> kWaitShift != wait) return;
        NEBULA_YIELD_POINT();
        // Also if kWoken is already set: the RMW's release makes the second waker's writes visible
        // to open_mail()'s acquire. The acquire pairs with open_mail()'s release: the thread that
        // sets kQueued writes the inbox link after the owner has read it.
    } while (!word_.compare_exchange_weak(seen, seen | kWoken | kQueued, std::memory_order_acq_rel,
                                          std::memory_order_relaxed));
    if ((seen & kQueued) == 0) push_to_inbox();
}

void TaskRecord::wake_inline(std::uint64_t wait) noexcept {
    // If the number is still current, the task is alive, and so is its scheduler.
    if (wait != 0 && inbox_.on_owner_thread() && wait_number() == wait &&
        scheduler.resume_here(*this))
        return;
    wake(wait);
}

void TaskRecord::request_cancel() noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);  // the CAS below decides
    do {
        if (seen == 0) return;
        NEBULA_YIELD_POINT();
        // acq_rel: as in wake().
    } while (!word_.compare_exchange_weak(seen, seen | kCancel | kQueued, std::memory_order_acq_rel,
                                          std::memory_order_relaxed));
    if ((seen & kQueued) == 0) push_to_inbox();
}

std::uint64_t TaskRecord::begin_wait(PromiseBase& innermost, const Wait& wait) noexcept {
    leaf = &innermost;
    site = innermost.site();
    reason = wait.reason_;
    detailed_wait = wait.detail_ != nullptr ? &wait : nullptr;
    waits_since = scheduler.now_seconds(TaskClock::Real);
    stuck_told = woken_early = ends_by_clock = waits_for_tasks = false;
    std::uint64_t seen = word_.load(std::memory_order_relaxed);  // numbers change on this thread
    std::uint64_t next = 0;
    do {
        if (seen == 0) return 0;  // sealed by a shutdown below us: nothing will wake this wait
        // A wake for the previous wait is dropped; a record in the inbox stays there.
        const std::uint64_t kept = seen & (kQueued | kCancel);
        next = ((seen >> kWaitShift) + 1) << kWaitShift | kept;
        // relaxed: the code that hands over a waker publishes the number.
    } while (!word_.compare_exchange_weak(seen, next, std::memory_order_relaxed));
    return next >> kWaitShift;
}

std::string TaskRecord::detail() const {
    return detailed_wait != nullptr ? detailed_wait->detail_(*detailed_wait) : std::string();
}

TaskRecord::Mail TaskRecord::open_mail() noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);  // the CAS below decides
    do {
        if (seen == 0) {
            release();  // the inbox's reference, counted by seal()
            return {false, false};
        }
        NEBULA_YIELD_POINT();
        // acquire pairs with the release of every wake and cancel since the last time. release
        // pairs with the acquire of the next: our read of the inbox link comes before its write.
    } while (!word_.compare_exchange_weak(seen, seen & ~(kQueued | kWoken | kCancel),
                                          std::memory_order_acq_rel, std::memory_order_relaxed));
    return {(seen & kWoken) != 0, (seen & kCancel) != 0};
}

void TaskRecord::seal() noexcept {
    // relaxed: only kQueued matters here. Its setter gives the reference back after this thread
    // has closed the inbox, or this thread does in open_mail(): both after the retain.
    const std::uint64_t before = word_.exchange(0, std::memory_order_relaxed);
    if ((before & kQueued) != 0) retain();
}

std::uint64_t TaskRecord::wait_number() const noexcept {
    return word_.load(std::memory_order_relaxed) >> kWaitShift;  // changes on this thread
}

bool TaskRecord::post() noexcept {
    // relaxed: nobody else knows this record yet; the push publishes it.
    word_.fetch_or(kQueued, std::memory_order_relaxed);
    if (inbox_.push(*this)) return true;
    word_.store(0, std::memory_order_relaxed);
    return false;
}

void TaskRecord::travel() noexcept {
    if (!begin_trip()) return;
    const auto called_home = [this] {
        return called_home_.load(std::memory_order_relaxed) != 0;  // as call_home(): decides only
    };
    if (called_home()) {
        trip_lost = true;
        return let_go_of_trip();
    }
    const bool here = inbox_.on_owner_thread();  // a pool that runs inline, or a try_tick()
    if (here) scheduler.travel_here(*this, true);
    {
        const nebula::detail::CurrentStop running(called_home_, trip_name);
        resume_leaf();
    }
    if (here) scheduler.travel_here(*this, false);
    Departure* const onward = std::exchange(departing, nullptr);
    // A cancel takes effect at a hop; otherwise a task that hops forever would never end.
    if (onward != nullptr && called_home()) {
        trip_lost = true;
    } else if (onward != nullptr) {
        // The next worker may bring the chain home before that pool's spawn has returned to us.
        trip_holders_.fetch_add(1, std::memory_order_relaxed);  // the chain still holds it
        onward->depart(*this);
    }
    // The chain's hold or, if that has been sent onward, ours. The wait number is that of the first
    // hop: nothing on a worker begins another wait.
    let_go_of_trip();
}

void TaskRecord::resume_leaf() noexcept {
    try {
        leaf->self().resume();
    } catch (...) {
        // A promise catches exceptions of its body; a body built without exceptions lets them pass.
        fail(std::current_exception());
        escaped = true;
        departing = nullptr;
    }
}

void TaskRecord::end_unstarted(TaskState how, AsyncErrorCode why) noexcept {
    parent = nullptr;
    state = how;
    end_code = why;
    seal();
    wake_joiners();
    drop_owner();
}

void TaskRecord::wake_those_who_joined() noexcept {
    while (!joiners.empty()) {
        JoinWaiter& waiter = joiners.pop_front();
        if (waiter.on_end != nullptr) {
            waiter.on_end(waiter);
        } else {
            waiter.record->wake(waiter.wait_number);
        }
    }
}

}  // namespace nebula::task_detail
