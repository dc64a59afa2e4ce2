// SPDX-License-Identifier: MIT
// Which bricks are stored: a bit for each, in memory.
#pragma once

#include "nebula/voxel/store/brick_key.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>

namespace nebula::voxel {

/// A set of keys, grouped by page. A page with any bricks takes about 100 bytes; where the ground
/// passes through, it holds some 64 of them.
///
/// Threads:   one at a time.
/// Throws:    insert: std::bad_alloc.
class BrickKeys {
public:
    static constexpr unsigned kPageBits = 9;
    /// Bit i is the brick `page << kPageBits | i`.
    using PageBits = std::array<std::uint64_t, 8>;

    /// Whether it is new.
    bool insert(BrickKey key) {
        std::uint64_t& word = pages_[key >> kPageBits][word_of(key)];
        if ((word & bit_of(key)) != 0) return false;
        word |= bit_of(key);
        ++count_;
        return true;
    }
    /// Keeps the room for its page.
    void erase(BrickKey key) noexcept {
        const auto page = pages_.find(key >> kPageBits);
        if (page == pages_.end() || (page->second[word_of(key)] & bit_of(key)) == 0) return;
        page->second[word_of(key)] &= ~bit_of(key);
        --count_;
    }
    /// Those for which f(key) is true, and the room of pages that have none then.
    template <class F>
    void erase_if(F&& f) {
        for_each([&](BrickKey key) {
            if (f(key)) erase(key);
        });
        std::erase_if(pages_, [](const auto& page) { return page.second == PageBits{}; });
    }
    /// Adds all of a page's.
    void insert(std::uint64_t page, const PageBits& bits) {
        PageBits& mine = pages_[page];
        for (std::size_t i = 0; i < bits.size(); ++i) {
            count_ += static_cast<std::size_t>(std::popcount(bits[i] & ~mine[i]));
            mine[i] |= bits[i];
        }
    }
    /// Makes room for the bricks of a page, so that inserting them cannot fail.
    void reserve_page(std::uint64_t page) { pages_[page]; }
    [[nodiscard]] bool contains(BrickKey key) const noexcept {
        const auto page = pages_.find(key >> kPageBits);
        return page != pages_.end() && (page->second[word_of(key)] & bit_of(key)) != 0;
    }
    /// No bits for a page without any.
    [[nodiscard]] PageBits page(std::uint64_t page) const noexcept {
        const auto found = pages_.find(page);
        return found == pages_.end() ? PageBits{} : found->second;
    }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }

    /// f(key), page by page, in no order of pages.
    template <class F>
    void for_each(F&& f) const {
        for (const auto& [page, bits] : pages_)
            for (std::size_t i = 0; i < bits.size(); ++i)
                for (std::uint64_t word = bits[i]; word != 0; word &= word - 1)
                    f((page << kPageBits) | (i * 64) |
                      static_cast<std::uint64_t>(std::countr_zero(word)));
    }

private:
    static constexpr std::size_t word_of(BrickKey key) noexcept { return key >> 6U & 7U; }
    static constexpr std::uint64_t bit_of(BrickKey key) noexcept {
        return std::uint64_t{1} << (key & 63U);
    }

    std::unordered_map<std::uint64_t, PageBits> pages_;
    std::size_t count_ = 0;
};

}  // namespace nebula::voxel
