// SPDX-License-Identifier: MIT
// Senders and receivers of a channel around the list on which they sleep.
#include "nebula/threading/detail/wait_list.hpp"

#include "model.hpp"
#include "model_lock.hpp"
#include "nebula/base/clock.hpp"

#include <array>
#include <cstddef>

namespace nebula::model {
namespace {

using Sleeper = nebula::detail::BasicSleeper<ModelAtomics>;
using List = nebula::detail::BasicWaitList<ModelAtomics>;

// The steps of Channel (channel.hpp) for values that are all alike. Sleepers live to the end: that
// a wake may come to one that is gone is the kernel's to bear.
struct Channel {
    Lock lock;
    List senders;
    List receivers;
    ModelCell<int> values;  // under the lock, as the lists
    int bound = 100;
    std::array<std::array<Sleeper, 3>, 3> sleepers;  // of each thread, one after the other
    std::array<bool, 3> received{};

    bool offer(bool may_sleep, Sleeper& sleeper) {
        List::Claim claim = nullptr;
        lock.lock();
        const bool room = !may_sleep || values.read() < bound;
        if (room) {
            values.write(values.read() + 1);
            claim = receivers.claim_oldest();
        } else {
            senders.add(sleeper);
        }
        lock.unlock();
        List::wake(claim);
        return room;
    }
    bool take(Sleeper* sleeper) {
        List::Claim claim = nullptr;
        lock.lock();
        const bool has = values.read() != 0;
        if (has) {
            values.write(values.read() - 1);
            if (values.read() < bound) claim = senders.claim_oldest();
        } else if (sleeper != nullptr) {
            receivers.add(*sleeper);
        }
        lock.unlock();
        List::wake(claim);
        return has;
    }
    void leave(List& list, Sleeper& sleeper) {
        lock.lock();
        list.leave(sleeper);
        lock.unlock();
    }

    void post() { offer(false, sleepers[0][0]); }
    void send(std::size_t thread) {
        for (Sleeper& sleeper : sleepers.at(thread)) {
            if (offer(true, sleeper)) return;
            sleeper.sleep(nebula::Clock::time_point::max());
            leave(senders, sleeper);
        }
        check(false, "sleeps no more than twice");
    }
    void recv(std::size_t thread) {
        for (Sleeper& sleeper : sleepers.at(thread)) {
            if (take(&sleeper)) {
                received.at(thread) = true;
                return;
            }
            sleeper.sleep(nebula::Clock::time_point::max());
            leave(receivers, sleeper);
        }
        check(false, "sleeps no more than twice");
    }
};

NEBULA_MODEL(WaitListModel, AReceiverThatSleepsGetsItsValue) {
    using State = Channel;
    return explore<State>({[](State& s) { s.post(); }, [](State& s) { s.recv(1); }},
                          [](State& s) { check(s.received[1], "it has it"); },
                          {.spurious_wakes = 1});
}

NEBULA_MODEL(WaitListModel, ASenderThatSleepsGetsRoom) {
    struct State : Channel {
        State() {
            bound = 1;
            values.write(1);
        }
    };
    return explore<State>({[](State& s) { s.send(0); }, [](State& s) { s.recv(1); }},
                          [](State& s) { check(s.values.read() == 1, "one went, one came"); });
}

// Two sleep, the one that will give up is the older; a value comes at its deadline. If the claim
// was its own, it is the one to take the value: nobody else was woken.
NEBULA_MODEL(WaitListModel, AClaimThatComesAtADeadlineIsNotLost) {
    struct State : Channel {
        State() {
            receivers.add(sleepers[1][0]);
            receivers.add(sleepers[2][0]);
        }
    };
    return explore<State>(
        {[](State& s) { s.post(); },
         [](State& s) {
             s.sleepers[1][0].sleep(nebula::Clock::time_point());
             s.leave(s.receivers, s.sleepers[1][0]);
             s.received[1] = s.take(nullptr);
         },
         [](State& s) {
             s.sleepers[2][0].sleep(nebula::Clock::time_point::max());
             s.received[2] = true;  // claimed
         }},
        [](State& s) { check(s.received[1] || s.received[2], "somebody was told"); },
        {.deadlines = 1, .daemons = 1});
}

NEBULA_MODEL(WaitListModel, TwoValuesWakeTwoReceivers) {
    struct State : Channel {
        State() {
            receivers.add(sleepers[1][0]);
            receivers.add(sleepers[2][0]);
        }
    };
    return explore<State>(
        {[](State& s) {
             s.post();
             s.post();
         },
         [](State& s) { s.sleepers[1][0].sleep(nebula::Clock::time_point::max()); },
         [](State& s) { s.sleepers[2][0].sleep(nebula::Clock::time_point::max()); }});
}

}  // namespace
}  // namespace nebula::model
