// SPDX-License-Identifier: MIT
// Memory for many blocks of one size that goes back to the system when they are gone.
#pragma once

#include "nebula/base/clock.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace nebula {

/// Blocks of one size, cut from slabs. Slabs come from the kernel as pages, not from the heap,
/// where one block that stays would keep the memory around it.
///
/// A slab without a block in use goes back to the system, except for some that are kept. If new
/// slabs are needed soon after others went back, more are kept from then on, so bursts that follow
/// each other pay once. settle() gives those back, too, when they have not been used for a second.
/// There is no timer: code that runs anyway calls it. Where no such code exists, use Keep::Fixed.
///
/// Threads:   take, free and settle: one thread at a time, under the owner's lock. has_surplus: any
///            thread.
/// Cost:      take, free: a few loads and stores; per slab of 64 KiB a system call, or none.
/// Lifetime:  the destructor frees all slabs, including blocks in use.
/// Throws:    take: std::bad_alloc.
class Slabs {
public:
    static constexpr std::size_t kSlabBytes = std::size_t{64} * 1024;

    enum class Keep : std::uint8_t {
        MoreAfterBursts,  ///< Only where somebody calls settle().
        Fixed,            ///< Never more than `kept`: all else goes back at once.
    };

    /// \param block_bytes  the size of a block; a few KiB at most.
    /// \param alignment    of a block: a power of two, 128 at most.
    /// \param kept         slabs without a block in use that are always kept.
    Slabs(std::size_t block_bytes, std::size_t alignment, std::size_t kept,
          Keep keep = Keep::MoreAfterBursts) noexcept;
    ~Slabs();
    Slabs(const Slabs&) = delete;
    Slabs& operator=(const Slabs&) = delete;

    [[nodiscard]] void* take() {
        Slab* const slab = partial_ != nullptr ? partial_ : add_slab();
        void* block = slab->free;
        if (block != nullptr)
            slab->free = *static_cast<void**>(block);
        else
            block = reinterpret_cast<std::byte*>(slab) + first_ + slab->fresh++ * block_bytes_;
        if (++slab->used == per_slab_) unlink(*slab);
        return block;
    }
    void free(void* block) noexcept {
        Slab& slab = slab_of(block);
        *static_cast<void**>(block) = slab.free;
        slab.free = block;
        if (slab.used-- == per_slab_) link(slab);
        if (slab.used == 0) [[unlikely]]
            retire(slab);
    }

    /// Whether settle() has work: more slabs are kept than always are. Relaxed: a hint.
    [[nodiscard]] bool has_surplus() const noexcept { return idle_count() > always_kept_; }
    /// Gives back at most `most` slabs that have not been used for kIdleFor.
    /// \returns whether there is more to give back at once.
    bool settle(Clock::time_point now, std::size_t most) noexcept;
    static constexpr std::chrono::milliseconds kIdleFor{1000};

    /// How many bytes are mapped, for tests.
    [[nodiscard]] std::size_t mapped_bytes() const noexcept { return slab_count_ * kSlabBytes; }

private:
    // At the beginning of each slab. The address of a slab is a multiple of its size.
    struct Slab {
        Slab* next;    // in the list partial_ or idle_
        Slab* before;  // the same
        Slab* all_next;
        Slab* all_before;
        void* free;           // blocks that have come back
        std::uint32_t used;   // blocks in use
        std::uint32_t fresh;  // blocks that have been handed out at least once
    };

    static Slab& slab_of(void* block) noexcept {
        // Subtracts a distance: the optimizer knows nothing about a pointer made from an integer.
        const std::size_t offset = reinterpret_cast<std::uintptr_t>(block) % kSlabBytes;
        return *reinterpret_cast<Slab*>(static_cast<std::byte*>(block) - offset);
    }
    void link(Slab& slab) noexcept {
        slab.before = nullptr;
        slab.next = partial_;
        if (partial_ != nullptr) partial_->before = &slab;
        partial_ = &slab;
    }
    void unlink(Slab& slab) noexcept {
        (slab.before != nullptr ? slab.before->next : partial_) = slab.next;
        if (slab.next != nullptr) slab.next->before = slab.before;
    }
    [[nodiscard]] Slab* add_slab();
    void retire(Slab& slab) noexcept;
    // Relaxed, both: written under the owner's lock; see has_surplus().
    [[nodiscard]] std::size_t idle_count() const noexcept {
        return idle_count_.load(std::memory_order_relaxed);
    }
    void set_idle_count(std::size_t count) noexcept {
        idle_count_.store(count, std::memory_order_relaxed);
    }
    void give_back(Slab& slab) noexcept;

    const std::size_t block_bytes_;
    const std::size_t first_;  // where the first block lies in its slab
    const std::uint32_t per_slab_;
    const std::size_t always_kept_;
    const Keep keep_;
    Slab* partial_ = nullptr;  // slabs with free and used blocks
    Slab* idle_ = nullptr;     // slabs without used blocks
    Slab* all_ = nullptr;
    std::size_t slab_count_ = 0;
    std::atomic<std::size_t> idle_count_{0};
    std::size_t kept_;               // how many may be idle
    std::size_t least_idle_ = 0;     // the smallest number of idle slabs since period_
    Clock::time_point period_{};     // when settle() last looked
    Clock::time_point gave_back_{};  // when a slab last went back because there were too many
};

}  // namespace nebula
