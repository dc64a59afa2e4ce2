// SPDX-License-Identifier: MIT
// Runs two branches at once, from inside a join. Opened with WorkerPool::join().
#pragma once

#include "nebula/base/cache_line.hpp"
#include "nebula/threading/detail/join_deque.hpp"
#include "nebula/threading/detail/join_record.hpp"
#include "nebula/threading/detail/region_watch.hpp"
#include "nebula/threading/nesting.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>
#include <variant>

namespace nebula {

class ForkContext;

namespace detail {

class PoolCore;
struct ForkSeat;

/// What a thief needs to know about a branch. Lives in the frame that forked it.
struct JoinRecord {
    using Call = void (*)(JoinRecord&, ForkContext);

    explicit JoinRecord(Call how) noexcept : call(how) {}  // NOLINT(*-member-init): see below

    const Call call;  // runs the branch and keeps its result
    // Written only by the thief, so that a branch that is not stolen pays nothing for them.
    bool failed;
    alignas(std::exception_ptr) std::byte error[sizeof(std::exception_ptr)];  // if failed
};

/// A thread's place for its branches.
struct ForkSeat {
    explicit ForkSeat(PoolCore& its_pool) noexcept : pool(its_pool) {}

    /// The state of the branch that was pushed at `index`, once it is stolen.
    [[nodiscard]] JoinState<ForkSeat>& state(std::int64_t index) noexcept {
        return states[static_cast<std::size_t>(index) % states.size()];
    }

    JoinDeque<JoinRecord> branches;
    PoolCore& pool;
    // Whether the thread is inside a join, so that a worker must watch for branches. README,
    // "Joins".
    alignas(2 * kCacheLine) RegionFlag in_region;
    // stack_floor() of the thread that has the seat, which alone reads and writes it.
    std::uintptr_t stack_floor = 0;
    std::atomic<bool> lent{false};       // to a thread that is not a worker
    std::atomic<std::uint32_t> bell{0};  // the thread sleeps on it while it waits for a thief
    // Not in the branches, so that a branch that is not stolen never touches its state.
    std::array<JoinState<ForkSeat>, JoinDeque<JoinRecord>::kSize> states;
};

/// The seat of the join that the calling thread is in; null outside of joins. It is a pointer, not
/// an object, because the extension is unloaded while foreign threads are still alive.
extern constinit thread_local ForkSeat* current_fork_seat;

/// Whether the frame that holds `local` is so near the end of its stack that require_stack() may
/// throw. A local of the joining function, not its frame address, which costs a register.
[[gnu::always_inline]] inline bool stack_is_low(const ForkSeat& seat, const void* local) noexcept {
#if defined(NEBULA_SANITIZED)
    local = __builtin_frame_address(0);  // the address sanitizer keeps locals elsewhere
#endif
    return reinterpret_cast<std::uintptr_t>(local) < seat.stack_floor;
}

/// Waits for the thief of the branch that was pushed at `index`, and rethrows what it threw.
void await_branch(ForkSeat& owner, std::int64_t index, JoinRecord& record);
/// The same, but drops what it threw. Returns whether there is a result.
bool outlast_branch(ForkSeat& owner, std::int64_t index, JoinRecord& record) noexcept;

}  // namespace detail

/// A thread's right to fork: it puts branches where the workers of the pool find them. A small
/// value; pass it by value.
///
///     long fib(ForkContext fork, int n) {
///         if (n < 2) return n;
///         const auto [a, b] = fork.join([n](ForkContext f) { return fib(f, n - 1); },
///                                       [n](ForkContext f) { return fib(f, n - 2); });
///         return a + b;
///     }
///     const long answer = pool.join([](ForkContext f) { return fib(f, 40); }, [] {}).first;
///
/// Threads:   the thread it was given to.
/// Lifetime:  the call it was given to.
class ForkContext {
public:
    /// Calls a and b, perhaps at the same time, and returns when both have ended. Returns a
    /// std::pair of their results, with std::monostate for void, or nothing if both return void.
    /// Each takes a ForkContext or nothing. a runs here; b runs here after it, unless an idle
    /// worker has taken it meanwhile. An idle worker finds a branch after about a millisecond at
    /// the latest, however long a runs.
    ///
    /// Cost:      a few nanoseconds if nothing is stolen (bench/threading/README.md); nothing
    ///            allocates. A waiting thread helps the thread that has its branch, and runs
    ///            nothing else.
    /// Throws:    what a throws; b is then not called unless it has already begun. Otherwise what b
    ///            throws. NestedTooDeep, before either is called, if joins inside joins have nearly
    ///            used up this thread's stack.
    template <class A, class B>
    [[gnu::always_inline]] auto join(A&& a, B&& b);  // inlined, so the context stays in registers

