// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/join_deque.hpp"

#include "deque_model.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace nebula::model {
namespace {

template <std::size_t kCapacity, std::size_t kItems>
struct Joins : Shop<nebula::detail::JoinDeque<Item, kCapacity, ModelAtomics>, kItems> {
    // As in nested frames: what one believes the depth to be comes from the frame around it, and
    // thieves may have made it false.
    std::int64_t belief = 0;
    std::array<std::int64_t, kItems> depths{};

    bool push() {
        Item& item = this->items.at(this->made);
        item.content.write(1);
        std::int64_t depth = belief;
        if (!this->deque.push(&item, depth)) {
            ++this->made;
            item.take();
            return false;
        }
        depths.at(this->made++) = depth;
        belief = depth + 1;
        return true;
    }
    // What a join does when its first branch has returned: `item` is the youngest one pushed.
    void pop(std::size_t item) {
        belief = depths.at(item);
        if (this->deque.pop(belief)) this->items[item].take();
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

}  // namespace
}  // namespace nebula::model
