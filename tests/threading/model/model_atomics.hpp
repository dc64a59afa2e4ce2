// SPDX-License-Identifier: MIT
// The atomics policy whose every operation is the explorer's to order.
#pragma once

#include "explorer.hpp"
#include "nebula/base/clock.hpp"

#include <atomic>
#include <bit>
#include <cstdint>
#include <type_traits>

namespace nebula::model {

template <class T>
std::uint64_t to_word(T value) noexcept {
    static_assert(sizeof(T) <= sizeof(std::uint64_t) && std::is_trivially_copyable_v<T>);
    if constexpr (std::is_pointer_v<T>)
        return std::bit_cast<std::uintptr_t>(value);
    else
        return static_cast<std::uint64_t>(static_cast<std::make_unsigned_t<T>>(value));
}
template <>
inline std::uint64_t to_word(bool value) noexcept {
    return value ? 1 : 0;
}

template <class T>
T from_word(std::uint64_t word) noexcept {
    if constexpr (std::is_pointer_v<T>)
        return std::bit_cast<T>(static_cast<std::uintptr_t>(word));
    else
        return static_cast<T>(word);
}

/// Stands in for nebula::detail::MachineAtomics; what its operations may do: README.md.
struct ModelAtomics {
    template <class T>
    class Atomic {
    public:
        Atomic() : Atomic(T{}) {}
        Atomic(T value) : id_(new_location(to_word(value))) {}  // NOLINT: as std::atomic
        ~Atomic() { end_location(id_); }
        Atomic(const Atomic&) = delete;
        Atomic& operator=(const Atomic&) = delete;

        [[nodiscard]] T load(std::memory_order order = std::memory_order_seq_cst,
                             const Where& where = Where::current()) const {
            return from_word<T>(model::load(id_, order, where));
        }
        void store(T value, std::memory_order order = std::memory_order_seq_cst,
                   const Where& where = Where::current()) {
            model::store(id_, to_word(value), order, where);
        }
        T exchange(T value, std::memory_order order = std::memory_order_seq_cst,
                   const Where& where = Where::current()) {
            return modify(Rmw::Exchange, value, order, where);
        }
        T fetch_add(T value, std::memory_order order = std::memory_order_seq_cst,
                    const Where& where = Where::current()) {
            return modify(Rmw::Add, value, order, where);
        }
        T fetch_sub(T value, std::memory_order order = std::memory_order_seq_cst,
                    const Where& where = Where::current()) {
            return modify(Rmw::Sub, value, order, where);
        }
        T fetch_or(T value, std::memory_order order = std::memory_order_seq_cst,
                   const Where& where = Where::current()) {
            return modify(Rmw::Or, value, order, where);
        }
        T fetch_and(T value, std::memory_order order = std::memory_order_seq_cst,
                    const Where& where = Where::current()) {
            return modify(Rmw::And, value, order, where);
        }
        bool compare_exchange_strong(T& expected, T desired, std::memory_order success,
                                     std::memory_order failure,
                                     const Where& where = Where::current()) {
            std::uint64_t word = to_word(expected);
            const bool done =
                model::compare_exchange(id_, word, to_word(desired), success, failure, where);
            expected = from_word<T>(word);
            return done;
        }
        bool compare_exchange_strong(T& expected, T desired,
                                     std::memory_order order = std::memory_order_seq_cst,
                                     const Where& where = Where::current()) {
            return compare_exchange_strong(expected, desired, order, failure_order(order), where);
        }
        // Never fails for no reason: its callers loop, so that would add rounds and nothing else.
        bool compare_exchange_weak(T& expected, T desired, std::memory_order success,
                                   std::memory_order failure,
                                   const Where& where = Where::current()) {
            return compare_exchange_strong(expected, desired, success, failure, where);
        }
        bool compare_exchange_weak(T& expected, T desired,
                                   std::memory_order order = std::memory_order_seq_cst,
                                   const Where& where = Where::current()) {
            return compare_exchange_strong(expected, desired, order, failure_order(order), where);
        }

    private:
        friend struct ModelAtomics;

        T modify(Rmw kind, T value, std::memory_order order, const Where& where) {
            constexpr std::uint64_t kMask = ~std::uint64_t{0} >> (64 - 8 * sizeof(T));
            return from_word<T>(read_modify_write(id_, kind, to_word(value), kMask, order, where));
        }
        static constexpr std::memory_order failure_order(std::memory_order order) {
            if (order == std::memory_order_acq_rel) return std::memory_order_acquire;
            if (order == std::memory_order_release) return std::memory_order_relaxed;
            return order;
        }

        LocationId id_;
    };

    static void light_fence(const Where& where = Where::current()) { model::light_fence(where); }
    static void heavy_fence(const Where& where = Where::current()) { model::heavy_fence(where); }
    static void sleep(const Atomic<std::uint32_t>& word, std::uint32_t expected,
                      const Where& where = Where::current()) {
        model::sleep(word.id_, expected, where);
    }
    static bool sleep_until(const Atomic<std::uint32_t>& word, std::uint32_t expected,
                            Clock::time_point deadline, const Where& where = Where::current()) {
        if (deadline != Clock::time_point::max() && deadline_comes(where)) return false;
        model::sleep(word.id_, expected, where);
        return true;
    }
    static void wake_one(const Atomic<std::uint32_t>& word, const Where& where = Where::current()) {
        model::wake_one(word.id_, where);
    }
    static void yield_point() {}
};

/// Plain data: an access that is not ordered against another thread's write is a failure.
template <class T>
class ModelCell {
public:
    ModelCell() = default;
    explicit ModelCell(T value) : value_(value) {}

    [[nodiscard]] T read(const Where& where = Where::current()) const {
        read_cell(id_, where);
        return value_;
    }
    void write(T value, const Where& where = Where::current()) {
        write_cell(id_, where);
        value_ = value;
    }

private:
    CellId id_ = new_cell();
    T value_{};
};

}  // namespace nebula::model
