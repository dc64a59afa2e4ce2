// SPDX-License-Identifier: MIT
// A list whose links lie in its elements, so adding and removing never allocates.
#pragma once

#include "nebula/base/assert.hpp"

namespace nebula::task_detail {

template <class T, class Tag>
class IntrusiveList;

/// Base of elements that can be in one IntrusiveList<T, Tag>; the destructor removes them.
template <class Tag>
class ListHook {
public:
    ListHook(const ListHook&) = delete;
    ListHook& operator=(const ListHook&) = delete;

    [[nodiscard]] bool linked() const noexcept { return next_ != this; }
    void unlink() noexcept {
        if (!linked()) return;
        prev_->next_ = next_;
        next_->prev_ = prev_;
        prev_ = next_ = this;
    }

protected:
    ListHook() noexcept = default;
    ~ListHook() { unlink(); }

private:
    template <class T, class OtherTag>
    friend class IntrusiveList;

    ListHook* prev_ = this;  // a ring; an unlinked hook forms a ring of its own
    ListHook* next_ = this;
};

/// Threads:   owner thread.
/// Cost:      O(1) each.
/// Lifetime:  borrows its elements. A list must be empty when it is destroyed.
template <class T, class Tag>
class IntrusiveList {
public:
    IntrusiveList() noexcept = default;

    [[nodiscard]] bool empty() const noexcept { return !ring_.linked(); }
    [[nodiscard]] T& front() noexcept { return element(*ring_.next_); }
    [[nodiscard]] T& back() noexcept { return element(*ring_.prev_); }

    void push_back(T& t) noexcept {
        ListHook<Tag>& hook = t;
        NEBULA_ASSERT(!hook.linked(), "an element must not be in two lists at once");
        hook.prev_ = ring_.prev_;
        hook.next_ = &ring_;
        ring_.prev_->next_ = &hook;
        ring_.prev_ = &hook;
    }
    T& pop_front() noexcept {
        T& first = front();
        static_cast<ListHook<Tag>&>(first).unlink();
        return first;
    }
    /// Appends all elements of `other`, which must not be this list.
    void append(IntrusiveList& other) noexcept {
        if (other.empty()) return;
        ListHook<Tag>* const first = other.ring_.next_;
        ListHook<Tag>* const last = other.ring_.prev_;
        first->prev_ = ring_.prev_;
        ring_.prev_->next_ = first;
        last->next_ = &ring_;
        ring_.prev_ = last;
        other.ring_.prev_ = other.ring_.next_ = &other.ring_;
    }
    template <class F>
    void for_each(F&& f) {
        for (ListHook<Tag>* hook = ring_.next_; hook != &ring_; hook = hook->next_)
            f(element(*hook));
    }

private:
    struct Ring : ListHook<Tag> {};
    static T& element(ListHook<Tag>& hook) noexcept { return static_cast<T&>(hook); }

    Ring ring_;
};

}  // namespace nebula::task_detail
