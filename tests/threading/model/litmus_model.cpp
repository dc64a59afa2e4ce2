// SPDX-License-Identifier: MIT
// The explorer against the classics: what it must show, and what it must not.
#include "model.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace nebula::model {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kAcquire = std::memory_order_acquire;
constexpr auto kRelease = std::memory_order_release;
constexpr auto kAcqRel = std::memory_order_acq_rel;
constexpr auto kSeqCst = std::memory_order_seq_cst;

struct Words {
    ModelAtomics::Atomic<int> x{0};
    ModelAtomics::Atomic<int> y{0};
    ModelAtomics::Atomic<std::uint32_t> word{0};
    ModelCell<int> cell;
    int a = 0;  // what the threads saw
    int b = 0;
    int c = 0;
    int d = 0;
};

// A report that holds exactly if the other one found a failure that begins so.
Report finds(const Report& report, const char* what) {
    Report turned = report;
    turned.failure.clear();
    if (report.holds())
        turned.failure = "nothing was found";
    else if (report.failure.find(what) != 0)
        turned.failure = "found something else: " + report.failure;
    return turned;
}
Report shows(const Report& report) { return finds(report, "does not hold"); }

// ---- store buffering

template <std::memory_order kStore, std::memory_order kLoad>
Report store_buffering() {
    return explore<Words>({[](Words& w) {
                               w.x.store(1, kStore);
                               w.a = w.y.load(kLoad);
                           },
                           [](Words& w) {
                               w.y.store(1, kStore);
                               w.b = w.x.load(kLoad);
                           }},
                          [](Words& w) { check(w.a == 1 || w.b == 1, "one sees the other"); });
}
NEBULA_MODEL(Litmus, AStoreBufferShowsWithReleaseAndAcquire) {
    return shows(store_buffering<kRelease, kAcquire>());
}
NEBULA_MODEL(Litmus, AStoreBufferShowsWhenOneSideOnlyIsSeqCst) {
    return shows(store_buffering<kSeqCst, kAcquire>());
}
NEBULA_MODEL(Litmus, NoStoreBufferShowsWithSeqCst) { return store_buffering<kSeqCst, kSeqCst>(); }

template <bool kLight, bool kHeavy>
Report asymmetric() {
    return explore<Words>({[](Words& w) {
                               w.x.store(1, kRelaxed);
                               if (kLight) ModelAtomics::light_fence();
                               w.a = w.y.load(kRelaxed);
                           },
                           [](Words& w) {
                               w.y.store(1, kRelaxed);
                               if (kHeavy)
                                   ModelAtomics::heavy_fence();
                               else
                                   ModelAtomics::light_fence();
                               w.b = w.x.load(kRelaxed);
                           }},
                          [](Words& w) { check(w.a == 1 || w.b == 1, "one sees the other"); });
}
NEBULA_MODEL(Litmus, ALightAndAHeavyFenceOrderStoresBeforeLoads) {
    return asymmetric<true, true>();
}
NEBULA_MODEL(Litmus, TwoLightFencesOrderNothing) { return shows(asymmetric<true, false>()); }
NEBULA_MODEL(Litmus, AHeavyFenceAloneOrdersNothing) { return shows(asymmetric<false, true>()); }
NEBULA_MODEL(Litmus, TwoHeavyFencesOrderStoresBeforeLoads) {
    return explore<Words>({[](Words& w) {
                               w.x.store(1, kRelaxed);
                               ModelAtomics::heavy_fence();
                               w.a = w.y.load(kRelaxed);
                           },
                           [](Words& w) {
                               w.y.store(1, kRelaxed);
                               ModelAtomics::heavy_fence();
                               w.b = w.x.load(kRelaxed);
                           }},
                          [](Words& w) { check(w.a == 1 || w.b == 1, "one sees the other"); });
}

// ---- message passing

