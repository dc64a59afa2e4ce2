// SPDX-License-Identifier: MIT
// Tells when it is safe to free an object that lock-free readers may still use. README, "Epochs".
#pragma once

#include "nebula/base/cache_line.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>

namespace nebula::voxel {

/// Epoch-based reclamation for one writer and any number of readers.
///
/// The writer unlinks an object from where readers find it, then retires it. A reader pins the
/// domain, then loads pointers; every object it finds stays alive until it unpins. collect() frees
/// the objects that no pin can still see.
///
///     auto pin = epochs.pin();                         // any thread
///     const Brick* brick = slot.load(std::memory_order_acquire);
///
///     epochs.reserve(1);                               // the writer: may throw, so before
///     const Brick* old = slot.exchange(fresh);
///     epochs.retire(BrickPtr(old));
///     epochs.collect();
///
/// Threads:   pin: any thread; a pin may end on another thread. The rest: owner thread.
/// Cost:      a pin is one compare-exchange and one load on a cache line of its own; it never
///            waits, and allocates only beyond 32 pins at once. collect: one load per pin slot, and
///            one deletion per object that it frees.
/// Lifetime:  the destructor frees everything that is still retired; no pin may outlive the domain.
class EpochDomain {
    struct alignas(kCacheLine) Slot {
        // The epoch of the pin that holds this slot; 0: free. Any thread may take it by a
        // compare-exchange; the holder stores 0.
        std::atomic<std::uint64_t> pinned{0};
    };

public:
    class [[nodiscard]] Pin {
    public:
        Pin() = default;
        Pin(Pin&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}
        Pin& operator=(Pin&& other) noexcept {
            if (this != &other) {
                reset();
                slot_ = std::exchange(other.slot_, nullptr);
            }
            return *this;
        }
        Pin(const Pin&) = delete;
        Pin& operator=(const Pin&) = delete;
        ~Pin() { reset(); }

        /// Unpins. Objects that were loaded under this pin must not be used any more.
        void reset() noexcept {
            // Pairs with the scan in collect: our reads happen before anything that it frees.
            if (slot_ != nullptr)
                std::exchange(slot_, nullptr)->pinned.store(0, std::memory_order_release);
        }

    private:
        friend EpochDomain;
        explicit Pin(Slot& slot) noexcept : slot_(&slot) {}
        Slot* slot_ = nullptr;
    };

    EpochDomain() = default;
    ~EpochDomain();
    EpochDomain(const EpochDomain&) = delete;
    EpochDomain& operator=(const EpochDomain&) = delete;

    /// \throws std::bad_alloc, only if all slots are taken.
    Pin pin();

    /// Makes room for the next `count` calls of retire: an object that readers may still use cannot
    /// be freed, so when it is unlinked, there must be room already.
    /// \throws std::bad_alloc, and nothing has changed.
    void reserve(std::size_t count);

    /// Frees the object in a later collect(), once no pin can see it. Unlink it first. Without room
    /// that reserve() has made, it may allocate, and the program ends if there is no memory.
    template <class T, class Deleter>
    void retire(std::unique_ptr<T, Deleter> object) noexcept {
        static_assert(std::is_empty_v<Deleter>,
                      "the deleter must be an empty class, because it "
                      "is created anew when the object is freed");
        if (object == nullptr) return;
        push({epoch_.load(std::memory_order_relaxed), object.release(),
              [](const void* o) { Deleter{}(static_cast<T*>(const_cast<void*>(o))); }});
    }

    /// Starts a new epoch and frees up to `most` objects that no pin can see, oldest first. Returns
    /// how many it freed.
    std::size_t collect(std::size_t most = std::numeric_limits<std::size_t>::max());

    /// Objects waiting to be freed.
    [[nodiscard]] std::size_t retired() const noexcept { return retired_count_; }

private:
    static constexpr std::size_t kSlotsPerBlock = 32;
    struct Block {
        std::array<Slot, kSlotsPerBlock> slots;
        std::atomic<Block*> next{nullptr};  // grows by compare-exchange, never shrinks
    };
    struct Retired {
        std::uint64_t epoch;
        const void* object;
        void (*destroy)(const void*);
    };

    void push(Retired retired) noexcept;
    [[nodiscard]] Retired& retired_at(std::size_t i) noexcept {  // the oldest is 0
        return retired_[(first_retired_ + i) & (capacity_ - 1)];
    }

    // Written by the owner alone, in collect. Only grows.
    alignas(kCacheLine) std::atomic<std::uint64_t> epoch_{1};
    Block first_;
    // Owner thread: a ring, in which epochs ascend. Its capacity is 0 or a power of two.
    std::unique_ptr<Retired[]> retired_;
    std::size_t capacity_ = 0;
    std::size_t first_retired_ = 0;
    std::size_t retired_count_ = 0;
};

}  // namespace nebula::voxel
