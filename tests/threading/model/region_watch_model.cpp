// SPDX-License-Identifier: MIT
// A thread goes into a join, which wakes nobody, while the workers go to sleep: one of them must
// end up napping, or nobody would ever find the branches.
#include "nebula/threading/detail/region_watch.hpp"

#include "model.hpp"
#include "nebula/base/clock.hpp"
#include "nebula/threading/detail/parking.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>

namespace nebula::model {
namespace {

using nebula::detail::ParkStep;

constexpr auto kSeqCst = std::memory_order_seq_cst;

// What a pool does with its watch (detail/pool_core.cpp). Naps have deadlines, other sleeps have
// not.
template <std::size_t kWorkers>
struct Pool {
    nebula::detail::BasicParking<ModelAtomics> parking{kWorkers};
    nebula::detail::BasicRegionWatch<ModelAtomics> watch;
    std::array<nebula::detail::BasicRegionFlag<ModelAtomics>, 2> flags;
    ModelAtomics::Atomic<int> queue{0};
    std::array<bool, kWorkers> naps{};
    int runs = 0;

    void enter(std::size_t seat) {
        if (watch.enter(flags.at(seat))) parking.wake(1);
    }
    void leave(std::size_t seat) { flags.at(seat).lower(); }
    void publish() {
        queue.fetch_add(1, kSeqCst);
        parking.wake(1);
    }

    [[nodiscard]] bool active() const { return flags[0].active() || flags[1].active(); }
    [[nodiscard]] bool work_visible() const { return queue.load(kSeqCst) != 0; }
    bool take() {
        int one = 1;
        return queue.compare_exchange_strong(one, 0, kSeqCst, std::memory_order_relaxed);
    }

    // As PoolCore::serve, with one task, which takes for ever.
    void work(std::size_t worker) {
        for (;;) {
            if (take()) {
                if (work_visible() || (!watch.watched() && active())) parking.wake(1);
                ++runs;
                return;
            }
            park(worker);
        }
    }
    // As PoolCore::park.
    void park(std::size_t worker) {
        if (parking.prepare(
                worker, [] { return false; }, [this] { return work_visible(); }) != ParkStep::Sleep)
            return;
        if (watch.begin([this] { return active(); }) && watch_regions(worker)) return;
        parking.sleep(worker);
    }
    // As PoolCore::watch_regions.
    bool watch_regions(std::size_t worker) {
        for (;;) {
            if (!active() && watch.end([this] { return active(); })) return false;
            naps.at(worker) = true;
            const bool called = parking.sleep_until(worker, nebula::Clock::time_point());
            naps.at(worker) = false;
            if (!called) continue;
            watch.let_go();
            return true;
        }
    }
    // The first worker watches seat 0 from the start.
    void begin_watched() {
        flags[0].raise();
        parking.announce(0);
        (void)watch.begin([this] { return active(); });
    }
    void go_on_watching() {
        if (!watch_regions(0)) parking.sleep(0);
        work(0);
    }
    void check_watched() const { check(std::ranges::count(naps, true) == 1, "one worker watches"); }
};

NEBULA_MODEL(RegionWatchModel, AWorkerThatParksWatchesWhoeverEnters) {
    using State = Pool<1>;
    return explore<State>({[](State& s) { s.enter(0); }, [](State& s) { s.work(0); }},
                          [](State& s) { s.check_watched(); }, {.deadlines = 1, .daemons = 1});
}

NEBULA_MODEL(RegionWatchModel, AWatcherThatSawEverybodyLeaveSeesWhoeverComesBack) {
    using State = Pool<1>;
    return explore<State>({[](State& s) {
                               s.enter(0);
                               s.leave(0);
                               s.enter(0);
                           },
                           [](State& s) { s.work(0); }},
                          [](State& s) { s.check_watched(); }, {.deadlines = 1, .daemons = 1});
}

NEBULA_MODEL(RegionWatchModel, AWatcherThatSawOneLeaveSeesAnotherThatEnters) {
    using State = Pool<1>;
    return explore<State>({[](State& s) {
                               s.enter(0);
                               s.leave(0);
                           },
                           [](State& s) { s.enter(1); }, [](State& s) { s.work(0); }},
                          [](State& s) { s.check_watched(); }, {.daemons = 1});
}

NEBULA_MODEL(RegionWatchModel, TheWatcherIsOneOfTwoWorkers) {
    using State = Pool<2>;
    return explore<State>(
        {[](State& s) { s.enter(0); }, [](State& s) { s.work(0); }, [](State& s) { s.work(1); }},
        [](State& s) { s.check_watched(); }, {.daemons = 2});
}

NEBULA_MODEL(RegionWatchModel, AWatcherThatLooksOnceMoreAndANewOneDoNotBothWatch) {
    struct State : Pool<2> {
        State() { begin_watched(); }
    };
    return explore<State>({[](State& s) {
                               s.leave(0);
                               s.enter(0);
                           },
                           [](State& s) { s.go_on_watching(); }, [](State& s) { s.work(1); }},
                          [](State& s) { s.check_watched(); }, {.daemons = 2});
}

// Whoever is called away for a task, which takes for ever, leaves a watcher behind.
NEBULA_MODEL(RegionWatchModel, AWatcherThatIsCalledAwayLeavesAnother) {
    struct State : Pool<2> {
        State() {
            begin_watched();
            parking.announce(1);
        }
    };
    return explore<State>({[](State& s) { s.publish(); }, [](State& s) { s.go_on_watching(); },
                           [](State& s) {
                               s.parking.sleep(1);
                               s.work(1);
                           }},
                          [](State& s) {
                              check(s.runs == 1, "the task runs");
                              s.check_watched();
                          },
                          {.daemons = 2});
}

}  // namespace
}  // namespace nebula::model