template <std::memory_order kStore, std::memory_order kLoad>
Report message_passing() {
    return explore<Words>({[](Words& w) {
                               w.x.store(1, kRelaxed);
                               w.y.store(1, kStore);
                           },
                           [](Words& w) {
                               if (w.y.load(kLoad) == 1)
                                   check(w.x.load(kRelaxed) == 1, "the message is there");
                           }});
}
NEBULA_MODEL(Litmus, AMessageIsThereWithReleaseAndAcquire) {
    return message_passing<kRelease, kAcquire>();
}
NEBULA_MODEL(Litmus, AMessageMayMissWithARelaxedStore) {
    return shows(message_passing<kRelaxed, kAcquire>());
}
NEBULA_MODEL(Litmus, AMessageMayMissWithARelaxedLoad) {
    return shows(message_passing<kRelease, kRelaxed>());
}
NEBULA_MODEL(Litmus, AReleaseSequenceReachesThroughARelaxedExchange) {
    return explore<Words>({[](Words& w) {
                               w.cell.write(1);
                               w.y.store(1, kRelease);
                           },
                           [](Words& w) { w.y.fetch_add(1, kRelaxed); },
                           [](Words& w) {
                               if (w.y.load(kAcquire) == 2) check(w.cell.read() == 1, "all of it");
                           }});
}
NEBULA_MODEL(Litmus, PlainDataWithoutAnOrderIsARace) {
    return finds(explore<Words>({[](Words& w) {
                                     w.cell.write(1);
                                     w.y.store(1, kRelaxed);
                                 },
                                 [](Words& w) {
                                     if (w.y.load(kAcquire) == 1) w.b = w.cell.read();
                                 }}),
                 "a data race");
}

// ---- more than two words or threads

template <std::memory_order kLoad>
Report independent_readers() {
    return explore<Words>(
        {[](Words& w) { w.x.store(1, kSeqCst); }, [](Words& w) { w.y.store(1, kSeqCst); },
         [](Words& w) {
             w.a = w.x.load(kLoad);
             w.b = w.y.load(kLoad);
         },
         [](Words& w) {
             w.c = w.y.load(kLoad);
             w.d = w.x.load(kLoad);
         }},
        [](Words& w) {
            check(!(w.a == 1 && w.b == 0 && w.c == 1 && w.d == 0), "one order of the two stores");
        });
}
NEBULA_MODEL(Litmus, ReadersMayDisagreeWithAcquire) {
    return shows(independent_readers<kAcquire>());
}
NEBULA_MODEL(Litmus, ReadersAgreeWithSeqCst) { return independent_readers<kSeqCst>(); }

// The one order is not the order of execution: a later store may be seen first.
NEBULA_MODEL(Litmus, ASeqCstStoreMayBeSeenAfterARelaxedOneThatFollowsIt) {
    return shows(explore<Words>({[](Words& w) {
                                     w.x.store(1, kSeqCst);
                                     w.y.store(1, kRelaxed);
                                 },
                                 [](Words& w) {
                                     if (w.y.load(kAcquire) == 1)
                                         check(w.x.load(kSeqCst) == 1, "it is there");
                                 }}));
}

template <std::memory_order kStore>
Report two_and_two_writes() {
    return explore<Words>(
        {[](Words& w) {
             w.x.store(1, kRelaxed);
             w.y.store(2, kStore);
         },
         [](Words& w) {
             w.y.store(1, kRelaxed);
             w.x.store(2, kStore);
         }},
        [](Words& w) { check(!(w.x.load() == 1 && w.y.load() == 1), "not both first stores"); });
}
NEBULA_MODEL(Litmus, StoresToTwoWordsMayPassEachOther) {
    return shows(two_and_two_writes<kRelaxed>());
}

