// SPDX-License-Identifier: MIT
// A move-only callable that keeps small closures in place.
#pragma once

#include "nebula/base/assert.hpp"

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace nebula {

/// Refuses, with a sentence, a closure whose destructor may throw, where nobody could catch that.
template <class Closure>
constexpr void require_nothrow_destructor() noexcept {
    static_assert(std::is_nothrow_destructible_v<Closure>,
                  "the destructor of something this closure captures may throw, and here nobody "
                  "could catch it: make it noexcept, or hold it in a std::shared_ptr whose "
                  "deleter catches");
}

template <class Signature, std::size_t kInlineBytes = 40>
class SmallFunction;

/// What std::move_only_function is in C++23, with a size you choose: a closure of up to
/// kInlineBytes that moves without throwing lives inside; a larger one goes to the heap.
///
///     SmallFunction<void()> job = [chunk = std::move(chunk)] { mesh(*chunk); };
///     job();
///
/// Threads:   owner thread; the closure itself may be called wherever the object is moved to.
/// Cost:      one indirect call. No allocation when kFitsInline<F> holds.
/// Throws:    what the closure throws; construction may throw std::bad_alloc for a large one.
template <class Result, class... Args, std::size_t kInlineBytes>
class SmallFunction<Result(Args...), kInlineBytes> {
public:
    template <class F>
    static constexpr bool kFitsInline =
        sizeof(F) <= kInlineBytes && alignof(F) <= alignof(std::max_align_t) &&
        std::is_nothrow_move_constructible_v<F>;

    SmallFunction() noexcept = default;

    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, SmallFunction> &&
                 std::is_invocable_r_v<Result, std::decay_t<F>&, Args...>)
    SmallFunction(F&& f) {  // NOLINT(bugprone-forwarding-reference-overload): see above
        using Closure = std::decay_t<F>;
        require_nothrow_destructor<Closure>();
        if constexpr (kFitsInline<Closure>) {
            ::new (static_cast<void*>(storage_)) Closure(std::forward<F>(f));
            verbs_ = &kInlineVerbs<Closure>;
        } else {
            ::new (static_cast<void*>(storage_)) Closure*(new Closure(std::forward<F>(f)));
            verbs_ = &kHeapVerbs<Closure>;
        }
    }

    SmallFunction(SmallFunction&& other) noexcept { take(other); }
    SmallFunction& operator=(SmallFunction&& other) noexcept {
        if (this != &other) {
            reset();
            take(other);
        }
        return *this;
    }
    SmallFunction(const SmallFunction&) = delete;
    SmallFunction& operator=(const SmallFunction&) = delete;
    ~SmallFunction() { reset(); }

    Result operator()(Args... args) {
        NEBULA_ASSERT(verbs_ != nullptr, "an empty SmallFunction was called");
        return verbs_->call(storage_, std::forward<Args>(args)...);
    }

    explicit operator bool() const noexcept { return verbs_ != nullptr; }

    /// Destroys the closure; the function is empty afterwards.
    void reset() noexcept {
        if (verbs_ != nullptr) std::exchange(verbs_, nullptr)->destroy(storage_);
    }

private:
    struct Verbs {
        Result (*call)(void* storage, Args&&... args);
        void (*move)(void* from, void* to) noexcept;  // leaves `from` destroyed
        void (*destroy)(void* storage) noexcept;
    };

    template <class Closure>
    static Closure& inline_closure(void* storage) noexcept {
        return *std::launder(static_cast<Closure*>(storage));
    }
    template <class Closure>
    static Closure*& heap_closure(void* storage) noexcept {
        return *std::launder(static_cast<Closure**>(storage));
    }

    // What std::invoke_r is in C++23: a void function takes closures that return something.
    template <class Closure>
    static Result call_as_result(Closure& closure, Args&&... args) {
        if constexpr (std::is_void_v<Result>)
            static_cast<void>(std::invoke(closure, std::forward<Args>(args)...));
        else
            return std::invoke(closure, std::forward<Args>(args)...);
    }

    template <class Closure>
    static constexpr Verbs kInlineVerbs{
        [](void* s, Args&&... args) -> Result {
            return call_as_result(inline_closure<Closure>(s), std::forward<Args>(args)...);
        },
        [](void* from, void* to) noexcept {
            Closure& closure = inline_closure<Closure>(from);
            ::new (to) Closure(std::move(closure));
            closure.~Closure();  // NOLINT(bugprone-use-after-move): moved from, not gone
        },
        [](void* s) noexcept { inline_closure<Closure>(s).~Closure(); }};

    template <class Closure>
    static constexpr Verbs kHeapVerbs{
        [](void* s, Args&&... args) -> Result {
            return call_as_result(*heap_closure<Closure>(s), std::forward<Args>(args)...);
        },
        [](void* from, void* to) noexcept { ::new (to) Closure*(heap_closure<Closure>(from)); },
        [](void* s) noexcept { delete heap_closure<Closure>(s); }};

    void take(SmallFunction& other) noexcept {
        verbs_ = std::exchange(other.verbs_, nullptr);
        if (verbs_ != nullptr) verbs_->move(other.storage_, storage_);
    }

    const Verbs* verbs_ = nullptr;
    alignas(std::max_align_t)
        std::byte storage_[kInlineBytes < sizeof(void*) ? sizeof(void*) : kInlineBytes];
};

}  // namespace nebula
