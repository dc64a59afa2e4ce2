// SPDX-License-Identifier: MIT
// What is known about one spawned task; wakers, handles and the runtime meet here. The protocol,
// its race and why nothing is lost: README.md, "The wake".
#pragma once

#include "nebula/task/detail/frame_pool.hpp"
#include "nebula/task/detail/inbox.hpp"
#include "nebula/task/detail/intrusive_list.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/phase.hpp"
#include "nebula/threading/stop_token.hpp"

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>

namespace nebula {

class TaskScope;
class Wait;

/// Where a task is in its life. A TaskHandle without a task has no state.
enum class TaskState : std::uint8_t {
    Pending,  ///< Suspended in a wait.
    Ready,    ///< Will be resumed by the current pump or the next one.
    Polling,  ///< On the stack: running, or below something that it called.
    Away,     ///< With a worker, since co_await worker(pool).
    Done,     ///< Ended with a value or an exception, which its handles share.
    Gone,     ///< Ended without a result: cancelled, refused, or destroyed by shutdown().
};

namespace task_detail {

/// How many bytes of the text fit into `limit` without cutting a UTF-8 character.
[[nodiscard]] std::size_t fitting_bytes(std::string_view text, std::size_t limit) noexcept;

class PromiseBase;
class Scheduler;
class JoinWaiter;
class TaskRecord;

/// Takes a task that has just suspended to another thread. Lies in the task's frame, so it may be
/// gone once the task is on its way.
class Departure {
public:
    virtual void depart(TaskRecord& record) noexcept = 0;

protected:
    ~Departure() = default;
};

struct LiveTag {};
struct ReadyTag {};
struct JoinTag {};

/// One task. Made by spawn() and never reused for another task: a handle or waker that outlives the
/// task finds a record that says so, whatever was spawned since.
///
/// Threads:   owner thread, except for retain, release, wake, request_cancel and the handle counts.
/// Lifetime:  two counts, as in std::shared_ptr: owners_ (the runtime and the handles) keep the
///            result, references_ (wakers, the inbox, and the owners as one) keep the record.
class TaskRecord : public InFramePool, public ListHook<LiveTag>, public ListHook<ReadyTag> {
public:
    static constexpr std::size_t kNameBytes = 48;

    TaskRecord(Inbox& inbox, Scheduler& scheduler, std::string_view name,
               std::source_location site) noexcept;
    TaskRecord(const TaskRecord&) = delete;
    TaskRecord& operator=(const TaskRecord&) = delete;

    // --- any thread ---
    void retain() noexcept {
        references_.fetch_add(1, std::memory_order_relaxed);  // the caller's own reference keeps us
    }
    void release() noexcept {
        // acq_rel: the last release pairs with all earlier ones before the memory goes.
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }
    void add_owner() noexcept {
        owners_.fetch_add(1, std::memory_order_relaxed);  // the caller is already an owner
    }
    /// The last owner destroys the result.
    void drop_owner() noexcept {
        // acq_rel: as in release(); the last owner sees the result complete before it destroys it.
        if (owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) last_owner_has_gone();
    }

    /// Ends the wait with that number; does nothing if that wait is over.
    void wake(std::uint64_t wait) noexcept;
    /// The same, but resumes the task inside this call if that is possible here and now.
    void wake_inline(std::uint64_t wait) noexcept;
    /// Asks the runtime's next pump to cancel the task; does nothing if the task has ended.
    void request_cancel() noexcept;

    // --- a trip to a worker: README.md, "Hops" ---
    /// From here on until begin_trip() nobody has the chain. The owner may take back only a trip
    /// that it has booked itself: a worker that sends the chain `onward` is still busy sending it.
    void book_trip(bool onward) noexcept {
        // relaxed: the pool carries everything to the worker that begins; the owner asks only for
        // its own bookings.
        if (!onward) {
            trip_holders_.store(1, std::memory_order_relaxed);
            called_home_.store(0, std::memory_order_relaxed);
        }
        trip_.store(onward ? Trip::Onward : Trip::Booked, std::memory_order_relaxed);
    }
    /// On the worker: true if it now has the chain. False if the owner took it back.
    [[nodiscard]] bool begin_trip() noexcept {
        return settle_trip(Trip::Booked, Trip::Begun) || settle_trip(Trip::Onward, Trip::Begun);
    }
    /// Owner thread: true if it has the chain again, and no worker will touch it.
    [[nodiscard]] bool revoke_trip() noexcept { return settle_trip(Trip::Booked, Trip::Revoked); }
    /// On the worker: runs the chain until it suspends, and sends it on or home.
    void travel() noexcept;
    /// Owner thread: the chain must come home, as lost, instead of being sent onward or begun. For
    /// a task that must end, with all tasks below it.
    void call_home() noexcept {
        // Relaxed: it decides but carries nothing.
        called_home_.store(nebula::detail::kStopRequested, std::memory_order_relaxed);
    }
    /// The chain, or a worker that has sent it onward, is done with the trip. The last one brings
    /// the task home, so that the owner may then destroy every pool that it was sent to.
    void let_go_of_trip() noexcept {
        // acq_rel: the last one pairs with all earlier ones; its wake carries what they wrote.
        if (trip_holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) wake(wait_number());
    }

