// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/parking.hpp"

#include "model.hpp"
#include "nebula/threading/detail/work_deque.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace nebula::model {
namespace {

using nebula::detail::ParkStep;

constexpr auto kSeqCst = std::memory_order_seq_cst;

// What a pool does with its Parking (detail/pool_core.cpp), on the simplest of queues: a count.
// Three words at most, for the sake of the number of states.
template <std::size_t kWorkers>
struct Pool {
    nebula::detail::BasicParking<ModelAtomics> parking{kWorkers};
    ModelAtomics::Atomic<int> queue{0};
    ModelCell<int> content;
    int runs = 0;

    void publish() {
        queue.fetch_add(1, kSeqCst);
        parking.wake(1);
    }
    [[nodiscard]] bool work_visible() const { return queue.load(kSeqCst) != 0; }
    bool take() {
        int count = queue.load(std::memory_order_relaxed);
        while (count != 0)
            if (queue.compare_exchange_strong(count, count - 1, kSeqCst,
                                              std::memory_order_relaxed)) {
                ++runs;
                return true;
            }
        return false;
    }
    // As PoolCore::park. False: no more.
    template <class Stopping>
    bool park(std::size_t worker, const Stopping& stopping) {
        const ParkStep step = parking.prepare(worker, stopping, [this] { return work_visible(); });
        if (step == ParkStep::Sleep) parking.sleep(worker);
        return step != ParkStep::Leave;
    }
    void park(std::size_t worker) {
        park(worker, [] { return false; });
    }
    // For ever: at the end it sleeps, and nothing may be left.
    void work(std::size_t worker) {
        for (;;)
            if (!take()) park(worker);
    }
};

// The same with an end to it, as PoolCore::work.
template <std::size_t kWorkers>
struct StoppedPool : Pool<kWorkers> {
    ModelAtomics::Atomic<int> stopping{0};

