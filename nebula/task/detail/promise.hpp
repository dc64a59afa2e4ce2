// SPDX-License-Identifier: MIT
// The part of a task's promise that does not depend on its type.
#pragma once

#include "nebula/task/detail/awaiter_of.hpp"
#include "nebula/task/detail/frame_pool.hpp"
#include "nebula/task/detail/task_record.hpp"

#include <coroutine>
#include <cstddef>
#include <new>
#include <source_location>
#include <type_traits>
#include <utility>

namespace nebula::task_detail {

/// Whether an object of type A may be made inside the co_await expression that awaits it.
#if defined(__GNUC__) && !defined(__clang__)
template <class A>
inline constexpr bool kIsSafeInOneLine =
    std::is_lvalue_reference_v<A> || !std::is_aggregate_v<std::remove_cvref_t<A>> ||
    std::is_trivially_destructible_v<std::remove_cvref_t<A>>;
#else
template <class A>
inline constexpr bool kIsSafeInOneLine = true;
#endif

/// The same for a function that is passed by value there. Less strict than pool.run(): captures are
/// usually references, and objects without a destructor are not harmed by an extra call of it.
#if defined(__GNUC__) && !defined(__clang__)
template <class F>
inline constexpr bool kMayStandInAwait = !std::is_class_v<F> || std::is_trivially_copyable_v<F>;
#else
template <class F>
inline constexpr bool kMayStandInAwait = true;
#endif

/// Types that a coroutine may await while a worker runs it have this member type.
template <class Awaiter>
concept AwaitableOnWorker = requires { typename Awaiter::AwaitableOnWorker; };

/// \throws WrongThread
[[noreturn]] void refuse_on_worker();

/// Reports the current exception, which a destructor in the task's frames has thrown. `record` is
/// null for a coroutine that was never started.
void tell_of_throwing_destructor(TaskRecord* record) noexcept;

/// Stands for an awaiter that lies elsewhere in the coroutine's frame. g++ 12 copies an object that
/// await_transform returns by reference, and awaiters cannot be copied.
template <class Awaiter>
class AwaiterRef {
public:
    explicit AwaiterRef(Awaiter& awaiter) noexcept : awaiter_(awaiter) {}

    bool await_ready() const { return awaiter_.await_ready(); }
    template <class Promise>
    decltype(auto) await_suspend(std::coroutine_handle<Promise> h) const {
        return awaiter_.await_suspend(h);
    }
    decltype(auto) await_resume() const { return awaiter_.await_resume(); }

private:
    Awaiter& awaiter_;
};

/// An awaiter whose wait can end before the awaiter does: `stop_waiting()` undoes what
/// await_ready() and await_suspend() have begun, and may be called if there is nothing to undo.
template <class Awaiter>
concept StopsWaiting = requires(Awaiter& awaiter) {
    { awaiter.stop_waiting() } noexcept;
};

/// The same for a named awaiter, which lies in another frame: if ours is destroyed in the middle of
/// the wait, the wait ends.
template <StopsWaiting Awaiter>
class NamedAwaiterRef : public AwaiterRef<Awaiter> {
public:
    explicit NamedAwaiterRef(Awaiter& awaiter) noexcept
        : AwaiterRef<Awaiter>(awaiter), named_(awaiter) {}
    NamedAwaiterRef(const NamedAwaiterRef&) = delete;
    NamedAwaiterRef& operator=(const NamedAwaiterRef&) = delete;
    ~NamedAwaiterRef() {
        if (waits_) named_.stop_waiting();
    }
    bool await_ready() {
        waits_ = true;
        return named_.await_ready();
    }
    decltype(auto) await_resume() {
        waits_ = false;
        return named_.await_resume();
    }

private:
    Awaiter& named_;
    bool waits_ = false;
};

template <class A>
struct AwaiterRefFor;
template <class A>
struct AwaiterRefFor<A&> {
    using Type = AwaiterRef<A>;
};
template <class A>
struct AwaiterRefFor<A&&> {
    using Type = AwaiterRef<A>;
};
template <StopsWaiting A>
struct AwaiterRefFor<A&> {
    using Type = NamedAwaiterRef<A>;
};

/// What a coroutine's frame holds while it awaits `awaited`.
template <class A>
decltype(auto) make_awaiter(A&& awaited) {
    using Made = decltype(awaiter_of(std::forward<A>(awaited)));
    if constexpr (std::is_reference_v<Made>) {
        Made elsewhere = awaiter_of(std::forward<A>(awaited));
        return typename AwaiterRefFor<Made>::Type(elsewhere);
    } else {
        return awaiter_of(std::forward<A>(awaited));
    }
}

/// For a coroutine of ours that only stands for another wait: awaits `awaited`, but reports the
/// place where the coroutine is awaited or was spawned.
template <class A>
class AtCallersSite {
public:
    explicit AtCallersSite(A&& what) noexcept : awaited(std::forward<A>(what)) {}
    A&& awaited;
};
template <class A>
AtCallersSite(A&&) -> AtCallersSite<A>;

/// One coroutine of a task. A spawned task is a chain of them, root first: each awaits the next,
/// and the innermost (the leaf) runs or waits. All coroutines of a chain share the root's
/// TaskRecord; that is how a child inherits the runtime and the cancellation.
///
/// Threads:   owner thread; before it is spawned or awaited, any thread, one at a time.
class PromiseBase {
public:
    PromiseBase(const PromiseBase&) = delete;
    PromiseBase& operator=(const PromiseBase&) = delete;

#if defined(__clang__)
    // Called with -fcoro-aligned-allocation: only then does clang pass the alignment of locals.
    static void* operator new(std::size_t size, std::align_val_t alignment) {
        return allocate_frame(size, static_cast<std::size_t>(alignment));
    }
#endif
    static void* operator new(std::size_t size) {
        return allocate_frame(size, worst_frame_alignment(size));
    }
    static void operator delete(void* frame, std::size_t) noexcept { free_frame(frame); }

