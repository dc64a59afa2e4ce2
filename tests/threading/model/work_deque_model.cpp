// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/work_deque.hpp"

#include "deque_model.hpp"

#include <cstddef>

namespace nebula::model {
namespace {

template <std::size_t kCapacity, std::size_t kItems>
struct Works : Shop<nebula::detail::WorkDeque<Item, kCapacity, ModelAtomics>, kItems> {
    // True while there was one.
    bool pop() {
        Item* const item = this->deque.pop();
        if (item != nullptr) item->take();
        return item != nullptr;
    }
};

// The owner has emptied it at the end, so what it did not get the thieves have.
NEBULA_MODEL(WorkDequeModel, TwoItemsGoToOwnerAndTwoThievesOnceEach) {
    using State = Works<2, 2>;
    return explore<State>({[](State& s) {
                               s.push();
                               s.push();
                               while (s.pop()) {
                               }
                               s.all_taken();
                           },
                           [](State& s) { s.steal(); }, [](State& s) { s.steal(); }});
}

NEBULA_MODEL(WorkDequeModel, TheLastItemGoesToOwnerOrThiefEachTime) {
    using State = Works<2, 2>;
    return explore<State>({[](State& s) {
                               s.push();
                               s.pop();
                               s.push();
                               s.pop();
                           },
                           [](State& s) {
                               s.steal();
                               s.steal();
                           }},
                          [](State& s) { s.all_taken(); });
}

// A slot is used again and again; the thief is late with it.
NEBULA_MODEL(WorkDequeModel, ALateThiefDoesNotTakeWhatCameIntoTheSlotAfterwards) {
    using State = Works<1, 3>;
    return explore<State>({[](State& s) {
                               s.push();
                               s.push();
                               s.pop();
                               s.push();
                               s.pop();
                               s.all_taken();
                           },
                           [](State& s) {
                               s.steal();
                               s.steal();
                           }});
}

NEBULA_MODEL(WorkDequeModel, AFullDequeKeepsWhatItHas) {
    using State = Works<2, 4>;
    return explore<State>({[](State& s) {
                               for (int i = 0; i < 4; ++i) s.push();
                           },
                           [](State& s) {
                               s.steal();
                               s.steal();
                           }},
                          [](State& s) {
                              while (s.pop()) {
                              }
                              s.all_taken();
                          });
}

// Last but one: the owner takes without an exchange, so no thief may get as far.
NEBULA_MODEL(WorkDequeModel, ThreeItemsGoToOwnerAndTwoStealsOnceEach) {
    using State = Works<4, 3>;
    return explore<State>({[](State& s) {
                               s.push();
                               s.push();
                               s.push();
                               s.pop();
                               s.pop();
                           },
                           [](State& s) {
                               s.steal();
                               s.steal();
                           }},
                          [](State& s) {
                              while (s.pop()) {
                              }
                              s.all_taken();
                          });
}

// Lost is not empty: who lost looks again.
NEBULA_MODEL(WorkDequeModel, NoThiefIsToldEmptyWhileThereIsAnItemForEach) {
    struct State : Works<2, 2> {
        State() {
            push();
            push();
        }
        void steal_something() {
            check(deque.steal().outcome != nebula::detail::StealOutcome::Empty, "not empty");
        }
    };
    return explore<State>(
        {[](State& s) { s.steal_something(); }, [](State& s) { s.steal_something(); }});
}

}  // namespace
}  // namespace nebula::model