NEBULA_MODEL(Litmus, OneWordIsReadInOneOrder) {
    return explore<Words>({[](Words& w) {
                               w.x.store(1, kRelaxed);
                               w.x.store(2, kRelaxed);
                           },
                           [](Words& w) {
                               w.a = w.x.load(kRelaxed);
                               check(w.x.load(kRelaxed) >= w.a, "never back");
                           }});
}
NEBULA_MODEL(Litmus, NoExchangeIsLost) {
    return explore<Words>(
        {[](Words& w) { w.x.fetch_add(1, kRelaxed); }, [](Words& w) { w.x.fetch_add(1, kRelaxed); },
         [](Words& w) {
             int seen = 0;
             if (!w.x.compare_exchange_strong(seen, 1, kAcqRel, kRelaxed))
                 w.x.fetch_add(1, kRelaxed);
         }},
        [](Words& w) { check(w.x.load() == 3, "three"); });
}
NEBULA_MODEL(Litmus, AStoreThatComesOfARelaxedLoadIsToldAsAHazard) {
    return finds(explore<Words>({[](Words& w) {
                                     w.a = w.x.load(kRelaxed);
                                     w.y.store(1, kRelaxed);
                                 },
                                 [](Words& w) {
                                     w.b = w.y.load(kRelaxed);
                                     w.x.store(1, kRelaxed);
                                 }}),
                 "load buffering");
}
NEBULA_MODEL(Litmus, ARelaxedLoadThatIsOrderedBeforeTheStoreIsNone) {
    return explore<Words>({[](Words& w) {
                               w.a = w.x.load(kRelaxed);
                               w.y.store(1, kRelease);
                           },
                           [](Words& w) {
                               if (w.y.load(kAcquire) == 1) w.x.store(1, kRelaxed);
                           }});
}

// ---- sleep

template <bool kWake>
Report sleeper() {
    return explore<Words>({[](Words& w) {
                               w.word.store(1, kRelease);
                               if (kWake) ModelAtomics::wake_one(w.word);
                           },
                           [](Words& w) {
                               while (w.word.load(kAcquire) == 0) ModelAtomics::sleep(w.word, 0);
                           }});
}
NEBULA_MODEL(Litmus, ASleeperThatIsWokenGoesOn) { return sleeper<true>(); }
NEBULA_MODEL(Litmus, ASleeperThatNobodyWakesIsTold) {
    return finds(sleeper<false>(), "a lost wake-up: T2");
}
// The kernel reads the word as it is for those who wake, not for those who only store.
NEBULA_MODEL(Litmus, AStoreMayReachTheSleeperTooLateWhenNoWakeFollows) {
    return finds(explore<Words>({[](Words& w) {
                                     w.word.store(1, kRelaxed);
                                     if (w.x.load(kRelaxed) == 1) ModelAtomics::wake_one(w.word);
                                 },
                                 [](Words& w) {
                                     w.x.store(1, kRelaxed);
                                     ModelAtomics::sleep(w.word, 0);
                                 }}),
                 "a lost wake-up: T2");
}
NEBULA_MODEL(Litmus, ASleepMayEndForNoReason) {
    return shows(explore<Words>({[](Words& w) {
                                     w.word.store(1, kRelease);
                                     ModelAtomics::wake_one(w.word);
                                 },
                                 [](Words& w) {
                                     ModelAtomics::sleep(w.word, 0);
                                     check(w.word.load(kAcquire) == 1, "somebody woke us");
                                 }},
                                nullptr, {.spurious_wakes = 1}));
}

struct Mortal {
    alignas(
        ModelAtomics::Atomic<int>) std::byte place[sizeof(ModelAtomics::Atomic<int>)];  // NOLINT
    ModelAtomics::Atomic<int>* life = ::new (place) ModelAtomics::Atomic<int>(0);
    ModelAtomics::Atomic<int> done{0};
};
template <bool kTouchAfterwards>
Report last_one_ends_it() {
    return explore<Mortal>({[](Mortal& m) {
                                m.life->store(1, kRelaxed);
                                m.done.store(1, kRelease);
                                if (kTouchAfterwards) m.life->store(2, kRelaxed);
                            },
                            [](Mortal& m) {
                                if (m.done.load(kAcquire) == 1) m.life->~Atomic();
                            }});
}
NEBULA_MODEL(Litmus, AnAtomicMayEndAfterItsLastUse) { return last_one_ends_it<false>(); }
NEBULA_MODEL(Litmus, AnAtomicThatIsUsedAfterItsEndIsTold) {
    return finds(last_one_ends_it<true>(), "an atomic");
}

}  // namespace
}  // namespace nebula::model