    void stop() {
        stopping.store(1, kSeqCst);
        this->parking.wake_all();
    }
    void work(std::size_t worker) {
        for (;;)
            if (!this->take() &&
                !this->park(worker, [this] { return stopping.load(kSeqCst) == 1; }))
                return;
    }
};

NEBULA_MODEL(ParkingModel, AWorkerSleepsOverNoneOfTwoItems) {
    using State = Pool<1>;
    return explore<State>({[](State& s) {
                               s.publish();
                               s.publish();
                           },
                           [](State& s) { s.work(0); }},
                          [](State& s) { check(s.runs == 2, "both items have run"); },
                          {.daemons = 1});
}

NEBULA_MODEL(ParkingModel, AWorkerSleepsOverNoItemOfTwoPublishers) {
    using State = Pool<1>;
    return explore<State>(
        {[](State& s) { s.publish(); }, [](State& s) { s.publish(); }, [](State& s) { s.work(0); }},
        [](State& s) { check(s.runs == 2, "both items have run"); }, {.daemons = 1});
}

NEBULA_MODEL(ParkingModel, TwoWorkersSleepOverNoItem) {
    using State = Pool<2>;
    return explore<State>(
        {[](State& s) { s.publish(); }, [](State& s) { s.work(0); }, [](State& s) { s.work(1); }},
        [](State& s) { check(s.runs == 1, "the item has run"); }, {.daemons = 2});
}

NEBULA_MODEL(ParkingModel, ASleepThatEndsForNoReasonChangesNothing) {
    using State = Pool<1>;
    return explore<State>({[](State& s) {
                               s.publish();
                               s.publish();
                           },
                           [](State& s) { s.work(0); }},
                          [](State& s) { check(s.runs == 2, "both items have run"); },
                          {.spurious_wakes = 2, .daemons = 1});
}

NEBULA_MODEL(ParkingModel, ShutdownReachesAWorkerAndWhatWasPublishedBeforeHasRun) {
    using State = StoppedPool<1>;
    return explore<State>({[](State& s) {
                               s.publish();
                               s.stop();
                           },
                           [](State& s) { s.work(0); }},
                          [](State& s) { check(s.runs == 1, "the item has run"); });
}

NEBULA_MODEL(ParkingModel, ShutdownReachesTwoWorkers) {
    using State = StoppedPool<2>;
    return explore<State>(
        {[](State& s) { s.stop(); }, [](State& s) { s.work(0); }, [](State& s) { s.work(1); }});
}

// A token is an acquire of all that its giver did, not of the queue alone: plain data that the
// publisher wrote is there for the woken worker.
NEBULA_MODEL(ParkingModel, AWokenWorkerSeesWhatWasDoneBeforeItsWake) {
    using State = Pool<1>;
    return explore<State>({[](State& s) {
                               s.content.write(1);
                               s.parking.wake(1);
                           },
                           [](State& s) {
                               s.parking.announce(0);
                               s.parking.sleep(0);
                               check(s.content.read() == 1, "it is there");
                           }},
                          nullptr, {.daemons = 1});
}
NEBULA_MODEL(ParkingModel, AWorkerWokenFromANapSeesWhatWasDoneBeforeItsWake) {
    using State = Pool<1>;
    return explore<State>({[](State& s) {
                               s.content.write(1);
                               s.parking.wake(1);
                           },
                           [](State& s) {
                               s.parking.announce(0);
                               if (s.parking.sleep_until(0, nebula::Clock::time_point()))
                                   check(s.content.read() == 1, "it is there");
                           }},
                          nullptr, {.deadlines = 1, .daemons = 1});
}

// Each publisher means somebody of its own.
NEBULA_MODEL(ParkingModel, TwoWakesReachTwoSleepers) {
    struct State {
        nebula::detail::BasicParking<ModelAtomics> parking{2};
        State() {
            parking.announce(0);
            parking.announce(1);
        }
    };
    return explore<State>({[](State& s) { s.parking.wake(1); }, [](State& s) { s.parking.wake(1); },
                           [](State& s) { s.parking.sleep(0); },
                           [](State& s) { s.parking.sleep(1); }});
}

// An item X is in the queue, worker 0 has found it in its second look and withdraws; worker 1
// sleeps. The publisher of Y may claim worker 0, which is busy with X, and X waits for Y.
NEBULA_MODEL(ParkingModel, AWorkerThatLeavesParkingWithAnItemWakesOneForTheRest) {
    struct State : Pool<2> {
        ModelAtomics::Atomic<std::uint32_t> y_runs{0};
        State() {
            parking.announce(1);
            queue.store(1);
        }
        void run_y() {
            y_runs.store(1, std::memory_order_release);
            ModelAtomics::wake_one(y_runs);
        }
    };
    return explore<State>({[](State& s) { s.publish(); },
                           [](State& s) {
                               s.park(0);
                               // As PoolCore::work: found an item, left parking for it.
                               if (!s.take()) return;
                               if (s.work_visible()) s.parking.wake(1);
                               while (s.y_runs.load(std::memory_order_acquire) == 0)
                                   ModelAtomics::sleep(s.y_runs, 0);
                           },
                           [](State& s) {
                               s.parking.sleep(1);
                               while (!s.take()) s.park(1);
                               s.run_y();
                           }});
}

// A nap that ends by itself leaves the bit set; whoever claims it then leaves a token.
NEBULA_MODEL(ParkingModel, ANapWithADeadlineSleepsOverNoItem) {
    using State = Pool<1>;
    return explore<State>(
        {[](State& s) { s.publish(); },
         [](State& s) {
             for (;;) {
                 if (s.take()) continue;
                 s.parking.announce(0);
                 if (s.work_visible() || !s.parking.sleep_until(0, nebula::Clock::time_point()))
                     s.parking.withdraw(0);
             }
         }},
        [](State& s) { check(s.runs == 1, "the item has run"); }, {.deadlines = 2, .daemons = 1});
}

// A publication for one worker alone, as to the one that watches the joins.
NEBULA_MODEL(ParkingModel, AWakeForOneWorkerIsNotLostEither) {
    using State = Pool<2>;
    return explore<State>({[](State& s) {
                               s.queue.store(1, kSeqCst);
                               s.parking.wake_worker(1);
                           },
                           [](State& s) { s.parking.wake(1); },
                           [](State& s) {
                               while (!s.take()) s.park(1);
                           }});
}

// wake(n) is not a broadcast and not a single wake either.
NEBULA_MODEL(ParkingModel, OneCallWakesAsManyAsItWasAskedFor) {
    struct State {
        nebula::detail::BasicParking<ModelAtomics> parking{2};
        ModelAtomics::Atomic<int> go{0};
    };
    return explore<State>({[](State& s) {
                               s.go.store(1, kSeqCst);
                               check(s.parking.wake(2) <= 2, "no more than asked for");
                           },
                           [](State& s) {
                               s.parking.announce(0);
                               if (s.go.load(kSeqCst) == 1)
                                   s.parking.withdraw(0);
                               else
                                   s.parking.sleep(0);
                           },
                           [](State& s) {
                               s.parking.announce(1);
                               if (s.go.load(kSeqCst) == 1)
                                   s.parking.withdraw(1);
                               else
                                   s.parking.sleep(1);
                           }});
}

// The real queue: its has_items() is what a worker reads before it sleeps.
NEBULA_MODEL(ParkingModel, AnItemInADequeIsSleptOverByNobody) {
    struct State {
        nebula::detail::BasicParking<ModelAtomics> parking{1};
        nebula::detail::WorkDeque<int, 2, ModelAtomics> deque;
        int item = 0;
        int taken = 0;
    };
    return explore<State>({[](State& s) {
                               if (s.deque.push(&s.item)) s.parking.wake(1);
                               if (s.deque.pop() != nullptr) ++s.taken;
                               if (s.deque.push(&s.item)) s.parking.wake(1);
                           },
                           [](State& s) {
                               for (;;) {
                                   const auto result = s.deque.steal();
                                   if (result.item != nullptr) ++s.taken;
                                   if (result.outcome != nebula::detail::StealOutcome::Empty)
                                       continue;
                                   s.parking.announce(0);
                                   if (s.deque.has_items())
                                       s.parking.withdraw(0);
                                   else
                                       s.parking.sleep(0);
                               }
                           }},
                          [](State& s) { check(s.taken == 2, "both were taken"); }, {.daemons = 1});
}

}  // namespace
}  // namespace nebula::model
