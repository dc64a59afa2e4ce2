// SPDX-License-Identifier: MIT
#include "nebula/task/detail/timer_heap.hpp"

#include <cstddef>

namespace nebula::task_detail {
namespace {

constexpr std::size_t kKeptTimers = 8192;

bool sooner(const Timer& a, const Timer& b) noexcept {
    return a.deadline != b.deadline ? a.deadline < b.deadline : a.order < b.order;
}

}  // namespace

void TimerHeap::add(Timer& timer) {
    heap_.push_back(&timer);
    timer.order = next_order_++;
    sift_up(timer, heap_.size() - 1);
}

void TimerHeap::remove(Timer& timer) noexcept {
    const std::size_t hole = timer.place;
    Timer& last = *heap_.back();
    heap_.pop_back();
    timer.record = nullptr;
    // After a burst. If there is no memory for a smaller array, the large one stays.
    if (heap_.capacity() > kKeptTimers && heap_.size() < heap_.capacity() / 8)
        heap_.shrink_to_fit();
    if (&last == &timer) return;
    sift_up(last, hole);
    sift_down(last, last.place);
}

void TimerHeap::put(Timer& timer, std::size_t place) noexcept {
    heap_[place] = &timer;
    timer.place = place;
}

void TimerHeap::sift_up(Timer& timer, std::size_t place) noexcept {
    while (place > 0) {
        const std::size_t parent = (place - 1) / 2;
        if (!sooner(timer, *heap_[parent])) break;
        put(*heap_[parent], place);
        place = parent;
    }
    put(timer, place);
}

void TimerHeap::sift_down(Timer& timer, std::size_t place) noexcept {
    for (;;) {
        std::size_t child = 2 * place + 1;
        if (child >= heap_.size()) break;
        if (child + 1 < heap_.size() && sooner(*heap_[child + 1], *heap_[child])) ++child;
        if (!sooner(*heap_[child], timer)) break;
        put(*heap_[child], place);
        place = child;
    }
    put(timer, place);
}

}  // namespace nebula::task_detail
