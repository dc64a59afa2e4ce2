// SPDX-License-Identifier: MIT
// Who may go first, in every way: nebula_generator.h as it is, on the model's atomics, and around it what
// foreign_generator.cpp and generator_code.cpp do. A call of the maker's code must end before its library
// goes, the snapshot is destroyed once, and the block is freed once, by whoever is last.
#include "model.hpp"
#include "model_lock.hpp"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <optional>

namespace nebula::model {
namespace {

/// The words of the one block that there is. They end when it is freed, and the explorer tells of a use
/// after that.
struct Words {
    ModelAtomics::Atomic<std::uint32_t> owners{2};
    ModelAtomics::Atomic<std::uint32_t> calls{0};
};
std::optional<Words>* words = nullptr;
ModelAtomics::Atomic<std::uint32_t>& word(const std::uint32_t* address);
void free_block(void* block);

}  // namespace
}  // namespace nebula::model

// The header's atomics are the compiler's own functions, whose names stand for the model's here.
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wreserved-macro-identifier"
#endif
// NOLINTBEGIN(bugprone-reserved-identifier)
#define __atomic_sub_fetch(p, v, order) \
    (::nebula::model::word(p).fetch_sub(v, static_cast<std::memory_order>(order)) - (v))
#define __atomic_fetch_or(p, v, order) \
    ::nebula::model::word(p).fetch_or(v, static_cast<std::memory_order>(order))
#define __atomic_fetch_add(p, v, order) \
    ::nebula::model::word(p).fetch_add(v, static_cast<std::memory_order>(order))
#define __atomic_fetch_sub(p, v, order) \
    ::nebula::model::word(p).fetch_sub(v, static_cast<std::memory_order>(order))
#define __atomic_load_n(p, order) \
    ::nebula::model::word(p).load(static_cast<std::memory_order>(order))
#define __atomic_exchange_n(p, v, order) \
    ::nebula::model::word(p).exchange(v, static_cast<std::memory_order>(order))
// NOLINTEND(bugprone-reserved-identifier)
#define free(block) ::nebula::model::free_block(block)
#include "nebula/godot/generator/nebula_generator.h"
#undef free

namespace nebula::model {
namespace {

NebulaGenerator block;

ModelAtomics::Atomic<std::uint32_t>& word(const std::uint32_t* address) {
    check(words->has_value(), "the block is there");
    return address == &block.owners ? (*words)->owners : (*words)->calls;
}
void free_block(void* freed) {
    check(freed == &block && words->has_value(), "the block is freed once");
    words->reset();
}

struct World {
    std::optional<Words> shared;
    ModelCell<bool> loaded{true};  // the maker's library; each line of its code reads it
    ModelCell<bool> alive{true};   // the snapshot
    Lock lock;
    bool listed = true;    // under the lock: the entry of handed_over()
    bool has_code = true;  // and whether it has the snapshot still
    ModelAtomics::Atomic<int> users{1};
    bool gone = false;

    World() {
        words = &shared;
        shared.emplace();
    }

    void runs_code() const { check(loaded.read(), "the library is loaded"); }
    void destroy() {
        check(alive.read(), "the snapshot is destroyed once");
        alive.write(false);
    }

    // ForeignGenerator: any function.
    void ask() {
        if (nebula_generator_enter(&block) == 0) return;
        runs_code();
        check(alive.read(), "the snapshot is there");
        nebula_generator_leave(&block);
    }
    // LetGo, by the last who has the generator.
    void let_go() {
        if (users.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
        if (nebula_generator_enter(&block) != 0) {
            unused();
            nebula_generator_leave(&block);
        }
        nebula_generator_drop(&block);
    }
    // call_unused
    void unused() {
        runs_code();
        lock.lock();
        const bool taken = listed && has_code;
        if (taken) has_code = false;
        lock.unlock();
        if (taken) destroy();
        runs_code();
    }
    // hand_over, of the next one
    void sweep() {
        runs_code();
        lock.lock();
        if (listed && !has_code && nebula_generator_is_idle(&block) != 0) {
            nebula_generator_drop(&block);
            listed = false;
        }
        lock.unlock();
    }
    // withdraw_generators, and the unload. Looking again changes nothing, so it looks once, and whatever
    // is not over then stays.
    void withdraw() {
        lock.lock();
        const bool taken = listed;
        const bool with_code = has_code;
        listed = false;
        lock.unlock();
        if (taken) {
            nebula_generator_withdraw(&block);
            if (nebula_generator_is_idle(&block) == 0) return;
            if (with_code) destroy();
            nebula_generator_drop(&block);
        }
        loaded.write(false);
        gone = true;
    }

    void check_end() const {
        if (!gone) return;
        check(!alive.read(), "the snapshot is destroyed");
        check(!shared, "the block is freed");
    }
};

NEBULA_MODEL(WithdrawalModel, TheMakerGoesWhileAWorldAsksAndEnds) {
    return explore<World>({[](World& w) {
                               w.ask();
                               w.let_go();
                           },
                           [](World& w) { w.withdraw(); }},
                          [](World& w) { w.check_end(); });
}

NEBULA_MODEL(WithdrawalModel, TheMakerGoesWhileTwoWorkersAsk) {
    struct Shared : World {
        Shared() { users.store(2, std::memory_order_relaxed); }
    };
    return explore<Shared>({[](Shared& w) {
                                w.ask();
                                w.let_go();
                            },
                            [](Shared& w) {
                                w.ask();
                                w.let_go();
                            },
                            [](Shared& w) { w.withdraw(); }},
                           [](Shared& w) { w.check_end(); });
}

NEBULA_MODEL(WithdrawalModel, AnotherIsHandedOverWhileTheWorldEndsAndTheMakerGoes) {
    return explore<World>({[](World& w) { w.let_go(); },
                           [](World& w) {
                               w.sweep();
                               w.sweep();
                               w.withdraw();
                           }},
                          [](World& w) { w.check_end(); });
}

}  // namespace
}  // namespace nebula::model
