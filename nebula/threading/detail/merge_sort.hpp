// SPDX-License-Identifier: MIT
// The serial pieces of par_sort(). Elements move back and forth between two arrays by assignment.
// No piece trusts the comparator: even if its answers contradict each other, every read and write
// stays inside the two arrays, and the result is a permutation of the input.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace nebula::detail {

/// A buffer with room for the elements of a slice, which are moved into it.
template <class T>
class SortBuffer {
    static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T>,
                  "sorting needs elements that move without throwing");

public:
    explicit SortBuffer(std::size_t size)
        : memory_(static_cast<T*>(::operator new(size * sizeof(T), std::align_val_t(alignof(T))))),
          size_(size) {}
    SortBuffer(const SortBuffer&) = delete;
    SortBuffer& operator=(const SortBuffer&) = delete;
    ~SortBuffer() {
        std::destroy_n(memory_, made_);
        ::operator delete(memory_, std::align_val_t(alignof(T)));
    }

    /// Call it first; fills the whole buffer.
    void fill_from(std::span<T> slice) noexcept {
        std::uninitialized_move(slice.begin(), slice.end(), memory_);
        made_ = size_;
    }
    [[nodiscard]] T* data() noexcept { return memory_; }

private:
    T* memory_;
    const std::size_t size_;
    std::size_t made_ = 0;
};

/// Up to this many elements, insertion is faster than merging.
inline constexpr std::size_t kSortLeaf = 32;
/// Levels of merging inside a run, and the elements of a run: if an element has a few words, both
/// arrays of a run stay in the first-level cache.
inline constexpr std::size_t kSortRunLevels = 6;
inline constexpr std::size_t kSortRun = kSortLeaf << kSortRunLevels;

/// Stable, in place.
template <class T, class Less>
void insertion_sort(T* begin, T* end, Less& less) {
    for (T* next = begin; next < end; ++next) {
        T* hole = next;
        if (hole == begin || !less(*hole, *(hole - 1))) continue;
        T element = std::move(*hole);
        do {
            *hole = std::move(*(hole - 1));
            --hole;
        } while (hole != begin && less(element, *(hole - 1)));
        *hole = std::move(element);
    }
}

/// Stable: among equals, those of a come first.
template <class T, class Less>
void merge_into(T* out, T* a, T* a_end, T* b, T* b_end, Less& less) {
    while (a != a_end && b != b_end) *out++ = std::move(less(*b, *a) ? *b++ : *a++);
    std::move(b, b_end, std::move(a, a_end, out));
}

/// How many of the first `count` elements of the merge of a and b come from a. The result is
/// between count - b_size and min(count, a_size), whatever `less` returns.
template <class T, class Less>
[[nodiscard]] std::size_t merge_split(std::size_t count, T* a, std::size_t a_size, T* b,
                                      std::size_t b_size, Less& less) {
    std::size_t low = count > b_size ? count - b_size : 0;
    std::size_t high = std::min(count, a_size);
    while (low < high) {
        const std::size_t from_a = low + (high - low) / 2;
        // Whether the last one taken from b comes before the first one left in a.
        if (less(b[count - from_a - 1], a[from_a]))
            high = from_a;
        else
            low = from_a + 1;
    }
    return low;
}

/// Sorts [begin, end) of `from`, at most a run; the result is in `to` after an odd number of
/// levels.
template <class T, class Less>
void sort_run(T* from, T* to, std::size_t begin, std::size_t end, Less& less) {
    for (std::size_t leaf = begin; leaf < end; leaf += kSortLeaf)
        insertion_sort(from + leaf, from + std::min(leaf + kSortLeaf, end), less);
    for (std::size_t width = kSortLeaf; width < kSortRun; width *= 2, std::swap(from, to))
        for (std::size_t at = begin; at < end; at += 2 * width) {
            const std::size_t middle = std::min(at + width, end);
            const std::size_t last = std::min(at + 2 * width, end);
            merge_into(to + at, from + at, from + middle, from + middle, from + last, less);
        }
}

/// Sorts a slice on the calling thread. Stable.
template <class T, class Less>
void merge_sort(std::span<T> slice, Less& less) {
    const std::size_t size = slice.size();
    if (size <= kSortLeaf) {
        insertion_sort(slice.data(), slice.data() + size, less);
        return;
    }
    SortBuffer<T> buffer(size);
    buffer.fill_from(slice);
    const std::size_t leaves = (size - 1) / kSortLeaf + 1;
    T* from = buffer.data();
    T* to = slice.data();
    if (std::bit_width(leaves - 1) % 2 == 0) {  // the last level has to end in the slice
        std::move(from, from + size, to);
        std::swap(from, to);
    }
    for (std::size_t leaf = 0; leaf < size; leaf += kSortLeaf)
        insertion_sort(from + leaf, from + std::min(leaf + kSortLeaf, size), less);
    for (std::size_t width = kSortLeaf; width < size; width *= 2, std::swap(from, to))
        for (std::size_t at = 0; at < size; at += 2 * width) {
            const std::size_t middle = std::min(at + width, size);
            const std::size_t last = std::min(at + 2 * width, size);
            merge_into(to + at, from + at, from + middle, from + middle, from + last, less);
        }
}

/// One level of merging runs of `width` from one array to the other, cut into pieces of kSortRun
/// that know where their two inputs begin. The cuts are made before any piece is merged, because
/// the inputs are moved from afterwards.
///
/// A piece takes kSortRun elements, so from one cut to the next the share of the first run grows by
/// 0 to kSortRun. With a strict weak order this is always so. With any other order the searches may
/// contradict each other, and pieces would overlap and write past their ends. So each cut is
/// clamped to what the previous one allows.
template <class T, class Less>
class MergeLevel {
public:
    MergeLevel(T* from, T* to, std::size_t size, std::size_t width, std::vector<std::size_t>& cuts,
               Less& less)
        : from_(from), to_(to), size_(size), width_(width), cuts_(cuts), less_(less) {
        for (std::size_t i = 0; i < cuts_.size(); ++i) {
            const Pair pair = pair_of(i * kSortRun);
            const std::size_t cut =
                merge_split(i * kSortRun - pair.begin, from_ + pair.begin, pair.middle - pair.begin,
                            from_ + pair.middle, pair.end - pair.middle, less_);
            const bool first = i * kSortRun == pair.begin;
            cuts_[i] = first ? cut : std::clamp(cut, cuts_[i - 1], cuts_[i - 1] + kSortRun);
        }
    }

    void merge_piece(std::size_t i) const {
        const std::size_t begin = i * kSortRun;
        const std::size_t end = std::min(begin + kSortRun, size_);
        const Pair pair = pair_of(begin);
        T* const a = from_ + pair.begin;
        T* const b = from_ + pair.middle;
        const std::size_t a_begin = cuts_[i];
        const std::size_t a_end = end == pair.end ? pair.middle - pair.begin : cuts_[i + 1];
        merge_into(to_ + begin, a + a_begin, a + a_end, b + (begin - pair.begin - a_begin),
                   b + (end - pair.begin - a_end), less_);
    }

private:
    struct Pair {
        std::size_t begin, middle, end;
    };
    [[nodiscard]] Pair pair_of(std::size_t index) const noexcept {
        const std::size_t begin = index / (2 * width_) * (2 * width_);
        return {begin, std::min(begin + width_, size_), std::min(begin + 2 * width_, size_)};
    }

    T* const from_;
    T* const to_;
    const std::size_t size_;
    const std::size_t width_;
    std::vector<std::size_t>& cuts_;  // by piece: how many of the pair's first run precede it
    Less& less_;
};

}  // namespace nebula::detail
