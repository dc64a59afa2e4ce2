// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/join_record.hpp"

#include "model.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace nebula::model {
namespace {

// What the owner looks at while it waits: written by the thief before it takes the branch.
struct alignas(4) Thief {
    ModelCell<int> deque;
};
using Record = nebula::detail::JoinState<Thief, ModelAtomics>;

// A record dies as soon as its owner has seen that the branch is done; the bell stays.
struct Fork {
    ModelAtomics::Atomic<std::uint32_t> bell{0};
    ModelCell<int> result;
    Thief thief;
    alignas(Record) std::array<std::byte, sizeof(Record)> place;
    Record* record = ::new (place.data()) Record();

    void run_branch() {
        thief.deque.write(1);
        record->taken_by(thief);
        result.write(1);
        record->finish(bell);
    }
    // As the owner of a branch that a thief has.
    void wait() {
        if (Thief* const its_thief = record->thief())
            check(its_thief->deque.read() == 1, "what one follows to the thief is there");
        while (!record->done()) {
            const std::uint32_t rings = Record::ring_count(bell);
            if (record->announce_sleep()) ModelAtomics::sleep(bell, rings);
        }
        check(result.read() == 1, "what the branch did is there");
        result.write(2);  // and nobody works on it any more
        std::destroy_at(record);
    }
};

NEBULA_MODEL(JoinRecordModel, AnOwnerLearnsThatItsBranchEndedAndMayForgetTheRecord) {
    using State = Fork;
    return explore<State>({[](State& s) { s.wait(); }, [](State& s) { s.run_branch(); }});
}

NEBULA_MODEL(JoinRecordModel, ASleepThatEndsForNoReasonChangesNothing) {
    using State = Fork;
    return explore<State>({[](State& s) { s.wait(); }, [](State& s) { s.run_branch(); }}, nullptr,
                          {.spurious_wakes = 2});
}

// A record serves the owner's next branch as soon as the last one is done.
NEBULA_MODEL(JoinRecordModel, ARecordThatServesAgainHearsNothingOfItsLastThief) {
    struct State {
        ModelAtomics::Atomic<std::uint32_t> bell{0};
        ModelAtomics::Atomic<std::uint32_t> second{0};  // stands for the deque
        ModelCell<int> result;
        Thief thief;
        Record record;

        void wait_for(int number) {
            while (!record.done()) {
                const std::uint32_t rings = Record::ring_count(bell);
                if (record.announce_sleep()) ModelAtomics::sleep(bell, rings);
            }
            check(result.read() == number, "the branch has ended");
        }
        void run_branch(int number) {
            record.taken_by(thief);
            result.write(number);
            record.finish(bell);
        }
    };
    return explore<State>({[](State& s) {
                               s.wait_for(1);
                               s.record.reset();
                               s.second.store(1, std::memory_order_release);
                               ModelAtomics::wake_one(s.second);
                               s.wait_for(2);
                           },
                           [](State& s) { s.run_branch(1); },
                           [](State& s) {
                               while (s.second.load(std::memory_order_acquire) == 0)
                                   ModelAtomics::sleep(s.second, 0);
                               s.run_branch(2);
                           }});
}

// Two branches that the same owner waits for, one after the other, with one bell.
NEBULA_MODEL(JoinRecordModel, ABellThatRangForAnotherBranchEndsNoWaitTooEarlyAndNoneTooLate) {
    struct State {
        ModelAtomics::Atomic<std::uint32_t> bell{0};
        std::array<ModelCell<int>, 2> results;
        Thief thief;
        std::array<Record, 2> records;

        void run_branch(std::size_t i) {
            results.at(i).write(1);
            records.at(i).finish(bell);
        }
    };
    return explore<State>({[](State& s) {
                               for (std::size_t i = 0; i < 2; ++i) {
                                   while (!s.records[i].done()) {
                                       const std::uint32_t rings = Record::ring_count(s.bell);
                                       if (s.records[i].announce_sleep())
                                           ModelAtomics::sleep(s.bell, rings);
                                   }
                                   check(s.results[i].read() == 1, "what the branch did is there");
                               }
                           },
                           [](State& s) { s.run_branch(0); }, [](State& s) { s.run_branch(1); }});
}

}  // namespace
}  // namespace nebula::model