    // --- owner thread ---
    /// A new number: from here on wakers of earlier waits do nothing.
    [[nodiscard]] std::uint64_t begin_wait(PromiseBase& leaf, const Wait& wait) noexcept;
    /// What the wait reports in addition to `reason`; empty for most. Only for a waiting task.
    [[nodiscard]] std::string detail() const;

    struct Mail {
        bool woken;
        bool cancelled;
    };
    /// Why this record was in the inbox; it may be queued again afterwards.
    [[nodiscard]] Mail open_mail() noexcept;

    /// From here on, wakes and cancels have no effect. Keeps the record alive for the inbox if it
    /// is in there.
    void seal() noexcept;

    [[nodiscard]] std::uint64_t wait_number() const noexcept;  ///< Of the current wait.
    /// Whether there is a cancel from another thread that no pump has processed yet.
    [[nodiscard]] bool cancel_is_due() const noexcept {
        // acquire pairs with the release in request_cancel(): who sees the bit destroys the frames,
        // and the destructors see what the canceller wrote.
        return (word_.load(std::memory_order_acquire) & kCancel) != 0;
    }
    /// A cancel has been taken up and waits, until it has suspended and its parts are back.
    [[nodiscard]] bool is_asked_to_end() const noexcept { return cancel_requested && !ended(); }
    [[nodiscard]] TaskRecord* inbox_next() const noexcept { return inbox_next_; }
    void set_inbox_next(TaskRecord* next) noexcept { inbox_next_ = next; }  // taken, not opened
    /// Makes visible what everybody wrote who has woken the current wait.
    void see_wakes() noexcept {
        word_.fetch_and(~kWoken, std::memory_order_acquire);  // pairs with the release in wake()
    }

    // --- posted from another thread: remote.hpp ---
    [[nodiscard]] bool unborn() const noexcept {
        return root == nullptr && state == TaskState::Ready;
    }
    /// Puts this record, that nobody else knows, into the inbox; false when that is closed.
    [[nodiscard]] bool post() noexcept;
    /// Makes the chain of a posted task; null when that threw, and then error() says what.
    virtual PromiseBase* start() noexcept { return nullptr; }
    /// It will not be started: what it would have started goes.
    virtual void forget_start() noexcept {}

    /// Ends one that has no chain, not yet or not any more, and gives back the runtime's share.
    void end_unstarted(TaskState how, AsyncErrorCode why) noexcept;
    void wake_joiners() noexcept {
        if (!joiners.empty()) wake_those_who_joined();
    }
    [[nodiscard]] bool ended() const noexcept {
        return state == TaskState::Done || state == TaskState::Gone;
    }
    [[nodiscard]] std::string_view name() const noexcept {
        return name_size_ == 0 ? std::string_view("task") : std::string_view(name_, name_size_);
    }
    [[nodiscard]] Inbox& inbox() const noexcept { return inbox_; }

    /// Moves the result out of the finished root coroutine into the record, and says whether it
    /// is an exception.
    [[nodiscard]] virtual bool collect(PromiseBase& finished) noexcept = 0;
    [[nodiscard]] virtual std::exception_ptr error() const noexcept = 0;
    /// Makes `error` the result, which must be empty.
    virtual void fail(std::exception_ptr error) noexcept = 0;

    /// Resumes the chain until it suspends, or until an exception comes out of it: escaped.
    void resume_leaf() noexcept;

