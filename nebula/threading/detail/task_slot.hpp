// SPDX-License-Identifier: MIT
// Holds a closure while it waits for a worker.
#pragma once

#include "nebula/threading/detail/caught.hpp"

#include <cstddef>
#include <exception>
#include <functional>
#include <new>
#include <type_traits>
#include <utility>

namespace nebula::detail {

/// Room for one closure and its name, in one cache line. A closure of up to kInlineBytes that moves
/// without throwing is stored in place, a larger one on the heap. The slot does not know whether it
/// holds a closure; its owner does.
///
/// A closure whose destructor may throw (a capture with a noexcept(false) destructor) is also
/// stored on the heap, so that it is destroyed in two places only: after its run (or the last call
/// of a batch), where an exception of the destructor is an error of the task like any other; or
/// uncalled, where it is logged with the task's name.
///
/// Threads:   any thread, one at a time.
class alignas(64) TaskSlot {
public:
    static constexpr std::size_t kInlineBytes = 48;

    template <class F>
    static constexpr bool kFitsInline =
        sizeof(F) <= kInlineBytes && alignof(F) <= alignof(std::max_align_t) &&
        std::is_nothrow_move_constructible_v<F> && std::is_nothrow_destructible_v<F>;

    /// \throws std::bad_alloc, and what copying the closure throws; the slot is then empty.
    template <class F>
    void emplace(F&& f, const char* its_name) {
        using Closure = std::decay_t<F>;
        if constexpr (kFitsInline<Closure>) {
            ::new (static_cast<void*>(storage_)) Closure(std::forward<F>(f));
            act_ = &act_inline<Closure>;
        } else {
            ::new (static_cast<void*>(storage_)) Closure*(new Closure(std::forward<F>(f)));
            act_ = &act_on_heap<Closure>;
        }
        name_ = its_name;
    }

    /// The same for a slot that will be moved under a lock: move_to() then runs no user code,
    /// because a closure that is not trivially copyable is stored on the heap.
    template <class F>
    void emplace_to_move_locked(F&& f, const char* its_name) {
        using Closure = std::decay_t<F>;
        if constexpr (kFitsInline<Closure> && std::is_trivially_copyable_v<Closure>) {
            emplace(std::forward<F>(f), its_name);
        } else {
            ::new (static_cast<void*>(storage_)) Closure*(new Closure(std::forward<F>(f)));
            act_ = &act_on_heap<Closure>;
            name_ = its_name;
        }
    }

    /// Calls the closure and destroys it, even if it throws; the slot is empty afterwards. Throws
    /// what the closure threw, otherwise what its destructor threw.
    void run() { act_(*this, Act::Run, nullptr); }
    /// Destroys the closure uncalled.
    void drop() noexcept { act_(*this, Act::Drop, nullptr); }
    /// Destroys a closure that was called through closure(). Throws what its destructor throws.
    void end() { act_(*this, Act::End, nullptr); }
    /// Moves the closure into an empty slot and leaves this one empty.
    void move_to(TaskSlot& other) noexcept {
        other.act_ = act_;
        other.name_ = name_;
        act_(*this, Act::Move, &other);
    }

    /// The closure itself, which must be of that type.
    template <class Closure>
    [[nodiscard]] Closure& closure() noexcept {
        if constexpr (kFitsInline<Closure>)
            return *std::launder(static_cast<Closure*>(static_cast<void*>(storage_)));
        else
            return **std::launder(static_cast<Closure**>(static_cast<void*>(storage_)));
    }
    [[nodiscard]] const char* name() const noexcept { return name_; }  ///< May be null.

private:
    enum class Act : unsigned char { Run, Drop, End, Move };

    template <class Closure>
    struct DestroyInPlace {
        ~DestroyInPlace() { closure.~Closure(); }
        Closure& closure;
    };
    template <class Closure>
    struct DestroyOnHeap {
        ~DestroyOnHeap() { delete closure; }
        Closure* closure;
    };

    template <class Closure>
    static void act_inline(TaskSlot& slot, Act act, TaskSlot* to) {
        Closure& kept = slot.closure<Closure>();
        const DestroyInPlace<Closure> destroy{kept};
        if (act == Act::Run) [[likely]]
            std::invoke(kept);
        else if (act == Act::Move)
            ::new (static_cast<void*>(to->storage_)) Closure(std::move(kept));
    }

    template <class Closure>
    static void act_on_heap(TaskSlot& slot, Act act, TaskSlot* to) {
        Closure& kept = **std::launder(static_cast<Closure**>(static_cast<void*>(slot.storage_)));
        if (act == Act::Move) {
            ::new (static_cast<void*>(to->storage_)) Closure*(&kept);
            return;
        }
        if constexpr (std::is_nothrow_destructible_v<Closure>) {
            const DestroyOnHeap<Closure> destroy{&kept};
            if (act == Act::Run) [[likely]]
                std::invoke(kept);
        } else {
            auto call = [&kept] { std::invoke(kept); };
            auto destroy = [&kept] { delete &kept; };
            std::exception_ptr error;
            if (act == Act::Run) error = caught(call);
            std::exception_ptr at_end = caught(destroy);
            if (act == Act::Drop)
                log_destructor_error(at_end, slot.name_);
            else if (error != nullptr || at_end != nullptr)
                std::rethrow_exception(error != nullptr ? error : at_end);
        }
    }

    // The storage comes first because of its alignment.
    alignas(std::max_align_t) std::byte storage_[kInlineBytes];
    void (*act_)(TaskSlot& slot, Act act, TaskSlot* to);
    const char* name_;
};
static_assert(sizeof(TaskSlot) == 64, "one cache line");

}  // namespace nebula::detail
