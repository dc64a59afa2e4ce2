// SPDX-License-Identifier: MIT
// What the models of both deques share: items that tell who takes them twice or too early.
#pragma once

#include "model.hpp"
#include "nebula/threading/detail/work_deque.hpp"

#include <array>
#include <cstddef>

namespace nebula::model {

struct Item {
    ModelCell<int> content;
    int taken = 0;

    void take() {
        check(++taken == 1, "an item is taken once");
        check(content.read() == 1, "who takes an item sees its content");
    }
};

/// A deque and the items that go through it. They are made by the owner, in order.
template <class Deque, std::size_t kItems>
struct Shop {
    Deque deque;
    std::array<Item, kItems> items;
    std::size_t made = 0;

    /// False when the deque is full: the owner has taken the item itself.
    bool push() {
        Item& item = items.at(made++);
        item.content.write(1);
        if (deque.push(&item)) return true;
        item.take();
        return false;
    }
    void steal() {
        const auto result = deque.steal();
        check((result.item != nullptr) == (result.outcome == nebula::detail::StealOutcome::Item),
              "an outcome that says what came");
        if (result.item != nullptr) result.item->take();
    }
    void all_taken() const {
        for (std::size_t i = 0; i < made; ++i) check(items[i].taken == 1, "every item is taken");
    }
};

}  // namespace nebula::model