    Scheduler& scheduler;         // valid until the task has ended
    PromiseBase* leaf = nullptr;  // innermost coroutine: the one to resume
    PromiseBase* root = nullptr;
    std::source_location site;  // of the last wait; of the spawn before the first
    const char* reason = "start";
    const Wait* detailed_wait = nullptr;  // of the current wait, if it has a detail to tell
    double spawned_at = 0.0;              // time of the Real clock
    double waits_since = 0.0;
    Departure* departing = nullptr;  // set by a hop when it suspends, taken by resume()
    std::uint64_t id = 0;
    TaskState state = TaskState::Ready;
    // Structure: the task whose frames this one may refer to, and so may not outlive. Null once
    // either has ended. README.md, "Branches".
    TaskRecord* parent = nullptr;
    std::uint32_t parts_away = 0;  // how many of it and of the tasks below it are away
    TaskRecord* below = nullptr;   // while on the stack: the task below it there
    AsyncErrorCode end_code = AsyncErrorCode::TaskCancelled;  // why Gone
    bool cancel_requested = false;  // while Polling: performed at the next suspension
    bool turn_again = false;        // set by yield_now() while Polling
    bool failed = false;            // Done, and error() has something
    bool error_observed = false;
    bool stuck_told = false;       // of the current wait
    bool ends_by_clock = false;    // of the current wait: so it is never stuck
    bool waits_for_tasks = false;  // of the current wait: for the end of others
    // An exception has left the chain, past a body that was built without exceptions.
    bool escaped = false;
    bool woken_early = false;   // of the current wait: its mail was opened before it suspended
    bool travels_here = false;  // on a trip that the owner thread itself runs
    // The pool dropped it, or it was called home: written before the wake that brings it home.
    bool trip_lost = false;
    // Of the current wait: the phase in which the task continues when it is over.
    std::optional<Phase> resume_in;
    // Only the thread that has the chain reads it. Changes on the owner, before a trip and after.
    bool away = false;
    const char* trip_name = nullptr;  // of the hop, for the pool; a literal
    IntrusiveList<JoinWaiter, JoinTag> joiners;
    // While join_cycle.cpp searches: the tasks that it has found, in a list that ends in itself.
    TaskRecord* found_next = nullptr;
    const TaskRecord* found_from = nullptr;

protected:
    virtual ~TaskRecord();
    virtual void drop_result() noexcept = 0;

private:
    friend class Inbox;

    // The word that all threads use: number of the wait << 3 | kCancel | kWoken | kQueued. Zero if
    // sealed.
    //   kQueued  it is in the inbox, or the thread that set the bit is about to push it.
    //   kWoken   the current wait is over.
    // Every change is an RMW, so an acquiring one sees what all earlier releasing ones published.
    static constexpr std::uint64_t kQueued = 1;
    static constexpr std::uint64_t kWoken = 2;
    static constexpr std::uint64_t kCancel = 4;
    static constexpr unsigned kWaitShift = 3;

    enum class Trip : std::uint8_t { None, Booked, Onward, Begun, Revoked };

    void last_owner_has_gone() noexcept;
    void wake_those_who_joined() noexcept;
    void push_to_inbox() noexcept;
    bool settle_trip(Trip from, Trip to) noexcept {
        // relaxed: worker and owner agree on who has the chain, and that is all. What the winner
        // finds in it came to it through the pool, or is its own.
        return trip_.compare_exchange_strong(from, to, std::memory_order_relaxed);
    }

    std::atomic<Trip> trip_{Trip::None};
    std::atomic<std::uint32_t> called_home_{0};  // also read by the trip's StopToken
    // The chain, and each worker that is still inside the spawn that sent it onward.
    std::atomic<std::uint32_t> trip_holders_{0};
    std::atomic<std::uint64_t> word_{1ULL << kWaitShift};
    std::atomic<std::uint32_t> references_{1};
    std::atomic<std::uint32_t> owners_{2};  // the runtime and the first handle
    TaskRecord* inbox_next_ = nullptr;      // written by the setter of kQueued, then by take()
    Inbox& inbox_;
    std::uint8_t name_size_;
    char name_[kNameBytes];
};

/// What happens when a task has ended and its frames are gone: a task is woken, or a function is
/// called.
class JoinWaiter : public ListHook<JoinTag> {
public:
    JoinWaiter() noexcept = default;
    /// The task that waits for this end and cannot continue without it; null if there is none. It
    /// is woken, unless there is a function.
    TaskRecord* record = nullptr;
    std::uint64_t wait_number = 0;
    void (*on_end)(JoinWaiter&) noexcept = nullptr;
    TaskScope* scope = nullptr;  ///< The scope that waits, with all its joiners.
};

}  // namespace task_detail
}  // namespace nebula
