// SPDX-License-Identifier: MIT
// The queue of RankedTasks: a helper that leaves against whoever queues, and cancelling all against
// whoever has a task in its hands.
#include "nebula/threading/detail/ranked_queue.hpp"

#include "model.hpp"
#include "model_lock.hpp"
#include "nebula/threading/detail/ticket_count.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace nebula::model {
namespace {

struct Ring {
    Lock lock;
    ModelCell<int> tasks;  // under the lock
};

// ---- helpers

// The steps of RankedTasks (ranked_tasks.cpp) with one helper at most; near is ring 0.
struct Queue {
    nebula::detail::OccupiedRings<ModelAtomics> occupied;
    nebula::detail::TicketCount<ModelAtomics> helpers;
    std::array<Ring, 2> rings;
    int called = 0;
    int runs = 0;

    void put(std::size_t number) {
        Ring& ring = rings.at(number);
        ring.lock.lock();
        const int before = ring.tasks.read();
        ring.tasks.write(before + 1);
        if (before == 0) occupied.set(number);
        ring.lock.unlock();
    }
    bool take(std::size_t number) {
        Ring& ring = rings.at(number);
        ring.lock.lock();
        const int before = ring.tasks.read();
        if (before != 0) ring.tasks.write(before - 1);
        if (before == 1) occupied.clear(number);
        ring.lock.unlock();
        return before != 0;
    }
    bool count_helper() { return helpers.wanted() && helpers.take(); }
    void spawn(std::size_t number) {
        put(number);
        if (count_helper()) ++called;
    }
    bool take_nearest() {
        for (;;) {
            const std::uint64_t mask = occupied.mask();
            if (mask == 0) return false;
            if (take(static_cast<std::size_t>(std::countr_zero(mask)))) return true;
        }
    }
    // As RankedTasks::help, by a helper that is counted.
    void help() {
        do {
            while (take_nearest()) ++runs;
            helpers.drop();
        } while (occupied.mask() != 0 && count_helper());
    }
    // A helper that was called has not come yet, and takes what is left.
    void check_all_run(int tasks) const {
        check(called <= 1, "no more helpers than the limit");
        check(runs == tasks || called == 1, "no task is left without a helper");
    }
};

NEBULA_MODEL(RankedQueueModel, AHelperThatLeavesAndASpawnerDoNotMissEachOther) {
    struct State : Queue {
        State() { helpers.reset(1, 1); }
    };
    return explore<State>({[](State& s) {
                               s.spawn(1);
                               s.spawn(0);
                           },
                           [](State& s) { s.help(); }},
                          [](State& s) { s.check_all_run(2); });
}

// A task lies there, so the spawner sets no bit, unless the helper has taken it out meanwhile.
NEBULA_MODEL(RankedQueueModel, ASpawnerThatFindsTheBitSetDoesNotMissAHelperThatLeaves) {
    struct State : Queue {
        State() {
            helpers.reset(1, 1);
            put(0);
        }
    };
    return explore<State>({[](State& s) { s.spawn(0); }, [](State& s) { s.help(); }},
                          [](State& s) { s.check_all_run(2); });
}

// As a sweep: the task is in nobody's view for a while.
NEBULA_MODEL(RankedQueueModel, ATaskThatIsRankedAnewWhileTheHelperLeavesHasAHelper) {
    struct State : Queue {
        State() {
            helpers.reset(1, 1);
            put(1);
        }
    };
    return explore<State>({[](State& s) {
                               if (s.take(1)) s.spawn(0);
                           },
                           [](State& s) { s.help(); }},
                          [](State& s) { s.check_all_run(1); });
}

// ---- cancelling all

struct Cancelled {
    nebula::detail::CancelCount<ModelAtomics> cancels;
    std::array<Ring, 2> rings;
    int dropped = 0;

    void put(std::size_t number) {
        rings.at(number).lock.lock();
        rings.at(number).tasks.write(rings.at(number).tasks.read() + 1);
        rings.at(number).lock.unlock();
    }
    void cancel_all() {
        cancels.begin();
        for (Ring& ring : rings) {
            ring.lock.lock();
            dropped += ring.tasks.read();
            ring.tasks.write(0);
            ring.lock.unlock();
        }
        cancels.end();
    }
    void move(std::size_t from, std::size_t to) {
        rings.at(from).lock.lock();
        const bool has = rings.at(from).tasks.read() != 0;
        if (has) rings.at(from).tasks.write(rings.at(from).tasks.read() - 1);
        const std::uint32_t noted = cancels.note();
        rings.at(from).lock.unlock();
        if (!has) return;
        rings.at(to).lock.lock();
        if (cancels.reached(noted))
            ++dropped;
        else
            rings.at(to).tasks.write(rings.at(to).tasks.read() + 1);
        rings.at(to).lock.unlock();
    }
    void check_dropped_once() const {
        check(queued() == 0, "nothing is left");
        check(dropped == 1, "it is dropped once");
    }
    [[nodiscard]] int queued() const { return rings[0].tasks.read() + rings[1].tasks.read(); }
};

NEBULA_MODEL(RankedQueueModel, CancellingAllReachesATaskThatMovesToWhereItWasAlready) {
    struct State : Cancelled {
        State() { put(1); }
    };
    return explore<State>({[](State& s) { s.cancel_all(); }, [](State& s) { s.move(1, 0); }},
                          [](State& s) { s.check_dropped_once(); });
}

NEBULA_MODEL(RankedQueueModel, CancellingAllReachesATaskThatMovesToWhereItWillCome) {
    struct State : Cancelled {
        State() { put(0); }
    };
    return explore<State>({[](State& s) { s.cancel_all(); }, [](State& s) { s.move(0, 1); }},
                          [](State& s) { s.check_dropped_once(); });
}

NEBULA_MODEL(RankedQueueModel, WhatIsSpawnedAfterwardsIsNotCancelled) {
    using State = Cancelled;
    return explore<State>({[](State& s) {
                               s.cancel_all();
                               s.put(1);
                               s.move(1, 0);
                           },
                           [](State& s) { s.move(0, 1); }},
                          [](State& s) {
                              check(s.queued() == 1, "it is there");
                              check(s.dropped == 0, "nothing is dropped");
                          });
}

}  // namespace
}  // namespace nebula::model