    std::suspend_always initial_suspend() noexcept { return {}; }

    /// Continues with the coroutine that awaits this one, without deepening the stack.
    class FinalAwait {
    public:
        FinalAwait() noexcept = default;  // not an aggregate: see kIsSafeInOneLine
        bool await_ready() noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> h) noexcept {
            return h.promise().leave();
        }
        void await_resume() noexcept {}
    };
    FinalAwait final_suspend() noexcept { return {}; }

    /// Every co_await of a task comes through here. It notes the site, for diagnostics, and turns
    /// the operand into an awaiter: by AwaitAs, by operator co_await, or as it is.
    template <class A>
    decltype(auto) await_transform(A&& awaited,
                                   std::source_location site = std::source_location::current()) {
        site_ = site;
        static_assert(kIsSafeInOneLine<A>,
                      "g++ 12 destroys an aggregate temporary inside a co_await expression twice: "
                      "give it a constructor, or name it first and write "
                      "`auto wait = ...; co_await wait;`");
        check_place<decltype(awaiter_of(std::forward<A>(awaited)))>();
        return make_awaiter(std::forward<A>(awaited));
    }

    template <class A>
    decltype(auto) await_transform(AtCallersSite<A> what) {
        return await_transform(std::forward<A>(what.awaited), callers_site());
    }

    /// Called by the awaiter that starts this coroutine for `parent`. `owner` is the handle that
    /// destroys this frame; it is set to null when the frame is destroyed.
    std::coroutine_handle<> enter(PromiseBase& parent, std::coroutine_handle<>& owner) noexcept {
        record_ = parent.record_;
        parent_ = &parent;
        owner_ = &owner;
        record_->leaf = this;
        return self_;
    }
    /// Makes this the root of a task.
    void enter_as_root(TaskRecord& record) noexcept {
        record_ = &record;
        record.root = record.leaf = this;
    }

    [[nodiscard]] std::coroutine_handle<> self() const noexcept { return self_; }
    [[nodiscard]] TaskRecord& record() const noexcept { return *record_; }
    /// Null if it was not started.
    [[nodiscard]] TaskRecord* record_or_null() const noexcept { return record_; }
    [[nodiscard]] std::source_location site() const noexcept { return site_; }

    /// Destroys this frame and those that await it, innermost first: the order in which nested
    /// destructors would run, without their recursion.
    static void destroy_chain(PromiseBase* leaf) noexcept;
    /// Destroys the frame of a suspended coroutine, and reports exceptions of destructors in it.
    static void destroy_frame(PromiseBase& promise) noexcept;

protected:
    explicit PromiseBase(std::coroutine_handle<> self) noexcept : self_(self) {}
    ~PromiseBase() {
        if (owner_ != nullptr) *owner_ = nullptr;
    }

    /// Inside unhandled_exception(): whether the exception came not from the code of the body but
    /// from a destructor that a cancel or the end of the task runs. It has then been reported, and
    /// is not a result.
    [[nodiscard]] bool was_thrown_by_a_destructor() const noexcept {
        if (record_ == nullptr || !record_->ended()) [[likely]]
            return false;
        tell_of_throwing_destructor(record_);
        return true;
    }

private:
    /// Checked before a wait is made or used, because its state belongs to the owner thread.
    template <class Awaiter>
    void check_place() const {
        if constexpr (!AwaitableOnWorker<std::remove_cvref_t<Awaiter>>) {
            // A running body has a record: enter() gave it one before the first resume.
            // NOLINTNEXTLINE(clang-analyzer-core.NullDereference)
            if (record_->away) refuse_on_worker();
        }
    }

    std::coroutine_handle<> leave() noexcept {
        if (parent_ == nullptr) return std::noop_coroutine();  // back to the scheduler
        record_->leaf = parent_;
        return parent_->self_;
    }
    [[nodiscard]] std::source_location callers_site() const noexcept;

    std::coroutine_handle<> self_;
    TaskRecord* record_ = nullptr;
    PromiseBase* parent_ = nullptr;  // awaits us; null for a root, and while it is destroyed
    std::coroutine_handle<>* owner_ = nullptr;
    std::source_location site_;
};

}  // namespace nebula::task_detail
