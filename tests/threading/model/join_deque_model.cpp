// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/join_deque.hpp"

#include "deque_model.hpp"

#include <array>
#include <cstdint>

namespace nebula::model {
namespace {

// As ForkContext::join. What a join does before its first branch is push, and after it pop; the
// depth it believes in is its own, and wrong where thieves have been.
template <std::size_t kCapacity, std::size_t kItems>
struct Joins : Shop<nebula::detail::JoinDeque<Item, kCapacity, ModelAtomics>, kItems> {
    std::int64_t depth = 0;
    std::array<std::int64_t, kItems> pushed_at{};
    std::array<std::int64_t, kItems> stolen_from{};

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
    // `item` is the youngest one pushed.
    void pop(std::size_t item) {
        depth = pushed_at.at(item);
        if (this->deque.pop(depth)) this->items[item].take();
    }
    void steal() {
        const auto result = this->deque.steal();
        if (result.item == nullptr) return;
        result.item->take();
        stolen_from.at(static_cast<std::size_t>(result.item - this->items.data())) =
            1 + result.index;
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
                               s.pop(0);
                               s.push();
                               s.pop(1);
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
                               s.pop(1);
                               s.pop(0);
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
                               s.pop(2);
                               s.pop(1);
                               s.pop(0);
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
                                   if (s.push()) s.pop(i);
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
                               if (third) s.pop(2);
                               if (second) s.pop(1);
                               if (first) s.pop(0);
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
                               s.pop(1);
                               s.pop(0);
                               s.push();
                               s.pop(2);
                           },
                           [](State& s) {
                               s.steal();
                               s.steal();
                           }},
                          [](State& s) { s.all_taken(); });
}

}  // namespace
}  // namespace nebula::model
