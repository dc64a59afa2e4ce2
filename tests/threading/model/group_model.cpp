// SPDX-License-Identifier: MIT
// The pieces a group is made of: claims, tickets, and the latch its owner sleeps on.
#include "model.hpp"
#include "model_lock.hpp"
#include "nebula/base/clock.hpp"
#include "nebula/threading/detail/claim_range.hpp"
#include "nebula/threading/detail/latch.hpp"
#include "nebula/threading/detail/ticket_count.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace nebula::model {
namespace {

using Range = nebula::detail::ClaimRange<ModelAtomics>;
using Tickets = nebula::detail::TicketCount<ModelAtomics>;

// ---- claims

template <std::size_t kTasks>
struct Chunk {
    Range range;
    std::array<ModelCell<int>, kTasks> closure;
    std::array<int, kTasks> runs{};

    void spawn(std::uint32_t number) {
        closure.at(number).write(1);
        range.publish(number + 1);
    }
    bool run_one() {
        const std::uint32_t number = range.claim();
        if (number == Range::kNone) return false;
        check(number < kTasks, "only what was published is claimed");
        check(++runs[number] == 1, "a task is claimed once");
        check(closure[number].read() == 1, "who claims a task sees its closure");
        return true;
    }
    void run_all() {
        while (run_one()) {
        }
    }
};

NEBULA_MODEL(ClaimRangeModel, EachTaskIsClaimedOnceByOwnerOrTwoHelpers) {
    using State = Chunk<3>;
    return explore<State>({[](State& s) {
                               s.spawn(0);
                               s.spawn(1);
                               s.spawn(2);
                               s.run_all();
                           },
                           [](State& s) { s.run_one(); }, [](State& s) { s.run_one(); }},
                          [](State& s) {
                              check(s.range.exhausted(3), "all are taken");
                              for (const int runs : s.runs) check(runs == 1, "each has run");
                          });
}

NEBULA_MODEL(ClaimRangeModel, TheRestOfACancelledRangeIsClaimedOnceAndByOne) {
    struct State : Chunk<3> {
        std::array<std::uint32_t, 3> claimed{};

        void claim(std::size_t who) {
            if (range.claim() == Range::kNone) return;
            claimed.at(who) = 1 + range.claim_rest();
        }
    };
    return explore<State>(
        {[](State& s) {
             s.range.publish(3);
             s.claim(0);
         },
         [](State& s) { s.claim(1); }, [](State& s) { s.claimed[2] = s.range.claim_rest(); }},
        [](State& s) {
            check(s.range.exhausted(3), "all are taken");
            check(s.claimed[0] + s.claimed[1] + s.claimed[2] == 3, "each number is claimed once");
        });
}

NEBULA_MODEL(ClaimRangeModel, AHelperThatGoesOnClaimingMeetsAnOwnerThatGoesOnPublishing) {
    using State = Chunk<3>;
    return explore<State>({[](State& s) {
                               s.spawn(0);
                               s.run_one();
                               s.spawn(1);
                               s.spawn(2);
                               s.run_all();
                           },
                           [](State& s) { s.run_all(); }},
                          [](State& s) {
                              for (const int runs : s.runs) check(runs == 1, "each has run");
                          });
}

// ---- tickets: a helper that lets go against a spawner that finds helpers enough

struct Helped {
    Range range;
    Tickets tickets;
    std::array<int, 2> runs{};
    ModelAtomics::Atomic<int> called{0};  // helpers to come

    Helped() { tickets.reset(1); }

    void spawn(std::uint32_t number) {
        range.publish(number + 1);
        if (tickets.wanted() && tickets.take()) called.fetch_add(1);
    }
    void run_all() {
        for (std::uint32_t number = range.claim(); number != Range::kNone; number = range.claim())
            check(++runs.at(number) == 1, "a task is claimed once");
    }
    // As a helper in GroupState: true while there is more to do.
    bool leave() {
        tickets.drop();
        return range.has_items() && tickets.take();
    }
    void help() {
        do {
            run_all();
        } while (leave());
    }
};

// The owner never runs anything here: what is left is left for ever, unless somebody was called.
NEBULA_MODEL(TicketCountModel, AHelperThatLeavesAndASpawnerThatCallsNobodyDoNotMissEachOther) {
    using State = Helped;
    return explore<State>({[](State& s) {
                               s.spawn(0);
                               s.spawn(1);
                           },
                           [](State& s) {
                               // The helper that the first task called, as soon as it is called.
                               if (s.called.load() > 0) {
                                   s.called.fetch_sub(1);
                                   s.help();
                               }
                           }},
                          [](State& s) {
                              if (s.called.load() == 0)
                                  for (const int runs : s.runs) check(runs == 1, "each has run");
                              check(s.called.load() <= 1, "no more helpers than the limit");
                          });
}

NEBULA_MODEL(TicketCountModel, TwoSpawnersTakeNoMoreThanTheLimit) {
    struct State {
        Tickets tickets;
        int taken = 0;
        State() { tickets.reset(1); }
        void take() {
            if (tickets.wanted() && tickets.take()) ++taken;
        }
    };
    return explore<State>({[](State& s) { s.take(); }, [](State& s) { s.take(); }},
                          [](State& s) { check(s.taken == 1, "one ticket"); });
}

// ---- the latch: the last task ends while the owner goes to sleep

// The steps of GroupState (detail/group_state.cpp) that take its lock, around the real latch.
struct Group {
    nebula::detail::BasicLatch<ModelAtomics> latch;
    ModelAtomics::Atomic<int> references{1};
    ModelAtomics::Atomic<int> finished{0};
    ModelCell<int> result;
    ModelCell<int> life;
    Lock lock;
    // Under the lock.
    ModelCell<int> queued;
    ModelCell<int> spawned;
    ModelCell<int> waiting;