    /// For the pool itself.
    ForkContext(detail::ForkSeat& seat, std::int64_t depth) noexcept
        : seat_(&seat), depth_(depth) {}

private:
    template <class Results, class A, class Branch>
    [[gnu::always_inline]] Results join_branch(A& a, Branch& branch);

    detail::ForkSeat* seat_;
    std::int64_t depth_;  // of the seat's deque, as far as we know
};

namespace detail {

template <class F>
decltype(auto) call_branch(F& f, ForkContext context) {
    if constexpr (std::is_invocable_v<F&, ForkContext>)
        return f(context);
    else
        return f();
}
template <class F>
using BranchReturn = decltype(call_branch(std::declval<F&>(), std::declval<ForkContext>()));
template <class F>
using BranchResult = std::conditional_t<std::is_void_v<BranchReturn<F>>, std::monostate,
                                        std::decay_t<BranchReturn<F>>>;

template <class F>
BranchResult<F> run_branch(F& f, ForkContext context) {
    if constexpr (std::is_void_v<BranchReturn<F>>) {
        call_branch(f, context);
        return {};
    } else {
        return call_branch(f, context);
    }
}

/// How a branch keeps its function: a small temporary by value, so that no pointer to it has to be
/// written; any other function by reference.
template <class F, bool kTemporary>
using KeptFunction =
    std::conditional_t<kTemporary && std::is_trivially_copyable_v<F> && sizeof(F) <= 64, F, F&>;

template <class F, bool kTemporary>
struct Branch : JoinRecord {
    using Result = BranchResult<F>;

    explicit Branch(F& f) noexcept : JoinRecord(&run_stolen), function(f) {}

    static void run_stolen(JoinRecord& record, ForkContext thief) {
        auto& self = static_cast<Branch&>(record);
        ::new (static_cast<void*>(self.result)) Result(run_branch(self.function, thief));
    }
    /// After the thief has finished without an error.
    Result take_result() {
        Result& value = *std::launder(static_cast<Result*>(static_cast<void*>(result)));
        struct Destroy {
            ~Destroy() { value.~Result(); }
            Result& value;
        } const destroy{value};
        return std::move(value);
    }

    KeptFunction<F, kTemporary> function;
    alignas(Result) std::byte result[sizeof(Result)];
};

/// Takes the branch back, or waits for its thief, when the frame unwinds.
template <class Branch>
struct Unwinding {
    // Inlined even if it is cold: a guard whose address is taken costs a third of a join.
    [[gnu::always_inline]] ~Unwinding() {
        if (armed && !seat.branches.pop(depth) && outlast_branch(seat, depth, branch))
            (void)branch.take_result();
    }
    ForkSeat& seat;
    Branch& branch;
    const std::int64_t depth;
    bool armed = true;
};

}  // namespace detail

template <class A, class B>
inline auto ForkContext::join(A&& a, B&& b) {
    using F = std::remove_reference_t<A>;
    using G = std::remove_reference_t<B>;
    detail::Branch<G, !std::is_lvalue_reference_v<B>> branch(b);
    using Results = std::pair<detail::BranchResult<F>, detail::BranchResult<G>>;
    if constexpr (std::is_void_v<detail::BranchReturn<F>> &&
                  std::is_void_v<detail::BranchReturn<G>>)
        (void)join_branch<Results>(a, branch);
    else
        return join_branch<Results>(a, branch);
}

template <class Results, class A, class Branch>
inline Results ForkContext::join_branch(A& a, Branch& branch) {
    detail::ForkSeat& seat = *seat_;
    if (detail::stack_is_low(seat, &branch)) [[unlikely]]
        detail::require_stack();
    if (!seat.branches.push(&branch, depth_)) [[unlikely]] {
        // The deque is full, so there is enough work for all workers further up.
        typename Results::first_type first = detail::run_branch(a, *this);
        return {std::move(first), detail::run_branch(branch.function, *this)};
    }
    const std::int64_t depth = depth_;
    detail::Unwinding<Branch> unwinding{seat, branch, depth};
    typename Results::first_type first = detail::run_branch(a, ForkContext(seat, depth + 1));
    unwinding.armed = false;
    if (seat.branches.pop(depth)) [[likely]]
        return {std::move(first), detail::run_branch(branch.function, ForkContext(seat, depth))};
    detail::await_branch(seat, depth, branch);
    return {std::move(first), branch.take_result()};
}

}  // namespace nebula
