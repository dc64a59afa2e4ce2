// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/join_deque.hpp"

#include "deque_model.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace nebula::model {
namespace {

// As ForkContext::join. What a join does before its first branch is push, and after it pop; the
// depth it believes in is its own, and wrong where thieves have been. Beside each place lies what
// belongs to a stolen item: its thief writes there, later than it takes the item, and the owner
// puts it back.
template <std::size_t kCapacity, std::size_t kItems>
struct Joins : Shop<nebula::detail::JoinDeque<Item, kCapacity, ModelAtomics>, kItems> {
    std::int64_t depth = 0;
    std::array<std::int64_t, kItems> pushed_at{};
    std::array<std::int64_t, kItems> stolen_from{};
    std::array<ModelCell<int>, kCapacity> places;
    std::array<ModelAtomics::Atomic<std::uint32_t>, kItems> ended;

    ModelCell<int>& place(std::int64_t index) {
        return places.at(static_cast<std::size_t>(index) % kCapacity);
    }

    bool push() {
        Item& item = this->items.at(this->made++);
        item.content.write(1);
        if (!this->deque.push(&item, depth)) {
            item.take();
            return false;
        }
        pushed_at.at(this->made - 1) = depth++;
        return true;
    }
    // `item` is the youngest one pushed. False: a thief has it, and wait() is due.
    bool pop(std::size_t item) {
        depth = pushed_at.at(item);
        if (!this->deque.pop(depth)) return false;
        this->items[item].take();
        return true;
    }
    void wait(std::size_t item) {
        while (ended.at(item).load(std::memory_order_acquire) == 0)
            ModelAtomics::sleep(ended[item], 0);
        const std::int64_t index = pushed_at[item];
        check(place(index).read() == 1, "a place is its item's until the owner comes back");
        place(index).write(0);
        this->deque.come_back(index);
    }
    void pop_or_wait(std::size_t item) {
        if (!pop(item)) wait(item);
    }
    void steal() {
        const auto result = this->deque.steal();
        if (result.item == nullptr) return;
        result.item->take();
        const auto item = static_cast<std::size_t>(result.item - this->items.data());
        stolen_from.at(item) = 1 + result.index;
        check(place(result.index).read() == 0, "nobody else has the place");
        place(result.index).write(1);
        ended[item].store(1, std::memory_order_release);
        ModelAtomics::wake_one(ended[item]);
    }
    void all_taken() const {
        Shop<nebula::detail::JoinDeque<Item, kCapacity, ModelAtomics>, kItems>::all_taken();
        for (std::size_t i = 0; i < kItems; ++i)
            check(stolen_from[i] == 0 || stolen_from[i] == 1 + pushed_at[i],
                  "a thief knows where its item was pushed");
    }
};

NEBULA_MODEL(JoinDequeModel, OneItemGoesToOwnerOrThiefEachTime) {
    using State = Joins<2, 2>;
    return explore<State>({[](State& s) {
                               s.push();
                               s.pop_or_wait(0);
                               s.push();
                               s.pop_or_wait(1);
                           },
                           [](State& s) {
                               s.steal();
                               s.steal();
                           }},
                          [](State& s) { s.all_taken(); });
}

NEBULA_MODEL(JoinDequeModel, TwoItemsGoToOwnerAndTwoThievesOnceEach) {
    using State = Joins<2, 2>;
    return explore<State>({[](State& s) {
                               s.push();
                               s.push();
                               s.pop_or_wait(1);
                               s.pop_or_wait(0);
                           },
                           [](State& s) { s.steal(); }, [](State& s) { s.steal(); }},
                          [](State& s) { s.all_taken(); });
}

NEBULA_MODEL(JoinDequeModel, ThreeItemsGoToOwnerAndTwoStealsOnceEach) {
    using State = Joins<4, 3>;
    return explore<State>({[](State& s) {
                               s.push();
                               s.push();
                               s.push();
                               s.pop_or_wait(2);
                               s.pop_or_wait(1);
                               s.pop_or_wait(0);
                           },
                           [](State& s) {
                               s.steal();
                               s.steal();
                           }},
                          [](State& s) { s.all_taken(); });
}

NEBULA_MODEL(JoinDequeModel, ALateThiefDoesNotTakeWhatCameIntoTheSlotAfterwards) {
    using State = Joins<1, 3>;
    return explore<State>({[](State& s) {
                               for (std::size_t i = 0; i < 3; ++i)
                                   if (s.push()) s.pop_or_wait(i);
                           },
                           [](State& s) {
                               s.steal();
                               s.steal();
                           }},
                          [](State& s) { s.all_taken(); });
}

// Full: the owner keeps the item; there is room again when a thief has been there.
NEBULA_MODEL(JoinDequeModel, AFullDequeKeepsWhatItHas) {
    using State = Joins<1, 3>;
    return explore<State>({[](State& s) {
                               const bool first = s.push();
                               const bool second = s.push();
                               const bool third = s.push();
                               if (third) s.pop_or_wait(2);
                               if (second) s.pop_or_wait(1);
                               if (first) s.pop_or_wait(0);
                           },
                           [](State& s) {
                               s.steal();
                               s.steal();
                           }},
                          [](State& s) { s.all_taken(); });
}

// The owner comes back further than the thieves have come, and forks again.
NEBULA_MODEL(JoinDequeModel, WhatIsPushedAfterATheftFromBelowGoesToOneAsWell) {
    using State = Joins<4, 3>;
    return explore<State>({[](State& s) {
                               s.push();
                               s.push();
                               s.pop_or_wait(1);
                               s.pop_or_wait(0);
                               s.push();
                               s.pop_or_wait(2);
                           },
                           [](State& s) {
                               s.steal();
                               s.steal();
                           }},
                          [](State& s) { s.all_taken(); });
}

// What the owner has not come back to keeps its place, however many are pushed above it.
NEBULA_MODEL(JoinDequeModel, NoPlaceIsGivenOutWhileAStolenItemHoldsIt) {
    using State = Joins<2, 4>;
    return explore<State>({[](State& s) {
                               s.push();
                               const bool second = s.push();
                               const bool third = s.push();
                               if (third) s.pop_or_wait(2);
                               const bool fourth = s.push();
                               if (fourth) s.pop_or_wait(3);
                               if (second) s.pop_or_wait(1);
                               s.pop_or_wait(0);
                           },
                           [](State& s) {
                               s.steal();
                               s.steal();
                           }},
                          [](State& s) { s.all_taken(); });
}

// An empty deque leaves out a place that is held, so there is work to be had again above it.
NEBULA_MODEL(JoinDequeModel, AHeldPlaceIsLeftOutWhereNothingLiesBelow) {
    using State = Joins<2, 4>;
    return explore<State>({[](State& s) {
                               s.push();
                               const bool first_gone = !s.deque.has_items();
                               for (std::size_t i = 1; i < 4; ++i) {
                                   const bool pushed = s.push();
                                   check(pushed || !first_gone, "one of two places is free");
                                   if (pushed) s.pop_or_wait(i);
                               }
                               s.pop_or_wait(0);
                           },
                           [](State& s) {
                               s.steal();
                               s.steal();
                           }},
                          [](State& s) { s.all_taken(); });
}

// While the owner of a stolen item waits, it takes from its thief what the item's work has left
// there, and nothing of what the thief does afterwards.
NEBULA_MODEL(JoinDequeModel, AWaiterTakesWhatItsOwnWorkLeftAndNothingElse) {
    struct State : Joins<2, 3> {
        ModelAtomics::Atomic<std::uint32_t> work_ended{0};

        void take_while_it_works() {
            const auto result =
                deque.steal_if([&] { return work_ended.load(std::memory_order_acquire) == 0; });
            if (result.item == nullptr) return;
            check(result.item != &items[2], "a waiter takes nothing of a stranger");
            result.item->take();
            const auto item = static_cast<std::size_t>(result.item - items.data());
            stolen_from.at(item) = 1 + result.index;
            place(result.index).write(1);
            ended[item].store(1, std::memory_order_release);
            ModelAtomics::wake_one(ended[item]);
        }
    };
    return explore<State>({[](State& s) {
                               s.push();
                               const bool second = s.push();
                               if (second) s.pop_or_wait(1);
                               s.pop_or_wait(0);
                               s.work_ended.store(1, std::memory_order_release);
                               if (s.push()) s.pop_or_wait(2);
                           },
                           [](State& s) {
                               s.take_while_it_works();
                               s.take_while_it_works();
                           }},
                          [](State& s) { s.all_taken(); });
}

}  // namespace
}  // namespace nebula::model