    // Under the lock, as all that says so.
    bool take() {
        if (queued.read() == 0) return false;
        queued.write(queued.read() - 1);
        return true;
    }
    void run() { result.write(result.read() + 1); }
    [[nodiscard]] int pending() const {
        return spawned.read() - finished.load(std::memory_order_relaxed);
    }
    bool wake_is_due(bool is_end) {
        if (waiting.read() == 0 || (is_end && pending() != 0)) return false;
        waiting.write(0);
        latch.advance();
        return true;
    }
    void release() {
        if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) life.write(0);
    }
    void touch_latch_to_wake() {
        check(life.read() != 0, "the latch is there");
        latch.wake();
    }

    void spawn() {
        lock.lock();
        queued.write(queued.read() + 1);
        spawned.write(spawned.read() + 1);
        const bool wake = wake_is_due(false);
        lock.unlock();
        if (wake) touch_latch_to_wake();
    }
    void help() {
        lock.lock();
        const bool has = take();
        lock.unlock();
        if (has) run();
        lock.lock();
        if (has)
            finished.store(finished.load(std::memory_order_relaxed) + 1, std::memory_order_release);
        const bool wake = wake_is_due(true);
        lock.unlock();
        if (wake) touch_latch_to_wake();
        release();
    }
    void wait(int tasks, bool helps) {
        for (bool ran = false;;) {
            lock.lock();
            if (ran)
                finished.store(finished.load(std::memory_order_relaxed) + 1,
                               std::memory_order_release);
            const bool all_ended = pending() == 0;
            ran = !all_ended && helps && take();
            if (!all_ended && !ran) waiting.write(1);
            const std::uint32_t epoch = latch.epoch();
            lock.unlock();
            if (all_ended) break;
            if (ran)
                run();
            else
                latch.wait(epoch, nebula::Clock::time_point::max());
        }
        check(result.read() == tasks, "who has waited sees what the tasks did");
        release();
    }
};

NEBULA_MODEL(LatchModel, TheOwnerWakesWhenTheLastTaskEndsAndMayGoAtOnce) {
    struct State : Group {
        State() {
            references.store(2);
            life.write(1);
            spawn();
        }
    };
    return explore<State>({[](State& s) { s.wait(1, false); }, [](State& s) { s.help(); }}, nullptr,
                          {.spurious_wakes = 1});
}

NEBULA_MODEL(LatchModel, AnOwnerThatHelpsAndAHelperEndTheTask) {
    struct State : Group {
        State() {
            references.store(2);
            life.write(1);
            spawn();
        }
    };
    return explore<State>({[](State& s) { s.wait(1, true); }, [](State& s) { s.help(); }});
}

// A task that is spawned while the owner sleeps wakes it: it may be the only one who can run it.
NEBULA_MODEL(LatchModel, ATaskThatIsSpawnedByATaskWakesTheOwner) {
    struct State : Group {
        State() {
            references.store(2);
            life.write(1);
            spawn();
        }
    };
    return explore<State>({[](State& s) { s.wait(1, true); },
                           [](State& s) {
                               // A task of the group that spawns another one and runs on.
                               s.lock.lock();
                               const bool has = s.take();
                               s.lock.unlock();
                               if (has) {
                                   s.spawn();
                                   s.lock.lock();
                                   s.finished.store(s.finished.load(std::memory_order_relaxed) + 1,
                                                    std::memory_order_release);
                                   const bool wake = s.wake_is_due(true);
                                   s.lock.unlock();
                                   if (wake) s.touch_latch_to_wake();
                               }
                               s.release();
                           }});
}

}  // namespace
}  // namespace nebula::model
