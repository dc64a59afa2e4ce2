// SPDX-License-Identifier: MIT
// Tells when it is safe to free an object that lock-free readers may still use. README, "Epochs".
#pragma once

#include "nebula/base/cache_line.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
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
///     const Brick* old = slot.exchange(fresh);         // the writer
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

    /// Frees the object in a later collect(), once no pin can see it. Unlink it first.
    template <class T, class Deleter>
    void retire(std::unique_ptr<T, Deleter> object) {
        static_assert(std::is_empty_v<Deleter>,
                      "the deleter must be an empty class, because it "
                      "is created anew when the object is freed");
        if (object == nullptr) return;
        retired_.push_back(
            {epoch_.load(std::memory_order_relaxed), object.get(),
             [](const void* o) { Deleter{}(static_cast<T*>(const_cast<void*>(o))); }});
        (void)object
            .release();  // NOLINT(bugprone-unused-return-value): after the push, which may throw
    }

    /// Starts a new epoch and frees up to `most` objects that no pin can see, oldest first. Returns
    /// how many it freed.
    std::size_t collect(std::size_t most = std::numeric_limits<std::size_t>::max());

    /// Objects waiting to be freed.
    [[nodiscard]] std::size_t retired() const noexcept { return retired_.size(); }

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

    // Written by the owner alone, in collect. Only grows.
    alignas(kCacheLine) std::atomic<std::uint64_t> epoch_{1};
    Block first_;
    std::deque<Retired> retired_;  // owner thread; epochs ascend
};

}  // namespace nebula::voxel
